// Wire sizes, from Kafka 3.9's message definitions at their newest version. All of these versions
// are "flexible" (KIP-482): lengths are unsigned varints of length + 1, and every struct ends with
// a count of tagged fields, one byte when there are none.
#include "model/wire/protocol.h"

#include <algorithm>
#include <string_view>

namespace brokerlab::model {

namespace {

constexpr std::int64_t uuid = 16;
constexpr std::int64_t null = 1;   ///< A null compact string, array or bytes.
constexpr std::int64_t tags = 1;   ///< No tagged fields.
constexpr std::int64_t host = 11;  ///< A host name of ten characters.
constexpr std::int64_t cluster_id = 23;
constexpr std::int64_t protocol_type = 9;  ///< "consumer"
constexpr std::int64_t uint32 = 4;

constexpr std::int64_t varint(std::int64_t value) {
  std::int64_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}
std::int64_t text(std::string_view value) {
  const auto length = static_cast<std::int64_t>(value.size());
  return varint(length + 1) + length;
}
std::int64_t bytes(std::int64_t length) { return varint(length + 1) + length; }
std::int64_t bytes(const log::ByteSlice& value) {
  return bytes(static_cast<std::int64_t>(value.size()));
}
std::int64_t array(std::size_t count) { return varint(static_cast<std::int64_t>(count) + 1); }
std::int64_t ids(std::size_t count) { return array(count) + 4 * static_cast<std::int64_t>(count); }

template <class Items, class SizeOf>
std::int64_t list(const Items& items, SizeOf size_of) {
  std::int64_t size = array(items.size());
  for (const auto& item : items) size += size_of(item);
  return size;
}

const TopicPartition& name_of(const TopicPartition& partition) { return partition; }
template <class Item>
const TopicPartition& name_of(const Item& item) {
  return item.partition;
}

/// An array of topics, each with its name (or id), an array of its partitions, and tags. Partitions
/// need not be in order.
template <class Items, class TopicSize, class PartitionSize>
std::int64_t by_topic(const Items& items, TopicSize topic_size, PartitionSize partition_size) {
  struct Topic {
    std::string_view name;
    std::size_t partitions;
  };
  std::vector<Topic> topics;
  std::int64_t size = 0;
  for (const auto& item : items) {
    const std::string_view name = name_of(item).topic;
    auto found = topics.end();
    if (!topics.empty() && topics.back().name == name) {
      found = topics.end() - 1;
    } else {
      found = std::find_if(topics.begin(), topics.end(),
                           [name](const Topic& topic) { return topic.name == name; });
    }
    if (found == topics.end()) {
      topics.push_back({name, 1});
    } else {
      ++found->partitions;
    }
    size += partition_size(item);
  }
  for (const Topic& topic : topics) size += topic_size(topic.name) + array(topic.partitions) + tags;
  return size + array(topics.size());
}

constexpr auto by_id = [](std::string_view) { return uuid; };
constexpr auto by_name = [](std::string_view name) { return text(name); };
constexpr auto by_name_and_id = [](std::string_view name) { return text(name) + uuid; };
template <class Size>
auto each(Size size) {
  return [size](const auto&) { return static_cast<std::int64_t>(size); };
}

/// Length prefix, RequestHeader v2, body, tags of the body.
Bytes request(const Request& of, std::int64_t body) {
  const auto client_id = static_cast<std::int64_t>(of.client_id.size());
  return Bytes(4 + (2 + 2 + 4 + 2 + client_id + tags) + body + tags);
}
/// Length prefix, ResponseHeader v1, body, tags of the body.
Bytes response(std::int64_t body) { return Bytes(4 + (4 + tags) + body + tags); }

/// ConsumerProtocolSubscription v3; not flexible: 2-byte lengths of strings, 4-byte of arrays.
std::int64_t subscription(const std::vector<std::string>& topics) {
  std::int64_t size = 2 + uint32;
  for (const std::string& topic : topics) size += 2 + static_cast<std::int64_t>(topic.size());
  return size + /*user data*/ 4 + /*owned partitions*/ 4 + /*generation*/ 4 + /*rack*/ 2;
}

/// ConsumerProtocolAssignment v3.
std::int64_t assignment(const std::vector<TopicPartition>& partitions) {
  std::int64_t size = 2 + uint32 + /*user data*/ 4;
  std::vector<std::string_view> topics;
  for (const TopicPartition& partition : partitions) {
    size += 4;
    if (std::find(topics.begin(), topics.end(), partition.topic) != topics.end()) continue;
    topics.push_back(partition.topic);
    size += 2 + static_cast<std::int64_t>(partition.topic.size()) + uint32;
  }
  return size;
}

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
    {ApiKey::offset_for_leader_epoch, "OffsetForLeaderEpoch", "OffsetForLeaderEpoch response"},
    {ApiKey::alter_partition, "AlterPartition", "AlterPartition response"},
};
const ApiName& names_of(ApiKey api) {
  for (const ApiName& names : api_names) {
    if (names.api == api) return names;
  }
  UNREACHABLE("api key {}", static_cast<int>(api));
}

}  // namespace

std::string_view request_name(ApiKey api) { return names_of(api).request; }
std::string_view response_name(ApiKey api) { return names_of(api).response; }

// --- Data ---

Bytes ProduceRequest::size() const {  // v11
  return request(*this, /*transactional id*/ null + /*acks*/ 2 + /*timeout*/ 4 +
                            by_topic(partitions, by_name, [](const Partition& one) {
                              return 4 + bytes(one.records) + tags;
                            }));
}

/// A tagged field: tag and size, a byte each, then leader, epoch and its own tags.
std::int64_t size_of(const CurrentLeader& leader) {
  return leader.leader.valid() ? 2 + 8 + tags : 0;
}

/// NodeEndpoints, a tagged field of the whole response.
std::int64_t size_of(const std::vector<BrokerEndpoint>& nodes) {
  if (nodes.empty()) return 0;
  const auto each_node = [](const BrokerEndpoint&) { return 4 + host + 4 + /*rack*/ null + tags; };
  return 2 + list(nodes, each_node);
}

Bytes ProduceResponse::size() const {  // v11
  return response(by_topic(partitions, by_name,
                           [](const Partition& one) {
                             return 4 + /*error*/ 2 + /*base offset, time, start*/ 24 +
                                    /*record errors*/ 1 + /*message*/ null + tags +
                                    size_of(one.current_leader);
                           }) +
                  /*throttle*/ 4 + size_of(node_endpoints));
}

Bytes FetchRequest::size() const {  // v17; always a full one, fetch sessions are not modelled
  const std::int64_t replica_state = from_follower() ? 2 + 4 + 8 + tags : 0;
  return request(*this, /*wait, min, max*/ 12 + /*isolation*/ 1 + /*session*/ 8 +
                            by_topic(partitions, by_id, each(4 + 4 + 8 + 4 + 8 + 4 + tags)) +
                            /*forgotten topics*/ 1 + /*rack*/ 1 + replica_state);
}

Bytes FetchResponse::size() const {  // v17
  return response(/*throttle*/ 4 + /*error*/ 2 + /*session*/ 4 +
                  by_topic(partitions, by_id,
                           [](const Partition& one) {
                             return 4 + 2 + /*offsets*/ 24 + /*aborted*/ null +
                                    /*preferred replica*/ 4 + bytes(one.records) + tags +
                                    (one.diverging_epoch ? 2 + 12 + tags : 0) +
                                    size_of(one.current_leader);
                           }) +
                  size_of(node_endpoints));
}

Bytes ListOffsetsRequest::size() const {  // v9
  return request(*this, /*replica*/ 4 + /*isolation*/ 1 +
                            by_topic(partitions, by_name, each(4 + 4 + 8 + tags)));
}

Bytes ListOffsetsResponse::size() const {  // v9
  return response(/*throttle*/ 4 + by_topic(partitions, by_name, each(4 + 2 + 8 + 8 + 4 + tags)));
}

Bytes OffsetForLeaderEpochRequest::size() const {  // v4
  return request(*this, /*replica*/ 4 + by_topic(partitions, by_name, each(4 + 4 + 4 + tags)));
}

Bytes OffsetForLeaderEpochResponse::size() const {  // v4
  return response(/*throttle*/ 4 + by_topic(partitions, by_name, each(2 + 4 + 4 + 8 + tags)));
}

// --- Metadata ---

Bytes MetadataRequest::size() const {  // v12
  return request(*this,
                 list(topics, [](const std::string& name) { return uuid + text(name) + tags; }) +
                     /*auto creation*/ 1 + /*authorized operations*/ 1);
}

Bytes MetadataResponse::size() const {  // v12
  const auto partition_size = [](const PartitionMetadata& one) {
    return 2 + 4 + 4 + 4 + ids(one.replicas.size()) + ids(one.isr.size()) + /*offline*/ 1 + tags;
  };
  const auto topic_size = [&](const TopicMetadata& topic) {
    return 2 + text(topic.name) + uuid + /*internal*/ 1 + list(topic.partitions, partition_size) +
           /*authorized operations*/ 4 + tags;
  };
  return response(/*throttle*/ 4 + list(brokers, each(4 + host + 4 + /*rack*/ null + tags)) +
                  cluster_id + /*controller*/ 4 + list(topics, topic_size));
}

Bytes CreateTopicsRequest::size() const {  // v7
  const auto topic_size = [](const Topic& topic) {
    const auto settings = static_cast<std::int64_t>(topic.config.count());
    constexpr std::int64_t setting = 30;  // a typical name and value
    return text(topic.name) + 4 + 2 + /*assignments*/ 1 +
           array(static_cast<std::size_t>(settings)) + settings * setting + tags;
  };
  return request(*this, list(topics, topic_size) + /*timeout*/ 4 + /*validate only*/ 1);
}

Bytes CreateTopicsResponse::size() const {  // v7
  return response(/*throttle*/ 4 + list(topics, [](const Topic& topic) {
                    return text(topic.name) + uuid + 2 + /*message*/ null + 4 + 2 +
                           /*configs*/ null + tags;
                  }));
}

// --- Controller and brokers ---

Bytes LeaderAndIsrRequest::size() const {  // v7
  const auto partition_size = [](const Partition& one) {
    return 4 + 4 + 4 + 4 + ids(one.state.isr.size()) + 4 + ids(one.replicas.size()) +
           /*adding, removing*/ 2 + /*is new*/ 1 + /*recovery state*/ 1 + tags;
  };
  return request(*this, 4 + 1 + 4 + 8 + /*type*/ 1 +
                            by_topic(partitions, by_name_and_id, partition_size) +
                            list(live_leaders, each(4 + host + 4 + tags)));
}

Bytes LeaderAndIsrResponse::size() const {  // v7
  return response(2 + by_topic(partitions, by_id, each(4 + 2 + tags)));
}

Bytes StopReplicaRequest::size() const {  // v4
  return request(*this, 4 + 1 + 4 + 8 + by_topic(partitions, by_name, each(4 + 4 + 1 + tags)));
}

Bytes StopReplicaResponse::size() const {  // v4
  return response(2 + /*partition errors*/ 1);
}

Bytes UpdateMetadataRequest::size() const {  // v8
  const auto partition_size = [](const Partition& one) {
    return 4 + 4 + 4 + 4 + ids(one.state.isr.size()) + 4 + ids(one.replicas.size()) +
           /*offline*/ 1 + tags;
  };
  constexpr std::int64_t listener = 10;  // "PLAINTEXT"
  constexpr std::int64_t endpoints = 1 + (4 + host + listener + 2 + tags);
  return request(*this, 4 + 1 + 4 + 8 + by_topic(partitions, by_name_and_id, partition_size) +
                            list(live_brokers, each(4 + endpoints + /*rack*/ null + tags)));
}

Bytes UpdateMetadataResponse::size() const { return response(2); }  // v8

Bytes AlterPartitionRequest::size() const {  // v3
  const auto partition_size = [](const Partition& one) {
    return 4 + 4 + list(one.new_isr, each(4 + 8 + tags)) + /*recovery state*/ 1 + 4 + tags;
  };
  return request(*this, 4 + 8 + by_topic(partitions, by_id, partition_size));
}

Bytes AlterPartitionResponse::size() const {  // v3
  const auto partition_size = [](const Partition& one) {
    return 4 + 2 + 4 + 4 + ids(one.state.isr.size()) + /*recovery state*/ 1 + 4 + tags;
  };
  return response(/*throttle*/ 4 + 2 + by_topic(partitions, by_id, partition_size));
}

Bytes ControlledShutdownRequest::size() const { return request(*this, 4 + 8); }  // v3

Bytes ControlledShutdownResponse::size() const {  // v3
  return response(
      2 + list(remaining, [](const TopicPartition& one) { return text(one.topic) + 4 + tags; }));
}

// --- Groups ---

Bytes FindCoordinatorRequest::size() const {  // v6
  return request(*this, /*key type*/ 1 + array(1) + text(group));
}

Bytes FindCoordinatorResponse::size() const {  // v6
  constexpr std::int64_t key = 12;             // the response does not keep the group's name
  return response(/*throttle*/ 4 + array(1) + key + 4 + host + 4 + 2 + /*message*/ null + tags);
}

Bytes JoinGroupRequest::size() const {  // v9
  return request(*this, text(group) + 4 + 4 + text(member_id) + /*instance*/ null + protocol_type +
                            array(1) + text(protocol) + bytes(subscription(topics)) + tags +
                            /*reason*/ null);
}

Bytes JoinGroupResponse::size() const {  // v9
  const auto member_size = [](const Member& member) {
    return text(member.id) + /*instance*/ null + bytes(subscription(member.topics)) + tags;
  };
  return response(/*throttle*/ 4 + 2 + 4 + protocol_type + text(protocol) + text(leader) +
                  /*skip*/ 1 + text(member_id) + list(members, member_size));
}

Bytes SyncGroupRequest::size() const {  // v5
  const auto assignment_size = [](const Assignment& one) {
    return text(one.member_id) + bytes(assignment(one.partitions)) + tags;
  };
  return request(*this, text(group) + 4 + text(member_id) + /*instance*/ null + protocol_type +
                            text("range") + list(assignments, assignment_size));
}

Bytes SyncGroupResponse::size() const {  // v5
  return response(/*throttle*/ 4 + 2 + protocol_type + text("range") +
                  bytes(assignment(partitions)));
}

Bytes HeartbeatRequest::size() const {  // v4
  return request(*this, text(group) + 4 + text(member_id) + /*instance*/ null);
}

Bytes HeartbeatResponse::size() const { return response(/*throttle*/ 4 + 2); }  // v4

Bytes LeaveGroupRequest::size() const {  // v5
  return request(*this, text(group) + array(1) + text(member_id) + /*instance*/ null +
                            /*reason*/ null + tags);
}

Bytes LeaveGroupResponse::size() const {  // v5
  constexpr std::int64_t member = 48;     // client id and a UUID
  return response(/*throttle*/ 4 + 2 + array(1) + member + /*instance*/ null + 2 + tags);
}

Bytes OffsetCommitRequest::size() const {  // v9
  return request(*this, text(group) + 4 + text(member_id) + /*instance*/ null +
                            by_topic(partitions, by_name, each(4 + 8 + 4 + /*metadata*/ 1 + tags)));
}

Bytes OffsetCommitResponse::size() const {  // v9
  return response(/*throttle*/ 4 + by_topic(partitions, by_name, each(4 + 2 + tags)));
}

Bytes OffsetFetchRequest::size() const {  // v9
  return request(*this, array(1) + text(group) + /*member*/ null + 4 +
                            by_topic(partitions, by_name, each(4)) + tags + /*require stable*/ 1);
}

Bytes OffsetFetchResponse::size() const {  // v9
  constexpr std::int64_t group = 12;       // the response does not keep the group's name
  return response(/*throttle*/ 4 + array(1) + group +
                  by_topic(partitions, by_name, each(4 + 8 + 4 + /*metadata*/ 1 + 2 + tags)) + 2 +
                  tags);
}

}  // namespace brokerlab::model
