// Watches of the client port: one-time notices, kept by the server the watcher is connected to.

#include "model/zookeeper/frontend.h"

namespace brokerlab::model {

void ZkFrontend::watch(Connection& connection, bool child, const std::string& path) {
  (child ? child_watches_ : data_watches_)[path].insert(connection.id);
  (child ? connection.child_watches : connection.data_watches).insert(path);
}

void ZkFrontend::fire(const ZkChange& change) {
  std::set<std::int64_t> told;
  std::set<std::int64_t> told_of_parent;
  switch (change.type) {
    case ZkEvent::Type::node_created:
      trigger(data_watches_, false, change.path, change.type, told);
      break;
    case ZkEvent::Type::data_changed:
      trigger(data_watches_, false, change.path, change.type, told);
      return;
    case ZkEvent::Type::node_deleted:
      // Who watches data and children of the node is told once.
      trigger(data_watches_, false, change.path, change.type, told);
      trigger(child_watches_, true, change.path, change.type, told);
      break;
    default:
      UNREACHABLE("no change of a node");
  }
  trigger(child_watches_, true, zk_parent(change.path), ZkEvent::Type::children_changed,
          told_of_parent);
}

void ZkFrontend::trigger(Watches& watches, bool child, const std::string& path, ZkEvent::Type type,
                         std::set<std::int64_t>& told) {
  const auto found = watches.find(path);
  if (found == watches.end()) return;
  const std::set<std::int64_t> watchers = std::move(found->second);
  watches.erase(found);
  for (const std::int64_t id : watchers) {
    Connection& connection = *connections_.at(id);
    (child ? connection.child_watches : connection.data_watches).erase(path);
    if (told.insert(id).second) send_event(connection, type, path);
  }
}

void ZkFrontend::send_event(Connection& connection, ZkEvent::Type type, const std::string& path) {
  auto notice = std::make_unique<ZkServerMessage>();
  notice->type = ZkServerMessage::Type::event;
  notice->zxid = replica_->tree().zxid();
  notice->event = ZkEvent{type, path, world_.cause()};
  zk_send(*connection.socket, std::move(notice), world_.cause());
}

/// A client that comes back says what it was watching and how far it had seen; it hears at once of
/// what it has missed.
void ZkFrontend::set_watches(Connection& connection, const ZkClientMessage& request) {
  const ZkTree& tree = replica_->tree();
  const Zxid seen = request.last_zxid;
  for (const std::string& path : request.data_watches) {
    const ZkTree::Node* node = tree.find(path);
    if (node == nullptr) {
      send_event(connection, ZkEvent::Type::node_deleted, path);
    } else if (node->stat.mzxid > seen) {
      send_event(connection, ZkEvent::Type::data_changed, path);
    } else {
      watch(connection, false, path);
    }
  }
  for (const std::string& path : request.exist_watches) {
    if (tree.find(path) != nullptr) {
      send_event(connection, ZkEvent::Type::node_created, path);
    } else {
      watch(connection, false, path);
    }
  }
  for (const std::string& path : request.child_watches) {
    const ZkTree::Node* node = tree.find(path);
    if (node == nullptr) {
      send_event(connection, ZkEvent::Type::node_deleted, path);
    } else if (node->pzxid > seen) {
      send_event(connection, ZkEvent::Type::children_changed, path);
    } else {
      watch(connection, true, path);
    }
  }
}

}  // namespace brokerlab::model
