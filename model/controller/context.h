// ControllerContext: what the active controller knows of its cluster, and views of it. Pure: no
// clock, no I/O, no World.
//
// Lifetime: owned by the ControllerTerm; empty while another broker is the controller.
// Threads:  none. Source: kafka.controller.ControllerContext.
#pragma once

#include "model/config.h"
#include "model/controller/metadata_store.h"
#include "model/controller/rules.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::model {

class ControllerContext {
 public:
  struct Partition {
    std::vector<BrokerId> assignment;
    Moving moving;
    LeaderAndIsr state;
    bool online = false;  ///< Has a leader that is alive.
    bool is_new = true;   ///< Nothing is written yet.
    ReplicaAssignment full_assignment() const { return {assignment, moving}; }
  };

  /// `config`: the controller's own, for what topics do not set.
  explicit ControllerContext(const BrokerConfig& config) : config_(config) {}

  const std::map<BrokerId, RegisteredBroker>& live() const { return live_; }
  const std::map<TopicPartition, Partition>& partitions() const { return partitions_; }
  const Partition* find(const TopicPartition& partition) const;
  const BrokerConfig& config() const { return config_; }

  // --- Brokers ---

  struct BrokerChanges {
    std::set<BrokerId> started;
    std::set<BrokerId> dead;
  };
  /// What has changed when these are registered now. A broker with another epoch than before died
  /// and came back between two looks: it is in both.
  BrokerChanges compare(const std::map<BrokerId, RegisteredBroker>& registered) const;
  void add_broker(const RegisteredBroker& broker) { live_[broker.endpoint.id] = broker; }
  void remove_broker(BrokerId broker);
  /// After they are removed: they do not shut down any longer; what they led is offline, and what
  /// another leads that shuts down (partitionsWithOfflineLeader).
  void note_dead(const std::set<BrokerId>& dead);
  void mark_shutting_down(BrokerId broker) { shutting_down_.insert(broker); }
  const std::set<BrokerId>& shutting_down() const { return shutting_down_; }
  /// Whether it is this life of the broker that is registered.
  bool is_current(BrokerId broker, std::int64_t epoch) const;

  std::vector<BrokerId> live_ids() const;
  std::set<BrokerId> live_set() const;
  std::vector<BrokerEndpoint> live_endpoints() const;
  std::vector<RackedBroker> racked_brokers() const;
  /// Who has replicas, and is not alive.
  std::set<BrokerId> missing() const;

  // --- Replicas on log directories that have failed, of live brokers ---

  bool is_offline(const TopicPartition& partition, BrokerId replica) const;
  /// Whether those count that have asked to shut down and are not gone yet: nobody gives them a
  /// leadership, but they are told what changes.
  enum class ShuttingDown { left_out, counted };
  /// Whether the broker is alive, with the directory of that replica (isReplicaOnline).
  bool is_online(const TopicPartition& partition, BrokerId replica, ShuttingDown leaving) const;
  /// The live brokers that have their replica of the partition, if they have one.
  std::set<BrokerId> online_for(const TopicPartition& partition, ShuttingDown leaving) const;
  /// Gives those that were not known to be gone; what the broker led of them is offline.
  std::set<TopicPartition> lose_replicas(BrokerId broker, const std::vector<TopicPartition>& gone);
  void regain_replicas(BrokerId broker, const std::vector<TopicPartition>& back);

  // --- Topics ---

  bool has_topic(const std::string& topic) const { return topics_.contains(topic); }
  /// With new partitions, until their states are loaded().
  void add_topic(const std::string& name, const StoredTopic& topic);
  void remove_topic(const std::string& name);
  /// Of a topic that is there.
  void set_topic_config(const std::string& name, const TopicOverrides& config);
  /// As it is to be written.
  StoredTopic stored_topic(const std::string& name) const;
  void set_assignment(const TopicPartition& partition, const ReplicaAssignment& assignment);
  /// Somebody wants it to be gone: nobody leads it anew.
  void mark_being_deleted(const std::string& topic) { being_deleted_.insert(topic); }
  bool is_being_deleted(const std::string& topic) const { return being_deleted_.contains(topic); }
  /// What the store has of partitions that are older than this controller.
  void load(const PartitionStates& states);
  /// The states are in force. Gives what was before.
  Partition adopt(const TopicPartition& partition, const LeaderAndIsr& state);
  /// As adopt(), of states that keep their leader.
  LeaderAndIsr adopt_isr(const TopicPartition& partition, const LeaderAndIsr& state);
  /// Somebody else has written these.
  void correct(const PartitionStates& states);

  /// The topic's settings with the broker's for what it does not set.
  TopicConfig topic_config(const std::string& topic) const;
  std::vector<UpdateMetadataRequest::Partition> all_metadata() const;

  void clear();

 private:
  const BrokerConfig& config_;
  std::map<BrokerId, RegisteredBroker> live_;
  std::set<BrokerId> shutting_down_;
  std::map<BrokerId, std::set<TopicPartition>> offline_replicas_;
  std::map<std::string, TopicOverrides> topics_;
  std::set<std::string> being_deleted_;
  std::map<TopicPartition, Partition> partitions_;
};

}  // namespace brokerlab::model
