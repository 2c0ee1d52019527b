// Messages between ZooKeeper's clients and servers, and between servers: what they carry and how
// large they are on the wire (jute: a length prefix of 4 bytes, then the fields).
//
// Lifetime: values inside sim::Message. Threads: none.
// Source:   zookeeper.jute; QuorumPacket, LearnerHandler, FastLeaderElection.ToSend.
#pragma once

#include "model/zookeeper/election.h"
#include "model/zookeeper/tree.h"
#include "sim/network.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace brokerlab::model {

/// Every message knows in whose consequence it was sent: a receiver that was busy when it arrived
/// would otherwise blame whatever it was busy with.
struct ZkPayload : sim::Payload {
  sim::EventId cause;
};

/// A client to a server.
struct ZkClientMessage : ZkPayload {
  enum class Type { connect, operation, multi, set_watches, ping, close };

  Type type = Type::ping;
  std::int64_t cxid = 0;
  std::vector<ZkOperation> operations;
  // connect
  SessionId session;  ///< None: a new one.
  std::uint64_t password = 0;
  Duration timeout{0};
  Zxid last_zxid = 0;                     ///< Also of set_watches: the newest the client has seen.
  const sim::Process* process = nullptr;  ///< Not on the wire: for "why is it silent?".
  // set_watches
  std::vector<std::string> data_watches, exist_watches, child_watches;

  Bytes size() const;
  std::string_view kind() const;
};

/// A server to a client.
struct ZkServerMessage : ZkPayload {
  enum class Type { connected, reply, event, ping };

  Type type = Type::ping;
  std::int64_t cxid = 0;
  Zxid zxid = 0;  ///< The last one applied here.
  std::vector<ZkReply> replies;
  ZkEvent event{};
  // connected; without a session: the one asked for has expired.
  SessionId session;
  std::uint64_t password = 0;
  Duration timeout{0};

  Bytes size() const;
  std::string_view kind() const;
};

/// Between a leader and its followers (QuorumPacket).
struct ZkPeerMessage : ZkPayload {
  enum class Type {
    follower_info,  ///< myid, accepted epoch
    leader_info,    ///< the new epoch
    ack_epoch,      ///< the follower's current epoch and last zxid
    truncate,       ///< cut your log after zxid
    snapshot,       ///< the whole tree
    diff,           ///< transactions the follower lacks
    new_leader,     ///< end of the synchronisation; acknowledged when all of it is on disk
    up_to_date,     ///< a majority has; serve clients
    proposal,
    ack,
    commit,  ///< everything up to zxid
    request,
    revalidate,
    ping
  };

  Type type = Type::ping;
  int from = 0;
  Zxid zxid = 0;
  std::int64_t epoch = 0;
  bool wants_snapshot = false;  ///< ack_epoch: our history is of no use.
  std::vector<ZkTransactionPtr> transactions;
  std::shared_ptr<const ZkTree> tree;
  std::vector<SessionId> touched;  ///< ping: heard of since the last one.
  SessionId session;               ///< revalidate
  bool valid = false;              ///< revalidate, answer
  Duration timeout{0};

  Bytes size() const;
  std::string_view kind() const;
};

/// Between election ports.
struct ZkElectionMessage : ZkPayload {
  int hello_from = 0;  ///< The first message of a connection: who opened it.
  ZkNotification notification;

  Bytes size() const { return Bytes(hello_from != 0 ? 32 : 72); }
  std::string_view kind() const { return hello_from != 0 ? "election hello" : "election vote"; }
};

/// Sends it as a consequence of `cause`.
template <class Payload>
void zk_send(sim::Socket& socket, std::unique_ptr<Payload> payload, sim::EventId cause) {
  payload->cause = cause;
  const Bytes size = payload->size();
  const std::string_view kind = payload->kind();
  socket.send(sim::Message{std::move(payload), size, kind});
}

}  // namespace brokerlab::model
