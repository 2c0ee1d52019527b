#include "model/broker/alter_partition_manager.h"

namespace brokerlab::model {

/// Wait before the request is sent again after an error; Kafka's NodeToControllerChannelManager
/// backs off by retry.backoff.ms.
constexpr Duration retry_backoff = 100ms;

AlterPartitionManager::AlterPartitionManager(sim::Process& process, BrokerId broker,
                                             const MetadataCache& metadata, RpcSettings rpc)
    : process_(process),
      broker_(broker),
      metadata_(metadata),
      rpc_(std::move(rpc)),
      submitted_(process.world()) {}

void AlterPartitionManager::start() { process_.spawn(run()); }

bool AlterPartitionManager::submit(IsrChange change, Answer answer) {
  const TopicPartition name = change.partition;
  if (waiting_.contains(name) || under_way_.contains(name)) return false;
  waiting_.emplace(name, Item{std::move(change), std::move(answer), process_.world().cause(),
                              process_.world().now()});
  submitted_.notify_all();
  return true;
}

sim::Task<> AlterPartitionManager::run() {
  while (true) {
    if (waiting_.empty()) {
      co_await submitted_.wait();
      continue;
    }
    std::map<TopicPartition, Item> items = std::exchange(waiting_, {});
    for (const auto& [name, item] : items) under_way_.insert(name);
    const bool answered = co_await send(items);
    if (answered) continue;
    for (auto& [name, item] : items) waiting_.try_emplace(name, std::move(item));
    under_way_.clear();
    co_await process_.world().sleep(retry_backoff);
  }
}

sim::Task<bool> AlterPartitionManager::send(std::map<TopicPartition, Item>& items) {
  const std::optional<Address> controller = metadata_.address(metadata_.controller());
  if (!controller) co_return false;
  if (!connection_ || connection_->address() != *controller) {
    connection_ = std::make_unique<NodeConnection>(process_, *controller, rpc_);
  }
  auto request = std::make_unique<AlterPartitionRequest>();
  request->broker = broker_;
  request->broker_epoch = broker_epoch_;
  for (const auto& [name, item] : items) {
    request->partitions.push_back({name, item.change.leader_epoch, item.change.to,
                                   item.change.partition_epoch, item.because, item.since});
  }
  auto answer = co_await call_as<AlterPartitionResponse>(*connection_, std::move(request));
  if (!answer) co_return false;
  if ((*answer)->error != ErrorCode::none) {
    // Sent again until it is accepted, by another controller or in another life; told once.
    const bool expected = (*answer)->error == ErrorCode::not_controller;
    for (auto& [name, item] : items) {
      if (expected || !refused_ || std::exchange(item.told, true)) continue;
      const sim::World::KeepCause keep(process_.world());
      process_.world().set_cause(item.because);
      refused_(item.change, (*answer)->error);
    }
    co_return false;
  }
  under_way_.clear();  // an answer may bring the next change of its partition
  for (const AlterPartitionResponse::Partition& partition : (*answer)->partitions) {
    const auto item = items.find(partition.partition);
    if (item != items.end()) item->second.answer(partition);
  }
  co_return true;
}

}  // namespace brokerlab::model
