// BatchPlace: where a batch lies in its segment's .log file, and what its header says. A value.
#pragma once

#include "log/batch/record_batch.h"

#include <limits>

namespace brokerlab::log {

struct BatchPlace {
  std::int64_t position = 0;
  BatchSummary batch;

  std::int64_t end() const { return position + batch.size; }
};

/// Whether the indexes of a segment that begins at `base` have room for the offset.
inline bool segment_can_hold(Offset base, Offset last_offset) {
  return last_offset >= base && last_offset - base <= std::numeric_limits<std::int32_t>::max();
}

}  // namespace brokerlab::log
