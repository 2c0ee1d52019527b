// compression.type of a topic: what a leader makes of batches that came otherwise. Held against
// LogValidator.validateMessagesAndAssignOffsets (3.9).
#include "model/broker/recompression.h"

#include "log/batch/record_batch.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

log::Records batch(log::Codec codec) {
  log::BatchBuilder::Options options;
  options.codec = codec;
  options.producer_id = 7;
  options.producer_epoch = 1;
  options.base_sequence = 40;
  log::BatchBuilder builder(options);
  for (int i = 0; i < 20; ++i) {
    builder.append(1000 + i, log::as_bytes("key"), log::as_bytes(std::string(200, 'x')));
  }
  return log::ByteSlice::copy_of(builder.build());
}

log::BatchView view(const log::Records& records) {
  const auto parsed = log::validate(records.bytes());
  REQUIRE(parsed.ok());
  return *parsed;
}

}  // namespace

TEST_CASE("a batch keeps its records, its producer and its times, with another codec", "[unit]") {
  const sim::CodecsConfig codecs;
  for (const log::Codec from : {log::Codec::none, log::Codec::gzip, log::Codec::zstd}) {
    const log::Records sent = batch(from);
    for (const log::Codec to : {log::Codec::none, log::Codec::gzip, log::Codec::lz4}) {
      const log::Records kept = recompressed(sent, to, codecs);
      CHECK(view(kept).codec() == to);
      CHECK(view(kept).record_count() == 20);
      CHECK(view(kept).producer_id() == 7);
      CHECK(view(kept).base_sequence() == 40);
      CHECK(view(kept).max_timestamp() == 1019);
      CHECK(*log::decode_records(view(kept)) == *log::decode_records(view(sent)));
      CHECK((recompress_time(sent, to, codecs) > 0ns) == (from != to && to != log::Codec::none));
    }
  }
  CHECK(recompressed(batch(log::Codec::none), log::Codec::gzip, codecs).size() < 1000);
}

TEST_CASE("a phantom becomes as large as the ratios of both codecs say", "[unit]") {
  const sim::CodecsConfig codecs;
  log::PhantomBatch phantom;
  phantom.record_count = 100;
  phantom.payload_size = 100'000;
  phantom.codec = log::Codec::none;
  const log::Records kept = recompressed(phantom, log::Codec::gzip, codecs);
  REQUIRE(kept.is_phantom());
  CHECK(kept.phantoms().front().codec == log::Codec::gzip);
  CHECK(kept.phantoms().front().payload_size ==
        static_cast<std::int32_t>(100'000 / codecs.gzip.ratio));
  const log::Records back = recompressed(kept, log::Codec::none, codecs);
  CHECK(std::abs(back.phantoms().front().payload_size - 100'000) < 10);
}
