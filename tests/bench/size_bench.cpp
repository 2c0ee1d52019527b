// The speed of the whole model, a recording at the level `control` written, beside the same small
// Kafka as SimGrid's actors: produce requests a CPU second, of 1 MB each, acks=all, three replicas,
// read once. Every run is a child. docs/performance.md has the figures.
#include "scenarios/runner.h"
#include "tests/bench/actors_kafka.h"
#include "tests/bench/apart.h"
#include "tests/bench/load.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <vector>

using namespace brokerlab;

namespace {

constexpr Bytes batch = 1_MB;
constexpr bench::Payload payload = bench::Payload::phantom;

/// Network cards are used to 40 %: a producer's, a broker's in both directions, a consumer's.
bench::Load load_of(int brokers) {
  bench::Load load;
  load.brokers = brokers;
  load.clients = std::max(1, brokers / 3);
  load.rate = 500_per_s;
  load.record = batch;
  load.begin = 12s + brokers * 100ms;  // Brokers are started one after the other.
  load.payload = payload;
  // Real bytes stay in memory, several times.
  const bool is_small = payload == bench::Payload::real;
  load.records = is_small ? (brokers < 10 ? 500 : 20) : (brokers < 10 ? 30'000 : 1'000);
  return load;
}

/// CPU seconds: until the load begins, and in all.
struct Cost {
  double start = 0;
  double all = 0;
  double acknowledged = 0;
  double consumed = 0;
};
using Figures = std::array<double, 4>;

std::optional<Cost> cost_of(const std::optional<Figures>& figures) {
  if (!figures) return {};
  return Cost{(*figures)[0], (*figures)[1], (*figures)[2], (*figures)[3]};
}

std::optional<Cost> run_actors(const scenarios::Scenario& scenario, const bench::Load& load) {
  return cost_of(bench::apart([&]() -> Figures {
    const bench::ActorsRun run = bench::run_kafka_on_actors(scenario, load);
    return {run.building, run.building + run.running, static_cast<double>(run.acknowledged),
            static_cast<double>(run.consumed)};
  }));
}

std::optional<Cost> run_model(const scenarios::Scenario& scenario, const bench::Load& load,
                              const std::string& recording) {
  return cost_of(bench::apart([&]() -> Figures {
    double start = 0;
    const double began = bench::cpu_seconds();
    const auto report = scenarios::run(scenario, {.record = recording, .progress = [&](Time now) {
                                                    if (now <= Time(load.begin)) {
                                                      start = bench::cpu_seconds() - began;
                                                    }
                                                  }});
    if (!report) return {};
    return {start, bench::cpu_seconds() - began, static_cast<double>(report->acknowledged),
            static_cast<double>(report->consumed)};
  }));
}

/// Both must have done the same work: all of it.
bool has_done(const std::optional<Cost>& cost, const bench::Load& load, benchmark::State& state) {
  const auto wanted = static_cast<double>(load.all_records());
  if (!cost) {
    state.SkipWithError("the child died");
  } else if (cost->acknowledged != wanted || cost->consumed != wanted) {
    state.SkipWithError("not every batch was acknowledged and read once");
  } else {
    return true;
  }
  return false;
}

template <class RunOnce>
void count_produces(benchmark::State& state, const RunOnce& run_once) {
  const bench::Folder folder;
  const bench::Load load = load_of(static_cast<int>(state.range(0)));
  const auto scenario = bench::scenario_of(load, folder);
  if (!scenario) return state.SkipWithError(scenario.error().c_str());
  Cost sum;
  for (auto _ : state) {
    const std::optional<Cost> cost = run_once(*scenario, load, folder);
    if (!has_done(cost, load, state)) return;
    state.SetIterationTime(cost->all);
    sum.start += cost->start;
    sum.all += cost->all;
    sum.acknowledged += cost->acknowledged;
  }
  state.counters["produces_per_cpu_s"] = sum.acknowledged / sum.all;
  state.counters["start_cpu_s"] = sum.start / static_cast<double>(state.iterations());
  state.counters["without_start"] = sum.acknowledged / (sum.all - sum.start);
}

void produces_by_actors(benchmark::State& state) {
  count_produces(state, [](const scenarios::Scenario& scenario, const bench::Load& load,
                           const bench::Folder&) { return run_actors(scenario, load); });
}
BENCHMARK(produces_by_actors)
    ->ArgName("brokers")
    ->Arg(3)
    ->Arg(100)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

void produces_by_the_model(benchmark::State& state) {
  count_produces(state, [](const scenarios::Scenario& scenario, const bench::Load& load,
                           const bench::Folder& folder) {
    return run_model(scenario, load, folder / "load.run");
  });
}
BENCHMARK(produces_by_the_model)
    ->ArgName("brokers")
    ->Arg(3)
    ->Arg(100)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

/// How many times as many produces: both turn by turn, the median of the turns' ratios.
void the_model_against_actors(benchmark::State& state) {
  constexpr std::size_t turns = 3;
  const bench::Folder folder;
  const bench::Load load = load_of(static_cast<int>(state.range(0)));
  const auto scenario = bench::scenario_of(load, folder);
  if (!scenario) return state.SkipWithError(scenario.error().c_str());
  std::vector<double> ratios;
  for (auto _ : state) {
    double seconds = 0;
    for (std::size_t turn = 0; turn < turns; ++turn) {
      const std::optional<Cost> actors = run_actors(*scenario, load);
      const std::optional<Cost> model = run_model(*scenario, load, folder / "load.run");
      if (!has_done(actors, load, state) || !has_done(model, load, state)) return;
      ratios.push_back(actors->all / model->all);
      seconds += model->all;
    }
    state.SetIterationTime(seconds / turns);
  }
  std::nth_element(ratios.begin(), ratios.begin() + ratios.size() / 2, ratios.end());
  state.counters["ratio"] = ratios[ratios.size() / 2];
}
BENCHMARK(the_model_against_actors)
    ->ArgName("brokers")
    ->Arg(3)
    ->Arg(100)
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
