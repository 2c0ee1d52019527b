// What of a segment is good: every batch read and checked, and what its indexes should hold.
//
// Changes nothing; LogSegment::recover() does. Threads: none. Errors: those of the storage and of
// the callback. Source: Kafka's LogSegment.recover.
#pragma once

#include "log/batch/record_batch.h"
#include "log/env/env.h"
#include "log/segment/batch_place.h"
#include "log/segment/segment_indexes.h"

#include <functional>
#include <optional>
#include <string>

namespace brokerlab::log {

struct SegmentScan {
  SegmentIndexes::Contents indexes;
  std::optional<Timestamp> first_timestamp;  ///< Of the first batch.
  std::int64_t good_size = 0;                ///< There begins what is no good, or the file ends.
  std::string why;                           ///< It is no good.
};

/// Up to the first byte that is not a good batch in growing offset order. `on_batch` hears of each
/// good one.
using OnGoodBatch = std::function<Status<IoError>(const BatchPlace&, const BatchView&)>;
Result<SegmentScan, IoError> scan_segment(File& log, Offset base_offset,
                                          std::int64_t index_interval_bytes,
                                          const OnGoodBatch& on_batch);

}  // namespace brokerlab::log
