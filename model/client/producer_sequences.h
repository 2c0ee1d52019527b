// ProducerSequences: the numbers that an idempotent producer gives its records, for each partition:
// which comes next, which was acknowledged last, which batches are under way.
//
// Pure. Lifetime: part of a TransactionManager. Threads: none.
// Source: org.apache.kafka.clients.producer.internals.{TxnPartitionMap, TxnPartitionEntry}.
#pragma once

#include "model/client/producer_batch.h"

#include <map>
#include <vector>

namespace brokerlab::model {

class ProducerSequences {
 public:
  /// What is known of one partition.
  struct Partition {
    ProducerIdAndEpoch producer;  ///< Whom its sequences are of.
    std::int32_t next = 0;
    std::int32_t last_acknowledged = log::no_sequence;
    Offset last_acknowledged_offset = log::no_offset;
    std::vector<BatchPtr> in_flight;  ///< By their sequences; drained, with no fate yet.
  };
  /// Begins to count if it is not known.
  Partition& of(const TopicPartition& partition) { return partitions_[partition]; }
  const Partition* find(const TopicPartition& partition) const;

  void add_in_flight(const BatchPtr& batch);
  void remove_in_flight(const ProducerBatch& batch);
  /// Counts from 0 on for `producer`, and gives the batches under way their new sequences.
  void start_at_beginning(const TopicPartition& partition, ProducerIdAndEpoch producer);
  /// That batch is not in the log and never will be: those behind it close the gap.
  void close_gap(const ProducerBatch& failed);
  void note_acknowledged(const TopicPartition& partition, std::int32_t last_sequence);
  void note_offset(const TopicPartition& partition, Offset last);
  void forget(const TopicPartition& partition) { partitions_.erase(partition); }
  void forget_all() { partitions_.clear(); }

 private:
  std::map<TopicPartition, Partition> partitions_;
};

}  // namespace brokerlab::model
