// Which partition a record goes to.
//
//   built_in     a key: murmur2(key) modulo the partitions; no key: one partition until batch.size
//                bytes went there, then another one at random among those with a leader (KIP-794,
//                without its weights by queue length:
//                partitioner.adaptive.partitioning.enable=false)
//   round_robin  the next partition with a leader, whatever the key. Kafka's class of that name
//                skips a partition at each new batch (KAFKA-9965), leaving half of them empty at
//                low rates; we do what its documentation promises.
//
// Lifetime: a value, part of a producer. Threads: none.
// Source:   org.apache.kafka.clients.producer.internals.BuiltInPartitioner, RoundRobinPartitioner,
//           org.apache.kafka.common.utils.Utils.
#pragma once

#include "base/random.h"
#include "model/client_metadata.h"

#include <map>
#include <optional>
#include <string>

namespace brokerlab::model {

/// Utils.murmur2: 32-bit MurmurHash2 with seed 0x9747b28c.
std::int32_t murmur2(log::ByteView bytes);
/// Where the Java client sends that key. `partitions` > 0.
int partition_for_key(log::ByteView key, int partitions);

class Partitioner {
 public:
  Partitioner(PartitionerClass kind, Bytes batch_size, RandomStream random);

  /// The topic must be known to the view.
  int choose(const ClusterView& view, const std::string& topic, std::optional<log::ByteView> key);

  /// `bytes` went to the partition chosen for a keyless record. `batches_full`: its last batch
  /// takes no more, so that a change splits none.
  void appended(const ClusterView& view, const TopicPartition& partition, Bytes bytes,
                bool batches_full);

 private:
  struct Sticky {
    int partition = -1;
    Bytes bytes;
  };
  int any_partition(const ClusterView& view, const std::string& topic);

  PartitionerClass kind_;
  Bytes batch_size_;
  RandomStream random_;
  std::map<std::string, Sticky> sticky_;
  std::map<std::string, std::uint32_t> next_;
};

}  // namespace brokerlab::model
