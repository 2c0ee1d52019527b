// KafkaConsumer: Kafka's consumer client (classic group protocol), and the application around it.
//
// poll() does what Kafka's does, in its order: keeps the membership (join, sync, offsets), looks
// after positions (reset; validation after a leader change, KIP-320), collects what has arrived, at
// most max.poll.records records, and then fetches ahead for every partition that is drained, one
// request a broker at a time; with nothing there it fetches, waits and collects. A background
// coroutine sends heartbeats, and leaves the group when poll() was not called for
// max.poll.interval.ms.
//
// Lifetime: owned by the Program of its process. Borrows the ClusterContext. Threads: none.
// Errors:   what brokers and network do is handled here: retried, or a rejoin, or a reset of the
//           position. commit() returns an error when the group has moved on; poll() what Kafka's
//           throws when auto.offset.reset is none and there is no position to go on from.
// Source:   org.apache.kafka.clients.consumer.internals.ClassicKafkaConsumer.
#pragma once

#include "model/client/metadata.h"
#include "model/cluster_context.h"
#include "model/config.h"
#include "sim/machine.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::model {

/// A record with its own copy of everything, or several of a phantom batch in a row.
struct ConsumedRecord {
  TopicPartition partition;
  Offset offset = 0;  ///< Of the first.
  std::int64_t count = 1;
  LeaderEpoch leader_epoch = log::no_epoch;
  log::Timestamp timestamp = log::no_timestamp;
  std::optional<log::ByteVector> key;
  log::ByteVector value;
  std::optional<log::PhantomBatch> phantom = {};  ///< What they are part of; no key and value then.
};

/// An application works through it, `service_time` a record, and tells of it as it goes on. All
/// arguments outlive the task.
sim::Task<> work_through(sim::World& world, Observer& observer, const std::string& client_id,
                         const ConsumedRecord& record, Duration service_time);

/// What the application does beside reading, before its first poll() from that date on.
struct ConsumerAction {
  enum class What { pause, resume, seek_to_beginning, seek_to_end, seek_to_offset, seek_back };
  Duration at{};
  What what = What::pause;
  std::vector<std::string> partitions = {};  ///< "wifi-0"; empty: all it is assigned then.
  std::int64_t offset = 0;                   ///< Of seek_to_offset.
  Duration back{};                           ///< Of seek_back: to the records of that long ago.
};

/// When the application commits what it has read, unless enable.auto.commit.
enum class CommitPoint { after_batch, async_after_batch, never };

struct ConsumerSetup {
  std::string client_id;
  std::string group;  ///< Empty: none; it reads what it is told to (KafkaConsumer::assign).
  std::vector<std::string> topics;
  std::vector<Address> bootstrap;
  ConsumerConfig config;
  /// The application's ConsumerRebalanceListener does (onPartitionsRevoked, of a cooperative group;
  /// in an eager one it has committed before it comes to poll()).
  bool commits_when_revoked = false;
};

/// What Kafka's poll() throws: the application must decide.
struct ConsumerFailure {
  std::string exception;  ///< "NoOffsetForPartitionException"
  std::vector<TopicPartition> partitions;
};

class KafkaConsumer {
 public:
  KafkaConsumer(sim::Process& process, ConsumerSetup setup, ClusterContext& context);
  KafkaConsumer(const KafkaConsumer&) = delete;
  KafkaConsumer& operator=(const KafkaConsumer&) = delete;
  ~KafkaConsumer();

  /// Records in the order of their offsets within a partition; none at the deadline.
  sim::Task<Result<std::vector<ConsumedRecord>, ConsumerFailure>> poll(Time deadline);
  /// Commits the positions after the last poll() and waits (commitSync), retrying what is
  /// retriable until default.api.timeout.ms. `none`, or why the group did not take it.
  sim::Task<ErrorCode> commit();
  /// The same in one attempt, and does not wait (commitAsync).
  void commit_async();
  /// No record of these is handed out, and none is fetched, until resume() or a new assignment.
  void pause(const std::vector<TopicPartition>& partitions);
  void resume(const std::vector<TopicPartition>& partitions);
  /// Its next record, wherever it was; of what is not assigned nothing happens.
  void seek(const TopicPartition& partition, Offset offset);
  /// The same by `timestamp`: earliest_timestamp, latest_timestamp or a date in milliseconds, which
  /// the leader is asked about (seekToBeginning, seekToEnd, offsetsForTimes).
  void seek_by_time(const TopicPartition& partition, std::int64_t timestamp);
  /// Of a consumer without a group: it reads these, each from where auto.offset.reset says.
  void assign(const std::vector<TopicPartition>& partitions);
  /// Leaves the group (after a commit when enable.auto.commit).
  sim::Task<> close();

  const std::vector<TopicPartition>& assignment() const;
  /// Offset of the next record poll() will return; no_offset when it has no position.
  Offset position(const TopicPartition& partition) const;
  /// The high watermark the last fetch of the partition reported; no_offset before it.
  Offset high_watermark(const TopicPartition& partition) const;
  /// Of the partition furthest behind; nothing: of none is a high watermark known
  /// (records-lag-max).
  std::optional<std::int64_t> records_lag_max() const;
  const std::string& member_id() const;
  int generation() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// An application that works in batches, as Spark's micro-batches or a writer of files in HDFS do.
struct BatchWork {
  Duration every{};       ///< It gathers records for so long, then works on all of them at once.
  Duration write_time{};  ///< For the batch, beside the service time of each record.
};

struct ConsumerAppSetup {
  ConsumerSetup client;
  Duration poll_timeout = 1s;
  Duration service_time{0};  ///< What the application spends on a record: time, not CPU.
  CommitPoint commit = CommitPoint::after_batch;
  std::vector<ConsumerAction> actions = {};  ///< In the order of their dates.
  std::optional<BatchWork> batches = {};     ///< Unset: it works on what each poll() brings.
};

/// The application: polls, spends the service time on each record, commits after each batch (once
/// more, and waiting, at its end, if it does not wait otherwise) unless enable.auto.commit. An
/// exception out of poll() ends it: it closes the consumer and exits.
class ConsumerApp final : public sim::Program {
 public:
  ConsumerApp(sim::Process& process, ConsumerAppSetup setup, ClusterContext& context);

  KafkaConsumer& consumer() { return consumer_; }
  /// SIGTERM: ends the loop after the batch in hand, leaves the group and exits.
  void terminate(sim::Process& self) override;

 private:
  sim::Task<> run();
  sim::Task<> process(const ConsumedRecord& record) {
    return work_through(process_.world(), context_.observer, setup_.client.client_id, record,
                        setup_.service_time);
  }
  /// Keeps the records, and works on all of them when it is time. False: it is not.
  sim::Task<bool> gather(std::vector<ConsumedRecord> records);
  void act(const ConsumerAction& action);
  std::vector<TopicPartition> meant_by(const ConsumerAction& action) const;
  bool commits(CommitPoint when) const {
    return !setup_.client.config.enable_auto_commit && setup_.commit == when;
  }
  sim::Task<> give_up(ConsumerFailure failure);
  static ConsumerSetup with_listener(ConsumerSetup setup);

  sim::Process& process_;
  const ConsumerAppSetup setup_;
  ClusterContext& context_;
  KafkaConsumer consumer_;
  std::size_t next_action_ = 0;
  std::vector<ConsumedRecord> gathered_;
  int gathered_in_ = -1;  ///< Generation: in another one they may be somebody else's.
  Time next_batch_{};
  bool stopping_ = false;
  sim::EventId told_to_stop_;  ///< By that event.
};

}  // namespace brokerlab::model
