// The ZooKeeper ensemble: one server program a machine, and what their disks hold.
//
//   ZooKeeperEnsemble zookeeper(machines, config, observer, ProcessId(0));
//   zookeeper.start();
//   ZooKeeperClient client(process, zookeeper.addresses(), 18s, "broker-1");
//
// Servers have the ids (myid) 1, 2, ... in the order of their machines. Each is the process
// "zookeeper" of its machine: kill it, restart it, cut its network, power its machine off.
//
// Lifetime: outlives nothing: made after its machines, destroyed before the World; its processes
//           belong to the machines and use it, so it must live as long as the World runs.
// Threads:  none.
// Source:   org.apache.zookeeper.server.quorum.QuorumPeer (ZooKeeper 3.8). Left out: observers,
//           ACLs, dynamic reconfiguration, local sessions, TTL and container nodes, throttling.
#pragma once

#include "model/config.h"
#include "model/ids.h"
#include "model/observer.h"
#include "model/zookeeper/election.h"
#include "sim/machine.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace brokerlab::model {

class ZooKeeperEnsemble {
 public:
  /// What a look at one running server shows ("srvr").
  struct Status {
    ZkRole role = ZkRole::looking;
    bool serving = false;    ///< Has a leader, or is one, and answers clients.
    std::int64_t epoch = 0;  ///< Last one it was synchronised in.
    std::int64_t zxid = 0;   ///< Last transaction applied.
    std::uint64_t hash = 0;  ///< Of everything applied.
    std::size_t nodes = 0;
    std::size_t sessions = 0;
  };

  /// Adds the process "zookeeper" to every machine, with process ids from `first` on.
  ZooKeeperEnsemble(std::vector<sim::Machine*> machines, const ZooKeeperConfig& config,
                    Observer& observer, sim::ProcessId first);
  ZooKeeperEnsemble(const ZooKeeperEnsemble&) = delete;
  ZooKeeperEnsemble& operator=(const ZooKeeperEnsemble&) = delete;
  ~ZooKeeperEnsemble();

  void start();  ///< Every server.

  int size() const;
  std::vector<Address> addresses() const;  ///< Of the client ports.
  sim::Process& process(int myid) const;
  /// None while the process is down.
  std::optional<Status> status(int myid) const;
  /// The server that leads an established majority; none when there is none.
  std::optional<int> leader() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace brokerlab::model
