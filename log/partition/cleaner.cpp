#include "log/partition/cleaner.h"

#include <algorithm>

namespace brokerlab::log {

LogCleaner::LogCleaner(Log& log, CleanerConfig config, Offset first_dirty_offset)
    : log_(log), config_(config), first_dirty_(first_dirty_offset) {}

LogCleaner::Range LogCleaner::range(Timestamp now, Offset high_watermark) const {
  const auto& segments = log_.segments();
  const Offset active = log_.active_segment().base_offset();
  Range range;
  range.first_dirty = std::max(first_dirty_, log_.log_start_offset());
  // A checkpoint from behind the end is of another life of this log.
  if (range.first_dirty > active) range.first_dirty = log_.log_start_offset();
  range.first_uncleanable = std::min(active, log_.last_stable_offset(high_watermark));
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    const LogSegment& segment = *segments[i];
    const Offset end = segments[i + 1]->base_offset();
    if (end <= range.first_dirty) continue;
    const Timestamp newest = segment.max_timestamp().timestamp;
    if (config_.min_compaction_lag_ms > 0 && newest > now - config_.min_compaction_lag_ms) {
      range.first_uncleanable = std::min(range.first_uncleanable, segment.base_offset());
      break;
    }
    const Timestamp oldest = segment.first_timestamp().value_or(no_timestamp);
    if (log_.config().max_compaction_lag_ms != INT64_MAX && oldest >= 0 &&
        oldest < now - log_.config().max_compaction_lag_ms) {
      range.overdue = true;
    }
  }
  range.first_uncleanable = std::max(range.first_uncleanable, range.first_dirty);
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    const Offset base = segments[i]->base_offset();
    if (base < range.first_dirty) {
      range.clean_bytes += segments[i]->size();
    } else if (base < range.first_uncleanable) {
      range.cleanable_bytes += segments[i]->size();
    }
  }
  return range;
}

bool LogCleaner::due(Timestamp now, Offset high_watermark) const {
  const Range found = range(now, high_watermark);
  return found.cleanable_bytes > 0 &&
         (found.overdue || found.dirty_ratio() > config_.min_cleanable_dirty_ratio);
}

Result<CleanerStats, LogError> LogCleaner::clean(Timestamp now, Offset high_watermark) {
  if (log_.offline()) return fail(*log_.offline());
  const Range found = range(now, high_watermark);
  LogCleaning cleaning(log_, config_, found.first_dirty, found.first_uncleanable, now);
  if (found.first_dirty >= found.first_uncleanable) return cleaning.stats();
  if (auto built = cleaning.build_map(); !built.ok()) return fail(built.error());
  while (cleaning.groups_left() > 0) {
    const auto copied = cleaning.copy_next();
    if (!copied.ok()) return fail(copied.error());
    const auto replaced = cleaning.put_in_place();
    if (!replaced.ok()) return fail(replaced.error());
  }
  first_dirty_ = cleaning.end();
  return cleaning.stats();
}

}  // namespace brokerlab::log
