// Who leads, and where replicas go. Held against kafka.controller's
// PartitionLeaderElectionAlgorithms and AdminUtils.assignReplicasToBrokers.
#include "model/controller/rules.h"

#include <catch2/catch.hpp>

#include <map>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

std::vector<BrokerId> list(const std::vector<int>& numbers) {
  return {numbers.begin(), numbers.end()};
}

std::set<BrokerId> live(const std::vector<int>& numbers) {
  return {numbers.begin(), numbers.end()};
}

/// "2 of [2,3]", "3 of [3], unclean", "nobody".
std::string told(const std::optional<Elected>& elected) {
  if (!elected) return "nobody";
  std::string isr;
  for (const BrokerId one : elected->isr) isr += fmt::format("{}{}", isr.empty() ? "" : ",", one);
  return fmt::format("{} of [{}]{}", elected->leader, isr, elected->unclean ? ", unclean" : "");
}

}  // namespace

TEST_CASE("an offline partition gets the first live replica of the ISR", "[unit]") {
  const auto elect = [](std::vector<int> isr, std::vector<int> alive, bool unclean = false) {
    return told(elect_offline(list({1, 2, 3}), list(isr), live(alive), unclean));
  };
  CHECK(elect({1, 2, 3}, {2, 3}) == "2 of [2,3]");
  CHECK(elect({3, 2}, {1, 2, 3}) == "2 of [3,2]");  // in the order of the assignment
  CHECK(elect({1}, {2, 3}) == "nobody");
  CHECK(elect({1}, {3, 2}, true) == "2 of [2], unclean");
  CHECK(elect({3}, {2, 3}, true) == "3 of [3]");  // clean, as long as it can be
  CHECK(elect({1}, {}, true) == "nobody");
  CHECK(elect({2, 1, 3}, {3, 1}) == "1 of [1,3]");  // the ISR keeps its order, and loses its dead
  CHECK(elect({4, 3}, {4, 3}) == "3 of [4,3]");     // who has no replica does not lead
  CHECK(elect({4}, {4}, true) == "nobody");
  CHECK(elect({}, {1, 2, 3}) == "nobody");
  CHECK(elect({}, {2, 3}, true) == "2 of [2], unclean");
  CHECK(told(elect_offline({}, list({1}), live({1}), true)) == "nobody");
}

TEST_CASE("the preferred leader must be alive and in the ISR", "[unit]") {
  const auto elect = [](std::vector<int> isr, std::vector<int> alive) {
    return told(elect_preferred(list({1, 2, 3}), list(isr), live(alive)));
  };
  CHECK(elect({2, 1}, {1, 2, 3}) == "1 of [2,1]");
  CHECK(elect({2, 3}, {1, 2, 3}) == "nobody");
  CHECK(elect({1, 2}, {2, 3}) == "nobody");
  CHECK(elect({1, 2, 3}, {1}) == "1 of [1,2,3]");  // the dead leave the ISR by other ways
  CHECK(elect({}, {1}) == "nobody");
  CHECK(told(elect_preferred({}, list({1}), live({1}))) == "nobody");
}

TEST_CASE("who shuts down hands over, and leaves the ISR", "[unit]") {
  const auto elect = [](std::vector<int> isr, std::vector<int> leaving,
                        std::vector<int> alive = {1, 2, 3}) {
    return told(elect_for_shutdown(list({1, 2, 3}), list(isr), live(alive), live(leaving)));
  };
  CHECK(elect({1, 2, 3}, {1}) == "2 of [2,3]");
  CHECK(elect({1, 3}, {1, 2}) == "3 of [3]");
  CHECK(elect({1}, {1}) == "nobody");
  CHECK(elect({1, 2, 3}, {1, 2, 3}) == "nobody");
  CHECK(elect({1, 2, 3}, {1}, {1, 3}) == "3 of [2,3]");  // who is dead is not this rule's matter
  CHECK(elect({1, 2}, {1}, {1, 3}) == "nobody");         // 3 lives, and may lack records
  CHECK(elect({2, 3}, {1}) == "2 of [2,3]");             // it left the ISR already
}

namespace {

/// "1a" is broker 1 in rack a.
std::vector<RackedBroker> racked(const std::vector<std::string>& names) {
  std::vector<RackedBroker> brokers;
  for (const std::string& name : names)
    brokers.push_back({BrokerId(name[0] - '0'), name.substr(1)});
  return brokers;
}

/// "1,2 2,3": replicas of each partition.
std::string told(const std::optional<std::vector<std::vector<BrokerId>>>& assignment) {
  if (!assignment) return "refused";
  std::string text;
  for (const std::vector<BrokerId>& replicas : *assignment) {
    text += text.empty() ? "" : " ";
    for (const BrokerId one : replicas) text += fmt::format("{}", one) + ",";
    text.pop_back();
  }
  return text;
}

}  // namespace

TEST_CASE("replicas of a new topic lie evenly, and no two of a partition on one broker", "[unit]") {
  RandomStream random(1, "assignment");
  const auto assigned = assign_replicas(racked({"1", "2", "3", "4", "5"}),
                                        {.partitions = 10, .replication_factor = 3}, random);
  REQUIRE(assigned);
  REQUIRE(assigned->size() == 10);
  std::map<BrokerId, int> replicas;
  std::map<BrokerId, int> leaders;
  std::map<BrokerId, std::set<BrokerId>> first_followers;
  for (const std::vector<BrokerId>& one : *assigned) {
    CHECK(std::set<BrokerId>(one.begin(), one.end()).size() == 3);
    ++leaders[one.front()];
    first_followers[one.front()].insert(one[1]);
    for (const BrokerId broker : one) ++replicas[broker];
  }
  for (const BrokerId broker : list({1, 2, 3, 4, 5})) {
    CHECK(leaders[broker] == 2);
    CHECK(replicas[broker] == 6);
    CHECK(first_followers[broker].size() == 2);  // its load goes to two when it dies
  }
}

TEST_CASE("with as many replicas as brokers everyone has one, and one broker needs no followers",
          "[unit]") {
  RandomStream random(1, "assignment");
  const auto all =
      assign_replicas(racked({"1", "2", "3"}), {.partitions = 6, .replication_factor = 3}, random);
  REQUIRE(all);
  for (const std::vector<BrokerId>& one : *all) {
    CHECK(std::set<BrokerId>(one.begin(), one.end()) == live({1, 2, 3}));
  }
  CHECK(told(assign_replicas(racked({"7"}), {.partitions = 2}, random)) == "7 7");
}

// The tables of AdminUtils' own comments, and what follows from them.
TEST_CASE("a topic that grows goes on where its first partition began", "[unit]") {
  RandomStream random(1, "assignment");
  const std::vector<RackedBroker> brokers = racked({"0", "1", "2", "3", "4"});
  CHECK(told(assign_replicas(brokers, {.partitions = 10, .replication_factor = 3, .start = 0},
                             random)) ==
        "0,1,2 1,2,3 2,3,4 3,4,0 4,0,1 0,2,3 1,3,4 2,4,0 3,0,1 4,1,2");
  CHECK(told(assign_replicas(
            brokers, {.partitions = 2, .replication_factor = 3, .first_partition = 2, .start = 0},
            random)) == "2,3,4 3,4,0");
}

TEST_CASE("no rack has two replicas while another has none", "[unit]") {
  RandomStream random(1, "assignment");
  // Brokers of racks in turn: 0, 3, 1, 5, 4, 2.
  const std::vector<RackedBroker> brokers = racked({"0a", "1c", "2c", "3b", "4b", "5a"});
  CHECK(told(assign_replicas(brokers, {.partitions = 7, .replication_factor = 3, .start = 0},
                             random)) == "0,3,1 3,1,5 1,5,4 5,4,2 4,2,0 2,0,3 0,4,2");
  std::map<BrokerId, std::string> rack;
  for (const RackedBroker& broker : brokers) rack[broker.id] = broker.rack;
  for (int factor = 1; factor <= 6; ++factor) {
    const auto drawn =
        assign_replicas(brokers, {.partitions = 30, .replication_factor = factor}, random);
    REQUIRE(drawn);
    for (const std::vector<BrokerId>& replicas : *drawn) {
      std::set<std::string> racks;
      for (const BrokerId one : replicas) racks.insert(rack[one]);
      CHECK(std::set<BrokerId>(replicas.begin(), replicas.end()).size() == replicas.size());
      CHECK(static_cast<int>(racks.size()) == std::min(factor, 3));
    }
  }
}

TEST_CASE("with racks of some brokers only nothing is placed", "[unit]") {
  RandomStream random(1, "assignment");
  CHECK(told(assign_replicas(racked({"1a", "2"}), {.partitions = 1}, random)) == "refused");
}

// ReplicaAssignment.reassignTo; the example of KafkaController.updateCurrentReassignment.
TEST_CASE("a reassignment names what is wanted first, then what leaves", "[unit]") {
  const auto text = [](const std::vector<BrokerId>& brokers) { return to_text(brokers); };
  const ReplicaAssignment before{list({1, 2, 3})};
  const ReplicaAssignment moved = before.reassigned_to(list({4, 5, 6}));
  CHECK(text(moved.replicas) == "4,5,6,1,2,3");
  CHECK(text(moved.moving.adding) == "4,5,6");
  CHECK(text(moved.moving.removing) == "1,2,3");
  CHECK(text(moved.target()) == "4,5,6");
  CHECK(text(moved.origin()) == "1,2,3");
  const ReplicaAssignment other = before.reassigned_to(list({3, 4, 2}));
  CHECK(text(other.replicas) == "3,4,2,1");
  CHECK(text(other.moving.adding) == "4");
  CHECK(text(other.moving.removing) == "1");
  // Replaced by another one, it forgets what it added; taken back, it cannot restore the order.
  CHECK(text(other.reassigned_to(list({5, 2, 3})).replicas) == "5,2,3,1");
  CHECK(other.reassigned_to(other.origin()) == ReplicaAssignment{list({3, 2, 1})});
}
