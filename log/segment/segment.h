// LogSegment: one .log file with its indexes; the files a Log is made of.
//
//   00000000000000000042.log        batches, first base offset >= 42
//
// This class writes: it appends, cuts, and keeps the rest in step. The rest is SegmentNames, the
// names; SegmentIndexes, where batches are; SegmentReader, which finds them; TransactionIndex, the
// aborted transactions; scan_segment(), which tells what is good after a crash.
//
// Private to the log; public for tests and tools. Lifetime: borrows the Env and the LogConfig.
// Threads: none. Errors: those of the storage. Source: Kafka's LogSegment.
#pragma once

#include "base/result.h"
#include "log/batch/byte_slice.h"
#include "log/batch/phantom.h"
#include "log/batch/record_batch.h"
#include "log/env/env.h"
#include "log/log_config.h"
#include "log/segment/batch_place.h"
#include "log/segment/segment_indexes.h"
#include "log/segment/segment_names.h"
#include "log/segment/segment_reader.h"
#include "log/segment/segment_recovery.h"
#include "log/segment/transaction_index.h"

#include <functional>
#include <optional>
#include <span>
#include <string>

namespace brokerlab::log {

class LogSegment {
 public:
  /// Creates the three files. Left-over ones of the same name are removed first, as in Kafka.
  /// `file_suffix`: behind every file's name, while the segment does not count yet (cleaner.h).
  static Result<LogSegment, IoError> create(Env& env, const std::string& dir, Offset base_offset,
                                            const LogConfig& config, Timestamp now,
                                            std::string_view file_suffix = {});

  /// Opens the files. `usable` is false when an index was missing or damaged: recover() it.
  struct Opened;
  static Result<Opened, IoError> open(Env& env, const std::string& dir, Offset base_offset,
                                      const LogConfig& config, Timestamp now,
                                      std::string_view file_suffix = {});

  LogSegment(LogSegment&&) = default;
  LogSegment& operator=(LogSegment&&) = default;

  Offset base_offset() const { return names_.base_offset(); }
  std::int64_t size() const { return log_->size(); }
  FileId file() const { return log_->id(); }
  File& log_file() const { return *log_; }
  TimestampOffset max_timestamp() const { return indexes_.max_timestamp(); }
  /// Of its first batch; none when it is empty.
  std::optional<Timestamp> first_timestamp() const { return first_timestamp_; }
  const IndexFile<OffsetPosition>& offset_index() const { return indexes_.offsets(); }
  const IndexFile<TimestampOffset>& time_index() const { return indexes_.times(); }
  TransactionIndex& transactions() { return transactions_; }
  const TransactionIndex& transactions() const { return transactions_; }

  // --- Appending ---

  /// Whether the offset, relative to the base, fits the indexes.
  bool can_hold(Offset last_offset) const { return segment_can_hold(base_offset(), last_offset); }
  /// Kafka's LogSegment.shouldRoll.
  bool should_roll(std::int64_t incoming_size, Timestamp incoming_max_timestamp,
                   Offset incoming_last_offset, Timestamp now) const;
  /// Appends checked batches, which lie end to end in `bytes`.
  Status<IoError> append(ByteView bytes, std::span<const BatchSummary> batches);
  /// The same of one phantom batch, whose payload nobody touches.
  Status<IoError> append_phantom(const PhantomBatch& batch);
  /// The last time index entry a segment gets, when it stops being the active one or is closed.
  Status<IoError> finish_time_index() { return indexes_.finish_times(); }
  Status<IoError> sync();

  // --- Reading (segment_reader.h) ---

  SegmentReader::Place find(Offset offset) const { return reader().find(offset); }
  /// What find() would find, when that is the last batch, for which nearly everybody asks.
  const BatchPlace* last_if_holds(Offset offset) const {
    if (recent_.empty()) return nullptr;
    const BatchPlace& last = recent_.back();
    return offset >= last.batch.base_offset && offset <= last.batch.last_offset ? &last : nullptr;
  }
  SegmentReader::Place batch_at(std::int64_t position) const { return reader().batch_at(position); }
  Result<ByteSlice, IoError> read(std::int64_t position, std::int64_t size) const {
    return reader().read(position, size);
  }
  Result<Records, IoError> read_records(std::int64_t position, std::int64_t size) const {
    return reader().read_records(position, size);
  }
  Result<std::optional<FoundRecord>, IoError> find_timestamp(Timestamp target, Offset from) const {
    return reader().find_timestamp(target, from);
  }
  /// One past the last offset in the file; the base offset when it is empty.
  Result<Offset, IoError> read_next_offset() const;
  /// Whether the file ends where its last batch does, as far as the index and the headers behind
  /// its last entry tell. What follows no batch would never be found again.
  Result<bool, IoError> ends_with_a_batch() const;

  // --- Cutting ---

  /// Drops batches that hold `offset` or later ones. Returns the bytes cut.
  Result<std::int64_t, IoError> truncate_to(Offset offset, Timestamp now);

  /// Reads every batch, rebuilds the indexes, cuts the file at the first byte that is not a good
  /// batch in growing offset order. `on_batch` hears of each good one, and adds the aborted
  /// transactions anew. Returns the bytes cut.
  /// `on_cut` hears of what is about to be cut, from where on and why; an error of its own stops
  /// all with the .log as it was. `believed`: see SegmentIndexes::rewrite().
  using OnCut = std::function<Status<IoError>(std::int64_t position, const std::string& why)>;
  Result<std::int64_t, IoError> recover(const OnGoodBatch& on_batch, const OnCut& on_cut,
                                        bool believed);

  /// Closes and removes the files.
  Status<IoError> remove_files();
  /// SegmentNames::rename(), and the transaction index.
  Status<IoError> rename_files(std::string_view file_suffix);

 private:
  LogSegment(SegmentNames names, const LogConfig& config, Timestamp now);

  SegmentReader reader() const { return {base_offset(), *log_, indexes_, recent_}; }
  /// What follows the append of a batch: the clocks, and index entries when it is time for them.
  Status<IoError> index_batch(const BatchPlace& place);
  Status<IoError> find_max_timestamp();

  SegmentNames names_;
  const LogConfig* config_;
  std::unique_ptr<File> log_;
  SegmentIndexes indexes_;
  TransactionIndex transactions_;
  /// The last batches of the file, without gaps: at least those since the last index entry, once
  /// something was appended. Readers at the tail, nearly all of them, need no search in the file.
  std::vector<BatchPlace> recent_;
  std::optional<Timestamp> first_timestamp_;  ///< Of the first batch; the clock of segment.ms.
  Timestamp created_ = 0;
  std::int64_t roll_jitter_ms_ = 0;
};

struct LogSegment::Opened {
  LogSegment segment;
  bool usable = false;
};

}  // namespace brokerlab::log
