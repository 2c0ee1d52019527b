// NodeConnection: a client's connection to one broker, as Kafka's NetworkClient keeps it. For those
// who ask something themselves; who passes on what others ask opens a connection of the network's.
//
// Requests are pipelined in order on one TCP connection; responses come back in order. A request
// that is not answered within request.timeout.ms breaks the connection, and every request in
// flight on it fails with `timed_out`; with `disconnected` after a reset. After a failure the next
// attempt waits reconnect.backoff.ms, doubling up to reconnect.backoff.max.ms, with 20 % of jitter;
// an attempt is given socket.connection.setup.timeout.ms, which grows alike while attempts fail. A
// connection on which nothing was sent or received for connections.max.idle.ms is closed.
//
// Lifetime: owned by the Program of its process. Threads: none.
// Source: org.apache.kafka.clients.NetworkClient, ClusterConnectionStates.
#pragma once

#include "base/phrase.h"
#include "model/wire/protocol.h"
#include "sim/machine.h"

#include <functional>
#include <memory>
#include <string>

namespace brokerlab::model {

struct RpcSettings {
  std::string client_id;
  Duration request_timeout = 30s;
  const char* timeout_name = "request.timeout.ms";  ///< Kafka's name of that setting.
  bool is_client = false;  ///< An application's: its idle connection that breaks is told.
  Duration connection_setup_timeout = 10s;
  Duration connection_setup_timeout_max = 30s;
  Duration reconnect_backoff = 50ms;
  Duration reconnect_backoff_max = 1s;
  Duration connections_max_idle = max_duration;  ///< Between brokers Kafka has no limit.
  /// Asked for the event behind a request that timed out at a peer with whom nothing is wrong.
  std::function<sim::EventId(Address)> why_silent = {};
};

struct RpcFailure {
  enum class Kind {
    not_connected,  ///< No connection could be made before the deadline (nothing was sent).
    disconnected,   ///< Sent, but the connection broke: the request may or may not have worked.
    timed_out,      ///< As disconnected, by request.timeout.ms.
  };
  Kind kind = Kind::disconnected;
  sim::EventId cause;  ///< The event of the broken connection or the failed attempt.
};
Phrase to_phrase(RpcFailure::Kind kind);
/// "could not reach" where no connection was made, "got no answer from" where a request was sent;
/// in Korean what follows the peer's name.
Phrase what_failed(RpcFailure::Kind kind);

class NodeConnection {
 public:
  NodeConnection(sim::Process& process, Address address, RpcSettings settings);
  NodeConnection(const NodeConnection&) = delete;
  NodeConnection& operator=(const NodeConnection&) = delete;
  ~NodeConnection();  ///< Disconnects; calls under way fail, after the current event.

  const Address& address() const;
  bool connected() const;
  bool connecting() const;
  /// Kafka's isUnavailable: no connection, and too early to try again.
  bool unavailable() const;
  int in_flight() const;
  /// The event of the last failed attempt or broken connection; none while it works.
  sim::EventId last_trouble() const;
  Time last_attempt() const;  ///< Of a connection made, refused or broken; 0: none yet.
  /// Date before which no new attempt is made (the reconnect backoff); now or earlier: free to try.
  Time backoff_until() const;
  /// Date before which the broker wants to hear nothing: it answered with a throttle_time_ms, which
  /// call() waits out (KIP-219).
  Time throttled_until() const;

  /// Waits until connected, the deadline, or one failed attempt. True when connected.
  sim::Task<bool> connect(Time deadline);

  /// Sends (connecting first if needed, waiting out the backoff) and waits for the response.
  /// The request timeout counts from the sending. A produce request with acks=0 has no response:
  /// the result is an empty pointer as soon as it is sent.
  sim::Task<Result<ResponsePtr, RpcFailure>> call(RequestPtr request);
  /// The same on the connection `number` (number()) and no other: `disconnected` when that one has
  /// ended. For requests whose order counts, behind those that went out on it.
  sim::Task<Result<ResponsePtr, RpcFailure>> call_on(std::int64_t number, RequestPtr request);
  std::int64_t number() const;  ///< Of the connection: how many have been made.

  /// Breaks the connection; everything in flight fails.
  void disconnect();

  /// Called when an attempt failed or the connection ended, whoever ended it (NetworkClient's
  /// processDisconnection), before the requests in flight hear of it; not by the destructor.
  void on_disconnected(std::function<void()> handler);

 private:
  struct State;
  std::shared_ptr<State> state_;  ///< Shared with the coroutines that serve the connection.
};

/// call() with the response type known: `auto response = co_await call_as<FetchResponse>(...)`.
template <class T>
sim::Task<Result<std::unique_ptr<T>, RpcFailure>> call_as(NodeConnection& node,
                                                          RequestPtr request) {
  Result<ResponsePtr, RpcFailure> result = co_await node.call(std::move(request));
  if (!result) co_return fail(result.error());
  ENSURE(dynamic_cast<T*>(result->get()) != nullptr, "a response of another kind than its request");
  co_return std::unique_ptr<T>(dynamic_cast<T*>(result->release()));
}

}  // namespace brokerlab::model
