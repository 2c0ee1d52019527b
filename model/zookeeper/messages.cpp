#include "model/zookeeper/messages.h"

namespace brokerlab::model {

namespace {

constexpr Bytes length_prefix{4};
constexpr Bytes request_header{8};    // xid, type
constexpr Bytes reply_header{16};     // xid, zxid, err
constexpr Bytes connect_request{45};  // versions, zxid, timeout, session, password, read-only
constexpr Bytes connect_reply{37};
constexpr Bytes quorum_packet{20};  // type, zxid, data length, authinfo
constexpr Bytes stat_size{68};

Bytes list_size(const std::vector<std::string>& texts) {
  Bytes size{4};
  for (const std::string& text : texts) size += text_size(text);
  return size;
}

Bytes reply_size(const ZkReply& reply) {
  if (!reply.ok()) return Bytes(0);
  Bytes size = stat_size + text_size(reply.path);
  if (!reply.node.data.empty()) size += text_size(reply.node.data);
  if (!reply.children.empty()) size += list_size(reply.children);
  return size;
}

}  // namespace

Bytes ZkClientMessage::size() const {
  Bytes size = length_prefix;
  if (type == Type::connect) return size + connect_request;
  size += request_header;
  for (const ZkOperation& operation : operations) {
    size += wire_size(operation);
    if (type == Type::multi) size += Bytes(9);
  }
  if (type == Type::set_watches) {
    size +=
        Bytes(8) + list_size(data_watches) + list_size(exist_watches) + list_size(child_watches);
  }
  return size;
}

std::string_view ZkClientMessage::kind() const {
  if (type == Type::connect) return "ZooKeeper connect";
  return type == Type::ping ? "ZooKeeper ping" : "ZooKeeper request";
}

Bytes ZkServerMessage::size() const {
  if (type == Type::connected) return length_prefix + connect_reply;
  Bytes size = length_prefix + reply_header;
  if (type == Type::event) size += Bytes(8) + text_size(event.path);
  for (const ZkReply& reply : replies) {
    size += reply_size(reply);
    if (replies.size() > 1) size += Bytes(9);
  }
  return size;
}

std::string_view ZkServerMessage::kind() const {
  switch (type) {
    case Type::connected:
      return "ZooKeeper connected";
    case Type::reply:
      return "ZooKeeper response";
    case Type::event:
      return "ZooKeeper event";
    case Type::ping:
      return "ZooKeeper ping response";
  }
  UNREACHABLE();
}

Bytes ZkPeerMessage::size() const {
  Bytes size = quorum_packet;
  if (type == Type::follower_info) size += Bytes(20);
  if (type == Type::leader_info || type == Type::ack_epoch) size += Bytes(4);
  if (type == Type::revalidate) size += Bytes(13);
  for (const ZkTransactionPtr& transaction : transactions) size += transaction->size();
  // A diff is a row of proposals, each followed by its commit.
  if (type == Type::diff) {
    size += static_cast<std::int64_t>(transactions.size()) * 2 * quorum_packet;
  }
  if (tree) size += tree->size();
  size += static_cast<std::int64_t>(touched.size()) * Bytes(12);  // session, timeout
  return size;
}

std::string_view ZkPeerMessage::kind() const {
  switch (type) {
    case Type::follower_info:
      return "follower info";
    case Type::leader_info:
      return "leader info";
    case Type::ack_epoch:
      return "epoch ack";
    case Type::truncate:
      return "truncate";
    case Type::snapshot:
      return "snapshot";
    case Type::diff:
      return "diff";
    case Type::new_leader:
      return "new leader";
    case Type::up_to_date:
      return "up to date";
    case Type::proposal:
      return "proposal";
    case Type::ack:
      return "ack";
    case Type::commit:
      return "commit";
    case Type::request:
      return "forwarded request";
    case Type::revalidate:
      return "revalidate session";
    case Type::ping:
      return "ZooKeeper peer ping";
  }
  UNREACHABLE();
}

}  // namespace brokerlab::model
