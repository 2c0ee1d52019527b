// What the controller decides about all partitions that it knows: the states that they shall have.
// Pure functions of the ControllerContext; the rules for one partition are in rules.h.
//
// Source: kafka.controller.{KafkaController, PartitionStateMachine, ReplicaStateMachine}.
#pragma once

#include "model/controller/context.h"

#include <functional>
#include <optional>
#include <vector>

namespace brokerlab::model {

struct Elections {
  PartitionStates changed;
  PartitionStates created;               ///< First states of new partitions.
  std::vector<TopicPartition> hopeless;  ///< Had a leader, and nobody can lead them now.
};
/// Leaders for all partitions that have none that is alive.
Elections elect_missing_leaders(const ControllerContext& context);

/// Replicas of the broker that are gone leave the ISRs, and lead no more; the last of an ISR stays
/// in it. A new leader epoch fences what they may still have under way. Source:
/// ReplicaStateMachine.doRemoveReplicasFromIsr.
using IsGone = std::function<bool(const TopicPartition&, BrokerId)>;
PartitionStates shrink_isrs(const ControllerContext& context, BrokerId broker,
                            const IsGone& is_gone);

/// A broker that shuts down hands over what it leads where another can.
PartitionStates hand_over(const ControllerContext& context, BrokerId leaving);
/// What it has a replica of and does not lead: it leaves their ISRs, by shrink_isrs().
std::set<TopicPartition> followed_by(const ControllerContext& context, BrokerId broker);

/// The partition as it is, in another leader epoch: its replicas learn what else has changed.
PartitionStates with_next_epoch(const ControllerContext& context, const TopicPartition& name);
/// The first of its replicas that can lead; nothing: none can.
PartitionStates elect_reassigned(const ControllerContext& context, const TopicPartition& name);
/// The preferred replicas of these that others lead, where they can; or, unclean, whoever lives of
/// those without a leader.
PartitionStates elect_preferred_of(const ControllerContext& context,
                                   const std::vector<TopicPartition>& names);
PartitionStates elect_unclean_of(const ControllerContext& context,
                                 const std::vector<TopicPartition>& names);

/// A preferred leader of too many partitions that others lead.
struct Imbalance {
  double percentage = 0;
  PartitionStates moved;  ///< To it, where it is in the ISR.
};
/// By leader.imbalance.per.broker.percentage; nothing: not too many.
std::optional<Imbalance> find_imbalance(const ControllerContext& context, BrokerId broker);

/// A leader asks for another ISR of a partition that is in `state`. One that asks again for what it
/// has got is answered before its partition epoch is looked at (processAlterPartition).
ErrorCode judge_isr_change(const ControllerContext& context,
                           const AlterPartitionRequest::Partition& change,
                           const LeaderAndIsr& state);

}  // namespace brokerlab::model
