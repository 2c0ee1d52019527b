// Building the platform of a thousand machines in fifty racks: topology, fabric, SimGrid's hosts
// and links, and the first flow. Once a process, so each iteration is a child; the time is its CPU.
#include "sim/machine.h"
#include "sim/topology.h"
#include "tests/bench/apart.h"

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <array>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

constexpr int port = 9092;

TopologyConfig fifty_racks() {
  TopologyConfig config;
  for (int rack = 0; rack < 50; ++rack) {
    RackConfig it;
    it.name = fmt::format("rack-{}", rack);
    it.machines = {fmt::format("machine-[{}-{}]", rack * 20, rack * 20 + 19)};
    it.uplink.oversubscription = 3;
    config.racks.push_back(it);
  }
  return config;
}

Task<> listen(Process& self) {
  const std::unique_ptr<Listener> listener = self.network().listen(self, port);
  std::optional<SocketPtr> socket = co_await listener->accept();
  if (socket) co_await (*socket)->receive();
  self.world().stop();
}

Task<> send(Process& self) {
  const Result<SocketPtr, NetError> socket =
      co_await self.network().connect(self, MachineId(999), port, never);
  Message large{nullptr, 1_MB, "large"};
  (*socket)->send(std::move(large));
  co_await (*socket)->receive();
}

double resident_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// CPU seconds and megabytes (of the peak) that it took, in this process.
std::array<double, 2> build() {
  const double began = bench::cpu_seconds();
  const double before = resident_megabytes();
  World world(1);
  Network network(world, {}, std::make_shared<const Topology>(fifty_racks()));
  std::vector<std::unique_ptr<Machine>> machines;
  for (int i = 0; i < 1000; ++i) {
    machines.push_back(std::make_unique<Machine>(world, network, MachineId(i),
                                                 fmt::format("machine-{}", i), MachineConfig{}));
  }
  const auto run = [&](int machine, Task<> (*role)(Process&)) {
    machines[static_cast<std::size_t>(machine)]
        ->add_process(ProcessId(machine), "program",
                      [role](Process& self) {
                        self.spawn(role(self));
                        return std::make_unique<Program>();
                      })
        .start();
  };
  run(999, listen);
  run(0, send);
  world.run(Time(1min));
  return {bench::cpu_seconds() - began, resident_megabytes() - before};
}

void build_platform_1000_machines_50_racks(benchmark::State& state) {
  double megabytes = 0;
  for (auto _ : state) {
    const auto cost = bench::apart(build);
    if (!cost) return state.SkipWithError("the child died");
    state.SetIterationTime((*cost)[0]);
    megabytes = std::max(megabytes, (*cost)[1]);
  }
  state.counters["MB"] = megabytes;
}
BENCHMARK(build_platform_1000_machines_50_racks)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(5);

}  // namespace
