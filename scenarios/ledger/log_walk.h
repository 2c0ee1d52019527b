// Reading a log from front to back, a read at a time, when a bit in it may be flipped.
#pragma once

#include "log/partition/log.h"

namespace brokerlab::scenarios {

/// Where a reader goes on that stood at `before` and was led to `after` by the batches of one read,
/// which comes from one segment. The checksum of a batch does not cover its offsets: a damaged one
/// leads nowhere, back, or too far; then it goes on with the next segment, or at the log's end.
inline log::Offset beyond(const log::Log& log, log::Offset before, log::Offset after) {
  log::Offset next = log.log_end_offset();
  for (const auto& segment : log.segments()) {
    if (segment->base_offset() <= before) continue;
    next = segment->base_offset();
    break;
  }
  return after > before && after <= next ? after : next;
}

}  // namespace brokerlab::scenarios
