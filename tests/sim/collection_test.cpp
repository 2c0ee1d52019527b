#include "tests/sim/cluster_fixture.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

/// Machine "a" with garbage collection, and a program that allocates at a steady rate.
struct Heap {
  explicit Heap(GcConfig gc, std::uint64_t seed = 1) : world(seed), network(world, {}) {
    MachineConfig config;
    config.cpu.tail_sigma = 0;
    config.gc = gc;
    machine = std::make_unique<Machine>(world, network, MachineId(0), "a", config);
  }
  Process& run(Bytes each_millisecond) {
    Process& process =
        machine->add_process(ProcessId(0), "program", [each_millisecond](Process& self) {
          self.spawn(work(self, each_millisecond));
          return std::make_unique<Program>();
        });
    process.start();
    return process;
  }
  static Task<> work(Process& self, Bytes each) {
    while (true) {
      co_await self.world().sleep(1ms);
      self.allocate(each);
    }
  }
  World world;
  Network network;
  std::unique_ptr<Machine> machine;
};

}  // namespace

TEST_CASE("a process stands still after so many bytes allocated", "[unit]") {
  Heap it({.every = 10_MiB, .pause = 50ms, .sigma = 0});
  Process& process = it.run(1_MiB);
  it.world.run(Time(10ms));
  CHECK(process.paused_until() == Time(60ms));
  const Event& event = it.world.trace().events().back();
  CHECK(it.world.trace().sentence(event, Language::english) ==
        "program on a collects garbage for 50ms");
  it.world.run(Time(599ms));  // 10 ms of work, 50 of collection
  CHECK(process.collecting() == 500ms);
}

TEST_CASE("without gc nothing is ever collected", "[unit]") {
  Heap it({.every = 1_MiB, .pause = 0ns, .sigma = 0});
  Process& process = it.run(1_GiB);
  it.world.run(Time(1s));
  CHECK(process.collecting() == 0ns);
}

TEST_CASE("pauses have a median and a long tail", "[unit]") {
  Heap it({.every = 1_MiB, .pause = 20ms, .sigma = 0.5}, 3);
  it.run(1_MiB);
  std::vector<Duration> pauses;
  it.world.trace().subscribe([&](const Event& event) {
    if (event.kind->name != "process.collects") return;
    pauses.push_back(*parse_duration(event.detail("length")));
  });
  it.world.run(Time(60s));
  std::sort(pauses.begin(), pauses.end());
  REQUIRE(pauses.size() > 2'000);
  CHECK(to_millis(pauses[pauses.size() / 2]) == Approx(20).epsilon(0.05));
  // The 99th percentile of a log-normal: exp(2.326 sigma) medians.
  CHECK(to_millis(pauses[pauses.size() * 99 / 100]) == Approx(64).epsilon(0.1));
}

TEST_CASE("a full collection comes when it is told to and empties the heap", "[unit]") {
  Heap it({.every = 10_MiB, .pause = 50ms, .sigma = 0});
  Process& process = it.run(1_MiB);
  it.world.at(Time(5ms) + 1us, [&] { process.collect(3s); });
  it.world.run(Time(3s));
  CHECK(process.paused_until() == Time(3005ms) + 1us);
  it.world.run(Time(3014ms));  // ten more milliseconds of work until the next young one
  CHECK(process.collecting() == 3s);
  it.world.run(Time(3016ms));
  CHECK(process.collecting() == 3050ms);
}

TEST_CASE("a process that died while it collected begins with an empty heap", "[unit]") {
  Heap it({.every = 10_MiB, .pause = 50ms, .sigma = 0});
  Process& process = it.run(1_MiB);
  it.world.at(Time(12ms), [&] {
    process.kill();
    process.start();
  });
  it.world.run(Time(21ms));
  CHECK(process.collecting() == 50ms);
  CHECK(process.paused_until() < Time(21ms));
  it.world.run(Time(23ms));
  CHECK(process.collecting() == 100ms);
}
