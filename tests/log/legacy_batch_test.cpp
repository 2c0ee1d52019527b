// Batches of message formats 0 and 1: bytes, and the ways of old clients and brokers.
#include "log/batch/legacy_batch.h"

#include "log/batch/big_endian.h"
#include "log/batch/codecs.h"
#include "log/directory/verify.h"
#include "log/partition/cleaner.h"
#include "tests/log/partition_story.h"

namespace brokerlab::log {
namespace {

using test::PartitionStory;
using test::Values;

ByteVector owned(std::string_view text) {
  const ByteView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

std::vector<Record> records_from(Offset first, const Values& values, Offset step = 1) {
  std::vector<Record> records;
  for (const std::string& value : values) {
    records.push_back({.offset = first,
                       .timestamp = 1'700'000'000'000 + first,
                       .key = owned("k" + value),
                       .value = owned(value),
                       .headers = {}});
    first += step;
  }
  return records;
}

BatchView only(ByteView bytes) {
  const auto batch = validate(bytes);
  REQUIRE(batch.ok());
  REQUIRE(batch->size() == bytes.size());
  return *batch;
}

std::string text_of(ByteView batch) {
  std::string text;
  const auto records = decode_records(only(batch));
  if (!records.ok()) return records.error().message;
  for (const Record& record : *records) {
    text += fmt::format("{}{}@{}={}", text.empty() ? "" : " ", record.offset,
                        record.timestamp == no_timestamp ? -1 : record.timestamp % 1'000'000,
                        as_text(*record.value));
  }
  return text;
}

std::string hex(ByteView bytes) {
  std::string out;
  for (const std::byte byte : bytes) out += fmt::format("{:02x}", std::to_integer<int>(byte));
  return out;
}

/// A partition whose one segment is these bytes.
void put_segment(Env& env, const std::string& dir, Offset base, ByteView bytes) {
  REQUIRE(env.make_dir(dir).ok());
  auto file = env.create(join_path(dir, segment_file_name(base, log_suffix)));
  REQUIRE(file.ok());
  REQUIRE((*file)->append(bytes).ok());
}

ByteVector operator+(ByteVector a, const ByteVector& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

// docs/log_format.md has these bytes, field by field.
TEST_CASE("one record in formats 0 and 1 has these bytes", "[unit]") {
  const std::vector<Record> one{{.offset = 7,
                                 .timestamp = 1'700'000'000'000,
                                 .key = owned("k"),
                                 .value = owned("hi"),
                                 .headers = {}}};
  CHECK(hex(legacy::build(one, {.magic = 0})) ==
        "000000000000000700000011"
        "d0a1b23e"
        "0000"
        "000000016b"
        "000000026869");
  CHECK(hex(legacy::build(one, {.magic = 1})) ==
        "000000000000000700000019"
        "8f82f06d"
        "0100"
        "0000018bcfe56800"
        "000000016b"
        "000000026869");
}

TEST_CASE("wrappers number what is in them from the partition's or from their own first",
          "[unit]") {
  const auto codec = GENERATE(Codec::none, Codec::gzip, Codec::snappy, Codec::lz4);
  const bool wraps = codec != Codec::none;
  const auto records = records_from(5, {"a", "b", "c"}, 2);  // Compacted: gaps inside.
  for (const int magic : {0, 1}) {
    INFO(magic << " " << to_text(codec));
    const ByteVector bytes = legacy::build(records, {.magic = magic, .codec = codec});
    CHECK(Batches(bytes).valid_size() == bytes.size());
    std::string text;
    for (const BatchView& batch : Batches(bytes)) {
      CHECK(batch.magic() == magic);
      CHECK(batch.checksum_ok());
      CHECK(batch.codec() == codec);
      text += text_of(batch.bytes()) + " ";
    }
    CHECK(text == (magic == 0 ? "5@-1=a 7@-1=b 9@-1=c " : "5@5=a 7@7=b 9@9=c "));
    const BatchView first = BatchView::parse(bytes).value();
    CHECK(first.base_offset() == 5);
    CHECK(first.header_offset() == (wraps ? 9 : 5));
    CHECK(first.last_offset() == (wraps ? 9 : 5));
    CHECK(first.record_count() == (wraps ? 3 : 1));
    CHECK(first.max_timestamp() == (magic == 0 ? -1 : 1'700'000'000'000 + (wraps ? 9 : 5)));
    CHECK(first.leader_epoch() == no_epoch);
    CHECK(first.producer_id() == -1);
    CHECK_FALSE(first.is_control());
    CHECK_FALSE(first.is_transactional());
    CHECK_FALSE(first.delete_horizon());
  }
}

TEST_CASE("a wrapper with LogAppendTime dates all that is in it", "[unit]") {
  const ByteVector bytes =
      legacy::build(records_from(0, {"a", "b"}),
                    {.magic = 1, .codec = Codec::gzip, .log_append_time = 1'700'000'000'777});
  CHECK(text_of(bytes) == "0@777=a 1@777=b");
  CHECK(only(bytes).timestamp_type() == TimestampType::log_append_time);
}

// AbstractLegacyRecordBatch.DeepRecordsIterator: librdkafka sent wrappers of offset 0.
TEST_CASE("a wrapper of offset 0 counts from 0; one below its last record is refused", "[unit]") {
  ByteVector bytes = legacy::build(records_from(5, {"a", "b", "c"}), {.codec = Codec::snappy});
  store_big_endian(bytes.data(), Offset{0});  // Outside of the checksum.
  CHECK(text_of(bytes) == "0@5=a 1@6=b 2@7=c");
  store_big_endian(bytes.data(), Offset{1});
  CHECK_THAT(text_of(bytes), Catch::Contains("offset 1 is below 2"));
}

TEST_CASE("clients of format 0 wrote a wrong lz4 header checksum, which format 1 refuses",
          "[unit]") {
  const auto records = records_from(0, {"a", "b"});
  ByteVector old = legacy::build(records, {.magic = 0, .codec = Codec::lz4});
  CHECK(text_of(old) == "0@-1=a 1@-1=b");
  ByteVector packed;
  REQUIRE(lz4_compress(as_bytes("x"), packed, 9).ok());
  ByteVector out;
  break_lz4_header_checksum(packed);
  CHECK_FALSE(lz4_decompress(packed, 100, out).ok());
  CHECK(lz4_decompress(packed, 100, out, Lz4Header::unchecked).ok());
}

TEST_CASE("a damaged record inside a wrapper is found by its own checksum", "[unit]") {
  auto inner = legacy::build(records_from(0, {"a"}), {.magic = 1});
  inner.back() = std::byte{'b'};
  ByteVector packed;
  REQUIRE(gzip_compress(inner, packed, -1).ok());
  // A wrapper is a record whose value is packed: made by hand, since build() does not lie.
  ByteVector bytes = legacy::build(
      std::vector<Record>{{.offset = 0, .timestamp = 5, .key = {}, .value = packed, .headers = {}}},
      {.magic = 1});
  bytes[17] = std::byte{1};  // gzip
  store_big_endian(bytes.data() + 12, legacy::computed_checksum(bytes));
  CHECK(text_of(bytes) == "the record at offset 0 fails its checksum");
}

TEST_CASE("damage in an old batch is told by kind", "[unit]") {
  const ByteVector good = legacy::build(records_from(0, {"a"}), {.magic = 1});
  const auto kind_of = [](ByteView bytes) {
    const auto batch = validate(bytes);
    REQUIRE_FALSE(batch.ok());
    return batch.error().kind;
  };
  using Kind = Corruption::Kind;
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(kind_of(ByteView(good).first(size)) == Kind::incomplete);
  }
  ByteVector bad = good;
  bad.back() ^= std::byte{1};
  CHECK(kind_of(bad) == Kind::bad_checksum);
  bad = good;
  store_big_endian(bad.data() + 8, 21);  // A byte less than format 1 needs.
  CHECK(kind_of(bad) == Kind::bad_size);
  bad = good;
  bad[16] = std::byte{3};
  CHECK(kind_of(bad) == Kind::bad_magic);
  bad = good;
  store_big_endian(bad.data(), Offset{-1});
  CHECK(kind_of(bad) == Kind::bad_header);
}

// A cluster that was upgraded twice and then, for a while, went back.
TEST_CASE("a partition of three formats is opened, read, indexed, cut and written behind",
          "[unit]") {
  const auto codec = GENERATE(Codec::none, Codec::gzip, Codec::lz4);
  ByteVector bytes = legacy::build(records_from(0, {"a", "b"}), {.magic = 0, .codec = codec}) +
                     legacy::build(records_from(2, {"c", "d"}), {.magic = 1, .codec = codec});
  BatchBuilder builder({.codec = codec, .base_offset = 4, .leader_epoch = 3});
  for (const Record& record : records_from(4, {"e", "f"})) builder.append(record);
  bytes = bytes + builder.build() +
          legacy::build(records_from(6, {"g", "h"}), {.magic = 1, .codec = codec});
  MemoryEnv env;
  put_segment(env, "/data/orders-0", 0, bytes);
  PartitionStory orders(env, "/data/orders-0");
  orders.config.index_interval_bytes = 0;
  orders.open();
  CHECK(orders.log().recovery().bytes_cut == 0);
  CHECK(orders.log().log_end_offset() == 8);
  CHECK(orders.log().size() == std::ssize(bytes));
  CHECK(orders.log().segments().front()->offset_index().size() > 1);
  CHECK(orders.consume_all() == Values{"a", "b", "c", "d", "e", "f", "g", "h"});
  const Values values{"a", "b", "c", "d", "e", "f", "g", "h"};
  for (Offset from = 0; from < 8; ++from) {
    CHECK(orders.consume_all(from) == Values(values.begin() + from, values.end()));
  }
  const auto found = orders.log().offset_for_timestamp(1'700'000'000'003);
  REQUIRE(found.ok());
  REQUIRE(*found);
  CHECK((*found)->offset == 3);  // Format 0 has no times.
  orders.epoch = 5;
  orders.produce({"new"});
  CHECK(orders.consume_all(6) == Values{"g", "h", "new"});
  const auto verified = verify_partition(env, "/data/orders-0");
  REQUIRE(verified.ok());
  CHECK(verified->damage_count == 0);
  CHECK(verified->records == 9);
  orders.truncate_to(6);
  CHECK(orders.consume_all() == Values{"a", "b", "c", "d", "e", "f"});
  orders.reopen_unclean();
  CHECK(orders.consume_all() == Values{"a", "b", "c", "d", "e", "f"});
}

// UnifiedLog.append: "Clearing leader epoch cache after unexpected append with message format".
TEST_CASE("a follower takes old batches as they are, and forgets its epochs; a leader takes none",
          "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.epoch = 2;
  story.produce({"x", "y"});
  REQUIRE(story.log().leader_epochs().entries().size() == 1);
  ByteVector old = legacy::build(records_from(2, {"a", "b"}), {.codec = Codec::gzip});
  const auto refused = story.log().append_as_leader(old, 2, 1000);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == LogError::Kind::corrupt);
  const AppendInfo info = story.replicate(old);
  CHECK(info.records == 2);
  CHECK(story.log().log_end_offset() == 4);
  CHECK(story.log().leader_epochs().empty());
  CHECK(story.consume_all() == Values{"x", "y", "a", "b"});
}

// MemoryRecords.filterTo: formats are kept, a wrapper's offset becomes that of its last record.
TEST_CASE("compaction keeps the format of what it keeps", "[unit]") {
  const auto codec = GENERATE(Codec::none, Codec::gzip, Codec::snappy, Codec::lz4);
  const auto magic = GENERATE(0, 1);
  auto records = records_from(0, {"a", "b", "c", "d"});
  records[1].key = owned("twice");
  records[3].key = owned("twice");
  auto later = records_from(4, {"e", "f"});
  later[1].key = records[2].key;  // "kc", the last but one of the first wrapper.
  later[0].value.reset();         // A tombstone: old formats cannot date it, so it stays.
  const legacy::BuildOptions how{.magic = magic, .codec = codec};
  const ByteVector bytes = legacy::build(records, how) + legacy::build(later, how);
  MemoryEnv env;
  put_segment(env, "/data/orders-0", 0, bytes);
  PartitionStory story(env);
  REQUIRE(story.log().roll(1).ok());
  REQUIRE(LogCleaner(story.log(), {.delete_retention_ms = 0}).clean(1, 6).ok());
  const std::string name = join_path(story.dir(), segment_file_name(0, log_suffix));
  ByteVector after(static_cast<std::size_t>(env.open(name).value()->size()));
  REQUIRE(env.open(name).value()->read_at(0, after).ok());
  std::string kept;
  for (const BatchView& batch : Batches(after)) {
    CHECK(batch.magic() == magic);
    CHECK(batch.codec() == codec);
    CHECK(batch.checksum_ok());
    const auto read = decode_records(batch);
    REQUIRE(read.ok());
    for (const Record& record : *read) {
      kept += fmt::format("{}={} ", record.offset,
                          record.value ? as_text(*record.value) : std::string_view("-"));
      if (magic == 1) CHECK(record.timestamp == 1'700'000'000'000 + record.offset);
    }
  }
  CHECK(kept == "0=a 3=d 4=- 5=f ");
}

TEST_CASE("magic 3, and what is no log at all, are refused by who may not lose anything",
          "[unit]") {
  MemoryEnv env;
  struct Case {
    const char* what;
    ByteVector bytes;
    const char* why;
  };
  ByteVector newer = test::batch_of({"from the future"});
  newer[16] = std::byte{3};
  ByteVector encrypted(500);
  for (std::size_t i = 0; i < encrypted.size(); ++i) {
    encrypted[i] = static_cast<std::byte>(i * 197 + 89);
  }
  ByteVector claims = test::batch_of({"a"});
  store_big_endian(claims.data() + 8, 20);  // Format 2 with the size of format 0; no good sum.
  store_big_endian(claims.data(), Offset{1} << 40);
  const std::vector<Case> cases{
      {"a format of the future", newer, "has message format 3"},
      {"a text", owned("Dear diary, today I moved my notes to the server."), "has message format"},
      {"a short text", owned("hello, world"), "is no record batch"},
      {"an encrypted file", encrypted, "what stands here has "},
      {"offsets of another log", claims, "cannot be in a segment"},
  };
  for (const Case& one : cases) {
    for (const bool behind : {false, true}) {
      // Behind good batches too few bytes are a torn write.
      if (behind && one.bytes.size() < 18) continue;
      INFO(one.what << (behind ? " behind good batches" : ""));
      ByteVector bytes = behind ? test::batch_of({"good"}) + one.bytes : one.bytes;
      const std::string dir = fmt::format("/data/t-{}", &one - cases.data() + (behind ? 100 : 0));
      put_segment(env, dir, 0, bytes);
      for (const auto cutting : {Log::Cutting::kept, Log::Cutting::never}) {
        const auto refused = Log::open(env, dir, {}, {.cutting = cutting});
        REQUIRE_FALSE(refused.ok());
        CHECK(refused.error().kind == LogError::Kind::corrupt);
        CHECK_THAT(refused.error().message, Catch::Contains(one.why));
        CHECK(env.open(join_path(dir, segment_file_name(0, log_suffix))).value()->size() ==
              std::ssize(bytes));
      }
    }
  }
}

}  // namespace brokerlab::log
