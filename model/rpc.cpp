#include "model/rpc.h"

#include "sim/trace.h"

#include <cmath>

namespace brokerlab::model {

struct NodeConnection::InFlight {
  InFlight(sim::World& world, std::int32_t id, Time due)
      : correlation_id(id), deadline(due), done(world) {}

  const std::int32_t correlation_id;
  const Time deadline;
  ResponsePtr response;
  RpcFailure failure;
  sim::OneShot<bool> done;  ///< True: response is set; false: failure is.
};

std::string_view to_text(RpcFailure::Kind kind) {
  switch (kind) {
    case RpcFailure::Kind::not_connected: return "no connection";
    case RpcFailure::Kind::disconnected: return "disconnected";
    case RpcFailure::Kind::timed_out: return "request timed out";
  }
  UNREACHABLE();
}

NodeConnection::NodeConnection(sim::Process& process, Address address, RpcSettings settings)
    : process_(process),
      address_(address),
      settings_(std::move(settings)),
      random_(process.world().stream(fmt::format("{}/rpc/{}:{}/{}", process.name(),
                                                 address.machine, address.port,
                                                 process.starts()))),
      attempt_ended_(process.world()) {}

NodeConnection::~NodeConnection() { disconnect(); }

bool NodeConnection::connected() const {
  return socket_ && socket_->state() == sim::Socket::State::open;
}

sim::Task<bool> NodeConnection::connect(Time deadline) {
  sim::World& world = process_.world();
  if (connected()) co_return true;
  if (connecting_) {
    co_await attempt_ended_.wait(deadline);
    co_return connected();
  }
  if (backoff_until_ > world.now()) {
    co_await world.sleep_until(std::min(backoff_until_, deadline));
    if (connected()) co_return true;
    if (connecting_) {
      co_await attempt_ended_.wait(deadline);
      co_return connected();
    }
    if (world.now() >= deadline && deadline < backoff_until_) co_return false;
  }
  connecting_ = true;
  const double doubled = to_seconds(settings_.connection_setup_timeout) *
                         std::pow(2.0, std::min(failed_attempts_, 10));
  const Duration patience =
      std::min(from_seconds(doubled), settings_.connection_setup_timeout_max);
  const Time give_up = std::min(deadline, world.now() + patience);
  Result<sim::SocketPtr, sim::NetError> attempt = co_await process_.network().connect(
      process_, address_.machine, address_.port, give_up);
  connecting_ = false;
  if (attempt) {
    socket_ = *attempt;
    failed_attempts_ = 0;
    last_trouble_ = {};
    process_.spawn(read_loop(socket_));
    process_.spawn(watch_timeouts(socket_));
  } else {
    last_trouble_ = process_.network().silence(process_.machine().id(), address_.machine);
    note_failed_attempt();
  }
  attempt_ended_.notify_all();
  co_return connected();
}

void NodeConnection::note_failed_attempt() {
  const double base = to_seconds(settings_.reconnect_backoff) *
                      std::pow(2.0, std::min(failed_attempts_, 20));
  const double capped = std::min(base, to_seconds(settings_.reconnect_backoff_max));
  ++failed_attempts_;
  backoff_until_ = process_.world().now() + from_seconds(capped * random_.uniform(0.8, 1.2));
}

sim::Task<Result<ResponsePtr, RpcFailure>> NodeConnection::call(RequestPtr request) {
  sim::World& world = process_.world();
  const Time give_up = world.now() + settings_.request_timeout;
  while (!connected()) {
    const bool made = co_await connect(give_up);
    if (made) break;
    co_return fail(RpcFailure{RpcFailure::Kind::not_connected, last_trouble_});
  }
  auto entry = std::make_shared<InFlight>(world, next_correlation_++,
                                          world.now() + settings_.request_timeout);
  in_flight_.push_back(entry);
  request->correlation_id = entry->correlation_id;
  request->client_id = settings_.client_id;
  const Bytes size = request->size();
  const std::string_view kind = request_name(request->api);
  sim::Message message{std::move(request), size, kind};
  socket_->send(std::move(message));
  const std::optional<bool> answered = co_await entry->done.wait();
  if (answered.value_or(false)) co_return std::move(entry->response);
  co_return fail(entry->failure);
}

sim::Task<> NodeConnection::read_loop(sim::SocketPtr socket) {
  while (true) {
    std::optional<sim::Message> message = co_await socket->receive();
    if (!message) break;
    ENSURE(!in_flight_.empty(), "a response that nobody asked for");
    auto* response = dynamic_cast<Response*>(message->payload.get());
    ENSURE(response != nullptr && response->correlation_id == in_flight_.front()->correlation_id,
           "responses must come in the order of their requests");
    message->payload.release();
    const std::shared_ptr<InFlight> entry = in_flight_.front();
    in_flight_.pop_front();
    entry->response.reset(response);
    entry->done.set(true);
  }
  if (socket_ != socket) co_return;
  last_trouble_ = socket->trouble();
  socket_.reset();
  note_failed_attempt();
  fail_all({RpcFailure::Kind::disconnected, last_trouble_});
}

/// Kafka's client looks for expired requests whenever it polls; here a watcher sleeps until the
/// oldest one is due.
sim::Task<> NodeConnection::watch_timeouts(sim::SocketPtr socket) {
  sim::World& world = process_.world();
  while (socket_ == socket && socket->state() == sim::Socket::State::open) {
    if (in_flight_.empty()) {
      co_await world.sleep(settings_.request_timeout / 4 + 1ms);
      continue;
    }
    const Time due = in_flight_.front()->deadline;
    if (due > world.now()) {
      co_await world.sleep_until(due);
      continue;
    }
    last_trouble_ = socket->trouble();
    socket_.reset();
    socket->close();
    note_failed_attempt();
    fail_all({RpcFailure::Kind::timed_out, last_trouble_});
  }
}

void NodeConnection::fail_all(RpcFailure failure) {
  for (const std::shared_ptr<InFlight>& entry : std::exchange(in_flight_, {})) {
    entry->failure = failure;
    entry->done.set(false);
  }
}

void NodeConnection::disconnect() {
  if (!socket_) return;
  const sim::SocketPtr socket = std::exchange(socket_, nullptr);
  socket->close();
  fail_all({RpcFailure::Kind::disconnected, socket->trouble()});
}

}  // namespace brokerlab::model
