// LogConfig: the topic settings the log engine obeys, named as Kafka's, in Kafka's units, with the
// defaults of 3.9. The model parses and checks user input; here impossible values are our bug.
#pragma once

#include "log/types.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace brokerlab::log {

struct LogConfig {
  std::int64_t segment_bytes = std::int64_t{1} << 30;            ///< segment.bytes
  std::int64_t segment_ms = std::int64_t{7} * 24 * 3600 * 1000;  ///< segment.ms
  /// segment.jitter.ms: each segment is closed up to so much before segment.ms, each otherwise.
  std::int64_t segment_jitter_ms = 0;
  std::int64_t segment_index_bytes = std::int64_t{10} << 20;  ///< segment.index.bytes
  std::int64_t index_interval_bytes = 4096;                   ///< index.interval.bytes
  std::int64_t max_message_bytes = (1 << 20) + 12;            ///< max.message.bytes, of a batch
  /// message.timestamp.type
  TimestampType message_timestamp_type = TimestampType::create_time;
  /// flush.messages: sync after so many records; the default never does.
  std::int64_t flush_messages = std::numeric_limits<std::int64_t>::max();
  /// flush.ms: whoever owns a clock calls Log::flush(); kept here with its siblings.
  std::int64_t flush_ms = std::numeric_limits<std::int64_t>::max();
  /// retention.bytes and retention.ms, -1 for without limit: Log::delete_old_segments().
  std::int64_t retention_bytes = -1;
  std::int64_t retention_ms = std::int64_t{7} * 24 * 3600 * 1000;
  /// file.delete.delay.ms: what retention removes is named ".deleted" first, and goes when whoever
  /// owns a clock calls Log::remove_condemned(). 0, not Kafka's default: at once.
  std::int64_t file_delete_delay_ms = 0;

  /// message.timestamp.before.max.ms and .after.max.ms: how far a record's time may be from ours.
  std::int64_t message_timestamp_before_max_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t message_timestamp_after_max_ms = std::numeric_limits<std::int64_t>::max();
  /// cleanup.policy: delete old segments, compact, or both.
  bool cleanup_delete = true;
  bool cleanup_compact = false;
  /// max.compaction.lag.ms: of a compacted topic no record waits longer for the cleaner (KIP-354),
  /// so no segment is active for longer either.
  std::int64_t max_compaction_lag_ms = std::numeric_limits<std::int64_t>::max();
  /// The broker's producer.id.expiration.ms: a silent producer is forgotten after this.
  std::int64_t producer_id_expiration_ms = std::int64_t{24} * 3600 * 1000;

  /// Not Kafka's: decode every record a producer sends, as a broker does, instead of trusting the
  /// batch header once its checksum is right. Costs the CPU of a decompression.
  bool validate_records = false;
  /// Not Kafka's: sync the old segment before a new one is begun, and the removal of segments
  /// before the one in front of them is cut. Then a power loss leaves no hole in the log
  /// (Log::Recovery); Kafka, and we by default, leave the first to a background flush and the
  /// second to luck.
  bool sync_in_order = false;

  /// How old an active segment may become: segment.ms, or less for the cleaner's sake.
  std::int64_t longest_active_ms() const {
    return cleanup_compact ? std::min(segment_ms, max_compaction_lag_ms) : segment_ms;
  }
};

}  // namespace brokerlab::log
