// HostedReplicas: the replicas that one broker has, and who waits for them to change. The parts of
// the ReplicaManager share it, and with it the ReplicaContext: whose replicas they are, and what
// they work with.
//
// Lifetime: owned by the ReplicaManager. Threads: none. Source: kafka.server.ReplicaManager.
#pragma once

#include "model/broker/broker_storage.h"
#include "model/broker/metadata_cache.h"
#include "model/broker/partition.h"
#include "model/broker/purgatory.h"
#include "model/cluster_context.h"
#include "model/replica_watch.h"
#include "sim/machine.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace brokerlab::model {

class AlterPartitionManager;

struct ReplicaContext {
  sim::Process& process;
  ClusterContext& cluster;
  BrokerId id;
  const BrokerConfig& config;
  BrokerStorage& storage;
  MetadataCache& metadata;
  AlterPartitionManager& alter_partitions;
  ReplicaWatch& watch = ReplicaWatch::nobody();
  /// Not Kafka's any more: a follower cuts its log to its high watermark, as before KIP-101.
  bool truncates_to_high_watermark = false;

  sim::World& world() const { return process.world(); }
  sim::MachineId machine() const { return process.machine().id(); }
  /// What Kafka asks Time.milliseconds() for: the lag of followers, timestamps, flushes.
  Time clock() const { return process.machine().clock(); }
  log::Timestamp wall_millis() const { return cluster.wall_millis(process.machine()); }
};

/// What a broker has done since its process started; for JMX-like metrics.
struct BrokerCounters {
  std::int64_t messages_in = 0;
  std::int64_t bytes_in = 0;
  std::int64_t bytes_out = 0;  ///< To consumers.
  std::int64_t replication_bytes_in = 0;
  std::int64_t replication_bytes_out = 0;
  std::int64_t isr_shrinks = 0;  ///< That the controller has made, as this leader asked.
  std::int64_t isr_expands = 0;
};

class HostedReplicas {
 public:
  explicit HostedReplicas(const ReplicaContext& context);

  using Partitions = std::map<TopicPartition, std::unique_ptr<Partition>>;
  const Partitions& all() const { return partitions_; }
  Partition* find(const TopicPartition& partition);
  const Partition* find(const TopicPartition& partition) const;
  Partition& add(std::unique_ptr<Partition> partition);
  /// Its directory has failed. It is kept, as a request may be in the middle of it; who waits for
  /// it hears KAFKA_STORAGE_ERROR.
  Partition& take_offline(const TopicPartition& partition);
  /// It is deleted; kept all the same, as above. Who waits for it hears that it is not here.
  void remove(const TopicPartition& partition);
  /// Grows when one is added or goes: until then a pointer that find() gave stays good.
  std::int64_t changes() const { return changes_; }
  bool is_offline(const TopicPartition& partition) const { return offline_.contains(partition); }
  /// Why find() does not find it; a partition without a leader is known, too. Source:
  /// ReplicaManager.getPartitionOrError.
  ErrorCode why_missing(const TopicPartition& partition) const;

  /// KIP-951: who refuses because it does not lead says who does. Of Produce and Fetch responses.
  template <class Response>
  void name_leaders(Response& response) const;

  /// The high watermark, or what acknowledgments wait for, may have changed.
  void wake(Partition& partition);
  /// An acks=all record of that offset waits, since then, for followers that do not fetch it.
  void tell_stalled(const TopicPartition& name, Offset required, Time since);
  Purgatory& purgatory() { return purgatory_; }
  const Purgatory& purgatory() const { return purgatory_; }

  /// The event by which the partition got its present role and epoch here; none: it has none.
  sim::EventId transition(const TopicPartition& partition) const;
  void note_transition(const TopicPartition& partition, sim::EventId event) {
    transitions_[partition] = event;
    ++transition_count_;
  }
  /// How many there have been: as long as it stays the same, so does what transition() says.
  std::int64_t transition_count() const { return transition_count_; }
  BrokerCounters& counters() { return counters_; }
  const BrokerCounters& counters() const { return counters_; }

 private:
  void tell_resumed(const Partition& partition);

  const ReplicaContext& context_;
  Partitions partitions_;
  Partitions offline_;
  std::vector<std::unique_ptr<Partition>> removed_;
  std::int64_t changes_ = 0;
  std::map<TopicPartition, sim::EventId> transitions_;
  std::int64_t transition_count_ = 0;
  Purgatory purgatory_;
  BrokerCounters counters_;
  /// What was told of acknowledgments that wait for the ISR; `event` none: it is over.
  struct Stall {
    sim::EventId event;
    Time told;
    Offset required = 0;
    std::vector<BrokerId> isr;
    LeaderEpoch epoch = log::no_epoch;
    std::string followers;
  };
  std::map<TopicPartition, Stall> stalls_;
};

}  // namespace brokerlab::model
