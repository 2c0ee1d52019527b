// Records produced, replicated and consumed a CPU second: 3 brokers, RF 3, real bytes, gzip. Each
// iteration is a child: what comes after may want a network of another shape.
#include "scenarios/loader.h"
#include "scenarios/runner.h"
#include "tests/bench/apart.h"

#include <benchmark/benchmark.h>

#include <array>

using namespace brokerlab;

namespace {

void produce_on_three_brokers(benchmark::State& state, const char* name) {
  const auto path = scenarios::find_scenario(name);
  scenarios::LoadOptions options;
  options.overrides = {"duration=60s", "sources.0.until=55s",
                       "faults=[]",    R"(sources.0.rate=[{"from":"10s","rate":"500/s"}])",
                       R"(expect=[])", "consumers.0.service_time=1ms"};
  const scenarios::Loaded loaded = scenarios::load_scenario(*path, options);
  if (!loaded.scenario) {
    state.SkipWithError(to_text(loaded.errors).c_str());
    return;
  }
  double records = 0;
  double steps = 0;
  for (auto _ : state) {
    const auto figures = bench::apart([&]() -> std::array<double, 3> {
      const double began = bench::cpu_seconds();
      const auto report = scenarios::run(*loaded.scenario);
      return {bench::cpu_seconds() - began, static_cast<double>(report->acknowledged),
              static_cast<double>(report->steps)};
    });
    if (!figures) return state.SkipWithError("the child died");
    state.SetIterationTime((*figures)[0]);
    records += (*figures)[1];
    steps += (*figures)[2];
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(records));
  state.counters["steps"] = benchmark::Counter(steps, benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(produce_on_three_brokers, acks_1, "wifi_auth_broker_crash")
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(produce_on_three_brokers, acks_all, "wifi_auth_broker_crash_acks_all")
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
