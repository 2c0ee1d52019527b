#include "recording/reader.h"
#include "tests/in_child.h"
#include "tests/runs/run_story.h"
#include "tests/temporary.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace brokerlab;
using namespace brokerlab::tests;
using scenarios::RunReport;
using scenarios::Verdict;

namespace {

std::vector<std::string> operator+(std::vector<std::string> list, const std::string& more) {
  list.push_back(more);
  return list;
}

/// The power fails anywhere in a poll's burst, not only at the scenario's own moment.
std::vector<std::string> somewhere_in_a_burst(std::int64_t seed) {
  const std::int64_t micros = 30'000'000 + (seed * 7919) % 40'000;
  return short_incident() + fmt::format("faults.0.at={}us", micros);
}

std::string golden_path(const std::string& name) {
  return std::string(BROKERLAB_SOURCE_DIR) + "/tests/runs/golden/" + name + ".txt";
}

void compare_with_golden(const std::string& name, const std::string& text) {
  if (std::getenv("BROKERLAB_UPDATE_GOLDENS") != nullptr) {
    std::ofstream(golden_path(name)) << text;
    return;
  }
  std::ifstream in(golden_path(name));
  std::stringstream expected;
  expected << in.rdbuf();
  INFO("after an intended change: BROKERLAB_UPDATE_GOLDENS=1 ./brokerlab test -R runs.golden");
  REQUIRE(text == expected.str());
}

}  // namespace

TEST_CASE("the incident of the demo, told in words", "[golden]") {
  const RunReport report = play(load("wifi_auth_broker_crash", {}, 1));
  compare_with_golden("wifi_auth_broker_crash", report.time_line_text());
  REQUIRE(report.verdict == Verdict::pass);
  // acks=1: the leader answered before a follower had the record.
  REQUIRE(report.lost.size() >= 1);
  for (const RunReport::Lost& lost : report.lost) {
    REQUIRE(lost.why.english.find("acknowledged it at") != std::string::npos);
  }
  REQUIRE(report.acknowledged == report.consumed + static_cast<std::int64_t>(report.lost.size()));
}

TEST_CASE("the same incident with acks=all loses nothing", "[golden]") {
  const RunReport report = play(load("wifi_auth_broker_crash_acks_all", {}, 1));
  compare_with_golden("wifi_auth_broker_crash_acks_all", report.time_line_text());
  REQUIRE(report.verdict == Verdict::pass);
  REQUIRE(report.lost.empty());
  REQUIRE(report.consumed == report.sent);
}

TEST_CASE("another seed is another run", "[unit]") {
  const RunReport one = play(load("wifi_auth_broker_crash", short_incident(), 1));
  const RunReport two = play(load("wifi_auth_broker_crash", short_incident(), 2));
  REQUIRE(one.fingerprint != two.fingerprint);
}

TEST_CASE("with acks=all and two in-sync replicas no seed loses a record", "[property]") {
  const std::int64_t seeds = seeds_to_try(6);
  std::int64_t passed = 0;
  for (std::int64_t seed = 1; seed <= seeds; ++seed) {
    const std::vector<std::string> overrides = somewhere_in_a_burst(seed);
    const scenarios::Scenario scenario = load("wifi_auth_broker_crash_acks_all", overrides, seed);
    const RunReport report = play(scenario);
    INFO("seed " << seed << "; replay: " << replay(scenario, overrides) << "\n" << report.text());
    REQUIRE(report.lost.empty());
    for (const RunReport::Invariant& one : report.invariants) REQUIRE(one.held);
    REQUIRE(report.verdict != Verdict::fail);
    passed += report.verdict == Verdict::pass;
  }
  INFO(passed << " of " << seeds << " runs passed; in the others the fault met no work");
  REQUIRE(2 * passed >= seeds);
}

TEST_CASE("the same power failures with acks=1 do lose records", "[property]") {
  std::int64_t lost = 0;
  for (std::int64_t seed = 1; seed <= 12; ++seed) {
    const RunReport report = play(load("wifi_auth_broker_crash", somewhere_in_a_burst(seed), seed));
    lost += static_cast<std::int64_t>(report.lost.size());
  }
  REQUIRE(lost > 0);
}

TEST_CASE("detection takes ZooKeeper's session timeout: half of it, half the outage", "[unit]") {
  Duration outage[2];
  const Duration timeouts[2] = {18s, 9s};
  for (int i = 0; i < 2; ++i) {
    const std::int64_t millis = whole_millis(timeouts[i]);
    const RunReport report = play(load(
        "wifi_auth_broker_crash",
        short_incident() + fmt::format("brokers.config.zookeeper.session.timeout.ms={}", millis),
        1));
    outage[i] = report.produce.longest;
    // The client pings after a third of the timeout, so the server last heard from it up to that
    // long before; expiry is rounded up to the next tick of 2 s.
    REQUIRE(outage[i] >= timeouts[i] * 2 / 3);
    REQUIRE(outage[i] <= timeouts[i] + 2s + 500ms);
  }
  REQUIRE(outage[1] < outage[0] * 2 / 3);
}

TEST_CASE("a killed process: clients are reset at once, ZooKeeper waits all the same", "[unit]") {
  const std::vector<std::string> overrides = {
      "duration=90s", "sources.0.rate.1.from=20s", "sources.0.rate.2.from=60s",
      "sources.0.until=70s",
      R"(faults=[{"at":"30.01s","kill_process":{"leader_of_most":"jnu_wifi_auth"},"as":"victim"}])"};
  const RunReport report = play(load("wifi_auth_broker_crash", overrides, 1));
  const Time killed = moment(report, "was killed").time;
  const Time noticed = moment(report, "got no answer from").time;
  REQUIRE(noticed - killed < 100ms);
  const Time expired = moment(report, "expired the session").time;
  REQUIRE(expired - killed >= 12s);
  REQUIRE(report.produce.longest >= 12s);
}

TEST_CASE("a fault that meets no work proves nothing", "[unit]") {
  // The source has no more rows; nobody waits for the machine that lent it its program.
  const std::vector<std::string> overrides = {"duration=60s", "sources.0.rate.1.from=12s",
                                              "sources.0.rate.2.from=14s", "sources.0.until=15s",
                                              R"(faults=[{"at":"40s","power_off":"wifi-auth"}])"};
  const RunReport report = play(load("wifi_auth_broker_crash", overrides, 1));
  REQUIRE(report.verdict == Verdict::unknown);
  REQUIRE(report.reasons.front().english.find("met no work") != std::string::npos);
}

TEST_CASE("an expectation that is not met fails the run and says so", "[unit]") {
  const RunReport report = play(load(
      "wifi_auth_broker_crash", short_incident() + R"(expect=[{"unavailability_below":"1s"}])", 1));
  REQUIRE(report.verdict == Verdict::fail);
  REQUIRE(report.reasons.front().english.find("unavailable for produce for 1s or more") !=
          std::string::npos);
}

TEST_CASE("a recording knows a dead leader's log as it was when the power went", "[unit]") {
  const std::string path = temporary_path("dead_leader_test.run");
  const RunReport report = play(load("wifi_auth_broker_crash", {}, 1), path);
  REQUIRE_FALSE(report.lost.empty());
  const auto reader = recording::Reader::open(path);
  REQUIRE(reader.ok());
  const auto state = reader->state_at(Time(340s));
  const auto elected = reader->state_at(Time(350s));
  for (const auto& partition : reader->partitions()) {
    for (const RunReport::Lost& lost : report.lost) {
      if (partition.name() != lost.partition) continue;
      // It acknowledged them alone; who was elected had not fetched them.
      const int leader = elected.partitions.at(partition.id).leader;
      CHECK(state.log_end_offset.at({partition.id, 1}) > lost.offset);
      CHECK(leader != 1);
      CHECK(state.log_end_offset.at({partition.id, leader}) <= lost.offset);
    }
  }
  std::filesystem::remove(path);
}

TEST_CASE("a recording explains a new leader back to the power loss", "[unit]") {
  const std::string path = temporary_path("incident_test.run");
  const RunReport report = play(load("wifi_auth_broker_crash", short_incident(), 1), path);
  const auto reader = recording::Reader::open(path);
  REQUIRE(reader.ok());
  REQUIRE(reader->meta("fingerprint") == report.fingerprint);
  bool found = false;
  for (const recording::RecordedEvent& event : reader->events(recording::EventLevel::control)) {
    if (event.kind != "partition.leader_elected") continue;
    found = true;
    const std::vector<recording::RecordedEvent> chain = reader->causes(event.id);
    REQUIRE(chain.back().kind == "machine.power_off");
    REQUIRE(std::any_of(chain.begin(), chain.end(), [](const recording::RecordedEvent& one) {
      return one.kind == "zk.session_expired";
    }));
  }
  REQUIRE(found);
  std::remove(path.c_str());
}

TEST_CASE("recording a run does not change it", "[unit]") {
  const std::string path = temporary_path("unchanged_test.run");
  const scenarios::Scenario scenario = load("wifi_auth_broker_crash", short_incident(), 5);
  const std::string plain = in_child([&] { return play(scenario).fingerprint; });
  const std::string recorded = in_child([&] { return play(scenario, path).fingerprint; });
  REQUIRE(plain == recorded);
  std::remove(path.c_str());
}
