// ReplicaManager: all replicas of one broker: who leads and who follows, and the parts that do the
// rest: appending (produce_requests.h), reading (fetch_requests.h), ISR changes (isr_changes.h),
// logs and their directories (log_manager.h), all on the replicas that are here
// (hosted_replicas.h). The rules are Partition's; here is what takes time.
//
// Lifetime: owned by the Broker; dies with its process. Threads: none.
// Source:   kafka.server.ReplicaManager.
#pragma once

#include "model/broken_rules.h"
#include "model/broker/alter_partition_manager.h"
#include "model/broker/call.h"
#include "model/broker/compaction.h"
#include "model/broker/deletion.h"
#include "model/broker/fetch_requests.h"
#include "model/broker/hosted_replicas.h"
#include "model/broker/isr_changes.h"
#include "model/broker/log_manager.h"
#include "model/broker/produce_requests.h"
#include "model/broker/replica_fetcher.h"
#include "model/group/offset_store.h"
#include "model/transaction/transaction_store.h"

#include <functional>
#include <set>
#include <utility>

namespace brokerlab::model {

class ReplicaManager final : public OffsetStore, public TransactionStore {
 public:
  explicit ReplicaManager(const ReplicaContext& context);
  ~ReplicaManager() override;

  /// Opens every log of every directory, recovering those of an unclean stop. Takes its time.
  sim::Task<> load_logs() { return logs_.load(); }
  /// Starts the background work: ISR watch, checkpoints.
  void start();
  /// The broker is going to stop: what it is made a follower of from now on it does not fetch.
  void begin_shutdown() { shutting_down_ = true; }
  /// Flushes, writes checkpoints and the clean-shutdown markers.
  sim::Task<> shutdown_cleanly();

  // --- Requests (called by I/O threads; they answer the call, now or later) ---

  sim::Task<> produce(CallPtr call) { return produces_.produce(std::move(call)); }
  sim::Task<> fetch(CallPtr call) { return fetches_.fetch(std::move(call)); }
  sim::Task<> delete_records(CallPtr call) { return deletion_.delete_records(std::move(call)); }
  sim::Task<> list_offsets(CallPtr call) { return fetches_.list_offsets(std::move(call)); }
  void offset_for_leader_epoch(const CallPtr& call) { fetches_.offset_for_leader_epoch(call); }
  sim::Task<> leader_and_isr(CallPtr call);
  void stop_replicas(const StopReplicaRequest& request, StopReplicaResponse& response);

  /// Called when this broker starts or stops leading a partition of a coordinator's topic.
  using LeadershipCallback = std::function<void(const TopicPartition&, bool elected, LeaderEpoch)>;
  void on_coordinator_leadership(LeadershipCallback callback) {
    on_leadership_ = std::move(callback);
  }
  /// Reads the settings of a topic when its first replica is made here.
  void set_config_reader(LogManager::ConfigReader reader) {
    logs_.set_config_reader(std::move(reader));
  }
  /// Called when a log directory has failed and others are left: the controller must hear of it.
  void on_log_dir_failure(std::function<void()> callback) { on_dir_failure_ = std::move(callback); }

  /// A topic's own settings, or the broker's, have changed.
  void use_topic_config(const std::string& topic, TopicOverrides overrides);
  void use_broker_config();

  // --- For the fetchers ---

  Partition* find(const TopicPartition& partition) { return replicas_.find(partition); }
  const Partition* find(const TopicPartition& partition) const { return replicas_.find(partition); }
  bool truncates_to_high_watermark() const {
    return context_.truncates_to_high_watermark || is_broken(Rule::followers_truncate_by_epoch);
  }
  /// As HostedReplicas::changes().
  std::int64_t changes() const { return replicas_.changes(); }
  /// What was fetched from the leader: append, or truncate where the logs part. False: it is
  /// damaged, and must be fetched again.
  sim::Task<bool> follow(const FetchResponse::Partition& data);
  /// OFFSET_OUT_OF_RANGE: the leader's log ends there. Whether ours went on, and was cut;
  bool cut_to_leaders_end(const TopicPartition& partition, Offset leader_end);
  /// else: it begins there. Ours begins there, too, when it ends before.
  void begin_at_leaders_start(const TopicPartition& partition, Offset leader_start);
  /// The fetcher has given the partition up.
  void tell_fetch_failed(const TopicPartition& name, ErrorCode error);

  void set_verifier(ProduceRequests::Verify verify) { produces_.set_verifier(std::move(verify)); }
  sim::Task<ErrorCode> verify_offsets(std::string transactional_id, ProducerIdAndEpoch producer,
                                      TopicPartition offsets) {
    return produces_.verify_offsets(std::move(transactional_id), producer, offsets);
  }
  /// Markers of a transaction coordinator; the call is answered once they stand in all replicas.
  using OffsetsEnded = std::function<void(int partition, std::int64_t producer_id, bool committed)>;
  sim::Task<> write_markers(CallPtr call, OffsetsEnded offsets_ended) {
    return produces_.write_markers(std::move(call), std::move(offsets_ended));
  }

  // --- For the transaction coordinator ---

  sim::Task<ErrorCode> append_state(int partition, log::ByteVector batch,
                                    Duration timeout) override;
  Result<log::ByteSlice, ErrorCode> read_state(int partition, Offset from) override {
    return read_of({transactions_topic, partition}, from);
  }
  Offset state_end(int partition) override { return end_of({transactions_topic, partition}); }

  // --- For the group coordinator ---

  sim::Task<ErrorCode> append(int partition, log::ByteVector batch) override;
  void append_unasked(int partition, log::ByteVector batch) override;
  Result<log::ByteSlice, ErrorCode> read(int partition, Offset from) override;
  Offset log_end_offset(int partition) override;

  const BrokerCounters& counters() const { return replicas_.counters(); }
  const HostedReplicas::Partitions& partitions() const { return replicas_.all(); }
  sim::EventId transition(const TopicPartition& partition) const {
    return replicas_.transition(partition);
  }
  std::int64_t transition_count() const { return replicas_.transition_count(); }
  int under_replicated() const { return count().under_replicated; }
  /// Of the replicas that are here, and how its partitions stand that it leads.
  struct Counts {
    int replicas = 0;
    int led = 0;
    int under_replicated = 0;
    int under_min_isr = 0;
    int at_min_isr = 0;
  };
  Counts count() const;
  int fetchers() const { return fetchers_.count(); }
  const Purgatory& purgatory() const { return replicas_.purgatory(); }
  const FetchSessionCache& fetch_sessions() const { return fetches_.sessions(); }

 private:
  /// The replica, opened if it is not here yet.
  sim::Task<Result<Partition*, ErrorCode>> find_or_open(const TopicPartition& name, bool is_new);
  /// KAFKA_STORAGE_ERROR when it cannot lead (ReplicaManager.makeLeaders).
  ErrorCode become_leader(Partition& partition, const LeaderAndIsrRequest::Partition& state);
  /// Whether it has another leader, or epoch, than before.
  bool become_follower(Partition& partition, const LeaderAndIsrRequest::Partition& state);
  /// Of a partition that this broker leads.
  Result<log::ByteSlice, ErrorCode> read_of(const TopicPartition& name, Offset from);
  Offset end_of(const TopicPartition& name);
  void tell_leadership(const TopicPartition& name, bool elected, LeaderEpoch epoch);
  void report_truncation(const Partition& partition, Offset end_before);
  void log_dir_failed(int dir, sim::DiskError error);
  void note_configs(const std::vector<Partition*>& changed);
  void take_offline(const TopicPartition& partition);
  void delete_replica(const TopicPartition& partition);
  sim::World& world() const { return context_.world(); }

  const ReplicaContext context_;
  HostedReplicas replicas_;
  LogManager logs_;
  Deletion deletion_;
  Compaction compaction_;
  IsrChanges isr_changes_;
  ProduceRequests produces_;
  ReplicationQuotas quotas_;
  FetchRequests fetches_;
  ReplicaFetchers fetchers_;
  std::set<std::pair<TopicPartition, Offset>> damage_told_;
  bool shutting_down_ = false;
  sim::Semaphore transitions_{context_.world(), 1};
  LeadershipCallback on_leadership_;
  std::function<void()> on_dir_failure_;
};

}  // namespace brokerlab::model
