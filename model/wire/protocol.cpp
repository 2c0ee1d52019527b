#include "model/wire/protocol.h"

#include "model/wire/admin_messages.h"
#include "model/wire/messages.h"
#include "model/wire/transaction_messages.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

struct ApiName {
  ApiKey api;
  std::string_view request;
  std::string_view response;
};
constexpr ApiName api_names[] = {
    {ApiKey::produce, "Produce", "Produce response"},
    {ApiKey::fetch, "Fetch", "Fetch response"},
    {ApiKey::list_offsets, "ListOffsets", "ListOffsets response"},
    {ApiKey::metadata, "Metadata", "Metadata response"},
    {ApiKey::leader_and_isr, "LeaderAndIsr", "LeaderAndIsr response"},
    {ApiKey::stop_replica, "StopReplica", "StopReplica response"},
    {ApiKey::update_metadata, "UpdateMetadata", "UpdateMetadata response"},
    {ApiKey::controlled_shutdown, "ControlledShutdown", "ControlledShutdown response"},
    {ApiKey::offset_commit, "OffsetCommit", "OffsetCommit response"},
    {ApiKey::offset_fetch, "OffsetFetch", "OffsetFetch response"},
    {ApiKey::find_coordinator, "FindCoordinator", "FindCoordinator response"},
    {ApiKey::join_group, "JoinGroup", "JoinGroup response"},
    {ApiKey::heartbeat, "Heartbeat", "Heartbeat response"},
    {ApiKey::leave_group, "LeaveGroup", "LeaveGroup response"},
    {ApiKey::sync_group, "SyncGroup", "SyncGroup response"},
    {ApiKey::create_topics, "CreateTopics", "CreateTopics response"},
    {ApiKey::delete_records, "DeleteRecords", "DeleteRecords response"},
    {ApiKey::init_producer_id, "InitProducerId", "InitProducerId response"},
    {ApiKey::delete_topics, "DeleteTopics", "DeleteTopics response"},
    {ApiKey::create_partitions, "CreatePartitions", "CreatePartitions response"},
    {ApiKey::delete_groups, "DeleteGroups", "DeleteGroups response"},
    {ApiKey::incremental_alter_configs, "IncrementalAlterConfigs",
     "IncrementalAlterConfigs response"},
    {ApiKey::alter_client_quotas, "AlterClientQuotas", "AlterClientQuotas response"},
    {ApiKey::elect_leaders, "ElectLeaders", "ElectLeaders response"},
    {ApiKey::alter_partition_reassignments, "AlterPartitionReassignments",
     "AlterPartitionReassignments response"},
    {ApiKey::offset_for_leader_epoch, "OffsetForLeaderEpoch", "OffsetForLeaderEpoch response"},
    {ApiKey::add_partitions_to_txn, "AddPartitionsToTxn", "AddPartitionsToTxn response"},
    {ApiKey::add_offsets_to_txn, "AddOffsetsToTxn", "AddOffsetsToTxn response"},
    {ApiKey::end_txn, "EndTxn", "EndTxn response"},
    {ApiKey::write_txn_markers, "WriteTxnMarkers", "WriteTxnMarkers response"},
    {ApiKey::txn_offset_commit, "TxnOffsetCommit", "TxnOffsetCommit response"},
    {ApiKey::alter_partition, "AlterPartition", "AlterPartition response"},
    {ApiKey::allocate_producer_ids, "AllocateProducerIds", "AllocateProducerIds response"},
};
const ApiName& names_of(ApiKey api) {
  for (const ApiName& names : api_names) {
    if (names.api == api) return names;
  }
  UNREACHABLE("api key {}", static_cast<int>(api));
}

/// Length prefix, RequestHeader v2, body, its tags.
template <class Message>
Bytes request_size(const Message& message) {
  SizeOf fields;
  fields.int16("RequestApiKey", static_cast<std::int64_t>(message.api));
  fields.int16("RequestApiVersion", 0);
  fields.int32("CorrelationId", message.correlation_id);
  // The client's name is a string of the old kind: its length takes two bytes.
  fields.int16("ClientId", 0);
  const auto client_id = static_cast<std::int64_t>(message.client_id.size());
  fields.end();
  wire::describe(fields, message);
  fields.end();
  return Bytes(4 + fields.size() + client_id);
}
/// Length prefix, ResponseHeader v1, body, its tags.
template <class Message>
Bytes response_size(const Message& message) {
  SizeOf fields;
  fields.int32("CorrelationId", message.correlation_id);
  fields.end();
  wire::describe(fields, message);
  fields.end();
  return Bytes(4 + fields.size());
}

}  // namespace

std::string_view request_name(ApiKey api) { return names_of(api).request; }
std::string_view response_name(ApiKey api) { return names_of(api).response; }

void SizeOf::count(std::vector<Topic>& topics, std::string_view name) {
  if (!topics.empty() && topics.back().name == name) {
    ++topics.back().partitions;
    return;
  }
  const auto found = std::find_if(topics.begin(), topics.end(),
                                  [name](const Topic& topic) { return topic.name == name; });
  if (found == topics.end()) {
    topics.push_back({name, 1});
  } else {
    ++found->partitions;
  }
}

std::size_t SizeOf::partitions_by_topic(const std::vector<TopicPartition>& partitions) {
  std::size_t size = 4;
  std::vector<TopicName> topics;
  for (const TopicPartition& partition : partitions) {
    size += 4;
    if (std::find(topics.begin(), topics.end(), partition.topic) != topics.end()) continue;
    topics.push_back(partition.topic);
    size += 2 + partition.topic.text().size() + 4;
  }
  return size;
}

void SizeOf::subscription(const char*, const Subscription& subscription) {
  std::size_t size = 2 + 4;
  for (const std::string& topic : subscription.topics) size += 2 + topic.size();
  size += 4;  // user data
  if (subscription.user_data) {
    if (subscription.user_data->previous) {
      size += partitions_by_topic(*subscription.user_data->previous);
    }
    size += 4;
  }
  size += partitions_by_topic(subscription.owned) + /*generation*/ 4;
  size_ += sized(size + /*rack*/ 2 + subscription.rack.size());
}

void SizeOf::assignment(const char*, const std::vector<TopicPartition>& partitions) {
  size_ += sized(2 + partitions_by_topic(partitions) + /*user data*/ 4);
}

Bytes ProduceRequest::size() const { return request_size(*this); }
Bytes ProduceResponse::size() const { return response_size(*this); }
Bytes InitProducerIdRequest::size() const { return request_size(*this); }
Bytes InitProducerIdResponse::size() const { return response_size(*this); }
Bytes AddPartitionsToTxnRequest::size() const { return request_size(*this); }
Bytes AddPartitionsToTxnResponse::size() const { return response_size(*this); }
Bytes AddOffsetsToTxnRequest::size() const { return request_size(*this); }
Bytes AddOffsetsToTxnResponse::size() const { return response_size(*this); }
Bytes EndTxnRequest::size() const { return request_size(*this); }
Bytes EndTxnResponse::size() const { return response_size(*this); }
Bytes WriteTxnMarkersRequest::size() const { return request_size(*this); }
Bytes WriteTxnMarkersResponse::size() const { return response_size(*this); }
Bytes TxnOffsetCommitRequest::size() const { return request_size(*this); }
Bytes TxnOffsetCommitResponse::size() const { return response_size(*this); }
Bytes FetchRequest::size() const { return request_size(*this); }
Bytes FetchResponse::size() const { return response_size(*this); }
Bytes ListOffsetsRequest::size() const { return request_size(*this); }
Bytes ListOffsetsResponse::size() const { return response_size(*this); }
Bytes DeleteRecordsRequest::size() const { return request_size(*this); }
Bytes DeleteRecordsResponse::size() const { return response_size(*this); }
Bytes OffsetForLeaderEpochRequest::size() const { return request_size(*this); }
Bytes OffsetForLeaderEpochResponse::size() const { return response_size(*this); }
Bytes MetadataRequest::size() const { return request_size(*this); }
Bytes MetadataResponse::size() const { return response_size(*this); }
Bytes CreateTopicsRequest::size() const { return request_size(*this); }
Bytes CreateTopicsResponse::size() const { return response_size(*this); }
Bytes DeleteTopicsRequest::size() const { return request_size(*this); }
Bytes DeleteTopicsResponse::size() const { return response_size(*this); }
Bytes CreatePartitionsRequest::size() const { return request_size(*this); }
Bytes CreatePartitionsResponse::size() const { return response_size(*this); }
Bytes AlterPartitionReassignmentsRequest::size() const { return request_size(*this); }
Bytes AlterPartitionReassignmentsResponse::size() const { return response_size(*this); }
Bytes DeleteGroupsRequest::size() const { return request_size(*this); }
Bytes DeleteGroupsResponse::size() const { return response_size(*this); }
Bytes IncrementalAlterConfigsRequest::size() const { return request_size(*this); }
Bytes IncrementalAlterConfigsResponse::size() const { return response_size(*this); }
Bytes AlterClientQuotasRequest::size() const { return request_size(*this); }
Bytes AlterClientQuotasResponse::size() const { return response_size(*this); }
Bytes ElectLeadersRequest::size() const { return request_size(*this); }
Bytes ElectLeadersResponse::size() const { return response_size(*this); }
Bytes LeaderAndIsrRequest::size() const { return request_size(*this); }
Bytes LeaderAndIsrResponse::size() const { return response_size(*this); }
Bytes StopReplicaRequest::size() const { return request_size(*this); }
Bytes StopReplicaResponse::size() const { return response_size(*this); }
Bytes UpdateMetadataRequest::size() const { return request_size(*this); }
Bytes UpdateMetadataResponse::size() const { return response_size(*this); }
Bytes AlterPartitionRequest::size() const { return request_size(*this); }
Bytes AlterPartitionResponse::size() const { return response_size(*this); }
Bytes AllocateProducerIdsRequest::size() const { return request_size(*this); }
Bytes AllocateProducerIdsResponse::size() const { return response_size(*this); }
Bytes ControlledShutdownRequest::size() const { return request_size(*this); }
Bytes ControlledShutdownResponse::size() const { return response_size(*this); }
Bytes FindCoordinatorRequest::size() const { return request_size(*this); }
Bytes FindCoordinatorResponse::size() const { return response_size(*this); }
Bytes JoinGroupRequest::size() const { return request_size(*this); }
Bytes JoinGroupResponse::size() const { return response_size(*this); }
Bytes SyncGroupRequest::size() const { return request_size(*this); }
Bytes SyncGroupResponse::size() const { return response_size(*this); }
Bytes HeartbeatRequest::size() const { return request_size(*this); }
Bytes HeartbeatResponse::size() const { return response_size(*this); }
Bytes LeaveGroupRequest::size() const { return request_size(*this); }
Bytes LeaveGroupResponse::size() const { return response_size(*this); }
Bytes OffsetCommitRequest::size() const { return request_size(*this); }
Bytes OffsetCommitResponse::size() const { return response_size(*this); }
Bytes OffsetFetchRequest::size() const { return request_size(*this); }
Bytes OffsetFetchResponse::size() const { return response_size(*this); }

}  // namespace brokerlab::model
