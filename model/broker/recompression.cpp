#include "model/broker/recompression.h"

#include "model/codec_cost.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

log::Codec codec_of(const log::Records& records) {
  if (records.is_phantom()) return records.phantoms().front().codec;
  const auto batch = log::BatchView::parse(records.bytes());
  return batch.ok() ? batch->codec() : log::Codec::none;
}

}  // namespace

std::optional<log::Codec> codec_of(BrokerCompressionType type) {
  switch (type) {
    case BrokerCompressionType::producer:
      return std::nullopt;
    case BrokerCompressionType::uncompressed:
      return log::Codec::none;
    case BrokerCompressionType::gzip:
      return log::Codec::gzip;
    case BrokerCompressionType::snappy:
      return log::Codec::snappy;
    case BrokerCompressionType::lz4:
      return log::Codec::lz4;
    case BrokerCompressionType::zstd:
      return log::Codec::zstd;
  }
  UNREACHABLE();
}

log::Records recompressed(const log::Records& records, log::Codec target,
                          const sim::CodecsConfig& codecs) {
  if (codec_of(records) == target) return records;
  if (records.is_phantom()) {
    log::PhantomBatch batch = records.phantoms().front();
    const double outside =
        static_cast<double>(batch.payload_size) * compression_ratio(codecs, batch.codec);
    const auto inside = static_cast<std::int64_t>(outside / compression_ratio(codecs, target));
    batch.codec = target;
    batch.payload_size = static_cast<std::int32_t>(
        std::clamp<std::int64_t>(inside, log::smallest_phantom_payload(batch), INT32_MAX / 2));
    return batch;
  }
  const auto batch = log::BatchView::parse(records.bytes());
  // Damage is for the log to refuse.
  if (!batch.ok() || !batch->checksum_ok() || batch->is_control()) return records;
  log::BatchBuilder::Options options;
  options.codec = target;
  options.producer_id = batch->producer_id();
  options.producer_epoch = batch->producer_epoch();
  options.base_sequence = batch->base_sequence();
  options.transactional = batch->is_transactional();
  log::BatchBuilder builder(options);
  log::ByteVector scratch;
  const auto read = log::for_each_record(*batch, scratch, [&](const log::RecordView& record) {
    builder.append(record);
    return true;
  });
  if (!read.ok() || builder.empty()) return records;
  return log::ByteSlice::copy_of(builder.build());
}

Duration recompress_time(const log::Records& records, log::Codec target,
                         const sim::CodecsConfig& codecs) {
  const log::Codec source = codec_of(records);
  if (source == target || records.empty()) return Duration{0};
  const double outside = static_cast<double>(records.size()) * compression_ratio(codecs, source);
  return compress_time(codecs, target, Bytes(static_cast<std::int64_t>(outside)));
}

}  // namespace brokerlab::model
