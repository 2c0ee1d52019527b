#include "model/group/group_members.h"

#include <algorithm>

namespace brokerlab::model {

std::vector<std::string> GroupMembers::ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, member] : members_) ids.push_back(id);
  return ids;
}

GroupMember& GroupMembers::add(const std::string& id) {
  if (!leader_) leader_ = id;
  expected_.erase(id);
  return members_[id];
}

void GroupMembers::erase(const std::string& id) {
  members_.erase(id);
  expected_.erase(id);
  if (leader_ != id) return;
  leader_.reset();
  if (!members_.empty()) leader_ = members_.begin()->first;
}

void GroupMembers::clear() {
  members_.clear();
  expected_.clear();
}

void GroupMembers::restore(const GroupSnapshot& snapshot, Time now) {
  leader_ = snapshot.leader;
  for (const GroupSnapshot::Member& kept : snapshot.members) {
    GroupMember& member = members_[kept.id];
    member.client_id = kept.client_id;
    member.client_host = kept.client_host;
    member.session_timeout = kept.session_timeout;
    member.rebalance_timeout = kept.rebalance_timeout;
    member.protocols = {snapshot.protocol.value_or("")};
    member.topics = kept.topics;
    member.partitions = kept.partitions;
    member.renew(now);
  }
}

bool GroupMembers::elect_joined_leader() {
  if (!leader_) return false;
  const auto leader = members_.find(*leader_);
  if (leader != members_.end() && leader->second.awaiting_join) return true;
  for (const auto& [id, member] : members_) {
    if (!member.awaiting_join) continue;
    leader_ = id;
    return true;
  }
  return false;
}

bool GroupMembers::all_joined() const {
  return std::all_of(members_.begin(), members_.end(),
                     [](const auto& entry) { return entry.second.awaiting_join.has_value(); });
}

bool GroupMembers::all_synced() const {
  return std::none_of(members_.begin(), members_.end(),
                      [](const auto& entry) { return entry.second.must_sync; });
}

bool GroupMembers::supports(const std::string& protocol) const {
  if (members_.empty()) return !protocol.empty();
  return std::all_of(members_.begin(), members_.end(), [&](const auto& entry) {
    const std::vector<std::string>& known = entry.second.protocols;
    return std::find(known.begin(), known.end(), protocol) != known.end();
  });
}

Duration GroupMembers::rebalance_timeout() const {
  Duration longest{};
  for (const auto& [id, member] : members_) longest = std::max(longest, member.rebalance_timeout);
  return longest;
}

bool GroupMembers::expect_no_longer(Time now) {
  return std::erase_if(expected_, [now](const auto& entry) { return entry.second <= now; }) > 0;
}

Time GroupMembers::next_expiry() const {
  Time next = never;
  for (const auto& [id, member] : members_) next = std::min(next, member.expires);
  for (const auto& [id, until] : expected_) next = std::min(next, until);
  return next;
}

}  // namespace brokerlab::model
