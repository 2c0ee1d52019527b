// SegmentReader: looks into one .log file, led by its indexes: where is the batch of an offset, the
// record of a time, the last batch? It reads headers until it is there, and no payload that it need
// not.
//
// Lifetime: a view of a LogSegment, made for one question. Cost: see docs/performance.md. Threads:
// none. Errors: those of the storage; bytes that are no batch are the end of what can be found, for
// they are recovery's business. Source: Kafka's LogSegment.translateOffset,
// LogSegment.findOffsetByTimestamp.
#pragma once

#include "log/batch/byte_slice.h"
#include "log/batch/records.h"
#include "log/env/env.h"
#include "log/segment/batch_place.h"
#include "log/segment/segment_indexes.h"

#include <optional>
#include <vector>

namespace brokerlab::log {

/// A record as a look-up by time finds it.
struct FoundRecord {
  Timestamp timestamp = no_timestamp;
  Offset offset = no_offset;
  LeaderEpoch leader_epoch = no_epoch;
};

class SegmentReader {
 public:
  using Place = Result<std::optional<BatchPlace>, IoError>;

  /// `recent`: the last batches of the file, without gaps, or none.
  SegmentReader(Offset base_offset, File& log, const SegmentIndexes& indexes,
                const std::vector<BatchPlace>& recent)
      : base_offset_(base_offset), log_(log), indexes_(indexes), recent_(recent) {}

  /// The first batch whose last offset is >= `offset`; nothing when there is none.
  Place find(Offset offset) const;
  /// The batch at `position`; nothing when no whole batch starts there.
  Place batch_at(std::int64_t position) const;
  /// The last batch that the index knows of up to `offset`, or the first of all.
  Place indexed_batch_before(Offset offset) const;
  Place last_batch() const;
  Result<ByteSlice, IoError> read(std::int64_t position, std::int64_t size) const;
  /// Phantom batches as such, and then no bytes behind them.
  Result<Records, IoError> read_records(std::int64_t position, std::int64_t size) const;
  /// First record at or behind `from` whose timestamp is >= `target`.
  Result<std::optional<FoundRecord>, IoError> find_timestamp(Timestamp target, Offset from) const;

 private:
  std::size_t guess_entry(Offset offset) const;
  void prefetch_headers(const BatchPlace& first, Offset offset) const;

  Offset base_offset_;
  File& log_;
  const SegmentIndexes& indexes_;
  const std::vector<BatchPlace>& recent_;
};

}  // namespace brokerlab::log
