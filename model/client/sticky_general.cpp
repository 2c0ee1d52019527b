// AbstractStickyAssignor.GeneralAssignmentBuilder: members subscribe to different topics. What is
// owned stays, what is free goes to whoever has least, then partitions are moved while somebody who
// could have them has at least two less than their owner; if that made nothing more even, all stays
// as it was.
#include "base/check.h"
#include "model/client/sticky_assignor.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace brokerlab::model {

namespace {

using Pair = std::pair<std::string, std::string>;  ///< From one member to another.

/// Moves so far: a partition of the same topic that went the other way is moved back instead
/// (PartitionMovements), so that no two members swap partitions of a topic.
class Moves {
 public:
  TopicPartition instead(const TopicPartition& partition, std::string from,
                         const std::string& to) const {
    const auto moved = pair_of_.find(partition);
    if (moved != pair_of_.end()) from = moved->second.first;
    const auto back = by_topic_.find(std::pair(partition.topic, Pair(to, from)));
    return back == by_topic_.end() ? partition : *back->second.begin();
  }
  void note(const TopicPartition& partition, const std::string& from, const std::string& to) {
    Pair pair(from, to);
    const auto moved = pair_of_.find(partition);
    if (moved != pair_of_.end()) {
      const auto kept = by_topic_.find(std::pair(partition.topic, moved->second));
      kept->second.erase(partition);
      if (kept->second.empty()) by_topic_.erase(kept);
      pair.first = moved->second.first;
      pair_of_.erase(moved);
      if (pair.first == to) return;  // it is home again
    }
    by_topic_[std::pair(partition.topic, pair)].insert(partition);
    pair_of_[partition] = pair;
  }

 private:
  std::map<TopicPartition, Pair> pair_of_;
  std::map<std::pair<TopicName, Pair>, std::set<TopicPartition>> by_topic_;
};

class General {
 public:
  explicit General(const StickyInput& input) : input_(input) {
    for (const auto& [topic, partitions] : input.topics) subscribers_[topic];
    for (const JoinGroupResponse::Member& member : input.members) {
      for (const std::string& topic : member.subscription.topics) {
        const auto known = input.topics.find(topic);
        if (known == input.topics.end()) continue;
        subscribers_[topic].push_back(member.id);
        topics_of_[member.id].insert(topic);
        possible_[member.id] += known->second.size();
      }
      current_[member.id];
    }
  }

  GroupAssignment build() {
    const std::vector<TopicPartition> all = hardest_first();
    keep_owned();
    std::vector<TopicPartition> open;
    for (const TopicPartition& partition : all) {
      if (!owner_.contains(partition)) open.push_back(partition);
    }
    for (const auto& [member, partitions] : current_) by_load_.insert({partitions.size(), member});
    balance(all, open);
    GroupAssignment assignment;
    for (const auto& [member, partitions] : current_) {
      assignment[member].assign(partitions.begin(), partitions.end());
    }
    return assignment;
  }

 private:
  using Owned = std::map<std::string, std::set<TopicPartition>>;

  /// Partitions of topics with few subscribers come first.
  std::vector<TopicPartition> hardest_first() const {
    std::vector<std::string> topics;
    for (const auto& [topic, members] : subscribers_) topics.push_back(topic);
    std::stable_sort(topics.begin(), topics.end(), [&](const auto& a, const auto& b) {
      return subscribers_.at(a).size() < subscribers_.at(b).size();
    });
    std::vector<TopicPartition> all;
    for (const std::string& topic : topics) {
      const std::size_t count = input_.topics.at(topic).size();
      for (int i = 0; i < static_cast<int>(count); ++i) all.push_back({topic, i});
    }
    return all;
  }

  bool may_have(const std::string& member, const std::string& topic) const {
    const auto topics = topics_of_.find(member);
    return topics != topics_of_.end() && topics->second.contains(topic);
  }

  void keep_owned() {
    for (const auto& [member, partitions] : input_.owned) {
      for (const TopicPartition& partition : partitions) {
        if (!may_have(member, partition.topic) || input_.racks.mismatch(member, partition)) {
          revocation_required_ = true;
          continue;
        }
        current_[member].insert(partition);
        owner_[partition] = member;
      }
    }
  }

  std::size_t load(const std::string& member) const { return current_.at(member).size(); }

  void add(const TopicPartition& partition, const std::string& member) {
    by_load_.erase({load(member), member});
    current_[member].insert(partition);
    owner_[partition] = member;
    by_load_.insert({load(member), member});
  }

  bool give_to_least_loaded(const TopicPartition& partition, bool on_racks) {
    for (const auto& [size, member] : by_load_) {
      if (!may_have(member, partition.topic)) continue;
      if (on_racks && input_.racks.mismatch(member, partition)) continue;
      const std::string to = member;
      add(partition, to);
      return true;
    }
    return false;
  }

  bool movable(const std::string& topic) const { return subscribers_.at(topic).size() >= 2; }

  bool takes_part(const std::string& member) const {
    const auto possible = possible_.find(member);
    if (possible != possible_.end() && load(member) < possible->second) return true;
    return std::any_of(current_.at(member).begin(), current_.at(member).end(),
                       [&](const TopicPartition& partition) { return movable(partition.topic); });
  }

  void balance(std::vector<TopicPartition> all, std::vector<TopicPartition> open) {
    const bool from_nothing = by_load_.rbegin()->first == 0;
    std::vector<TopicPartition> left;
    for (const TopicPartition& partition : open) {
      if (!input_.racks.matter() || !give_to_least_loaded(partition, true)) {
        left.push_back(partition);
      }
    }
    for (const TopicPartition& partition : left) give_to_least_loaded(partition, false);

    const auto fixed = [&](const TopicPartition& partition) { return !movable(partition.topic); };
    std::erase_if(all, fixed);
    std::erase_if(open, fixed);
    Owned fixed_members;
    for (const auto& [member, partitions] : current_) {
      if (!takes_part(member)) fixed_members[member] = partitions;
    }
    for (const auto& [member, partitions] : fixed_members) {
      by_load_.erase({partitions.size(), member});
      current_.erase(member);
    }
    const Owned before = current_;
    if (!revocation_required_) move_all(open);
    const bool moved = move_all(all);
    if (!from_nothing && moved && unevenness(current_) >= unevenness(before)) current_ = before;
    for (auto& [member, partitions] : fixed_members) current_[member] = std::move(partitions);
  }

  /// Over all pairs of members, how much more one has than the other.
  static std::int64_t unevenness(const Owned& owned) {
    std::int64_t score = 0;
    for (auto a = owned.begin(); a != owned.end(); ++a) {
      for (auto b = std::next(a); b != owned.end(); ++b) {
        score += std::abs(static_cast<std::int64_t>(a->second.size()) -
                          static_cast<std::int64_t>(b->second.size()));
      }
    }
    return score;
  }

  bool balanced() const {
    if (by_load_.empty() || by_load_.begin()->first + 1 >= by_load_.rbegin()->first) return true;
    for (const auto& [size, member] : by_load_) {
      if (size == possible_.at(member)) continue;
      for (const std::string& topic : topics_of_.at(member)) {
        const std::size_t count = input_.topics.at(topic).size();
        for (int i = 0; i < static_cast<int>(count); ++i) {
          const std::string& other = owner_.at({topic, i});
          if (other != member && current_.contains(other) && size + 1 < load(other)) return false;
        }
      }
    }
    return true;
  }

  /// Who could have it and has at least two less than its owner does.
  bool better_place(const TopicPartition& partition, const std::string& owner) const {
    const std::vector<std::string>& members = subscribers_.at(partition.topic);
    return std::any_of(members.begin(), members.end(), [&](const std::string& other) {
      return current_.contains(other) && load(owner) > load(other) + 1;
    });
  }

  bool move_all(const std::vector<TopicPartition>& partitions) {
    bool performed = false;
    for (bool modified = true; modified;) {
      modified = false;
      for (const TopicPartition& partition : partitions) {
        if (balanced()) break;
        const auto owner = owner_.find(partition);
        ENSURE(owner != owner_.end(), "a partition that two subscribe to has an owner");
        const std::string from = owner->second;
        if (!current_.contains(from)) continue;
        const auto before = input_.previous.find(partition);
        std::string to;
        if (before != input_.previous.end() && current_.contains(before->second.first) &&
            load(from) > load(before->second.first) + 1) {
          to = before->second.first;
        } else if (better_place(partition, from)) {
          to = least_loaded(partition.topic);
        } else {
          continue;
        }
        move(moves_.instead(partition, from, to), to);
        performed = modified = true;
      }
    }
    return performed;
  }

  std::string least_loaded(const std::string& topic) const {
    const auto found = std::find_if(by_load_.begin(), by_load_.end(), [&](const auto& entry) {
      return may_have(entry.second, topic);
    });
    ENSURE(found != by_load_.end());
    return found->second;
  }

  void move(const TopicPartition& partition, const std::string& to) {
    const std::string from = owner_.at(partition);
    moves_.note(partition, from, to);
    by_load_.erase({load(from), from});
    current_[from].erase(partition);
    by_load_.insert({load(from), from});
    add(partition, to);
  }

  const StickyInput& input_;
  std::map<std::string, std::vector<std::string>> subscribers_;  ///< Of each topic.
  std::map<std::string, std::set<std::string>> topics_of_;       ///< That exist.
  std::map<std::string, std::size_t> possible_;                  ///< Partitions of those.
  Owned current_;
  std::map<TopicPartition, std::string> owner_;
  std::set<std::pair<std::size_t, std::string>> by_load_;
  Moves moves_;
  bool revocation_required_ = false;
};

}  // namespace

GroupAssignment assign_general(const StickyInput& input) { return General(input).build(); }

}  // namespace brokerlab::model
