#include "scenarios/operations/operator.h"

#include "base/translation.h"
#include "model/events.h"

#include <algorithm>
#include <iterator>
#include <map>

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

/// Who was asked is not whom to ask, or not yet.
bool has_moved(const Refusal& refusal) {
  using enum model::ErrorCode;
  constexpr model::ErrorCode elsewhere[] = {
      not_controller, not_coordinator, coordinator_not_available, coordinator_load_in_progress};
  return std::any_of(std::begin(elsewhere), std::end(elsewhere), [&](model::ErrorCode error) {
    return refusal.english == model::to_text(error);
  });
}

const model::BrokerEndpoint* endpoint_in(const model::MetadataResponse& known,
                                         model::BrokerId broker) {
  const auto found = std::find_if(known.brokers.begin(), known.brokers.end(),
                                  [&](const auto& one) { return one.id == broker; });
  return found == known.brokers.end() ? nullptr : &*found;
}

/// Those of them that have a leader, by leader.
std::map<model::BrokerId, std::vector<model::TopicPartition>> leaders_of(
    const model::MetadataResponse& known, const std::vector<model::TopicPartition>& partitions) {
  std::map<model::BrokerId, std::vector<model::TopicPartition>> by_leader;
  for (const model::TopicMetadata& topic : known.topics) {
    for (const model::PartitionMetadata& one : topic.partitions) {
      const model::TopicPartition name{topic.name, one.partition};
      const bool asked = std::find(partitions.begin(), partitions.end(), name) != partitions.end();
      if (asked && one.leader.valid()) by_leader[one.leader].push_back(name);
    }
  }
  // Of one whose address is not told nobody can be asked.
  std::erase_if(by_leader,
                [&](const auto& one) { return endpoint_in(known, one.first) == nullptr; });
  return by_leader;
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

Operator::Make alteration_of(model::IncrementalAlterConfigsRequest::Resource resource) {
  return [resource = std::move(resource)] {
    auto request = std::make_unique<model::IncrementalAlterConfigsRequest>();
    request->resources.push_back(resource);
    return request;
  };
}

Operator::Judge judge_alteration() {
  return [](const model::Response& response) {
    std::vector<model::AdminResult> results;
    for (const auto& one :
         dynamic_cast<const model::IncrementalAlterConfigsResponse&>(response).results) {
      results.push_back({{one.entity.name, -1}, one.error});
    }
    return errors_of(results);
  };
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

Operator::Connection Operator::connect(const model::Address& address) const {
  return std::make_unique<model::NodeConnection>(process_, address, operator_rpc());
}

sim::Task<std::unique_ptr<model::MetadataResponse>> Operator::metadata(std::string topic) {
  for (const model::Address& address : bootstrap_) {
    const Connection any = co_await broker_at(address);
    if (!any) continue;
    auto request = std::make_unique<model::MetadataRequest>();
    request->allow_auto_topic_creation = false;
    if (!topic.empty()) request->topics.push_back(topic);
    auto answer = co_await model::call_as<model::MetadataResponse>(*any, std::move(request));
    if (answer) co_return std::move(*answer);
  }
  co_return nullptr;
}

/// nullptr: nobody answers, or knows none.
sim::Task<Operator::Connection> Operator::controller() {
  for (const model::Address& address : bootstrap_) {
    const Connection any = co_await broker_at(address);
    if (!any) continue;
    auto request = std::make_unique<model::MetadataRequest>();
    request->allow_auto_topic_creation = false;
    auto metadata = co_await model::call_as<model::MetadataResponse>(*any, std::move(request));
    if (!metadata) continue;
    const model::BrokerEndpoint* found = endpoint_in(**metadata, (*metadata)->controller);
    if (found != nullptr) co_return connect(found->address);
  }
  co_return nullptr;
}

sim::Task<Operator::Connection> Operator::any_broker() {
  for (const model::Address& address : bootstrap_) {
    Connection connection = co_await broker_at(address);
    if (connection) co_return connection;
  }
  co_return nullptr;
}

sim::Task<Operator::Connection> Operator::broker_at(model::Address address) {
  Connection connection = connect(address);
  const bool connected = co_await connection->connect(world().now() + 1s);
  if (!connected) co_return nullptr;
  co_return connection;
}

/// AdminApiDriver, CoordinatorStrategy.
sim::Task<Operator::Connection> Operator::coordinator(std::string group) {
  for (const model::Address& address : bootstrap_) {
    const Connection any = co_await broker_at(address);
    if (!any) continue;
    auto request = std::make_unique<model::FindCoordinatorRequest>();
    request->group = group;
    auto answer = co_await model::call_as<model::FindCoordinatorResponse>(*any, std::move(request));
    if (!answer || (*answer)->error != model::ErrorCode::none) continue;
    co_return connect((*answer)->coordinator.address);
  }
  co_return nullptr;
}

sim::Task<Refusal> Operator::ask(Make make, Judge judge) {
  Find find = [this] { return controller(); };
  return ask(std::move(find), std::move(make), std::move(judge));
}

sim::Task<Refusal> Operator::ask_any(Make make, Judge judge) {
  Find find = [this] { return any_broker(); };
  return ask(std::move(find), std::move(make), std::move(judge));
}

sim::Task<Refusal> Operator::ask_at(model::Address broker, Make make, Judge judge) {
  Find find = [this, broker] { return broker_at(broker); };
  return ask(std::move(find), std::move(make), std::move(judge));
}

sim::Task<Refusal> Operator::ask_coordinator(std::string group, Make make, Judge judge) {
  Find find = [this, group = std::move(group)] { return coordinator(group); };
  return ask(std::move(find), std::move(make), std::move(judge));
}

sim::Task<Refusal> Operator::ask(Find find, Make make, Judge judge) {
  const Time deadline = world().now() + patience;
  Refusal refusal = by_name(model::ErrorCode::request_timed_out);
  while (world().now() < deadline) {
    const Connection connection = co_await find();
    if (connection) {
      model::RequestPtr request = make();
      const auto answer = co_await connection->call(std::move(request));
      if (answer) {
        refusal = judge(**answer);
        if (!has_moved(refusal)) co_return refusal;
      }
    }
    co_await world().sleep(pause_between_asking);
  }
  co_return refusal;
}

/// AdminApiDriver, PartitionLeaderStrategy: a topic that is not there may come, a partition without
/// a leader may get one.
sim::Task<Refusal> Operator::ask_leaders(std::vector<model::TopicPartition> partitions,
                                         MakeFor make, Results results) {
  const Time deadline = world().now() + patience;
  std::vector<model::AdminResult> done;
  while (!partitions.empty()) {
    if (world().now() >= deadline) {
      for (const model::TopicPartition& name : partitions) {
        done.push_back({name, model::ErrorCode::request_timed_out});
      }
      break;
    }
    std::string topic = partitions.front().topic;
    const std::unique_ptr<model::MetadataResponse> known = co_await metadata(std::move(topic));
    std::map<model::BrokerId, std::vector<model::TopicPartition>> by_leader;
    if (known) by_leader = leaders_of(*known, partitions);
    for (auto& [leader, led] : by_leader) {
      const Connection connection = connect(endpoint_in(*known, leader)->address);
      model::RequestPtr request = make(led);
      const auto answer = co_await connection->call(std::move(request));
      if (!answer) continue;
      for (const model::AdminResult& one : results(**answer)) {
        if (model::is_retriable(one.error)) continue;
        done.push_back(one);
        std::erase(partitions, one.partition);
      }
    }
    if (!partitions.empty()) co_await world().sleep(pause_between_asking);
  }
  co_return errors_of(done);
}

}  // namespace brokerlab::scenarios
