#include "model/wire/rpc.h"

#include "base/korean.h"
#include "model/events.h"
#include "sim/trace.h"

#include <cmath>
#include <deque>

namespace brokerlab::model {
namespace {

struct InFlight {
  InFlight(sim::World& world, std::int32_t id, Time due)
      : correlation_id(id), deadline(due), done(world) {}

  const std::int32_t correlation_id;
  const Time deadline;
  ResponsePtr response;
  RpcFailure failure;
  sim::OneShot<bool> done;  ///< True: response is set; false: failure is.
};

/// Kafka's ExponentialBackoff with a multiplier of 2 and 20 % of jitter.
Duration backoff(Duration first, Duration most, int failures, RandomStream& random) {
  if (most <= first) return std::min(first, most);
  const double term =
      std::min(to_seconds(first) * std::pow(2.0, std::min(failures, 30)), to_seconds(most));
  return std::min(from_seconds(term * random.uniform(0.8, 1.2)), most);
}

}  // namespace

Phrase to_phrase(RpcFailure::Kind kind) {
  switch (kind) {
    case RpcFailure::Kind::not_connected:
      return {"cannot connect", "연결할 수 없음"};
    case RpcFailure::Kind::disconnected:
      return {"the connection broke", "연결 끊김"};
    case RpcFailure::Kind::timed_out:
      return {"request timed out", "요청 시간 초과"};
  }
  UNREACHABLE();
}

Phrase what_failed(RpcFailure::Kind kind) {
  if (kind == RpcFailure::Kind::not_connected) return {"could not reach", "에 연결하지 못했다"};
  return {"got no answer from", "에서 답을 받지 못했다"};
}

struct NodeConnection::State {
  State(sim::Process& owner, Address where, RpcSettings how)
      : process(owner),
        address(where),
        settings(std::move(how)),
        random(owner.world().stream(fmt::format("{}/{}/{}:{}/{}", owner.name(), settings.client_id,
                                                where.machine, where.port, owner.starts()))),
        attempt_ended(owner.world()),
        sent(owner.world()) {}

  using Shared = std::shared_ptr<State>;
  static sim::Task<bool> connect(Shared self, Time deadline);
  static sim::Task<Result<ResponsePtr, RpcFailure>> call(Shared self, RequestPtr request,
                                                         std::optional<std::int64_t> only_on);
  static sim::Task<> read_loop(Shared self, sim::SocketPtr from);
  static sim::Task<> watch_timeouts(Shared self, sim::SocketPtr on);

  bool connected() const { return socket && socket->state() == sim::Socket::State::open; }
  Time idle_at() const;
  void close_idle();
  /// `by_us`: nothing went wrong, the connection is no longer wanted.
  void break_off(RpcFailure::Kind kind, bool by_us = false);
  void tell_broken(RpcFailure::Kind kind, sim::EventId trouble);
  void tell_failed(sim::NetError error, Time began);
  void note_disconnected();
  void fail_all(RpcFailure failure);

  sim::Process& process;
  const Address address;
  const RpcSettings settings;
  RandomStream random;
  sim::SocketPtr socket;
  std::deque<std::shared_ptr<InFlight>> in_flight;
  std::int32_t next_correlation = 0;
  Time backoff_until{};
  Time throttled_until{};
  Time last_active{};
  Time last_attempt{};
  std::int64_t made = 0;            ///< Connections.
  int failed_attempts = 0;          ///< Since it last worked: for the backoff.
  int failed_connect_attempts = 0;  ///< In a row: for the patience with the next one.
  bool connecting = false;
  std::function<void()> on_disconnected;
  sim::Signal attempt_ended;
  sim::Signal sent;
  sim::EventId last_trouble;
};

NodeConnection::NodeConnection(sim::Process& process, Address address, RpcSettings settings)
    : state_(std::make_shared<State>(process, address, std::move(settings))) {}

NodeConnection::~NodeConnection() {
  state_->on_disconnected = {};
  disconnect();
}

const Address& NodeConnection::address() const { return state_->address; }
bool NodeConnection::connected() const { return state_->connected(); }
bool NodeConnection::connecting() const { return state_->connecting; }
bool NodeConnection::unavailable() const {
  return !connected() && !connecting() && state_->backoff_until > state_->process.world().now();
}
Time NodeConnection::last_attempt() const { return state_->last_attempt; }
sim::EventId NodeConnection::last_trouble() const { return state_->last_trouble; }
void NodeConnection::on_disconnected(std::function<void()> handler) {
  state_->on_disconnected = std::move(handler);
}
int NodeConnection::in_flight() const { return static_cast<int>(state_->in_flight.size()); }
Time NodeConnection::backoff_until() const { return state_->backoff_until; }
Time NodeConnection::throttled_until() const { return state_->throttled_until; }
sim::Task<bool> NodeConnection::connect(Time deadline) { return State::connect(state_, deadline); }
sim::Task<Result<ResponsePtr, RpcFailure>> NodeConnection::call(RequestPtr request) {
  return State::call(state_, std::move(request), {});
}
sim::Task<Result<ResponsePtr, RpcFailure>> NodeConnection::call_on(std::int64_t number,
                                                                   RequestPtr request) {
  return State::call(state_, std::move(request), number);
}
std::int64_t NodeConnection::number() const { return state_->made; }
void NodeConnection::disconnect() {
  if (!state_->socket) return;
  const std::function<void()> handler = std::exchange(state_->on_disconnected, {});
  state_->break_off(RpcFailure::Kind::disconnected, true);
  state_->on_disconnected = handler;
}

sim::Task<bool> NodeConnection::State::connect(Shared self, Time deadline) {
  sim::World& world = self->process.world();
  while (!self->connected() && (self->connecting || self->backoff_until > world.now())) {
    if (world.now() >= deadline) co_return false;
    if (self->connecting) {
      co_await self->attempt_ended.wait(deadline);
      if (!self->connected()) co_return false;
    } else {
      co_await world.sleep_until(std::min(self->backoff_until, deadline));
    }
  }
  if (self->connected()) co_return true;
  self->connecting = true;
  const Time began = world.now();
  self->last_attempt = began;
  const Duration patience =
      backoff(self->settings.connection_setup_timeout, self->settings.connection_setup_timeout_max,
              self->failed_connect_attempts, self->random);
  const Time give_up = std::min(deadline, began + patience);
  Result<sim::SocketPtr, sim::NetError> attempt = co_await self->process.network().connect(
      self->process, self->address.machine, self->address.port, give_up);
  self->connecting = false;
  if (attempt) {
    self->socket = *attempt;
    ++self->made;
    self->last_active = world.now();
    self->failed_attempts = 0;
    self->failed_connect_attempts = 0;
    self->last_trouble = {};
    self->process.spawn(read_loop(self, self->socket));
    self->process.spawn(watch_timeouts(self, self->socket));
  } else {
    self->tell_failed(attempt.error(), began);
    ++self->failed_connect_attempts;
    self->note_disconnected();
  }
  self->attempt_ended.notify_all();
  co_return self->connected();
}

sim::Task<Result<ResponsePtr, RpcFailure>> NodeConnection::State::call(
    Shared self, RequestPtr request, std::optional<std::int64_t> only_on) {
  sim::World& world = self->process.world();
  while (self->connected() && self->throttled_until > world.now()) {
    co_await world.sleep_until(self->throttled_until);
  }
  if (only_on && (!self->connected() || self->made != *only_on)) {
    co_return fail(RpcFailure{RpcFailure::Kind::disconnected, self->last_trouble});
  }
  const bool ready = co_await connect(self, world.now() + self->settings.request_timeout);
  if (!ready) {
    co_return fail(RpcFailure{RpcFailure::Kind::not_connected, self->last_trouble});
  }
  auto entry = std::make_shared<InFlight>(world, self->next_correlation++,
                                          world.now() + self->settings.request_timeout);
  const bool is_answered = request->has_response();
  if (is_answered) self->in_flight.push_back(entry);
  request->correlation_id = entry->correlation_id;
  request->client_id = self->settings.client_id;
  const Bytes size = request->size();
  const std::string_view kind = request_name(request->api);
  sim::Message message{std::move(request), size, kind};
  self->socket->send(std::move(message));
  self->last_active = world.now();
  if (!is_answered) co_return ResponsePtr();
  self->sent.notify_all();
  const std::optional<bool> answered = co_await entry->done.wait();
  if (answered.value_or(false)) co_return std::move(entry->response);
  co_return fail(entry->failure);
}

sim::Task<> NodeConnection::State::read_loop(Shared self, sim::SocketPtr from) {
  while (true) {
    std::optional<sim::Message> message = co_await from->receive();
    if (!message || self->socket != from) break;
    self->last_active = self->process.world().now();
    ENSURE(!self->in_flight.empty(), "a response that nobody asked for");
    const std::shared_ptr<InFlight> entry = self->in_flight.front();
    entry->response = message->take<Response>();
    if (entry->response->throttle_time > 0ns) {
      self->throttled_until =
          std::max(self->throttled_until, self->last_active + entry->response->throttle_time);
    }
    ENSURE(entry->response->correlation_id == entry->correlation_id,
           "responses must come in the order of their requests");
    self->in_flight.pop_front();
    entry->done.set(true);
  }
  if (self->socket == from) self->break_off(RpcFailure::Kind::disconnected);
}

/// Kafka's client looks for expired requests whenever it polls; here a watcher sleeps until the
/// oldest one is due, or the connection has been idle for too long.
sim::Task<> NodeConnection::State::watch_timeouts(Shared self, sim::SocketPtr on) {
  while (self->socket == on) {
    if (self->in_flight.empty()) {
      const Time idle = self->idle_at();
      if (idle > self->process.world().now()) {
        co_await self->sent.wait(idle);
      } else {
        self->close_idle();
      }
      continue;
    }
    const Time due = self->in_flight.front()->deadline;
    if (due > self->process.world().now()) {
      co_await self->process.world().sleep_until(due);
    } else {
      self->break_off(RpcFailure::Kind::timed_out);
    }
  }
}

Time NodeConnection::State::idle_at() const {
  const Duration most = settings.connections_max_idle;
  return most < never - last_active ? last_active + most : never;
}

void NodeConnection::State::close_idle() {
  sim::Trace& trace = process.world().trace();
  trace.record(events::connection_idle, {.machine = process.machine().id()},
               {{"peer", std::string(trace.machine_name(address.machine))},
                {"idle", brokerlab::to_text(settings.connections_max_idle)}});
  break_off(RpcFailure::Kind::disconnected, true);
}

/// The first failed attempt after a success is told; the next ones are of the same story.
void NodeConnection::State::tell_failed(sim::NetError error, Time began) {
  if (failed_attempts > 0 && last_trouble.valid()) return;
  const sim::Network& network = process.network();
  const sim::MachineId here = process.machine().id();
  sim::EventId trouble = error == sim::NetError::refused
                             ? network.refusal(address.machine, address.port)
                             : network.trouble(here, address.machine, began);
  sim::Trace& trace = process.world().trace();
  const bool refused = error == sim::NetError::refused;
  std::vector<sim::Detail> details{
      {"peer", std::string(trace.machine_name(address.machine))},
      sim::Detail::of("why", refused ? Phrase{"connection refused", "연결 거부"}
                                     : Phrase{"no answer", "응답 없음"})};
  if (!refused) {
    const std::string length = to_rounded_text(process.world().now() - began);
    details = events::with_waits(
        std::move(details),
        {fmt::format("socket.connection.setup.timeout.ms with its backoff, {} ({})", length,
                     process.name()),
         fmt::format("socket.connection.setup.timeout.ms와 그 백오프, {} ({})",
                     with_korean_unit(length), process.name())});
  }
  // Nobody to blame: what the client was doing when it connected is no reason.
  last_trouble = trace.record(events::connection_failed, {.machine = here, .cause = trouble},
                              std::move(details));
}

namespace {

/// A request may be sent long after its peer fell silent.
Phrase since_text(Time sent) {
  const std::string when = brokerlab::to_text(sent);
  return {fmt::format("for a request sent at {}", when), fmt::format("{}에 보낸 요청", when)};
}

}  // namespace

void NodeConnection::State::tell_broken(RpcFailure::Kind kind, sim::EventId trouble) {
  sim::Trace& trace = process.world().trace();
  const std::string peer(trace.machine_name(address.machine));
  const std::size_t count = in_flight.size();
  sim::Trace::About about = sim::Trace::about(process.machine().id(), trouble);
  // Silence that nothing explains has no cause; a connection that was closed has its closer's.
  if (kind == RpcFailure::Kind::timed_out) about.cause = trouble;
  std::vector<sim::Detail> details{
      {"peer", peer},
      {"count", std::to_string(count)},
      {"requests", count == 1 ? "1 request" : fmt::format("{} requests", count)},
      sim::Detail::of("why", kind == RpcFailure::Kind::timed_out
                                 ? to_phrase(kind)
                                 : Phrase{"reset or closed", "상대가 끊음"})};
  if (kind == RpcFailure::Kind::timed_out) {
    details = events::with_wait(
        std::move(details), {settings.timeout_name, settings.request_timeout, process.name(),
                             since_text(in_flight.front()->deadline - settings.request_timeout)});
  }
  last_trouble = trace.record(events::connection_broken, about, std::move(details));
  if (count > 0 || !settings.is_client) return;
  const sim::World::KeepCause keep(process.world());
  trace.record(events::client_disconnected, {.machine = process.machine().id()}, {{"peer", peer}});
}

void NodeConnection::State::break_off(RpcFailure::Kind kind, bool by_us) {
  const sim::SocketPtr broken = std::exchange(socket, nullptr);
  sim::EventId trouble = broken->trouble();
  if (!trouble.valid() && kind == RpcFailure::Kind::timed_out && !in_flight.empty()) {
    const Time sent_at = in_flight.front()->deadline - settings.request_timeout;
    trouble = process.network().trouble(process.machine().id(), address.machine, sent_at);
    if (!trouble.valid() && settings.why_silent) trouble = settings.why_silent(address);
  }
  const sim::World::KeepCause keep(process.world());
  last_trouble = trouble;
  if (!by_us) tell_broken(kind, trouble);
  broken->close();
  note_disconnected();
  fail_all({kind, last_trouble});
  sent.notify_all();
}

/// ClusterConnectionStates.disconnected.
void NodeConnection::State::note_disconnected() {
  throttled_until = {};
  last_attempt = process.world().now();
  backoff_until = last_attempt + backoff(settings.reconnect_backoff, settings.reconnect_backoff_max,
                                         failed_attempts++, random);
  if (on_disconnected) on_disconnected();
}

void NodeConnection::State::fail_all(RpcFailure failure) {
  for (const std::shared_ptr<InFlight>& entry : std::exchange(in_flight, {})) {
    entry->failure = failure;
    entry->done.set(false);
  }
}

}  // namespace brokerlab::model
