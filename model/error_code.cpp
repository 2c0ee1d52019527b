#include "model/error_code.h"

#include "base/check.h"

namespace brokerlab::model {

std::string_view to_text(ErrorCode code) {
  switch (code) {
    case ErrorCode::unknown_server_error:
      return "UNKNOWN_SERVER_ERROR";
    case ErrorCode::none:
      return "NONE";
    case ErrorCode::offset_out_of_range:
      return "OFFSET_OUT_OF_RANGE";
    case ErrorCode::corrupt_message:
      return "CORRUPT_MESSAGE";
    case ErrorCode::unknown_topic_or_partition:
      return "UNKNOWN_TOPIC_OR_PARTITION";
    case ErrorCode::leader_not_available:
      return "LEADER_NOT_AVAILABLE";
    case ErrorCode::not_leader_or_follower:
      return "NOT_LEADER_OR_FOLLOWER";
    case ErrorCode::request_timed_out:
      return "REQUEST_TIMED_OUT";
    case ErrorCode::broker_not_available:
      return "BROKER_NOT_AVAILABLE";
    case ErrorCode::replica_not_available:
      return "REPLICA_NOT_AVAILABLE";
    case ErrorCode::message_too_large:
      return "MESSAGE_TOO_LARGE";
    case ErrorCode::stale_controller_epoch:
      return "STALE_CONTROLLER_EPOCH";
    case ErrorCode::network_exception:
      return "NETWORK_EXCEPTION";
    case ErrorCode::coordinator_load_in_progress:
      return "COORDINATOR_LOAD_IN_PROGRESS";
    case ErrorCode::coordinator_not_available:
      return "COORDINATOR_NOT_AVAILABLE";
    case ErrorCode::not_coordinator:
      return "NOT_COORDINATOR";
    case ErrorCode::invalid_topic:
      return "INVALID_TOPIC_EXCEPTION";
    case ErrorCode::record_list_too_large:
      return "RECORD_LIST_TOO_LARGE";
    case ErrorCode::not_enough_replicas:
      return "NOT_ENOUGH_REPLICAS";
    case ErrorCode::not_enough_replicas_after_append:
      return "NOT_ENOUGH_REPLICAS_AFTER_APPEND";
    case ErrorCode::illegal_generation:
      return "ILLEGAL_GENERATION";
    case ErrorCode::inconsistent_group_protocol:
      return "INCONSISTENT_GROUP_PROTOCOL";
    case ErrorCode::invalid_group_id:
      return "INVALID_GROUP_ID";
    case ErrorCode::unknown_member_id:
      return "UNKNOWN_MEMBER_ID";
    case ErrorCode::invalid_session_timeout:
      return "INVALID_SESSION_TIMEOUT";
    case ErrorCode::rebalance_in_progress:
      return "REBALANCE_IN_PROGRESS";
    case ErrorCode::invalid_commit_offset_size:
      return "INVALID_COMMIT_OFFSET_SIZE";
    case ErrorCode::invalid_timestamp:
      return "INVALID_TIMESTAMP";
    case ErrorCode::topic_already_exists:
      return "TOPIC_ALREADY_EXISTS";
    case ErrorCode::invalid_replication_factor:
      return "INVALID_REPLICATION_FACTOR";
    case ErrorCode::not_controller:
      return "NOT_CONTROLLER";
    case ErrorCode::policy_violation:
      return "POLICY_VIOLATION";
    case ErrorCode::out_of_order_sequence_number:
      return "OUT_OF_ORDER_SEQUENCE_NUMBER";
    case ErrorCode::duplicate_sequence_number:
      return "DUPLICATE_SEQUENCE_NUMBER";
    case ErrorCode::invalid_producer_epoch:
      return "INVALID_PRODUCER_EPOCH";
    case ErrorCode::invalid_txn_state:
      return "INVALID_TXN_STATE";
    case ErrorCode::invalid_producer_id_mapping:
      return "INVALID_PRODUCER_ID_MAPPING";
    case ErrorCode::invalid_transaction_timeout:
      return "INVALID_TRANSACTION_TIMEOUT";
    case ErrorCode::concurrent_transactions:
      return "CONCURRENT_TRANSACTIONS";
    case ErrorCode::transaction_coordinator_fenced:
      return "TRANSACTION_COORDINATOR_FENCED";
    case ErrorCode::operation_not_attempted:
      return "OPERATION_NOT_ATTEMPTED";
    case ErrorCode::kafka_storage_error:
      return "KAFKA_STORAGE_ERROR";
    case ErrorCode::unknown_producer_id:
      return "UNKNOWN_PRODUCER_ID";
    case ErrorCode::non_empty_group:
      return "NON_EMPTY_GROUP";
    case ErrorCode::group_id_not_found:
      return "GROUP_ID_NOT_FOUND";
    case ErrorCode::fetch_session_id_not_found:
      return "FETCH_SESSION_ID_NOT_FOUND";
    case ErrorCode::invalid_fetch_session_epoch:
      return "INVALID_FETCH_SESSION_EPOCH";
    case ErrorCode::fenced_leader_epoch:
      return "FENCED_LEADER_EPOCH";
    case ErrorCode::unknown_leader_epoch:
      return "UNKNOWN_LEADER_EPOCH";
    case ErrorCode::stale_broker_epoch:
      return "STALE_BROKER_EPOCH";
    case ErrorCode::offset_not_available:
      return "OFFSET_NOT_AVAILABLE";
    case ErrorCode::member_id_required:
      return "MEMBER_ID_REQUIRED";
    case ErrorCode::group_max_size_reached:
      return "GROUP_MAX_SIZE_REACHED";
    case ErrorCode::fenced_instance_id:
      return "FENCED_INSTANCE_ID";
    case ErrorCode::invalid_record:
      return "INVALID_RECORD";
    case ErrorCode::unstable_offset_commit:
      return "UNSTABLE_OFFSET_COMMIT";
    case ErrorCode::producer_fenced:
      return "PRODUCER_FENCED";
    case ErrorCode::invalid_update_version:
      return "INVALID_UPDATE_VERSION";
    case ErrorCode::broker_id_not_registered:
      return "BROKER_ID_NOT_REGISTERED";
    case ErrorCode::invalid_partitions:
      return "INVALID_PARTITIONS";
    case ErrorCode::invalid_replica_assignment:
      return "INVALID_REPLICA_ASSIGNMENT";
    case ErrorCode::invalid_config:
      return "INVALID_CONFIG";
    case ErrorCode::invalid_request:
      return "INVALID_REQUEST";
    case ErrorCode::reassignment_in_progress:
      return "REASSIGNMENT_IN_PROGRESS";
    case ErrorCode::topic_deletion_disabled:
      return "TOPIC_DELETION_DISABLED";
    case ErrorCode::preferred_leader_not_available:
      return "PREFERRED_LEADER_NOT_AVAILABLE";
    case ErrorCode::eligible_leaders_not_available:
      return "ELIGIBLE_LEADERS_NOT_AVAILABLE";
    case ErrorCode::election_not_needed:
      return "ELECTION_NOT_NEEDED";
    case ErrorCode::no_reassignment_in_progress:
      return "NO_REASSIGNMENT_IN_PROGRESS";
    case ErrorCode::ineligible_replica:
      return "INELIGIBLE_REPLICA";
    case ErrorCode::transaction_abortable:
      return "TRANSACTION_ABORTABLE";
  }
  UNREACHABLE("error code {}", static_cast<int>(code));
}

bool needs_metadata(ErrorCode code) {
  switch (code) {
    case ErrorCode::unknown_topic_or_partition:
    case ErrorCode::leader_not_available:
    case ErrorCode::not_leader_or_follower:
    case ErrorCode::replica_not_available:
    case ErrorCode::network_exception:
    case ErrorCode::kafka_storage_error:
    case ErrorCode::fenced_leader_epoch:
      return true;
    default:
      return false;
  }
}

bool is_retriable(ErrorCode code) {
  if (needs_metadata(code)) return true;
  switch (code) {
    case ErrorCode::corrupt_message:
    case ErrorCode::request_timed_out:
    case ErrorCode::coordinator_load_in_progress:
    case ErrorCode::coordinator_not_available:
    case ErrorCode::not_coordinator:
    case ErrorCode::not_enough_replicas:
    case ErrorCode::not_enough_replicas_after_append:
    case ErrorCode::not_controller:
    case ErrorCode::concurrent_transactions:
    case ErrorCode::fetch_session_id_not_found:
    case ErrorCode::invalid_fetch_session_epoch:
    case ErrorCode::unknown_leader_epoch:
    case ErrorCode::offset_not_available:
    case ErrorCode::preferred_leader_not_available:
    case ErrorCode::eligible_leaders_not_available:
    case ErrorCode::unstable_offset_commit:
      return true;
    default:
      return false;
  }
}

}  // namespace brokerlab::model
