#include "model/partitioner.h"

namespace brokerlab::model {

std::int32_t murmur2(log::ByteView bytes) {
  constexpr std::uint32_t seed = 0x9747b28c;
  constexpr std::uint32_t m = 0x5bd1e995;
  constexpr int r = 24;
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  std::uint32_t hash = seed ^ static_cast<std::uint32_t>(bytes.size());
  const std::size_t whole = bytes.size() / 4 * 4;
  for (std::size_t i = 0; i < whole; i += 4) {
    std::uint32_t k = at(i) | at(i + 1) << 8 | at(i + 2) << 16 | at(i + 3) << 24;
    k *= m;
    k ^= k >> r;
    k *= m;
    hash *= m;
    hash ^= k;
  }
  if (whole < bytes.size()) {
    for (std::size_t i = bytes.size(); i-- > whole;) hash ^= at(i) << (8 * (i - whole));
    hash *= m;
  }
  hash ^= hash >> 13;
  hash *= m;
  hash ^= hash >> 15;
  return static_cast<std::int32_t>(hash);
}

int partition_for_key(log::ByteView key, int partitions) {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

Partitioner::Partitioner(PartitionerClass kind, Bytes batch_size, RandomStream random)
    : kind_(kind), batch_size_(std::max(batch_size, Bytes(1))), random_(random) {}

int Partitioner::any_partition(const ClusterView& view, const std::string& topic) {
  const std::vector<int> available = view.available_partitions(topic);
  if (available.empty()) return static_cast<int>(random_.below(view.partition_count(topic)));
  return available[static_cast<std::size_t>(
      random_.below(static_cast<std::int64_t>(available.size())))];
}

int Partitioner::choose(const ClusterView& view, const std::string& topic,
                        std::optional<log::ByteView> key) {
  ENSURE(view.partition_count(topic) > 0, "a partition of an unknown topic");
  if (kind_ == PartitionerClass::round_robin) {
    const std::uint32_t turn = next_[topic]++ & 0x7fffffff;
    const std::vector<int> available = view.available_partitions(topic);
    if (!available.empty()) return available[turn % available.size()];
    return static_cast<int>(turn % static_cast<std::uint32_t>(view.partition_count(topic)));
  }
  if (key) return partition_for_key(*key, view.partition_count(topic));
  Sticky& sticky = sticky_[topic];
  if (sticky.partition < 0) sticky.partition = any_partition(view, topic);
  return sticky.partition;
}

void Partitioner::appended(const ClusterView& view, const TopicPartition& partition, Bytes bytes,
                           bool batches_full) {
  if (kind_ != PartitionerClass::built_in) return;
  Sticky& sticky = sticky_[partition.topic];
  if (sticky.partition != partition.partition) return;
  sticky.bytes += bytes;
  if ((sticky.bytes < batch_size_ || !batches_full) && sticky.bytes < batch_size_ * 2) return;
  sticky = {any_partition(view, partition.topic), Bytes(0)};
}

}  // namespace brokerlab::model
