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

Duration decompress_time(const sim::CodecsConfig& codecs, log::ByteView batches) {
  Duration total{0};
  for (const log::BatchView& batch : log::Batches(batches)) {
    const sim::CodecConfig* config = config_of(codecs, batch.codec());
    if (config == nullptr) continue;
    const double outside = static_cast<double>(batch.payload().size()) * config->ratio;
    total += time_for(Bytes(static_cast<std::int64_t>(outside)), config->decompress);
  }
  return total;
}

}  // namespace brokerlab::model
