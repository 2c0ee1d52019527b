#include "scenarios/topic_creator.h"

#include "model/wire/rpc.h"

#include <algorithm>

namespace brokerlab::scenarios {

constexpr Duration pause_between_tries = 200ms;

TopicCreator::TopicCreator(sim::Process& process, std::vector<model::Address> bootstrap,
                           int brokers, std::vector<model::CreateTopicsRequest::Topic> topics,
                           std::set<std::string>& to_be_made)
    : process_(process),
      bootstrap_(std::move(bootstrap)),
      brokers_(brokers),
      topics_(std::move(topics)),
      to_be_made_(to_be_made) {
  process_.spawn(run());
}

sim::Task<> TopicCreator::run() {
  model::RpcSettings rpc;
  rpc.client_id = "admin";
  model::NodeConnection any(process_, bootstrap_.front(), rpc);
  std::unique_ptr<model::NodeConnection> controller;
  while (!topics_.empty()) {
    co_await process_.world().sleep(pause_between_tries);
    auto metadata = co_await model::call_as<model::MetadataResponse>(
        any, std::make_unique<model::MetadataRequest>());
    if (!metadata || static_cast<int>((*metadata)->brokers.size()) < brokers_) continue;
    const auto& brokers = (*metadata)->brokers;
    const auto leader = std::find_if(brokers.begin(), brokers.end(), [&](const auto& broker) {
      return broker.id == (*metadata)->controller;
    });
    if (leader == brokers.end()) continue;
    if (!controller || controller->address() != leader->address) {
      controller = std::make_unique<model::NodeConnection>(process_, leader->address, rpc);
    }
    auto request = std::make_unique<model::CreateTopicsRequest>();
    request->topics = topics_;
    auto created =
        co_await model::call_as<model::CreateTopicsResponse>(*controller, std::move(request));
    if (!created) continue;
    for (const auto& answer : (*created)->topics) {
      if (answer.error != model::ErrorCode::none &&
          answer.error != model::ErrorCode::topic_already_exists) {
        continue;
      }
      to_be_made_.erase(answer.name);
      std::erase_if(topics_, [&](const auto& topic) { return topic.name == answer.name; });
    }
  }
}

}  // namespace brokerlab::scenarios
