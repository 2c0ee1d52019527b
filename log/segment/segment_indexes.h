// SegmentIndexes: the two sparse indexes of a segment, kept in step with its batches.
//
//   .index      (offset - base: u32, file position: u32)
//   .timeindex  (timestamp: i64, offset - base: u32), both growing
//
// A batch gets an entry once more than index.interval.bytes went in since the last. Entries are
// hints: lost or damaged indexes are rebuilt from the log, and an entry that leads to no batch is
// passed over (segment_reader.h). They are mapped (index_file.h), but unlike Kafka's not
// preallocated: the files have exactly the entries they hold; the bytes are the same once Kafka has
// closed a segment.
//
// Private to the segment. Threads: none. Errors: those of the storage. Source: Kafka's OffsetIndex,
// TimeIndex, LogSegment.append.
#pragma once

#include "log/log_config.h"
#include "log/segment/batch_place.h"
#include "log/segment/index_file.h"
#include "log/segment/segment_names.h"

#include <vector>

namespace brokerlab::log {

class SegmentIndexes {
 public:
  SegmentIndexes(Offset base_offset, const LogConfig& config)
      : base_offset_(base_offset), config_(&config) {}

  Status<IoError> create(const SegmentNames& names);
  /// False, and no entries, when a file is missing or its bytes cannot be an index of a .log of
  /// `log_size` bytes. A missing one is made by rewrite() only: an empty one would be taken for
  /// whole if the process died now.
  Result<bool, IoError> open(const SegmentNames& names, std::int64_t log_size);

  const IndexFile<OffsetPosition>& offsets() const { return offsets_; }
  const IndexFile<TimestampOffset>& times() const { return times_; }
  TimestampOffset max_timestamp() const { return max_timestamp_; }
  /// Whether another entry might not fit (segment.index.bytes).
  bool full() const;

  /// A batch was appended. Whether it got an entry of its own.
  Result<bool, IoError> note(const BatchPlace& place);
  /// The last time entry, when the segment stops being the active one or is closed.
  Status<IoError> finish_times();

  /// Drops the entries of `offset` and later.
  Status<IoError> cut(Offset offset);
  /// After a cut: the last time entry, unless a batch behind it (told by `raise`) is later.
  void fall_back_to_last_time_entry();
  void raise_max_timestamp(const BatchSummary& batch);

  /// What a scan found.
  struct Contents {
    std::vector<OffsetPosition> offsets;
    std::vector<TimestampOffset> times;
    TimestampOffset max_timestamp;
    std::int64_t bytes_since_entry = 0;
  };
  /// `believed`: no later start reads the segment again, so a power loss must not leave an index
  /// that looks whole; costs a sync.
  Status<IoError> rewrite(const SegmentNames& names, const Contents& contents, bool believed);

  Status<IoError> flush();
  Status<IoError> sync_offsets() { return offsets_.sync(); }
  Status<IoError> sync_times() { return times_.sync(); }
  /// The files may be removed then.
  void close();

 private:
  bool grow(std::int64_t log_size) const;

  Offset base_offset_;
  const LogConfig* config_;
  IndexFile<OffsetPosition> offsets_;
  IndexFile<TimestampOffset> times_;
  std::int64_t bytes_since_entry_ = 0;
  TimestampOffset max_timestamp_;
};

}  // namespace brokerlab::log
