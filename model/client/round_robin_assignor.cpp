#include "model/client/round_robin_assignor.h"

#include <algorithm>

namespace brokerlab::model {

GroupAssignment RoundRobinAssignor::assign(const GroupTopics& topics,
                                           const GroupMembersList& members) {
  const GroupMembersList ordered = in_member_order(members);
  GroupAssignment assignment;
  for (const JoinGroupResponse::Member& member : members) assignment[member.id];
  std::size_t turn = 0;
  for (const auto& [topic, partitions] : topics) {
    const bool wanted = std::any_of(ordered.begin(), ordered.end(),
                                    [&](const auto& member) { return subscribes(member, topic); });
    if (!wanted) continue;
    for (std::size_t partition = 0; partition < partitions.size(); ++partition) {
      while (!subscribes(ordered[turn % ordered.size()], topic)) ++turn;
      assignment[ordered[turn++ % ordered.size()].id].push_back(
          {topic, static_cast<int>(partition)});
    }
  }
  return assignment;
}

}  // namespace brokerlab::model
