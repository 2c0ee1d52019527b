#include "scenarios/operations/operator.h"

#include "base/translation.h"
#include "model/events.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

/// default.api.timeout.ms and retry.backoff.ms of an admin client.
constexpr Duration patience = 60s;
constexpr Duration pause_between_asking = 100ms;

model::RpcSettings operator_rpc() {
  model::RpcSettings rpc;
  rpc.client_id = "operator";
  return rpc;
}

Phrase by_name(model::ErrorCode error) {
  const std::string name(model::to_text(error));
  return {name, name};
}

}  // namespace

Phrase errors_of(const std::vector<model::AdminResult>& results) {
  std::set<std::string> names;
  for (const model::AdminResult& one : results) {
    if (one.error != model::ErrorCode::none) names.insert(std::string(model::to_text(one.error)));
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return {text, text};
}

Operator::Operator(sim::Process& process, Cluster& cluster, std::vector<model::Address> bootstrap,
                   std::set<std::string>& to_be_made)
    : process_(process),
      cluster_(cluster),
      bootstrap_(std::move(bootstrap)),
      to_be_made_(to_be_made) {
  for (const Operation& operation : cluster.scenario().operations) process_.spawn(run(operation));
}

sim::Task<> Operator::run(const Operation& operation) {
  // A machine that was off meanwhile begins with what is still to come.
  if (Time(operation.at) < world().now()) co_return;
  co_await world().sleep_until(Time(operation.at));
  world().set_cause({});  // the scenario itself is the first cause
  const Phrase what = operation.action->what();
  const sim::EventId begun =
      world().trace().record(model::events::operation_begun, {.machine = process_.machine().id()},
                             {sim::Detail::of("what", what)});
  const Refusal refusal = co_await operation.action->carry_out(*this);
  world().set_cause(begun);
  if (refusal.english.empty()) {
    world().trace().record(model::events::operation_done, {.machine = process_.machine().id()},
                           {sim::Detail::of("what", what)});
  } else {
    world().trace().record(model::events::operation_refused, {.machine = process_.machine().id()},
                           {sim::Detail::of("what", what), sim::Detail::of("why", refusal)});
  }
}

/// As some broker knows it; nullptr: nobody answers, or knows none.
sim::Task<std::unique_ptr<model::NodeConnection>> Operator::controller() {
  for (const model::Address& address : bootstrap_) {
    model::NodeConnection any(process_, address, operator_rpc());
    const bool connected = co_await any.connect(world().now() + 1s);
    if (!connected) continue;
    auto request = std::make_unique<model::MetadataRequest>();
    request->allow_auto_topic_creation = false;
    auto metadata = co_await model::call_as<model::MetadataResponse>(any, std::move(request));
    if (!metadata) continue;
    const auto& brokers = (*metadata)->brokers;
    const auto found = std::find_if(brokers.begin(), brokers.end(), [&](const auto& broker) {
      return broker.id == (*metadata)->controller;
    });
    if (found == brokers.end()) continue;
    co_return std::make_unique<model::NodeConnection>(process_, found->address, operator_rpc());
  }
  co_return nullptr;
}

sim::Task<Refusal> Operator::ask(Make make, Judge judge) {
  const Time deadline = world().now() + patience;
  Refusal refusal = by_name(model::ErrorCode::request_timed_out);
  while (world().now() < deadline) {
    const std::unique_ptr<model::NodeConnection> connection = co_await controller();
    if (connection) {
      model::RequestPtr request = make();
      const auto answer = co_await connection->call(std::move(request));
      if (answer) {
        refusal = judge(**answer);
        const bool moved = refusal.english == model::to_text(model::ErrorCode::not_controller);
        if (!moved) co_return refusal;
      }
    }
    co_await world().sleep(pause_between_asking);
  }
  co_return refusal;
}

}  // namespace brokerlab::scenarios
