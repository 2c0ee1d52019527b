// StreamProcessor: an application of Kafka Streams, or a query of KSQL's: it reads a topic, counts
// its records by key and window, keeps the counts in a store that a changelog topic backs up, and
// produces each count that has changed.
//
//   at_least_once     results and changelog are sent and acknowledged, then the offsets are
//                     committed: what dies in between is counted again, and the counts that the
//                     changelog has already are counted on top of
//   exactly_once_v2   results, changelog and offsets are one transaction (KIP-447): the offsets
//                     travel with the generation of the consumer group, so that a member that was
//                     put out cannot commit
//
// Results leave when offsets are committed, every commit_interval: a cache that is large enough
// (statestore.cache.max.bytes). When the group has rebalanced, or a transaction was aborted, all
// that was not committed is forgotten, the store is read back from the changelog, and reading goes
// on at the last commit. One task a partition: its results and changelog go to the partition of
// the same number.
//
// Who groups by something else than the key counts in two steps: each record of the input is sent
// on with its new key, and the time stamp that it has, to a repartition topic, where all of one key
// are in one partition; there they are counted. What is sent on belongs to the transaction of the
// commit that follows, so that a second step that reads committed records only sees it after that.
//
// Costs: service_time a record, as an application's; reading and sending cost what they cost
// clients; restoring reads the changelog as any consumer does. Records without bytes are counted by
// the batch, without a key.
//
// Lifetime: the Program of a process; `numbers` and the ClusterContext outlive it. Threads: none.
// Errors:   a producer that was fenced off, or a result that cannot be written, ends the process.
// Source:   org.apache.kafka.streams.processor.internals.{StreamThread, StreamTask, TaskExecutor,
//           StreamsProducer, StoreChangelogReader}; kstream.internals.KStreamImpl.repartition;
//           StreamsConfig for defaults.
#pragma once

#include "model/client/consumer.h"
#include "model/client/producer.h"
#include "model/stream/window_store.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace brokerlab::model {

/// Records that a stream processor has made results of. Borrowed for the call.
struct DerivedRecords {
  const TopicPartition& input;
  Offset first = 0;
  Offset end = 0;    ///< Behind the last.
  RecordRef result;  ///< The last of the results, which is handed to send() behind all others.
};

struct StreamSetup {
  ConsumerSetup consumer;
  ProducerSetup producer;   ///< With a transactional.id: exactly_once_v2.
  int producer_number = 0;  ///< RecordRef::producer of its results and of its changelog.
  std::string changelog;
  std::string output;
  /// The second topic of `consumer`, that is counted in place of the first; empty: none.
  std::string repartition;
  int repartition_keys = 1;  ///< How many keys there are then.
  Duration window = 10s;
  Duration commit_interval = 30s;
  Duration service_time{0};  ///< Time, not CPU, for a record.
  /// Hears of results when they have been handed to send(); never unset.
  std::function<void(const DerivedRecords&)> on_derived;
};

class StreamProcessor final : public sim::Program {
 public:
  /// `numbers`: of the next record that it sends; its next life goes on there.
  StreamProcessor(sim::Process& process, StreamSetup setup, std::int64_t& numbers,
                  ClusterContext& context);

  const WindowStore& store() const { return store_; }
  const KafkaConsumer& consumer() const { return consumer_; }
  /// SIGTERM: commits what it has, leaves the group and exits.
  void terminate(sim::Process& self) override;

 private:
  /// What was read of a partition since the last commit.
  struct Progress {
    Offset committed = log::no_offset;  ///< Where that began; no_offset: nothing was read yet.
    Offset next = log::no_offset;
  };
  enum class Outcome { done, redo, ended };

  sim::Task<> run();
  sim::Task<bool> begin_transactions();
  /// False: the producer was fenced off.
  sim::Task<bool> process(const ConsumedRecord& record);
  sim::Task<bool> send_on(const ConsumedRecord& record);
  /// StreamsProducer.maybeBeginTransaction. False: the producer was fenced off.
  bool in_transaction();
  sim::Task<Outcome> commit();
  sim::Task<bool> commit_transaction();
  sim::Task<> send_changes(int partition, const Progress& progress);
  sim::Task<RecordRef> send(ProducerRecord record, const std::string& key,
                            const std::string& value);
  sim::Task<RecordRef> send_to(const std::string& topic, int partition, const std::string& key,
                               const std::string& value);
  /// Everything since the last commit is as if it had not been.
  sim::Task<> start_over(const std::vector<ConsumedRecord>& unread);
  sim::Task<> restore(const std::vector<int>& partitions);
  /// Where the changelogs end; empty: it is being stopped, or asking failed.
  sim::Task<std::map<TopicPartition, Offset>> ends_of(std::vector<TopicPartition> changelogs);
  sim::Task<> end(Phrase why);
  sim::Task<> end_fenced();
  bool exactly_once() const { return setup_.producer.config.transactional_id.has_value(); }
  const std::string& counted_topic() const;
  bool has_work() const;
  GroupOffsets offsets() const;

  sim::Process& process_;
  const StreamSetup setup_;
  std::int64_t& numbers_;
  ClusterContext& context_;
  KafkaConsumer consumer_;
  KafkaConsumer restorer_;
  KafkaConsumer admin_;  ///< Asks where changelogs end, as Streams' admin client does.
  KafkaProducer producer_;
  WindowStore store_;
  std::map<TopicPartition, Progress> progress_;
  int generation_ = -1;
  Time next_commit_{};
  bool in_transaction_ = false;
  bool stopping_ = false;
};

}  // namespace brokerlab::model
