// The connections between election ports: one a pair of servers, made by the one with the higher
// id. What is sent to a peer without a connection waits for one; a newer vote replaces it.
//
// A server that is challenged by a lower id hangs up and calls back, so that two servers never hold
// two connections.
//
// Lifetime: owned by the server's Program. Threads: none.
// Source:   org.apache.zookeeper.server.quorum.QuorumCnxManager.
#pragma once

#include "model/zookeeper/messages.h"
#include "sim/machine.h"

#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace brokerlab::model {

class ZkElectionLinks {
 public:
  /// `machines`: of the servers 1, 2, ...
  ZkElectionLinks(sim::Process& process, int myid, const std::vector<sim::MachineId>& machines,
                  Duration connect_timeout, std::function<void(const ZkNotification&)> receive);

  void start();
  void send(int peer, const ZkNotification& notification);

 private:
  struct Link {
    sim::SocketPtr socket;
    std::optional<ZkNotification> last;  ///< Sent again over each new connection.
    bool connecting = false;
  };

  bool is_open(const Link& link) const {
    return link.socket && link.socket->state() == sim::Socket::State::open;
  }
  void call(int peer);
  sim::Task<> connect(int peer);
  sim::Task<> accept();
  sim::Task<> greet(sim::SocketPtr socket);
  sim::Task<> read(int peer, sim::SocketPtr socket);
  void attach(int peer, sim::SocketPtr socket);

  sim::Process& process_;
  const int myid_;
  const std::vector<sim::MachineId> machines_;
  const Duration connect_timeout_;
  const std::function<void(const ZkNotification&)> receive_;
  std::unique_ptr<sim::Listener> listener_;
  std::map<int, Link> links_;
};

}  // namespace brokerlab::model
