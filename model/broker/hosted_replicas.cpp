#include "model/broker/hosted_replicas.h"

#include "model/events.h"
#include "sim/network.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

bool names_the_leader(ErrorCode error) {
  return error == ErrorCode::not_leader_or_follower || error == ErrorCode::fenced_leader_epoch;
}

}  // namespace

HostedReplicas::HostedReplicas(const ReplicaContext& context)
    : context_(context), purgatory_(context.world()) {}

Partition* HostedReplicas::find(const TopicPartition& partition) {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? nullptr : found->second.get();
}

const Partition* HostedReplicas::find(const TopicPartition& partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? nullptr : found->second.get();
}

Partition& HostedReplicas::add(std::unique_ptr<Partition> partition) {
  ++changes_;
  std::unique_ptr<Partition>& place = partitions_[partition->name()];
  place = std::move(partition);
  return *place;
}

Partition& HostedReplicas::take_offline(const TopicPartition& name) {
  const auto found = partitions_.find(name);
  Partition& partition = *found->second;
  context_.watch.on_replica_changed(context_.id, partition.id());
  ++changes_;
  offline_[name] = std::move(found->second);
  partitions_.erase(found);
  purgatory_.check(name);
  return partition;
}

void HostedReplicas::remove(const TopicPartition& name) {
  const auto found = partitions_.find(name);
  context_.watch.on_replica_changed(context_.id, found->second->id());
  ++changes_;
  stalls_.erase(name);
  removed_.push_back(std::move(found->second));
  partitions_.erase(found);
  purgatory_.check(name);
}

ErrorCode HostedReplicas::why_missing(const TopicPartition& partition) const {
  if (is_offline(partition)) return ErrorCode::kafka_storage_error;
  return context_.metadata.has(partition) ? ErrorCode::not_leader_or_follower
                                          : ErrorCode::unknown_topic_or_partition;
}

/// As far as this broker knows: by its replica, else by its metadata, with the address when that
/// broker is alive. Source: KafkaApis.getCurrentLeader.
template <class Response>
void HostedReplicas::name_leaders(Response& response) const {
  for (auto& answer : response.partitions) {
    if (!names_the_leader(answer.error)) continue;
    const Partition* hosted = find(answer.partition);
    answer.current_leader = hosted != nullptr
                                ? CurrentLeader{hosted->leader(), hosted->leader_epoch()}
                                : context_.metadata.current_leader(answer.partition);
    const BrokerId leader = answer.current_leader.leader;
    const std::optional<Address> address = context_.metadata.address(leader);
    const auto same = [leader](const BrokerEndpoint& node) { return node.id == leader; };
    if (address &&
        std::none_of(response.node_endpoints.begin(), response.node_endpoints.end(), same)) {
      response.node_endpoints.push_back({leader, *address});
    }
  }
}
template void HostedReplicas::name_leaders(ProduceResponse& response) const;
template void HostedReplicas::name_leaders(FetchResponse& response) const;

sim::EventId HostedReplicas::transition(const TopicPartition& partition) const {
  const auto found = transitions_.find(partition);
  return found == transitions_.end() ? sim::EventId() : found->second;
}

// --- Who waits ---

void HostedReplicas::wake(Partition& partition) {
  // Told each time, so that one that falls is seen, too.
  if (partition.is_leader()) {
    context_.cluster.observer.on_high_watermark(context_.id, partition.name(),
                                                partition.high_watermark());
  }
  tell_resumed(partition);
  purgatory_.check(partition.name());
}

/// Once a stall, and at most every 10 s: a slow follower stalls many times.
void HostedReplicas::tell_stalled(const TopicPartition& name, Offset required, Time since) {
  constexpr Duration apart = 10s;
  const Partition* partition = find(name);
  if (partition == nullptr || !partition->is_leader()) return;
  sim::World& world = context_.world();
  const ClusterContext& cluster = context_.cluster;
  const Time now = world.now();
  Stall& stall = stalls_[name];
  const bool is_new_epoch = stall.epoch != partition->leader_epoch();
  if (!is_new_epoch && (stall.event.valid() || now - stall.told < apart)) return;
  std::string behind;
  sim::EventId trouble;
  for (const Partition::Awaited& awaited : partition->awaited(context_.clock())) {
    if (partition->followers().at(awaited.follower).log_end_offset >= required) continue;
    behind += (behind.empty() ? "" : ", ") + cluster.broker_name(awaited.follower);
    const auto machine_there = cluster.broker_machines.find(awaited.follower);
    if (trouble.valid() || machine_there == cluster.broker_machines.end()) continue;
    trouble = context_.process.network().trouble(context_.machine(), machine_there->second, since);
  }
  if (behind.empty()) return;
  const sim::World::KeepCause keep(world);
  stall = {{}, now, required, partition->isr(), partition->leader_epoch(), behind};
  const Duration limit = context_.config.replica_lag_time_max;
  stall.event = world.trace().record(
      events::replication_stalled,
      {.machine = context_.machine(), .partition = partition->id(), .cause = trouble},
      {{"offset", std::to_string(required - 1)},
       {"followers", stall.followers},
       {"isr", cluster.broker_names(stall.isr)},
       {"limit", brokerlab::to_text(limit), to_korean_text(limit)}});
}

/// Another ISR, or another epoch, is told by its own event.
void HostedReplicas::tell_resumed(const Partition& partition) {
  if (stalls_.empty() || !partition.is_leader()) return;
  const auto found = stalls_.find(partition.name());
  if (found == stalls_.end() || !found->second.event.valid()) return;
  Stall& stall = found->second;
  const bool same = stall.isr == partition.isr() && stall.epoch == partition.leader_epoch();
  if (same && partition.high_watermark() < stall.required) return;
  const sim::EventId stalled = std::exchange(stall.event, {});
  if (!same) return;
  const sim::World::KeepCause keep(context_.world());
  context_.world().trace().record(
      events::replication_resumed,
      {.machine = context_.machine(), .partition = partition.id(), .cause = stalled},
      {{"followers", stall.followers}});
}

}  // namespace brokerlab::model
