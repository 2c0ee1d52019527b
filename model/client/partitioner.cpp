#include "model/client/partitioner.h"

#include <algorithm>

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

Partitioner::Partitioner(const ProducerConfig& config, RandomStream random)
    : kind_(config.partitioner_class),
      ignore_keys_(config.partitioner_ignore_keys),
      sticky_bytes_(std::max<std::int64_t>(config.batch_size.count(), 1)),
      random_(random) {}

std::optional<int> Partitioner::choose(const ClusterView& view, const std::string& topic,
                                       std::optional<log::ByteView> key) {
  ENSURE(view.last_partition_count(topic) > 0, "a partition of an unknown topic");
  if (kind_ == PartitionerClass::round_robin) {
    const std::uint32_t turn = next_[topic]++ & 0x7fffffff;
    const std::vector<int>& available = view.available_partitions(topic);
    if (!available.empty()) return available[turn % available.size()];
    return static_cast<int>(turn % static_cast<std::uint32_t>(view.last_partition_count(topic)));
  }
  if (key && !ignore_keys_) return partition_for_key(*key, view.last_partition_count(topic));
  return std::nullopt;
}

std::int64_t Partitioner::Stats::total() const {
  return cumulative.back() + static_cast<std::int64_t>(idle) * idle_weight;
}

/// Where all weights stand in a row, those of idle partitions, too.
int Partitioner::Stats::partition_at(std::int64_t drawn) const {
  if (idle == 0) {
    const auto hit = std::upper_bound(cumulative.begin(), cumulative.end(), drawn);
    return partitions[static_cast<std::size_t>(hit - cumulative.begin())];
  }
  std::int64_t listed = 0;  // the weights of those before
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    // Partitions count from 0: before this one stand so many that are idle.
    const std::int64_t before = listed + (partitions[i] - static_cast<int>(i)) * idle_weight;
    if (drawn < before)
      return static_cast<int>(i) + static_cast<int>((drawn - listed) / idle_weight);
    if (drawn < before - listed + cumulative[i]) return partitions[i];
    listed = cumulative[i];
  }
  return static_cast<int>(partitions.size()) + static_cast<int>((drawn - listed) / idle_weight);
}

int Partitioner::next_partition(const ClusterView& view, const std::string& topic) {
  const auto stats = stats_.find(topic);
  if (stats != stats_.end()) {
    return stats->second.partition_at(random_.below(stats->second.total()));
  }
  const std::vector<int>& available = view.available_partitions(topic);
  if (available.empty()) return static_cast<int>(random_.below(view.last_partition_count(topic)));
  const std::int64_t drawn = random_.below(static_cast<std::int64_t>(available.size()));
  return available[static_cast<std::size_t>(drawn)];
}

const Partitioner::Sticky& Partitioner::current(const ClusterView& view, const std::string& topic) {
  Sticky& sticky = sticky_[topic];
  if (sticky.partition < 0) sticky.partition = next_partition(view, topic);
  return sticky;
}

bool Partitioner::changed(const std::string& topic, std::int64_t turn) const {
  return sticky_.at(topic).turn != turn;
}

/// BuiltInPartitioner.updatePartitionInfo.
void Partitioner::appended(const ClusterView& view, const std::string& topic, std::int64_t bytes,
                           bool batches_full) {
  Sticky& sticky = sticky_.at(topic);
  sticky.bytes += bytes;
  const bool enough = sticky.bytes >= sticky_bytes_ && batches_full;
  if (enough || sticky.bytes >= sticky_bytes_ * 2) {
    sticky = {next_partition(view, topic), sticky.turn + 1, 0};
  }
}

/// BuiltInPartitioner.updatePartitionLoadStats: the longer a queue, the smaller its weight.
void Partitioner::update_load(const RecordAccumulator::Load& load) {
  const auto [shortest, longest] = std::minmax_element(load.queues.begin(), load.queues.end());
  const bool all_there = load.queues.size() == load.all;
  if (load.queues.empty() || load.all < 2 || (*shortest == *longest && all_there)) {
    stats_.erase(load.topic);
    return;
  }
  Stats stats{{}, load.partitions, load.idle, *longest + 1};
  std::int64_t sum = 0;
  for (const std::int64_t queue : load.queues) {
    sum += *longest + 1 - queue;
    stats.cumulative.push_back(sum);
  }
  stats_[load.topic] = std::move(stats);
}

}  // namespace brokerlab::model
