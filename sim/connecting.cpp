// How two processes get a connection (SYN, refused, no answer), and the two ends that they hold.
#include "sim/connection.h"
#include "sim/machine.h"
#include "sim/network.h"
#include "sim/tcp.h"

namespace brokerlab::sim {

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
  Duration patience = tcp::first_syn_timeout;
  for (int sent = 0; sent <= tcp::syn_retries && world.now() < deadline; ++sent) {
    send_syn(attempt);
    const Time until = std::min(deadline, world.now() + patience);
    const std::optional<Result<SocketPtr, NetError>> answer = co_await attempt->answer.wait(until);
    if (answer) co_return *answer;
    patience *= 2;
  }
  co_return fail(NetError::timed_out);
}

void NetworkState::send_syn(const std::shared_ptr<Attempt>& attempt) {
  // Lost on its way there or back, it is as good as not sent.
  for (const auto& [a, b] :
       {std::pair(&attempt->from, &attempt->to), std::pair(&attempt->to, &attempt->from)}) {
    const double loss = fabric.loss(a->card->number, b->card->number);
    if (loss > 0 && chance.chance(loss)) return;
  }
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
  const Time accepted = world.now() + delay(attempt->from, attempt->to);
  connection->ways[0].opens = connection->ways[0].last_at_nic = accepted;
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
  refusals.erase({machine, port});
  ENSURE(is_free, "port {} of machine {} is taken", port, machine);
  return made;
}

void NetworkState::end_listeners(EventId cause, const std::function<bool(const Listener&)>& which) {
  for (auto at = listeners.begin(); at != listeners.end();) {
    const auto place = at->first;
    Listener& listening = *(at++)->second;
    if (!which(listening)) continue;
    refusals[place] = cause;
    end_listener(listening);
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

}  // namespace brokerlab::sim
