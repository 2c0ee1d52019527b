#include "model/coordinator_error.h"

namespace brokerlab::model {

std::optional<ErrorCode> coordinator_error(ErrorCode append) {
  switch (append) {
    case ErrorCode::unknown_topic_or_partition:
    case ErrorCode::not_enough_replicas:
    case ErrorCode::not_enough_replicas_after_append:
      return ErrorCode::coordinator_not_available;
    case ErrorCode::not_leader_or_follower:
    case ErrorCode::kafka_storage_error:
      return ErrorCode::not_coordinator;
    default:
      return std::nullopt;
  }
}

}  // namespace brokerlab::model
