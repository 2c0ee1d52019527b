// ZooKeeper's data tree: nodes, sessions and the transactions that change them. Pure data: no
// clock, no network.
//
// A transaction is a client's write in the order the leader gave it (its zxid). Every server
// applies the same transactions in the same order and so holds the same tree; hash() runs over
// everything applied and proves it. A write that fails (no_node, bad_version, ...) is a transaction
// too, one that changes nothing, as ZooKeeper's error transactions are.
//
// Lifetime: a value; copying it is taking a snapshot. Threads: none.
// Errors:   what the client asked in vain is the error of its reply.
// Source:   org.apache.zookeeper.server.DataTree, PrepRequestProcessor.
#pragma once

#include "model/zookeeper/client.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::model {

/// High 32 bits: the leader's epoch; low 32 bits: a counter within it.
using Zxid = std::int64_t;
constexpr Zxid first_zxid_of(std::int64_t epoch) { return epoch << 32; }
constexpr std::int64_t epoch_of(Zxid zxid) { return zxid >> 32; }

struct ZkTransaction {
  enum class Type { create_session, close_session, operation, multi };

  Type type = Type::operation;
  Zxid zxid = 0;
  SessionId session;
  int origin = 0;         ///< myid of the server whose client asked; it sends the answer.
  std::int64_t cxid = 0;  ///< The client's number of the request within its session.
  Duration timeout{0};    ///< create_session.
  std::vector<ZkOperation> operations;  ///< One, or all of a multi.
  sim::EventId cause;  ///< In whose consequence it was asked (for "why?"; not on the wire).

  /// Header and body as jute writes them (TxnHeader: 32 bytes).
  Bytes size() const;
};
using ZkTransactionPtr = std::shared_ptr<const ZkTransaction>;

/// Jute's size of a text: its length and its bytes.
Bytes text_size(const std::string& text);
/// Jute's size of one operation as a request or as part of a transaction.
Bytes wire_size(const ZkOperation& operation);
bool is_write(ZkOperation::Type type);

/// What happened to one node, for watches. A created or deleted node also changes its parent's
/// children.
struct ZkChange {
  ZkEvent::Type type;  ///< node_created, node_deleted or data_changed.
  std::string path;
};

struct ZkOutcome {
  std::vector<ZkReply> replies;   ///< One an operation.
  std::vector<ZkChange> changes;  ///< In the order they happened.
};

class ZkTree {
 public:
  struct Node {
    std::string data;
    ZkStat stat;
    Zxid pzxid = 0;       ///< Transaction that changed the set of children last.
    int child_count = 0;  ///< Children ever created: numbers sequential nodes.
    std::set<std::string> children;
  };

  ZkTree();

  /// Applies the next transaction; its zxid must be above zxid().
  ZkOutcome apply(const ZkTransaction& transaction);
  /// get, children or exists.
  ZkReply read(const ZkOperation& operation) const;
  const Node* find(const std::string& path) const;

  /// Living sessions and their timeouts.
  const std::map<SessionId, Duration>& sessions() const { return sessions_; }
  Zxid zxid() const { return zxid_; }
  std::uint64_t hash() const { return hash_; }
  Bytes size() const { return size_; }  ///< Of a snapshot, about.
  std::size_t node_count() const { return nodes_.size(); }

 private:
  struct Undo;

  ZkReply perform(const ZkOperation& operation, SessionId session, Undo& undo,
                  std::vector<ZkChange>& changes);
  ZkReply create(const ZkOperation& operation, SessionId session, Undo& undo,
                 std::vector<ZkChange>& changes);
  void remove_node(const std::string& path, Undo& undo, std::vector<ZkChange>& changes);
  void roll_back(Undo& undo);
  void close_session(SessionId session, std::vector<ZkChange>& changes);
  void mix(const ZkTransaction& transaction);

  std::map<std::string, Node> nodes_;
  std::map<SessionId, Duration> sessions_;
  std::map<SessionId, std::set<std::string>> ephemerals_;
  Zxid zxid_ = 0;
  std::uint64_t hash_ = 0;
  Bytes size_;
};

/// "/a/b" of "/a/b/c"; "/" of "/a".
std::string zk_parent(const std::string& path);

}  // namespace brokerlab::model
