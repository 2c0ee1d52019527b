// Record batches: their exact bytes, and what damage does to them.
#include "log/batch/record_batch.h"

#include "tests/log/partition_story.h"

#include <catch2/catch.hpp>

namespace brokerlab::log {
namespace {

using test::batch_of;
using test::values_in;

ByteVector from_hex(std::string_view text) {
  ByteVector bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 3) {
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

Record rich_record(int i) {
  Record record;
  record.timestamp = 1'700'000'000'000 + i * 7 - 3;
  if (i % 3 != 0) record.key = ByteVector(static_cast<std::size_t>(i), std::byte{'k'});
  if (i % 4 != 0) record.value = ByteVector(static_cast<std::size_t>(i * 5), std::byte{'v'});
  if (i % 2 == 0)
    record.headers = {{"trace", ByteVector(3, std::byte{9})}, {"empty", std::nullopt}};
  return record;
}

std::vector<Record> without_offsets(std::vector<Record> records) {
  for (Record& record : records) record.offset = 0;
  return records;
}

}  // namespace

// Computed apart from this code, from the format's description and a bit-by-bit CRC-32C; the
// worked example of docs/log_format.md.
TEST_CASE("a batch of one record has these bytes", "[unit]") {
  BatchBuilder builder;
  builder.append(1'700'000'000'000, as_bytes("k"), as_bytes("hi"));
  const ByteVector expected = from_hex(
      "00 00 00 00 00 00 00 00 00 00 00 3b ff ff ff ff 02 cb f3 29 e0 00 00 00 00 00 00 00 00 01 "
      "8b cf e5 "
      "68 00 00 00 01 8b cf e5 68 00 ff ff ff ff ff ff ff ff ff ff ff ff ff ff 00 00 00 01 "
      "12 00 00 00 02 6b 04 68 69 00 ");
  CHECK(builder.build() == expected);
}

TEST_CASE("records come back as they went in", "[unit]") {
  BatchBuilder::Options options;
  options.codec = GENERATE(Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd);
  options.base_offset = 40;
  options.leader_epoch = 6;
  options.producer_id = 77;
  options.producer_epoch = 3;
  options.base_sequence = 12;
  options.transactional = true;
  BatchBuilder builder(options);
  std::vector<Record> records;
  for (int i = 0; i < 30; ++i) {
    records.push_back(rich_record(i));
    records.back().offset = 40 + i;
    builder.append(records.back());
  }
  const ByteVector bytes = builder.build();
  CHECK(builder.empty());

  const auto batch = validate(bytes);
  REQUIRE(batch.ok());
  CHECK(batch->base_offset() == 40);
  CHECK(batch->last_offset() == 69);
  CHECK(batch->record_count() == 30);
  CHECK(batch->leader_epoch() == 6);
  CHECK(batch->codec() == options.codec);
  CHECK(batch->is_transactional());
  CHECK_FALSE(batch->is_control());
  CHECK(batch->producer_id() == 77);
  CHECK(batch->producer_epoch() == 3);
  CHECK(batch->base_sequence() == 12);
  CHECK(batch->max_timestamp() == records.back().timestamp);
  CHECK(decode_records(*batch).value() == records);
}

TEST_CASE("timestamps at both ends of time survive", "[unit]") {
  BatchBuilder builder;
  builder.append(INT64_MAX, std::nullopt, std::nullopt);
  builder.append(INT64_MIN, std::nullopt, std::nullopt);
  const ByteVector bytes = builder.build();
  const auto records = decode_all(bytes).value();
  CHECK(records[0].timestamp == INT64_MAX);
  CHECK(records[1].timestamp == INT64_MIN);
}

TEST_CASE("the size of an uncompressed batch is known before it is built", "[unit]") {
  BatchBuilder builder;
  std::size_t upper_bound = batch_header_size;
  for (int i = 0; i < 20; ++i) {
    const Record record = rich_record(i);
    builder.append(record);
    std::vector<RecordView::Header> headers;
    for (const auto& header : record.headers) {
      headers.push_back(
          {header.key, header.value ? std::optional<ByteView>(*header.value) : std::nullopt});
    }
    upper_bound += record_size_upper_bound(
        record.key ? std::optional<ByteView>(*record.key) : std::nullopt,
        record.value ? std::optional<ByteView>(*record.value) : std::nullopt, headers);
  }
  const std::size_t estimate = builder.estimated_size();
  CHECK(builder.build().size() == estimate);
  CHECK(estimate <= upper_bound);
}

TEST_CASE("a leader gives offsets and epoch in place, and the checksum stands", "[unit]") {
  ByteVector bytes = batch_of({"a", "b", "c"});
  assign_offsets(bytes, 1'000'000'000'000, 9);
  const auto batch = validate(bytes);
  REQUIRE(batch.ok());
  CHECK(batch->last_offset() == 1'000'000'000'002);
  CHECK(batch->leader_epoch() == 9);
  CHECK(decode_records(*batch).value()[1].offset == 1'000'000'000'001);
}

TEST_CASE("with LogAppendTime every record bears the broker's time", "[unit]") {
  ByteVector bytes = batch_of({"a", "b"}, 1000, Codec::gzip);
  assign_log_append_time(bytes, 5555);
  const auto batch = validate(bytes);
  REQUIRE(batch.ok());
  CHECK(batch->timestamp_type() == TimestampType::log_append_time);
  CHECK(batch->codec() == Codec::gzip);
  const auto records = decode_records(*batch);
  REQUIRE(records.value().size() == 2);
  for (const Record& record : records.value()) CHECK(record.timestamp == 5555);
}

TEST_CASE("batches are walked front to back, a cut last one is left out", "[unit]") {
  ByteVector bytes = batch_of({"a"});
  const std::size_t first = bytes.size();
  const ByteVector second = batch_of({"b", "c"}, 1000, Codec::gzip);
  bytes.insert(bytes.end(), second.begin(), second.end());
  CHECK(Batches(bytes).valid_size() == bytes.size());
  CHECK(values_in(bytes) == test::Values{"a", "b", "c"});
  for (std::size_t size = first; size < bytes.size(); ++size) {
    const ByteView cut = ByteView(bytes).first(size);
    REQUIRE(Batches(cut).valid_size() == first);
    REQUIRE(values_in(cut) == test::Values{"a"});
  }
}

TEST_CASE("every prefix of a batch is incomplete", "[unit]") {
  const Codec codec = GENERATE(Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd);
  const ByteVector bytes = batch_of({"one", "two"}, 1000, codec);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // An exact allocation, so that the sanitizer sees any over-read.
    const ByteVector cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const auto batch = validate(cut);
    REQUIRE_FALSE(batch.ok());
    REQUIRE(batch.error().kind == Corruption::Kind::incomplete);
  }
}

TEST_CASE("every flipped bit is found, or changes offset and epoch only", "[unit]") {
  const Codec codec = GENERATE(Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd);
  const ByteVector good = batch_of({"one", "two"}, 1000, codec);
  const auto records = without_offsets(decode_all(good).value());
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    ByteVector flipped = good;
    flipped[i / 8] ^= std::byte{1} << (i % 8);
    const auto batch = validate(flipped);
    if (!batch.ok()) continue;
    INFO("bit " << i);
    const bool outside_checksum = i / 8 < 8 || (i / 8 >= 12 && i / 8 < 16);
    REQUIRE(outside_checksum);
    const auto decoded = decode_records(*batch);
    REQUIRE(decoded.ok());
    REQUIRE(without_offsets(decoded.value()) == records);
  }
}

// Below the checksum: what a buggy or hostile client could send with a good one.
TEST_CASE("flipped bits under a mended checksum never crash", "[unit]") {
  const Codec codec = GENERATE(Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd);
  const ByteVector good = batch_of({"one", "two", std::string(200, 'x')}, 1000, codec);
  std::size_t refused = 0;
  for (std::size_t i = 21 * 8; i < good.size() * 8; ++i) {
    ByteVector flipped = good;
    flipped[i / 8] ^= std::byte{1} << (i % 8);
    assign_log_append_time(flipped, 1000);  // Mends the checksum.
    const auto batch = validate(flipped);
    if (!batch.ok() || !decode_records(*batch, {.max_uncompressed = 1 << 16}).ok()) ++refused;
  }
  CHECK(refused > 100);
}

TEST_CASE("lying sizes and counts are refused", "[unit]") {
  ByteVector bytes = batch_of({"a"});
  using Kind = Corruption::Kind;
  const auto kind_with = [&](std::size_t at, std::initializer_list<int> values) {
    ByteVector changed = bytes;
    for (const int value : values) changed[at++] = static_cast<std::byte>(value);
    return BatchView::parse(changed).error().kind;
  };
  CHECK(kind_with(8, {0x7f, 0xff, 0xff, 0xff}) == Kind::incomplete);
  CHECK(kind_with(8, {0xff, 0xff, 0xff, 0xff}) == Kind::bad_size);
  CHECK(kind_with(8, {0, 0, 0, 48}) == Kind::bad_size);
  CHECK(kind_with(16, {3}) == Kind::bad_magic);
  CHECK(kind_with(16, {0xff}) == Kind::bad_magic);
  CHECK(kind_with(23, {0xff, 0, 0, 0}) == Kind::bad_header);
  CHECK(kind_with(57, {0, 0, 0, 2}) == Kind::bad_header);
  CHECK(kind_with(57, {0xff, 0, 0, 0}) == Kind::bad_header);
  CHECK(kind_with(0, {0xff}) == Kind::bad_header);
}

TEST_CASE("a record whose offset lies behind its batch is refused", "[unit]") {
  ByteVector bytes = batch_of({"a"});
  assign_offsets(bytes, INT64_MAX - 1, 0);
  bytes[64] = std::byte{4};  // Offset delta 2, as a varint: an offset that does not exist.
  assign_log_append_time(bytes, 1);
  CHECK(decode_all(bytes).error().kind == Corruption::Kind::bad_record);
}

TEST_CASE("a codec that Kafka does not have is an error value", "[unit]") {
  ByteVector bytes = batch_of({"a"});
  bytes[22] = std::byte{5};
  assign_log_append_time(bytes, 1);
  const auto batch = validate(bytes);
  REQUIRE(batch.ok());
  CHECK(decode_records(*batch).error().kind == Corruption::Kind::unsupported_codec);
}

}  // namespace brokerlab::log
