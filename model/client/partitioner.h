// Which partition a record goes to.
//
//   built_in     a key: murmur2(key) modulo the partitions; no key: the accumulator asks for the
//                current partition of the topic, which sticks for batch.size bytes, and changes at
//                a batch's end where it can (KIP-794). The next one is drawn from those with a
//                leader: uniformly, or by the lengths of their queues when these differ.
//   round_robin  Kafka's RoundRobinPartitioner: the next partition with a leader, whatever the key.
//                The producer asks it again when the record would begin a batch, so it skips a
//                partition each time (KAFKA-9965): with an even number of them half stay empty
//                while every record begins a batch.
//
// Lifetime: a value, part of a producer. Threads: none.
// Source:   org.apache.kafka.clients.producer.internals.BuiltInPartitioner, RoundRobinPartitioner,
//           org.apache.kafka.common.utils.Utils.
#pragma once

#include "base/random.h"
#include "model/client/metadata.h"
#include "model/client/record_accumulator.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::model {

/// Utils.murmur2: 32-bit MurmurHash2 with seed 0x9747b28c.
std::int32_t murmur2(log::ByteView bytes);
/// Where the Java client sends that key. `partitions` > 0.
int partition_for_key(log::ByteView key, int partitions);

class Partitioner {
 public:
  Partitioner(const ProducerConfig& config, RandomStream random);

  /// The partition by class or key; nothing: current() decides, at the append. The topic must be
  /// known to the view. Source: KafkaProducer.partition.
  std::optional<int> choose(const ClusterView& view, const std::string& topic,
                            std::optional<log::ByteView> key);
  /// Asked again when a batch begins.
  bool is_custom() const { return kind_ == PartitionerClass::round_robin; }

  /// The sticky partition; `turn` tells one stay from the next at the same partition.
  struct Sticky {
    int partition = -1;
    std::int64_t turn = 0;
    std::int64_t bytes = 0;
  };
  const Sticky& current(const ClusterView& view, const std::string& topic);
  bool changed(const std::string& topic, std::int64_t turn) const;
  /// `bytes` went to the current partition. `batches_full`: its last batch takes no more, so that a
  /// change splits none.
  void appended(const ClusterView& view, const std::string& topic, std::int64_t bytes,
                bool batches_full);

  /// The queues of a topic, when the accumulator last looked.
  void update_load(const RecordAccumulator::Load& load);

 private:
  struct Stats {
    std::vector<std::int64_t> cumulative;  ///< Running sum of weights.
    std::vector<int> partitions;
    /// Partitions that are not listed, each of that weight, between those that are; or 0.
    std::size_t idle = 0;
    std::int64_t idle_weight = 0;
    std::int64_t total() const;
    int partition_at(std::int64_t drawn) const;
  };
  int next_partition(const ClusterView& view, const std::string& topic);

  const PartitionerClass kind_;
  const bool ignore_keys_;
  const std::int64_t sticky_bytes_;
  RandomStream random_;
  std::map<std::string, Sticky> sticky_;
  std::map<std::string, Stats> stats_;  ///< Of topics whose queues differ.
  std::map<std::string, std::uint32_t> next_;
};

}  // namespace brokerlab::model
