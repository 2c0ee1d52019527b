// LogCleaning: one compaction of a log, in steps; what it does and why is told in cleaner.h.
//
// Lifetime: borrows the Log. Threads: none. Errors: the Log's, and `corrupt` for a segment that is
// damaged: it stays as it is. Source: kafka.log.Cleaner, MemoryRecords.filterTo.
#pragma once

#include "log/partition/log.h"

#include <memory>
#include <vector>

namespace brokerlab::log {

/// Topic and broker settings of the cleaner under Kafka's names; max.compaction.lag.ms is the
/// log's.
struct CleanerConfig {
  double min_cleanable_dirty_ratio = 0.5;                             ///< min.cleanable.dirty.ratio
  std::int64_t min_compaction_lag_ms = 0;                             ///< min.compaction.lag.ms
  std::int64_t delete_retention_ms = std::int64_t{24} * 3600 * 1000;  ///< delete.retention.ms
  /// log.cleaner.dedupe.buffer.size: 24 bytes a key, and how far that is filled
  /// (log.cleaner.io.buffer.load.factor; more than nine tenths are nine).
  std::int64_t dedupe_buffer_size = std::int64_t{128} << 20;
  double dedupe_buffer_load_factor = 0.9;
};

struct CleanerStats {
  Offset first_dirty_offset = 0;  ///< Where the next cleaning begins.
  std::int64_t records_read = 0;
  std::int64_t records_kept = 0;
  std::int64_t bytes_read = 0;
  std::int64_t bytes_kept = 0;
  std::int64_t keys = 0;  ///< In the map.
  std::int64_t records_without_key = 0;
  std::int32_t segments_before = 0;  ///< Of those cleaned.
  std::int32_t segments_after = 0;
};

/// One cleaning in steps, for who lets time pass between them: build_map(), then for each group of
/// segments copy_next() and put_in_place(). Whatever it reads and writes is done when a step
/// returns. The log may be appended to and begin later meanwhile; who truncates it ends the
/// cleaning first. One that is dropped with a copy not in place leaves ".cleaned" files, which
/// drop_copy() or the next start removes.
class LogCleaning {
 public:
  /// Of the dirty offsets [first_dirty, first_uncleanable). Borrows the log.
  LogCleaning(Log& log, const CleanerConfig& config, Offset first_dirty, Offset first_uncleanable,
              Timestamp now);
  ~LogCleaning();
  LogCleaning(LogCleaning&&) noexcept;

  Status<LogError> build_map();
  /// Groups that are not copied yet.
  std::size_t groups_left() const;
  /// Copies what stays of a group, synced. False: the log is not what it was, this cleaning is
  /// over.
  Result<bool, LogError> copy_next();
  /// Of the group that was copied last.
  std::vector<const LogSegment*> originals() const;
  const LogSegment& copy() const;
  /// False as copy_next().
  Result<bool, LogError> put_in_place();
  Status<LogError> drop_copy();

  /// All below is clean when every group is in place.
  Offset end() const;
  const CleanerStats& stats() const;

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace brokerlab::log
