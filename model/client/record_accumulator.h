// RecordAccumulator: the producer's buffer, a queue of batches for each partition.
//
// It decides which brokers have something to send, which batches go into a request, and when a
// batch has waited too long. It knows no clock and sends nothing; memory is counted by the caller.
//
// Of an idempotent producer each batch gets its sequence as it is drained, and batches that are
// tried again stay in the order of their sequences.
//
// Lifetime: part of a producer; borrows its config, and its TransactionManager if it has one.
// Threads:  none.
// Source:   org.apache.kafka.clients.producer.internals.RecordAccumulator.
#pragma once

#include "model/client/metadata.h"
#include "model/client/producer_batch.h"
#include "model/client/transaction_manager.h"
#include "model/observer.h"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::model {

class RecordAccumulator {
 public:
  /// What phantom batches go by: their seeds begin with `first_seed`, and shrink by `ratio`.
  struct Phantoms {
    std::uint64_t first_seed = 0;
    double ratio = 1.0;
  };
  /// `transactions`: nullptr of a producer that is not idempotent.
  RecordAccumulator(const ProducerConfig& config, RandomStream random, Phantoms phantoms,
                    TransactionManager* transactions = nullptr)
      : config_(config), random_(random), phantoms_(phantoms), transactions_(transactions) {}

  struct NewRecord {
    RecordRef ref;
    log::Timestamp timestamp = 0;
    std::optional<log::ByteView> key;
    log::ByteView value;
  };
  /// Records without bytes of their own, which come together.
  struct NewRun {
    RecordRun run;
    log::Timestamp timestamp = 0;
    std::int64_t key_size = -1;  ///< Of each; -1: none.
    std::int64_t bytes = 0;      ///< Of all values together.

    std::int64_t value_size() const { return bytes / run.count; }
    /// The first `count` of them, which are taken out.
    NewRun take(std::int64_t count);
  };
  /// An upper bound of the size of a batch with this record alone.
  static std::size_t size_bound(const NewRecord& record);
  static std::size_t size_bound(const NewRun& run);
  /// Memory a new batch for it takes: batch.size, or more for a large record.
  template <class New>
  Bytes memory_for(const New& record) const {
    return std::max(config_.batch_size, Bytes(static_cast<std::int64_t>(size_bound(record))));
  }

  /// Adds it to the partition's last batch and returns by how much that has grown; nothing when the
  /// batch has no room (it takes no more from then on), or there is none.
  std::optional<std::int64_t> append(const TopicPartition& partition, const NewRecord& record);
  /// The same of as many of the run's first records as there is room for: they are taken out of it.
  std::optional<std::int64_t> append(const TopicPartition& partition, NewRun& run);
  std::int64_t append_new(const TopicPartition& partition, NewRun& run, Time now);
  /// Begins a new batch with it, for which the caller has taken memory_for(); returns its size.
  std::int64_t append_new(const TopicPartition& partition, const NewRecord& record, Time now);
  /// The partition has no batch that takes more records (the sticky partitioner may move on).
  bool batches_full(const TopicPartition& partition) const;
  /// A batch of the partition waits for nothing more.
  bool sendable(const TopicPartition& partition) const;

  /// Lengths of the queues of a topic's partitions, without those that are left out because their
  /// leader is unknown or unavailable. No queues at all: nothing to go by.
  struct Load {
    TopicName topic;
    std::size_t all = 0;  ///< Partitions of the topic that ever had a batch.
    std::vector<std::int64_t> queues;
    std::vector<int> partitions;
    /// Not listed, as their queues are empty: all the others, from 0 on.
    std::size_t idle = 0;
  };
  struct Ready {
    std::set<BrokerId> nodes;
    Time next_check = never;
    bool unknown_leader = false;
    std::vector<Load> loads;  ///< Of each topic, for the partitioner.
  };
  /// `exhausted`: senders wait for memory, so nothing lingers.
  Ready ready(const ClusterView& view, Time now, bool exhausted);
  /// The broker had something to send, and took requests or not (partitioner.availability.timeout).
  void note_node(BrokerId node, Time now, bool took_requests);
  /// One batch of each partition that broker leads, max.request.size bytes in all (at least one
  /// batch). Each turn begins with the partition that was looked at last, so that none starves.
  std::vector<BatchPtr> drain(const ClusterView& view, BrokerId node, Time now);
  /// Back to the front of its queue, after a failed attempt; with a sequence to where that belongs.
  void reenqueue(const BatchPtr& batch, Time now);
  /// Splits a batch that was too large into batches of batch.size at the front of its queue;
  /// returns how many.
  int split(const BatchPtr& batch);
  /// Takes out the batches that were never sent: their transaction is given up.
  std::vector<BatchPtr> take_undrained();
  /// Takes out the batches older than delivery.timeout.ms.
  std::vector<BatchPtr> take_expired(Time now);
  std::vector<BatchPtr> take_all();
  Time next_expiry() const;

  /// Every record of it has met its fate.
  void note_finished(const ProducerBatch& batch) { incomplete_ -= batch.record_count; }
  /// Records that have not yet (IncompleteBatches).
  std::int64_t incomplete() const { return incomplete_; }

  void mute(const TopicPartition& partition) { muted_.insert(partition); }
  void unmute(const TopicPartition& partition) { muted_.erase(partition); }
  void set_closed() { closed_ = true; }
  void begin_flush() { ++flushes_; }
  void end_flush() { --flushes_; }
  bool empty() const { return waiting_.empty(); }

 private:
  std::shared_ptr<ProducerBatch> make_batch(const TopicPartition& partition, std::size_t limit,
                                            Time created) const;
  BatchPtr begin_batch(const TopicPartition& partition, Bytes memory, Time now);
  /// The last batch of the partition, while it takes records.
  ProducerBatch* open_batch(const TopicPartition& partition);
  /// Writes the batch; no record can be added from now on.
  void close(ProducerBatch& batch);
  /// Such batches stay in their queue for now, and with them all others of that broker's turn.
  bool should_stop_drain(const ProducerBatch& first);
  void give_sequence(const BatchPtr& batch);
  void insert_in_sequence_order(std::deque<BatchPtr>& queue, const BatchPtr& batch);
  static std::int64_t room_for(const ProducerBatch& batch, const NewRun& run);
  static void add(ProducerBatch& batch, NewRun& run, std::int64_t count);
  std::vector<BatchPtr> split_bytes(const ProducerBatch& batch) const;
  std::vector<BatchPtr> split_phantom(const ProducerBatch& batch) const;
  bool backing_off(ProducerBatch& batch, LeaderEpoch epoch, Time now) const;
  Load load_of(const ClusterView& view, const TopicName& topic, std::size_t partitions) const;
  std::deque<BatchPtr>& queue_of(const TopicPartition& partition);

  struct NodeTimes {
    Time ready{};    ///< It last had something to send.
    Time drained{};  ///< It last took a request.
  };
  const ProducerConfig& config_;
  RandomStream random_;
  std::map<TopicPartition, std::deque<BatchPtr>> queues_;
  std::map<TopicPartition, std::deque<BatchPtr>*> waiting_;  ///< Those that are not empty.
  std::map<TopicName, std::size_t> partitions_of_;           ///< How many ever had a batch.
  std::map<BrokerId, std::size_t> drain_index_;
  std::map<BrokerId, NodeTimes> nodes_;
  std::set<TopicPartition> muted_;
  CompressionRatio ratio_;
  Phantoms phantoms_;
  TransactionManager* const transactions_;
  std::uint64_t phantom_batches_ = 0;
  std::int64_t incomplete_ = 0;
  int flushes_ = 0;
  bool closed_ = false;
};

}  // namespace brokerlab::model
