// Recordings: how fast the state at a moment is rebuilt from ten million events, and what writing
// a recording costs a run. docs/performance.md has the figures.
#include "base/random.h"
#include "recording/reader.h"
#include "scenarios/loader.h"
#include "scenarios/runner.h"
#include "tests/bench/apart.h"
#include "tests/bench/folder.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

using namespace brokerlab;
using bench::Folder;

namespace {

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

constexpr std::int64_t ten_million = 10'000'000;
constexpr Duration an_hour = 1h;

/// An hour of a cluster: of ten million events six are messages, three are facts (the logs of all
/// replicas grow, leaders move) and one is events with sentences.
void write_an_hour(recording::Recording& recording, int partitions) {
  constexpr int brokers = 9;
  RandomStream random(1, "hour");
  recording.meta("duration_ns", std::to_string(an_hour.count()));
  for (int i = 0; i < brokers; ++i) recording.machine(i, fmt::format("broker-{}", i), "broker");
  for (int i = 0; i < partitions; ++i) recording.partition(i, "logins", i, false);
  std::vector<std::string> subjects;
  for (int i = 0; i < 3 * partitions; ++i) {
    subjects.push_back(fmt::format("replica/{}/{}", i / 3, (i / 3 + i) % brokers));
  }
  std::vector<std::int64_t> ends(subjects.size());
  const Duration step = an_hour / (ten_million / 10);
  std::size_t replica = 0;
  for (std::int64_t i = 0; i < ten_million / 10; ++i) {
    const Time t(i * step);
    recording.event(
        {.t = t,
         .kind = i % 20 == 0 ? "partition.leader_elected" : "replica.caught_up",
         .level = i % 20 == 0 ? recording::EventLevel::control : recording::EventLevel::detail,
         .machine = static_cast<int>(i % brokers),
         .cause = i > 0 ? std::optional(i) : std::nullopt,
         .en = "broker-3 is in step with broker-1 in logins-17",
         .ko = "broker-3이 logins-17에서 broker-1을 따라잡았습니다"});
    for (int k = 0; k < 3; ++k) {
      replica = (replica + 1) % subjects.size();
      ends[replica] += 1 + random.below(100);
      recording.fact(t, subjects[replica], "leo", std::to_string(ends[replica]));
    }
    if (i % 1000 == 0) {
      const auto partition = random.below(partitions);
      recording.fact(t, fmt::format("partition/{}", partition), "leader",
                     std::to_string(random.below(brokers)));
    }
    for (int k = 0; k < 6; ++k) {
      recording.message({.sent = t + k * 1us,
                         .arrived = t + k * 1us + 300us,
                         .source = static_cast<int>((i + k) % brokers),
                         .destination = static_cast<int>((i + 3 * k + 1) % brokers),
                         .kind = k % 2 == 0 ? "Fetch" : "Fetch response",
                         .size = 1_KiB});
    }
  }
}

/// From the file of a cluster with so many partitions, the state at moments chosen at random.
void rebuild_of_ten_million(benchmark::State& state) {
  const Folder folder;
  const std::string path = folder / "hour.run";
  auto recording = recording::Recording::create(path);
  if (!recording) return state.SkipWithError(recording.error().c_str());
  const auto begin = std::chrono::steady_clock::now();
  write_an_hour(*recording, static_cast<int>(state.range(0)));
  if (const auto written = recording->finish(); !written) {
    return state.SkipWithError(written.error().c_str());
  }
  const double written_in = milliseconds_since(begin) / 1000;
  const auto reader = recording::Reader::open(path);
  if (!reader) return state.SkipWithError(reader.error().c_str());
  RandomStream random(2, "moments");
  std::vector<double> taken;
  for (auto _ : state) {
    const Time moment(Duration(random.below(an_hour.count())));
    const auto one = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(reader->state_at(moment));
    taken.push_back(milliseconds_since(one));
  }
  std::sort(taken.begin(), taken.end());
  state.counters["median_ms"] = taken[taken.size() / 2];
  state.counters["worst_ms"] = taken.back();
  state.counters["MB"] = static_cast<double>(std::filesystem::file_size(path)) * 1e-6;
  state.counters["written_s"] = written_in;
}
BENCHMARK(rebuild_of_ten_million)
    ->ArgName("partitions")
    ->Arg(100)
    ->Arg(1000)
    ->Arg(10'000)
    ->Iterations(200)
    ->Unit(benchmark::kMillisecond);

// --- What recording costs a run ---

/// The incident in 150 seconds, or its cluster under 500 records a second for eight.
std::optional<scenarios::Scenario> scenario_for(bool busy, const char* level) {
  scenarios::LoadOptions options;
  options.overrides = {std::string("recording.level=") + level};
  const std::vector<std::string> incident = {
      "duration=150s",        "sources.0.rate.1.from=20s", "sources.0.rate.2.from=60s",
      "sources.0.until=110s", "faults.0.at=30.008s",       "faults.1.at=60s"};
  const std::vector<std::string> load = {
      "duration=20s", "sources.0.until=18s",
      "faults=[]",    R"(sources.0.rate=[{"from":"10s","rate":"500/s"}])",
      "expect=[]",    "consumers.0.service_time=1ms"};
  const auto& more = busy ? load : incident;
  options.overrides.insert(options.overrides.end(), more.begin(), more.end());
  const auto path = scenarios::find_scenario("wifi_auth_broker_crash");
  if (!path) return std::nullopt;
  return scenarios::load_scenario(*path, options).scenario;
}

double median_of(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

/// CPU seconds without and with a recording, the overhead, and the recording's megabytes.
using RecordingCost = std::array<double, 4>;

/// The same run without and with a recording, turn by turn, each time in the other order.
RecordingCost cost_of_recording(const scenarios::Scenario& scenario, const std::string& path) {
  constexpr int turns = 21;
  std::vector<double> without;
  std::vector<double> with;
  const auto run = [&](bool recorded) {
    const double began = bench::cpu_seconds();
    const auto report = scenarios::run(scenario, {.record = recorded ? path : "", .progress = {}});
    if (!report) _exit(1);
    (recorded ? with : without).push_back(bench::cpu_seconds() - began);
  };
  run(false);  // The first run of a process pays for pages and caches.
  without.clear();
  for (int turn = 0; turn < turns; ++turn) {
    const bool first = turn % 2 == 0;
    run(first);
    run(!first);
  }
  // Of each turn by itself: a machine that is slower for a while is slower for both.
  std::vector<double> overheads;
  for (std::size_t i = 0; i < with.size(); ++i) overheads.push_back(with[i] / without[i] - 1);
  return {median_of(without), median_of(with), median_of(overheads),
          static_cast<double>(std::filesystem::file_size(path)) * 1e-6};
}

void recorded_run(benchmark::State& state, const char* level, bool busy) {
  const auto scenario = scenario_for(busy, level);
  if (!scenario) return state.SkipWithError("no such scenario");
  for (auto _ : state) {
    const Folder folder;
    const std::string path = folder / "a.run";
    const auto cost = bench::apart([&] { return cost_of_recording(*scenario, path); });
    if (!cost) return state.SkipWithError("the child died");
    state.SetIterationTime((*cost)[1]);
    state.counters["run_s"] = (*cost)[0];
    state.counters["recorded_s"] = (*cost)[1];
    state.counters["overhead"] = (*cost)[2];
    state.counters["MB"] = (*cost)[3];
  }
}
BENCHMARK_CAPTURE(recorded_run, incident_control, "control", false)
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(recorded_run, busy_control, "control", true)
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(recorded_run, incident_sampled, "sampled", false)
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(recorded_run, busy_sampled, "sampled", true)
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(recorded_run, incident_all, "all", false)
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(recorded_run, busy_all, "all", true)
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
