// LogError: why a log did not do what it was asked to, in Kafka's kinds.
//
// Threads: values.
#pragma once

#include "base/result.h"
#include "log/env/env.h"
#include "log/partition/producer_state.h"

#include <optional>
#include <string>
#include <string_view>

namespace brokerlab::log {

struct LogError {
  enum class Kind {
    record_too_large,     ///< A batch above max.message.bytes (RECORD_TOO_LARGE).
    batch_too_large,      ///< All batches together above segment.bytes (RECORD_LIST_TOO_LARGE).
    corrupt,              ///< Not valid batches (CORRUPT_MESSAGE).
    invalid,              ///< Valid bytes that break a rule (INVALID_RECORD).
    unexpected_offset,    ///< A follower's batch behind the log's end, or offsets out of order.
    offset_out_of_range,  ///< A read outside [log start, log end] (OFFSET_OUT_OF_RANGE).
    invalid_timestamp,    ///< Too far from the present (INVALID_TIMESTAMP).
    producer,             ///< The producer's state forbids it: see LogError::producer.
    io,                   ///< The storage failed (KAFKA_STORAGE_ERROR).
  };
  Kind kind = Kind::io;
  std::string message;
  std::optional<IoError> io = {};                    ///< Set for kind io.
  std::optional<ProducerError::Kind> producer = {};  ///< Set for kind producer.
};
std::string_view to_text(LogError::Kind kind);

LogError storage_error(const IoError& error);
LogError producer_error(ProducerError error);
/// The failure of a call that changes nothing.
Failure<LogError> refuse(LogError::Kind kind, std::string message);

}  // namespace brokerlab::log
