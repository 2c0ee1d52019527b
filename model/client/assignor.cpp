#include "model/client/assignor.h"

#include "base/check.h"
#include "model/client/range_assignor.h"
#include "model/client/round_robin_assignor.h"
#include "model/client/sticky_assignor.h"

#include <algorithm>
#include <tuple>

namespace brokerlab::model {

std::unique_ptr<Assignor> make_assignor(AssignmentStrategy strategy) {
  switch (strategy) {
    case AssignmentStrategy::range:
      return std::make_unique<RangeAssignor>();
    case AssignmentStrategy::round_robin:
      return std::make_unique<RoundRobinAssignor>();
    case AssignmentStrategy::sticky:
      return std::make_unique<StickyAssignor>();
    case AssignmentStrategy::cooperative_sticky:
      return std::make_unique<CooperativeStickyAssignor>();
  }
  UNREACHABLE();
}

GroupMembersList in_member_order(const GroupMembersList& members) {
  GroupMembersList sorted = members;
  const auto key = [](const JoinGroupResponse::Member& member) {
    return std::tuple(!member.instance, member.instance.value_or(member.id));
  };
  std::sort(sorted.begin(), sorted.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  return sorted;
}

bool subscribes(const JoinGroupResponse::Member& member, const std::string& topic) {
  const std::vector<std::string>& topics = member.subscription.topics;
  return std::find(topics.begin(), topics.end(), topic) != topics.end();
}

bool racks_matter(const Racks& of_consumers, const Racks& of_partitions,
                  const std::vector<const Racks*>& of_each_partition) {
  const bool anybody_near =
      std::any_of(of_consumers.begin(), of_consumers.end(),
                  [&](const std::string& rack) { return of_partitions.contains(rack); });
  return anybody_near && !std::all_of(of_each_partition.begin(), of_each_partition.end(),
                                      [&](const Racks* racks) { return *racks == of_partitions; });
}

}  // namespace brokerlab::model
