// Retention: which segments are too old or too many. Pure.
#pragma once

#include "log/partition/local_log.h"

namespace brokerlab::log {

struct Expired {
  /// Where the log should start. Its end, when the active segment is to go, too.
  Offset start = 0;
  std::int32_t segments = 0;  ///< That go with it, or have gone below the start before.
  std::int32_t by_size = 0;   ///< Of these: beyond retention.bytes,
  std::int32_t by_time = 0;   ///< or older than retention.ms.
  std::int64_t bytes = 0;
};

/// What retention.ms and retention.bytes ask a log that starts at `log_start` for: oldest segments
/// first, as far as the high watermark. Unless cleanup.policy has "delete", only segments below the
/// start go. Source: UnifiedLog.deleteOldSegments.
Expired find_expired(const LocalLog& log, Offset log_start, Timestamp now, Offset high_watermark);

}  // namespace brokerlab::log
