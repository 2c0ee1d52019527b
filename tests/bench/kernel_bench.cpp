// Events a second of the kernel, beside a bare std::priority_queue of std::function.
#include "sim/channel.h"
#include "sim/world.h"

#include <benchmark/benchmark.h>

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

void bare_priority_queue(benchmark::State& state) {
  for (auto _ : state) {
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
  state.SetItemsProcessed(state.iterations() * pending * rounds);
}
BENCHMARK(bare_priority_queue)->Unit(benchmark::kMillisecond);

void kernel_callbacks(benchmark::State& state) {
  for (auto _ : state) {
    World world(1);
    std::function<void(int, int)> step = [&](int sleeper, int round) {
      if (round == rounds) return;
      world.after(gap(sleeper, round), [&step, sleeper, round] { step(sleeper, round + 1); });
    };
    for (int i = 0; i < pending; ++i) step(i, 0);
    world.run();
  }
  state.SetItemsProcessed(state.iterations() * pending * rounds);
}
BENCHMARK(kernel_callbacks)->Unit(benchmark::kMillisecond);

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
