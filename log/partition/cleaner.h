// LogCleaner: compaction of one log, as Kafka does it. Of every key the latest record stays.
//
//   LogCleaner cleaner(log, CleanerConfig{});
//   if (cleaner.due(now)) { auto stats = cleaner.clean(now); }
//
// A log has a clean part (compacted before), a dirty part, and a part that must not be touched yet
// (the active segment, what min.compaction.lag.ms protects, open transactions):
//
//   log start ... first_dirty_offset ... first_uncleanable_offset ... log end
//
// clean() notes the latest offset of each key of the dirty part, as many as the map holds, copies
// the segments up to there without records that a later one replaces, and puts the copies in place
// of the originals. Offsets never change; batches keep their first and last offset; groups of small
// segments become one.
//
// A tombstone (a null value) and the marker of a transaction stay for delete.retention.ms after the
// first cleaning that met them: the batch then carries its delete horizon (KIP-534). The last batch
// of each active producer stays, if need be without records, so that its sequence is not forgotten.
//
// Crash safety: a copy is written and synced as "<base>.log.cleaned"; renamed to ".swap" it counts:
// a start finds it, removes the originals it replaces and finishes the job (log_loader.cpp).
// Before, a start removes it.
//
// Source: kafka.log.{LogCleaner, Cleaner, LogCleanerManager}, MemoryRecords.filterTo, KIP-58,
// KIP-354. Lifetime: borrows the Log. Threads: none. Errors: the Log's, and `corrupt` for a
// segment that is damaged: it stays as it is. A record without a key, from before the topic was
// compacted, is dropped.
#pragma once

#include "log/partition/cleaning.h"

#include <algorithm>

namespace brokerlab::log {

class LogCleaner {
 public:
  /// `first_dirty_offset`: from cleaner-offset-checkpoint; 0 when nothing was ever cleaned.
  LogCleaner(Log& log, CleanerConfig config, Offset first_dirty_offset = 0);

  struct Range {
    Offset first_dirty = 0;
    Offset first_uncleanable = 0;
    std::int64_t clean_bytes = 0;
    std::int64_t cleanable_bytes = 0;
    bool overdue = false;  ///< max.compaction.lag.ms is over for the oldest dirty record.
    double dirty_ratio() const {
      const std::int64_t all = clean_bytes + cleanable_bytes;
      return all == 0 ? 0 : static_cast<double>(cleanable_bytes) / static_cast<double>(all);
    }
  };
  /// `high_watermark`: transactions above it are not over.
  Range range(Timestamp now, Offset high_watermark) const;
  bool due(Timestamp now, Offset high_watermark) const;

  /// Cleans, due or not. Nothing to clean is fine.
  Result<CleanerStats, LogError> clean(Timestamp now, Offset high_watermark);
  Offset first_dirty_offset() const { return first_dirty_; }
  /// The log was truncated to end at `offset`: what is written from there on is dirty. To be told
  /// by whoever truncates (LogCleanerManager.maybeTruncateCheckpoint); one that was not alive then
  /// must be given the smaller offset at its start.
  void on_truncation(Offset offset) { first_dirty_ = std::min(first_dirty_, offset); }

 private:
  Log& log_;
  const CleanerConfig config_;
  Offset first_dirty_;
};

}  // namespace brokerlab::log
