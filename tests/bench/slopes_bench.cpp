// What a load without bytes costs, a simulated second of it, when its records grow a thousandfold
// in as many batches, when its batches do with records of one size, and when the same load goes to
// a hundred times the partitions: CPU time and memory, each run a process of its own.
// docs/performance.md has the figures.
#include "scenarios/runner.h"
#include "tests/bench/apart.h"
#include "tests/bench/load.h"

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <array>
#include <string>

using namespace brokerlab;

namespace {

constexpr int clients = 10;
constexpr std::int64_t seconds = 20;

double most_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

/// So many batches of so many records a second, of three brokers, acks=all, read once.
void run_of(benchmark::State& state, std::int64_t batches, std::int64_t records, Bytes record,
            bench::Load load = {}) {
  load.clients = clients;
  load.rate = PerSecond(static_cast<double>(batches * records) / clients);
  load.records = batches * records / clients * seconds;
  load.record = record;
  load.payload = bench::Payload::phantom;
  load.poll = from_seconds(static_cast<double>(clients) / static_cast<double>(batches));
  load.batch = 1_MB;
  const bench::Folder folder;
  const auto scenario = bench::scenario_of(load, folder);
  if (!scenario) return state.SkipWithError(scenario.error().c_str());
  std::array<double, 4> all{};
  for (auto _ : state) {
    const auto figures = bench::apart([&]() -> std::array<double, 4> {
      double start = 0;
      const double began = bench::cpu_seconds();
      const auto report = scenarios::run(*scenario, {.progress = [&](Time now) {
        if (now <= Time(load.begin)) {
          start = bench::cpu_seconds() - began;
        }
      }});
      const bool done = report && report->acknowledged == load.all_records() &&
                        report->consumed == load.all_records();
      if (!done) return {};
      return {bench::cpu_seconds() - began - start, most_memory(), 1, start};
    });
    if (!figures) return state.SkipWithError("the child died");
    if ((*figures)[2] == 0) return state.SkipWithError("not every record was read once");
    state.SetIterationTime((*figures)[0]);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += (*figures)[i];
  }
  const double runs = all[2];
  state.counters["cpu_ms_a_second"] = all[0] / runs / static_cast<double>(seconds) * 1000;
  state.counters["memory_mb"] = all[1] / runs / 1e6;
  state.counters["cpu_ms_before"] = all[3] / runs * 1000;
}

/// 200 batches a second, of records of 100 bytes.
void load_by_records(benchmark::State& state) {
  constexpr std::int64_t batches = 200;
  run_of(state, batches, state.range(0) / batches, Bytes(100));
}
BENCHMARK(load_by_records)
    ->ArgName("records_a_second")
    ->RangeMultiplier(10)
    ->Range(1'000, 1'000'000)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

/// Batches of ten records of 1 KB.
void load_by_batches(benchmark::State& state) { run_of(state, state.range(0), 10, 1_KB); }
BENCHMARK(load_by_batches)
    ->ArgName("batches_a_second")
    ->RangeMultiplier(10)
    ->Range(10, 10'000)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

/// The same load, over so many partitions: `cpu_ms_before` is what making them costs, and a group
/// that takes them.
void load_by_partitions(benchmark::State& state) {
  bench::Load load;
  load.partitions = static_cast<int>(state.range(0));
  load.begin = 40s;
  run_of(state, 200, 50, Bytes(100), load);
}
BENCHMARK(load_by_partitions)
    ->ArgName("partitions")
    ->RangeMultiplier(10)
    ->Range(100, 10'000)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
