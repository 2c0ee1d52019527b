#include "model/codec_cost.h"

namespace brokerlab::model {
namespace {

/// nullptr: none, or no codec that anybody knows (damaged bytes).
const sim::CodecConfig* config_of(const sim::CodecsConfig& codecs, log::Codec codec) {
  switch (codec) {
    case log::Codec::none:
      return nullptr;
    case log::Codec::gzip:
      return &codecs.gzip;
    case log::Codec::snappy:
      return &codecs.snappy;
    case log::Codec::lz4:
      return &codecs.lz4;
    case log::Codec::zstd:
      return &codecs.zstd;
  }
  return nullptr;
}

}  // namespace

Duration compress_time(const sim::CodecsConfig& codecs, log::Codec codec, Bytes outside) {
  const sim::CodecConfig* config = config_of(codecs, codec);
  return config == nullptr ? Duration{0} : time_for(outside, config->compress);
}

Duration decompress_time(const sim::CodecsConfig& codecs, log::Codec codec, Bytes outside) {
  const sim::CodecConfig* config = config_of(codecs, codec);
  return config == nullptr ? Duration{0} : time_for(outside, config->decompress);
}

Duration decompress_time(const sim::CodecsConfig& codecs, const log::Records& records) {
  Duration total{0};
  const auto add = [&](log::Codec codec, std::int64_t inside) {
    const sim::CodecConfig* config = config_of(codecs, codec);
    if (config == nullptr) return;
    const double outside = static_cast<double>(inside) * config->ratio;
    total += time_for(Bytes(static_cast<std::int64_t>(outside)), config->decompress);
  };
  for (const log::PhantomBatch& batch : records.phantoms()) add(batch.codec, batch.payload_size);
  for (const log::BatchView& batch : log::Batches(records.bytes())) {
    add(batch.codec(), static_cast<std::int64_t>(batch.payload().size()));
  }
  return total;
}

double compression_ratio(const sim::CodecsConfig& codecs, log::Codec codec) {
  const sim::CodecConfig* config = config_of(codecs, codec);
  return config == nullptr ? 1.0 : config->ratio;
}

}  // namespace brokerlab::model
