#include "model/zookeeper/frontend.h"

#include "base/random.h"
#include "model/events.h"

#include <algorithm>

namespace brokerlab::model {

std::uint64_t zk_password(SessionId session) {
  return mix_hash(stable_hash("superSecret"), static_cast<std::uint64_t>(session.value()));
}

ZkFrontend::ZkFrontend(sim::Process& process, const ZooKeeperConfig& config, int myid,
                       ZkSessionNotes& notes)
    : process_(process), world_(process.world()), config_(config), myid_(myid), notes_(notes) {}

void ZkFrontend::start(const ZkReplica& replica) {
  replica_ = &replica;
  // SessionTrackerImpl.initializeNextSessionId: the server's id, then the clock, then a counter.
  next_session_ = (static_cast<std::int64_t>(myid_) << 56) |
                  ((whole_millis(world_.now()) << 24 >> 8) & 0x00ff'ffff'ffff'ffff);
  listener_ = process_.network().listen(process_, zookeeper_client_port);
  process_.spawn(accept());
}

SessionId ZkFrontend::new_session() { return SessionId(next_session_++); }

sim::Task<> ZkFrontend::accept() {
  while (true) {
    std::optional<sim::SocketPtr> socket = co_await listener_->accept();
    if (!socket) co_return;
    if (!serving()) {
      (*socket)->close();
      continue;
    }
    auto connection = std::make_shared<Connection>();
    connection->id = next_connection_++;
    connection->socket = *socket;
    connection->timeout = sessionless_timeout;
    connections_[connection->id] = connection;
    process_.spawn(converse(connection));
  }
}

sim::Task<> ZkFrontend::converse(ConnectionPtr connection) {
  sim::Socket& socket = *connection->socket;
  while (true) {
    // NIOServerCnxnFactory closes a connection that is silent for longer than its session.
    const Time deadline = world_.now() + connection->timeout + config_.tick_time;
    std::optional<sim::Message> message = co_await socket.receive(deadline);
    if (!message) break;
    std::unique_ptr<ZkClientMessage> request = message->take<ZkClientMessage>();
    const sim::EventId cause = request->cause;
    if (request->type != ZkClientMessage::Type::ping) {
      co_await process_.machine().cpu().run(request_cost);
    }
    if (socket.state() != sim::Socket::State::open || !serving()) break;
    world_.set_cause(cause);
    if (request->type == ZkClientMessage::Type::connect) {
      if (!connect(*connection, *request)) break;
    } else {
      handle(*connection, std::move(request));
    }
  }
  if (socket.state() == sim::Socket::State::reset) {
    const auto note = notes_.find(connection->session);
    if (note != notes_.end() && note->second.server == process_.machine().id()) {
      note->second.trouble = socket.trouble();
    }
  }
  drop(*connection);
}

bool ZkFrontend::connect(Connection& connection, const ZkClientMessage& request) {
  // A client that has seen more than this server must find another, or time would run backwards.
  if (request.last_zxid > replica_->tree().zxid()) return false;
  connection.client = request.process;
  if (!request.session) {
    connection.session = new_session();
    connection.timeout = config_.granted_session(request.timeout);
    by_session_[connection.session] = connection.id;
    note_holder(connection, false);
    ZkTransaction transaction;
    transaction.type = ZkTransaction::Type::create_session;
    transaction.session = connection.session;
    transaction.origin = myid_;
    transaction.timeout = connection.timeout;
    upstream_->submit(std::move(transaction));
    return true;
  }
  connection.session = request.session;
  connection.timeout = config_.granted_session(request.timeout);
  if (request.password != zk_password(request.session)) {
    confirm(connection, false);
    return false;
  }
  if (Connection* old = find(request.session)) drop(*old);
  by_session_[connection.session] = connection.id;
  upstream_->revalidate(connection.session, connection.timeout);
  return true;
}

void ZkFrontend::revalidated(SessionId session, bool valid, Duration timeout) {
  Connection* connection = find(session);
  if (connection == nullptr || connection->ready) return;
  if (valid) connection->timeout = timeout;
  confirm(*connection, valid);
  if (!valid) drop(*connection);
}

void ZkFrontend::confirm(Connection& connection, bool valid) {
  auto answer = std::make_unique<ZkServerMessage>();
  answer->type = ZkServerMessage::Type::connected;
  answer->zxid = replica_->tree().zxid();
  if (valid) {
    connection.ready = true;
    answer->session = connection.session;
    answer->password = zk_password(connection.session);
    answer->timeout = connection.timeout;
    note_holder(connection, true);
  }
  zk_send(*connection.socket, std::move(answer), world_.cause());
}

void ZkFrontend::note_holder(const Connection& connection, bool confirmed) {
  notes_[connection.session] = {
      connection.client, process_.machine().id(), world_.now(), confirmed, {}};
}

void ZkFrontend::handle(Connection& connection, std::unique_ptr<ZkClientMessage> request) {
  if (!connection.ready) return;
  upstream_->touch(connection.session);
  if (request->type == ZkClientMessage::Type::ping) {
    auto answer = std::make_unique<ZkServerMessage>();
    answer->zxid = replica_->tree().zxid();
    zk_send(*connection.socket, std::move(answer), request->cause);
    return;
  }
  if (request->type == ZkClientMessage::Type::set_watches) {
    set_watches(connection, *request);
    return;
  }
  const bool multi = request->type == ZkClientMessage::Type::multi;
  const bool close = request->type == ZkClientMessage::Type::close;
  if (multi || close || is_write(request->operations.front().type)) {
    ZkTransaction transaction;
    transaction.type = multi   ? ZkTransaction::Type::multi
                       : close ? ZkTransaction::Type::close_session
                               : ZkTransaction::Type::operation;
    transaction.session = connection.session;
    transaction.origin = myid_;
    transaction.cxid = request->cxid;
    transaction.operations = request->operations;
    upstream_->submit(std::move(transaction));
  }
  Pending pending;
  pending.cause = request->cause;
  pending.request = std::move(request);
  connection.pending.push_back(std::move(pending));
  advance(connection);
}

void ZkFrontend::advance(Connection& connection) {
  while (!connection.pending.empty()) {
    Pending& head = connection.pending.front();
    const ZkClientMessage& request = *head.request;
    const bool is_read = request.type == ZkClientMessage::Type::operation &&
                         !is_write(request.operations.front().type);
    if (!is_read && !head.done) return;
    if (is_read) {
      world_.set_cause(head.cause);
      head.replies.push_back(read(connection, request.operations.front()));
    }
    reply(connection, request.cxid, std::move(head.replies));
    connection.pending.pop_front();
  }
}

void ZkFrontend::reply(Connection& connection, std::int64_t cxid, std::vector<ZkReply> replies) {
  auto answer = std::make_unique<ZkServerMessage>();
  answer->type = ZkServerMessage::Type::reply;
  answer->cxid = cxid;
  answer->zxid = replica_->tree().zxid();
  answer->replies = std::move(replies);
  zk_send(*connection.socket, std::move(answer), world_.cause());
}

ZkReply ZkFrontend::read(Connection& connection, const ZkOperation& operation) {
  ZkReply reply = replica_->tree().read(operation);
  // A watch is left where something was found; exists() also waits for what is not there yet.
  const bool exists = operation.type == ZkOperation::Type::exists;
  if (operation.watch && (reply.ok() || exists)) {
    watch(connection, operation.type == ZkOperation::Type::children, operation.path);
  }
  return reply;
}

void ZkFrontend::applied(const ZkTransaction& transaction, const ZkOutcome& outcome) {
  if (!serving()) return;
  const sim::EventId before = world_.cause();
  world_.set_cause(transaction.cause);
  for (const ZkChange& change : outcome.changes) fire(change);
  Connection* connection = find(transaction.session);
  if (connection != nullptr && transaction.origin == myid_) {
    if (transaction.type == ZkTransaction::Type::create_session && !connection->ready) {
      confirm(*connection, true);
      record(events::zk_session_created, *connection);
    }
    for (Pending& pending : connection->pending) {
      if (pending.request->cxid != transaction.cxid || pending.done) continue;
      pending.done = true;
      pending.replies = outcome.replies;
      if (transaction.type == ZkTransaction::Type::close_session) {
        record(events::zk_session_closed, *connection);
      }
    }
    advance(*connection);
  }
  if (transaction.type == ZkTransaction::Type::close_session) {
    notes_.erase(transaction.session);
    if (connection != nullptr) drop(*connection);
  }
  world_.set_cause(before);
}

void ZkFrontend::record(const sim::EventKind& kind, const Connection& connection) {
  const sim::MachineId owner = connection.socket->peer();
  world_.trace().record(kind, {.machine = process_.machine().id()},
                        {{"session", fmt::format("{:#x}", connection.session.value())},
                         {"owner", std::string(world_.trace().machine_name(owner))},
                         {"timeout", brokerlab::to_text(connection.timeout)}});
}

void ZkFrontend::stop_serving() {
  upstream_ = nullptr;
  while (!connections_.empty()) drop(*connections_.begin()->second);
}

void ZkFrontend::drop(Connection& connection) {
  connection.socket->close();
  const auto forget = [&connection](Watches& watches, const std::set<std::string>& paths) {
    for (const std::string& path : paths) {
      const auto found = watches.find(path);
      if (found == watches.end()) continue;
      found->second.erase(connection.id);
      if (found->second.empty()) watches.erase(found);
    }
  };
  forget(data_watches_, connection.data_watches);
  forget(child_watches_, connection.child_watches);
  connection.data_watches.clear();
  connection.child_watches.clear();
  connection.pending.clear();
  connection.ready = false;
  const auto holder = by_session_.find(connection.session);
  if (holder != by_session_.end() && holder->second == connection.id) by_session_.erase(holder);
  const std::int64_t id = connection.id;
  connections_.erase(id);
}

ZkFrontend::Connection* ZkFrontend::find(SessionId session) {
  const auto found = by_session_.find(session);
  return found == by_session_.end() ? nullptr : connections_.at(found->second).get();
}

}  // namespace brokerlab::model
