// The search for a limit, without a simulator and with one; and the closed forms beside it.
#include "plan/limit/limit.h"

#include "scenarios/loader.h"
#include "tests/cli/command.h"
#include "tests/plan/small.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace brokerlab;
using namespace brokerlab::plan;

namespace {

double limit_of(double truth, Bisection::Options options, int& asked) {
  Bisection search(options);
  while (const auto factor = search.next()) {
    ++asked;
    REQUIRE(asked < 100);
    search.tell(*factor, *factor <= truth);
  }
  return search.holds().value_or(0);
}

/// A load that only the resource under test can stop.
std::string loaded_cluster(const std::string& machine, const std::string& rate, int groups) {
  std::string consumers;
  for (int i = 0; i < groups; ++i) {
    consumers += fmt::format(
        R"({}{{"group": "g{}", "machine": "client", "members": 3, "topics": ["t"], "service_time": "0s"}})",
        i == 0 ? "" : ", ", i);
  }
  return fmt::format(R"({{
    "name": "loaded", "duration": "40s",
    "hardware": {{"broker": {}, "client": {{"nic": {{"rate": "10Gbps"}}, "cpu": {{"cores": 16}}}}}},
    "brokers": {{"count": 3, "machine": "broker"}},
    "topics": [{{"name": "t", "partitions": 12, "replication.factor": 3}}],
    "sources": [{{"name": "s", "payload": "phantom", "rate": "{}", "record_size": "1000 B"}}],
    "producers": [{{"name": "app", "machine": "client", "source": "s", "topic": "t",
      "poll_interval": "5ms", "query_time": "0s", "service_time": "1us",
      "config": {{"acks": "all", "linger.ms": 5, "batch.size": 65536}}}}],
    "consumers": [{}]}})",
                     machine, rate, consumers);
}

Limit limit_of_text(const std::string& text, const LimitOptions& options) {
  auto loaded = scenarios::parse_scenario(text, "loaded.json", ".");
  REQUIRE(to_text(loaded.errors) == "");
  auto book = TrialBook::open("", "one program");
  auto limit = find_limit(*loaded.scenario, options, *book);
  REQUIRE(limit.ok());
  return std::move(*limit);
}

}  // namespace

TEST_CASE("a bisection finds what holds, from any side, with both neighbours tried", "[unit]") {
  for (const double truth : {0.01, 0.3, 0.999, 1.0, 1.7, 64.0, 900.0}) {
    int asked = 0;
    const double found = limit_of(truth, {}, asked);
    CHECK(found <= truth);
    CHECK(found * 1.02 >= truth);
    CHECK(asked <= 18);
  }
  int asked = 0;
  CHECK(limit_of(0, {}, asked) == 0);  // nothing holds
  CHECK(limit_of(1e9, {}, asked) == 1024);
}

TEST_CASE("what is under way at the end of the load has the time that it may take", "[unit]") {
  Objectives objectives;
  objectives.p99_produce = 1s;
  objectives.p99_end_to_end = 3s;
  const auto of = [&](const char* until) {
    std::string text = loaded_cluster("{}", "100/s", 0);
    text.replace(text.find(R"("name": "s")"), 11, fmt::format(R"("name": "s"{})", until));
    const auto loaded = scenarios::parse_scenario(text, "loaded.json", ".");
    REQUIRE(to_text(loaded.errors) == "");
    return answered(*loaded.scenario, objectives);
  };
  CHECK(of("").duration == 43s);
  CHECK(of("").sources[0].until == Duration(40s));
  CHECK(of(R"(, "until": "30s")").sources[0].until == Duration(30s));
}

TEST_CASE("an interval is as wide as its values are apart", "[unit]") {
  const Interval one = confidence({3});
  CHECK((one.low == 3 && one.high == 3));
  const Interval three = confidence({1, 2, 3});
  CHECK(three.mean == 2);
  CHECK(three.high == Approx(2 + 4.303 / std::sqrt(3.0)));  // Student's t, two degrees of freedom
}

TEST_CASE("AWS's closed forms are what they are printed as", "[unit]") {
  // m5.large x 3, r = 3, two groups: EBS 81.25 MB/s x 3 / 3; NIC 93.75 MB/s x 3 / (2 + 2).
  Cluster cluster;
  cluster.brokers = 3;
  cluster.machine.nic.rate = BytesPerSecond(93'750'000);
  cluster.machine.disks.front() = sim::DiskConfig::of(sim::DiskKind::volume);
  cluster.machine.disks.front().write_rate = 250_MBps;
  cluster.machine.disks.front().iops.reset();
  cluster.machine.volume_link.emplace();
  const auto bounds = closed_forms({{1000, 1e6, 72, 3, 2, 0}}, cluster, 1h);
  REQUIRE(bounds.size() == 3);
  CHECK(bounds[0].name == "network");
  CHECK(bounds[0].factor == Approx(70.3125));
  CHECK(bounds[1].name == "disk");
  CHECK(bounds[1].factor == Approx(81.25));
  CHECK(bounds[1].valid);
  CHECK(bounds[2].name == "processor");
  CHECK_FALSE(bounds[2].valid);
}

TEST_CASE("a closed form says where it says nothing", "[unit]") {
  Cluster cluster;
  cluster.brokers = 3;
  const auto bounds = closed_forms({{1000, 1e6, 72, 3, 1, 1}}, cluster, 30s);
  for (const Bound& bound : bounds) {
    INFO(bound.name << ": " << bound.why_not.english);
    CHECK(bound.valid == (bound.name == "network"));
    CHECK(bound.valid == bound.why_not.english.empty());
  }
  CHECK(closed_forms({{1000, 1e6, 2, 2, 1, 0}}, cluster, 1h).front().valid == false);
}

TEST_CASE("a broker that leads more than its part is the one that counts", "[unit]") {
  Cluster cluster;
  cluster.brokers = 3;
  // Four partitions on three brokers: one leads two, half of the load.
  const auto even = closed_forms({{1, 1e6, 3, 1, 1, 0}}, cluster, 1h).front().factor;
  const auto uneven = closed_forms({{1, 1e6, 4, 1, 1, 0}}, cluster, 1h).front().factor;
  CHECK(uneven == Approx(even * (1.0 / 3) / 0.5));
}

TEST_CASE("where the network binds, the simulated limit is the closed form's", "[unit]") {
  LimitOptions options;
  options.seeds = {1, 2};
  options.search.precision = 0.03;
  const Limit limit = limit_of_text(
      loaded_cluster(R"({"nic": {"rate": "100Mbps"}, "disks": [{"kind": "nvme"}]})", "4000/s", 2),
      options);
  INFO(table_text(curve_of(limit)));
  REQUIRE(limit.limits.size() == 2);
  REQUIRE(limit.closed.front().name == "network");
  REQUIRE(limit.closed.front().valid);
  CHECK(limit.factor.mean == Approx(limit.closed.front().factor).epsilon(0.10));
  REQUIRE_FALSE(limit.at_limit.empty());
  CHECK(limit.at_limit.front().resource == Resource::network);
}

TEST_CASE("where the disks bind, the simulated limit is the closed form's", "[unit]") {
  LimitOptions options;
  options.seeds = {1};
  options.search.precision = 0.03;
  const Limit limit = limit_of_text(
      loaded_cluster(
          R"({"nic": {"rate": "10Gbps"}, "page_cache": {"ram": "1200MiB", "heap": "1GiB"},
              "disks": [{"kind": "ssd", "read_rate": "20MB/s", "write_rate": "20MB/s"}]})",
          "8000/s", 1),
      options);
  INFO(table_text(curve_of(limit)));
  REQUIRE(limit.limits.size() == 1);
  REQUIRE(limit.closed.front().name == "disk");
  REQUIRE(limit.closed.front().valid);
  CHECK(limit.factor.mean == Approx(limit.closed.front().factor).epsilon(0.10));
  CHECK(limit.at_limit.front().resource == Resource::disk);
}

TEST_CASE("a load that cannot be scaled is refused", "[unit]") {
  const auto answer = test::command({"limit", "wifi_auth_broker_crash"});
  CHECK(answer.status == 3);
  CHECK(answer.err.find("which cannot be scaled") != std::string::npos);
}

TEST_CASE("a bisection knows about how much is left, and comes to nothing", "[unit]") {
  for (const double truth : {0.3, 1.0, 1.7, 64.0}) {
    Bisection search({});
    std::size_t asked = 0;
    std::size_t after_bracket = 0;
    while (const auto factor = search.next()) {
      CHECK(search.left() >= 1);
      if (search.holds() && search.fails()) {
        // A bracket is halved: from here on it is exact.
        if (after_bracket == 0) after_bracket = asked + search.left();
        CHECK(asked + search.left() == after_bracket);
      }
      ++asked;
      search.tell(*factor, *factor <= truth);
    }
    CHECK(search.left() == 0);
    CHECK(asked == after_bracket);
  }
}

TEST_CASE("a run that does not come to its end is told, and is no load that does not hold",
          "[unit]") {
  // Records with bytes, more than there is memory for: it is refused before it begins.
  std::string text = loaded_cluster("{}", "2000000/s", 0);
  text.replace(text.find(R"("payload": "phantom")"), 20, R"("payload": "real")");
  text.replace(text.find("1000 B"), 6, "100000 B");
  LimitOptions options;
  options.seeds = {1};
  options.search.least = 0.9;
  const Limit limit = limit_of_text(text, options);
  CHECK(limit.limits.empty());
  REQUIRE_FALSE(limit.unknown.empty());
  CHECK_THAT(limit.unknown.front().failed, Catch::Contains("in memory"));
  CHECK(limit.unknown.front().factor == 0.5);
  CHECK(limit.beyond.empty());
  CHECK_THAT(table_csv(curve_of(limit)), Catch::Contains(",unknown,"));
}

TEST_CASE("a group that comes back late reads what is no longer in memory", "[unit]") {
  const auto cold = [](const char* actions) {
    std::string text = loaded_cluster("{}", "8000/s", 1);
    text.replace(text.find(R"("duration": "40s")"), 17, R"("duration": "3h")");
    text.replace(text.find(R"("service_time": "0s"})"), 21,
                 fmt::format(R"("service_time": "0s", "actions": [{}]}})", actions));
    const auto loaded = scenarios::parse_scenario(text, "loaded.json", ".");
    REQUIRE(to_text(loaded.errors) == "");
    return load_of(*loaded.scenario).front().cold_groups;
  };
  // 8 MB/s are written to each broker, whose page cache keeps some GB.
  CHECK(cold("") == 0);
  CHECK(cold(R"({"at": "1min", "do": "pause"}, {"at": "2min", "do": "resume"})") == 0);
  CHECK(cold(R"({"at": "1min", "do": "pause"}, {"at": "2h", "do": "resume"})") == 1);
  CHECK(cold(R"({"at": "2h", "do": "seek_back", "back": "90min"})") == 1);
  CHECK(cold(R"({"at": "2h", "do": "seek_back", "back": "1min"})") == 0);
}

TEST_CASE("an idle time before the load makes it no smaller, and is none of its limits", "[unit]") {
  const auto scenario_with = [](const char* rate) {
    std::string text = test::small_scenario;
    const std::string before = R"("rate": "100/s")";
    text.replace(text.find(before), before.size(), fmt::format(R"("rate": {})", rate));
    text.replace(text.find("10s"), 3, "40s");
    const auto loaded = scenarios::parse_scenario(text, "small.json", ".");
    REQUIRE(loaded.scenario.has_value());
    return *loaded.scenario;
  };
  const auto late = scenario_with(R"([{"from": "5s", "rate": "100/s"}])");
  CHECK(load_of(late).front().records_per_s == Approx(100));
  CHECK(load_of(scenario_with(R"("100/s")")).front().records_per_s == Approx(100));
  CHECK(load_of(scenario_with(R"({"bursts": {"base": "1/s", "rate": "70/s", "every": "10s",
                                 "for": "2s"}})"))
            .front()
            .records_per_s == Approx(70));
  const auto steps_of = [](const scenarios::Scenario& scenario) {
    std::string text;
    const scenarios::Scenario later = settled(scenario);
    const auto& rate = later.sources.front().rate->what;
    for (const auto& step : std::get<scenarios::RateSteps>(rate).steps) {
      text += fmt::format("{:.0f}s {}/s ", to_seconds(step.from), step.rate.count());
    }
    return text;
  };
  CHECK(steps_of(late) == "10s 100/s ");
  CHECK(steps_of(scenario_with(R"("100/s")")) == "10s 100/s ");
  CHECK(steps_of(scenario_with(R"([{"from": "1s", "rate": "1/s"}, {"from": "5s", "rate": "2/s"},
                                  {"from": "30s", "rate": "3/s"}])")) == "10s 2/s 30s 3/s ");
}
