// The controller and brokers that lose some of their log directories.
//
// A broker writes that it has lost one into ZooKeeper; not which replicas were in it. The
// controller asks by sending it the LeaderAndIsr of all: those that the broker answers with
// KAFKA_STORAGE_ERROR are gone, until the broker starts again.
//
// Source: KIP-112; kafka.controller.KafkaController (processLogDirEventNotification,
// processLeaderAndIsrResponseReceived, onReplicasBecomeOffline).
#include "model/controller/controller.h"
#include "model/controller/zookeeper_paths.h"
#include "model/events.h"

#include <algorithm>

namespace brokerlab::model {

using Type = ZkOperation::Type;

/// A new controller asks everybody anyway; all it needs is the watch.
sim::Task<> Controller::forget_log_dir_events() {
  ZkOperation list{.type = Type::children, .path = zk::log_dir_events, .watch = true};
  const ZkReply events = co_await zookeeper_.call(std::move(list));
  if (!events.ok() || events.children.empty()) co_return;
  std::vector<ZkOperation> removals;
  for (const std::string& event : events.children) {
    removals.push_back(
        {.type = Type::remove, .path = fmt::format("{}/{}", zk::log_dir_events, event)});
  }
  (void)co_await zookeeper_.pipeline(std::move(removals));
}

sim::Task<> Controller::log_dirs_changed() {
  ZkOperation list{.type = Type::children, .path = zk::log_dir_events, .watch = true};
  const ZkReply events = co_await zookeeper_.call(std::move(list));
  if (!events.ok() || events.children.empty() || !active_) co_return;
  std::vector<ZkOperation> reads;
  std::vector<ZkOperation> removals;
  for (const std::string& event : events.children) {
    const std::string path = fmt::format("{}/{}", zk::log_dir_events, event);
    reads.push_back({.type = Type::get, .path = path});
    removals.push_back({.type = Type::remove, .path = path});
  }
  const std::vector<ZkReply> replies = co_await zookeeper_.pipeline(std::move(reads));
  (void)co_await zookeeper_.pipeline(std::move(removals));
  if (!active_) co_return;
  std::set<BrokerId> brokers;
  for (const ZkReply& reply : replies) {
    if (!reply.ok()) continue;
    if (const auto broker = zk::decode_log_dir_event(reply.node.data)) brokers.insert(*broker);
  }
  for (const auto& [name, info] : partitions_) {
    if (info.is_new) continue;
    for (const BrokerId replica : info.assignment) {
      if (brokers.contains(replica) && is_online(name, replica)) {
        send_leader_and_isr(name, info, replica, false);
      }
    }
  }
  flush();
}

void Controller::note_answer(BrokerId broker, const LeaderAndIsrResponse& answer) {
  const auto found = offline_replicas_.find(broker);
  Job job{.type = Job::Type::replicas_answered, .broker = broker};
  for (const LeaderAndIsrResponse::Partition& one : answer.partitions) {
    const bool known = found != offline_replicas_.end() && found->second.contains(one.partition);
    if (one.error == ErrorCode::kafka_storage_error && !known) job.gone.push_back(one.partition);
    if (one.error == ErrorCode::none && known) job.back.push_back(one.partition);
  }
  if (!job.gone.empty() || !job.back.empty()) enqueue(std::move(job));
}

sim::Task<> Controller::replicas_answered(const Job& job) {
  const BrokerId broker = job.broker;
  if (!live_.contains(broker)) co_return;
  std::set<TopicPartition>& offline = offline_replicas_[broker];
  for (const TopicPartition& name : job.back) offline.erase(name);
  std::set<TopicPartition> gone;
  for (const TopicPartition& name : job.gone) {
    if (offline.insert(name).second) gone.insert(name);
  }
  if (gone.empty()) co_return;
  world().trace().record(
      events::log_directories_noticed, {.machine = process_.machine().id()},
      {{"broker", cluster_.broker_name(broker)}, {"replicas", std::to_string(gone.size())}});
  for (const TopicPartition& name : gone) {
    const auto found = partitions_.find(name);
    if (found == partitions_.end() || found->second.is_new) continue;
    if (found->second.state.leader == broker) found->second.online = false;
  }
  co_await bring_online();
  if (!active_) co_return;
  IsGone is_gone = [&](const TopicPartition& name, BrokerId replica) {
    return replica == broker && gone.contains(name);
  };
  co_await shrink_isrs(std::move(is_gone));
}

}  // namespace brokerlab::model
