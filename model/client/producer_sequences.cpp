#include "model/client/producer_sequences.h"

#include <algorithm>
#include <tuple>

namespace brokerlab::model {

namespace {

/// PRODUCER_BATCH_COMPARATOR.
bool comes_before(const BatchPtr& a, const BatchPtr& b) {
  return std::tie(a->producer, a->base_sequence) < std::tie(b->producer, b->base_sequence);
}

}  // namespace

const ProducerSequences::Partition* ProducerSequences::find(const TopicPartition& partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? nullptr : &found->second;
}

void ProducerSequences::add_in_flight(const BatchPtr& batch) {
  ENSURE(batch->has_sequence(), "a batch without a sequence is under way");
  std::vector<BatchPtr>& all = of(batch->partition).in_flight;
  all.insert(std::upper_bound(all.begin(), all.end(), batch, comes_before), batch);
}

void ProducerSequences::remove_in_flight(const ProducerBatch& batch) {
  const auto found = partitions_.find(batch.partition);
  if (found == partitions_.end()) return;
  std::erase_if(found->second.in_flight, [&](const BatchPtr& one) { return one.get() == &batch; });
}

void ProducerSequences::start_at_beginning(const TopicPartition& partition,
                                           ProducerIdAndEpoch producer) {
  Partition& one = of(partition);
  std::int32_t sequence = 0;
  for (const BatchPtr& batch : one.in_flight) {
    batch->reset_producer(producer, sequence);
    sequence += static_cast<std::int32_t>(batch->record_count);
  }
  one.producer = producer;
  one.next = sequence;
  one.last_acknowledged = log::no_sequence;
}

void ProducerSequences::close_gap(const ProducerBatch& failed) {
  const auto found = partitions_.find(failed.partition);
  if (found == partitions_.end()) return;  // it began to count anew meanwhile
  const auto count = static_cast<std::int32_t>(failed.record_count);
  if (found->second.next < count) return;
  found->second.next -= count;
  for (const BatchPtr& batch : found->second.in_flight) {
    if (batch->base_sequence < failed.base_sequence) continue;
    batch->reset_producer(batch->producer, batch->base_sequence - count);
  }
}

void ProducerSequences::note_acknowledged(const TopicPartition& partition,
                                          std::int32_t last_sequence) {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return;
  std::int32_t& last = found->second.last_acknowledged;
  last = std::max(last, last_sequence);
}

void ProducerSequences::note_offset(const TopicPartition& partition, Offset last) {
  Offset& known = of(partition).last_acknowledged_offset;
  known = std::max(known, last);
}

}  // namespace brokerlab::model
