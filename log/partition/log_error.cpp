#include "log/partition/log_error.h"

namespace brokerlab::log {

std::string_view to_text(LogError::Kind kind) {
  switch (kind) {
    case LogError::Kind::record_too_large:
      return "record too large";
    case LogError::Kind::batch_too_large:
      return "batch too large";
    case LogError::Kind::corrupt:
      return "corrupt";
    case LogError::Kind::invalid:
      return "invalid";
    case LogError::Kind::unexpected_offset:
      return "unexpected offset";
    case LogError::Kind::offset_out_of_range:
      return "offset out of range";
    case LogError::Kind::invalid_timestamp:
      return "invalid timestamp";
    case LogError::Kind::producer:
      return "refused by the producer's state";
    case LogError::Kind::io:
      return "storage failed";
  }
  UNREACHABLE();
}

LogError storage_error(const IoError& error) {
  return {.kind = LogError::Kind::io, .message = error.text(), .io = error};
}

LogError producer_error(ProducerError error) {
  return {.kind = LogError::Kind::producer,
          .message = std::move(error.message),
          .producer = error.kind};
}

Failure<LogError> refuse(LogError::Kind kind, std::string message) {
  return fail(LogError{.kind = kind, .message = std::move(message)});
}

}  // namespace brokerlab::log
