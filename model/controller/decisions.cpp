#include "model/controller/decisions.h"

#include "model/controller/rules.h"

#include <algorithm>

namespace brokerlab::model {

using ShuttingDown = ControllerContext::ShuttingDown;

Elections elect_missing_leaders(const ControllerContext& context) {
  Elections elections;
  for (const auto& [name, partition] : context.partitions()) {
    if (partition.online || context.is_being_deleted(name.topic)) continue;
    const LeaderAndIsr& state = partition.state;
    const std::optional<Elected> elected =
        elect_offline(partition.assignment, partition.is_new ? partition.assignment : state.isr,
                      context.online_for(name, ShuttingDown::left_out),
                      context.topic_config(name.topic).unclean_leader_election_enable);
    if (!elected) {
      if (!partition.is_new && state.leader.valid()) elections.hopeless.push_back(name);
      continue;
    }
    const LeaderEpoch epoch = partition.is_new ? 0 : state.leader_epoch + 1;
    (partition.is_new ? elections.created : elections.changed)[name] = {
        elected->leader, epoch, elected->isr, state.partition_epoch};
  }
  return elections;
}

PartitionStates shrink_isrs(const ControllerContext& context, BrokerId broker,
                            const IsGone& is_gone) {
  PartitionStates shrunk;
  for (const auto& [name, partition] : context.partitions()) {
    if (partition.is_new || !contains(partition.state.isr, broker)) continue;
    if (!is_gone(name, broker)) continue;
    LeaderAndIsr& next = shrunk[name] = partition.state;
    if (next.isr.size() > 1) std::erase(next.isr, broker);
    if (next.leader == broker) next.leader = BrokerId();
    ++next.leader_epoch;
  }
  return shrunk;
}

PartitionStates hand_over(const ControllerContext& context, BrokerId leaving) {
  PartitionStates moved;
  for (const auto& [name, partition] : context.partitions()) {
    if (partition.is_new || partition.state.leader != leaving) continue;
    if (context.is_being_deleted(name.topic)) continue;
    const std::optional<Elected> elected = elect_for_shutdown(
        partition.assignment, partition.state.isr, context.online_for(name, ShuttingDown::counted),
        context.shutting_down());
    if (!elected) continue;
    LeaderAndIsr& next = moved[name] = partition.state;
    next.leader = elected->leader;
    next.isr = elected->isr;
    ++next.leader_epoch;
  }
  return moved;
}

std::set<TopicPartition> followed_by(const ControllerContext& context, BrokerId broker) {
  std::set<TopicPartition> followed;
  for (const auto& [name, partition] : context.partitions()) {
    if (partition.is_new || partition.assignment.size() < 2) continue;
    if (context.is_being_deleted(name.topic)) continue;
    if (partition.state.leader == broker || !contains(partition.assignment, broker)) continue;
    followed.insert(name);
  }
  return followed;
}

PartitionStates with_next_epoch(const ControllerContext& context, const TopicPartition& name) {
  PartitionStates next;
  const ControllerContext::Partition* partition = context.find(name);
  if (partition == nullptr || partition->is_new) return next;
  next[name] = partition->state;
  ++next[name].leader_epoch;
  return next;
}

/// Source: PartitionLeaderElectionAlgorithms.reassignPartitionLeaderElection.
PartitionStates elect_reassigned(const ControllerContext& context, const TopicPartition& name) {
  PartitionStates elected;
  const ControllerContext::Partition* partition = context.find(name);
  if (partition == nullptr || partition->is_new) return elected;
  const std::optional<Elected> leader =
      elect_offline(partition->full_assignment().target(), partition->state.isr,
                    context.online_for(name, ShuttingDown::left_out), false);
  if (!leader) return elected;
  LeaderAndIsr& next = elected[name] = partition->state;
  next.leader = leader->leader;
  ++next.leader_epoch;
  return elected;
}

PartitionStates elect_preferred_of(const ControllerContext& context,
                                   const std::vector<TopicPartition>& names) {
  PartitionStates elected;
  for (const TopicPartition& name : names) {
    const ControllerContext::Partition* partition = context.find(name);
    if (partition == nullptr || partition->is_new) continue;
    if (partition->state.leader == partition->assignment.front()) continue;
    const std::optional<Elected> leader =
        elect_preferred(partition->assignment, partition->state.isr,
                        context.online_for(name, ShuttingDown::left_out));
    if (!leader) continue;
    LeaderAndIsr& next = elected[name] = partition->state;
    next.leader = leader->leader;
    ++next.leader_epoch;
  }
  return elected;
}

PartitionStates elect_unclean_of(const ControllerContext& context,
                                 const std::vector<TopicPartition>& names) {
  PartitionStates elected;
  for (const TopicPartition& name : names) {
    const ControllerContext::Partition* partition = context.find(name);
    if (partition == nullptr || partition->is_new || partition->online) continue;
    const std::optional<Elected> leader =
        elect_offline(partition->assignment, partition->state.isr,
                      context.online_for(name, ShuttingDown::left_out), true);
    if (!leader) continue;
    LeaderAndIsr& next = elected[name] = partition->state;
    next.leader = leader->leader;
    next.isr = leader->isr;
    ++next.leader_epoch;
  }
  return elected;
}

std::optional<Imbalance> find_imbalance(const ControllerContext& context, BrokerId broker) {
  int preferred = 0;
  int elsewhere = 0;
  Imbalance imbalance;
  for (const auto& [name, partition] : context.partitions()) {
    if (partition.is_new || partition.assignment.front() != broker) continue;
    if (context.is_being_deleted(name.topic)) continue;
    ++preferred;
    if (partition.state.leader == broker) continue;
    ++elsewhere;
    const std::optional<Elected> elected =
        elect_preferred(partition.assignment, partition.state.isr,
                        context.online_for(name, ShuttingDown::left_out));
    if (!elected) continue;
    LeaderAndIsr& next = imbalance.moved[name] = partition.state;
    next.leader = elected->leader;
    ++next.leader_epoch;
  }
  if (preferred == 0) return std::nullopt;
  imbalance.percentage = 100.0 * elsewhere / preferred;
  if (imbalance.percentage <= context.config().leader_imbalance_per_broker_percentage) {
    return std::nullopt;
  }
  return imbalance;
}

ErrorCode judge_isr_change(const ControllerContext& context,
                           const AlterPartitionRequest::Partition& change,
                           const LeaderAndIsr& state) {
  if (change.partition_epoch > state.partition_epoch || change.leader_epoch > state.leader_epoch) {
    return ErrorCode::not_controller;
  }
  if (change.leader_epoch < state.leader_epoch) return ErrorCode::fenced_leader_epoch;
  if (change.new_isr == state.isr) return ErrorCode::none;
  if (change.partition_epoch != state.partition_epoch) return ErrorCode::invalid_update_version;
  // All of them, not only who would join (KIP-841).
  const bool all_eligible =
      std::all_of(change.new_isr.begin(), change.new_isr.end(), [&](BrokerId id) {
        return context.live().contains(id) && !context.shutting_down().contains(id);
      });
  return all_eligible ? ErrorCode::none : ErrorCode::ineligible_replica;
}

}  // namespace brokerlab::model
