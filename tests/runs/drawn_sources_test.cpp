// A run with every kind of source at once, with real records, through pollers: what comes into
// being is sent, kept and read, as with rows of a file.
#include "tests/runs/run_story.h"
#include "tests/temporary.h"

#include <cmath>
#include <filesystem>
#include <fstream>

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

constexpr const char* every_kind = R"json({
  "name": "every_kind", "starts_at": "20:00:00", "duration": "60s", "seed": 4,
  "hardware": {"pc": {"disks": [{"kind": "ssd"}]}},
  "zookeeper": {"nodes": 3, "machine": "pc"},
  "brokers": {"count": 3, "machine": "pc"},
  "topics": [{"name": "t", "partitions": 6, "replication.factor": 3}],
  "sources": [
    {"name": "clicks", "rate": "50/s", "record_size": "200B", "until": "50s"},
    {"name": "views", "until": "50s", "record_size": {"median": "300B", "sigma": 0.8, "max": "5KB"},
     "rate": {"daily": {"mean": "20/s", "peak": "50/s", "peak_at": "20:30:00"}},
     "keys": {"zipf": {"count": 1000, "exponent": 1.1}}},
    {"name": "jobs", "arrivals": "even", "until": "50s", "record_size": "1KB",
     "rate": {"bursts": {"base": "1/s", "rate": "100/s", "every": "20s", "for": "5s"}},
     "keys": {"hot": {"share": 0.4, "count": 50}}},
    {"name": "replay", "rate": {"file": "rates.csv"}, "record_size": {"file": "sizes.csv"},
     "keys": {"uniform": {"count": 30}}, "until": "50s"},
    {"name": "cashiers", "loop": {"closed": {"users": 20, "think_time": "500ms"}},
     "record_size": "150B", "until": "50s"}
  ],
  "producers": [PRODUCERS],
  "consumers": [{"group": "readers", "members": 2, "machine": "pc", "topics": ["t"],
                 "config": {"auto.offset.reset": "earliest"}}],
  "expect": [{"no_acknowledged_record_lost": true}, {"all_records_consumed": true}]})json";

scenarios::Scenario scenario_of_every_kind() {
  const std::string folder = temporary_path("every_kind");
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/rates.csv") << "time,rate\n5,0\n25,20\n45,0\n";
  std::ofstream(folder + "/sizes.csv") << "size,share\n100,5\n1KB,1\n";
  std::string producers;
  for (const char* source : {"clicks", "views", "jobs", "replay", "cashiers"}) {
    producers += fmt::format(
        R"({}{{"name": "of-{}", "machine": "pc", "source": "{}", "topic": "t",
        "poll_interval": "100ms", "config": {{"acks": "all", "enable.idempotence": false}}}})",
        producers.empty() ? "" : ",", source, source);
  }
  std::string text = every_kind;
  text.replace(text.find("PRODUCERS"), 9, producers);
  const scenarios::Loaded loaded = scenarios::parse_scenario(text, "every_kind.json", folder);
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return *loaded.scenario;
}

}  // namespace

TEST_CASE("drawn sources of every kind are sent, kept and read, real or phantom", "[unit]") {
  scenarios::Scenario scenario = scenario_of_every_kind();
  for (const auto& source : scenario.sources) CHECK_FALSE(source.phantom);
  const bool phantom = GENERATE(false, true);
  INFO((phantom ? "phantoms" : "real records"));
  for (auto& source : scenario.sources) source.phantom = phantom;
  const auto report = play(scenario);
  std::filesystem::remove_all(scenario.directory);
  INFO(report.text());
  CHECK(report.verdict == scenarios::Verdict::pass);
  CHECK(report.failed == 0);
  CHECK(report.pending == 0);
  // 50 s of clicks, 50 s of views near their peak, two bursts, a hill of 400.
  const double open = 2500 + 2500 + 50 + 2 * 5 * 99 + 400;
  // A user of the closed loop takes 500 ms and what the poller and the cluster take: at most 100 ms
  // until the next poll, twice.
  const double most_closed = 20 * 50 / 0.5;
  const double least_closed = 20 * (50 - 4) / 0.75;
  const auto sent = static_cast<double>(report.sent);
  CHECK(sent < open + most_closed + 5 * std::sqrt(open));
  CHECK(sent > open + least_closed - 5 * std::sqrt(open));
}

namespace {

/// Twenty users who think for half a second, on one machine, until 50 s.
scenarios::Scenario closed_loop(const std::string& faults) {
  std::string text = every_kind;
  const std::size_t sources = text.find("\"sources\": [") + 12;
  const std::size_t cashiers = text.find("{\"name\": \"cashiers\"");
  text.erase(sources, cashiers - sources);
  text.replace(text.find("PRODUCERS"), 9,
               R"({"name": "till", "machine": "pc", "source": "cashiers", "topic": "t",
                   "poll_interval": "100ms",
                   "config": {"acks": "all", "enable.idempotence": false}})");
  text.replace(text.find("\"expect\""), 8, "\"faults\": " + faults + ", \"expect\"");
  const scenarios::Loaded loaded = scenarios::parse_scenario(text, "closed.json", "");
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return *loaded.scenario;
}

}  // namespace

TEST_CASE("users of a closed loop wait for a program that stands still, and start with it anew",
          "[unit]") {
  const auto calm = play(closed_loop("[]"));
  const auto paused =
      play(closed_loop(R"([{"at": "20s", "pause": {"machine": "till", "for": "10s"}}])"));
  // From 3 s to 50 s, but for ten seconds; nobody catches up.
  const double share = 37.0 / 47;
  CHECK(static_cast<double>(paused.sent) ==
        Approx(share * static_cast<double>(calm.sent)).epsilon(0.05));
  // All send at once, every 600 ms: at one of these moments their records are under way.
  for (int tenth = 0; tenth < 6; ++tenth) {
    const auto killed = play(closed_loop(fmt::format(
        R"([{{"at": "20.{}s", "kill_process": "till", "as": "k"}},
            {{"at": "30.{}s", "start_process": "k"}}])",
        tenth, tenth)));
    INFO(tenth);
    CHECK(static_cast<double>(killed.sent) ==
          Approx(share * static_cast<double>(calm.sent)).epsilon(0.05));
  }
}

TEST_CASE("who compresses more than it can is late, and never silent", "[unit]") {
  const scenarios::Loaded loaded = scenarios::parse_scenario(R"json({
    "name": "too_much", "duration": "30s", "seed": 2,
    "hardware": {"pc": {"boot_time": "2s"}},
    "zookeeper": {"nodes": 1, "machine": "pc"},
    "brokers": {"count": 1, "machine": "pc"},
    "topics": [{"name": "t", "partitions": 3, "replication.factor": 1}],
    "sources": [{"name": "load", "payload": "phantom", "record_size": "1KB",
                 "rate": [{"from": "10s", "rate": "200k/s"}]}],
    "producers": [{"name": "app", "machine": "pc", "source": "load", "topic": "t",
                   "poll_interval": "10ms", "query_time": "0s", "service_time": "0s",
                   "config": {"acks": "1", "compression.type": "gzip", "enable.idempotence": false}}],
    "consumers": []})json",
                                                             "too_much.json", ".");
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  const auto report = play(*loaded.scenario);
  INFO(report.text());
  CHECK(report.pending > 100'000);
  CHECK(report.acknowledged_rate.mean > 5'000);
  // What a poll brought took longer and longer, and nobody heard of it before all was done.
  CHECK(report.acknowledged_rate.peak < 1.5 * report.acknowledged_rate.mean);
  CHECK(report.work_end > Time(29900ms));
}

TEST_CASE("a mean is of a second at least, and the busiest second is no less", "[unit]") {
  const auto rates = [](const char* until) {
    const scenarios::Loaded loaded = scenarios::parse_scenario(fmt::format(R"json({{
    "name": "short", "duration": "30s", "seed": 2,
    "hardware": {{"pc": {{"boot_time": "2s"}}}},
    "zookeeper": {{"nodes": 1, "machine": "pc"}},
    "brokers": {{"count": 1, "machine": "pc"}},
    "topics": [{{"name": "t", "partitions": 1, "replication.factor": 1}}],
    "sources": [{{"name": "load", "payload": "phantom", "record_size": "100B", "arrivals": "even",
                 "rate": [{{"from": "10s", "rate": "1000/s"}}], "until": "{}"}}],
    "producers": [{{"name": "app", "machine": "pc", "source": "load", "topic": "t",
                   "poll_interval": "700ms", "config": {{"acks": "1"}}}}],
    "consumers": []}})json",
                                                                           until),
                                                               "short.json", ".");
    INFO(to_text(loaded.errors));
    REQUIRE(loaded.scenario.has_value());
    const auto report = play(*loaded.scenario);
    CHECK(report.acknowledged > 0);
    return std::pair(report.acknowledged_rate, report.acknowledged);
  };
  // The first poll brings what came in up to 700 ms before: more in all than the rate says.
  const auto [steady, many] = rates("15s");
  CHECK(steady.mean > 1000);
  CHECK(steady.peak >= steady.mean);
  // All at once: a thousandth of a second of work.
  const auto [at_once, few] = rates("10100ms");
  CHECK(at_once.mean == Approx(static_cast<double>(few)));
  CHECK(at_once.peak == Approx(at_once.mean));
}
