// Log: one partition's directory of segments, as Kafka keeps it on disk.
//
//   MemoryEnv env;
//   auto log = Log::open(env, "/data/orders-0", LogConfig{}, {}).value();
//   log->append_as_leader(batch, epoch, now);  log->read(0, 1 << 20, log->log_end_offset(), true);
//
// The log knows bytes, offsets and leader epochs; the high watermark, ISR and who may read what are
// the model's. It does no waiting and starts no threads: where Kafka hands work to its scheduler
// (flush behind a roll, flush.ms, deletion) the caller is told and calls back.
//
// It is made of parts, and keeps them in step: what comes in is checked by Incoming, the segments
// are LocalLog's, producers LogProducers', epochs LeaderEpochCache's; LogLoader opens it.
//
// Lifetime: borrows the Env; the LogConfig is copied. Threads: none.
// Errors: a LogError. After one of kind `io` other than on open() and read() the log is offline, as
// a Kafka log directory would be: every later change answers the same error, and the way back is to
// open it anew. Source of the rules: Kafka's UnifiedLog.
#pragma once

#include "base/result.h"
#include "log/env/env.h"
#include "log/log_config.h"
#include "log/partition/incoming.h"
#include "log/partition/leader_epoch_cache.h"
#include "log/partition/local_log.h"
#include "log/partition/log_error.h"
#include "log/partition/log_producers.h"
#include "log/partition/log_recovery.h"
#include "log/partition/log_state.h"
#include "log/partition/retention.h"
#include "log/segment/segment.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::log {

struct TimestampLookup {
  Timestamp timestamp = no_timestamp;
  Offset offset = no_offset;
  LeaderEpoch leader_epoch = no_epoch;
};

class Log {
 public:
  using Cutting = brokerlab::log::Cutting;
  using OpenOptions = LogOpenOptions;
  using Recovery = LogRecovery;

  /// Opens the directory, or creates it. Recovers what lies behind the recovery point unless clean:
  /// scans it, cuts the log at the first bad batch, removes later segments and those that begin
  /// before the end of the one before, rebuilds indexes, cuts the leader epoch cache. Only io
  /// errors, and what OpenOptions::cutting forbids.
  static Result<std::unique_ptr<Log>, LogError> open(Env& env, const std::string& dir,
                                                     const LogConfig& config, OpenOptions options);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// Appends batches as the leader: writes offsets and `epoch` into `batches` in place (and the
  /// time, with LogAppendTime), then appends. All or nothing. Kafka takes one batch a produce
  /// request; several are taken here. An incomplete last batch is corrupt.
  ///
  /// Batches with a producer id are checked against what the log knows of that producer:
  /// duplicates, order, fencing (producer_state.h). Control batches come from a coordinator only.
  Result<AppendInfo, LogError> append_as_leader(MutableByteView batches, LeaderEpoch epoch,
                                                Timestamp now,
                                                AppendOrigin origin = AppendOrigin::client);

  /// Appends batches fetched from the leader, offsets and epochs as they are. A cut last batch is
  /// left out. The first offset must not be below log_end_offset(); gaps are allowed (compaction).
  Result<AppendInfo, LogError> append_as_follower(ByteView batches, Timestamp now);

  /// The leader's append of one phantom batch (phantom.h): offsets, epochs, rolls, indexes and
  /// syncs are those of its bytes, but its payload is neither made nor copied. It gets its offset,
  /// epoch and, with LogAppendTime, time. One that check_phantom() refuses is invalid.
  Result<AppendInfo, LogError> append_phantom_as_leader(PhantomBatch batch, LeaderEpoch epoch,
                                                        Timestamp now);

  /// append_as_follower() of what another log's read_records() gave, bytes or phantom batches.
  Result<AppendInfo, LogError> append_records_as_follower(const Records& records, Timestamp now);

  /// Reads from the batch that holds `offset` on, at most `max_bytes`, and no batch that holds
  /// `upto` (exclusive; a high watermark) or more. With `min_one_batch` the first batch comes
  /// whole, whatever its size. Reading at the end gives no bytes. One read comes from one segment.
  Result<ReadResult, LogError> read(Offset offset, std::int64_t max_bytes, Offset upto,
                                    bool min_one_batch) const;

  /// The same, phantom batches left as they are: no bytes are made of them. A read of them ends
  /// where bytes begin.
  Result<Records, LogError> read_records(Offset offset, std::int64_t max_bytes, Offset upto,
                                         bool min_one_batch) const;

  /// What read() could give, without reading it.
  Result<Readable, LogError> readable(Offset offset, Offset upto) const;

  /// Drops every batch that holds `offset` or later, and epochs that begin there. Returns whether
  /// anything went. When `offset` lies inside a batch the whole batch goes and the end becomes
  /// `offset` (Kafka does the same; replicas truncate at batch ends).
  Result<bool, LogError> truncate_to(Offset offset);
  /// Drops everything; the log is empty and starts and ends at `offset`.
  Status<LogError> truncate_fully_and_start_at(Offset offset);

  /// Moves the start (DeleteRecords, KIP-107; a follower learning of its leader's start). Never
  /// back. Segments stay until delete_old_segments().
  Status<LogError> advance_log_start_offset(Offset offset);
  /// Removes whole segments below the log start offset, never the active one. Returns how many.
  Result<std::int32_t, LogError> delete_old_segments();
  /// Also those older than retention.ms or beyond retention.bytes, oldest first, as far as the high
  /// watermark; the log start offset moves with them. The active one goes, too, when it is old: a
  /// new one is begun first. Source: UnifiedLog.deleteOldSegments.
  Result<std::int32_t, LogError> apply_retention(Timestamp now, Offset high_watermark);
  /// What that would remove, and why; nothing of a log that is offline.
  Expired expired(Timestamp now, Offset high_watermark) const;
  /// Segments that were removed, whose files are still there (LogConfig, file_delete_delay_ms), and
  /// the removal of those that were removed first.
  std::size_t condemned() const { return state_.local.condemned(); }
  Status<LogError> remove_condemned(std::size_t count);

  // --- Producers and transactions ---

  const ProducerStates& producers() const { return state_.producers.states(); }
  /// Transactions that end below it hold nobody back any more.
  void on_high_watermark(Offset high_watermark) {
    state_.producers.states().on_high_watermark(high_watermark);
  }
  Offset last_stable_offset(Offset high_watermark) const {
    return producers().last_stable_offset(high_watermark);
  }
  /// Transactions with records in [from, upto) that were aborted, in order of their markers.
  std::vector<AbortedTransaction> aborted_transactions(Offset from, Offset upto) const {
    return state_.local.aborted_transactions(from, upto);
  }
  /// Forgets producers that were silent for producer.id.expiration.ms. Returns how many.
  std::int32_t remove_expired_producers(Timestamp now) {
    return state_.producers.states().remove_expired(now, config_->producer_id_expiration_ms);
  }

  /// Puts a cleaned copy, synced and with suffix ".cleaned", in place of the `count` segments from
  /// index `first` on (cleaner.h). Safe against a crash at any point.
  Status<LogError> replace_segments(std::unique_ptr<LogSegment> cleaned, std::size_t first,
                                    std::size_t count);
  Env& env() { return state_.local.env(); }

  /// Begins a new segment at the log's end. No-op when the active one is empty.
  Status<LogError> roll(Timestamp now);

  /// Syncs what is not yet synced; the recovery point becomes the log's end, or `upto`.
  Status<LogError> flush() { return flush_to(log_end_offset()); }
  Status<LogError> flush_to(Offset upto);
  /// flush(), and the last time index entry: after it the log may be opened as clean.
  Status<LogError> close();

  /// Called when one of these two may have moved, before the call that moved it returns.
  void on_ends_moved(std::function<void()> handler) { on_ends_moved_ = std::move(handler); }
  Offset log_start_offset() const { return state_.start_offset; }
  Offset log_end_offset() const { return state_.local.end(); }
  Offset recovery_point() const { return state_.local.recovery_point(); }
  std::int64_t unflushed_records() const { return log_end_offset() - recovery_point(); }
  std::int64_t size() const { return state_.local.size(); }  ///< Bytes of all .log files.
  std::size_t segment_count() const { return segments().size(); }
  const LogSegment& active_segment() const { return state_.local.active(); }  ///< Not offline().
  /// Empty only when a change failed half way; then the log is offline.
  const LocalLog::Segments& segments() const { return state_.local.segments(); }
  const LeaderEpochCache& leader_epochs() const { return state_.epochs; }
  const Recovery& recovery() const { return recovery_; }
  const std::string& dir() const { return state_.local.dir(); }
  const LogConfig& config() const { return *config_; }
  /// From now on these are obeyed, by its segments, too (Kafka's updateConfig).
  void set_config(const LogConfig& config) { *config_ = config; }
  /// The error that took the log offline, if one did.
  const std::optional<LogError>& offline() const { return offline_; }

  /// A leader notes its epoch before it has appended anything (Kafka's becomeLeader). No-op when
  /// the epoch is already there.
  Status<LogError> assign_epoch_start(LeaderEpoch epoch, Offset start_offset);
  EpochEndOffset end_offset_for_epoch(LeaderEpoch epoch) const {
    return state_.epochs.end_offset_for(epoch, log_end_offset());
  }

  /// The first record whose timestamp is >= `timestamp`; nothing when there is none (ListOffsets).
  Result<std::optional<TimestampLookup>, LogError> offset_for_timestamp(Timestamp timestamp) const;

 private:
  Log(std::unique_ptr<LogConfig> config, LogState state, Recovery recovery)
      : config_(std::move(config)), state_(std::move(state)), recovery_(std::move(recovery)) {}

  bool holds(Offset offset) const;
  Failure<LogError> not_held(Offset offset) const;
  Result<AppendInfo, LogError> append_taken(const Status<LogError>& taken, Timestamp now,
                                            AppendOrigin origin);
  Status<IoError> write(Timestamp now, const LogProducers::Changes& producers, AppendInfo& info);
  Status<IoError> note_epochs(std::span<const BatchSummary> batches);
  Status<IoError> roll_at(Offset base_offset, Timestamp now);
  Status<IoError> sync_upto(Offset upto);
  Status<IoError> write_end();
  Status<LogError> settle(const Status<IoError>& done);
  LogError go_offline(const IoError& error);
  void tell_ends_moved() const {
    if (on_ends_moved_) on_ends_moved_();
  }

  std::unique_ptr<LogConfig> config_;
  LogState state_;
  Incoming incoming_;  ///< Of the append that goes on.
  Recovery recovery_;
  std::optional<LogError> offline_;
  std::function<void()> on_ends_moved_;
};

}  // namespace brokerlab::log
