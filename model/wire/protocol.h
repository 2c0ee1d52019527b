// Requests and responses of Kafka's protocol, as far as the model uses them, with their wire sizes.
//
// The fields are those of Kafka 3.9's message definitions that influence behaviour; names are
// Kafka's in snake_case. size() is the size on the wire of the newest version of the request
// (4-byte length, header, fields; model/wire/messages.h), so that networks carry what they would
// carry.
//
// Lifetime: a message is sent once and owned by its receiver. Record bytes are shared, never
// copied. Source: Kafka's clients/src/main/resources/common/message/*.json.
#pragma once

#include "base/units.h"
#include "log/batch/records.h"
#include "log/segment/transaction_index.h"
#include "model/config.h"
#include "model/error_code.h"
#include "model/ids.h"
#include "model/producer_id.h"
#include "model/wire/consumer_protocol.h"
#include "sim/network.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::model {

enum class ApiKey : std::int16_t {
  produce = 0,
  fetch = 1,
  list_offsets = 2,
  metadata = 3,
  leader_and_isr = 4,
  stop_replica = 5,
  update_metadata = 6,
  controlled_shutdown = 7,
  offset_commit = 8,
  offset_fetch = 9,
  find_coordinator = 10,
  join_group = 11,
  heartbeat = 12,
  leave_group = 13,
  sync_group = 14,
  create_topics = 19,
  delete_topics = 20,
  delete_records = 21,
  init_producer_id = 22,
  offset_for_leader_epoch = 23,
  add_partitions_to_txn = 24,
  add_offsets_to_txn = 25,
  end_txn = 26,
  write_txn_markers = 27,
  txn_offset_commit = 28,
  create_partitions = 37,
  delete_groups = 42,
  elect_leaders = 43,
  incremental_alter_configs = 44,
  alter_partition_reassignments = 45,
  alter_client_quotas = 49,
  alter_partition = 56,
  allocate_producer_ids = 67,
};
/// "Produce", "Fetch", "Produce response": static text for traces.
std::string_view request_name(ApiKey api);
std::string_view response_name(ApiKey api);

struct Request : sim::Payload {
  explicit Request(ApiKey key) : api(key) {}
  virtual Bytes size() const = 0;
  /// False: the broker stays silent about it.
  virtual bool has_response() const { return true; }

  const ApiKey api;
  std::int32_t correlation_id = 0;
  std::string client_id;
};

struct Response : sim::Payload {
  explicit Response(ApiKey key) : api(key) {}
  virtual Bytes size() const = 0;

  const ApiKey api;
  std::int32_t correlation_id = 0;

  /// Where the broker let the request wait; not on the wire, for the trace. Kafka's metrics
  /// RequestQueueTimeMs (the first two), LocalTimeMs (of it, the disk) and RemoteTimeMs.
  struct Waits {
    Duration room{0};    ///< For room in the request queue (queued.max.requests).
    Duration thread{0};  ///< In it, for an I/O thread (num.io.threads).
    Duration disk{0};    ///< For what was written, or read, before it was parked or answered.
    Duration parked{0};  ///< In the purgatory.
  };
  Waits waits;
  /// For how long the client is to send nothing (throttle_time_ms): it is above a quota.
  Duration throttle_time{0};
};

using RequestPtr = std::unique_ptr<Request>;
using ResponsePtr = std::unique_ptr<Response>;

struct BrokerEndpoint {
  BrokerId id;
  Address address;
  std::string rack = {};  ///< broker.rack; empty: none.
};

// --- Data ---

/// Who leads now, as far as the broker knows that refuses to: set with NOT_LEADER_OR_FOLLOWER and
/// FENCED_LEADER_EPOCH (KIP-951, Produce v10 and Fetch v16). Leader none: it does not know.
struct CurrentLeader {
  BrokerId leader;
  LeaderEpoch epoch = log::no_epoch;
};

struct ProduceRequest final : Request {
  ProduceRequest() : Request(ApiKey::produce) {}
  Bytes size() const override;
  bool has_response() const override { return acks != Acks::none; }

  /// Which records a batch has, and what it is sent again for; not on the wire, for who watches.
  struct Origin {
    std::shared_ptr<const std::vector<RecordRun>> records;
    sim::EventId because = {};
  };
  struct Partition {
    TopicPartition partition;
    log::Records records;  ///< One batch.
    Origin origin = {};
  };
  std::optional<std::string> transactional_id;
  Acks acks = Acks::all;
  Duration timeout = 30s;
  std::vector<Partition> partitions;
};

struct ProduceResponse final : Response {
  ProduceResponse() : Response(ApiKey::produce) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    ErrorCode error = ErrorCode::none;
    Offset base_offset = log::no_offset;
    Offset log_start_offset = log::no_offset;
    CurrentLeader current_leader = {};
  };
  std::vector<Partition> partitions;
  std::vector<BrokerEndpoint> node_endpoints;  ///< Of the leaders named above.
};

/// An id for an idempotent producer, or the epoch under which a transactional id is used next.
struct InitProducerIdRequest final : Request {
  InitProducerIdRequest() : Request(ApiKey::init_producer_id) {}
  Bytes size() const override;
  std::optional<std::string> transactional_id;
  Duration transaction_timeout = std::chrono::milliseconds(
      std::numeric_limits<std::int32_t>::max());  ///< Without a transactional id of no meaning.
  ProducerIdAndEpoch producer;                    ///< What it has, when it wants the next epoch.
};

struct InitProducerIdResponse final : Response {
  InitProducerIdResponse() : Response(ApiKey::init_producer_id) {}
  Bytes size() const override;
  ErrorCode error = ErrorCode::none;
  ProducerIdAndEpoch producer;
};

/// An incremental fetch session (KIP-227): the broker keeps what a client fetches, and both sides
/// name only what has changed. Source: FetchMetadata.
inline constexpr std::int32_t no_fetch_session = 0;        ///< INVALID_SESSION_ID
inline constexpr std::int32_t first_session_epoch = 0;     ///< INITIAL_EPOCH: wants a session.
inline constexpr std::int32_t without_session_epoch = -1;  ///< FINAL_EPOCH: wants none.
constexpr std::int32_t next_session_epoch(std::int32_t epoch) {
  if (epoch < 0) return without_session_epoch;
  return epoch == std::numeric_limits<std::int32_t>::max() ? 1 : epoch + 1;
}

struct FetchRequest final : Request {
  FetchRequest() : Request(ApiKey::fetch) {}
  Bytes size() const override;
  bool from_follower() const { return replica.valid(); }

  struct Partition {
    TopicPartition partition;
    LeaderEpoch current_leader_epoch = log::no_epoch;
    Offset fetch_offset = 0;
    LeaderEpoch last_fetched_epoch = log::no_epoch;  ///< KIP-595: lets the leader see divergence.
    Offset log_start_offset = log::no_offset;        ///< Of a follower.
    Bytes max_bytes = 1_MiB;
    sim::EventId because = {};  ///< Why a follower follows; not on the wire, for the trace.
  };
  BrokerId replica;  ///< None: a consumer.
  IsolationLevel isolation = IsolationLevel::read_uncommitted;
  Duration max_wait = 500ms;
  Bytes min_bytes{1};
  Bytes max_bytes = 50_MiB;
  std::int32_t session_id = no_fetch_session;
  std::int32_t session_epoch = without_session_epoch;
  std::string rack;  ///< client.rack of a consumer.
  std::vector<Partition>
      partitions;  ///< In a session: new ones, and asked for otherwise than last.
  std::vector<TopicPartition> forgotten;  ///< Not wanted any more.
};

struct FetchResponse final : Response {
  FetchResponse() : Response(ApiKey::fetch) {}
  Bytes size() const override;

  struct DivergingEpoch {
    LeaderEpoch epoch;
    Offset end_offset;
  };
  struct Partition {
    TopicPartition partition;
    ErrorCode error = ErrorCode::none;
    Offset high_watermark = log::no_offset;
    Offset log_start_offset = log::no_offset;
    std::optional<DivergingEpoch> diverging_epoch;
    log::Records records;
    Offset log_end_offset = log::no_offset;  ///< Not on the wire: for who tells the story.
    Offset last_stable_offset = log::no_offset;
    /// For read_committed: transactions with records in `records` that were aborted.
    std::vector<log::AbortedTransaction> aborted = {};
    CurrentLeader current_leader = {};
    BrokerId preferred_read_replica = {};  ///< KIP-392: nearer to the consumer. None: this one.
  };
  ErrorCode error = ErrorCode::none;  ///< Of the session.
  std::int32_t session_id = no_fetch_session;
  std::vector<Partition> partitions;  ///< In a session: those with records, news or an error.
  std::vector<BrokerEndpoint> node_endpoints;  ///< Of the leaders named above.
};

inline constexpr std::int64_t earliest_timestamp = -2;
inline constexpr std::int64_t latest_timestamp = -1;

struct ListOffsetsRequest final : Request {
  ListOffsetsRequest() : Request(ApiKey::list_offsets) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    LeaderEpoch current_leader_epoch = log::no_epoch;
    std::int64_t timestamp = latest_timestamp;
  };
  bool from_follower = false;  ///< replica_id is a broker's: the log's end, not the high watermark.
  IsolationLevel isolation = IsolationLevel::read_uncommitted;
  std::vector<Partition> partitions;
};

struct ListOffsetsResponse final : Response {
  ListOffsetsResponse() : Response(ApiKey::list_offsets) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    ErrorCode error = ErrorCode::none;
    std::int64_t timestamp = -1;
    Offset offset = log::no_offset;
    LeaderEpoch leader_epoch = log::no_epoch;
  };
  std::vector<Partition> partitions;
};

/// Of DeleteRecordsRequest: up to the high watermark.
inline constexpr Offset up_to_high_watermark = -1;

struct DeleteRecordsRequest final : Request {
  DeleteRecordsRequest() : Request(ApiKey::delete_records) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    Offset offset = up_to_high_watermark;  ///< The log is to begin there.
  };
  std::vector<Partition> partitions;
  Duration timeout = 30s;
};

struct DeleteRecordsResponse final : Response {
  DeleteRecordsResponse() : Response(ApiKey::delete_records) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    Offset low_watermark = log::no_offset;  ///< Where the logs of all live replicas begin by now.
    ErrorCode error = ErrorCode::none;
  };
  std::vector<Partition> partitions;
};

struct OffsetForLeaderEpochRequest final : Request {
  OffsetForLeaderEpochRequest() : Request(ApiKey::offset_for_leader_epoch) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    LeaderEpoch current_leader_epoch = log::no_epoch;
    LeaderEpoch leader_epoch = log::no_epoch;
  };
  std::vector<Partition> partitions;
};

struct OffsetForLeaderEpochResponse final : Response {
  OffsetForLeaderEpochResponse() : Response(ApiKey::offset_for_leader_epoch) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    ErrorCode error = ErrorCode::none;
    LeaderEpoch leader_epoch = log::no_epoch;
    Offset end_offset = log::no_offset;
  };
  std::vector<Partition> partitions;
};

// --- Metadata ---

struct MetadataRequest final : Request {
  MetadataRequest() : Request(ApiKey::metadata) {}
  Bytes size() const override;

  std::vector<std::string> topics;  ///< Empty: all (in Kafka: null; nobody asks for none here).
  bool allow_auto_topic_creation = true;  ///< Those that are not there may be made.
};

struct PartitionMetadata {
  ErrorCode error = ErrorCode::none;  ///< LEADER_NOT_AVAILABLE when there is none.
  int partition = 0;
  BrokerId leader;
  LeaderEpoch leader_epoch = log::no_epoch;
  std::vector<BrokerId> replicas;
  std::vector<BrokerId> isr;
};

struct TopicMetadata {
  ErrorCode error = ErrorCode::none;
  std::string name;
  std::vector<PartitionMetadata> partitions;  ///< By partition number, dense.
};

struct MetadataResponse final : Response {
  MetadataResponse() : Response(ApiKey::metadata) {}
  Bytes size() const override;

  std::vector<BrokerEndpoint> brokers;
  BrokerId controller;
  std::vector<TopicMetadata> topics;
};

struct CreateTopicsRequest final : Request {
  CreateTopicsRequest() : Request(ApiKey::create_topics) {}
  Bytes size() const override;

  struct Topic {
    std::string name;
    int partitions = 1;          ///< no_number: num.partitions of the broker that is asked.
    int replication_factor = 1;  ///< no_number: its default.replication.factor.
    TopicOverrides config = {};
    std::vector<std::vector<BrokerId>> assignment =
        {};  ///< By partition; empty: the broker places.
  };
  static constexpr int no_number = -1;
  std::vector<Topic> topics;
};

struct CreateTopicsResponse final : Response {
  CreateTopicsResponse() : Response(ApiKey::create_topics) {}
  Bytes size() const override;

  struct Topic {
    std::string name;
    ErrorCode error = ErrorCode::none;
  };
  std::vector<Topic> topics;
};

// --- Controller and brokers ---

/// Leadership of a partition, as the metadata store and the controller's requests carry it.
struct LeaderAndIsr {
  BrokerId leader;
  LeaderEpoch leader_epoch = 0;
  std::vector<BrokerId> isr;
  int partition_epoch = 0;  ///< Grows with each change; in ZooKeeper the version of the node.
  bool operator==(const LeaderAndIsr&) const = default;
};

/// What a reassignment that is under way adds to a partition's replicas, and takes away (KIP-455).
struct Moving {
  std::vector<BrokerId> adding;
  std::vector<BrokerId> removing;
  bool any() const { return !adding.empty() || !removing.empty(); }
  bool operator==(const Moving&) const = default;
};

/// Source: kafka.controller.ReplicaAssignment.
struct ReplicaAssignment {
  std::vector<BrokerId> replicas;
  Moving moving = {};

  std::vector<BrokerId> target() const;  ///< When all is done.
  std::vector<BrokerId> origin() const;  ///< As it was before.
  /// What shall be wanted from now on, whatever is under way: those first, in their order.
  ReplicaAssignment reassigned_to(const std::vector<BrokerId>& wanted) const;
  bool operator==(const ReplicaAssignment&) const = default;
};

struct LeaderAndIsrRequest final : Request {
  LeaderAndIsrRequest() : Request(ApiKey::leader_and_isr) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    LeaderAndIsr state;
    std::vector<BrokerId> replicas;
    bool is_new = false;
    Moving moving = {};
  };
  BrokerId controller;
  ControllerEpoch controller_epoch;
  std::int64_t broker_epoch = -1;  ///< Of the receiver's registration (KIP-380).
  bool full = false;               ///< The first one to a broker names all its partitions.
  std::vector<Partition> partitions;
  std::vector<BrokerEndpoint> live_leaders;
};

struct LeaderAndIsrResponse final : Response {
  LeaderAndIsrResponse() : Response(ApiKey::leader_and_isr) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    ErrorCode error = ErrorCode::none;
  };
  ErrorCode error = ErrorCode::none;
  std::vector<Partition> partitions;
};

struct StopReplicaRequest final : Request {
  StopReplicaRequest() : Request(ApiKey::stop_replica) {}
  Bytes size() const override;

  /// Of a topic that is deleted: whatever the broker knows (EpochDuringDelete).
  static constexpr LeaderEpoch epoch_during_delete = -2;
  struct Partition {
    TopicPartition partition;
    LeaderEpoch leader_epoch = log::no_epoch;
    bool delete_partition = false;
  };
  BrokerId controller;
  ControllerEpoch controller_epoch;
  std::int64_t broker_epoch = -1;
  std::vector<Partition> partitions;
};

struct StopReplicaResponse final : Response {
  StopReplicaResponse() : Response(ApiKey::stop_replica) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    ErrorCode error = ErrorCode::none;
  };
  ErrorCode error = ErrorCode::none;
  std::vector<Partition> partitions;
};

struct UpdateMetadataRequest final : Request {
  UpdateMetadataRequest() : Request(ApiKey::update_metadata) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    LeaderAndIsr state;
    std::vector<BrokerId> replicas;
    bool deleted = false;  ///< Its topic is: forget it (leader -2, LeaderDuringDelete).
  };
  BrokerId controller;
  ControllerEpoch controller_epoch;
  std::int64_t broker_epoch = -1;
  std::vector<Partition> partitions;
  std::vector<BrokerEndpoint> live_brokers;
};

struct UpdateMetadataResponse final : Response {
  UpdateMetadataResponse() : Response(ApiKey::update_metadata) {}
  Bytes size() const override;
  ErrorCode error = ErrorCode::none;
};

struct AlterPartitionRequest final : Request {
  AlterPartitionRequest() : Request(ApiKey::alter_partition) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    LeaderEpoch leader_epoch = 0;
    std::vector<BrokerId> new_isr;
    int partition_epoch = 0;
    // Not on the wire, for the trace:
    sim::EventId because = {};
    Time since{};  ///< When its leader wanted it.
  };
  BrokerId broker;
  std::int64_t broker_epoch = -1;
  std::vector<Partition> partitions;
};

struct AlterPartitionResponse final : Response {
  AlterPartitionResponse() : Response(ApiKey::alter_partition) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    ErrorCode error = ErrorCode::none;
    LeaderAndIsr state;
  };
  ErrorCode error = ErrorCode::none;
  std::vector<Partition> partitions;
};

/// A broker asks the controller for producer ids to give away.
struct AllocateProducerIdsRequest final : Request {
  AllocateProducerIdsRequest() : Request(ApiKey::allocate_producer_ids) {}
  Bytes size() const override;
  BrokerId broker;
  std::int64_t broker_epoch = -1;
};

struct AllocateProducerIdsResponse final : Response {
  AllocateProducerIdsResponse() : Response(ApiKey::allocate_producer_ids) {}
  Bytes size() const override;
  ErrorCode error = ErrorCode::none;
  ProducerIdBlock block;
};

struct ControlledShutdownRequest final : Request {
  ControlledShutdownRequest() : Request(ApiKey::controlled_shutdown) {}
  Bytes size() const override;
  BrokerId broker;
  std::int64_t broker_epoch = -1;
};

struct ControlledShutdownResponse final : Response {
  ControlledShutdownResponse() : Response(ApiKey::controlled_shutdown) {}
  Bytes size() const override;
  ErrorCode error = ErrorCode::none;
  std::vector<TopicPartition> remaining;
};

// --- Groups (the classic protocol) ---

struct FindCoordinatorRequest final : Request {
  FindCoordinatorRequest() : Request(ApiKey::find_coordinator) {}
  Bytes size() const override;
  std::string group;         ///< Or a transactional id.
  bool transaction = false;  ///< It is one.
};

struct FindCoordinatorResponse final : Response {
  FindCoordinatorResponse() : Response(ApiKey::find_coordinator) {}
  Bytes size() const override;
  ErrorCode error = ErrorCode::none;
  BrokerEndpoint coordinator;
};

struct JoinGroupRequest final : Request {
  JoinGroupRequest() : Request(ApiKey::join_group) {}
  Bytes size() const override;
  std::string group;
  std::string member_id;  ///< Empty at first: answered with MEMBER_ID_REQUIRED and an id (KIP-394).
  std::optional<std::string> instance;  ///< group.instance.id
  Duration session_timeout = 45s;
  Duration rebalance_timeout = 5min;
  std::vector<GroupProtocol> protocols;  ///< The one liked best comes first.
};

struct JoinGroupResponse final : Response {
  JoinGroupResponse() : Response(ApiKey::join_group) {}
  Bytes size() const override;

  struct Member {
    std::string id;
    std::optional<std::string> instance;
    Subscription subscription;
  };
  ErrorCode error = ErrorCode::none;
  int generation = -1;
  std::string protocol;  ///< The one that was chosen.
  std::string leader;
  bool skip_assignment = false;  ///< The leader came back; what it assigned still holds.
  std::string member_id;
  std::vector<Member> members;  ///< Only for the leader.
};

struct SyncGroupRequest final : Request {
  SyncGroupRequest() : Request(ApiKey::sync_group) {}
  Bytes size() const override;

  struct Assignment {
    std::string member_id;
    std::vector<TopicPartition> partitions;
  };
  std::string group;
  std::string member_id;
  std::optional<std::string> instance;
  int generation = -1;
  std::string protocol;
  std::vector<Assignment> assignments;  ///< Only from the leader.
};

struct SyncGroupResponse final : Response {
  SyncGroupResponse() : Response(ApiKey::sync_group) {}
  Bytes size() const override;
  ErrorCode error = ErrorCode::none;
  std::string protocol;
  std::vector<TopicPartition> partitions;
};

struct HeartbeatRequest final : Request {
  HeartbeatRequest() : Request(ApiKey::heartbeat) {}
  Bytes size() const override;
  std::string group;
  std::string member_id;
  std::optional<std::string> instance;
  int generation = -1;
};

struct HeartbeatResponse final : Response {
  HeartbeatResponse() : Response(ApiKey::heartbeat) {}
  Bytes size() const override;
  ErrorCode error = ErrorCode::none;
};

struct LeaveGroupRequest final : Request {
  LeaveGroupRequest() : Request(ApiKey::leave_group) {}
  Bytes size() const override;
  std::string group;
  std::string member_id;
  std::optional<std::string> instance;  ///< An operator's: of whom there is no member id.
};

struct LeaveGroupResponse final : Response {
  LeaveGroupResponse() : Response(ApiKey::leave_group) {}
  Bytes size() const override;
  ErrorCode error = ErrorCode::none;
};

struct OffsetCommitRequest final : Request {
  OffsetCommitRequest() : Request(ApiKey::offset_commit) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    Offset offset = 0;
    LeaderEpoch leader_epoch = log::no_epoch;
  };
  std::string group;
  std::string member_id;
  std::optional<std::string> instance;
  int generation = -1;
  std::vector<Partition> partitions;
};

struct OffsetCommitResponse final : Response {
  OffsetCommitResponse() : Response(ApiKey::offset_commit) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    ErrorCode error = ErrorCode::none;
  };
  std::vector<Partition> partitions;
};

struct OffsetFetchRequest final : Request {
  OffsetFetchRequest() : Request(ApiKey::offset_fetch) {}
  Bytes size() const override;
  std::string group;
  std::vector<TopicPartition> partitions;
  /// Nothing is to be told of partitions whose commit is under way (KIP-447).
  bool require_stable = false;
};

struct OffsetFetchResponse final : Response {
  OffsetFetchResponse() : Response(ApiKey::offset_fetch) {}
  Bytes size() const override;

  struct Partition {
    TopicPartition partition;
    Offset offset = log::no_offset;            ///< no_offset: nothing committed.
    LeaderEpoch leader_epoch = log::no_epoch;  ///< Of the last record before it, if known.
    ErrorCode error = ErrorCode::none;         ///< UNSTABLE_OFFSET_COMMIT: ask again.
  };
  ErrorCode error = ErrorCode::none;
  std::vector<Partition> partitions;
};

}  // namespace brokerlab::model
