#include "model/zookeeper/tree.h"

#include "base/random.h"

#include <optional>

namespace brokerlab::model {

namespace {

constexpr Bytes header_size{32};    // TxnHeader: clientId, cxid, zxid, time, type
constexpr Bytes session_size{4};    // CreateSessionTxn: timeout
constexpr Bytes acl_size{27};       // one ACL: perms, "world", "anyone"
constexpr Bytes node_overhead{80};  // path length, stat and ACL reference in a snapshot

ZkReply failed(const ZkOperation& operation, ZkError error) {
  ZkReply reply;
  reply.error = error;
  reply.path = operation.path;
  return reply;
}

bool version_matches(int asked, const ZkTree::Node& node) {
  return asked == any_version || asked == node.stat.version;
}

Bytes node_size(const std::string& path, const ZkTree::Node& node) {
  return node_overhead + text_size(path) + text_size(node.data);
}

}  // namespace

Bytes text_size(const std::string& text) {
  return Bytes(4 + static_cast<std::int64_t>(text.size()));
}

/// What touched nodes were before, to undo a multi that fails half way.
struct ZkTree::Undo {
  std::map<std::string, std::optional<Node>> nodes;
  std::vector<std::pair<SessionId, std::string>> added_ephemerals;
  std::vector<std::pair<SessionId, std::string>> removed_ephemerals;
  Bytes size;
  bool wanted = false;

  void remember(const std::map<std::string, Node>& all, const std::string& path) {
    if (!wanted || nodes.contains(path)) return;
    const auto found = all.find(path);
    nodes[path] = found == all.end() ? std::nullopt : std::optional<Node>(found->second);
  }
};

std::string_view to_text(ZkError error) {
  switch (error) {
    case ZkError::no_node:
      return "no node";
    case ZkError::node_exists:
      return "node exists";
    case ZkError::bad_version:
      return "bad version";
    case ZkError::not_empty:
      return "not empty";
    case ZkError::session_expired:
      return "session expired";
    case ZkError::no_children_for_ephemerals:
      return "no children for ephemerals";
  }
  UNREACHABLE();
}

bool is_write(ZkOperation::Type type) {
  switch (type) {
    case ZkOperation::Type::create:
    case ZkOperation::Type::set:
    case ZkOperation::Type::remove:
    case ZkOperation::Type::check:
      return true;
    case ZkOperation::Type::get:
    case ZkOperation::Type::children:
    case ZkOperation::Type::exists:
      return false;
  }
  UNREACHABLE();
}

Bytes wire_size(const ZkOperation& operation) {
  const Bytes path = text_size(operation.path);
  switch (operation.type) {
    case ZkOperation::Type::create:
      return path + text_size(operation.data) + acl_size + Bytes(4);
    case ZkOperation::Type::set:
      return path + text_size(operation.data) + Bytes(4);
    case ZkOperation::Type::remove:
    case ZkOperation::Type::check:
      return path + Bytes(4);
    case ZkOperation::Type::get:
    case ZkOperation::Type::children:
    case ZkOperation::Type::exists:
      return path + Bytes(1);
  }
  UNREACHABLE();
}

Bytes ZkTransaction::size() const {
  Bytes size = header_size;
  if (type == Type::create_session) size += session_size;
  for (const ZkOperation& operation : operations) {
    size += wire_size(operation);
    if (type == Type::multi) size += Bytes(9);  // MultiHeader: type, done, err
  }
  return size;
}

std::string zk_parent(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  ENSURE(slash != std::string::npos, "{} is no ZooKeeper path", path);
  return slash == 0 ? "/" : path.substr(0, slash);
}

ZkTree::ZkTree() : hash_(stable_hash("zookeeper")) { nodes_["/"] = Node{}; }

const ZkTree::Node* ZkTree::find(const std::string& path) const {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? nullptr : &found->second;
}

ZkOutcome ZkTree::apply(const ZkTransaction& transaction) {
  ENSURE(transaction.zxid > zxid_, "transaction {:#x} after {:#x}", transaction.zxid, zxid_);
  zxid_ = transaction.zxid;
  mix(transaction);
  ZkOutcome outcome;
  if (transaction.type == ZkTransaction::Type::create_session) {
    sessions_[transaction.session] = transaction.timeout;
    return outcome;
  }
  if (transaction.type == ZkTransaction::Type::close_session) {
    close_session(transaction.session, outcome.changes);
    return outcome;
  }
  if (!sessions_.contains(transaction.session)) {
    for (const ZkOperation& operation : transaction.operations) {
      outcome.replies.push_back(failed(operation, ZkError::session_expired));
    }
    return outcome;
  }
  Undo undo;
  undo.wanted = transaction.type == ZkTransaction::Type::multi;
  undo.size = size_;
  bool broken = false;
  for (const ZkOperation& operation : transaction.operations) {
    if (broken) {
      outcome.replies.emplace_back();
      continue;
    }
    outcome.replies.push_back(perform(operation, transaction.session, undo, outcome.changes));
    broken = !outcome.replies.back().ok();
  }
  if (broken && undo.wanted) {
    roll_back(undo);
    outcome.changes.clear();
    for (ZkReply& reply : outcome.replies) {
      if (reply.ok()) reply = ZkReply{};
    }
  }
  return outcome;
}

ZkReply ZkTree::perform(const ZkOperation& operation, SessionId session, Undo& undo,
                        std::vector<ZkChange>& changes) {
  if (operation.type == ZkOperation::Type::create) {
    return create(operation, session, undo, changes);
  }
  const auto found = nodes_.find(operation.path);
  if (found == nodes_.end()) return failed(operation, ZkError::no_node);
  Node& node = found->second;
  if (!version_matches(operation.version, node)) return failed(operation, ZkError::bad_version);
  ZkReply reply;
  reply.path = operation.path;
  switch (operation.type) {
    case ZkOperation::Type::set:
      undo.remember(nodes_, operation.path);
      size_ += text_size(operation.data) - text_size(node.data);
      node.data = operation.data;
      node.stat.mzxid = zxid_;
      ++node.stat.version;
      changes.push_back({ZkEvent::Type::data_changed, operation.path});
      break;
    case ZkOperation::Type::remove:
      if (!node.children.empty()) return failed(operation, ZkError::not_empty);
      remove_node(operation.path, undo, changes);
      return reply;
    case ZkOperation::Type::check:
      break;
    default:
      UNREACHABLE("a read is no transaction");
  }
  reply.node.stat = node.stat;
  return reply;
}

ZkReply ZkTree::create(const ZkOperation& operation, SessionId session, Undo& undo,
                       std::vector<ZkChange>& changes) {
  const std::string parent_path = zk_parent(operation.path);
  const auto parent = nodes_.find(parent_path);
  if (parent == nodes_.end()) return failed(operation, ZkError::no_node);
  if (parent->second.stat.ephemeral_owner) {
    return failed(operation, ZkError::no_children_for_ephemerals);
  }
  std::string path = operation.path;
  if (operation.mode == ZkCreateMode::persistent_sequential) {
    path += fmt::format("{:010}", parent->second.child_count);
  }
  if (nodes_.contains(path)) return failed(operation, ZkError::node_exists);
  undo.remember(nodes_, parent_path);
  undo.remember(nodes_, path);
  Node node;
  node.data = operation.data;
  node.stat.czxid = node.stat.mzxid = node.pzxid = zxid_;
  if (operation.mode == ZkCreateMode::ephemeral) {
    node.stat.ephemeral_owner = session;
    ephemerals_[session].insert(path);
    undo.added_ephemerals.emplace_back(session, path);
  }
  parent->second.pzxid = zxid_;
  ++parent->second.child_count;
  parent->second.children.insert(path.substr(path.rfind('/') + 1));
  size_ += node_size(path, node);
  ZkReply reply;
  reply.path = path;
  reply.node.stat = node.stat;
  nodes_[path] = std::move(node);
  changes.push_back({ZkEvent::Type::node_created, path});
  return reply;
}

void ZkTree::remove_node(const std::string& path, Undo& undo, std::vector<ZkChange>& changes) {
  const std::string parent_path = zk_parent(path);
  undo.remember(nodes_, parent_path);
  undo.remember(nodes_, path);
  const auto found = nodes_.find(path);
  const SessionId owner = found->second.stat.ephemeral_owner;
  if (owner) {
    ephemerals_[owner].erase(path);
    undo.removed_ephemerals.emplace_back(owner, path);
  }
  size_ -= node_size(path, found->second);
  Node& parent = nodes_.at(parent_path);
  parent.pzxid = zxid_;
  parent.children.erase(path.substr(path.rfind('/') + 1));
  nodes_.erase(found);
  changes.push_back({ZkEvent::Type::node_deleted, path});
}

void ZkTree::roll_back(Undo& undo) {
  for (auto& [path, before] : undo.nodes) {
    if (before) {
      nodes_[path] = std::move(*before);
    } else {
      nodes_.erase(path);
    }
  }
  // A path may be removed and created again within one multi: what was there before wins.
  for (const auto& [session, path] : undo.added_ephemerals) ephemerals_[session].erase(path);
  for (const auto& [session, path] : undo.removed_ephemerals) {
    const Node* node = find(path);
    if (node != nullptr && node->stat.ephemeral_owner == session) {
      ephemerals_[session].insert(path);
    }
  }
  size_ = undo.size;
}

void ZkTree::close_session(SessionId session, std::vector<ZkChange>& changes) {
  Undo undo;
  const auto owned = ephemerals_.find(session);
  if (owned != ephemerals_.end()) {
    const std::set<std::string> paths = std::move(owned->second);
    ephemerals_.erase(owned);
    for (const std::string& path : paths) remove_node(path, undo, changes);
  }
  ephemerals_.erase(session);
  sessions_.erase(session);
}

ZkReply ZkTree::read(const ZkOperation& operation) const {
  ZkReply reply;
  reply.path = operation.path;
  const Node* node = find(operation.path);
  if (node == nullptr) {
    reply.error = ZkError::no_node;
    return reply;
  }
  reply.node.stat = node->stat;
  if (operation.type == ZkOperation::Type::get) reply.node.data = node->data;
  if (operation.type == ZkOperation::Type::children) {
    reply.children.assign(node->children.begin(), node->children.end());
  }
  return reply;
}

void ZkTree::mix(const ZkTransaction& transaction) {
  const auto add = [this](std::int64_t value) {
    hash_ = mix_hash(hash_, static_cast<std::uint64_t>(value));
  };
  add(transaction.zxid);
  add(static_cast<int>(transaction.type));
  add(transaction.session.value());
  add(transaction.timeout.count());
  for (const ZkOperation& operation : transaction.operations) {
    add(static_cast<int>(operation.type));
    hash_ = stable_hash(operation.path, hash_);
    hash_ = stable_hash(operation.data, hash_);
    add(operation.version);
    add(static_cast<int>(operation.mode));
  }
}

}  // namespace brokerlab::model
