// ReplicaManager: all replicas of one broker; produce and fetch, leadership changes, the ISR watch,
// checkpoints. The rules are Partition's; here is what takes time.
//
// Lifetime: owned by the Broker; dies with its process. Threads: none.
// Source:   kafka.server.ReplicaManager, kafka.log.LogManager.
#pragma once

#include "log/directory/checkpoint.h"
#include "model/broker/alter_partition_manager.h"
#include "model/broker/broker_storage.h"
#include "model/broker/call.h"
#include "model/broker/metadata_cache.h"
#include "model/broker/partition.h"
#include "model/broker/purgatory.h"
#include "model/broker/replica_fetcher.h"
#include "model/cluster_context.h"
#include "model/group/offset_store.h"
#include "model/replica_watch.h"

#include <functional>
#include <map>
#include <memory>
#include <set>

namespace brokerlab::model {

/// What a broker has done since its process started; for JMX-like metrics.
struct BrokerCounters {
  std::int64_t messages_in = 0;
  std::int64_t bytes_in = 0;
  std::int64_t bytes_out = 0;  ///< To consumers.
  std::int64_t replication_bytes_in = 0;
  std::int64_t replication_bytes_out = 0;
};

class ReplicaManager final : public OffsetStore {
 public:
  struct Owner {
    sim::Process& process;
    ClusterContext& cluster;
    BrokerId id;
    const BrokerConfig& config;
    BrokerStorage& storage;
    MetadataCache& metadata;
    AlterPartitionManager& isr_changes;
    ReplicaWatch& watch = ReplicaWatch::nobody();
  };
  explicit ReplicaManager(Owner owner);
  ~ReplicaManager() override;

  /// Opens every log of every directory, recovering those of an unclean stop. Takes its time.
  sim::Task<> load_logs();
  /// Starts the background work: ISR watch, checkpoints.
  void start();
  /// Flushes, writes checkpoints and the clean-shutdown markers.
  sim::Task<> shutdown_cleanly();

  // --- Requests (called by I/O threads; they answer the call, now or later) ---

  sim::Task<> produce(CallPtr call);
  sim::Task<> fetch(CallPtr call);
  sim::Task<> list_offsets(CallPtr call);
  void offset_for_leader_epoch(CallPtr call);
  sim::Task<> leader_and_isr(CallPtr call);
  void stop_replicas(const StopReplicaRequest& request);

  /// Called when this broker starts or stops leading a partition of the offsets topic.
  using LeadershipCallback = std::function<void(int partition, bool elected, LeaderEpoch)>;
  void on_offsets_leadership(LeadershipCallback callback) { on_leadership_ = std::move(callback); }
  /// Reads the settings of a topic when its first replica is made here.
  using ConfigReader = std::function<sim::Task<TopicOverrides>(std::string topic)>;
  void set_config_reader(ConfigReader reader) { read_config_ = std::move(reader); }

  /// Called when a log directory has failed and others are left: the controller must hear of it.
  void on_log_dir_failure(std::function<void()> callback) { on_dir_failure_ = std::move(callback); }

  // --- For the fetchers ---

  Partition* find(const TopicPartition& partition);
  /// What was fetched from the leader: append, or truncate where the logs part. False: it is
  /// damaged, and must be fetched again.
  sim::Task<bool> follow(const FetchResponse::Partition& data);
  /// OFFSET_OUT_OF_RANGE: the leader's log lies elsewhere.
  /// The fetcher has given the partition up.
  void tell_fetch_failed(const TopicPartition& name, ErrorCode error);
  void follow_out_of_range(const TopicPartition& partition, Offset leader_start, Offset leader_end);

  // --- For the group coordinator ---

  sim::Task<ErrorCode> append(int partition, log::ByteVector batch) override;
  Result<log::ByteSlice, ErrorCode> read(int partition, Offset from) override;
  Offset log_end_offset(int partition) override;

  const BrokerCounters& counters() const { return counters_; }
  const std::map<TopicPartition, std::unique_ptr<Partition>>& partitions() const {
    return partitions_;
  }
  /// The event by which the partition got its present role and epoch here; none: it has none.
  sim::EventId transition(const TopicPartition& partition) const;
  int under_replicated() const;
  int leader_count() const;
  const Purgatory& purgatory() const { return purgatory_; }
  int offline_dirs() const { return storage_.dirs() - storage_.online(); }

 private:
  class DelayedProduce;
  class DelayedFetch;
  friend class DelayedProduce;
  friend class DelayedFetch;

  /// A log directory's part of load_logs().
  struct Recovered {
    int logs = 0;
    Bytes scanned{0};
    Bytes cut{0};
  };
  sim::Task<Recovered> load_dir(int dir);
  Result<Partition*, ErrorCode> open_partition(const TopicPartition& name,
                                               const TopicOverrides& overrides, bool is_new);
  /// Where a new log goes: the directory with the fewest; -1: all have failed.
  int emptiest_dir() const;
  /// Why find() does not find it.
  ErrorCode why_missing(const TopicPartition& partition) const;
  template <class Response>
  void name_leaders(Response& response) const;
  std::unique_ptr<FetchResponse> read_for(const FetchRequest& request, Bytes& readable,
                                          bool& answer_now);
  void wake(Partition& partition);
  /// An acks=all record of that offset waits, since then, for followers that do not fetch it.
  void tell_stalled(const TopicPartition& name, Offset required, Time since);
  void tell_resumed(const Partition& partition);
  /// A consumer's fetch was answered at its fetch.max.wait.ms: there is less than fetch.min.bytes.
  void tell_held_back(const FetchRequest& request, Bytes found);
  void submit(const std::optional<IsrChange>& change);
  /// KAFKA_STORAGE_ERROR when it cannot lead (ReplicaManager.makeLeaders).
  ErrorCode become_leader(Partition& partition, const LeaderAndIsrRequest::Partition& state);
  bool become_follower(Partition& partition, const LeaderAndIsrRequest::Partition& state);
  sim::Task<> flush_behind(TopicPartition name, Offset base);
  void report_truncation(Partition& partition, Offset end_before);
  sim::Task<> watch_isr();
  sim::EventId why_lagging(const IsrChange& change) const;
  sim::EventId why_grown(const Partition& partition) const;
  void tell_refused(const IsrChange& change, ErrorCode error);
  sim::Task<> checkpoint_high_watermarks();
  sim::Task<> checkpoint_recovery_points();
  sim::Task<> flush_dirty_logs();
  void log_dir_failed(int dir, sim::DiskError error);
  void take_offline(const TopicPartition& partition);
  void write_high_watermarks();
  void write_recovery_points();
  void write_checkpoints(const char* name, const std::vector<log::OffsetCheckpoint>& by_dir);
  sim::World& world() { return process_.world(); }
  /// What Kafka asks Time.milliseconds() for: the lag of followers, timestamps, flushes.
  Time clock() const { return process_.machine().clock(); }
  log::Timestamp wall_millis() const { return cluster_.wall_millis(process_.machine()); }
  sim::MachineId machine() const { return process_.machine().id(); }

  sim::Process& process_;
  ClusterContext& cluster_;
  const BrokerId id_;
  const BrokerConfig& config_;
  BrokerStorage& storage_;
  MetadataCache& metadata_;
  AlterPartitionManager& isr_changes_;
  std::set<std::pair<TopicPartition, Offset>> damage_told_;
  ReplicaWatch& watch_;
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
  std::map<std::string, Time> held_back_;               ///< Consumers: when it was told.
  std::map<TopicPartition, sim::EventId> transitions_;  ///< The last change of role or epoch.
  std::map<TopicPartition, std::unique_ptr<Partition>> partitions_;
  std::map<TopicPartition, std::unique_ptr<log::Log>> loaded_logs_;
  std::map<TopicPartition, int> dirs_;  ///< Of every log here.
  /// Of directories that have failed. Kept, as a request may be in the middle of one.
  std::map<TopicPartition, std::unique_ptr<Partition>> offline_;
  std::map<std::string, TopicOverrides> topic_configs_;
  log::OffsetCheckpoint high_watermarks_;
  Purgatory purgatory_;
  ReplicaFetchers fetchers_;
  LeadershipCallback on_leadership_;
  ConfigReader read_config_;
  std::function<void()> on_dir_failure_;
  BrokerCounters counters_;
};

}  // namespace brokerlab::model
