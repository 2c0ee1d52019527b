#include "model/broker/socket_server.h"

#include "model/events.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

/// Reading and parsing a request, or writing a response, on a network thread: a select, a read or
/// write call and the header. The bytes themselves are charged by CpuConfig::byte_rate.
constexpr Duration network_cost = 10us;

/// Of a produce response with acks=0, which is never sent (KafkaApis.handleProduceRequest).
bool has_error(const Response& response) {
  const auto* produced = dynamic_cast<const ProduceResponse*>(&response);
  return produced != nullptr &&
         std::any_of(produced->partitions.begin(), produced->partitions.end(),
                     [](const auto& one) { return one.error != ErrorCode::none; });
}

}  // namespace

SocketServer::SocketServer(sim::Process& process, const BrokerConfig& config, Handler handler)
    : process_(process),
      config_(config),
      handler_(std::move(handler)),
      network_idle_(process.world(), config.num_network_threads),
      io_idle_(process.world(), config.num_io_threads),
      queue_(process.world()),
      queue_room_(process.world(), config.queued_max_requests),
      memory_left_(config.queued_max_request_bytes),
      memory_given_(process.world()) {
  for (int i = 0; i < config.num_network_threads; ++i) {
    network_threads_.push_back(std::make_unique<sim::Semaphore>(process.world(), 1));
  }
}

void SocketServer::start() {
  listener_ = process_.network().listen(process_, kafka_port);
  process_.spawn(accept());
  resize();
}

void SocketServer::resize() {
  if (!serving()) return;
  for (; io_threads_ < config_.num_io_threads; ++io_threads_) process_.spawn(io_thread());
  io_idle_.resize(io_threads_);
}

void SocketServer::stop() {
  stopped_ = true;
  for (const auto& [peer, sessions] : connections_) {
    for (const auto& session : sessions) {
      if (session->socket) session->socket->close();
    }
  }
}

sim::Task<> SocketServer::accept() {
  while (true) {
    std::optional<sim::SocketPtr> socket = co_await listener_->accept();
    if (!socket) co_return;
    // ConnectionQuotas.inc: TooManyConnectionsException. When it stops Kafka's port is closed, this
    // one once the process is gone.
    std::vector<std::shared_ptr<Session>>& of_peer = connections_[(*socket)->peer()];
    if (stopped_ || std::ssize(of_peer) >= config_.max_connections_per_ip) {
      (*socket)->close();
      continue;
    }
    of_peer.push_back(std::make_shared<Session>(Session{*socket, process_.world().now()}));
    process_.spawn(serve(of_peer.back(), next_thread_));
    next_thread_ = (next_thread_ + 1) % config_.num_network_threads;
  }
}

sim::Task<> SocketServer::serve(std::shared_ptr<Session> session, int network_thread) {
  const sim::SocketPtr socket = session->socket;
  sim::Semaphore& thread = *network_threads_[static_cast<std::size_t>(network_thread)];
  sim::Cpu& cpu = process_.machine().cpu();
  const sim::MachineId peer = socket->peer();
  process_.spawn(watch_idle(session));
  if (cpu.handshake_demand() > 0ns) co_await cpu.run(cpu.handshake_demand());
  while (true) {
    std::optional<sim::Message> message = co_await socket->receive();
    if (!message) break;
    session->last_active = process_.world().now();
    const Bytes request_size = message->size;
    if (limits_memory()) co_await take_memory(request_size);
    co_await thread.acquire();
    network_idle_.begin_work();
    process_.allocate(message->size);
    co_await cpu.run(network_cost + time_for(message->size, cpu.config().byte_rate) +
                     cpu.tls_demand(message->size));
    network_idle_.end_work();
    thread.release();
    auto call = std::make_shared<Call>(process_.world(), message->take<Request>());
    const bool silent = !call->request().has_response();
    // ApiKeys.requiresDelayedAllocation: what has records stays in its buffer until it is handled.
    if (limits_memory() && call->request().api != ApiKey::produce) give_memory(request_size);
    co_await queue_room_.acquire();
    call->note_queued();
    queue_.push(call);
    std::optional<ResponsePtr> response = co_await call->responses().receive();
    if (!response) break;
    const Time muted_until = process_.world().now() + (*response)->throttle_time;
    if (silent) {
      if (!has_error(**response)) {
        if (muted_until > process_.world().now())
          co_await process_.world().sleep_until(muted_until);
        continue;
      }
      socket->close();  // the only way to tell a client with acks=0 to look for the new leader
      break;
    }
    const Bytes size = (*response)->size();
    const std::string_view kind = response_name((*response)->api);
    co_await thread.acquire();
    network_idle_.begin_work();
    // In the clear the bytes go from page cache to NIC (sendfile).
    co_await cpu.run(network_cost + cpu.tls_demand(size));
    network_idle_.end_work();
    thread.release();
    sim::Message answer{std::move(*response), size, kind};
    socket->send(std::move(answer));
    session->last_active = process_.world().now();
    if (muted_until > process_.world().now()) co_await process_.world().sleep_until(muted_until);
  }
  session->socket.reset();
  std::erase(connections_[peer], session);
}

/// SimpleMemoryPool.tryAllocate, not strict.
sim::Task<> SocketServer::take_memory(Bytes size) {
  while (memory_left_ <= 0_B) co_await memory_given_.wait(never);
  memory_left_ -= size;
}

void SocketServer::give_memory(Bytes size) {
  memory_left_ += size;
  memory_given_.notify_all();
}

/// Sleeps until the connection could be idle for too long; mostly it has been used meanwhile.
sim::Task<> SocketServer::watch_idle(std::shared_ptr<Session> session) {
  sim::World& world = process_.world();
  const Duration most = config_.connections_max_idle;
  while (session->socket) {
    const Time due = most < never - session->last_active ? session->last_active + most : never;
    if (due > world.now()) {
      co_await world.sleep_until(due);
      continue;
    }
    sim::Trace& trace = world.trace();
    trace.record(events::connection_idle, {.machine = process_.machine().id()},
                 {{"peer", std::string(trace.machine_name(session->socket->peer()))},
                  {"idle", brokerlab::to_text(most)}});
    std::exchange(session->socket, nullptr)->close();
  }
}

sim::Task<> SocketServer::io_thread() {
  while (true) {
    std::optional<CallPtr> call = co_await queue_.receive();
    if (!call) co_return;
    queue_room_.release();
    if (stopped_) co_return;
    (*call)->note_taken();
    io_idle_.begin_work();
    const Bytes held = limits_memory() && (*call)->request().api == ApiKey::produce
                           ? (*call)->request().size()
                           : 0_B;
    co_await handler_(*call);
    (*call)->note_thread_left();
    io_idle_.end_work();
    if (held > 0_B) give_memory(held);
    if (io_threads_ > config_.num_io_threads) {
      io_idle_.resize(--io_threads_);
      co_return;
    }
  }
}

}  // namespace brokerlab::model
