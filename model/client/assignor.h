// Assignors: who of a group's members gets which partitions. The member that leads the group asks
// the one that the coordinator has chosen (ConsumerPartitionAssignor).
//
// Members are ordered by group.instance.id where they have one, those before the others; the others
// by member id. Where Kafka's own order is that of a hash map, ours is that of names.
//
// Lifetime: an Assignor is part of a ConsumerCoordinator, and remembers what its member was
// assigned last. Threads: none. Errors: none; topics that nobody knows are assigned to nobody.
// Source:   org.apache.kafka.clients.consumer.ConsumerPartitionAssignor,
//           ...internals.AbstractPartitionAssignor.
#pragma once

#include "model/config.h"
#include "model/wire/protocol.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::model {

using Racks = std::set<std::string>;
/// The topics there are: of each partition, by number, the racks that have a replica of it; none
/// where nobody has said.
using GroupTopics = std::map<std::string, std::vector<Racks>>;
using GroupMembersList = std::vector<JoinGroupResponse::Member>;
/// By member id; every member is there.
using GroupAssignment = std::map<std::string, std::vector<TopicPartition>>;

class Assignor {
 public:
  virtual ~Assignor() = default;

  virtual std::string_view name() const = 0;
  /// Members may keep what they own while the group rebalances (RebalanceProtocol.COOPERATIVE).
  virtual bool cooperative() const { return false; }
  /// What its member tells about itself, beside its subscription.
  virtual std::optional<SubscriptionUserData> user_data() const { return std::nullopt; }
  virtual GroupAssignment assign(const GroupTopics& topics, const GroupMembersList& members) = 0;
  /// The member has been assigned these.
  virtual void on_assignment(const std::vector<TopicPartition>& /*partitions*/,
                             int /*generation*/) {}
};

std::unique_ptr<Assignor> make_assignor(AssignmentStrategy strategy);

/// In the order of MemberInfo.
GroupMembersList in_member_order(const GroupMembersList& members);
bool subscribes(const JoinGroupResponse::Member& member, const std::string& topic);
/// AbstractPartitionAssignor.useRackAwareAssignment: racks are worth looking at when some partition
/// is not on all of them, and somebody is on one of them.
bool racks_matter(const Racks& of_consumers, const Racks& of_partitions,
                  const std::vector<const Racks*>& of_each_partition);

}  // namespace brokerlab::model
