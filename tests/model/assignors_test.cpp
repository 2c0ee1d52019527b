// How partitions are divided among a group's members: stories from Kafka's own documentation of its
// assignors (clients.consumer.*Assignor), and random groups.
#include "base/random.h"
#include "model/client/assignor.h"
#include "model/client/range_assignor.h"
#include "model/client/round_robin_assignor.h"
#include "model/client/sticky_assignor.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

using Partitions = std::vector<TopicPartition>;

JoinGroupResponse::Member member(const std::string& id, std::vector<std::string> topics,
                                 const std::string& rack = "") {
  JoinGroupResponse::Member member;
  member.id = id;
  member.subscription.topics = std::move(topics);
  member.subscription.rack = rack;
  return member;
}

/// It still owns that, since then.
JoinGroupResponse::Member owner(const std::string& id, std::vector<std::string> topics,
                                Partitions owned, int generation) {
  JoinGroupResponse::Member one = member(id, std::move(topics));
  one.subscription.owned = std::move(owned);
  one.subscription.generation = generation;
  return one;
}

/// It has given that up, and remembers.
JoinGroupResponse::Member former_owner(const std::string& id, std::vector<std::string> topics,
                                       Partitions previous, int generation) {
  JoinGroupResponse::Member one = member(id, std::move(topics));
  one.subscription.user_data = SubscriptionUserData{std::move(previous), generation};
  one.subscription.generation = generation;
  return one;
}

GroupTopics topics(const std::map<std::string, int>& counts) {
  GroupTopics topics;
  for (const auto& [name, count] : counts) topics[name].resize(static_cast<std::size_t>(count));
  return topics;
}

/// Each partition on its own rack: a, b, c, a, ...
GroupTopics on_racks(const std::map<std::string, int>& counts) {
  GroupTopics made = topics(counts);
  for (auto& [name, partitions] : made) {
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      partitions[i] = {std::string(1, static_cast<char>('a' + i % 3))};
    }
  }
  return made;
}

Partitions sorted(Partitions partitions) {
  std::sort(partitions.begin(), partitions.end());
  return partitions;
}

}  // namespace

TEST_CASE("the range assignor cuts each topic's partitions into runs", "[unit]") {
  RangeAssignor range;
  const auto shares =
      range.assign(topics({{"x", 7}, {"y", 2}, {"z", 3}}),
                   {member("b", {"x", "y"}), member("a", {"x"}), member("c", {"x"})});
  REQUIRE(shares.size() == 3);
  CHECK(shares.at("b") == Partitions{{"x", 3}, {"x", 4}, {"y", 0}, {"y", 1}});
  CHECK(shares.at("a") == Partitions{{"x", 0}, {"x", 1}, {"x", 2}});
  CHECK(shares.at("c") == Partitions{{"x", 5}, {"x", 6}});
  CHECK(range.assign(topics({{"x", 1}}), {member("a", {"x"}), member("b", {"x"})}).at("b").empty());
}

// AbstractPartitionAssignor.MemberInfo: so that a static member keeps its partitions under a new
// member id.
TEST_CASE("members with an instance id come first, in the order of those", "[unit]") {
  GroupMembersList members = {member("a", {"x"}), member("b", {"x"}), member("c", {"x"})};
  members[1].instance = "second";
  members[2].instance = "first";
  RangeAssignor range;
  const auto shares = range.assign(topics({{"x", 3}}), members);
  CHECK(shares.at("c") == Partitions{{"x", 0}});
  CHECK(shares.at("b") == Partitions{{"x", 1}});
  CHECK(shares.at("a") == Partitions{{"x", 2}});
  RoundRobinAssignor round;
  CHECK(round.assign(topics({{"x", 3}}), members).at("c") == Partitions{{"x", 0}});
}

// RangeAssignor.assignWithRackMatching (KIP-881).
TEST_CASE("with racks a range is of partitions that are near, if the share allows it", "[unit]") {
  RangeAssignor range;
  const GroupMembersList members = {member("m1", {"x"}, "a"), member("m2", {"x"}, "b"),
                                    member("m3", {"x"}, "c")};
  auto shares = range.assign(on_racks({{"x", 6}}), members);
  CHECK(shares.at("m1") == Partitions{{"x", 0}, {"x", 3}});
  CHECK(shares.at("m2") == Partitions{{"x", 1}, {"x", 4}});
  CHECK(shares.at("m3") == Partitions{{"x", 2}, {"x", 5}});
  // Everything on every rack: racks do not matter.
  GroupTopics everywhere = topics({{"x", 6}});
  for (Racks& racks : everywhere["x"]) racks = {"a", "b", "c"};
  shares = range.assign(everywhere, members);
  CHECK(shares.at("m1") == Partitions{{"x", 0}, {"x", 1}});
  // Balance comes first: two on rack a, and nobody on b and c.
  shares = range.assign(on_racks({{"x", 6}}), {member("m1", {"x"}, "a"), member("m2", {"x"}, "a")});
  CHECK(shares.at("m1").size() == 3);
  CHECK(shares.at("m2").size() == 3);
}

TEST_CASE("with racks too, topics alike are divided alike", "[unit]") {
  RangeAssignor range;
  const auto shares = range.assign(
      on_racks({{"x", 6}, {"y", 6}}),
      {member("m1", {"x", "y"}, "c"), member("m2", {"x", "y"}, "a"), member("m3", {"x", "y"})});
  for (const auto& [id, partitions] : shares) {
    std::map<std::string, std::set<int>> numbers;
    for (const TopicPartition& one : partitions) numbers[one.topic].insert(one.partition);
    CHECK(numbers["x"] == numbers["y"]);
    CHECK(numbers["x"].size() == 2);
  }
  CHECK(shares.at("m1") == Partitions{{"x", 2}, {"x", 5}, {"y", 2}, {"y", 5}});
}

TEST_CASE("the round-robin assignor goes round, past those who do not subscribe", "[unit]") {
  RoundRobinAssignor round;
  auto shares = round.assign(topics({{"t0", 3}, {"t1", 3}}),
                             {member("c0", {"t0", "t1"}), member("c1", {"t0", "t1"})});
  CHECK(shares.at("c0") == Partitions{{"t0", 0}, {"t0", 2}, {"t1", 1}});
  CHECK(shares.at("c1") == Partitions{{"t0", 1}, {"t1", 0}, {"t1", 2}});
  shares = round.assign(
      topics({{"t0", 1}, {"t1", 2}, {"t2", 3}}),
      {member("c0", {"t0"}), member("c1", {"t0", "t1"}), member("c2", {"t0", "t1", "t2"})});
  CHECK(shares.at("c0") == Partitions{{"t0", 0}});
  CHECK(shares.at("c1") == Partitions{{"t1", 0}});
  CHECK(shares.at("c2") == Partitions{{"t1", 1}, {"t2", 0}, {"t2", 1}, {"t2", 2}});
}

TEST_CASE("the sticky assignor moves only what a member that left has left behind", "[unit]") {
  StickyAssignor sticky;
  const std::vector<std::string> all = {"t0", "t1", "t2", "t3"};
  const GroupTopics four = topics({{"t0", 2}, {"t1", 2}, {"t2", 2}, {"t3", 2}});
  const auto first = sticky.assign(four, {member("c0", all), member("c1", all), member("c2", all)});
  CHECK(first.at("c0") == Partitions{{"t0", 0}, {"t1", 1}, {"t3", 0}});
  CHECK(first.at("c1") == Partitions{{"t0", 1}, {"t2", 0}, {"t3", 1}});
  CHECK(first.at("c2") == Partitions{{"t1", 0}, {"t2", 1}});
  const auto then = sticky.assign(four, {former_owner("c0", all, first.at("c0"), 1),
                                         former_owner("c2", all, first.at("c2"), 1)});
  CHECK(sorted(then.at("c0")) == Partitions{{"t0", 0}, {"t0", 1}, {"t1", 1}, {"t3", 0}});
  CHECK(sorted(then.at("c2")) == Partitions{{"t1", 0}, {"t2", 0}, {"t2", 1}, {"t3", 1}});
}

TEST_CASE("with different subscriptions the sticky assignor is as even as can be", "[unit]") {
  StickyAssignor sticky;
  const GroupTopics three = topics({{"t0", 1}, {"t1", 2}, {"t2", 3}});
  const auto first = sticky.assign(
      three, {member("c0", {"t0"}), member("c1", {"t0", "t1"}), member("c2", {"t0", "t1", "t2"})});
  CHECK(first.at("c0") == Partitions{{"t0", 0}});
  CHECK(first.at("c1") == Partitions{{"t1", 0}, {"t1", 1}});
  CHECK(first.at("c2") == Partitions{{"t2", 0}, {"t2", 1}, {"t2", 2}});
  const auto then =
      sticky.assign(three, {former_owner("c1", {"t0", "t1"}, first.at("c1"), 1),
                            former_owner("c2", {"t0", "t1", "t2"}, first.at("c2"), 1)});
  CHECK(then.at("c1") == Partitions{{"t0", 0}, {"t1", 0}, {"t1", 1}});
  CHECK(then.at("c2") == Partitions{{"t2", 0}, {"t2", 1}, {"t2", 2}});
}

// AbstractStickyAssignor.allSubscriptionsEqual.
TEST_CASE("of two who claim a partition the later generation is believed", "[unit]") {
  CooperativeStickyAssignor sticky;
  const GroupTopics one = topics({{"t", 2}});
  auto shares = sticky.assign(
      one, {owner("a", {"t"}, {{"t", 0}, {"t", 1}}, 3), owner("b", {"t"}, {{"t", 1}}, 5)});
  CHECK(shares.at("a") == Partitions{{"t", 0}});
  CHECK(shares.at("b") == Partitions{{"t", 1}});
  // In one generation neither is: both have to give it up first.
  shares = sticky.assign(
      one, {owner("a", {"t"}, {{"t", 0}, {"t", 1}}, 5), owner("b", {"t"}, {{"t", 1}}, 5)});
  CHECK(shares.at("a") == Partitions{{"t", 0}});
  CHECK(shares.at("b").empty());
}

// CooperativeStickyAssignor.adjustAssignment.
TEST_CASE("the cooperative assignor gives a newcomer nothing that is still owned", "[unit]") {
  CooperativeStickyAssignor sticky;
  const GroupTopics one = topics({{"t", 4}});
  const Partitions all = {{"t", 0}, {"t", 1}, {"t", 2}, {"t", 3}};
  const auto first = sticky.assign(one, {owner("a", {"t"}, all, 1), owner("b", {"t"}, {}, -1)});
  CHECK(first.at("a") == Partitions{{"t", 0}, {"t", 1}});
  CHECK(first.at("b").empty());
  const auto second =
      sticky.assign(one, {owner("a", {"t"}, first.at("a"), 2), owner("b", {"t"}, {}, 2)});
  CHECK(second.at("a") == Partitions{{"t", 0}, {"t", 1}});
  CHECK(second.at("b") == Partitions{{"t", 2}, {"t", 3}});
}

TEST_CASE("the sticky assignor gives up what is on no rack of its owner", "[unit]") {
  CooperativeStickyAssignor sticky;
  GroupMembersList members = {owner("m1", {"x"}, {{"x", 0}, {"x", 1}}, 1),
                              owner("m2", {"x"}, {{"x", 2}, {"x", 3}}, 1),
                              owner("m3", {"x"}, {{"x", 4}, {"x", 5}}, 1)};
  for (int i = 0; i < 3; ++i) members[static_cast<std::size_t>(i)].subscription.rack = "abc"[i];
  const auto first = sticky.assign(on_racks({{"x", 6}}), members);
  CHECK(first.at("m1") == Partitions{{"x", 0}});
  for (JoinGroupResponse::Member& one : members) {
    one.subscription.owned = first.at(one.id);
    one.subscription.generation = 2;
  }
  const auto second = sticky.assign(on_racks({{"x", 6}}), members);
  CHECK(sorted(second.at("m1")) == Partitions{{"x", 0}, {"x", 3}});
  CHECK(sorted(second.at("m2")) == Partitions{{"x", 1}, {"x", 4}});
  CHECK(sorted(second.at("m3")) == Partitions{{"x", 2}, {"x", 5}});
}

// --- Random groups ---

namespace {

struct RandomGroup {
  explicit RandomGroup(std::uint64_t seed, bool alike) : random(seed, "assignors"), same(alike) {
    const std::int64_t count = 1 + random.below(4);
    for (std::int64_t i = 0; i < count; ++i) {
      names.push_back("t" + std::to_string(i));
      const auto partitions = static_cast<std::size_t>(1 + random.below(9));
      all[names.back()].resize(partitions);
      for (Racks& racks : all[names.back()]) {
        if (random.chance(0.8)) racks.insert(std::string(1, "abc"[random.below(3)]));
      }
    }
    with_racks = random.chance(0.3);
    const std::int64_t members_count = 1 + random.below(7);
    for (std::int64_t i = 0; i < members_count; ++i) join();
  }
  void join() {
    std::vector<std::string> chosen;
    for (const std::string& name : names) {
      if (same || random.chance(0.6)) chosen.push_back(name);
    }
    if (chosen.empty()) chosen.push_back(names.front());
    members.push_back(member("m" + std::to_string(next++), chosen));
    if (with_racks) members.back().subscription.rack = std::string(1, "abc"[random.below(3)]);
  }
  void change() {
    if (members.size() > 1 && random.chance(0.5)) {
      members.erase(members.begin() + random.below(static_cast<std::int64_t>(members.size())));
    } else {
      join();
    }
  }
  /// What they are given is theirs from now on.
  void take(const GroupAssignment& shares) {
    ++generation;
    for (JoinGroupResponse::Member& one : members) {
      one.subscription.owned = sorted(shares.at(one.id));
      one.subscription.user_data = SubscriptionUserData{shares.at(one.id), generation};
      one.subscription.generation = generation;
    }
  }
  std::map<TopicPartition, std::string> owners() const {
    std::map<TopicPartition, std::string> owners;
    for (const JoinGroupResponse::Member& one : members) {
      for (const TopicPartition& partition : one.subscription.owned) owners[partition] = one.id;
    }
    return owners;
  }
  const JoinGroupResponse::Member& by_id(const std::string& id) const {
    return *std::find_if(members.begin(), members.end(),
                         [&](const auto& one) { return one.id == id; });
  }

  RandomStream random;
  const bool same;
  bool with_racks = false;
  std::vector<std::string> names;
  GroupTopics all;
  GroupMembersList members;
  int next = 0;
  int generation = 0;
};

/// Each partition that somebody wants is given to one who wants it.
void each_once(const RandomGroup& group, const GroupAssignment& shares) {
  std::map<TopicPartition, int> times;
  REQUIRE(shares.size() == group.members.size());
  for (const auto& [id, partitions] : shares) {
    for (const TopicPartition& partition : partitions) {
      ++times[partition];
      CHECK(subscribes(group.by_id(id), partition.topic));
    }
  }
  for (const auto& [topic, partitions] : group.all) {
    const bool wanted =
        std::any_of(group.members.begin(), group.members.end(),
                    [&name = topic](const auto& one) { return subscribes(one, name); });
    for (int i = 0; i < static_cast<int>(partitions.size()); ++i) {
      CHECK(times[{topic, i}] == (wanted ? 1 : 0));
    }
  }
}

/// Nobody has two more than another who could have one of them.
void even(const RandomGroup& group, const GroupAssignment& shares) {
  for (const auto& [id, partitions] : shares) {
    for (const TopicPartition& partition : partitions) {
      for (const JoinGroupResponse::Member& other : group.members) {
        if (!subscribes(other, partition.topic)) continue;
        CHECK(partitions.size() <= shares.at(other.id).size() + 1);
      }
    }
  }
}

}  // namespace

TEST_CASE("range and round robin give each partition to one subscriber", "[property]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    RandomGroup group(seed, seed % 2 == 0);
    RangeAssignor range;
    const GroupAssignment ranges = range.assign(group.all, group.members);
    each_once(group, ranges);
    RoundRobinAssignor round;
    each_once(group, round.assign(group.all, group.members));
    // Of each topic everyone has as many as the others, or one more.
    for (const auto& [topic, partitions] : group.all) {
      std::size_t least = partitions.size();
      std::size_t most = 0;
      for (const JoinGroupResponse::Member& one : group.members) {
        if (!subscribes(one, topic)) continue;
        const Partitions& own = ranges.at(one.id);
        const auto count = static_cast<std::size_t>(std::count_if(
            own.begin(), own.end(), [&name = topic](const auto& p) { return p.topic == name; }));
        least = std::min(least, count);
        most = std::max(most, count);
      }
      CHECK(most <= least + 1);
    }
  }
}

TEST_CASE("sticky assignments are whole, even, and move no more than they must", "[property]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    RandomGroup group(seed, seed % 2 == 0);
    StickyAssignor sticky;
    for (int round = 0; round < 5; ++round) {
      const auto before = group.owners();
      const GroupAssignment shares = sticky.assign(group.all, group.members);
      each_once(group, shares);
      if (!group.with_racks) even(group, shares);
      if (group.same && !group.with_racks) {
        // Who stays loses nothing but what is above the larger share.
        std::size_t total = 0;
        for (const auto& [topic, partitions] : group.all) total += partitions.size();
        const std::size_t least = total / group.members.size();
        for (const JoinGroupResponse::Member& one : group.members) {
          const Partitions& own = shares.at(one.id);
          std::size_t kept = 0;
          for (const TopicPartition& partition : one.subscription.owned) {
            kept += static_cast<std::size_t>(std::count(own.begin(), own.end(), partition));
          }
          CHECK(kept >= std::min(least, one.subscription.owned.size()));
        }
      }
      group.take(shares);
      // Nobody came or went: nothing moves.
      const GroupAssignment again = sticky.assign(group.all, group.members);
      for (const JoinGroupResponse::Member& one : group.members) {
        if (!group.with_racks) CHECK(sorted(again.at(one.id)) == one.subscription.owned);
      }
      group.change();
    }
  }
}

// CooperativeStickyAssignorTest lets it have four rebalances; with the same subscriptions it is
// two.
TEST_CASE("cooperative assignments take nothing from who owns it, and are whole soon after",
          "[property]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    RandomGroup group(seed, seed % 2 == 0);
    CooperativeStickyAssignor sticky;
    for (int round = 0; round < 5; ++round) {
      GroupAssignment shares;
      const int rebalances = group.same ? 2 : 4;
      for (int i = 0; i < rebalances; ++i) {
        const auto owners = group.owners();
        shares = sticky.assign(group.all, group.members);
        for (const auto& [id, partitions] : shares) {
          for (const TopicPartition& partition : partitions) {
            const auto owner = owners.find(partition);
            CHECK((owner == owners.end() || owner->second == id));
          }
        }
        group.take(shares);
      }
      if (!group.with_racks) each_once(group, shares);
      if (!group.with_racks) even(group, shares);
      group.change();
    }
  }
}
