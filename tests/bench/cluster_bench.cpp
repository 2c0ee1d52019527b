// Records produced, replicated and consumed a CPU second: 3 brokers, RF 3, real bytes, gzip.
#include "scenarios/loader.h"
#include "scenarios/runner.h"

#include <benchmark/benchmark.h>

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
  std::int64_t records = 0;
  std::uint64_t steps = 0;
  for (auto _ : state) {
    const auto report = scenarios::run(*loaded.scenario);
    records += report->acknowledged;
    steps += report->steps;
  }
  state.SetItemsProcessed(records);
  state.counters["steps"] =
      benchmark::Counter(static_cast<double>(steps), benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(produce_on_three_brokers, acks_1, "wifi_auth_broker_crash")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(produce_on_three_brokers, acks_all, "wifi_auth_broker_crash_acks_all")
    ->Unit(benchmark::kMillisecond);

}  // namespace
