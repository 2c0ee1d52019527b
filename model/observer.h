// Observer: who wants to hear what clients and brokers do with every record. Records that go the
// same way together are told of together, as runs; of those with bytes of their own each for itself
// where its bytes are told. The scenario runner checks its invariants and makes its report from
// these calls; the model never reads anything back, so watching a run cannot change it.
//
// Lifetime: outlives every process. Threads: none. Every call is instant and must not block.
#pragma once

#include "base/units.h"
#include "log/batch/byte_slice.h"
#include "log/batch/phantom.h"
#include "log/segment/segment.h"
#include "model/error_code.h"
#include "model/ids.h"
#include "model/producer_id.h"

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

namespace brokerlab::model {

/// Records that were handed to send() together. Borrowed for the call.
struct SentRecords {
  RecordRun run;
  /// When the load wanted the first and the last of them sent (latencies count from there); the
  /// others are spread evenly between.
  Time intended_first;
  Time intended_last;
  log::ByteView value;  ///< Of one record; nothing of phantoms.
};

/// A producer's batch that a leader has appended. Borrowed for the call.
struct AppendedBatch {
  BrokerId leader;
  const TopicPartition& partition;
  const std::vector<RecordRun>& records;  ///< In the order of their offsets.
  Offset base_offset = 0;
  sim::EventId because;  ///< Of a retry: what it is sent again for. None: the first attempt.
  const log::PhantomBatch* phantom = nullptr;  ///< As it was sent; nullptr: it has bytes.
  ProducerIdAndEpoch producer = {};            ///< If it has an id.

  std::int64_t record_count() const {
    std::int64_t count = 0;
    for (const RecordRun& run : records) count += run.count;
    return count;
  }
};

/// Records that an application has processed, in the order of their offsets and without gaps.
/// Borrowed for the call.
struct ConsumedRecords {
  std::string_view consumer;
  const TopicPartition& partition;
  Offset first = 0;
  std::int64_t count = 1;
  Time since;                                  ///< When it came to the first; it did the last now.
  log::ByteView value = {};                    ///< Of one record,
  const log::PhantomBatch* phantom = nullptr;  ///< or the batch that they are part of.

  Offset end() const { return first + count; }
};

/// Records that a replica deletes: from its log's start on, for retention.ms, retention.bytes or a
/// DeleteRecords request. Borrowed for the call, before which nothing is gone.
struct DeletedRecords {
  BrokerId broker;
  const TopicPartition& partition;
  Offset from = 0;
  Offset to = 0;
  log::Timestamp now = 0;  ///< By the broker's clock.
  bool asked = false;      ///< By an operator, with a DeleteRecords request.
};

/// Segments of a replica's log whose place a copy is about to take, with those records that
/// compaction leaves. Borrowed for the call.
struct CompactedSegments {
  BrokerId broker;
  const TopicPartition& partition;
  const std::vector<const log::LogSegment*>& originals;
  const log::LogSegment& copy;
  log::Timestamp now = 0;  ///< By the broker's clock.
};

/// An error that a client met: what a broker answered, or what the client made of an answer that
/// did not come. Borrowed for the call.
struct ClientError {
  enum class Source {
    response,       ///< A broker answered with it.
    disconnected,   ///< The connection broke with the request under way (DisconnectException).
    timed_out,      ///< No answer within request.timeout.ms; the client broke the connection.
    not_connected,  ///< No connection could be made, nothing was sent.
    client,         ///< No broker was asked: the client gave up by its own rules.
  };
  std::string_view client;  ///< client.id
  std::string_view api;     ///< "Produce", "OffsetCommit": Kafka's name of the request.
  Source source = Source::response;
  ErrorCode error = ErrorCode::none;  ///< NETWORK_EXCEPTION where the connection failed.
  /// Of Kafka's exception where there is no code for it ("NoOffsetForPartitionException"), else
  /// empty.
  std::string_view exception = {};
  /// nullptr: the error is of the whole request. Partition -1: of the whole topic.
  const TopicPartition* partition = nullptr;
  bool final = false;  ///< It reaches the application: the client does not try again.
};

class Observer {
 public:
  virtual ~Observer() = default;

  // --- Clients ---

  virtual void on_sent(const SentRecords&) {}
  /// The first has that offset, and so on. With acks=0 it is no_offset.
  virtual void on_acknowledged(const RecordRun&, const TopicPartition&, Offset /*first*/) {}
  /// `exception`: Kafka's class of it, where the client gave up by itself; else empty. Not all of
  /// these have a code of their own: they come with unknown_server_error.
  virtual void on_send_failed(const RecordRun&, ErrorCode, std::string_view /*exception*/) {}
  virtual void on_consumed(const ConsumedRecords&) {}
  /// Its application goes on elsewhere in that partition.
  virtual void on_seek(std::string_view /*consumer*/, const TopicPartition&) {}
  /// auto.offset.reset, or a seek by time, has found that it goes on there.
  virtual void on_position_reset(std::string_view /*consumer*/, const TopicPartition&, Offset) {}
  virtual void on_assigned(std::string_view /*consumer*/, const std::vector<TopicPartition>&) {}
  /// Every error, retried or not, as often as it is met: once a partition where answers are by
  /// partition, else once a request. Failed sends are told here once a batch, and by
  /// on_send_failed().
  virtual void on_client_error(const ClientError&) {}
  virtual void on_committed(std::string_view /*group*/, const TopicPartition&, Offset) {}
  /// A member was told where its group's commits end, to go on from there; no_offset: no commit.
  virtual void on_commit_read(std::string_view /*group*/, const TopicPartition&, Offset) {}
  /// A coordinator on that machine has read back what its group has committed; `log`: where from.
  virtual void on_commits_loaded(sim::MachineId, const TopicPartition& /*log*/,
                                 std::string_view /*group*/,
                                 const std::map<TopicPartition, Offset>&) {}
  /// Its coordinator has forgotten it, and what it has committed, as an operator asked.
  virtual void on_group_deleted(std::string_view /*group*/) {}
  virtual void on_group_state(std::string_view /*group*/, std::string_view /*state*/,
                              int /*generation*/, const std::vector<std::string>& /*members*/) {}

  // --- Brokers ---

  virtual void on_became_leader(BrokerId, const TopicPartition&, LeaderEpoch) {}
  virtual void on_leader_append(BrokerId, const TopicPartition&, LeaderEpoch, Offset /*first*/,
                                Offset /*end*/, std::int64_t /*bytes*/) {}
  /// After on_leader_append() of it.
  virtual void on_batch_appended(const AppendedBatch&) {}
  /// A leader refuses with OUT_OF_ORDER_SEQUENCE_NUMBER what it may have: since its broker closed
  /// its logs in order it remembers of each producer the last batch only. The producer takes a new
  /// epoch and writes again all that is under way there.
  virtual void on_sequences_forgotten(const TopicPartition&, const std::vector<RecordRun>&) {}
  /// A leader has appended the end of a transaction.
  virtual void on_marker_appended(BrokerId /*leader*/, const TopicPartition&, Offset,
                                  ProducerIdAndEpoch, bool /*committed*/) {}
  /// A coordinator has written how the producer's transaction ends; its markers follow, one in each
  /// of these partitions. Told again by each coordinator that takes it over.
  virtual void on_transaction_decided(ProducerIdAndEpoch, bool /*committed*/,
                                      const std::set<TopicPartition>&) {}
  /// A coordinator whose broker has not heard of these partitions leaves their markers out.
  virtual void on_markers_skipped(ProducerIdAndEpoch, const std::vector<TopicPartition>&) {}
  /// It has written that all of them stand.
  virtual void on_transaction_completed(ProducerIdAndEpoch) {}
  /// A producer begins under a transactional id: whoever has an older epoch is fenced off.
  virtual void on_transactional_producer(std::string_view /*id*/, ProducerIdAndEpoch) {}
  virtual void on_log_end(BrokerId, const TopicPartition&, Offset /*end*/) {}
  virtual void on_high_watermark(BrokerId, const TopicPartition&, Offset) {}
  /// The replica dropped everything from `to` on. `end`: where its log ended before.
  virtual void on_truncated(BrokerId, const TopicPartition&, Offset /*to*/, Offset /*end*/) {}
  virtual void on_deleting(const DeletedRecords&) {}
  virtual void on_compacting(const CompactedSegments&) {}
  /// Leadership as the controller wrote it to ZooKeeper.
  virtual void on_partition_state(const TopicPartition&, BrokerId /*leader*/, LeaderEpoch,
                                  const std::vector<BrokerId>& /*isr*/,
                                  const std::vector<BrokerId>& /*replicas*/) {}
  virtual void on_controller(BrokerId, ControllerEpoch) {}
  /// Its replicas delete what they have from now on; none of its partitions is any longer.
  virtual void on_topic_deleted(const std::string& /*topic*/) {}

  // --- ZooKeeper ---

  virtual void on_zookeeper_role(int /*myid*/, std::string_view /*role*/) {}
  /// A server applied a transaction: every server must apply the same ones in the same order.
  virtual void on_zookeeper_applied(int /*myid*/, std::int64_t /*zxid*/, std::uint64_t /*hash*/) {}
};

}  // namespace brokerlab::model
