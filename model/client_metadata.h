// What a client knows of the cluster, and its connections to the brokers.
//
// ClusterView is the knowledge: brokers, leaders, leader epochs. An answer from a broker that lags
// behind is ignored where its leader epoch is older than what is known (Kafka's Metadata).
// ClientNetwork keeps one connection a broker and refreshes the view: at request_update(), after
// metadata.max.age.ms, through the least loaded node, at first through the bootstrap list.
//
// Lifetime: ClientNetwork is owned by the client it serves, in the Program of its process.
// Threads:  none. Source: org.apache.kafka.clients.{Metadata, NetworkClient}.
#pragma once

#include "model/client_errors.h"
#include "model/rpc.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace brokerlab::model {

struct LeaderInfo {
  BrokerId leader;
  LeaderEpoch epoch = log::no_epoch;
};

class ClusterView {
 public:
  /// Takes over an answer.
  void update(const MetadataResponse& response);

  bool knows_topic(const std::string& topic) const;
  int partition_count(const std::string& topic) const;  ///< 0 when unknown.
  /// Leader none: unknown or not available.
  LeaderInfo leader(const TopicPartition& partition) const;
  /// Partitions of the topic with a leader, ascending.
  std::vector<int> available_partitions(const std::string& topic) const;
  ErrorCode topic_error(const std::string& topic) const;
  const std::map<BrokerId, Address>& brokers() const { return brokers_; }

 private:
  struct Topic {
    ErrorCode error = ErrorCode::none;
    std::vector<LeaderInfo> partitions;
  };
  std::map<BrokerId, Address> brokers_;
  std::map<std::string, Topic> topics_;
};

/// retry.backoff.ms doubled for each attempt after the first, at most `most`, with 20 % of jitter
/// (Kafka's ExponentialBackoff).
Duration exponential_backoff(Duration base, Duration most, int attempts, RandomStream& random);

struct ClientNetworkSettings {
  RpcSettings rpc;
  std::vector<Address> bootstrap;
  Duration metadata_max_age = 5min;
  Duration retry_backoff = 100ms;
  Duration retry_backoff_max = 1s;
};

class ClientNetwork {
 public:
  ClientNetwork(sim::Process& process, ClientNetworkSettings settings, Observer& observer);
  ClientNetwork(const ClientNetwork&) = delete;
  ClientNetwork& operator=(const ClientNetwork&) = delete;

  /// Starts the coroutine that keeps the view fresh.
  void start();

  const ClusterView& view() const { return view_; }
  const ClientErrors& errors() const { return errors_; }
  /// Grows with every update taken over.
  std::int64_t version() const { return version_; }
  /// Notified after every update, every connection made or lost through ensure_connected().
  sim::Signal& changed() { return changed_; }

  /// The view should contain the topic from now on.
  void add_topic(const std::string& topic);
  void request_update();
  /// Waits for a version above `version`; false at the deadline.
  sim::Task<bool> wait_update(std::int64_t version, Time deadline);

  /// The connection to a broker of the view; nullptr when it is not in the view.
  NodeConnection* node(BrokerId broker);
  /// True when requests may be sent to it now; else a connection attempt has begun (unless one is
  /// under way), and changed() will tell.
  bool ensure_connected(NodeConnection& node);
  /// The node to ask what any broker can answer; it may still have to connect.
  NodeConnection& least_loaded();
  /// Called when a connection could not be made; `cause`: what silences the broker, if known.
  std::function<void(Address, sim::EventId cause)> on_unreachable;
  /// An own connection beside the one node() gives, as the consumer's to its coordinator; with a
  /// request timeout of at least `patience`.
  std::unique_ptr<NodeConnection> dedicated(Address address, Duration patience = {}) const;

 private:
  sim::Task<> refresh_loop();
  sim::Task<bool> refresh_once();
  void note_errors(const MetadataResponse& response);
  sim::Task<> connect(NodeConnection& node);
  NodeConnection& connection(Address address);

  sim::Process& process_;
  const ClientNetworkSettings settings_;
  ClientErrors errors_;
  RandomStream random_;
  ClusterView view_;
  std::map<Address, std::unique_ptr<NodeConnection>> connections_;
  std::set<NodeConnection*> connecting_;
  std::set<std::string> topics_;
  std::int64_t version_ = 0;
  Time last_update_{};
  bool wanted_ = false;
  sim::Signal wake_;
  sim::Signal changed_;
};

/// A machine's name for sentences.
std::string machine_name(sim::Process& process, Address address);

}  // namespace brokerlab::model
