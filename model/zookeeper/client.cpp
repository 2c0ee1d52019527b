#include "model/zookeeper/client.h"

#include "base/random.h"
#include "model/events.h"
#include "model/zookeeper/messages.h"
#include "sim/machine.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

namespace brokerlab::model {

namespace {

/// zookeeper.max.in.flight.requests: more wait in the client.
constexpr int max_in_flight = 10;
/// ClientCnxn.MAX_SEND_PING_INTERVAL.
constexpr Duration max_ping_interval = 10s;
/// ClientCnxn.startConnect waits a random time below this before every attempt but the first.
constexpr Duration reconnect_pause = 1s;

/// One request and its fate.
struct Request {
  explicit Request(sim::World& world) : done(world) {}
  /// Answers that the session is over.
  void expire() {
    for (const ZkOperation& operation : operations) {
      ZkReply reply;
      reply.error = ZkError::session_expired;
      reply.path = operation.path;
      replies.push_back(std::move(reply));
    }
    done.set(true);
  }

  ZkClientMessage::Type type = ZkClientMessage::Type::operation;
  std::vector<ZkOperation> operations;
  std::int64_t cxid = 0;
  bool sent = false;  ///< Over the present connection.
  std::vector<ZkReply> replies;
  sim::OneShot<bool> done;
};
using RequestPtr = std::shared_ptr<Request>;

}  // namespace

struct ZooKeeperClient::Impl {
  enum class State { idle, connecting, connected, expired, closed };

  Impl(sim::Process& its_process, std::vector<Address> its_servers, Duration timeout,
       const std::string& name)
      : process(its_process),
        world(process.world()),
        servers(std::move(its_servers)),
        requested_timeout(timeout),
        random(world.stream(
            fmt::format("{}/{}/zookeeper/{}", process.name(), name, process.starts()))),
        events(world),
        changed(world) {
    ENSURE(!servers.empty(), "a ZooKeeper client without servers");
    for (std::size_t i = servers.size(); i > 1; --i) {
      const auto other = static_cast<std::size_t>(random.below(static_cast<std::int64_t>(i)));
      std::swap(servers[i - 1], servers[other]);
    }
  }
  ~Impl() {
    if (socket) socket->close();
  }

  void start();
  sim::Task<> keep_session(int its_life);
  sim::Task<> pause_before_attempt();
  sim::Task<sim::SocketPtr> connect(int its_life);
  bool adopt(const ZkServerMessage& answer);
  sim::Task<> listen(sim::SocketPtr connection);
  sim::Task<> ping(sim::SocketPtr connection);
  void handle(const ZkServerMessage& message);
  void note_watch(const ZkOperation& operation, const ZkReply& reply);
  void forget_watch(const ZkEvent& event);
  void restore_watches();
  void lose_connection();
  void expire();
  void send(std::unique_ptr<ZkClientMessage> message);
  void send_waiting();
  RequestPtr enqueue(ZkClientMessage::Type type, std::vector<ZkOperation> operations);
  void set_state(State next);
  void tell(ZkEvent::Type type) { events.push(ZkEvent{type, {}, world.cause()}); }

  Duration read_timeout() const { return negotiated * 2 / 3; }
  Duration ping_interval() const { return std::min(negotiated / 3, max_ping_interval); }
  Duration connect_timeout() const {
    const Duration whole = session ? negotiated : requested_timeout;
    return whole / static_cast<std::int64_t>(servers.size());
  }

  sim::Process& process;
  sim::World& world;
  std::vector<Address> servers;
  const Duration requested_timeout;
  RandomStream random;
  sim::Channel<ZkEvent> events;
  sim::Signal changed;
  State state = State::idle;
  bool greeting = false;  ///< A server was asked for the session and has not answered yet.
  bool closing = false;
  int life = 0;  ///< One a start(): coroutines of an earlier one end.
  std::size_t next_server = 0;
  bool first_attempt = true;
  sim::SocketPtr socket;  ///< Only while connected.
  Time last_sent{};
  Time connected_at{};
  sim::EventId lost_by;  ///< The event of the connection that was lost, until there is another.
  SessionId session;
  std::uint64_t password = 0;
  Duration negotiated{0};
  Zxid last_zxid = 0;
  std::int64_t next_cxid = 1;
  std::deque<RequestPtr> requests;  ///< Not answered yet, in order.
  int in_flight = 0;
  std::set<std::string> data_watches, exist_watches, child_watches;
};

void ZooKeeperClient::Impl::set_state(State next) {
  state = next;
  changed.notify_all();
}

void ZooKeeperClient::Impl::start() {
  ENSURE(state != State::connecting && state != State::connected, "it has a session already");
  session = {};
  password = 0;
  negotiated = requested_timeout;
  last_zxid = 0;
  first_attempt = true;
  closing = false;
  set_state(State::connecting);
  process.spawn(keep_session(++life));
}

sim::Task<> ZooKeeperClient::Impl::keep_session(int its_life) {
  while (life == its_life && state == State::connecting && !closing) {
    co_await pause_before_attempt();
    if (life != its_life || state != State::connecting || closing) co_return;
    const sim::SocketPtr connection = co_await connect(its_life);
    if (!connection) continue;
    socket = connection;
    connected_at = world.now();
    if (const sim::EventId lost = std::exchange(lost_by, sim::EventId())) {
      const sim::World::KeepCause keep(world);
      world.trace().record(events::zk_reconnected,
                           {.machine = process.machine().id(), .cause = lost});
    }
    set_state(State::connected);
    tell(ZkEvent::Type::connected);
    restore_watches();
    send_waiting();
    process.spawn(ping(connection));
    co_await listen(connection);
    if (life != its_life) co_return;
    lose_connection();
  }
}

/// Servers are tried in turn; after a whole turn, and before every attempt but the first, it waits.
sim::Task<> ZooKeeperClient::Impl::pause_before_attempt() {
  if (!std::exchange(first_attempt, false)) {
    const Duration pause = random.uniform(Duration{0}, reconnect_pause);
    co_await world.sleep(pause);
  }
}

sim::Task<sim::SocketPtr> ZooKeeperClient::Impl::connect(int its_life) {
  const Address server = servers[next_server];
  next_server = (next_server + 1) % servers.size();
  const Time deadline = world.now() + connect_timeout();
  Result<sim::SocketPtr, sim::NetError> made =
      co_await process.network().connect(process, server.machine, server.port, deadline);
  if (!made || life != its_life || state != State::connecting) co_return nullptr;
  const sim::SocketPtr connection = *made;
  auto hello = std::make_unique<ZkClientMessage>();
  hello->type = ZkClientMessage::Type::connect;
  hello->session = session;
  hello->password = password;
  hello->timeout = requested_timeout;
  hello->last_zxid = last_zxid;
  hello->process = &process;
  last_sent = world.now();
  zk_send(*connection, std::move(hello), world.cause());
  greeting = true;
  std::optional<sim::Message> message =
      co_await connection->receive(world.now() + connect_timeout());
  greeting = false;
  changed.notify_all();
  if (!message || life != its_life || state != State::connecting) {
    connection->close();
    co_return nullptr;
  }
  const std::unique_ptr<ZkServerMessage> answer = message->take<ZkServerMessage>();
  world.set_cause(answer->cause);
  if (!adopt(*answer)) {
    connection->close();
    co_return nullptr;
  }
  co_return connection;
}

/// False when the server says that the session is over.
bool ZooKeeperClient::Impl::adopt(const ZkServerMessage& answer) {
  ENSURE(answer.type == ZkServerMessage::Type::connected, "a server must confirm the session");
  if (!answer.session) {
    expire();
    return false;
  }
  session = answer.session;
  password = answer.password;
  negotiated = answer.timeout;
  return true;
}

void ZooKeeperClient::Impl::expire() {
  session = {};
  data_watches.clear();
  exist_watches.clear();
  child_watches.clear();
  set_state(State::expired);
  for (const RequestPtr& request : std::exchange(requests, {})) request->expire();
  in_flight = 0;
  tell(ZkEvent::Type::session_expired);
}

void ZooKeeperClient::Impl::lose_connection() {
  sim::EventId trouble = socket->trouble();
  if (!trouble) {
    trouble = process.network().trouble(process.machine().id(), socket->peer(),
                                        std::max(connected_at, world.now() - read_timeout()));
  }
  // Of silence that nothing explains what the client did last is no reason; of a connection that
  // was closed, its closer's is the cause at hand.
  if (trouble || socket->state() == sim::Socket::State::open) world.set_cause(trouble);
  // Whoever said goodbye has lost nothing.
  if (state != State::closed && !closing) {
    const bool silent = socket->state() == sim::Socket::State::open;
    std::vector<sim::Detail> details;
    if (silent) {
      details = events::with_wait(
          {}, {"2/3 zookeeper.session.timeout.ms", read_timeout(), process.name()});
    }
    lost_by = world.trace().record(events::zk_disconnected, {.machine = process.machine().id()},
                                   std::move(details));
  }
  socket->close();
  socket.reset();
  // Kafka's wrapper asks again once it is connected; a server may have done some of it already.
  for (const RequestPtr& request : requests) request->sent = false;
  in_flight = 0;
  if (state == State::closed) return;
  set_state(State::connecting);
  tell(ZkEvent::Type::disconnected);
}

sim::Task<> ZooKeeperClient::Impl::listen(sim::SocketPtr connection) {
  while (true) {
    std::optional<sim::Message> message =
        co_await connection->receive(world.now() + read_timeout());
    if (!message || socket != connection) co_return;
    const std::unique_ptr<ZkServerMessage> received = message->take<ZkServerMessage>();
    world.set_cause(received->cause);
    handle(*received);
  }
}

sim::Task<> ZooKeeperClient::Impl::ping(sim::SocketPtr connection) {
  while (true) {
    const Time due = last_sent + ping_interval();
    if (due > world.now()) {
      co_await world.sleep_until(due);
    } else {
      send(std::make_unique<ZkClientMessage>());
    }
    if (socket != connection) co_return;
  }
}

void ZooKeeperClient::Impl::handle(const ZkServerMessage& message) {
  last_zxid = std::max(last_zxid, message.zxid);
  switch (message.type) {
    case ZkServerMessage::Type::ping:
      return;
    case ZkServerMessage::Type::event:
      forget_watch(message.event);
      events.push(message.event);
      return;
    case ZkServerMessage::Type::connected:
      UNREACHABLE("it is connected already");
    case ZkServerMessage::Type::reply:
      break;
  }
  ENSURE(!requests.empty() && requests.front()->cxid == message.cxid,
         "replies must come in the order of their requests");
  const RequestPtr request = requests.front();
  requests.pop_front();
  --in_flight;
  request->replies = message.replies;
  if (request->type == ZkClientMessage::Type::operation) {
    note_watch(request->operations.front(), request->replies.front());
  }
  request->done.set(true);
  send_waiting();
}

// --- Watches ---

void ZooKeeperClient::Impl::note_watch(const ZkOperation& operation, const ZkReply& reply) {
  if (!operation.watch) return;
  if (operation.type == ZkOperation::Type::children) {
    if (reply.ok()) child_watches.insert(operation.path);
  } else if (reply.ok()) {
    data_watches.insert(operation.path);
  } else if (operation.type == ZkOperation::Type::exists) {
    exist_watches.insert(operation.path);
  }
}

void ZooKeeperClient::Impl::forget_watch(const ZkEvent& event) {
  switch (event.type) {
    case ZkEvent::Type::node_created:
    case ZkEvent::Type::data_changed:
      data_watches.erase(event.path);
      exist_watches.erase(event.path);
      break;
    case ZkEvent::Type::children_changed:
      child_watches.erase(event.path);
      break;
    case ZkEvent::Type::node_deleted:
      data_watches.erase(event.path);
      exist_watches.erase(event.path);
      child_watches.erase(event.path);
      break;
    default:
      break;
  }
}

void ZooKeeperClient::Impl::restore_watches() {
  if (data_watches.empty() && exist_watches.empty() && child_watches.empty()) return;
  auto message = std::make_unique<ZkClientMessage>();
  message->type = ZkClientMessage::Type::set_watches;
  message->last_zxid = last_zxid;
  message->data_watches.assign(data_watches.begin(), data_watches.end());
  message->exist_watches.assign(exist_watches.begin(), exist_watches.end());
  message->child_watches.assign(child_watches.begin(), child_watches.end());
  send(std::move(message));
}

// --- Requests ---

void ZooKeeperClient::Impl::send(std::unique_ptr<ZkClientMessage> message) {
  last_sent = world.now();
  if (socket) zk_send(*socket, std::move(message), world.cause());
}

void ZooKeeperClient::Impl::send_waiting() {
  if (state != State::connected) return;
  for (const RequestPtr& request : requests) {
    if (in_flight >= max_in_flight) return;
    if (request->sent) continue;
    request->sent = true;
    // A new number: what a server still does for the old one answers nobody.
    request->cxid = next_cxid++;
    ++in_flight;
    auto message = std::make_unique<ZkClientMessage>();
    message->type = request->type;
    message->cxid = request->cxid;
    message->operations = request->operations;
    send(std::move(message));
  }
}

RequestPtr ZooKeeperClient::Impl::enqueue(ZkClientMessage::Type type,
                                          std::vector<ZkOperation> operations) {
  for (const ZkOperation& operation : operations) {
    ENSURE(operation.path.starts_with('/') &&
               (operation.path.size() == 1 || !operation.path.ends_with('/')),
           "'{}' is no ZooKeeper path", operation.path);
    ENSURE(type != ZkClientMessage::Type::multi || is_write(operation.type),
           "a multi of reads is not modelled");
  }
  auto request = std::make_shared<Request>(world);
  request->type = type;
  request->operations = std::move(operations);
  if (state == State::expired || state == State::closed) {
    request->expire();
    return request;
  }
  requests.push_back(request);
  send_waiting();
  return request;
}

// --- The client ---

ZooKeeperClient::ZooKeeperClient(sim::Process& process, std::vector<Address> servers,
                                 Duration session_timeout, const std::string& client_name)
    : impl_(std::make_unique<Impl>(process, std::move(servers), session_timeout, client_name)) {}

ZooKeeperClient::~ZooKeeperClient() = default;

void ZooKeeperClient::start() { impl_->start(); }

sim::Task<bool> ZooKeeperClient::wait_connected(Time deadline) {
  Impl& impl = *impl_;
  while (impl.state != Impl::State::connected && impl.world.now() < deadline) {
    co_await impl.changed.wait(deadline);
  }
  co_return impl.state == Impl::State::connected;
}

sim::Task<> ZooKeeperClient::close() {
  Impl& impl = *impl_;
  impl.closing = true;
  // The server that was asked for a session makes it whether we wait or not: ClientCnxn sends the
  // close behind the ConnectRequest, and only then is gone.
  while (impl.greeting && impl.state == Impl::State::connecting) co_await impl.changed.wait();
  if (impl.state == Impl::State::connected) {
    const RequestPtr farewell = impl.enqueue(ZkClientMessage::Type::close, {});
    // Without an answer the session ends by its timeout.
    const Time deadline = impl.world.now() + impl.negotiated;
    while (!farewell->done.is_set() && impl.state == Impl::State::connected &&
           impl.world.now() < deadline) {
      co_await farewell->done.wait(std::min(deadline, impl.world.now() + impl.ping_interval()));
    }
  }
  ++impl.life;
  impl.set_state(Impl::State::closed);
  for (const RequestPtr& request : std::exchange(impl.requests, {})) request->expire();
  impl.session = {};
  if (impl.socket) impl.socket->close();
  impl.socket.reset();
}

sim::Task<std::vector<ZkReply>> ZooKeeperClient::pipeline(std::vector<ZkOperation> operations) {
  std::vector<RequestPtr> requests;
  for (ZkOperation& operation : operations) {
    std::vector<ZkOperation> one;
    one.push_back(std::move(operation));
    requests.push_back(impl_->enqueue(ZkClientMessage::Type::operation, std::move(one)));
  }
  std::vector<ZkReply> replies;
  for (const RequestPtr& request : requests) {
    co_await request->done.wait();
    replies.push_back(std::move(request->replies.front()));
  }
  co_return std::move(replies);
}

sim::Task<std::vector<ZkReply>> ZooKeeperClient::multi(std::vector<ZkOperation> operations) {
  ENSURE(!operations.empty(), "an empty multi");
  const RequestPtr request = impl_->enqueue(ZkClientMessage::Type::multi, std::move(operations));
  co_await request->done.wait();
  co_return std::move(request->replies);
}

sim::Task<ZkReply> ZooKeeperClient::call(ZkOperation operation) {
  std::vector<ZkOperation> one;
  one.push_back(std::move(operation));
  const RequestPtr request = impl_->enqueue(ZkClientMessage::Type::operation, std::move(one));
  co_await request->done.wait();
  co_return std::move(request->replies.front());
}

sim::Channel<ZkEvent>& ZooKeeperClient::events() { return impl_->events; }
SessionId ZooKeeperClient::session() const { return impl_->session; }
bool ZooKeeperClient::connected() const { return impl_->state == Impl::State::connected; }

}  // namespace brokerlab::model
