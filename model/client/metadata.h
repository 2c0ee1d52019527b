// What a client knows of the cluster, and its connections to the brokers.
//
// ClusterView is the knowledge: brokers, leaders, leader epochs. An answer from a broker that lags
// behind is ignored where its leader epoch is older than what is known (Kafka's Metadata).
// A produce or fetch error may name a newer leader (KIP-951), which is taken over at once.
// ClientNetwork keeps one connection a broker and refreshes the view: at request_update(), after
// metadata.max.age.ms and when a connection ends, through the least loaded node, at first through
// the bootstrap list; one request at a time, and retry.backoff.ms apart.
//
// Lifetime: ClientNetwork is owned by the client it serves, in the Program of its process.
// Threads:  none. Source: org.apache.kafka.clients.{Metadata, NetworkClient}.
#pragma once

#include "model/client/errors.h"
#include "model/wire/rpc.h"

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
  /// Takes over an answer. False: it told nothing new of any partition (an equivalent response).
  bool update(const MetadataResponse& response);
  /// KIP-951: true when the leader is newer than what is known, and its address is known or among
  /// `nodes`. Source: Metadata.updatePartitionLeadership.
  bool update_leader(const TopicPartition& partition, const CurrentLeader& leader,
                     const std::vector<BrokerEndpoint>& nodes);

  bool knows_topic(const std::string& topic) const;
  int partition_count(const std::string& topic) const;  ///< 0 when unknown.
  /// The same for who began to send before the topic went: Kafka's producer goes on by the cluster
  /// that it saw when send() was called.
  int last_partition_count(const std::string& topic) const;
  /// Leader none: unknown or not available, or its broker is not in the view.
  LeaderInfo leader(const TopicPartition& partition) const;
  /// Partitions that broker leads, by name; until the next update.
  const std::vector<TopicPartition>& led_by(BrokerId broker) const;
  /// Partitions of the topic with a leader, ascending; until the next update.
  const std::vector<int>& available_partitions(const std::string& topic) const;
  /// Every partition of the topic has a leader.
  bool all_led(const std::string& topic) const {
    return static_cast<int>(available_partitions(topic).size()) == last_partition_count(topic);
  }
  const std::map<BrokerId, Address>& brokers() const { return brokers_; }
  /// The racks of the partition's replicas, as far as brokers say where they are.
  std::set<std::string> racks(const TopicPartition& partition) const;

 private:
  struct Topic {
    bool exists = false;  ///< By the last answer.
    std::vector<LeaderInfo> partitions;
    std::vector<std::vector<BrokerId>> replicas;  ///< By partition; if brokers have racks.
  };
  std::map<BrokerId, Address> brokers_;
  std::map<BrokerId, std::string> racks_;
  std::map<std::string, Topic> topics_;
  // Found out when asked, of what is above.
  mutable std::map<BrokerId, std::vector<TopicPartition>> led_by_;
  mutable std::map<std::string, std::vector<int>> available_;
};

/// retry.backoff.ms doubled for each attempt after the first, at most `most`, with 20 % of jitter
/// (Kafka's ExponentialBackoff).
Duration exponential_backoff(Duration base, Duration most, int attempts, RandomStream& random);

/// The leaders that an answer with errors names, of NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH.
inline bool names_new_leader(ErrorCode error, const CurrentLeader& leader) {
  return (error == ErrorCode::not_leader_or_follower || error == ErrorCode::fenced_leader_epoch) &&
         leader.leader.valid() && leader.epoch != log::no_epoch;
}

struct ClientNetworkSettings {
  ClientNetworkSettings(std::string client_id, std::vector<Address> servers,
                        const ClientConfig& config);

  RpcSettings rpc;
  std::vector<Address> bootstrap;
  Duration metadata_max_age;
  Duration retry_backoff;
  Duration retry_backoff_max;
  bool auto_create_topics = true;  ///< Brokers may make the topics that are not there.
  int max_in_flight = 100;         ///< Requests on a connection; 100 is the consumer's.
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
  /// Notified after every update, every connection made or lost, and when a metadata request that
  /// others had to wait for is on its way.
  sim::Signal& changed() { return changed_; }

  /// The view should contain the topic from now on.
  void add_topic(const std::string& topic);
  void request_update();
  /// The client is closed: its connections end, nothing is sent any more.
  void shut();
  bool is_shut() const { return shut_; }
  /// Takes over the leader that an error named; true when it is news. version() stays.
  bool update_leader(const TopicPartition& partition, const CurrentLeader& leader,
                     const std::vector<BrokerEndpoint>& nodes);
  /// Waits for a version above `version`; false at the deadline.
  sim::Task<bool> wait_update(std::int64_t version, Time deadline);

  /// The connection to a broker of the view; nullptr when it is not in the view.
  NodeConnection* node(BrokerId broker);
  /// False: none of node() waits out its reconnect backoff. Cheap, as it is asked at every poll.
  bool any_backs_off() const { return backs_off_until_ > process_.world().now(); }
  /// The one to a broker that is known by other means.
  NodeConnection& connection_to(Address address) { return connection(address); }
  /// True when requests may be sent to it now; else a connection attempt has begun (unless one is
  /// under way, or it is too early), and changed() will tell. While metadata wants to be asked for,
  /// no node is ready: that goes first. Source: NetworkClient.ready.
  bool ready(NodeConnection& node);
  /// A metadata request is wanted, may be sent, and is not under way.
  bool update_due() const;
  /// The node to ask what any broker can answer; it may still have to connect. nullptr: every one
  /// is waiting out its reconnect backoff. Source: NetworkClient.leastLoadedNode.
  NodeConnection* least_loaded();
  /// Called when a connection could not be made; `cause`: what silences the broker, if known.
  std::function<void(Address, sim::EventId cause)> on_unreachable;
  /// An own connection beside the one node() gives, as the consumer's to its coordinator; with a
  /// request timeout of at least `patience`.
  std::unique_ptr<NodeConnection> dedicated(Address address, Duration patience = {});

 private:
  sim::Task<> refresh_loop();
  sim::Task<> refresh(NodeConnection& node);
  NodeConnection* node_for_update();
  void take(const MetadataResponse& response);
  Time next_update() const;
  void update_ended(bool failed);
  void note_disconnected();
  bool can_send(const NodeConnection& node) const;
  bool any_connecting() const;
  std::vector<Address> nodes() const;
  void note_errors(const MetadataResponse& response);
  static sim::Task<> connect(ClientNetwork& self, NodeConnection& node);
  NodeConnection& connection(Address address);

  sim::Process& process_;
  const ClientNetworkSettings settings_;
  ClientErrors errors_;
  RandomStream random_;
  ClusterView view_;
  std::map<Address, std::unique_ptr<NodeConnection>> connections_;
  std::set<std::string> topics_;
  Time backs_off_until_{};  ///< The last of them.
  std::int64_t version_ = 0;
  Time last_update_{};
  Time allowed_at_{};  ///< Earliest date of the next request (refresh backoff).
  int failed_updates_ = 0;
  int equivalent_updates_ = 0;  ///< In a row that told nothing new.
  bool wanted_ = false;
  bool in_progress_ = false;
  bool shut_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  ///< For callbacks that outlive us.
  sim::Signal wake_;
  sim::Signal changed_;
};

/// A machine's name for sentences.
std::string machine_name(sim::Process& process, Address address);

}  // namespace brokerlab::model
