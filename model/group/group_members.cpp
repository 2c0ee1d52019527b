#include "model/group/group_members.h"

#include "base/check.h"

#include <algorithm>

namespace brokerlab::model {

bool GroupMember::knows(const std::string& protocol) const {
  return std::any_of(protocols.begin(), protocols.end(),
                     [&](const GroupProtocol& one) { return one.name == protocol; });
}

const Subscription& GroupMember::subscription(const std::string& protocol) const {
  const auto found = std::find_if(protocols.begin(), protocols.end(),
                                  [&](const auto& one) { return one.name == protocol; });
  ENSURE(found != protocols.end(), "a member does not know the protocol that was chosen");
  return found->subscription;
}

std::vector<std::string> GroupMembers::ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, member] : members_) ids.push_back(id);
  return ids;
}

const std::string* GroupMembers::find_instance(const std::string& instance) const {
  const auto found = instances_.find(instance);
  return found == instances_.end() ? nullptr : &found->second;
}

GroupMember& GroupMembers::add(const std::string& id, const std::optional<std::string>& instance) {
  if (!leader_) leader_ = id;
  expected_.erase(id);
  GroupMember& member = members_[id];
  member.instance = instance;
  if (instance) {
    const bool fresh = instances_.emplace(*instance, id).second;
    ENSURE(fresh, "a static member is there already");
  }
  return member;
}

GroupMember& GroupMembers::replace(const std::string& id, const std::string& by) {
  auto member = members_.extract(id);
  ENSURE(!member.empty() && member.mapped().instance, "only a static member changes its id");
  member.key() = by;
  instances_[*member.mapped().instance] = by;
  if (leader_ == id) leader_ = by;
  return members_.insert(std::move(member)).position->second;
}

void GroupMembers::erase(const std::string& id) {
  const auto member = members_.find(id);
  if (member != members_.end()) {
    if (member->second.instance) instances_.erase(*member->second.instance);
    members_.erase(member);
  }
  expected_.erase(id);
  if (leader_ != id) return;
  leader_.reset();
  if (!members_.empty()) leader_ = members_.begin()->first;
}

void GroupMembers::clear() {
  members_.clear();
  expected_.clear();
  instances_.clear();
}

void GroupMembers::restore(const GroupSnapshot& snapshot, Time now) {
  leader_ = snapshot.leader;
  for (const GroupSnapshot::Member& kept : snapshot.members) {
    GroupMember& member = members_[kept.id];
    member.instance = kept.instance;
    if (kept.instance) instances_[*kept.instance] = kept.id;
    member.client_id = kept.client_id;
    member.client_host = kept.client_host;
    member.session_timeout = kept.session_timeout;
    member.rebalance_timeout = kept.rebalance_timeout;
    member.protocols = {{snapshot.protocol.value_or(""), kept.subscription}};
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

std::size_t GroupMembers::count_joined() const {
  return static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(),
                    [](const auto& entry) { return entry.second.awaiting_join.has_value(); }));
}

bool GroupMembers::all_joined() const { return count_joined() == members_.size(); }

bool GroupMembers::all_synced() const {
  return std::none_of(members_.begin(), members_.end(),
                      [](const auto& entry) { return entry.second.must_sync; });
}

bool GroupMembers::all_know(const std::string& protocol) const {
  return std::all_of(members_.begin(), members_.end(),
                     [&](const auto& entry) { return entry.second.knows(protocol); });
}

bool GroupMembers::supports(const std::vector<GroupProtocol>& protocols) const {
  return std::any_of(protocols.begin(), protocols.end(),
                     [&](const GroupProtocol& protocol) { return all_know(protocol.name); });
}

std::string GroupMembers::select_protocol() const {
  std::map<std::string, int> votes;
  for (const auto& [id, member] : members_) {
    const auto vote =
        std::find_if(member.protocols.begin(), member.protocols.end(),
                     [&](const GroupProtocol& protocol) { return all_know(protocol.name); });
    ENSURE(vote != member.protocols.end(), "members have no protocol in common");
    ++votes[vote->name];
  }
  return std::max_element(votes.begin(), votes.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
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
