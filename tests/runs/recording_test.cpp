// A run and the file that it is recorded into.
#include "recording/metric_names.h"
#include "recording/reader.h"
#include "recording/rows.h"
#include "scenarios/figures.h"
#include "tests/in_child.h"
#include "tests/runs/run_story.h"

#include <catch2/catch.hpp>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <unistd.h>

namespace brokerlab::tests {

TEST_CASE("a run ends when its recording finds no room", "[unit]") {
  const scenarios::Scenario scenario = load("wifi_auth_broker_crash", short_incident(), 1);
  const std::string path =
      std::filesystem::temp_directory_path() / fmt::format("no_room_{}.run", getpid());
  const std::string told = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);  // as main() does: a write past the limit is an error
    const rlimit small{200'000, 200'000};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    Time came_to{};
    scenarios::RunOptions options;
    options.record = path;
    options.progress = [&](Time now) { came_to = now; };
    const auto report = scenarios::run(scenario, options);
    REQUIRE_FALSE(report.ok());
    CHECK(came_to < Time(scenario.duration / 2));
    return report.error();
  });
  CHECK_THAT(told, Catch::StartsWith("cannot write " + path));
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_FALSE(std::filesystem::exists(path + ".writing"));
}

namespace {

/// What one run left behind, and its report.
struct Recorded {
  explicit Recorded(std::vector<std::string> overrides) {
    const std::string path =
        std::filesystem::temp_directory_path() / fmt::format("metrics_{}.run", getpid());
    report = play(load("wifi_auth_broker_crash_acks_all", std::move(overrides), 1), path);
    auto opened = recording::Reader::open(path);
    auto read = recording::Rows::open(path);
    std::filesystem::remove(path);
    REQUIRE(opened.ok());
    REQUIRE(read.ok());
    reader.emplace(std::move(opened).value());
    rows.emplace(std::move(read).value());
    metrics = reader->metrics();
  }
  /// Of all series of that name; the label, too, where one is given.
  std::vector<recording::Sample> samples(std::string_view name, std::string_view label = {}) const {
    std::vector<recording::Sample> all;
    for (const recording::RecordedMetric& one : metrics) {
      if (one.name != name || (!label.empty() && one.label != label)) continue;
      const auto series = reader->series(one.id);
      all.insert(all.end(), series.begin(), series.end());
    }
    INFO(name);
    REQUIRE_FALSE(all.empty());
    return all;
  }
  double sum(std::string_view name) const {
    double total = 0;
    for (const recording::Sample& one : samples(name)) total += one.value;
    return total;
  }
  double most(std::string_view name, std::string_view label = {}) const {
    double found = 0;
    for (const recording::Sample& one : samples(name, label)) found = std::max(found, one.value);
    return found;
  }
  double least(std::string_view name) const {
    double found = 1e300;
    for (const recording::Sample& one : samples(name)) found = std::min(found, one.value);
    return found;
  }
  /// Of the last samples of all series of that name together.
  double at_the_end(std::string_view name) const {
    double total = 0;
    for (const recording::RecordedMetric& one : metrics) {
      if (one.name == name) total += reader->series(one.id).back().value;
    }
    return total;
  }

  scenarios::RunReport report;
  std::optional<recording::Reader> reader;
  std::optional<recording::Rows> rows;
  std::vector<recording::RecordedMetric> metrics;
};

const Recorded& crash() {
  static const Recorded recorded(short_incident());
  return recorded;
}

}  // namespace

TEST_CASE("whatever is recorded has a name that an operator knows, or says that it has none",
          "[unit]") {
  using Kind = recording::MetricName::Kind;
  CHECK(crash().metrics.size() > 100);
  for (const recording::RecordedMetric& one : crash().metrics) {
    INFO(one.name);
    const recording::MetricName* name = recording::find_metric_name(Kind::series, one.name);
    REQUIRE(name != nullptr);
    CHECK(name->unit == one.unit);
    CHECK(name->label.empty() == one.label.empty());
  }
  int facts = 0;
  auto row = crash().rows->select("SELECT DISTINCT subject, attribute FROM fact");
  for (; row.next(); ++facts) {
    const std::string_view subject = row.text(0);
    const std::string name =
        fmt::format("{} {}", subject.substr(0, subject.find('/')), row.text(1));
    INFO(name);
    CHECK(recording::find_metric_name(Kind::fact, name) != nullptr);
  }
  CHECK(facts > 50);
  const scenarios::Figures figures(crash().report);
  for (const recording::MetricName& one : recording::metric_names()) {
    if (one.kind != Kind::figure) continue;
    std::string path(one.name);
    for (const auto& [blank, value] :
         {std::pair("{group}", "nifi"), std::pair("{partition}", "jnu_wifi_auth-2")}) {
      if (const auto at = path.find(blank); at != std::string::npos) {
        path.replace(at, std::strlen(blank), value);
      }
    }
    INFO(path);
    CHECK(figures.of(path).ok());
  }
}

TEST_CASE("a partition's lag is told when it changes, and adds up to the group's", "[unit]") {
  // What holds at the moments at which the group's is told.
  std::map<std::int64_t, std::int64_t> lags;  // By metric.
  std::int64_t partitions = 0, told = 0;
  auto row = crash().rows->select(
      "SELECT sample.t, sample.value, metric.name, metric.id FROM sample JOIN metric ON "
      "metric.id = sample.metric WHERE metric.label = 'nifi' AND metric.name IN ('records-lag', "
      "'group-lag') ORDER BY sample.t, metric.name DESC");
  for (; row.next(); ++told) {
    const auto value = static_cast<std::int64_t>(row.real(1));
    if (row.text(2) == "records-lag") {
      const auto [before, first] = lags.try_emplace(row.integer(3), value);
      CHECK((first || before->second != value));
      before->second = value;
      ++partitions;
      continue;
    }
    std::int64_t sum = 0;
    for (const auto& [metric, lag] : lags) sum += lag;
    CHECK(value == sum);
  }
  CHECK(lags.size() == 6);
  CHECK(partitions > 20);
  CHECK(partitions < 6 * (told - partitions));
}

TEST_CASE("a lost broker is seen where an operator looks first", "[unit]") {
  const Recorded& run = crash();
  CHECK(run.most("UnderReplicatedPartitions") > 0);
  CHECK(run.at_the_end("UnderReplicatedPartitions") == 0);
  CHECK(run.at_the_end("ActiveControllerCount") == 1);
  CHECK(run.at_the_end("OfflinePartitionsCount") == 0);
  CHECK(run.at_the_end("LeaderCount") * 3 == run.at_the_end("PartitionCount"));
  // A rate is sampled once a second: its samples together are the count.
  const auto grown = run.rows->number(
      "SELECT count(*) FROM event e JOIN event_kind k ON k.id = e.kind "
      "WHERE k.name = 'partition.isr_expanded'");
  CHECK(grown > 0);
  CHECK(run.sum("IsrExpandsPerSec") == Approx(grown));
  // It left the ISRs by the controller's hand, which no leader asked for.
  CHECK(run.sum("IsrShrinksPerSec") == Approx(0));
  // The broker has gone, and has come back.
  CHECK(run.sum("LeaderElectionRateAndTimeMs") >= 2);
  CHECK(run.sum("UncleanLeaderElectionsPerSec") == Approx(0));
  // Fetches wait for something new, acks=all for the followers.
  CHECK(run.most("PurgatorySize", "Fetch") > 0);
  CHECK(run.most("PurgatorySize", "Produce") > 0);
  CHECK(run.most("PurgatorySize", "DeleteRecords") == 0);
  CHECK(run.most("RequestHandlerAvgIdlePercent") <= 1);
  CHECK(run.most("RequestHandlerAvgIdlePercent") > 0.9);
  CHECK(run.least("RequestHandlerAvgIdlePercent") < run.most("RequestHandlerAvgIdlePercent"));
  CHECK(run.least("RequestHandlerAvgIdlePercent") >= 0);
  CHECK(run.most("NetworkProcessorAvgIdlePercent") <= 1);
  CHECK(run.least("NetworkProcessorAvgIdlePercent") >= 0);
  CHECK(run.sum("ReplicationBytesInPerSec") > run.sum("BytesInPerSec"));
  CHECK(run.most("records-lag-max") > 0);
  CHECK(run.most("buffer-available-bytes") == 32.0 * 1024 * 1024);
  CHECK(run.least("buffer-available-bytes") < run.most("buffer-available-bytes"));
  CHECK(run.at_the_end("zk_global_sessions") == 9);  // three brokers, as three servers know them
  CHECK(run.least("zk_znode_count") < run.most("zk_znode_count"));
}

// Two brokers of three stand still for less than their sessions, and for longer than
// replica.lag.time.max.ms: too few are left for acks=all, and it is leaders that say so.
TEST_CASE("an ISR below the minimum, and the leader that asked for it, are seen", "[unit]") {
  std::vector<std::string> overrides = short_incident();
  overrides.emplace_back("brokers.config.replica.lag.time.max.ms=6000");
  overrides.emplace_back(R"(faults=[{"at": "30s", "pause": {"machine": "broker-2", "for": "14s"}},)"
                         R"({"at": "30s", "pause": {"machine": "broker-3", "for": "14s"}}])");
  const Recorded run(overrides);
  CHECK(run.most("UnderMinIsrPartitionCount") > 0);
  CHECK(run.at_the_end("UnderMinIsrPartitionCount") == 0);
  CHECK(run.sum("IsrShrinksPerSec") > 0);
  CHECK(run.sum("IsrExpandsPerSec") > 0);
}

}  // namespace brokerlab::tests
