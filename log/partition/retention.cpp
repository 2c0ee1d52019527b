#include "log/partition/retention.h"

#include <algorithm>

namespace brokerlab::log {

Expired find_expired(const LocalLog& log, Offset log_start, Timestamp now, Offset high_watermark) {
  const LogConfig& config = log.config();
  const auto& segments = log.segments();
  const bool deletes = config.cleanup_delete;
  const bool has_limit = deletes && config.retention_bytes >= 0;
  std::int64_t excess = has_limit ? log.size() - config.retention_bytes : 0;
  Expired expired{.start = log_start};
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const LogSegment& segment = *segments[i];
    const bool active = i + 1 == segments.size();
    const Offset end = active ? log.end() : segments[i + 1]->base_offset();
    if (high_watermark < end || (active && segment.size() == 0)) break;
    const bool old = deletes && config.retention_ms >= 0 &&
                     segment.max_timestamp().timestamp >= 0 &&
                     now - segment.max_timestamp().timestamp > config.retention_ms;
    const bool beyond = has_limit && excess - segment.size() >= 0;
    const bool below = !active && end <= log_start;
    if (!old && !beyond && !below) break;
    excess -= segment.size();
    if (!below) ++(beyond ? expired.by_size : expired.by_time);
    ++expired.segments;
    expired.bytes += segment.size();
    expired.start = std::max(expired.start, end);
  }
  return expired;
}

}  // namespace brokerlab::log
