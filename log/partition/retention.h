// Retention: which segments are too old or too many. Pure.
#pragma once

#include "log/partition/local_log.h"

namespace brokerlab::log {

/// Where a log that starts at `log_start` should start by retention.ms and retention.bytes: oldest
/// segments first, as far as the high watermark. Its end, when the active segment is to go, too.
/// Source: UnifiedLog.deleteOldSegments.
Offset start_after_retention(const LocalLog& log, Offset log_start, Timestamp now,
                             Offset high_watermark);

}  // namespace brokerlab::log
