#include "model/client/range_assignor.h"

#include <algorithm>
#include <utility>

namespace brokerlab::model {

namespace {

/// One topic while it is divided.
class TopicShares {
 public:
  TopicShares(std::string topic, const std::vector<Racks>& partitions,
              const GroupMembersList& members)
      : topic_(std::move(topic)), partitions_(partitions) {
    Racks of_consumers;
    for (const JoinGroupResponse::Member& member : members) {
      if (!subscribes(member, topic_)) continue;
      subscribers_.push_back(member.id);
      const std::string& rack = member.subscription.rack;
      rack_of_[member.id] = rack;
      if (!rack.empty()) of_consumers.insert(rack);
    }
    if (subscribers_.empty()) return;
    const auto count = static_cast<int>(subscribers_.size());
    const auto all = static_cast<int>(partitions.size());
    each_ = all / count;
    extra_ = all % count;
    for (int i = 0; i < all; ++i) left_.insert(i);
    Racks of_partitions;
    std::vector<const Racks*> of_each;
    for (const Racks& racks : partitions) {
      of_partitions.insert(racks.begin(), racks.end());
      of_each.push_back(&racks);
    }
    with_racks_ = !of_consumers.empty();
    racks_matter_ = model::racks_matter(of_consumers, of_partitions, of_each);
  }

  const std::vector<std::string>& subscribers() const { return subscribers_; }
  bool racks_matter() const { return racks_matter_; }
  /// What Kafka groups topics by; of topics nobody of whose subscribers has a rack it keeps none.
  std::size_t partitions_with_racks() const { return with_racks_ ? partitions_.size() : 0; }

  bool matches(const std::string& member, int partition) const {
    const std::string& rack = rack_of_.at(member);
    return rack.empty() || partitions_[static_cast<std::size_t>(partition)].contains(rack);
  }
  int room(const std::string& member) const {
    const auto has = count_.find(member);
    return std::max(0, each_ + (extra_ > 0 ? 1 : 0) - (has == count_.end() ? 0 : has->second));
  }
  void give(const std::string& member, const std::vector<int>& partitions,
            GroupAssignment& assignment) {
    int& has = count_[member];
    has += static_cast<int>(partitions.size());
    if (has > each_) --extra_;
    for (const int partition : partitions) {
      left_.erase(partition);
      assignment[member].push_back({topic_, partition});
    }
  }
  /// Runs for all who have room; `on_racks`: only of partitions that are near.
  void give_ranges(bool on_racks, GroupAssignment& assignment) {
    for (const std::string& member : subscribers_) {
      std::vector<int> run;
      for (const int partition : left_) {
        if (static_cast<int>(run.size()) == room(member)) break;
        if (!on_racks || matches(member, partition)) run.push_back(partition);
      }
      if (!run.empty()) give(member, run, assignment);
    }
  }

 private:
  std::string topic_;
  const std::vector<Racks>& partitions_;
  std::vector<std::string> subscribers_;
  std::map<std::string, std::string> rack_of_;
  std::map<std::string, int> count_;
  std::set<int> left_;
  int each_ = 0;
  int extra_ = 0;  ///< Members that may have one more.
  bool with_racks_ = false;
  bool racks_matter_ = false;
};

/// The same partition of all these topics goes to one member that is near to all of them.
void give_together(std::vector<TopicShares*>& topics, std::size_t partitions,
                   GroupAssignment& assignment) {
  std::vector<std::string> candidates = topics.front()->subscribers();
  for (int p = 0; p < static_cast<int>(partitions) && !candidates.empty(); ++p) {
    const auto near = std::find_if(candidates.begin(), candidates.end(), [&](const auto& member) {
      return std::all_of(topics.begin(), topics.end(), [&](const TopicShares* topic) {
        return topic->matches(member, p) && topic->room(member) > 0;
      });
    });
    if (near == candidates.end()) continue;
    for (TopicShares* topic : topics) topic->give(*near, {p}, assignment);
    const bool full = std::none_of(topics.begin(), topics.end(),
                                   [&](const auto* topic) { return topic->room(*near) > 0; });
    if (full) candidates.erase(near);
  }
}

}  // namespace

GroupAssignment RangeAssignor::assign(const GroupTopics& topics, const GroupMembersList& members) {
  const GroupMembersList ordered = in_member_order(members);
  GroupAssignment assignment;
  for (const JoinGroupResponse::Member& member : members) assignment[member.id];
  std::vector<TopicShares> shares;
  for (const auto& [topic, partitions] : topics) shares.emplace_back(topic, partitions, ordered);
  const bool with_racks = std::any_of(shares.begin(), shares.end(),
                                      [](const auto& topic) { return topic.racks_matter(); });
  if (with_racks) {
    std::map<std::pair<std::vector<std::string>, std::size_t>, std::vector<TopicShares*>> alike;
    for (TopicShares& topic : shares) {
      alike[{topic.subscribers(), topic.partitions_with_racks()}].push_back(&topic);
    }
    for (auto& [key, together] : alike) {
      if (together.size() > 1) {
        give_together(together, key.second, assignment);
      } else if (together.front()->racks_matter()) {
        together.front()->give_ranges(true, assignment);
      }
    }
  }
  for (TopicShares& topic : shares) topic.give_ranges(false, assignment);
  if (with_racks) {
    for (auto& [member, partitions] : assignment) std::sort(partitions.begin(), partitions.end());
  }
  return assignment;
}

}  // namespace brokerlab::model
