// SocketServer: a broker's front door. Connections are shared out among num.network.threads
// network threads; a request they have read waits in the request queue (queued.max.requests) for
// one of num.io.threads I/O threads. As in Kafka, a connection has one request in the works at a
// time: the next is read when the response to the last has been sent. A connection without any for
// connections.max.idle.ms is closed, and so is at once one too many of a host
// (max.connections.per.ip). While requests hold queued.max.request.bytes none is read: a produce
// request until it was handled, others until they were parsed. A connection whose response said
// throttle_time_ms is not read meanwhile.
//
// Lifetime: owned by the Broker; its coroutines die with the process. Threads: none.
// Source: kafka.network.SocketServer, kafka.network.RequestChannel,
// kafka.server.KafkaRequestHandler.
#pragma once

#include "model/broker/call.h"
#include "model/broker/idle_time.h"
#include "model/config.h"
#include "sim/machine.h"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace brokerlab::model {

class SocketServer {
 public:
  /// Handles one request on an I/O thread; it responds itself, now or later.
  using Handler = std::function<sim::Task<>(CallPtr)>;

  SocketServer(sim::Process& process, const BrokerConfig& config, Handler handler);

  void start();
  /// No request is handled any more, and connections are closed, before the broker closes its logs
  /// (SocketServer.stopProcessingRequests).
  void stop();
  /// num.io.threads has changed (KafkaRequestHandlerPool.resizeThreadPool): one too many ends with
  /// its next request.
  void resize();
  bool serving() const { return listener_ != nullptr && !stopped_; }

  /// Requests that wait for an I/O thread.
  std::size_t queued() const { return queue_.size(); }
  const IdleTime& network_idle() const { return network_idle_; }
  const IdleTime& io_idle() const { return io_idle_; }

 private:
  sim::Task<> accept();
  sim::Task<> io_thread();
  /// Of queued.max.request.bytes; it may be more than there is left, but for something.
  sim::Task<> take_memory(Bytes size);
  void give_memory(Bytes size);
  bool limits_memory() const { return config_.queued_max_request_bytes > 0; }
  /// A connection, for the watch over idle ones and for stop().
  struct Session {
    sim::SocketPtr socket;  ///< nullptr once it is over.
    Time last_active;
  };
  sim::Task<> serve(std::shared_ptr<Session> session, int network_thread);
  sim::Task<> watch_idle(std::shared_ptr<Session> session);

  sim::Process& process_;
  const BrokerConfig& config_;
  const Handler handler_;
  std::unique_ptr<sim::Listener> listener_;
  std::vector<std::unique_ptr<sim::Semaphore>> network_threads_;
  IdleTime network_idle_;
  IdleTime io_idle_;
  sim::Channel<CallPtr> queue_;
  sim::Semaphore queue_room_;
  Bytes memory_left_;
  sim::Signal memory_given_;
  std::map<sim::MachineId, std::vector<std::shared_ptr<Session>>> connections_;  ///< By peer.
  bool stopped_ = false;
  int io_threads_ = 0;  ///< That run.
  int next_thread_ = 0;
};

}  // namespace brokerlab::model
