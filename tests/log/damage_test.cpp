// Files and batches that no broker should have written: what the fuzzers found, told as stories.
#include "log/batch/big_endian.h"
#include "log/batch/crc32c.h"
#include "tests/log/partition_story.h"

namespace brokerlab::log {
namespace {

using test::batch_of;
using test::numbered;
using test::PartitionStory;

void append_raw(Env& env, const std::string& path, ByteView bytes) {
  auto file = env.exists(path) ? env.open(path) : env.create(path);
  REQUIRE(file.ok());
  REQUIRE(file.value()->append(bytes).ok());
}

std::string log_file(const PartitionStory& story, Offset base_offset) {
  return join_path(story.dir(), segment_file_name(base_offset, log_suffix));
}

ByteVector batch_at(Offset offset, LeaderEpoch epoch = 0) {
  ByteVector batch = batch_of({"far"});
  assign_offsets(batch, offset, epoch);
  return batch;
}

}  // namespace

// Behind bytes that are no batch, what is appended would be acknowledged and never found.
TEST_CASE("a torn end is cut even when the broker says it stopped cleanly", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.produce({"a", "b"});
  REQUIRE(story.log().close().ok());
  story.forget();
  append_raw(env, log_file(story, 0), ByteVector(70, std::byte{1}));

  story.open({.clean = true});
  CHECK(story.log().recovery().bytes_cut == 70);
  CHECK(story.log().log_end_offset() == 2);
  story.produce({"c"});
  CHECK(story.consume_all() == test::Values{"a", "b", "c"});
}

/// Two records at offsets 0 and 1, then `bytes`, which a recovery must cut; what it says of them.
std::string why_cut_behind_two(ByteView bytes) {
  MemoryEnv env;
  PartitionStory story(env);
  story.produce({"a", "b"});
  story.forget();
  append_raw(env, log_file(story, 0), bytes);
  story.open();
  CHECK(story.consume_all() == test::Values{"a", "b"});
  CHECK(story.log().log_end_offset() == 2);
  const auto& recovery = story.log().recovery();
  CHECK(recovery.bytes_cut == static_cast<std::int64_t>(bytes.size()));
  REQUIRE(recovery.cuts.size() == 1);
  return recovery.cuts[0].why;
}

// Kafka's LogSegment.recover believes such offsets: a reader would be given some of them twice.
TEST_CASE("a batch whose offsets go back ends the good part of a segment", "[unit]") {
  CHECK(why_cut_behind_two(batch_at(1)) == "a batch at offset 1 where 2 or more should come");
}

// OffsetIndex keeps what an offset is above the segment's first one in 32 bits.
TEST_CASE("a batch beyond the reach of a segment's index ends its good part", "[unit]") {
  CHECK(why_cut_behind_two(batch_at(1 + (std::int64_t{1} << 31))) ==
        "a batch up to offset 2147483649, too far from the segment's first, 0");
}

TEST_CASE("a recovery says what is wrong with what it cuts", "[unit]") {
  ByteVector damaged = batch_at(2);
  damaged.back() ^= std::byte{1};
  CHECK(why_cut_behind_two(damaged).starts_with("checksum "));
}

// LogLoader.recoverLog would delete it, whatever it is.
TEST_CASE("a text behind a cut is not removed where nothing may be lost", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.config.segment_bytes = 200;
  story.open();
  for (int i = 0; i < 3; ++i) story.produce({std::string(120, 'a')});
  const Offset last = story.log().segments().back()->base_offset();
  REQUIRE(story.log().segment_count() == 3);
  story.forget();
  auto first = env.open(log_file(story, 0)).value();
  REQUIRE(first->truncate(first->size() - 3).ok());
  auto strange = env.open(log_file(story, last)).value();
  REQUIRE(strange->truncate(0).ok());
  REQUIRE(strange->append(as_bytes("a letter of somebody's")).ok());

  const auto refused = Log::open(env, story.dir(), story.config, {.cutting = Cutting::kept});
  REQUIRE_FALSE(refused.ok());
  CHECK_THAT(refused.error().message, Catch::Contains("it is not ours to remove"));
  CHECK(read_text(env, log_file(story, last)).value() == "a letter of somebody's");
}

// Kafka's UnifiedLog.updateLeaderEpochCache, from LogSegment.recover.
TEST_CASE("leader epochs that were never written down are read from the batches", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.epoch = 3;
  story.produce({"a", "b"});
  story.epoch = 5;
  story.produce({"c"});
  story.forget();
  REQUIRE(env.remove(join_path(story.dir(), leader_epoch_checkpoint_name)).ok());
  story.open();
  CHECK(story.log().leader_epochs().entries() == std::vector<EpochEntry>{{3, 0}, {5, 2}});
}

// LogLoader.load: all segments go when the log ends before its start, as after a lost tail of a log
// whose beginning was deleted on request.
TEST_CASE("a log that ends before the start it is noted with begins anew there", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.produce({"a", "b"});
  story.forget();
  story.open({.log_start_offset = 7});
  CHECK(story.log().log_start_offset() == 7);
  CHECK(story.log().log_end_offset() == 7);
  CHECK(story.log().recovery().segments_removed == 1);
  REQUIRE(story.log().recovery().cuts.size() == 1);
  CHECK(story.produce({"c"}).first_offset == 7);
  CHECK(story.consume_all() == test::Values{"c"});
}

TEST_CASE("a clean start over bytes that are no log at all begins anew", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.forget();
  append_raw(env, log_file(story, 0), ByteVector(2000, std::byte{0x55}));
  story.config.segment_bytes = 1000;
  story.open({.clean = true});
  CHECK(story.log().log_end_offset() == 0);
  story.produce({"a"});
  CHECK(story.consume_all() == test::Values{"a"});
}

// A truncation removed the later segment, appends went on in the earlier one, and a power loss
// undid the removal.
TEST_CASE("a segment that begins before the end of the one before is not believed", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  for (int i = 0; i < 4; ++i) story.produce({"new"});
  story.forget();
  append_raw(env, log_file(story, 2), batch_at(2));
  append_raw(env, log_file(story, 9), batch_at(9));

  story.open();
  CHECK(story.log().recovery().segments_removed == 2);
  CHECK(story.log().segment_count() == 1);
  CHECK(story.log().log_end_offset() == 4);
  CHECK(story.consume_all() == test::Values(4, "new"));
}

TEST_CASE("batches too far apart for one segment are refused, not half written", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  ByteVector fetched = batch_at(5);
  const ByteVector far = batch_at(5 + (Offset{1} << 31));
  fetched.insert(fetched.end(), far.begin(), far.end());
  const auto refused = story.log().append_as_follower(fetched, 1000);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == LogError::Kind::invalid);
  CHECK(story.log().size() == 0);
  story.replicate(batch_at(5));
  CHECK(story.replicate(far).rolled);
}

TEST_CASE("when the offsets end, appending ends", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.open({.log_start_offset = INT64_MAX - 2});
  REQUIRE(story.log().truncate_fully_and_start_at(INT64_MAX - 2).ok());
  story.produce({"last", "but one"});
  ByteVector batch = batch_of({"one too many"});
  const auto refused = story.log().append_as_leader(batch, 0, 1000);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == LogError::Kind::invalid);
  CHECK(story.consume_all() == test::Values{"last", "but one"});
}

TEST_CASE("an index entry beyond the last of all offsets is rebuilt", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  REQUIRE(story.log().truncate_fully_and_start_at(INT64_MAX - 5).ok());
  story.produce(numbered(0, 3));
  story.forget();
  ByteVector entry(8);
  store_big_endian(entry.data(), std::int32_t{786432});
  append_raw(env, join_path(story.dir(), segment_file_name(INT64_MAX - 5, index_suffix)), entry);
  story.open({.clean = true});
  CHECK(story.log().segments().front()->offset_index().empty());
  CHECK(story.consume_all() == numbered(0, 3));
}

// Rotten bits, or an index of another log: growing entries, but no batch begins where they say.
TEST_CASE("an index entry that leads into the middle of a batch is passed over", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.config.index_interval_bytes = 100;
  story.open();
  for (int i = 0; i < 10; ++i) story.produce(numbered(2 * i, 2 * i + 2));
  REQUIRE(story.log().close().ok());
  const auto entries = story.log().segments().front()->offset_index().entries();
  REQUIRE(entries.size() == 4);
  story.forget();
  const auto damage = GENERATE(as<std::int32_t>(), 1, -1, 30);
  ByteVector bytes(4 * OffsetPosition::entry_size);
  for (std::size_t i = 0; i < 4; ++i) {
    OffsetPosition entry = entries[i];
    if (i == 1 || i == 2) entry.position += damage;
    entry.store(bytes.data() + i * OffsetPosition::entry_size, 0);
  }
  const std::string path = join_path(story.dir(), segment_file_name(0, index_suffix));
  REQUIRE(env.remove(path).ok());
  append_raw(env, path, bytes);

  story.open({.clean = true});
  CHECK(story.log().recovery().segments_scanned == 0);
  const LogSegment& segment = *story.log().segments().front();
  for (Offset offset = 0; offset < 20; ++offset) {
    const auto place = segment.find(offset);
    REQUIRE(place.ok());
    REQUIRE(place.value());
    CHECK(place.value()->batch.base_offset == offset / 2 * 2);
  }
  CHECK(story.consume_all() == numbered(0, 20));
}

// Below the recovery point nobody reads the segment again: what its rebuilding has left half done
// must not be taken for an index.
TEST_CASE("a process that dies while it rebuilds a lost index leaves it to the next", "[unit]") {
  int crashes = 0;
  for (bool finished = false; !finished; ++crashes) {
    MemoryEnv env;
    PartitionStory story(env);
    story.config.segment_bytes = 300;
    story.open();
    for (int i = 0; i < 12; ++i) story.produce(numbered(i, i + 1));
    story.flush();
    const Offset flushed = story.log().recovery_point();
    const auto expected = story.log().offset_for_timestamp(1001);
    story.forget();
    const std::string_view lost = GENERATE(time_index_suffix, index_suffix);
    REQUIRE(env.remove(join_path(story.dir(), segment_file_name(0, lost))).ok());
    env.faults().crash_at_call(crashes + 1);
    finished = Log::open(env, story.dir(), story.config, {.recovery_point = flushed}).ok();
    env.faults().heal();
    env.kill_process();
    story.open({.recovery_point = flushed});
    const auto found = story.log().offset_for_timestamp(1001);
    INFO("the process died at call " << crashes + 1);
    REQUIRE(found.ok());
    REQUIRE(found.value());
    CHECK(found.value()->offset == expected.value()->offset);
  }
  CHECK(crashes > 20);
}

TEST_CASE("batches that claim more offsets than a segment has are refused", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  ByteVector two;
  for (int i = 0; i < 2; ++i) {
    BatchBuilder builder({.last_offset = INT32_MAX - 1});
    builder.append(1, std::nullopt, as_bytes("x"));
    ByteVector one = builder.build();
    store_big_endian(one.data() + 57, INT32_MAX);  // its record count
    store_big_endian(one.data() + 17, crc32c(ByteView(one).subspan(21)));
    two.insert(two.end(), one.begin(), one.end());
  }
  const auto refused = story.log().append_as_leader(two, 0, 1);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == LogError::Kind::invalid);
  CHECK(story.log().size() == 0);
}

// The search for an index entry begins at a guess: any guess finds it.
TEST_CASE("an index finds its entries from every guess", "[unit]") {
  MemoryEnv env;
  IndexFile<OffsetPosition> index(env.create("/0.index").value(), 0);
  for (std::size_t size = 0; size <= 20; ++size) {
    for (Offset wanted = -1; wanted <= 2 * static_cast<Offset>(size) + 1; ++wanted) {
      for (std::size_t guess = 0; guess <= size + 2; ++guess) {
        const std::size_t found = index.count_while(
            [wanted](const OffsetPosition& entry) { return entry.offset <= wanted; }, guess);
        REQUIRE(found == static_cast<std::size_t>(
                             std::clamp<Offset>((wanted + 1) / 2, 0, static_cast<Offset>(size))));
      }
    }
    const auto next = static_cast<Offset>(size);
    REQUIRE(index.append({2 * next + 1, 10 * next}).ok());
  }
}

TEST_CASE("timestamps from the beginning of time do not make a segment old", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.produce({"now"});
  ByteVector batch = batch_of({"long ago"}, INT64_MIN);
  const auto appended = story.log().append_as_leader(batch, 0, 1000);
  REQUIRE(appended.ok());
  CHECK_FALSE(appended.value().rolled);
}

}  // namespace brokerlab::log
