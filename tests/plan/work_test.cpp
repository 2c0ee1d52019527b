// Work on a plan's answer: who moves in an expansion, and what both rehearsals come to.
#include "plan/search/answer.h"
#include "plan/search/planner.h"
#include "tests/cli/command.h"
#include "tests/plan/small.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>
#include <set>

using namespace brokerlab;
using namespace brokerlab::plan;

namespace {

std::map<int, int> replicas_of(const Placement& placement) {
  std::map<int, int> count;
  for (const auto& brokers : placement) {
    for (const int broker : brokers) ++count[broker];
  }
  return count;
}

int moved_between(const Placement& before, const Placement& after) {
  int moved = 0;
  for (std::size_t p = 0; p < before.size(); ++p) {
    for (const int broker : after[p]) {
      moved += std::count(before[p].begin(), before[p].end(), broker) == 0 ? 1 : 0;
    }
  }
  return moved;
}

}  // namespace

TEST_CASE("an expansion moves as few replicas as can be, and leaves all with as many", "[unit]") {
  for (const int brokers : {3, 4, 6, 10}) {
    for (const int partitions : {1, 6, 12, 60}) {
      INFO(brokers << " brokers, " << partitions << " partitions");
      const Placement before = spread(partitions, 3, brokers, 1);
      const Placement after = moved_to_new(before, brokers, brokers + 1, 1);
      const auto counts = replicas_of(after);
      const int each = partitions * 3 / (brokers + 1);
      const auto fresh = counts.find(brokers + 1);
      const int got = fresh == counts.end() ? 0 : fresh->second;
      // No more than its part, and all of it where the others have more.
      CHECK(got <= each);
      CHECK(got >= each - 1);
      CHECK(moved_between(before, after) == got);
      for (const auto& replicas : after) {
        CHECK(std::set<int>(replicas.begin(), replicas.end()).size() == 3);
      }
    }
  }
}

TEST_CASE("an expansion leaves each replica in its zone", "[unit]") {
  const Placement before = spread(18, 3, 6, 3);
  const Placement after = moved_to_new(before, 6, 9, 3);
  const auto zones_of = [](const Placement& placement, int in_a_zone) {
    for (const auto& replicas : placement) {
      std::set<int> zones;
      for (const int broker : replicas) zones.insert((broker - 1) / in_a_zone);
      CHECK(zones.size() == 3);
    }
  };
  zones_of(before, 2);
  zones_of(after, 3);
  // Broker 2 of each zone's two is broker 2 of its three: numbers shift, machines do not.
  for (const auto& [broker, count] : replicas_of(after)) CHECK(count == 6);
}

TEST_CASE("a restart and an expansion are rehearsed on the answer, when that is asked for",
          "[unit]") {
  const auto loaded = parse_planning(
      R"({"name": "w", "topics": [{"name": "t", "rate": "200/s", "record_size": "1000B",
          "partitions": 6, "retention": "1h"}],
          "groups": [{"name": "g", "topics": ["t"], "members": 2}],
          "machines": ["office_pc_ssd"], "most_brokers": 4, "lost_for": "20s"})");
  REQUIRE(to_text(loaded.errors) == "");
  auto book = TrialBook::open("", "one program");
  PlanOptions options;
  options.seeds = {1};
  options.rehearse_work = true;
  const auto plan = make_plan(*loaded.planning, options, *book);
  INFO((plan.ok() ? std::string() : plan.error()));
  REQUIRE(plan.ok());
  REQUIRE(plan->work.size() == 2);
  const std::string text = answer_text(*loaded.planning, *plan, "plan");
  INFO(text);
  const RehearsedWork& restart = plan->work[0];
  CHECK(restart.failed.empty());
  CHECK(restart.figures.kept() > 0.999);
  REQUIRE(restart.whole_after_s());
  CHECK(*restart.whole_after_s() >= 4);  // Three brokers, one after the other.
  CHECK(restart.figures.lost == 0);
  const RehearsedWork& expansion = plan->work[1];
  CHECK(expansion.failed.empty());
  CHECK(expansion.brokers == 4);
  CHECK(expansion.figures.kept() > 0.999);
  CHECK(expansion.figures.lost == 0);
  CHECK(expansion.moved_replicas == 4);  // Of 18, a quarter, rounded down.
  CHECK(expansion.all_replicas == 18);
  const auto kept = static_cast<double>(plan->best->cluster.kept_in_all.count());
  CHECK(expansion.moved_bytes == Approx(kept * 4 / 18));
  CHECK(expansion.moving_s > 0);
  CHECK_THAT(text, Catch::Contains("A rolling restart of all 3 brokers") &&
                       Catch::Contains("An expansion to 4 brokers") &&
                       Catch::Contains("4 of 18 replicas move"));
  const auto told = answer_json(*loaded.planning, *plan, "plan");
  CHECK(told["work"].size() == 2);
  CHECK(told["work"][0]["whole_after_s"].is_number());
}
