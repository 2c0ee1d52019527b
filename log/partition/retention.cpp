#include "log/partition/retention.h"

#include <algorithm>

namespace brokerlab::log {

Offset start_after_retention(const LocalLog& log, Offset log_start, Timestamp now,
                             Offset high_watermark) {
  const LogConfig& config = log.config();
  const auto& segments = log.segments();
  std::int64_t excess = config.retention_bytes < 0 ? 0 : log.size() - config.retention_bytes;
  Offset start = log_start;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const LogSegment& segment = *segments[i];
    const bool active = i + 1 == segments.size();
    const Offset end = active ? log.end() : segments[i + 1]->base_offset();
    if (high_watermark < end || (active && segment.size() == 0)) break;
    const bool old = config.retention_ms >= 0 && segment.max_timestamp().timestamp >= 0 &&
                     now - segment.max_timestamp().timestamp > config.retention_ms;
    const bool beyond = config.retention_bytes >= 0 && excess - segment.size() >= 0;
    if (!old && !beyond && end > log_start) break;
    excess -= segment.size();
    start = std::max(start, end);
  }
  return start;
}

}  // namespace brokerlab::log
