// AbstractStickyAssignor.ConstrainedAssignmentBuilder: with p partitions and m members everyone
// gets p / m, and p mod m of them one more.
#include "base/check.h"
#include "model/client/sticky_assignor.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace brokerlab::model {

namespace {

class Constrained {
 public:
  Constrained(const StickyInput& input, std::map<TopicPartition, std::string>& transfers)
      : input_(input), transfers_(transfers) {
    std::size_t total = 0;
    for (const auto& [topic, partitions] : input.topics) total += partitions.size();
    const std::size_t members = input.members.size();
    least_ = total / members;
    larger_expected_ = total % members;
    most_ = least_ + (larger_expected_ > 0 ? 1 : 0);
    for (const JoinGroupResponse::Member& member : input.members) assignment_[member.id];
  }

  GroupAssignment build() {
    for (const auto& [member, partitions] : input_.owned) keep_owned(member, partitions);
    std::sort(below_.begin(), below_.end());
    std::sort(at_least_.begin(), at_least_.end());
    std::vector<TopicPartition> open = unassigned();
    std::stable_sort(open.begin(), open.end(),
                     [&](const TopicPartition& a, const TopicPartition& b) {
                       return input_.racks.members_near(a) < input_.racks.members_near(b);
                     });
    if (input_.racks.matter()) give_near(open);
    give_round(open);
    return std::move(assignment_);
  }

 private:
  void keep_owned(const std::string& member, const std::vector<TopicPartition>& partitions) {
    std::vector<TopicPartition> own;
    for (const TopicPartition& partition : partitions) {
      if (input_.racks.mismatch(member, partition)) {
        given_up_[partition] = member;
      } else if (!input_.disputed.contains(partition)) {
        own.push_back(partition);
      }
    }
    std::sort(own.begin(), own.end(), [](const TopicPartition& a, const TopicPartition& b) {
      return std::tie(a.partition, a.topic) < std::tie(b.partition, b.topic);
    });
    std::size_t kept = own.size();
    if (own.size() < least_) {
      below_.push_back(member);
    } else if (own.size() >= most_ && larger_ < larger_expected_) {
      kept = most_;
      if (++larger_ == larger_expected_) at_least_.clear();
    } else {
      kept = least_;
      if (larger_ < larger_expected_) at_least_.push_back(member);
    }
    for (std::size_t i = kept; i < own.size(); ++i) given_up_[own[i]] = member;
    own.resize(kept);
    assigned_.insert(own.begin(), own.end());
    assignment_[member] = std::move(own);
  }

  std::vector<TopicPartition> unassigned() const {
    std::vector<TopicPartition> open;
    for (const auto& [topic, partitions] : input_.topics) {
      for (int i = 0; i < static_cast<int>(partitions.size()); ++i) {
        if (!assigned_.contains({topic, i})) open.push_back({topic, i});
      }
    }
    return open;
  }

  std::size_t give(const TopicPartition& partition, const std::string& member) {
    const auto before = given_up_.find(partition);
    const bool from_another = before != given_up_.end() && before->second != member;
    if (from_another || input_.disputed.contains(partition)) transfers_[partition] = member;
    std::vector<TopicPartition>& own = assignment_[member];
    own.push_back(partition);
    return own.size();
  }

  /// The first from `begin` on, round the list, that is near; its size: nobody is.
  std::size_t next_near(const TopicPartition& partition, const std::vector<std::string>& members,
                        std::size_t begin) const {
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::size_t at = (begin + i) % members.size();
      if (input_.racks.near(members[at], partition)) return at;
    }
    return members.size();
  }

  /// Within the members' shares, what is on their racks.
  void give_near(std::vector<TopicPartition>& open) {
    std::size_t turn = 0;
    std::vector<TopicPartition> left;
    for (const TopicPartition& partition : open) {
      std::size_t at = next_near(partition, below_, turn);
      if (at < below_.size()) {
        const std::string member = below_[at];
        if (give(partition, member) >= least_) {
          below_.erase(below_.begin() + static_cast<std::ptrdiff_t>(at));
          if (least_ < most_ && larger_ < larger_expected_) at_least_.push_back(member);
        } else {
          ++at;
        }
        turn = below_.empty() ? 0 : at % below_.size();
        continue;
      }
      at = next_near(partition, at_least_, 0);
      if (at == at_least_.size()) {
        left.push_back(partition);
        continue;
      }
      if (give(partition, at_least_[at]) == most_) {
        at_least_.erase(at_least_.begin() + static_cast<std::ptrdiff_t>(at));
        if (++larger_ == larger_expected_) at_least_.clear();
      }
    }
    open = std::move(left);
  }

  void give_round(const std::vector<TopicPartition>& open) {
    std::size_t turn = 0;
    for (const TopicPartition& partition : open) {
      if (turn >= below_.size()) turn = 0;
      if (below_.empty()) {
        ENSURE(!at_least_.empty(), "everybody has its share and partitions are left");
        const std::string member = at_least_.front();
        at_least_.erase(at_least_.begin());
        give(partition, member);
        continue;
      }
      const std::string member = below_[turn];
      if (give(partition, member) == least_) {
        below_.erase(below_.begin() + static_cast<std::ptrdiff_t>(turn));
        at_least_.push_back(member);
      } else {
        ++turn;
      }
    }
  }

  const StickyInput& input_;
  std::map<TopicPartition, std::string>& transfers_;
  GroupAssignment assignment_;
  std::set<TopicPartition> assigned_;
  std::map<TopicPartition, std::string> given_up_;  ///< And who owned it.
  std::vector<std::string> below_;                  ///< Members with less than the least share.
  std::vector<std::string> at_least_;               ///< That have it and may have one more.
  std::size_t least_ = 0;
  std::size_t most_ = 0;
  std::size_t larger_expected_ = 0;  ///< Members with one more.
  std::size_t larger_ = 0;
};

}  // namespace

GroupAssignment assign_constrained(const StickyInput& input,
                                   std::map<TopicPartition, std::string>& transfers) {
  return Constrained(input, transfers).build();
}

}  // namespace brokerlab::model
