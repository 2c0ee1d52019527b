// Stories of one partition's log, each over memory and over the real file system.
#include "tests/log/partition_story.h"

#include <functional>

namespace brokerlab::log {
namespace {

using test::batch_of;
using test::numbered;
using test::PartitionStory;
using test::Values;
using test::values_in;

/// Tells the story twice: in memory and on disk.
void everywhere(const std::function<void(PartitionStory&)>& story) {
  SECTION("in memory") {
    MemoryEnv env;
    PartitionStory told(env);
    story(told);
  }
  SECTION("on disk") {
    const test::TemporaryFolder folder;
    PosixEnv env;
    PartitionStory told(env, folder.path() + "/orders-0");
    story(told);
  }
}

void small_segments(PartitionStory& story, std::int64_t bytes = 400) {
  story.config.segment_bytes = bytes;
  story.config.index_interval_bytes = 100;
  story.open();
}

}  // namespace

TEST_CASE("what is produced can be read, at the offsets it was given", "[unit]") {
  everywhere([](PartitionStory& story) {
    const AppendInfo first = story.produce({"a", "b"});
    CHECK(first.first_offset == 0);
    CHECK(first.last_offset == 1);
    CHECK(first.position == 0);
    const AppendInfo second = story.produce({"c"}, Codec::gzip);
    CHECK(second.first_offset == 2);
    CHECK(second.position == first.bytes);
    CHECK(second.max_timestamp == 1001);
    CHECK(story.log().log_end_offset() == 3);
    CHECK(story.log().size() == first.bytes + second.bytes);
    CHECK(story.consume_all() == Values{"a", "b", "c"});

    const ReadResult from_middle = story.fetch(1);
    CHECK(from_middle.first_base_offset == 0);  // Whole batches: the reader skips.
    CHECK(values_in(from_middle.bytes) == Values{"a", "b", "c"});
    const ReadResult from_second = story.fetch(2);
    CHECK(from_second.first_base_offset == 2);
    CHECK(from_second.position == first.bytes);
    CHECK(story.fetch(3).bytes.empty());
  });
}

TEST_CASE("reads outside the log are out of range", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.produce({"a", "b"});
  story.produce({"c"});
  REQUIRE(story.log().advance_log_start_offset(2).ok());
  CHECK(story.log().read(1, 100, 3, true).error().kind == LogError::Kind::offset_out_of_range);
  CHECK(story.log().read(4, 100, 3, true).error().kind == LogError::Kind::offset_out_of_range);
  CHECK(story.log().read(-1, 100, 3, true).error().kind == LogError::Kind::offset_out_of_range);
  CHECK(story.fetch(2).first_base_offset == 2);
  CHECK(story.log().advance_log_start_offset(4).error().kind ==
        LogError::Kind::offset_out_of_range);
}

TEST_CASE("a read ends before the high watermark's batch", "[unit]") {
  everywhere([](PartitionStory& story) {
    story.produce({"a", "b"});
    story.produce({"c", "d"});
    story.produce({"e"});
    CHECK(values_in(story.fetch(0, 1 << 20, 5).bytes) == Values{"a", "b", "c", "d", "e"});
    CHECK(values_in(story.fetch(0, 1 << 20, 4).bytes) == Values{"a", "b", "c", "d"});
    CHECK(values_in(story.fetch(0, 1 << 20, 3).bytes) == Values{"a", "b"});
    CHECK(story.fetch(2, 1 << 20, 2).bytes.empty());
    CHECK(story.fetch(0, 1 << 20, 1).bytes.empty());
    CHECK(story.fetch(4, 1 << 20, 2).bytes.empty());
  });
}

TEST_CASE("how much a read could give is known without reading", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  small_segments(story);
  for (int i = 0; i < 20; i += 2) story.produce(numbered(i, i + 2));
  REQUIRE(story.log().segment_count() > 2);
  for (Offset from = 0; from <= 20; ++from) {
    for (Offset upto = 0; upto <= 21; ++upto) {
      const auto readable = story.log().readable(from, upto);
      REQUIRE(readable.ok());
      const Readable found = readable.value();
      CHECK(found.bytes ==
            static_cast<std::int64_t>(story.fetch(from, 1 << 20, upto).bytes.size()));
      const LocalLog::Segments& segments = story.log().segments();
      const bool goes_on = std::any_of(segments.begin(), segments.end(), [&](const auto& one) {
        return one->base_offset() > from && one->base_offset() <= std::min<Offset>(upto, 20);
      });
      CHECK(found.goes_on_behind == (found.bytes > 0 && goes_on));
    }
  }
  CHECK(story.log().readable(21, 22).error().kind == LogError::Kind::offset_out_of_range);
}

TEST_CASE("max_bytes cuts the last batch, never the first", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  const std::int64_t size = story.produce({"aaaa"}).bytes;
  story.produce({"bbbb"});
  const ReadResult cut = story.fetch(0, size + 5);
  CHECK(static_cast<std::int64_t>(cut.bytes.size()) == size + 5);
  CHECK(values_in(cut.bytes) == Values{"aaaa"});
  CHECK(values_in(story.fetch(0, 1).bytes) == Values{"aaaa"});
  const ReadResult refused = story.fetch(0, size - 1, INT64_MAX, false);
  CHECK(refused.bytes.empty());
  CHECK(refused.first_batch_too_large);
  CHECK(values_in(story.fetch(0, size, INT64_MAX, false).bytes) == Values{"aaaa"});
}

TEST_CASE("segments roll by size and are named by their first offset", "[unit]") {
  everywhere([](PartitionStory& story) {
    small_segments(story);
    bool rolled = false;
    for (int i = 0; i < 20; ++i) rolled = story.produce(numbered(i, i + 1)).rolled || rolled;
    CHECK(rolled);
    CHECK(story.log().segment_count() > 2);
    for (const auto& segment : story.log().segments()) CHECK(segment->size() <= 400);
    CHECK(story.consume_all() == numbered(0, 20));
    const auto names = story.env().list(story.dir()).value();
    const Offset second = story.log().segments()[1]->base_offset();
    for (const std::string_view suffix : {log_suffix, index_suffix, time_index_suffix}) {
      CHECK(std::count(names.begin(), names.end(), segment_file_name(second, suffix)) == 1);
    }
    CHECK(names[0] == "00000000000000000000.index");
  });
}

TEST_CASE("segments roll by age, in the records' own time", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.config.segment_ms = 1000;
  story.open();
  const auto produce_at = [&](Timestamp timestamp) {
    ByteVector batch = batch_of({"x"}, timestamp);
    return story.log().append_as_leader(batch, 0, 999'999).value().rolled;
  };
  CHECK_FALSE(produce_at(5000));
  CHECK_FALSE(produce_at(6000));
  CHECK(produce_at(6001));
  CHECK_FALSE(produce_at(7001));
}

TEST_CASE("the offset and time index have Kafka's bytes", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  small_segments(story, 100'000);
  std::vector<std::int64_t> positions;
  for (int i = 0; i < 5; ++i) positions.push_back(story.produce({"0123456789"}).position);
  // 78-byte batches, an entry once more than 100 bytes went in: at the third and the fifth.
  REQUIRE(positions[1] == 78);
  story.flush();
  CHECK(story.log().active_segment().offset_index().entries() ==
        std::vector<OffsetPosition>{{2, 156}, {4, 312}});
  const std::string index = read_text(env, "/data/orders-0/00000000000000000000.index").value();
  CHECK(index == std::string("\0\0\0\2\0\0\0\x9c\0\0\0\4\0\0\1\x38", 16));
  const std::string times = read_text(env, "/data/orders-0/00000000000000000000.timeindex").value();
  CHECK(times == std::string("\0\0\0\0\0\0\3\xea\0\0\0\2\0\0\0\0\0\0\3\xec\0\0\0\4", 24));
}

TEST_CASE("truncation drops whole batches, and appending goes on", "[unit]") {
  everywhere([](PartitionStory& story) {
    small_segments(story);
    for (int i = 0; i < 20; i += 2) story.produce(numbered(i, i + 2));
    story.flush();
    story.truncate_to(7);  // Inside the batch 6..7, in an older segment.
    CHECK(story.log().log_end_offset() == 7);
    CHECK(story.log().recovery_point() == 7);
    CHECK(story.consume_all() == numbered(0, 6));
    story.truncate_to(6);
    story.produce({"new"});
    Values expected = numbered(0, 6);
    expected.push_back("new");
    CHECK(story.consume_all() == expected);
    story.reopen_unclean();
    CHECK(story.consume_all() == expected);
    CHECK(story.log().truncate_to(100).value() == false);
    story.truncate_to(0);
    CHECK(story.log().size() == 0);
    CHECK(story.consume_all().empty());
  });
}

TEST_CASE("a log can be emptied to start elsewhere", "[unit]") {
  everywhere([](PartitionStory& story) {
    small_segments(story);
    for (int i = 0; i < 20; ++i) story.produce(numbered(i, i + 1));
    REQUIRE(story.log().truncate_fully_and_start_at(500).ok());
    CHECK(story.log().log_start_offset() == 500);
    CHECK(story.log().log_end_offset() == 500);
    CHECK(story.log().leader_epochs().empty());
    CHECK(story.produce({"x"}).first_offset == 500);
    story.reopen_unclean();
    CHECK(story.log().log_start_offset() == 500);
    CHECK(story.consume_all() == Values{"x"});
    // Truncating before everything there is empties it again.
    story.truncate_to(100);
    CHECK(story.log().log_start_offset() == 100);
    CHECK(story.log().log_end_offset() == 100);
  });
}

TEST_CASE("a follower's log is the leader's, byte for byte", "[unit]") {
  everywhere([](PartitionStory& leader) {
    MemoryEnv env;
    PartitionStory follower(env);
    for (int i = 0; i < 10; ++i) {
      leader.epoch = i / 4;
      leader.produce(numbered(i * 3, i * 3 + 3), i % 2 == 0 ? Codec::gzip : Codec::none);
    }
    while (follower.log().log_end_offset() < leader.log().log_end_offset()) {
      follower.replicate(leader.fetch(follower.log().log_end_offset(), 250).bytes);
    }
    CHECK(follower.consume_all() == numbered(0, 30));
    CHECK(follower.log().leader_epochs().entries() == leader.log().leader_epochs().entries());
    CHECK(follower.fetch(0).bytes.size() == leader.fetch(0).bytes.size());
    CHECK(as_text(follower.fetch(0).bytes) == as_text(leader.fetch(0).bytes));
    CHECK(leader.log().end_offset_for_epoch(0) == EpochEndOffset{0, 12});
    CHECK(leader.log().end_offset_for_epoch(2) == EpochEndOffset{2, 30});
  });
}

TEST_CASE("however many batches come at once, each counts for the indexes", "[unit]") {
  MemoryEnv leaders_env;
  MemoryEnv followers_env;
  PartitionStory leader(leaders_env);
  small_segments(leader, 100'000);
  PartitionStory follower(followers_env);
  small_segments(follower, 100'000);
  for (int i = 0; i < 7; ++i) leader.produce({"0123456789"});
  follower.replicate(leader.fetch(0).bytes);
  leader.flush();
  follower.flush();
  for (const char* suffix : {".index", ".timeindex"}) {
    const std::string path = "/data/orders-0/00000000000000000000" + std::string(suffix);
    const std::string leaders = read_text(leaders_env, path).value();
    CHECK(leaders.size() >= 24);
    CHECK(read_text(followers_env, path).value() == leaders);
  }
}

TEST_CASE("a segment's age counts from its first batch, not its first append", "[unit]") {
  MemoryEnv env;
  PartitionStory follower(env);
  follower.config.segment_ms = 1000;
  follower.open();
  ByteVector both = batch_of({"early"}, 5000);
  ByteVector second = batch_of({"late"}, 5900);
  assign_offsets(both, 0, 0);
  assign_offsets(second, 1, 0);
  both.insert(both.end(), second.begin(), second.end());
  follower.replicate(both);
  ByteVector third = batch_of({"too late"}, 6001);
  assign_offsets(third, 2, 0);
  CHECK(follower.replicate(third).rolled);
}

TEST_CASE("a follower takes gaps, but nothing it already has", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.produce({"a", "b"});
  ByteVector batch = batch_of({"late"});
  assign_offsets(batch, 1, 0);
  CHECK(story.log().append_as_follower(batch, 0).error().kind == LogError::Kind::unexpected_offset);
  assign_offsets(batch, 10, 3);
  CHECK(story.replicate(batch).first_offset == 10);
  CHECK(story.log().log_end_offset() == 11);
  CHECK(story.fetch(2).first_base_offset == 10);
  CHECK(story.consume_all() == Values{"a", "b", "late"});
  ByteVector twice = batch;
  twice.insert(twice.end(), batch.begin(), batch.end());
  assign_offsets(twice, 11, 3);
  CHECK(story.log().append_as_follower(twice, 0).error().kind == LogError::Kind::unexpected_offset);
  CHECK(story.log().log_end_offset() == 11);
}

TEST_CASE("bad batches are refused whole", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.config.max_message_bytes = 200;
  story.config.segment_bytes = 300;
  story.open();
  const auto refusal = [&](ByteVector bytes) {
    return story.log().append_as_leader(bytes, 0, 0).error().kind;
  };
  ByteVector good = batch_of({"good"});
  ByteVector flipped = batch_of({"bad"});
  flipped.back() ^= std::byte{1};
  ByteVector both = good;
  both.insert(both.end(), flipped.begin(), flipped.end());
  CHECK(refusal(both) == LogError::Kind::corrupt);
  CHECK(refusal(ByteVector(good.begin(), good.end() - 1)) == LogError::Kind::corrupt);
  CHECK(refusal(batch_of({std::string(200, 'x')})) == LogError::Kind::record_too_large);
  ByteVector many = good;
  for (int i = 0; i < 4; ++i) many.insert(many.end(), good.begin(), good.end());
  CHECK(refusal(many) == LogError::Kind::batch_too_large);
  CHECK(story.log().size() == 0);
  CHECK(story.log().log_end_offset() == 0);
  CHECK(story.log().leader_epochs().empty());
}

TEST_CASE("validate_records finds records that contradict their header", "[unit]") {
  ByteVector bytes = batch_of({"abc"});
  bytes[batch_header_size] = std::byte{2};  // The record's length,
  assign_log_append_time(bytes, 0);         // under a good checksum.
  MemoryEnv env;
  PartitionStory story(env);
  CHECK(story.log().append_as_leader(bytes, 0, 0).ok());
  story.config.validate_records = true;
  story.open();
  CHECK(story.log().append_as_leader(bytes, 0, 0).error().kind == LogError::Kind::corrupt);
}

TEST_CASE("LogAppendTime writes the broker's time", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.config.message_timestamp_type = TimestampType::log_append_time;
  story.open();
  ByteVector batch = batch_of({"a"}, 1);
  const auto info = story.log().append_as_leader(batch, 0, 4242).value();
  CHECK(info.max_timestamp == 4242);
  CHECK(info.log_append_time == 4242);
  CHECK(decode_all(story.fetch(0).bytes).value()[0].timestamp == 4242);
}

TEST_CASE("a time leads to the first record not before it", "[unit]") {
  everywhere([](PartitionStory& story) {
    small_segments(story);
    for (int i = 0; i < 20; ++i) {
      BatchBuilder builder;
      builder.append(1000 + i * 10, std::nullopt, as_bytes("x"));
      builder.append(1005 + i * 10, std::nullopt, as_bytes("y"));
      ByteVector batch = builder.build();
      REQUIRE(story.log().append_as_leader(batch, 3, 0).ok());
    }
    REQUIRE(story.log().segment_count() > 2);
    const auto at = [&](Timestamp timestamp) {
      return story.log().offset_for_timestamp(timestamp).value();
    };
    for (int i = 0; i < 20; ++i) {
      CHECK(at(1000 + i * 10)->offset == i * 2);
      CHECK(at(1001 + i * 10)->offset == i * 2 + 1);
      CHECK(at(1001 + i * 10)->timestamp == 1005 + i * 10);
    }
    CHECK(at(0)->offset == 0);
    CHECK(at(0)->leader_epoch == 3);
    CHECK_FALSE(at(1196).has_value());
    REQUIRE(story.log().advance_log_start_offset(5).ok());
    CHECK(at(0)->offset == 5);
  });
}

TEST_CASE("old segments go once the log's start has passed them", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  small_segments(story);
  for (int i = 0; i < 30; ++i) story.produce(numbered(i, i + 1));
  const std::size_t before = story.log().segment_count();
  const Offset third = story.log().segments()[2]->base_offset();
  REQUIRE(story.log().advance_log_start_offset(third + 1).ok());
  CHECK(story.log().delete_old_segments().value() == 2);
  CHECK(story.log().segment_count() == before - 2);
  CHECK(story.consume_all() == numbered(static_cast<int>(third) + 1, 30));
  REQUIRE(story.log().advance_log_start_offset(30).ok());
  CHECK(story.log().delete_old_segments().value() == static_cast<int>(before) - 3);
}

TEST_CASE("a clean stop leaves nothing to recover", "[unit]") {
  everywhere([](PartitionStory& story) {
    small_segments(story);
    for (int i = 0; i < 20; ++i) {
      story.epoch = i / 7;
      story.produce(numbered(i, i + 1));
    }
    const auto epochs = story.log().leader_epochs().entries();
    const auto max = story.log().active_segment().max_timestamp();
    story.reopen_clean();
    CHECK(story.log().recovery().segments_scanned == 0);
    CHECK(story.log().log_end_offset() == 20);
    CHECK(story.log().recovery_point() == 20);
    CHECK(story.log().leader_epochs().entries() == epochs);
    CHECK(story.log().active_segment().max_timestamp() == max);
    CHECK(story.consume_all() == numbered(0, 20));
    CHECK(story.produce({"v20"}).first_offset == 20);
    CHECK(story.consume_all() == numbered(0, 21));
  });
}

TEST_CASE("after an unclean stop only what lies behind the recovery point is scanned", "[unit]") {
  everywhere([](PartitionStory& story) {
    small_segments(story);
    for (int i = 0; i < 20; ++i) story.produce(numbered(i, i + 1));
    story.flush();
    for (int i = 20; i < 25; ++i) story.produce(numbered(i, i + 1));
    const std::size_t segments = story.log().segment_count();
    story.reopen_unclean();
    CHECK(story.log().recovery().segments_scanned > 0);
    CHECK(story.log().recovery().segments_scanned < static_cast<std::int32_t>(segments));
    CHECK(story.log().recovery().bytes_cut == 0);
    CHECK(story.log().recovery_point() == 20);
    CHECK(story.consume_all() == numbered(0, 25));
  });
}

TEST_CASE("lost, damaged and orphaned index files are rebuilt or removed", "[unit]") {
  everywhere([](PartitionStory& story) {
    small_segments(story);
    for (int i = 0; i < 20; ++i) story.produce(numbered(i, i + 1));
    const auto expected = story.log().segments()[0]->offset_index().entries();
    REQUIRE_FALSE(expected.empty());
    REQUIRE(story.log().close().ok());
    story.forget();
    Env& env = story.env();
    const auto in_dir = [&](Offset base, std::string_view suffix) {
      return join_path(story.dir(), segment_file_name(base, suffix));
    };
    REQUIRE(env.remove(in_dir(0, index_suffix)).ok());
    const auto append_to = [&](const std::string& path, std::string_view text) {
      auto file = env.exists(path) ? env.open(path) : env.create(path);
      REQUIRE(file.value()->append(as_bytes(text)).ok());
    };
    append_to(in_dir(5, time_index_suffix), "torn");
    append_to(in_dir(10, index_suffix), std::string(8, '\0'));
    append_to(in_dir(777, index_suffix), "orphan");
    append_to(join_path(story.dir(), "00000000000000000003.log.deleted"), "x");
    story.open({.recovery_point = 20, .log_start_offset = 0, .clean = true, .now = 0});
    CHECK(story.log().recovery().bytes_cut == 0);
    CHECK(story.log().recovery().segments_scanned >= 1);
    CHECK(story.log().segments()[0]->offset_index().entries() == expected);
    CHECK_FALSE(env.exists(in_dir(777, index_suffix)));
    CHECK_FALSE(env.exists(join_path(story.dir(), "00000000000000000003.log.deleted")));
    CHECK(story.consume_all() == numbered(0, 20));
  });
}

TEST_CASE("power loss keeps what was flushed, and the log goes on from there", "[unit]") {
  MemoryEnv env;
  RandomStream random(9, "power");
  PartitionStory story(env);
  small_segments(story);
  story.epoch = 1;
  for (int i = 0; i < 10; ++i) story.produce(numbered(i, i + 1));
  story.flush();
  story.epoch = 2;
  for (int i = 10; i < 20; ++i) story.produce(numbered(i, i + 1));
  CHECK(story.log().unflushed_records() == 10);
  env.lose_unsynced(random);
  story.reopen_unclean();
  CHECK(story.consume_all() == numbered(0, 10));
  CHECK(story.log().log_end_offset() == 10);
  // Epoch 2 was noted on disk, but none of its records survived.
  CHECK(story.log().leader_epochs().entries() == std::vector<EpochEntry>{{1, 0}});
  story.epoch = 3;
  story.produce({"v10"});
  CHECK(story.consume_all() == numbered(0, 11));
}

TEST_CASE("a torn last write is cut at the last whole batch", "[unit]") {
  int cut = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    MemoryEnv env;
    RandomStream random(seed, "tear");
    PartitionStory story(env);
    for (int i = 0; i < 10; ++i) story.produce({std::string(300, static_cast<char>('a' + i))});
    story.flush();
    for (int i = 10; i < 20; ++i) story.produce({std::string(300, static_cast<char>('a' + i))});
    const Values written = story.consume_all();
    env.lose_unsynced(random, {.tear_probability = 1.0});
    story.reopen_unclean();
    const Values left = story.consume_all();
    INFO("seed " << seed);
    REQUIRE(left.size() >= 10);
    REQUIRE(std::equal(left.begin(), left.end(), written.begin()));
    REQUIRE(story.log().log_end_offset() == static_cast<Offset>(left.size()));
    if (story.log().recovery().bytes_cut > 0) ++cut;
    story.produce({"next"});
    REQUIRE(story.consume_all().back() == "next");
  }
  CHECK(cut > 20);
}

TEST_CASE("damage in the middle ends the log there", "[unit]") {
  everywhere([](PartitionStory& story) {
    small_segments(story);
    for (int i = 0; i < 20; ++i) story.produce(numbered(i, i + 1));
    const auto& second = *story.log().segments()[1];
    const Offset base = second.base_offset();
    const std::string path = join_path(story.dir(), segment_file_name(base, log_suffix));
    story.forget();
    std::string bytes = read_text(story.env(), path).value();
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    {
      auto file = story.env().open(path).value();
      REQUIRE(file->truncate(0).ok());
      REQUIRE(file->append(as_bytes(bytes)).ok());
    }
    story.open();
    CHECK(story.log().segment_count() == 2);
    CHECK(story.log().recovery().segments_removed > 0);
    const Offset end = story.log().log_end_offset();
    CHECK(end >= base);
    CHECK(end < base + 5);
    CHECK(story.consume_all() == numbered(0, static_cast<int>(end)));
    story.produce(numbered(static_cast<int>(end), static_cast<int>(end) + 1));
    CHECK(story.consume_all() == numbered(0, static_cast<int>(end) + 1));
  });
}

TEST_CASE("a failing disk takes the log offline until it is opened anew", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.produce({"v0"});
  env.fail_call(1, IoErrorKind::no_space);
  ByteVector batch = batch_of({"v1"});
  const auto failed = story.log().append_as_leader(batch, 0, 0);
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().kind == LogError::Kind::io);
  CHECK(failed.error().io->kind == IoErrorKind::no_space);
  CHECK(story.log().append_as_leader(batch, 0, 0).error().kind == LogError::Kind::io);
  CHECK(story.log().flush().error().kind == LogError::Kind::io);
  CHECK(values_in(story.fetch(0).bytes) == Values{"v0"});
  story.reopen_unclean();
  story.produce({"v1"});
  CHECK(story.consume_all() == numbered(0, 2));
}

TEST_CASE("flush.messages syncs by itself", "[unit]") {
  MemoryEnv env;
  RandomStream random(1, "power");
  PartitionStory story(env);
  story.config.flush_messages = 3;
  story.open();
  CHECK_FALSE(story.produce(numbered(0, 2)).flushed);
  CHECK(story.produce(numbered(2, 3)).flushed);
  CHECK_FALSE(story.produce(numbered(3, 4)).flushed);
  env.lose_unsynced(random);
  story.reopen_unclean();
  CHECK(story.consume_all() == numbered(0, 3));
}

TEST_CASE("a leader's epoch counts from when it leads", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.epoch = 1;
  story.produce({"a"});
  REQUIRE(story.log().assign_epoch_start(2, 1).ok());
  CHECK(story.log().end_offset_for_epoch(1) == EpochEndOffset{1, 1});
  // It lost the lead without appending anything: the new leader's epoch takes its place.
  story.truncate_to(1);
  CHECK(story.log().leader_epochs().entries() == std::vector<EpochEntry>{{1, 0}});
}

}  // namespace brokerlab::log
