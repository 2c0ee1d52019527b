#include "model/controller/reassignments.h"

#include "model/controller/decisions.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

std::vector<BrokerId> fewer(const std::vector<BrokerId>& all, const std::vector<BrokerId>& some) {
  std::vector<BrokerId> left;
  for (const BrokerId one : all) {
    if (!contains(some, one)) left.push_back(one);
  }
  return left;
}

}  // namespace

/// Source: KafkaController.processApiPartitionReassignment, validateReplicas.
ErrorCode Reassignments::judge(const AlterPartitionReassignmentsRequest::Partition& asked) const {
  const ControllerContext& context = term_.context();
  const ControllerContext::Partition* partition = context.find(asked.partition);
  const ReplicaAssignment now =
      partition == nullptr ? ReplicaAssignment{} : partition->full_assignment();
  if (asked.replicas) {
    const std::set<BrokerId> brokers(asked.replicas->begin(), asked.replicas->end());
    if (brokers.empty() || brokers.size() != asked.replicas->size()) {
      return ErrorCode::invalid_replica_assignment;
    }
    for (const BrokerId added : now.reassigned_to(*asked.replicas).moving.adding) {
      if (!context.live().contains(added) || context.shutting_down().contains(added)) {
        return ErrorCode::invalid_replica_assignment;
      }
    }
  } else if (!now.moving.any()) {
    return ErrorCode::no_reassignment_in_progress;
  }
  const bool known = partition != nullptr && !context.is_being_deleted(asked.partition.topic);
  return known ? ErrorCode::none : ErrorCode::unknown_topic_or_partition;
}

sim::Task<> Reassignments::alter(const AlterPartitionReassignmentsRequest& request,
                                 AlterPartitionReassignmentsResponse& response) {
  if (!term_.active()) {
    response.error = ErrorCode::not_controller;
    co_return;
  }
  for (const AlterPartitionReassignmentsRequest::Partition& asked : request.partitions) {
    const ErrorCode wrong = judge(asked);
    response.results.push_back({asked.partition, wrong});
  }
  for (std::size_t i = 0; i < request.partitions.size(); ++i) {
    const auto& [name, replicas] = request.partitions[i];
    if (!term_.active()) response.results[i].error = ErrorCode::not_controller;
    if (response.results[i].error != ErrorCode::none) continue;
    const ReplicaAssignment now = term_.context().find(name)->full_assignment();
    ReplicaAssignment wanted = now.reassigned_to(replicas ? *replicas : now.origin());
    term_.publisher().note_reassignment(name, wanted, replicas.has_value());
    co_await go_on(name, std::move(wanted));
  }
}

// --- What is under way ---

sim::Task<> Reassignments::resume_all() {
  std::vector<TopicPartition> moving;
  for (const auto& [name, partition] : term_.context().partitions()) {
    if (partition.moving.any()) moving.push_back(name);
  }
  return resume(std::move(moving));
}

sim::Task<> Reassignments::resume_on(std::set<BrokerId> started) {
  std::vector<TopicPartition> waiting;
  for (const auto& [name, partition] : term_.context().partitions()) {
    if (!partition.moving.any()) continue;
    const std::vector<BrokerId> target = partition.full_assignment().target();
    const bool here = std::any_of(target.begin(), target.end(),
                                  [&](BrokerId one) { return started.contains(one); });
    if (here) waiting.push_back(name);
  }
  return resume(std::move(waiting));
}

sim::Task<> Reassignments::resume(std::vector<TopicPartition> partitions) {
  for (const TopicPartition& name : partitions) {
    const ControllerContext::Partition* partition = term_.context().find(name);
    if (!term_.active() || partition == nullptr) continue;
    ReplicaAssignment wanted = partition->full_assignment();
    co_await go_on(name, std::move(wanted));
  }
}

sim::Task<> Reassignments::maybe_complete(std::vector<TopicPartition> partitions) {
  for (const TopicPartition& name : partitions) {
    const ControllerContext::Partition* partition = term_.context().find(name);
    if (!term_.active() || partition == nullptr || !partition->moving.any()) continue;
    ReplicaAssignment wanted = partition->full_assignment();
    const bool complete = co_await is_complete(name, wanted);
    if (complete) co_await go_on(name, std::move(wanted));
  }
}

sim::Task<bool> Reassignments::is_complete(TopicPartition name, ReplicaAssignment assignment) {
  if (!assignment.moving.any()) co_return true;
  std::vector<TopicPartition> names(1, name);
  const PartitionStates now = co_await term_.store().states(std::move(names));
  const auto found = now.find(name);
  if (found == now.end()) co_return false;
  const std::vector<BrokerId> target = assignment.target();
  co_return std::all_of(target.begin(), target.end(),
                        [&](BrokerId one) { return contains(found->second.isr, one); });
}

/// Phases U and A of onPartitionReassignment.
sim::Task<> Reassignments::go_on(TopicPartition name, ReplicaAssignment wanted) {
  ControllerContext& context = term_.context();
  deletions_.hold(name.topic);
  const ReplicaAssignment before = context.find(name)->full_assignment();
  if (before != wanted) {
    context.set_assignment(name, wanted);
    co_await write_assignment(name.topic);
    if (!term_.active()) co_return;
    co_await stop_removed(name, fewer(before.replicas, wanted.replicas));
    if (!term_.active()) co_return;
  }
  const bool complete = co_await is_complete(name, wanted);
  if (!term_.active()) co_return;
  if (complete) {
    co_await end(name, std::move(wanted));
    co_return;
  }
  ControllerTerm::Decide decide = [&] { return with_next_epoch(context, name); };
  (void)co_await term_.carry_out(std::move(decide));
  term_.send();
}

/// Phase B.
sim::Task<> Reassignments::end(TopicPartition name, ReplicaAssignment moved) {
  ControllerContext& context = term_.context();
  const std::vector<BrokerId> target = moved.target();
  const ReplicaAssignment settled{target};
  context.set_assignment(name, settled);
  ControllerTerm::Decide decide = [&] {
    const BrokerId leader = context.find(name)->state.leader;
    const bool stays = contains(target, leader) &&
                       context.is_online(name, leader, ControllerContext::ShuttingDown::left_out);
    return stays ? with_next_epoch(context, name) : elect_reassigned(context, name);
  };
  (void)co_await term_.carry_out(std::move(decide));
  term_.send();
  if (!term_.active()) co_return;
  co_await stop_removed(name, moved.moving.removing);
  if (!term_.active()) co_return;
  co_await write_assignment(name.topic);
  if (!term_.active()) co_return;
  const std::vector<TopicPartition> moved_partition(1, name);
  term_.publisher().tell_metadata_of(moved_partition);
  term_.send();
  term_.publisher().note_reassigned(name, target);
  std::set<std::string> topics;
  topics.insert(name.topic);
  co_await deletions_.resume(std::move(topics));
}

/// They leave the ISR, stop, and delete what they have.
sim::Task<> Reassignments::stop_removed(TopicPartition name, std::vector<BrokerId> removed) {
  ControllerContext& context = term_.context();
  const std::vector<TopicPartition> partitions(1, name);
  for (const BrokerId broker : removed) {
    term_.publisher().tell_to_stop(broker, partitions);
    const IsGone is_gone = [&](const TopicPartition& one, BrokerId) { return one == name; };
    ControllerTerm::Decide decide = [&] { return shrink_isrs(context, broker, is_gone); };
    const bool active = co_await term_.carry_out(std::move(decide), broker);
    if (!active) co_return;
  }
  if (removed.empty()) co_return;
  term_.send();
  for (const BrokerId broker : removed) term_.publisher().tell_to_delete(broker, partitions);
  term_.send();
}

sim::Task<> Reassignments::write_assignment(std::string topic) {
  StoredTopic stored = term_.context().stored_topic(topic);
  co_await term_.write_topic(std::move(topic), std::move(stored));
}

}  // namespace brokerlab::model
