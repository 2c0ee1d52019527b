// Every message, described once: its fields with Kafka's names, in Kafka's order, at the newest
// version of Kafka 3.9 (clients/src/main/resources/common/message/*.json). What the model does not
// keep is written as what it would be. `F` is a visitor like SizeOf (model/wire/fields.h).
//
// A new request: its structs in protocol.h, its two descriptions here, its line in api_names and
// its two size() in protocol.cpp.
#pragma once

#include "model/wire/fields.h"

namespace brokerlab::model::wire {

inline constexpr auto name_and_id = [](auto& f, std::string_view topic) {
  f.text("TopicName", topic);
  f.uuid("TopicId", topic);
};
inline constexpr auto name_only = [](auto& f, std::string_view topic) { f.text("Name", topic); };
inline constexpr auto id_only = [](auto& f, std::string_view topic) { f.uuid("TopicId", topic); };

inline constexpr std::int64_t of(ErrorCode error) { return static_cast<std::int64_t>(error); }

template <class F>
void optional_text(F& f, const char* name, const std::optional<std::string>& value) {
  if (value) {
    f.text(name, *value);
  } else {
    f.null(name);
  }
}

template <class F>
void current_leader(F& f, int tag, const CurrentLeader& leader) {
  if (!leader.leader.valid()) return;
  f.tagged_struct(tag, "CurrentLeader", [&](F& in) {
    in.int32("LeaderId", leader.leader.value());
    in.int32("LeaderEpoch", leader.epoch);
  });
}
template <class F>
void rack(F& f, const BrokerEndpoint& broker) {
  broker.rack.empty() ? f.null("Rack") : f.text("Rack", broker.rack);
}
template <class F>
void node_endpoints(F& f, const std::vector<BrokerEndpoint>& nodes) {
  if (nodes.empty()) return;
  f.tagged(0, "NodeEndpoints", [&](F& in) {
    in.array("NodeEndpoints", nodes, [](F& one, const BrokerEndpoint& node) {
      one.int32("NodeId", node.id.value());
      one.host("Host", node.address);
      one.int32("Port", node.address.port);
      rack(one, node);
    });
  });
}

// --- Data ---

template <class F>
void describe(F& f, const ProduceRequest& m) {  // v11
  optional_text(f, "TransactionalId", m.transactional_id);
  f.int16("Acks", static_cast<std::int64_t>(m.acks));
  f.int32("TimeoutMs", whole_millis(m.timeout));
  f.by_topic("TopicData", "PartitionData", m.partitions, name_only,
             [](F& in, const ProduceRequest::Partition& one) {
               in.int32("Index", one.partition.partition);
               in.bytes("Records", one.records);
             });
}

template <class F>
void describe(F& f, const ProduceResponse& m) {  // v11
  f.by_topic("Responses", "PartitionResponses", m.partitions, name_only,
             [](F& in, const ProduceResponse::Partition& one) {
               in.int32("Index", one.partition.partition);
               in.int16("ErrorCode", of(one.error));
               in.int64("BaseOffset", one.base_offset);
               in.int64("LogAppendTimeMs", -1);
               in.int64("LogStartOffset", one.log_start_offset);
               in.empty("RecordErrors");
               in.null("ErrorMessage");
               current_leader(in, 0, one.current_leader);
             });
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  node_endpoints(f, m.node_endpoints);
}

template <class F>
void describe(F& f, const InitProducerIdRequest& m) {  // v5
  optional_text(f, "TransactionalId", m.transactional_id);
  f.int32("TransactionTimeoutMs", whole_millis(m.transaction_timeout));
  f.int64("ProducerId", m.producer.id);
  f.int16("ProducerEpoch", m.producer.epoch);
}

template <class F>
void describe(F& f, const InitProducerIdResponse& m) {  // v5
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.int16("ErrorCode", of(m.error));
  f.int64("ProducerId", m.producer.id);
  f.int16("ProducerEpoch", m.producer.epoch);
}

/// v17; a session leaves out what has not changed.
template <class F>
void describe(F& f, const FetchRequest& m) {
  f.int32("MaxWaitMs", whole_millis(m.max_wait));
  f.int32("MinBytes", m.min_bytes.count());
  f.int32("MaxBytes", m.max_bytes.count());
  f.int8("IsolationLevel", static_cast<std::int64_t>(m.isolation));
  f.int32("SessionId", m.session_id);
  f.int32("SessionEpoch", m.session_epoch);
  f.by_topic("Topics", "Partitions", m.partitions, id_only,
             [](F& in, const FetchRequest::Partition& one) {
               in.int32("Partition", one.partition.partition);
               in.int32("CurrentLeaderEpoch", one.current_leader_epoch);
               in.int64("FetchOffset", one.fetch_offset);
               in.int32("LastFetchedEpoch", one.last_fetched_epoch);
               in.int64("LogStartOffset", one.log_start_offset);
               in.int32("PartitionMaxBytes", one.max_bytes.count());
             });
  f.numbers_by_topic("ForgottenTopicsData", "Partitions", m.forgotten, id_only);
  f.text("RackId", m.rack);
  if (!m.from_follower()) return;
  f.tagged_struct(1, "ReplicaState", [&](F& in) {
    in.int32("ReplicaId", m.replica.value());
    in.int64("ReplicaEpoch", -1);
  });
}

template <class F>
void describe(F& f, const FetchResponse& m) {  // v17
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.int16("ErrorCode", of(m.error));
  f.int32("SessionId", m.session_id);
  f.by_topic("Responses", "Partitions", m.partitions, id_only,
             [](F& in, const FetchResponse::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int16("ErrorCode", of(one.error));
               in.int64("HighWatermark", one.high_watermark);
               in.int64("LastStableOffset", one.last_stable_offset);
               in.int64("LogStartOffset", one.log_start_offset);
               in.array("AbortedTransactions", one.aborted,
                        [](F& each, const log::AbortedTransaction& aborted) {
                          each.int64("ProducerId", aborted.producer_id);
                          each.int64("FirstOffset", aborted.first_offset);
                        });
               in.int32("PreferredReadReplica", one.preferred_read_replica.value());
               in.bytes("Records", one.records);
               if (one.diverging_epoch) {
                 in.tagged_struct(0, "DivergingEpoch", [&](F& diverging) {
                   diverging.int32("Epoch", one.diverging_epoch->epoch);
                   diverging.int64("EndOffset", one.diverging_epoch->end_offset);
                 });
               }
               current_leader(in, 1, one.current_leader);
             });
  node_endpoints(f, m.node_endpoints);
}

template <class F>
void describe(F& f, const ListOffsetsRequest& m) {  // v9; a follower's has its id for -1
  f.int32("ReplicaId", -1);
  f.int8("IsolationLevel", static_cast<std::int64_t>(m.isolation));
  f.by_topic("Topics", "Partitions", m.partitions, name_only,
             [](F& in, const ListOffsetsRequest::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int32("CurrentLeaderEpoch", one.current_leader_epoch);
               in.int64("Timestamp", one.timestamp);
             });
}

template <class F>
void describe(F& f, const ListOffsetsResponse& m) {  // v9
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.by_topic("Topics", "Partitions", m.partitions, name_only,
             [](F& in, const ListOffsetsResponse::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int16("ErrorCode", of(one.error));
               in.int64("Timestamp", one.timestamp);
               in.int64("Offset", one.offset);
               in.int32("LeaderEpoch", one.leader_epoch);
             });
}

template <class F>
void describe(F& f, const DeleteRecordsRequest& m) {  // v2
  f.by_topic("Topics", "Partitions", m.partitions, name_only,
             [](F& in, const DeleteRecordsRequest::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int64("Offset", one.offset);
             });
  f.int32("TimeoutMs", whole_millis(m.timeout));
}

template <class F>
void describe(F& f, const DeleteRecordsResponse& m) {  // v2
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.by_topic("Topics", "Partitions", m.partitions, name_only,
             [](F& in, const DeleteRecordsResponse::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int64("LowWatermark", one.low_watermark);
               in.int16("ErrorCode", of(one.error));
             });
}

template <class F>
void describe(F& f, const OffsetForLeaderEpochRequest& m) {  // v4
  f.int32("ReplicaId", -1);
  f.by_topic("Topics", "Partitions", m.partitions, name_only,
             [](F& in, const OffsetForLeaderEpochRequest::Partition& one) {
               in.int32("Partition", one.partition.partition);
               in.int32("CurrentLeaderEpoch", one.current_leader_epoch);
               in.int32("LeaderEpoch", one.leader_epoch);
             });
}

template <class F>
void describe(F& f, const OffsetForLeaderEpochResponse& m) {  // v4
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.by_topic("Topics", "Partitions", m.partitions, name_only,
             [](F& in, const OffsetForLeaderEpochResponse::Partition& one) {
               in.int16("ErrorCode", of(one.error));
               in.int32("Partition", one.partition.partition);
               in.int32("LeaderEpoch", one.leader_epoch);
               in.int64("EndOffset", one.end_offset);
             });
}

// --- Metadata ---

template <class F>
void describe(F& f, const MetadataRequest& m) {  // v12
  f.array("Topics", m.topics, [](F& in, const std::string& name) {
    in.uuid("TopicId", name);
    in.text("Name", name);
  });
  f.boolean("AllowAutoTopicCreation", m.allow_auto_topic_creation);
  f.boolean("IncludeTopicAuthorizedOperations", false);
}

template <class F>
void describe(F& f, const MetadataResponse& m) {  // v12
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.array("Brokers", m.brokers, [](F& in, const BrokerEndpoint& broker) {
    in.int32("NodeId", broker.id.value());
    in.host("Host", broker.address);
    in.int32("Port", broker.address.port);
    rack(in, broker);
  });
  f.text_of("ClusterId", 22);
  f.int32("ControllerId", m.controller.value());
  f.array("Topics", m.topics, [](F& in, const TopicMetadata& topic) {
    in.int16("ErrorCode", of(topic.error));
    in.text("Name", topic.name);
    in.uuid("TopicId", topic.name);
    in.boolean("IsInternal", topic.name == offsets_topic || topic.name == transactions_topic);
    in.array("Partitions", topic.partitions, [](F& inner, const PartitionMetadata& one) {
      inner.int16("ErrorCode", of(one.error));
      inner.int32("PartitionIndex", one.partition);
      inner.int32("LeaderId", one.leader.value());
      inner.int32("LeaderEpoch", one.leader_epoch);
      inner.ids("ReplicaNodes", one.replicas);
      inner.ids("IsrNodes", one.isr);
      inner.empty("OfflineReplicas");
    });
    in.int32("TopicAuthorizedOperations", 0);
  });
}

template <class F>
void describe(F& f, const CreateTopicsRequest& m) {  // v7
  f.array("Topics", m.topics, [](F& in, const CreateTopicsRequest::Topic& topic) {
    in.text("Name", topic.name);
    in.int32("NumPartitions", topic.partitions);
    in.int16("ReplicationFactor", topic.replication_factor);
    in.array("Assignments", topic.assignment, [](F& inner, const std::vector<BrokerId>& replicas) {
      inner.int32("PartitionIndex", 0);
      inner.ids("BrokerIds", replicas);
    });
    in.array("Configs", std::vector<int>(topic.config.count()), [](F& inner, int) {
      inner.text_of("Name", 22);  // A typical one,
      inner.text_of("Value", 5);  // and its value.
    });
  });
  f.int32("timeoutMs", 0);
  f.boolean("validateOnly", false);
}

template <class F>
void describe(F& f, const CreateTopicsResponse& m) {  // v7
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.array("Topics", m.topics, [](F& in, const CreateTopicsResponse::Topic& topic) {
    in.text("Name", topic.name);
    in.uuid("TopicId", topic.name);
    in.int16("ErrorCode", of(topic.error));
    in.null("ErrorMessage");
    in.int32("NumPartitions", -1);
    in.int16("ReplicationFactor", -1);
    in.null("Configs");
  });
}

// --- Controller and brokers ---

template <class F>
void describe(F& f, const LeaderAndIsrRequest& m) {  // v7
  f.int32("ControllerId", m.controller.value());
  f.boolean("isKRaftController", false);
  f.int32("ControllerEpoch", m.controller_epoch.value());
  f.int64("BrokerEpoch", m.broker_epoch);
  f.int8("Type", m.full ? 1 : 0);
  f.by_topic("TopicStates", "PartitionStates", m.partitions, name_and_id,
             [&](F& in, const LeaderAndIsrRequest::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int32("ControllerEpoch", m.controller_epoch.value());
               in.int32("Leader", one.state.leader.value());
               in.int32("LeaderEpoch", one.state.leader_epoch);
               in.ids("Isr", one.state.isr);
               in.int32("PartitionEpoch", one.state.partition_epoch);
               in.ids("Replicas", one.replicas);
               in.ids("AddingReplicas", one.moving.adding);
               in.ids("RemovingReplicas", one.moving.removing);
               in.boolean("IsNew", one.is_new);
               in.int8("LeaderRecoveryState", 0);
             });
  f.array("LiveLeaders", m.live_leaders, [](F& in, const BrokerEndpoint& broker) {
    in.int32("BrokerId", broker.id.value());
    in.host("HostName", broker.address);
    in.int32("Port", broker.address.port);
  });
}

template <class F>
void describe(F& f, const LeaderAndIsrResponse& m) {  // v7
  f.int16("ErrorCode", of(m.error));
  f.by_topic("Topics", "PartitionErrors", m.partitions, id_only,
             [](F& in, const LeaderAndIsrResponse::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int16("ErrorCode", of(one.error));
             });
}

template <class F>
void describe(F& f, const StopReplicaRequest& m) {  // v4
  f.int32("ControllerId", m.controller.value());
  f.boolean("isKRaftController", false);
  f.int32("ControllerEpoch", m.controller_epoch.value());
  f.int64("BrokerEpoch", m.broker_epoch);
  f.by_topic("TopicStates", "PartitionStates", m.partitions, name_only,
             [](F& in, const StopReplicaRequest::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int32("LeaderEpoch", one.leader_epoch);
               in.boolean("DeletePartition", one.delete_partition);
             });
}

template <class F>
void describe(F& f, const StopReplicaResponse& m) {  // v4
  f.int16("ErrorCode", of(m.error));
  f.array("PartitionErrors", m.partitions, [](F& in, const StopReplicaResponse::Partition& one) {
    in.text("TopicName", one.partition.topic);
    in.int32("PartitionIndex", one.partition.partition);
    in.int16("ErrorCode", of(one.error));
  });
}

template <class F>
void describe(F& f, const UpdateMetadataRequest& m) {  // v8
  f.int32("ControllerId", m.controller.value());
  f.boolean("isKRaftController", false);
  f.int32("ControllerEpoch", m.controller_epoch.value());
  f.int64("BrokerEpoch", m.broker_epoch);
  f.by_topic("TopicStates", "PartitionStates", m.partitions, name_and_id,
             [&](F& in, const UpdateMetadataRequest::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int32("ControllerEpoch", m.controller_epoch.value());
               in.int32("Leader", one.state.leader.value());
               in.int32("LeaderEpoch", one.state.leader_epoch);
               in.ids("Isr", one.state.isr);
               in.int32("ZkVersion", one.state.partition_epoch);
               in.ids("Replicas", one.replicas);
               in.empty("OfflineReplicas");
             });
  f.array("LiveBrokers", m.live_brokers, [](F& in, const BrokerEndpoint& broker) {
    in.int32("Id", broker.id.value());
    in.array("Endpoints", std::vector<Address>{broker.address}, [](F& inner, const Address& at) {
      inner.int32("Port", at.port);
      inner.host("Host", at);
      inner.text("Listener", "PLAINTEXT");
      inner.int16("SecurityProtocol", 0);
    });
    rack(in, broker);
  });
}

template <class F>
void describe(F& f, const UpdateMetadataResponse& m) {  // v8
  f.int16("ErrorCode", of(m.error));
}

template <class F>
void describe(F& f, const AlterPartitionRequest& m) {  // v3
  f.int32("BrokerId", m.broker.value());
  f.int64("BrokerEpoch", m.broker_epoch);
  f.by_topic("Topics", "Partitions", m.partitions, id_only,
             [](F& in, const AlterPartitionRequest::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int32("LeaderEpoch", one.leader_epoch);
               in.array("NewIsrWithEpochs", one.new_isr, [](F& inner, BrokerId broker) {
                 inner.int32("BrokerId", broker.value());
                 inner.int64("BrokerEpoch", -1);
               });
               in.int8("LeaderRecoveryState", 0);
               in.int32("PartitionEpoch", one.partition_epoch);
             });
}

template <class F>
void describe(F& f, const AlterPartitionResponse& m) {  // v3
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.int16("ErrorCode", of(m.error));
  f.by_topic("Topics", "Partitions", m.partitions, id_only,
             [](F& in, const AlterPartitionResponse::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int16("ErrorCode", of(one.error));
               in.int32("LeaderId", one.state.leader.value());
               in.int32("LeaderEpoch", one.state.leader_epoch);
               in.ids("Isr", one.state.isr);
               in.int8("LeaderRecoveryState", 0);
               in.int32("PartitionEpoch", one.state.partition_epoch);
             });
}

template <class F>
void describe(F& f, const AllocateProducerIdsRequest& m) {  // v0
  f.int32("BrokerId", m.broker.value());
  f.int64("BrokerEpoch", m.broker_epoch);
}

template <class F>
void describe(F& f, const AllocateProducerIdsResponse& m) {  // v0
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.int16("ErrorCode", of(m.error));
  f.int64("ProducerIdStart", m.block.first);
  f.int32("ProducerIdLen", m.block.count);
}

template <class F>
void describe(F& f, const ControlledShutdownRequest& m) {  // v3
  f.int32("BrokerId", m.broker.value());
  f.int64("BrokerEpoch", m.broker_epoch);
}

template <class F>
void describe(F& f, const ControlledShutdownResponse& m) {  // v3
  f.int16("ErrorCode", of(m.error));
  f.array("RemainingPartitions", m.remaining, [](F& in, const TopicPartition& one) {
    in.text("TopicName", one.topic);
    in.int32("PartitionIndex", one.partition);
  });
}

// --- Groups ---

template <class F>
void describe(F& f, const FindCoordinatorRequest& m) {  // v6
  f.int8("KeyType", 0);
  f.texts("CoordinatorKeys", {m.group});
}

template <class F>
void describe(F& f, const FindCoordinatorResponse& m) {  // v6
  f.array("Coordinators", std::vector<BrokerEndpoint>{m.coordinator},
          [&](F& in, const BrokerEndpoint& coordinator) {
            in.text_of("Key", 11);  // The model's response does not keep the group's name.
            in.int32("NodeId", coordinator.id.value());
            in.host("Host", coordinator.address);
            in.int32("Port", coordinator.address.port);
            in.int16("ErrorCode", of(m.error));
            in.null("ErrorMessage");
          });
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
}

template <class F>
void describe(F& f, const JoinGroupRequest& m) {  // v9
  f.text("GroupId", m.group);
  f.int32("SessionTimeoutMs", whole_millis(m.session_timeout));
  f.int32("RebalanceTimeoutMs", whole_millis(m.rebalance_timeout));
  f.text("MemberId", m.member_id);
  f.optional_text("GroupInstanceId", m.instance);
  f.text("ProtocolType", "consumer");
  f.array("Protocols", m.protocols, [](F& in, const GroupProtocol& protocol) {
    in.text("Name", protocol.name);
    in.subscription("Metadata", protocol.subscription);
  });
  f.null("Reason");
}

template <class F>
void describe(F& f, const JoinGroupResponse& m) {  // v9
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.int16("ErrorCode", of(m.error));
  f.int32("GenerationId", m.generation);
  f.text("ProtocolType", "consumer");
  f.text("ProtocolName", m.protocol);
  f.text("Leader", m.leader);
  f.boolean("SkipAssignment", m.skip_assignment);
  f.text("MemberId", m.member_id);
  f.array("Members", m.members, [](F& in, const JoinGroupResponse::Member& member) {
    in.text("MemberId", member.id);
    in.optional_text("GroupInstanceId", member.instance);
    in.subscription("Metadata", member.subscription);
  });
}

template <class F>
void describe(F& f, const SyncGroupRequest& m) {  // v5
  f.text("GroupId", m.group);
  f.int32("GenerationId", m.generation);
  f.text("MemberId", m.member_id);
  f.optional_text("GroupInstanceId", m.instance);
  f.text("ProtocolType", "consumer");
  f.text("ProtocolName", m.protocol);
  f.array("Assignments", m.assignments, [](F& in, const SyncGroupRequest::Assignment& one) {
    in.text("MemberId", one.member_id);
    in.assignment("Assignment", one.partitions);
  });
}

template <class F>
void describe(F& f, const SyncGroupResponse& m) {  // v5
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.int16("ErrorCode", of(m.error));
  f.text("ProtocolType", "consumer");
  f.text("ProtocolName", m.protocol);
  f.assignment("Assignment", m.partitions);
}

template <class F>
void describe(F& f, const HeartbeatRequest& m) {  // v4
  f.text("GroupId", m.group);
  f.int32("GenerationId", m.generation);
  f.text("MemberId", m.member_id);
  f.optional_text("GroupInstanceId", m.instance);
}

template <class F>
void describe(F& f, const HeartbeatResponse& m) {  // v4
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.int16("ErrorCode", of(m.error));
}

template <class F>
void describe(F& f, const LeaveGroupRequest& m) {  // v5
  f.text("GroupId", m.group);
  f.array("Members", std::vector<int>(1), [&](F& in, int) {
    in.text("MemberId", m.member_id);
    in.optional_text("GroupInstanceId", m.instance);
    in.null("Reason");
  });
}

template <class F>
void describe(F& f, const LeaveGroupResponse& m) {  // v5
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.int16("ErrorCode", of(m.error));
  f.array("Members", std::vector<int>(1), [](F& in, int) {
    in.text_of("MemberId", 47);  // A client id and a UUID.
    in.null("GroupInstanceId");
    in.int16("ErrorCode", 0);
  });
}

template <class F>
void describe(F& f, const OffsetCommitRequest& m) {  // v9
  f.text("GroupId", m.group);
  f.int32("GenerationIdOrMemberEpoch", m.generation);
  f.text("MemberId", m.member_id);
  f.optional_text("GroupInstanceId", m.instance);
  f.by_topic("Topics", "Partitions", m.partitions, name_only,
             [](F& in, const OffsetCommitRequest::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int64("CommittedOffset", one.offset);
               in.int32("CommittedLeaderEpoch", one.leader_epoch);
               in.text("CommittedMetadata", "");
             });
}

template <class F>
void describe(F& f, const OffsetCommitResponse& m) {  // v9
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.by_topic("Topics", "Partitions", m.partitions, name_only,
             [](F& in, const OffsetCommitResponse::Partition& one) {
               in.int32("PartitionIndex", one.partition.partition);
               in.int16("ErrorCode", of(one.error));
             });
}

template <class F>
void describe(F& f, const OffsetFetchRequest& m) {  // v9
  f.array("Groups", std::vector<int>(1), [&](F& in, int) {
    in.text("GroupId", m.group);
    in.null("MemberId");
    in.int32("MemberEpoch", -1);
    in.numbers_by_topic("Topics", "PartitionIndexes", m.partitions, name_only);
  });
  f.boolean("RequireStable", m.require_stable);
}

template <class F>
void describe(F& f, const OffsetFetchResponse& m) {  // v9
  f.int32("ThrottleTimeMs", whole_millis(m.throttle_time));
  f.array("Groups", std::vector<int>(1), [&](F& in, int) {
    in.text_of("GroupId", 11);  // The model's response does not keep the group's name.
    in.by_topic("Topics", "Partitions", m.partitions, name_only,
                [](F& inner, const OffsetFetchResponse::Partition& one) {
                  inner.int32("PartitionIndex", one.partition.partition);
                  inner.int64("CommittedOffset", one.offset);
                  inner.int32("CommittedLeaderEpoch", one.leader_epoch);
                  inner.text("Metadata", "");
                  inner.int16("ErrorCode", of(one.error));
                });
    in.int16("ErrorCode", of(m.error));
  });
}

}  // namespace brokerlab::model::wire
