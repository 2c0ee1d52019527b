#include "sim/network.h"

#include "sim/connection.h"
#include "sim/machine.h"

namespace brokerlab::sim {
namespace {

constexpr Duration loopback_delay = 5us;
constexpr Duration first_syn_timeout = 1s;  // RFC 6298, Linux's TCP_TIMEOUT_INIT
constexpr int syn_retries = 6;              // net.ipv4.tcp_syn_retries

}  // namespace

namespace events {

const EventKind network_cut{"network.cut", Level::fault,
                            "nothing gets from {machine} to {to} any more",
                            "{machine}에서 {to}(으)로 가는 패킷이 모두 끊겼다"};
const EventKind network_healed{"network.healed", Level::control,
                               "packets get from {machine} to {to} again",
                               "{machine}에서 {to}(으)로 패킷이 다시 전달된다"};

}  // namespace events

std::string_view to_text(NetError error) {
  switch (error) {
    case NetError::refused:
      return "connection refused";
    case NetError::timed_out:
      return "connection timed out";
    case NetError::reset:
      return "connection reset";
  }
  UNREACHABLE();
}

// --- Machines and reachability ---

NetworkState::NetworkState(World& the_world, const NetworkConfig& the_config)
    : world(the_world),
      config(the_config),
      jitter(the_world.stream("network/jitter")),
      flows(the_world) {}

NetworkState::~NetworkState() {
  for (auto& [id, connection] : connections) connection->net = nullptr;
  for (auto& [place, listener] : listeners) listener->state_ = nullptr;
}

Node& NetworkState::node(MachineId machine) {
  const auto found = nodes.find(machine);
  ENSURE(found != nodes.end(), "machine {} is not on the network", machine);
  return found->second;
}

const Node& NetworkState::node(MachineId machine) const {
  const auto found = nodes.find(machine);
  ENSURE(found != nodes.end(), "machine {} is not on the network", machine);
  return found->second;
}

bool NetworkState::is_cut(const Node& from, const Node& to) const {
  return !cuts.empty() && cuts.contains({from.id, to.id});
}

EventId NetworkState::silence(const Node& from, const Node& to) const {
  if (!to.up) return to.down_cause;
  if (!from.up) return from.down_cause;
  const auto found = cuts.find({from.id, to.id});
  return found == cuts.end() ? EventId{} : found->second;
}

Duration NetworkState::delay(const Node& from, const Node& to) {
  if (&from == &to) return loopback_delay;
  if (config.jitter == 0ns) return config.delay;
  return config.delay + jitter.uniform(0ns, config.jitter);
}

// --- Connecting ---

/// One connect() until it is answered or given up. Packets on their way hold it.
struct NetworkState::Attempt {
  const Process& process;
  Node& from;
  Node& to;
  int port;
  OneShot<Result<SocketPtr, NetError>> answer;
  bool over = false;
};

Task<Result<SocketPtr, NetError>> NetworkState::connect(const Process& from, Node& source,
                                                        Node& destination, int port,
                                                        Time deadline) {
  const std::shared_ptr<Attempt> attempt(
      new Attempt{from, source, destination, port, OneShot<Result<SocketPtr, NetError>>(world)});
  // Answered, timed out, or dead with its process: later packets find nobody.
  struct GivesUp {
    Attempt& attempt;
    ~GivesUp() { attempt.over = true; }
  };
  const GivesUp at_the_end{*attempt};
  Duration patience = first_syn_timeout;
  for (int sent = 0; sent <= syn_retries && world.now() < deadline; ++sent) {
    send_syn(attempt);
    const Time until = std::min(deadline, world.now() + patience);
    const std::optional<Result<SocketPtr, NetError>> answer = co_await attempt->answer.wait(until);
    if (answer) co_return *answer;
    patience *= 2;
  }
  co_return fail(NetError::timed_out);
}

void NetworkState::send_syn(const std::shared_ptr<Attempt>& attempt) {
  world.after(delay(attempt->from, attempt->to), [this, attempt] { answer_syn(attempt); });
}

void NetworkState::answer_syn(const std::shared_ptr<Attempt>& attempt) {
  if (!admits(attempt->from, attempt->to)) return;
  const bool listens = listener(attempt->to.id, attempt->port) != nullptr;
  world.after(delay(attempt->to, attempt->from), [this, attempt, listens] {
    if (attempt->over || !admits(attempt->to, attempt->from)) return;
    if (listens && listener(attempt->to.id, attempt->port) != nullptr) {
      establish(attempt);
    } else {
      attempt->over = true;
      attempt->answer.set(fail(NetError::refused));
    }
  });
}

void NetworkState::establish(const std::shared_ptr<Attempt>& attempt) {
  Listener& server = *listener(attempt->to.id, attempt->port);
  const auto connection = std::make_shared<Connection>(
      *this, world, next_connection++, End{&attempt->from, &attempt->process, nullptr, {}, {}, {}},
      End{&attempt->to, &server.process_, nullptr, {}, {}, {}});
  connections.emplace(connection->id, connection);
  const SocketPtr ours(new Socket(connection, 0));
  SocketPtr theirs(new Socket(connection, 1));
  // The last packet of the handshake takes one more delay; nothing overtakes it.
  const Time accepted =
      arrival(connection->ways[0], world.now() + delay(attempt->from, attempt->to));
  world.at(accepted, [this, theirs = std::move(theirs),
                      place = std::pair(attempt->to.id, attempt->port)]() mutable {
    Listener* listening = listener(place.first, place.second);
    const Connection& made = *theirs->connection_;
    if (listening != nullptr && &listening->process_ == made.ends[1].process &&
        !made.ends[1].gone) {
      listening->accepted_.push(std::move(theirs));
    }
  });
  attempt->over = true;
  attempt->answer.set(ours);
}

Listener* NetworkState::listener(MachineId machine, int port) const {
  const auto found = listeners.find({machine, port});
  return found == listeners.end() ? nullptr : found->second;
}

std::unique_ptr<Listener> NetworkState::listen(Process& process, MachineId machine, int port) {
  std::unique_ptr<Listener> made(new Listener(this, process, machine, port));
  const bool is_free = listeners.emplace(std::pair(machine, port), made.get()).second;
  ENSURE(is_free, "port {} of machine {} is taken", port, machine);
  return made;
}

void NetworkState::end_listeners(const std::function<bool(const Listener&)>& which) {
  for (auto at = listeners.begin(); at != listeners.end();) {
    Listener& listening = *(at++)->second;
    if (which(listening)) end_listener(listening);
  }
}

void NetworkState::end_listener(Listener& listening) {
  listeners.erase({listening.machine_, listening.port_});
  listening.state_ = nullptr;
  listening.accepted_.close();
}

Listener::Listener(NetworkState* state, Process& process, MachineId machine, int port)
    : state_(state),
      process_(process),
      machine_(machine),
      port_(port),
      accepted_(process.world()) {}

Listener::~Listener() {
  if (state_ != nullptr) state_->end_listener(*this);
}

// --- Sockets ---

Socket::Socket(std::shared_ptr<Connection> connection, int side)
    : connection_(std::move(connection)), side_(side), inbox_(connection_->world) {
  connection_->ends[side_].socket = this;
}

Socket::~Socket() {
  close();
  connection_->ends[side_].socket = nullptr;
}

void Socket::send(Message message) {
  if (connection_->net != nullptr) connection_->net->send(*connection_, side_, std::move(message));
}

Channel<Message>::Receive Socket::receive(Time deadline) { return inbox_.receive(deadline); }

void Socket::close() {
  if (connection_->net != nullptr) connection_->net->close(*connection_, side_);
}

Socket::State Socket::state() const { return connection_->ends[side_].state; }

MachineId Socket::peer() const { return connection_->ends[1 - side_].node->id; }

EventId Socket::trouble() const {
  const End& end = connection_->ends[side_];
  if (end.state == State::reset || connection_->net == nullptr) return end.cause;
  const Node& peer = *connection_->ends[1 - side_].node;
  const EventId there = connection_->net->silence(*end.node, peer);
  return there.valid() ? there : connection_->net->silence(peer, *end.node);
}

// --- The network ---

Network::Network(World& world, const NetworkConfig& config)
    : state_(std::make_unique<NetworkState>(world, config)) {}

Network::~Network() = default;

std::unique_ptr<Listener> Network::listen(Process& process, int port) {
  return state_->listen(process, process.machine().id(), port);
}

Task<Result<SocketPtr, NetError>> Network::connect(Process& from, MachineId to, int port,
                                                   Time deadline) {
  return state_->connect(from, state_->node(from.machine().id()), state_->node(to), port, deadline);
}

void Network::cut(MachineId from, MachineId to, EventId cause) {
  const Node& source = state_->node(from);
  const Node& destination = state_->node(to);
  if (state_->is_cut(source, destination)) return;
  Trace& trace = state_->world.trace();
  Trace::About about{from};
  if (cause.valid()) about.cause = cause;
  const EventId event =
      trace.record(events::network_cut, about, {{"to", std::string(trace.machine_name(to))}});
  state_->cuts.emplace(std::pair(from, to), event);
  state_->interrupt(source, destination);
}

void Network::heal(MachineId from, MachineId to) {
  if (state_->cuts.erase({from, to}) == 0) return;
  Trace& trace = state_->world.trace();
  trace.record(events::network_healed, {from}, {{"to", std::string(trace.machine_name(to))}});
}

bool Network::reachable(MachineId from, MachineId to) const {
  return state_->passes(state_->node(from), state_->node(to));
}

EventId Network::silence(MachineId from, MachineId to) const {
  return state_->silence(state_->node(from), state_->node(to));
}

void Network::on_transfer(std::function<void(const Transfer&)> callback) {
  state_->on_transfer.push_back(std::move(callback));
}

Bytes Network::sent(MachineId machine) const { return state_->node(machine).sent; }
Bytes Network::received(MachineId machine) const { return state_->node(machine).received; }

void Network::add_machine(MachineId machine, const NicConfig& nic) {
  const auto [at, is_new] = state_->nodes.try_emplace(machine);
  ENSURE(is_new, "two machines have the id {}", machine);
  at->second.id = machine;
  at->second.nic = nic;
  at->second.host = state_->flows.add_host(nic);
  at->second.up = true;
}

void Network::machine_up(MachineId machine) {
  Node& node = state_->node(machine);
  node.up = true;
  node.down_cause = {};
}

void Network::machine_down(MachineId machine, EventId cause) {
  state_->end_listeners([&](const Listener& it) { return it.machine_ == machine; });
  state_->machine_down(state_->node(machine), cause);
}

void Network::process_died(const Process& process, EventId cause) {
  state_->end_listeners([&](const Listener& it) { return &it.process_ == &process; });
  state_->process_died(process, cause);
}

}  // namespace brokerlab::sim
