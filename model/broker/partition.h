// Partition: one replica on one broker, leader or follower, with the rules of replication.
//
// Decides: what may be appended and read, when the high watermark moves, who is in sync. It has no
// clock, does no I/O but the log engine's, and never waits: time is passed in, and the calls return
// what the broker must do next (ask the controller for another ISR, wake delayed requests).
//
// The ISR has two readings while a change is in flight (KIP-497): `isr()` is what the controller
// has committed, `maximal_isr()` is it plus a replica being added; the high watermark waits for the
// maximal one, which is always safe.
//
// Lifetime: owned by the ReplicaManager; the Log is opened by it. Threads: none.
// Source:   kafka.cluster.Partition, kafka.cluster.Replica, UnifiedLog (high watermark).
#pragma once

#include "log/partition/log.h"
#include "model/broker/follower_state.h"
#include "model/config.h"
#include "model/wire/protocol.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

namespace brokerlab::model {

/// An ISR change that the leader asks the controller for.
struct IsrChange {
  TopicPartition partition;
  LeaderEpoch leader_epoch = 0;
  int partition_epoch = 0;
  std::vector<BrokerId> from;
  std::vector<BrokerId> to;
  bool operator==(const IsrChange&) const = default;
};

/// Hears of a partition once: that its standing() has changed, or that the partition goes.
class StandingWatcher {
 public:
  virtual void on_standing_changed() = 0;

 protected:
  ~StandingWatcher() = default;
};

class Partition {
 public:
  enum class Role { none, leader, follower };

  Partition(BrokerId local, TopicPartition partition, sim::PartitionId id, TopicConfig config,
            Duration replica_lag_time_max);
  ~Partition();
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  const TopicPartition& name() const { return name_; }
  sim::PartitionId id() const { return id_; }
  const TopicConfig& config() const { return config_; }
  /// Its log's are set beside it.
  void set_config(const TopicConfig& config) { config_ = config; }
  Role role() const { return role_; }
  bool is_leader() const { return role_ == Role::leader; }
  BrokerId leader() const { return leader_; }
  LeaderEpoch leader_epoch() const { return leader_epoch_; }
  Offset leader_epoch_start() const { return leader_epoch_start_; }
  const std::vector<BrokerId>& replicas() const { return replicas_; }
  const std::vector<BrokerId>& isr() const { return isr_; }
  std::vector<BrokerId> maximal_isr() const;
  /// A follower that must fetch what a leader appends before the high watermark passes it.
  struct Awaited {
    BrokerId follower;
    Time until;  ///< By the machine's clock; `never` for a member of the (maximal) ISR.
  };
  /// Of a leader, for a record appended now.
  std::vector<Awaited> awaited(Time now) const;
  bool under_replicated() const { return is_leader() && isr_.size() < replicas_.size(); }
  bool under_min_isr() const {
    return is_leader() && static_cast<int>(isr_.size()) < effective_min_isr();
  }
  bool at_min_isr() const {
    return is_leader() && static_cast<int>(isr_.size()) == effective_min_isr();
  }

  bool has_log() const { return log_ != nullptr; }
  log::Log& log() {
    ENSURE(log_ != nullptr, "{} has no log here", name_.name());
    return *log_;
  }
  const log::Log& log() const { return const_cast<Partition*>(this)->log(); }
  /// `high_watermark`: from the checkpoint file; cut to the log's end. `now`: by the machine's
  /// clock.
  void set_log(std::unique_ptr<log::Log> log, Offset high_watermark, Time now);
  Offset high_watermark() const { return high_watermark_; }
  Offset log_end_offset() const { return log().log_end_offset(); }
  Offset last_stable_offset() const { return log().last_stable_offset(high_watermark_); }

  /// Which brokers are alive, as this broker's metadata says; a dead one never joins an ISR.
  void set_liveness(std::function<bool(BrokerId)> is_alive) { is_alive_ = std::move(is_alive); }

  // --- Leadership (from LeaderAndIsr requests) ---

  struct Transition {
    bool accepted = false;  ///< False: a stale partition epoch, or storage_failed.
    bool changed = false;   ///< A new leader (or, for a follower, another leader or epoch).
    bool high_watermark_moved = false;
    bool storage_failed = false;  ///< The epoch could not be written: all is as it was.
  };
  Transition make_leader(const LeaderAndIsrRequest::Partition& state, Time now);
  /// The first thing that make_leader() does, for who waits for the disk before it leads: since
  /// when it will. False: that could not be written.
  bool note_epoch_start(const LeaderAndIsrRequest::Partition& state);
  Transition make_follower(const LeaderAndIsrRequest::Partition& state);

  /// NONE when this is the leader, and `current` (a client's or follower's idea of the epoch;
  /// no_epoch: no idea) its epoch. The epoch is looked at first. Source: Partition.getLocalLog.
  ErrorCode check_leader(LeaderEpoch current) const;
  /// Consumers may read from followers too (KIP-392), if they agree about the epoch.
  ErrorCode may_read(LeaderEpoch current, bool follower) const {
    return follower || role_ == Role::none ? check_leader(current) : check_epoch(current);
  }

  // --- Leader ---

  struct Appended {
    log::AppendInfo info;
    bool high_watermark_moved = false;
  };
  /// KIP-890: the first record of a transaction is taken with the guard that was given out before
  /// its coordinator was asked. A marker in between takes the guard back. 0: none.
  using Guard = std::int64_t;
  static constexpr Guard no_guard = 0;
  /// no_guard: the transaction is known here already. Source:
  /// UnifiedLog.maybeStartTransactionVerification, ProducerStateManager.
  Guard begin_verification(ProducerIdAndEpoch producer, std::int32_t sequence);
  /// `wall`: milliseconds since 1970, for LogAppendTime.
  Result<Appended, ErrorCode> append_as_leader(log::MutableByteView batches, Acks acks, Time now,
                                               log::Timestamp wall,
                                               log::AppendOrigin origin = log::AppendOrigin::client,
                                               Guard guard = no_guard);
  Result<Appended, ErrorCode> append_as_leader(const log::PhantomBatch& batch, Acks acks, Time now,
                                               log::Timestamp wall, Guard guard = no_guard);
  void set_verifies(bool verifies) { verifies_ = verifies; }

  struct FollowerFetch {
    bool known = false;  ///< False: this broker is no replica of the partition.
    bool high_watermark_moved = false;
    bool log_start_moved = false;
    std::optional<IsrChange> isr_change;  ///< Ask the controller to add the follower.
  };
  /// `start`: where the follower's log begins.
  FollowerFetch note_follower_fetch(BrokerId follower, Offset offset, Offset leader_end, Time now,
                                    Offset start = log::no_offset);

  struct Read {
    ErrorCode error = ErrorCode::none;
    log::Records records;
    Offset high_watermark = log::no_offset;
    Offset log_start_offset = log::no_offset;
    Offset log_end_offset = log::no_offset;
    std::optional<FetchResponse::DivergingEpoch> diverging;
    Offset bound = log::no_offset;  ///< It reads below this.
    Offset last_stable_offset = log::no_offset;
    std::vector<log::AbortedTransaction> aborted = {};
  };
  enum class Reader { follower, consumer, committed_consumer };
  static Reader reader_of(const FetchRequest& request) {
    if (request.from_follower()) return Reader::follower;
    return request.isolation == IsolationLevel::read_committed ? Reader::committed_consumer
                                                               : Reader::consumer;
  }
  /// A consumer reads below the high watermark, with read_committed below the first transaction
  /// that is open; a follower to the log's end.
  Read read(const FetchRequest::Partition& wanted, Reader reader, Bytes max_bytes,
            bool min_one_batch) const;
  /// What a delayed fetch could get now, without reading it: bytes, beyond its limits too, or an
  /// error, or divergence.
  struct Readable {
    bool answer_now = false;
    bool older_segment = false;  ///< It grows no more: waiting is of no use.
    Bytes bytes;
  };
  Readable readable(const FetchRequest::Partition& wanted, Reader reader) const;

  /// All that decides what a read gives, but for what is asked: while it stays the same, who found
  /// nothing finds nothing again.
  struct Standing {
    bool leads = false;
    LeaderEpoch leader_epoch = log::no_epoch;
    Offset log_start_offset = log::no_offset;
    Offset log_end_offset = log::no_offset;
    Offset high_watermark = log::no_offset;
    bool operator==(const Standing&) const = default;
  };
  Standing standing() const {
    return {is_leader(), leader_epoch_, log().log_start_offset(), log_end_offset(),
            high_watermark_};
  }

  /// `watcher` hears of the next change; before it ends it takes that back.
  void watch_standing(StandingWatcher& watcher);
  void unwatch_standing(StandingWatcher& watcher) { std::erase(watchers_, &watcher); }

  struct AckState {
    bool done = false;
    ErrorCode error = ErrorCode::none;
  };
  /// Whether an acks=all produce up to `required` may be answered.
  AckState acknowledged(Offset required) const;

  /// Where the log is to begin for that DeleteRecords request, or why it will not. Source:
  /// Partition.deleteRecordsOnLeader.
  Result<Offset, ErrorCode> start_to_be(Offset wanted) const;
  /// Of a leader: where its log and those of live followers begin, the smallest.
  Offset low_watermark() const;

  OffsetForLeaderEpochResponse::Partition end_of_epoch(
      const OffsetForLeaderEpochRequest::Partition& wanted) const;

  /// Syncs the log when it has been unsynced for flush.ms. Source: LogManager.flushDirtyLogs.
  void maybe_flush(Time now);

  /// Looks for followers that lag more than replica.lag.time.max.ms.
  std::optional<IsrChange> maybe_shrink_isr(Time now);
  struct IsrOutcome {
    bool high_watermark_moved = false;
    std::optional<IsrChange> retry;
    bool done = false;  ///< The ISR is what was asked for.
  };
  /// The controller's answer to `change`; ignored unless that is the one under way. Source:
  /// Partition.submitAlterPartition, handleAlterPartitionError and handleAlterPartitionUpdate.
  IsrOutcome finish_isr_change(const IsrChange& change,
                               const AlterPartitionResponse::Partition& answer, Time now);
  /// `change` was not sent: another one of this partition is still on its way.
  void drop_isr_change(const IsrChange& change) {
    if (in_flight_ == change) in_flight_.reset();
  }

  // --- Follower ---

  /// Appends what was fetched and follows the leader's high watermark.
  Result<log::AppendInfo, log::LogError> append_as_follower(const FetchResponse::Partition& data,
                                                            log::Timestamp wall);
  /// Where to cut after the leader said that our last epoch ends at `diverging` over there.
  Offset truncation_point(const FetchResponse::DivergingEpoch& diverging) const;
  /// Returns whether anything went.
  Result<bool, log::LogError> truncate_to(Offset offset);
  Status<log::LogError> truncate_fully_and_start_at(Offset offset);
  /// The epoch of the last record, to be sent along with a fetch.
  LeaderEpoch last_fetched_epoch() const;

  const std::map<BrokerId, FollowerState>& followers() const { return followers_; }

 private:
  ErrorCode check_append(Acks acks) const;
  Result<Appended, ErrorCode> appended(const Result<log::AppendInfo, log::LogError>& appended,
                                       Time now);
  int effective_min_isr() const;
  void move_high_watermark(Offset to);
  Offset bound_of(Reader reader) const;
  bool has_open_transaction(std::int64_t producer_id) const;
  ErrorCode check_verified(const log::ProducerBatch& batch, log::AppendOrigin origin,
                           Guard guard) const;
  void forget_verification(const log::ProducerBatch& batch);
  bool in_isr(BrokerId broker) const;
  bool maybe_increment_high_watermark(Time now);
  bool waits_to_join(BrokerId broker, const FollowerState& follower, Offset end, Time now) const;
  std::optional<IsrChange> maybe_expand_isr(BrokerId follower);
  IsrChange begin_isr_change(std::vector<BrokerId> to);
  ErrorCode check_epoch(LeaderEpoch current) const;
  void take_replicas(const LeaderAndIsrRequest::Partition& state);
  /// After every change: what holds whatever the cluster goes through. Tells who watches.
  void check();
  void tell_watchers();
  void tell_if_standing_changed() {
    if (!watchers_.empty() && standing() != watched_) tell_watchers();
  }
  friend struct PartitionTamper;  ///< Of a test: that check() sees what no call can do.

  const BrokerId local_;
  const TopicPartition name_;
  const sim::PartitionId id_;
  TopicConfig config_;
  const Duration replica_lag_time_max_;
  std::function<bool(BrokerId)> is_alive_ = [](BrokerId) { return true; };

  Role role_ = Role::none;
  BrokerId leader_;
  LeaderEpoch leader_epoch_ = log::no_epoch;
  Offset leader_epoch_start_ = log::no_offset;
  int partition_epoch_ = -1;
  std::vector<BrokerId> replicas_;
  std::vector<BrokerId> isr_;
  std::optional<IsrChange> in_flight_;
  std::map<BrokerId, FollowerState> followers_;
  std::unique_ptr<log::Log> log_;
  Offset high_watermark_ = 0;
  struct Verification {
    Guard guard = no_guard;
    std::int32_t lowest_sequence = log::no_sequence;
    std::int16_t epoch = log::no_producer_epoch;
  };
  bool verifies_ = false;  ///< transaction.partition.verification.enable
  std::map<std::int64_t, Verification> verifications_;  ///< By producer id.
  Guard last_guard_ = no_guard;
  Time last_flush_{};
  struct Epochs {
    LeaderEpoch leader = log::no_epoch;
    int partition = -1;
  };
  Epochs checked_;                          ///< As check() saw them last.
  std::vector<StandingWatcher*> watchers_;  ///< All came while it stood so:
  Standing watched_;
};

}  // namespace brokerlab::model
