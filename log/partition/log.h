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
// Lifetime: borrows the Env; the LogConfig is copied. Threads: none.
// Errors: a LogError. After one of kind `io` other than on open() and read() the log is offline, as
// a Kafka log directory would be: every later change answers the same error, and the way back is to
// open it anew. Source of the rules: Kafka's UnifiedLog, LocalLog, LogLoader.
#pragma once

#include "base/result.h"
#include "log/batch/byte_slice.h"
#include "log/batch/record_batch.h"
#include "log/env/env.h"
#include "log/partition/incoming.h"
#include "log/partition/leader_epoch_cache.h"
#include "log/partition/log_config.h"
#include "log/partition/log_error.h"
#include "log/partition/producer_snapshot.h"
#include "log/partition/producer_state.h"
#include "log/partition/segment.h"
#include "log/partition/start_files.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::log {

struct ReadResult {
  /// Batches, the first holding the offset asked for. The last may be cut off, as in Kafka (use
  /// Batches, which steps over it); the first is whole, or there are no bytes at all.
  ByteSlice bytes;
  Offset first_base_offset = no_offset;  ///< Of the first batch; no_offset when there is none.
  FileId file;                           ///< Where the bytes came from.
  std::int64_t position = 0;
  /// There is a batch, but it is larger than max_bytes and min_one_batch was false.
  bool first_batch_too_large = false;
};

struct TimestampLookup {
  Timestamp timestamp = no_timestamp;
  Offset offset = no_offset;
  LeaderEpoch leader_epoch = no_epoch;
};

class Log {
 public:
  using Cutting = brokerlab::log::Cutting;

  struct OpenOptions {
    /// Everything below is known to be synced (recovery-point-offset-checkpoint).
    Offset recovery_point = 0;
    /// From log-start-offset-checkpoint.
    Offset log_start_offset = 0;
    /// The broker stopped cleanly: nothing is scanned, unless the log ends in something that is
    /// no batch.
    bool clean = false;
    Timestamp now = 0;  ///< Age of segments for segment.ms counts from here.
    /// What is refused is an error of kind `corrupt`; no .log has been cut then, but indexes may
    /// have been rebuilt. Who wants nothing changed tries on an OverlayEnv first.
    Cutting cutting = Cutting::as_kafka;
  };

  /// What opening found and did, for the broker's start-up story.
  struct Recovery {
    std::int32_t segments_scanned = 0;
    std::int64_t bytes_scanned = 0;
    std::int64_t bytes_cut = 0;  ///< Of the log, index files aside.
    std::int32_t segments_removed = 0;
    /// Scanned segments that begin behind the end of the one before: records are missing there,
    /// or compaction took them. A power loss leaves such a hole when a new segment reached the
    /// disk before the old one's last bytes did. Kafka does not look, and carries on; so do we.
    /// LogConfig::sync_in_order prevents it.
    std::int32_t gaps = 0;
    struct Cut {
      std::string file;           ///< Its name, in the directory.
      std::int64_t position = 0;  ///< From there to the end; 0 for a segment that was removed.
      std::int64_t bytes = 0;
      std::string why;
      std::string kept_as;  ///< The name under which they are kept, if they are.
    };
    std::vector<Cut> cuts;  ///< What bytes_cut is made of.
    /// What an interrupted replacement or removal had left, and files without a segment.
    std::vector<FileChange> files;
  };

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

  /// The two appends of one phantom batch (phantom.h): offsets, epochs, rolls, indexes and syncs
  /// are those of its bytes, but its payload is neither made nor copied. The leader's gives it its
  /// offset, epoch and, with LogAppendTime, time. One that check_phantom() refuses is invalid.
  Result<AppendInfo, LogError> append_phantom_as_leader(PhantomBatch batch, LeaderEpoch epoch,
                                                        Timestamp now);
  Result<AppendInfo, LogError> append_phantom_as_follower(const PhantomBatch& batch, Timestamp now);

  /// Reads from the batch that holds `offset` on, at most `max_bytes`, and no batch that holds
  /// `upto` (exclusive; a high watermark) or more. With `min_one_batch` the first batch comes
  /// whole, whatever its size. Reading at the end gives no bytes. One read comes from one segment.
  Result<ReadResult, LogError> read(Offset offset, std::int64_t max_bytes, Offset upto,
                                    bool min_one_batch) const;

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

  // --- Producers and transactions (log_producers.cpp) ---

  const ProducerStates& producers() const { return producers_; }
  /// Transactions that end below it hold nobody back any more.
  void on_high_watermark(Offset high_watermark) { producers_.on_high_watermark(high_watermark); }
  Offset last_stable_offset(Offset high_watermark) const {
    return producers_.last_stable_offset(high_watermark);
  }
  /// Transactions with records in [from, upto) that were aborted, in order of their markers.
  std::vector<AbortedTransaction> aborted_transactions(Offset from, Offset upto) const;
  /// Forgets producers that were silent for producer.id.expiration.ms. Returns how many.
  std::int32_t remove_expired_producers(Timestamp now) {
    return producers_.remove_expired(now, config_->producer_id_expiration_ms);
  }

  /// Puts a cleaned copy, synced and with suffix ".cleaned", in place of the `count` segments from
  /// index `first` on (cleaner.h). Safe against a crash at any point.
  Status<LogError> replace_segments(std::unique_ptr<LogSegment> cleaned, std::size_t first,
                                    std::size_t count);
  Env& env() { return *env_; }

  /// Begins a new segment at the log's end. No-op when the active one is empty.
  Status<LogError> roll(Timestamp now);

  /// Syncs what is not yet synced; the recovery point becomes the log's end, or `upto`.
  Status<LogError> flush() { return flush_to(log_end_offset()); }
  Status<LogError> flush_to(Offset upto);
  /// flush(), and the last time index entry: after it the log may be opened as clean.
  Status<LogError> close();

  Offset log_start_offset() const { return log_start_offset_; }
  Offset log_end_offset() const { return log_end_offset_; }
  Offset recovery_point() const { return recovery_point_; }
  std::int64_t unflushed_records() const { return log_end_offset_ - recovery_point_; }
  std::int64_t size() const;  ///< Bytes of all .log files.
  std::size_t segment_count() const { return segments_.size(); }
  const LogSegment& active_segment() const { return *segments_.back(); }  ///< Not when offline().
  const std::vector<std::unique_ptr<LogSegment>>& segments() const { return segments_; }
  const LeaderEpochCache& leader_epochs() const { return epochs_; }
  const Recovery& recovery() const { return recovery_; }
  const std::string& dir() const { return dir_; }
  const LogConfig& config() const { return *config_; }
  /// The error that took the log offline, if one did.
  const std::optional<LogError>& offline() const { return offline_; }

  /// A leader notes its epoch before it has appended anything (Kafka's becomeLeader). No-op when
  /// the epoch is already there.
  Status<LogError> assign_epoch_start(LeaderEpoch epoch, Offset start_offset);
  EpochEndOffset end_offset_for_epoch(LeaderEpoch epoch) const {
    return epochs_.end_offset_for(epoch, log_end_offset_);
  }

  /// The first record whose timestamp is >= `timestamp`; nothing when there is none (ListOffsets).
  Result<std::optional<TimestampLookup>, LogError> offset_for_timestamp(Timestamp timestamp) const;

 private:
  Log(Env& env, std::string dir, const LogConfig& config);

  Status<IoError> load(const OpenOptions& options);
  Status<IoError> load_files(const OpenOptions& options);
  void note_removed_snapshots(const std::vector<Offset>& before);
  Status<IoError> load_segments(const OpenOptions& options);
  Status<IoError> finish_swaps(const OpenOptions& options);
  Result<Offset, IoError> end_of_copy(Offset base, const OpenOptions& options);
  Status<IoError> replace(std::unique_ptr<LogSegment> cleaned, std::size_t first,
                          std::size_t count);
  Status<IoError> recover_unflushed(const OpenOptions& options);
  Status<IoError> recover_from(std::size_t first);
  Status<IoError> drop_segments_from(std::size_t first, const std::string& why);
  Status<IoError> before_cut(const LogSegment& segment, std::int64_t position, std::string why);
  Status<IoError> before_removal(const LogSegment& segment, std::string why);
  Failure<IoError> refuse_cut(const LogSegment& segment, std::int64_t position, std::string why);
  Status<IoError> note_cut(const LogSegment& segment, std::int64_t position, std::string why);
  Status<IoError> check_end();
  Result<std::int64_t, IoError> recover_segment(LogSegment& segment, bool believed = false);
  Status<IoError> recover_damaged(const std::vector<Offset>& bases, Offset flushed);
  Status<IoError> start_empty_at(Offset offset, Timestamp now);
  Result<AppendInfo, LogError> append_taken(const Status<LogError>& taken, Timestamp now,
                                            AppendOrigin origin);
  /// What an append means for producers; found before anything is written.
  struct ProducerChanges {
    std::map<std::int64_t, ProducerAppend> appends;
    std::vector<CompletedTransaction> completed;
    std::optional<AppendedBatch> duplicate;
  };
  Result<ProducerChanges, LogError> analyze_producers(std::span<const Incoming::OfProducer> batches,
                                                      AppendOrigin origin) const;
  Result<ProducerChanges, LogError> analyze_producers(const BatchView& batch) const;
  static AppendInfo info_of_duplicate(const AppendedBatch& known);
  Status<IoError> take(const ProducerChanges& changes, LogSegment& segment);
  Status<IoError> replay_producers(LogSegment& segment, const BatchView& batch);
  Status<IoError> bring_producers_to(Offset offset);
  Status<IoError> load_producers(bool clean);
  Status<IoError> remove_stray_snapshots();
  Status<IoError> reload_producers();
  Result<AppendInfo, IoError> write(Timestamp now, const ProducerChanges& producers);
  Status<IoError> begin_write(AppendInfo& info, Timestamp now);
  Status<IoError> end_write(AppendInfo& info);
  Status<IoError> roll_at(Offset base_offset, Timestamp now);
  Status<IoError> note_epochs(std::span<const BatchSummary> batches);
  Status<IoError> remove_last_segment();
  Status<IoError> sync_upto(Offset upto);
  Result<std::int64_t, IoError> end_position(std::size_t index, Offset upto) const;
  std::size_t segment_index_for(Offset offset) const;
  Status<LogError> settle(const Status<IoError>& done);
  LogError go_offline(const IoError& error);
  std::string epoch_file() const;

  Env* env_;
  std::string dir_;
  std::unique_ptr<const LogConfig> config_;
  /// By base offset. Empty only when a change failed half way; then the log is offline.
  std::vector<std::unique_ptr<LogSegment>> segments_;
  Incoming incoming_;  ///< Of the append that goes on.
  LeaderEpochCache epochs_;
  ProducerStates producers_;
  Offset producers_end_ = 0;  ///< Up to where producers_ tells.
  ProducerSnapshots snapshots_;
  Offset log_start_offset_ = 0;
  Offset log_end_offset_ = 0;
  Offset recovery_point_ = 0;
  Timestamp last_now_ = 0;      ///< The latest time anyone told.
  bool names_changed_ = false;  ///< Segments were made or removed since the directory was synced.
  Recovery recovery_;
  Cutting cutting_ = Cutting::as_kafka;
  bool refused_ = false;  ///< The start, by cutting_.
  std::optional<LogError> offline_;
};

}  // namespace brokerlab::log
