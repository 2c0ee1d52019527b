// Events a second of the kernel, beside a bare std::priority_queue of std::function; and with flows
// under way, when the kernel meets SimGrid's engine at each start and end of one.
#include "sim/channel.h"
#include "sim/flows.h"
#include "tests/bench/apart.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <vector>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

constexpr int pending = 1000;
constexpr int rounds = 100;

/// A distinct, irregular date for the i-th wake-up of the n-th sleeper.
Duration gap(int sleeper, int round) {
  return Duration(1000 + (sleeper * 2654435761LL + round * 40503LL) % 1'000'003);
}

struct Event {
  std::int64_t date;
  std::uint64_t order;
  std::function<void()> action;
  bool operator<(const Event& other) const {
    return date != other.date ? date > other.date : order > other.order;
  }
};

void run_bare_queue() {
  std::priority_queue<Event> queue;
  std::uint64_t order = 0;
  std::int64_t now = 0;
  std::function<void(int, int)> step = [&](int sleeper, int round) {
    if (round == rounds) return;
    queue.push({now + gap(sleeper, round).count(), order++,
                [&step, sleeper, round] { step(sleeper, round + 1); }});
  };
  for (int i = 0; i < pending; ++i) step(i, 0);
  while (!queue.empty()) {
    Event event = queue.top();
    queue.pop();
    now = event.date;
    event.action();
  }
}

void bare_priority_queue(benchmark::State& state) {
  for (auto _ : state) run_bare_queue();
  state.SetItemsProcessed(state.iterations() * pending * rounds);
}
BENCHMARK(bare_priority_queue)->Unit(benchmark::kMillisecond);

/// The same work; `flow_count` messages of that size are under way all the time.
void run_kernel(int flow_count, Bytes size) {
  World world(1);
  Flows flows(world);
  std::function<void()> start = [&] { flows.start(0, 1, size, 10_Gbps, [&start] { start(); }); };
  if (flow_count > 0) {
    for (int i = 0; i < 2; ++i) flows.add_host({1_Gbps, 1_Gbps}, -1);
    for (int i = 0; i < flow_count; ++i) start();
  }
  std::function<void(int, int)> step = [&](int sleeper, int round) {
    if (round == rounds) return;
    world.after(gap(sleeper, round), [&step, sleeper, round] { step(sleeper, round + 1); });
  };
  for (int i = 0; i < pending; ++i) step(i, 0);
  world.run(Time(1s));
}

void kernel_callbacks(benchmark::State& state) {
  for (auto _ : state) run_kernel(0, {});
  state.SetItemsProcessed(state.iterations() * pending * rounds);
}
BENCHMARK(kernel_callbacks)->Unit(benchmark::kMillisecond);

/// CPU of the kernel, and how many times as fast it is as the bare queue: both turn by turn, the
/// median of the turns' ratios.
std::array<double, 2> against_bare_queue(int flow_count, Bytes size) {
  constexpr int turns = 15;
  std::vector<double> ratios;
  double seconds = 0;
  for (int turn = 0; turn < turns; ++turn) {
    const double began = bench::cpu_seconds();
    run_bare_queue();
    const double half = bench::cpu_seconds();
    run_kernel(flow_count, size);
    const double kernel = bench::cpu_seconds() - half;
    ratios.push_back((half - began) / kernel);
    seconds += kernel;
  }
  std::nth_element(ratios.begin(), ratios.begin() + turns / 2, ratios.end());
  return {seconds / turns, ratios[turns / 2]};
}

void kernel_against_bare_queue(benchmark::State& state) {
  double ratio = 0;
  for (auto _ : state) {
    const auto figures = bench::apart([&] {
      return against_bare_queue(static_cast<int>(state.range(0)), Bytes(state.range(1)));
    });
    if (!figures) return state.SkipWithError("the child died");
    state.SetIterationTime((*figures)[0]);
    ratio = (*figures)[1];
  }
  state.counters["ratio"] = ratio;
  state.SetItemsProcessed(state.iterations() * pending * rounds);
}
BENCHMARK(kernel_against_bare_queue)
    ->ArgNames({"flows", "bytes"})
    ->Args({0, 0})
    ->Args({1, 1'000'000'000'000})
    ->Args({10, 1'000'000'000'000})
    ->Args({1, 20'000})
    ->Args({10, 20'000})
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

/// Nothing but a resume and the next suspension.
struct Yield {
  std::coroutine_handle<>& handle;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> suspended) { handle = suspended; }
  void await_resume() const noexcept {}
};

Task<> yield_forever(std::coroutine_handle<>& handle) {
  while (true) co_await Yield{handle};
}

void bare_coroutine_resume(benchmark::State& state) {
  World world(1);
  TaskGroup group(world);
  std::coroutine_handle<> handle;
  group.spawn(yield_forever(handle));
  world.run();
  for (auto _ : state) handle.resume();
}
BENCHMARK(bare_coroutine_resume);

Task<> sleeper(World& world, int number) {
  for (int round = 0; round < rounds; ++round) co_await world.sleep(gap(number, round));
}

void kernel_coroutines(benchmark::State& state) {
  for (auto _ : state) {
    World world(1);
    TaskGroup group(world);
    for (int i = 0; i < pending; ++i) group.spawn(sleeper(world, i));
    world.run();
  }
  state.SetItemsProcessed(state.iterations() * pending * rounds);
}
BENCHMARK(kernel_coroutines)->Unit(benchmark::kMillisecond);

Task<> ping(Channel<int>& out, Channel<int>& in, int times) {
  for (int i = 0; i < times; ++i) {
    out.push(i);
    benchmark::DoNotOptimize(co_await in.receive());
  }
}

Task<> pong(Channel<int>& in, Channel<int>& out, int times) {
  for (int i = 0; i < times; ++i) {
    std::optional<int> item = co_await in.receive();
    out.push(*item);
  }
}

void kernel_channels(benchmark::State& state) {
  constexpr int times = 50'000;
  for (auto _ : state) {
    World world(1);
    TaskGroup group(world);
    Channel<int> there(world);
    Channel<int> back(world);
    group.spawn(ping(there, back, times));
    group.spawn(pong(there, back, times));
    world.run();
  }
  state.SetItemsProcessed(state.iterations() * 2 * times);
}
BENCHMARK(kernel_channels)->Unit(benchmark::kMillisecond);

}  // namespace
