#include "model/client/sticky_assignor.h"

#include <algorithm>

namespace brokerlab::model {

namespace {

bool all_subscribe_alike(const GroupMembersList& members) {
  const auto sorted_topics = [](const JoinGroupResponse::Member& member) {
    std::vector<std::string> topics = member.subscription.topics;
    std::sort(topics.begin(), topics.end());
    return topics;
  };
  return std::all_of(members.begin(), members.end(), [&](const auto& member) {
    return sorted_topics(member) == sorted_topics(members.front());
  });
}

GroupTopics subscribed_topics(GroupTopics topics, const GroupMembersList& members) {
  std::erase_if(topics, [&](const auto& topic) {
    return std::none_of(members.begin(), members.end(),
                        [&](const auto& member) { return subscribes(member, topic.first); });
  });
  return topics;
}

/// computePartitionsTransferringOwnership.
std::map<TopicPartition, std::string> taken_from_others(const GroupMembersList& members,
                                                        const GroupAssignment& assignment) {
  std::map<TopicPartition, std::string> added;
  std::set<TopicPartition> given_up;
  for (const JoinGroupResponse::Member& member : members) {
    const std::vector<TopicPartition>& given = assignment.at(member.id);
    const std::set<TopicPartition> after(given.begin(), given.end());
    const std::set<TopicPartition> before(member.subscription.owned.begin(),
                                          member.subscription.owned.end());
    for (const TopicPartition& partition : after) {
      if (!before.contains(partition)) added[partition] = member.id;
    }
    for (const TopicPartition& partition : before) {
      if (!after.contains(partition)) given_up.insert(partition);
    }
  }
  std::erase_if(added, [&](const auto& entry) { return !given_up.contains(entry.first); });
  return added;
}

}  // namespace

GroupAssignment AbstractStickyAssignor::assign(const GroupTopics& all_topics,
                                               const GroupMembersList& members) {
  const GroupTopics topics = subscribed_topics(all_topics, members);
  const StickyRacks racks(topics, members);
  StickyInput input{topics, members, racks, {}, {}, {}};
  std::map<TopicPartition, std::pair<std::string, int>> owner;  // and its subscription's generation
  for (const JoinGroupResponse::Member& member : members) {
    const Memory memory = memory_of(member.subscription);
    const int generation = memory.generation.value_or(-1);
    max_generation_ = std::max(max_generation_, generation);
    std::vector<TopicPartition>& own = input.owned[member.id];
    for (const TopicPartition& partition : memory.partitions) {
      const auto topic = topics.find(partition.topic);
      if (topic == topics.end()) continue;
      const auto found = owner.find(partition);
      const bool newer = found == owner.end() || generation > found->second.second;
      if (found != owner.end() && generation < found->second.second) continue;
      if (found != owner.end()) std::erase(input.owned[found->second.first], partition);
      if (newer) {
        own.push_back(partition);
      } else {
        input.disputed.insert(partition);
      }
      owner[partition] = {member.id, member.subscription.generation};
    }
  }
  for (const JoinGroupResponse::Member& member : members) {
    const Memory memory = memory_of(member.subscription);
    const int generation = memory.generation.value_or(-1);
    if (generation >= max_generation_) continue;
    for (const TopicPartition& partition : memory.partitions) {
      const auto [entry, fresh] = input.previous.try_emplace(partition, member.id, generation);
      if (!fresh && generation > entry->second.second) entry->second = {member.id, generation};
    }
  }
  Transfers transfers;
  GroupAssignment assignment;
  if (all_subscribe_alike(members)) {
    assignment = assign_constrained(input, transfers);
  } else {
    assignment = assign_general(input);
    transfers = taken_from_others(members, assignment);
  }
  adjust(assignment, transfers);
  return assignment;
}

void AbstractStickyAssignor::on_assignment(const std::vector<TopicPartition>& partitions,
                                           int generation) {
  last_assignment_ = partitions;
  last_generation_ = generation;
}

std::optional<SubscriptionUserData> StickyAssignor::user_data() const {
  if (!last_assignment_) return std::nullopt;
  return SubscriptionUserData{last_assignment_, last_generation_};
}

AbstractStickyAssignor::Memory StickyAssignor::memory_of(const Subscription& subscription) const {
  if (!subscription.user_data || !subscription.user_data->previous) return {};
  return {*subscription.user_data->previous, subscription.user_data->generation};
}

std::optional<SubscriptionUserData> CooperativeStickyAssignor::user_data() const {
  return SubscriptionUserData{std::nullopt, last_generation_};
}

AbstractStickyAssignor::Memory CooperativeStickyAssignor::memory_of(
    const Subscription& subscription) const {
  return {subscription.owned, subscription.generation};
}

void CooperativeStickyAssignor::adjust(GroupAssignment& assignment,
                                       const Transfers& transfers) const {
  for (const auto& [partition, to] : transfers) std::erase(assignment.at(to), partition);
}

// --- Racks ---

StickyRacks::StickyRacks(const GroupTopics& topics, const GroupMembersList& members)
    : topics_(topics) {
  Racks of_consumers;
  for (const JoinGroupResponse::Member& member : members) {
    const std::string& rack = member.subscription.rack;
    if (rack.empty()) continue;
    rack_of_[member.id] = rack;
    of_consumers.insert(rack);
    ++members_on_[rack];
  }
  Racks of_partitions;
  std::vector<const Racks*> of_each;
  for (const auto& [topic, partitions] : topics) {
    for (const Racks& racks : partitions) {
      of_partitions.insert(racks.begin(), racks.end());
      of_each.push_back(&racks);
    }
  }
  if (!racks_matter(of_consumers, of_partitions, of_each)) rack_of_.clear();
}

const Racks* StickyRacks::racks(const TopicPartition& partition) const {
  const auto topic = topics_.find(partition.topic);
  if (topic == topics_.end()) return nullptr;
  const auto number = static_cast<std::size_t>(partition.partition);
  return number < topic->second.size() ? &topic->second[number] : nullptr;
}

bool StickyRacks::mismatch(const std::string& member, const TopicPartition& partition) const {
  const auto rack = rack_of_.find(member);
  if (rack == rack_of_.end()) return false;
  const Racks* replicas = racks(partition);
  return replicas == nullptr || !replicas->contains(rack->second);
}

bool StickyRacks::near(const std::string& member, const TopicPartition& partition) const {
  return rack_of_.contains(member) && !mismatch(member, partition);
}

int StickyRacks::members_near(const TopicPartition& partition) const {
  int count = 0;
  if (const Racks* replicas = racks(partition)) {
    for (const std::string& rack : *replicas) {
      const auto found = members_on_.find(rack);
      if (found != members_on_.end()) count += found->second;
    }
  }
  return count;
}

}  // namespace brokerlab::model
