// The sticky assignors: balanced first, then as few moves as possible.
//
// What each member owned before comes from its subscription: StickyAssignor's members, who give up
// everything before they join, send it as user data; CooperativeStickyAssignor's members still own
// it. When two members claim a partition, the later generation counts, and in the same generation
// neither does. If all subscribe to the same topics each member keeps what it owned up to its share
// and the rest goes round (sticky_constrained.cpp); else partitions are moved while that makes the
// whole more even (sticky_general.cpp). Where racks matter (KIP-881) a partition with no replica on
// its owner's rack is given up, and rack comes before stickiness, balance before rack.
//
// The cooperative one gives nobody what another still owns: such a partition is left out, its owner
// gives it up, and the rebalance that follows assigns it.
//
// Source: org.apache.kafka.clients.consumer.{StickyAssignor, CooperativeStickyAssignor},
//         ...internals.AbstractStickyAssignor.
#pragma once

#include "model/client/assignor.h"

#include <set>
#include <string>
#include <vector>

namespace brokerlab::model {

class AbstractStickyAssignor : public Assignor {
 public:
  GroupAssignment assign(const GroupTopics& topics, const GroupMembersList& members) override;
  void on_assignment(const std::vector<TopicPartition>& partitions, int generation) override;

 protected:
  /// A partition that changes hands, and who gets it.
  using Transfers = std::map<TopicPartition, std::string>;
  struct Memory {
    std::vector<TopicPartition> partitions;
    std::optional<int> generation;
  };
  /// What a member says it owned.
  virtual Memory memory_of(const Subscription& subscription) const = 0;
  virtual void adjust(GroupAssignment& /*assignment*/, const Transfers& /*transfers*/) const {}

  std::optional<std::vector<TopicPartition>> last_assignment_;
  int last_generation_ = -1;

 private:
  int max_generation_ = -1;  ///< Of all that were ever heard of.
};

class StickyAssignor final : public AbstractStickyAssignor {
 public:
  std::string_view name() const override { return "sticky"; }
  std::optional<SubscriptionUserData> user_data() const override;

 private:
  Memory memory_of(const Subscription& subscription) const override;
};

class CooperativeStickyAssignor final : public AbstractStickyAssignor {
 public:
  std::string_view name() const override { return "cooperative-sticky"; }
  bool cooperative() const override { return true; }
  std::optional<SubscriptionUserData> user_data() const override;

 private:
  Memory memory_of(const Subscription& subscription) const override;
  void adjust(GroupAssignment& assignment, const Transfers& transfers) const override;
};

// --- The two algorithms ---

/// Where members and partitions are, if that matters; else nothing is near or far.
class StickyRacks {
 public:
  StickyRacks(const GroupTopics& topics, const GroupMembersList& members);
  bool matter() const { return !rack_of_.empty(); }
  /// The member has a rack, and the partition no replica there.
  bool mismatch(const std::string& member, const TopicPartition& partition) const;
  /// Both are on one rack.
  bool near(const std::string& member, const TopicPartition& partition) const;
  /// Members on racks of the partition; known as soon as any member has a rack.
  int members_near(const TopicPartition& partition) const;

 private:
  const Racks* racks(const TopicPartition& partition) const;
  const GroupTopics& topics_;
  std::map<std::string, std::string> rack_of_;  ///< Empty when racks do not matter.
  std::map<std::string, int> members_on_;
};

struct StickyInput {
  const GroupTopics& topics;
  const GroupMembersList& members;
  const StickyRacks& racks;
  GroupAssignment owned;              ///< By member; of topics that exist.
  std::set<TopicPartition> disputed;  ///< Claimed by several of one generation.
  /// Claims of earlier generations, the latest of each partition: who had it, and when.
  std::map<TopicPartition, std::pair<std::string, int>> previous;
};

/// All subscribe to the same. `transfers`: what comes from another member that may still own it.
GroupAssignment assign_constrained(const StickyInput& input,
                                   std::map<TopicPartition, std::string>& transfers);
GroupAssignment assign_general(const StickyInput& input);

}  // namespace brokerlab::model
