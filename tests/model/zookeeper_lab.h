// A small world for stories about ZooKeeper: n servers, machines with clients, and what the
// servers said they applied.
#pragma once

#include "model/zookeeper/client.h"
#include "model/zookeeper/server.h"
#include "sim/machine.h"

#include <catch2/catch.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace brokerlab::model::test {

/// Checks, at each transaction, that all servers hold the same history.
struct Witness : Observer {
  std::map<std::int64_t, std::uint64_t> history;
  std::map<int, std::int64_t> last;  ///< zxid by server.
  int contradictions = 0;
  std::map<std::string, int> roles;

  void on_zookeeper_applied(int myid, std::int64_t zxid, std::uint64_t hash) override {
    const auto [known, is_new] = history.emplace(zxid, hash);
    if (!is_new && known->second != hash) ++contradictions;
    if (zxid <= last[myid]) ++contradictions;
    last[myid] = zxid;
  }
  void on_zookeeper_role(int, std::string_view role) override { ++roles[std::string(role)]; }
};

/// A process with one client, running a script.
struct ClientProgram : sim::Program {
  ClientProgram(sim::Process& its_process, std::vector<Address> servers, Duration timeout)
      : process(its_process),
        world(process.world()),
        zookeeper(process, std::move(servers), timeout, "test") {}

  sim::Process& process;
  sim::World& world;
  ZooKeeperClient zookeeper;

  sim::Task<ZkReply> create(std::string path, std::string data = {},
                            ZkCreateMode mode = ZkCreateMode::persistent) {
    ZkOperation operation{.type = ZkOperation::Type::create, .path = path};
    operation.data = data;
    operation.mode = mode;
    return zookeeper.call(operation);
  }
  sim::Task<ZkReply> get(std::string path, bool watch = false) {
    ZkOperation operation{.type = ZkOperation::Type::get, .path = path};
    operation.watch = watch;
    return zookeeper.call(operation);
  }
  sim::Task<ZkReply> exists(std::string path, bool watch = false) {
    ZkOperation operation{.type = ZkOperation::Type::exists, .path = path};
    operation.watch = watch;
    return zookeeper.call(operation);
  }
  sim::Task<ZkReply> children(std::string path, bool watch = false) {
    ZkOperation operation{.type = ZkOperation::Type::children, .path = path};
    operation.watch = watch;
    return zookeeper.call(operation);
  }
  sim::Task<ZkReply> set(std::string path, std::string data, int version = any_version) {
    ZkOperation operation{.type = ZkOperation::Type::set, .path = path};
    operation.data = data;
    operation.version = version;
    return zookeeper.call(operation);
  }
};

struct Lab {
  using Script = std::function<sim::Task<>(ClientProgram&)>;

  sim::World world;
  sim::Network network;
  Witness witness;
  std::vector<std::unique_ptr<sim::Machine>> machines;
  std::unique_ptr<ZooKeeperEnsemble> zookeeper;
  sim::MachineConfig hardware;
  int next_process = 100;

  explicit Lab(int servers, std::uint64_t seed = 1, ZooKeeperConfig config = {})
      : world(seed), network(world, sim::NetworkConfig{}) {
    hardware.boot_time = 20s;
    hardware.cpu.tail_sigma = 0;
    std::vector<sim::Machine*> hosts;
    for (int i = 1; i <= servers; ++i) hosts.push_back(&add_machine(fmt::format("zk-{}", i)));
    zookeeper = std::make_unique<ZooKeeperEnsemble>(hosts, config, witness, sim::ProcessId(0));
    zookeeper->start();
  }
  ~Lab() { machines.clear(); }

  sim::Machine& add_machine(std::string name) {
    const sim::MachineId id(static_cast<int>(machines.size()));
    return *machines.emplace_back(
        std::make_unique<sim::Machine>(world, network, id, name, hardware));
  }
  /// Server machines are numbered as their servers: 1, 2, ...
  sim::Machine& server(int myid) { return *machines[static_cast<std::size_t>(myid - 1)]; }

  /// Machines are added before anything large crosses the network; a client may start later.
  sim::Process& add_client(std::string name, Script script, bool starts = true,
                           Duration timeout = 18s) {
    sim::Machine& machine = add_machine(name);
    const std::vector<Address> servers = zookeeper->addresses();
    sim::Process& process = machine.add_process(
        sim::ProcessId(next_process++), name, [servers, timeout, script](sim::Process& started) {
          auto program = std::make_unique<ClientProgram>(started, servers, timeout);
          program->zookeeper.start();
          started.spawn(script(*program));
          return program;
        });
    if (starts) process.start();
    return process;
  }

  /// Whatever the test does next has no earlier cause.
  void run_until(Duration date) {
    world.run(Time(date));
    world.set_cause({});
  }
  double now() const { return to_seconds(world.now()); }

  /// The only event of this kind so far.
  const sim::Event* find(std::string_view kind) {
    const sim::Event* found = nullptr;
    for (const sim::Event& event : world.trace().events()) {
      if (event.kind->name == kind) found = &event;
    }
    return found;
  }
  int count(std::string_view kind) {
    int n = 0;
    for (const sim::Event& event : world.trace().events()) n += event.kind->name == kind;
    return n;
  }
  /// "zk.session_expired <- machine.power_off": kinds from the event to its first cause.
  std::string why(const sim::Event& event) {
    std::string text;
    for (const sim::Event* link : world.trace().chain(event.id)) {
      text += (text.empty() ? "" : " <- ") + std::string(link->kind->name);
    }
    return text;
  }
  void isolate(int myid, bool cut) {
    if (!cut) {
      for (const sim::ImpairmentId id : cuts) network.repair(id);
      cuts.clear();
      return;
    }
    const std::vector<sim::MachineId> one{server(myid).id()};
    std::vector<sim::MachineId> others;
    for (const auto& machine : machines) {
      if (machine->id() != one.front()) others.push_back(machine->id());
    }
    const sim::Impairment nothing_passes{.cut = true};
    cuts.push_back(network.impair(one, others, nothing_passes, {}));
    cuts.push_back(network.impair(others, one, nothing_passes, {}));
  }

  std::vector<sim::ImpairmentId> cuts;
};

}  // namespace brokerlab::model::test
