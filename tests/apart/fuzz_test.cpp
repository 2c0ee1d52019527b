// Scenarios drawn from seeds: what must hold of them holds, a broken rule is noticed, and what
// shows it is made small.
#include "base/random.h"
#include "model/broken_rules.h"
#include "scenarios/fuzz/campaign.h"
#include "scenarios/fuzz/shrink.h"
#include "scenarios/loader.h"
#include "tests/runs/run_story.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace brokerlab;
using namespace brokerlab::scenarios;

namespace {

/// An empty folder for one test.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/brokerlab-fuzz-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Of the rules that it breaks, until it goes.
class Broken {
 public:
  explicit Broken(model::Rule rule) { model::break_rule(rule); }
  ~Broken() { model::mend_all_rules(); }
  Broken(const Broken&) = delete;
  Broken& operator=(const Broken&) = delete;
};

Campaign campaign_in(const Folder& folder, std::uint64_t first, std::uint64_t seeds) {
  Campaign campaign;
  campaign.first = first;
  campaign.seeds = seeds;
  campaign.folder = folder.path();
  campaign.program = "this test";
  campaign.shrinks = false;
  return campaign;
}

std::string told(const CampaignResult& result) {
  std::string text;
  for (const SeedFinding& one : result.findings) {
    text += fmt::format("seed {}: {}\n  {}\n", one.seed, one.finding.kind, one.finding.detail);
  }
  return text;
}

}  // namespace

TEST_CASE("whatever is drawn runs, and what must hold holds", "[property]") {
  const char* wanted = std::getenv("BROKERLAB_FIRST_SEED");
  const std::uint64_t first = wanted == nullptr ? 1 : std::strtoull(wanted, nullptr, 10);
  const Folder folder;
  const auto seeds = static_cast<std::uint64_t>(tests::seeds_to_try(24));
  const auto result = run_campaign(campaign_in(folder, first, seeds));
  REQUIRE(result.ok());
  INFO(told(*result));
  INFO("again: brokerlab fuzz --seeds 1 --first (the seed)");
  CHECK(result->findings.empty());
  CHECK(result->done == seeds);
}

TEST_CASE("a scenario is a function of its seed, valid, and of the family by turns", "[unit]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const DrawnScenario drawn = draw_scenario(seed);
    CHECK(drawn.text == draw_scenario(seed).text);
    const Loaded loaded = parse_scenario(drawn.text, "drawn.json", ".");
    INFO(drawn.text << to_text(loaded.errors));
    REQUIRE(loaded.scenario.has_value());
    CHECK(family_in(loaded.scenario->name) == drawn.family);
    CHECK(drawn.family == draw_scenario(seed + 3).family);
  }
  CHECK_FALSE(family_in("wifi_auth_broker_crash"));
}

TEST_CASE("a rule that is broken is noticed, and the scenario made small", "[unit]") {
  const Broken broken(model::Rule::high_watermark_bounds_fetches);
  const Folder folder;
  Campaign campaign = campaign_in(folder, 1, 200);
  campaign.stop_after = 1;
  campaign.shrinks = true;
  const auto result = run_campaign(campaign);
  REQUIRE(result.ok());
  REQUIRE(result->findings.size() >= 1);
  const SeedFinding& found = result->findings.front();
  INFO(told(*result));
  CHECK(found.finding.kind == "consumed_records_are_committed is broken");
  // What is left still shows it; a load and a reader are needed, and hardly anything else.
  const auto again = look_again(found.file);
  REQUIRE(again.ok());
  REQUIRE(again->has_value());
  CHECK((*again)->kind == found.finding.kind);
  CHECK(std::filesystem::file_size(found.file) * 2 < std::filesystem::file_size(found.drawn_file));
  model::mend_all_rules();
  const auto mended = look_again(found.file);
  REQUIRE(mended.ok());
  CHECK_FALSE(mended->has_value());
}

TEST_CASE("who was stopped goes on where it was", "[unit]") {
  const Folder folder;
  REQUIRE(run_campaign(campaign_in(folder, 1, 3)).ok());
  // The line of a seed that was being written when the power went.
  std::ofstream(folder.path() + "/seeds.jsonl", std::ios::app) << "{\"see";
  const auto more = run_campaign(campaign_in(folder, 1, 4));
  REQUIRE(more.ok());
  CHECK(more->done == 4);
  CHECK(more->before == 3);
  Campaign other = campaign_in(folder, 1, 4);
  other.program = "another";
  const auto refused = run_campaign(other);
  REQUIRE_FALSE(refused.ok());
  CHECK_THAT(refused.error(), Catch::Contains("is of another program"));
}

TEST_CASE("a fault goes together with what ends it", "[unit]") {
  const Json scenario = json_from(R"({"name": "x", "faults": [
    {"at": "1s", "power_off": "broker-1", "as": "f1"},
    {"at": "2s", "cut": {"between": ["broker-2"], "and": ["brokers"]}, "as": "f2"},
    {"at": "3s", "power_on": "f1"}]})");
  const auto parts = parts_to_leave_out(scenario);
  const std::vector<std::string> together{"/faults/0", "/faults/2"};
  CHECK(std::find(parts.begin(), parts.end(), together) != parts.end());
  CHECK(parts.front() == std::vector<std::string>{"/faults"});
}
