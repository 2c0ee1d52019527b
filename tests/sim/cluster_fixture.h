// A small cluster for the stories of sim/: machines named a, b, c, ... with one program each, told
// what to do by the test. Times are exact: no CPU tail, no jitter, 100 us of delay, 1 Gb/s.
#pragma once

#include "sim/machine.h"

#include <memory>
#include <string>
#include <vector>

namespace brokerlab::sim {

struct Word : Payload {
  explicit Word(std::string what) : text(std::move(what)) {}
  std::string text;
};

inline Message word(std::string text, Bytes size = 100_B, std::string_view kind = "word") {
  return {std::make_unique<Word>(std::move(text)), size, kind};
}

inline std::string text_of(const Message& message) {
  return static_cast<const Word&>(*message.payload).text;
}

/// "1.5ms": the date without its "since when".
inline std::string at_text(Time time) {
  return time == never ? "never" : brokerlab::to_text(time.time_since_epoch());
}

struct Cluster {
  using Role = std::function<Task<>(Cluster&, Process&)>;

  explicit Cluster(int machines, std::uint64_t seed = 1, NicConfig nic = {},
                   NetworkConfig network_config = {},
                   std::shared_ptr<const Topology> topology = nullptr)
      : world(seed), network(world, network_config, std::move(topology)) {
    MachineConfig config;
    config.cpu.tail_sigma = 0;
    config.cpu.cores = 2;
    config.nic = nic;
    config.boot_time = 10s;
    for (int i = 0; i < machines; ++i) {
      hosts.push_back(std::make_unique<Machine>(
          world, network, MachineId(i), std::string(1, static_cast<char>('a' + i)), config));
    }
  }

  /// A process of that machine which runs `role` in each of its lives. It is started.
  Process& run(int machine, Role role) {
    Process& process = host(machine).add_process(
        ProcessId(next_process++), host(machine).name() + "-program", [this, role](Process& self) {
          self.spawn(role(*this, self));
          return std::make_unique<Program>();
        });
    process.start();
    return process;
  }

  Machine& host(int index) { return *hosts[static_cast<std::size_t>(index)]; }
  void at(Duration date, Callback callback) { world.at(Time(date), std::move(callback)); }
  /// Notes "what@when ".
  void note(std::string_view what) { notes += fmt::format("{}@{} ", what, at_text(world.now())); }
  void run_until(Duration date) { world.run(Time(date)); }

  /// Nothing gets from one to the other, until heal().
  void cut(int from, int to) {
    const Impairment nothing_passes{.cut = true};
    cuts.push_back(network.impair({MachineId(from)}, {MachineId(to)}, nothing_passes, {}));
  }
  void heal() {
    for (const ImpairmentId id : cuts) network.repair(id);
    cuts.clear();
  }

  World world;
  Network network;
  std::vector<ImpairmentId> cuts;
  std::vector<std::unique_ptr<Machine>> hosts;
  std::string notes;
  int next_process = 0;
};

}  // namespace brokerlab::sim
