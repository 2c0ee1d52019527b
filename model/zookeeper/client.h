// A ZooKeeper client, as Kafka's own wrapper (kafka.zookeeper.ZooKeeperClient) uses it.
//
// It keeps one session with the ensemble: connects to one server at random, pings after a third of
// the session timeout without traffic, changes server after two thirds of silence, and learns that
// the session has expired only from a server. Requests are pipelined in order; on a lost
// connection they are retried once connected again (Kafka's retryRequestsUntilConnected), unless
// the session has expired.
//
// One class over 400 lines: session, connection and requests change together at each event.
// Lifetime: owned by the Program of its process. Threads: none.
// Source: ZooKeeper's ClientCnxn; kafka.zookeeper.ZooKeeperClient.
#pragma once

#include "base/result.h"
#include "model/config.h"
#include "model/ids.h"
#include "sim/channel.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::sim {
class Process;
}

namespace brokerlab::model {

enum class ZkError {
  no_node,
  node_exists,
  bad_version,
  not_empty,
  session_expired,
  no_children_for_ephemerals,
};
std::string_view to_text(ZkError error);

struct ZkStat {
  std::int64_t czxid = 0;  ///< Transaction that created the node.
  std::int64_t mzxid = 0;  ///< Transaction that changed its data last.
  int version = 0;         ///< Of the data.
  SessionId ephemeral_owner;
};

struct ZkNode {
  std::string data;
  ZkStat stat;
};

enum class ZkCreateMode { persistent, ephemeral, persistent_sequential };
inline constexpr int any_version = -1;

/// One operation. `version` is checked by set, remove and check unless any_version.
struct ZkOperation {
  enum class Type { create, set, remove, check, get, children, exists };
  Type type;
  std::string path;
  std::string data = {};
  int version = any_version;
  ZkCreateMode mode = ZkCreateMode::persistent;
  bool watch = false;  ///< get, children, exists: tell me once when it changes.
};

struct ZkReply {
  std::optional<ZkError> error;
  std::string path;                   ///< create: the node's real name.
  ZkNode node;                        ///< get, set, create, exists: data (get only) and stat.
  std::vector<std::string> children;  ///< Names, sorted.
  bool ok() const { return !error.has_value(); }
};

struct ZkEvent {
  enum class Type {
    node_created,
    node_deleted,
    data_changed,
    children_changed,
    connected,  ///< The session is there (first time, or after a reconnect).
    disconnected,
    session_expired,  ///< Ephemeral nodes and watches are gone; start() makes a new session.
  };
  Type type;
  std::string path;
  sim::EventId cause = {};  ///< Set it as the cause of what is done about the event.
};

class ZooKeeperClient {
 public:
  /// `servers`: addresses of the ensemble's client ports.
  ZooKeeperClient(sim::Process& process, std::vector<Address> servers, Duration session_timeout,
                  const std::string& client_name);
  ~ZooKeeperClient();

  /// Begins (or, after an expiry, begins anew) to make a session.
  void start();
  /// Waits for a session; false at the deadline (zookeeper.connection.timeout.ms).
  sim::Task<bool> wait_connected(Time deadline);
  /// Ends the session, also one that a server is just making: ephemeral nodes go at once. When no
  /// server can be told, it ends by its timeout.
  sim::Task<> close();

  /// Sends all operations at once, in order, and waits for every reply. Each stands for itself.
  sim::Task<std::vector<ZkReply>> pipeline(std::vector<ZkOperation> operations);
  /// All or nothing (ZooKeeper's multi). On failure the reply of the failing operation has the
  /// error and the others are not done.
  sim::Task<std::vector<ZkReply>> multi(std::vector<ZkOperation> operations);
  sim::Task<ZkReply> call(ZkOperation operation);

  /// Watches that fired and changes of the session, in order.
  sim::Channel<ZkEvent>& events();
  SessionId session() const;
  bool connected() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace brokerlab::model
