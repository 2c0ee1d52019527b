#include "model/client/producer_batch.h"

#include <algorithm>

namespace brokerlab::model {

// --- CompressionRatio ---

double CompressionRatio::estimate(const std::string& topic) const {
  const auto found = ratios_.find(topic);
  return found == ratios_.end() ? 1.0 : found->second;
}

void CompressionRatio::observe(const std::string& topic, double ratio) {
  // Kafka's COMPRESSION_RATIO_DETERIORATE_STEP and _IMPROVING_STEP: quick to lose hope.
  constexpr double up = 0.05;
  constexpr double down = 0.005;
  const double current = estimate(topic);
  ratios_[topic] =
      ratio > current ? std::max(current + up, ratio) : std::max(current - down, ratio);
}

void CompressionRatio::raise(const std::string& topic, double ratio) {
  ratios_[topic] = std::max(1.0, ratio);
}

// --- ProducerBatch ---

std::size_t ProducerBatch::estimated_size() const {
  if (!records.empty()) return static_cast<std::size_t>(records.size());
  if (!phantom) return builder.estimated_size(compression_ratio);
  return log::estimated_batch_size(static_cast<std::size_t>(phantom->payload.size()),
                                   builder.codec(), compression_ratio);
}

bool ProducerBatch::full() const {
  return closed_for_appends || (record_count > 0 && write_limit <= estimated_size());
}

double ProducerBatch::actual_ratio() const {
  const auto size = static_cast<std::size_t>(records.size());
  ENSURE(uncompressed > 0 && size > log::batch_header_size, "the batch is not closed");
  return static_cast<double>(size - log::batch_header_size) / static_cast<double>(uncompressed);
}

void ProducerBatch::set_producer(ProducerIdAndEpoch who, std::int32_t sequence,
                                 bool in_transaction) {
  producer = who;
  base_sequence = sequence;
  transactional = in_transaction;
}

void ProducerBatch::reset_producer(ProducerIdAndEpoch who, std::int32_t sequence) {
  producer = who;
  base_sequence = sequence;
  reopened = true;
}

void ProducerBatch::write_producer() {
  if (records.is_phantom()) {
    log::PhantomBatch batch = records.phantoms().front();
    batch.producer_id = producer.id;
    batch.producer_epoch = producer.epoch;
    batch.base_sequence = base_sequence;
    if (transactional) batch.attributes |= log::transactional_attribute;
    records = batch;
    return;
  }
  // A copy: the bytes before may be under way.
  const log::ByteView old = records.bytes().view();
  const auto fresh = std::make_shared<log::ByteVector>(old.begin(), old.end());
  log::assign_producer(log::MutableByteView(*fresh), producer.id, producer.epoch, base_sequence);
  const std::byte* data = fresh->data();
  records = log::ByteSlice(std::shared_ptr<const std::byte[]>(fresh, data), fresh->size());
}

}  // namespace brokerlab::model
