// Small records with real bytes: three brokers, acks=all, read once. Records a CPU second.
//
// It asks little of what it includes, so that it can be built at older commits and run beside them.
#include "scenarios/runner.h"
#include "tests/bench/apart.h"
#include "tests/bench/load.h"

#include <benchmark/benchmark.h>

#include <array>

using namespace brokerlab;

namespace {

void real_records_of_1kb(benchmark::State& state) {
  bench::Load load;
  load.records = 20'000;
  load.rate = 5'000_per_s;
  load.record = 1_KB;
  load.linger = 5ms;
  const bench::Folder folder;
  const auto scenario = bench::scenario_of(load, folder);
  if (!scenario) return state.SkipWithError(scenario.error().c_str());
  double records = 0;
  for (auto _ : state) {
    const auto figures = bench::apart([&]() -> std::array<double, 2> {
      const double began = bench::cpu_seconds();
      const auto report = scenarios::run(*scenario);
      const bool all =
          report->acknowledged == load.all_records() && report->consumed == load.all_records();
      return {bench::cpu_seconds() - began, all ? static_cast<double>(report->consumed) : 0};
    });
    if (!figures) return state.SkipWithError("the child died");
    if ((*figures)[1] == 0) return state.SkipWithError("not every record was read once");
    state.SetIterationTime((*figures)[0]);
    records += (*figures)[1];
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(records));
}
BENCHMARK(real_records_of_1kb)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
