// Compaction: what a keyed topic keeps.
#include "log/partition/cleaner.h"

#include "tests/log/partition_story.h"

#include <map>
#include <rapidcheck.h>

namespace brokerlab::log {
namespace {

using test::PartitionStory;

struct Write {
  std::string key;
  std::optional<std::string> value;
};

ByteVector batch_of(const std::vector<Write>& writes, Timestamp timestamp,
                    BatchBuilder::Options options = {}) {
  BatchBuilder builder(options);
  for (const Write& write : writes) {
    builder.append(timestamp, as_bytes(write.key),
                   write.value ? std::optional<ByteView>(as_bytes(*write.value)) : std::nullopt);
  }
  return builder.build();
}

class CompactedStory : public PartitionStory {
 public:
  explicit CompactedStory(Env& env) : PartitionStory(env) {
    config.segment_bytes = 250;
    config.cleanup_compact = true;
    open();
  }
  void write(const std::vector<Write>& writes, Timestamp timestamp = 1000,
             BatchBuilder::Options options = {}, AppendOrigin origin = AppendOrigin::client) {
    ByteVector batch = batch_of(writes, timestamp, options);
    const auto appended = log().append_as_leader(batch, epoch, timestamp, origin);
    if (!appended.ok()) FAIL(test::text_of(appended.error()));
  }
  CleanerStats clean(Timestamp now = 1000, CleanerConfig cleaner = {}) {
    LogCleaner job(log(), cleaner, first_dirty);
    const auto stats = job.clean(now, log().log_end_offset());
    if (!stats.ok()) FAIL(test::text_of(stats.error()));
    first_dirty = job.first_dirty_offset();
    return *stats;
  }
  /// "offset key=value", a null value as "-", for every record.
  std::vector<std::string> records() {
    std::vector<std::string> all;
    for (Offset at = log().log_start_offset(); at < log().log_end_offset();) {
      const ReadResult got = fetch(at, 1000);
      if (got.bytes.empty()) break;
      for (const BatchView& batch : Batches(got.bytes)) {
        at = batch.next_offset();
        if (batch.is_control()) {
          all.push_back(fmt::format("{} marker", batch.base_offset()));
          continue;
        }
        const auto records = decode_records(batch);
        REQUIRE(records.ok());
        for (const Record& record : *records) {
          all.push_back(fmt::format("{} {}={}", record.offset, as_text(*record.key),
                                    record.value ? as_text(*record.value) : "-"));
        }
      }
    }
    return all;
  }
  /// Ends a transaction, which is replicated at once.
  void end(std::int64_t producer, std::int16_t producer_epoch, TransactionResult result) {
    ByteVector marker = build_marker(producer, producer_epoch, 1000, {result, 0});
    const auto appended = log().append_as_leader(marker, epoch, 1000, AppendOrigin::coordinator);
    if (!appended.ok()) FAIL(test::text_of(appended.error()));
    log().on_high_watermark(log().log_end_offset());
  }
  void roll() { REQUIRE(log().roll(1000).ok()); }
  Offset first_dirty = 0;
};

BatchBuilder::Options by_producer(std::int64_t id, std::int32_t sequence, bool transactional) {
  return {.producer_id = id,
          .producer_epoch = 0,
          .base_sequence = sequence,
          .transactional = transactional};
}

using RecordList = std::vector<std::string>;

}  // namespace

TEST_CASE("of every key the latest record stays, at its offset", "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  for (int i = 0; i < 12; ++i) story.write({{fmt::format("k{}", i % 3), std::to_string(i)}});
  const CleanerStats stats = story.clean();
  CHECK(stats.keys == 3);
  // What is in the active segment was not looked at.
  const Offset active = story.log().active_segment().base_offset();
  CHECK(stats.first_dirty_offset == active);
  RecordList expected;
  for (Offset i = active - 3; i < 12; ++i) {
    expected.push_back(fmt::format("{} k{}={}", i, i % 3, i));
  }
  CHECK(story.records() == expected);
  // Segments that have become small make one together, the next time.
  const std::size_t before = story.log().segment_count();
  story.first_dirty = 0;
  story.clean();
  CHECK(story.log().segment_count() < before);
  CHECK(story.records() == expected);
  CHECK(story.log().log_end_offset() == 12);
  story.write({{"more", "1"}});
  CHECK(story.log().log_end_offset() == 13);
  story.reopen_clean();
  CHECK(story.log().log_end_offset() == 13);
}

TEST_CASE("batches keep codec, headers and gaps; a second cleaning copies them as they are",
          "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  story.config.segment_bytes = 400;
  story.open();
  story.write({{"a", "1"}, {"b", "1"}, {"a", "2"}, {"c", "1"}}, 1000, {.codec = Codec::gzip});
  for (int i = 0; i < 8; ++i) story.write({{"x", "1"}, {"y", "1"}});
  story.clean();
  const ReadResult front = story.fetch(0);
  const BatchView first = BatchView::parse(front.bytes).value();
  CHECK(first.codec() == Codec::gzip);
  CHECK(first.base_offset() == 0);
  CHECK(first.last_offset() == 3);
  CHECK(first.record_count() == 3);
  CHECK(validate(story.fetch(0).bytes).ok());
  const RecordList once = story.records();
  CHECK(once.front() == "1 b=1");
  story.first_dirty = 0;
  story.clean();
  CHECK(story.records() == once);
}

TEST_CASE("a tombstone stays for delete.retention.ms after its first cleaning", "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  story.write({{"a", "1"}});
  story.write({{"a", std::nullopt}});
  for (int i = 0; i < 6; ++i) story.write({{"x", "1"}});
  const CleanerConfig week{.delete_retention_ms = 7000};
  story.clean(1000, week);
  CHECK(story.records().front() == "1 a=-");
  CHECK(BatchView::parse(story.fetch(1).bytes).value().delete_horizon() == Timestamp{8000});
  for (int i = 0; i < 6; ++i) story.write({{"x", "1"}});
  story.clean(7999, week);
  CHECK(story.records().front() == "1 a=-");
  for (int i = 0; i < 6; ++i) story.write({{"x", "1"}});
  story.clean(8000, week);
  CHECK(story.records().front() != "1 a=-");
}

TEST_CASE("when a cleaning is due, and how far it may go", "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  for (int i = 0; i < 20; ++i) story.write({{"k", std::to_string(i)}}, i * 1000);
  const auto range = [&](CleanerConfig config, Timestamp now, Offset high_watermark = 20) {
    return LogCleaner(story.log(), config, story.first_dirty).range(now, high_watermark);
  };
  const Offset active = story.log().active_segment().base_offset();
  CHECK(range({}, 20'000).first_uncleanable == active);
  CHECK(range({}, 20'000, 7).first_uncleanable == 7);
  const Offset protected_from = range({.min_compaction_lag_ms = 10'000}, 20'000).first_uncleanable;
  CHECK(protected_from < active);
  CHECK(protected_from >= 8);
  CHECK(LogCleaner(story.log(), {}).due(20'000, 20));
  story.clean(20'000);
  CHECK_FALSE(LogCleaner(story.log(), {}, story.first_dirty).due(20'000, 20));
  for (int i = 0; i < 3; ++i) story.write({{fmt::format("n{}", i), std::string(80, 'x')}}, 30'000);
  const LogCleaner strict(story.log(), {.min_cleanable_dirty_ratio = 1.0}, story.first_dirty);
  CHECK_FALSE(strict.due(40'000, story.log().log_end_offset()));
}

TEST_CASE("max.compaction.lag.ms ends the active segment, and makes the log due", "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  story.config.segment_bytes = 1'000'000;
  story.config.max_compaction_lag_ms = 5'000;
  story.open();
  story.write({{"a", "1"}}, 10'000);
  story.write({{"a", "2"}}, 15'000);
  CHECK(story.log().segment_count() == 1);
  story.write({{"a", "3"}}, 15'001);
  CHECK(story.log().segment_count() == 2);
  const LogCleaner strict(story.log(), {.min_cleanable_dirty_ratio = 1.0});
  CHECK_FALSE(strict.due(15'000, story.log().log_end_offset()));
  CHECK(strict.due(15'001, story.log().log_end_offset()));
}

// Copying would give rotten bytes a good checksum; leaving them out would lose what is behind them.
TEST_CASE("what is damaged is not compacted away", "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  for (int i = 0; i < 12; ++i) story.write({{"k", std::to_string(i)}});
  const std::string path = join_path(story.dir(), segment_file_name(0, log_suffix));
  const std::string before = read_text(env, path).value();
  const auto size = static_cast<std::int64_t>(before.size());
  const std::int64_t at = GENERATE(2, 30, 65);  // the offset, under the checksum, a record
  env.flip_bit(path, at, 0);
  const auto cleaned = LogCleaner(story.log(), {}).clean(1000, 12);
  REQUIRE_FALSE(cleaned.ok());
  CHECK(cleaned.error().kind == LogError::Kind::corrupt);
  CHECK(cleaned.error().message.find(path + ": malformed: damaged at position 0: ") !=
        std::string::npos);
  CHECK_FALSE(story.log().offline());
  CHECK(static_cast<std::int64_t>(read_text(env, path).value().size()) == size);
  env.flip_bit(path, at, 0);
  CHECK(read_text(env, path).value() == before);
  CHECK(LogCleaner(story.log(), {}).clean(1000, 12).ok());
}

// Found on any bytes (nothing_lost_test.cpp). Kafka's cleaner gives such a partition up.
TEST_CASE("a batch that cannot be read to its end replaces nothing", "[unit]") {
  MemoryEnv env;
  test::PartitionStory story(env);
  const auto batch = [](std::string_view value) {
    BatchBuilder builder;
    builder.append(1, as_bytes("key"), as_bytes(value));
    builder.append(1, as_bytes("other"), as_bytes(value));
    return builder.build();
  };
  ByteVector good = batch("good");
  REQUIRE(story.log().append_as_leader(good, 0, 1).ok());
  ByteVector bad = batch("half");
  bad[bad.size() - 12] ^= std::byte{0x40};  // The length of the second record's key.
  assign_log_append_time(bad, 1);           // A right checksum.
  const auto read = decode_records(validate(bad).value());
  REQUIRE_FALSE(read.ok());
  REQUIRE(story.log().append_as_leader(bad, 0, 1).ok());
  REQUIRE(story.log().roll(1).ok());
  REQUIRE(LogCleaner(story.log(), {}).clean(1, story.log().log_end_offset()).ok());
  CHECK(test::values_in(story.fetch(0, 100).bytes) == test::Values{"good", "good"});
}

TEST_CASE("a compacted topic takes no record without a key", "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  BatchBuilder builder;
  builder.append(1000, as_bytes("key"), as_bytes("value"));
  builder.append(1000, std::nullopt, as_bytes("value"));
  ByteVector batch = builder.build();
  const auto refused = story.log().append_as_leader(batch, 0, 1000);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == LogError::Kind::invalid);
  CHECK(refused.error().message == "a record without a key in a compacted topic");
  CHECK(story.log().log_end_offset() == 0);
  story.write({{"", "an empty key is a key"}});
}

TEST_CASE("a map too small for all keys cleans what it could note, the rest next time", "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  for (int i = 0; i < 40; ++i) story.write({{fmt::format("k{}", i % 10), std::to_string(i)}});
  const CleanerConfig small{.dedupe_buffer_size = 24 * 6};
  Offset before = -1;
  while (story.first_dirty != before) {
    before = story.first_dirty;
    story.clean(1000, small);
  }
  CHECK(story.first_dirty == story.log().active_segment().base_offset());
  std::map<std::string, int> seen;
  for (const std::string& record : story.records()) {
    ++seen[record.substr(record.find(' ') + 1, record.find('=') - record.find(' ') - 1)];
  }
  CHECK(seen.size() == 10);
}

TEST_CASE("records of aborted transactions go, markers follow in time", "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  const auto end = [&](std::int64_t producer, TransactionResult result) {
    ByteVector marker = build_marker(producer, 0, 1000, {result, 0});
    REQUIRE(story.log().append_as_leader(marker, 0, 1000, AppendOrigin::coordinator).ok());
  };
  const auto transactional = [](std::int64_t producer) {
    return BatchBuilder::Options{
        .producer_id = producer, .producer_epoch = 0, .base_sequence = 0, .transactional = true};
  };
  story.write({{"a", "committed"}}, 1000, transactional(1));  // 0
  end(1, TransactionResult::commit);                          // 1
  story.write({{"a", "aborted"}}, 1000, transactional(2));    // 2
  end(2, TransactionResult::abort);                           // 3
  for (int i = 0; i < 8; ++i) story.write({{"x", "1"}});
  const CleanerConfig config{.delete_retention_ms = 5000};
  story.log().on_high_watermark(story.log().log_end_offset());
  story.clean(1000, config);
  RecordList records = story.records();
  records.resize(3);
  // The aborted batch remembers its producer, without records; its marker is still needed.
  CHECK(records == RecordList{"0 a=committed", "1 marker", "3 marker"});
  CHECK(story.log().producers().find(2) != nullptr);
  story.reopen_unclean();
  CHECK(story.log().producers().find(2)->last_sequence() == 0);
}

TEST_CASE("a transaction aborted in the clean part hides nothing in the dirty part", "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  story.config.segment_bytes = 1000;
  story.open();
  story.write({{"a", "1"}}, 1000, by_producer(7, 0, true));  // 0
  story.end(7, 0, TransactionResult::abort);                 // 1
  story.roll();
  story.clean();
  REQUIRE(story.first_dirty == 2);
  story.write({{"k", "old"}}, 1000, by_producer(7, 1, true));  // 2
  story.end(7, 0, TransactionResult::commit);                  // 3
  story.write({{"k", "new"}}, 1000, by_producer(7, 2, true));  // 4
  story.end(7, 0, TransactionResult::commit);                  // 5
  story.roll();
  CHECK(story.clean().keys == 1);
  const RecordList records = story.records();
  CHECK(std::find(records.begin(), records.end(), "2 k=old") == records.end());
  CHECK(std::find(records.begin(), records.end(), "4 k=new") != records.end());
}

TEST_CASE("a follower takes the header that a cleaner left of a marker", "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  story.config.segment_bytes = 1000;
  story.open();
  story.write({{"a", "1"}}, 1000, by_producer(7, 0, true));
  story.end(7, 1, TransactionResult::abort);  // with the coordinator's epoch: the producer's last
  story.roll();
  for (const Timestamp now : {1000, 2000, 100'000, 200'000}) {
    story.first_dirty = 0;
    story.clean(now, {.delete_retention_ms = 10});
  }
  const ReadResult left = story.fetch(0);
  const auto batch = validate(left.bytes);
  REQUIRE(batch.ok());
  CHECK(batch->is_control());
  CHECK(batch->record_count() == 0);
  CHECK(batch->base_offset() == 1);
  CHECK(read_marker(*batch).value() == std::nullopt);
  MemoryEnv elsewhere;
  CompactedStory follower(elsewhere);
  follower.replicate(left.bytes);
  CHECK(follower.log().log_end_offset() == 2);
  follower.reopen_unclean();
  CHECK(follower.log().log_end_offset() == 2);
}

TEST_CASE("a batch that is kept for its producer keeps the time it was heard of", "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  story.config.segment_bytes = 1000;
  story.open();
  story.write({{"a", "1"}}, 100'000, by_producer(7, 0, false));
  story.write({{"a", "2"}}, 100'000);
  story.roll();
  story.clean(100'000);
  const ReadResult front = story.fetch(0);
  const BatchView emptied = BatchView::parse(front.bytes).value();
  CHECK(emptied.producer_id() == 7);
  CHECK(emptied.record_count() == 0);
  CHECK(emptied.max_timestamp() == 100'000);
  const auto names = env.list(story.dir()).value();
  for (const std::string& name : names) {
    if (name.ends_with(snapshot_suffix)) REQUIRE(env.remove(join_path(story.dir(), name)).ok());
  }
  story.open();
  const Timestamp day = 24 * 3600 * 1000;
  CHECK(story.log().remove_expired_producers(100'000 + day - 1) == 0);
  CHECK(story.log().remove_expired_producers(100'000 + day) == 1);
}

TEST_CASE("an aborted batch of a codec that nobody knows is emptied like any other", "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  story.config.segment_bytes = 1000;
  story.open();
  ByteVector batch = batch_of({{"a", "1"}}, 1000, by_producer(7, 0, true));
  batch[22] |= std::byte{5};
  assign_log_append_time(batch, 1000);  // Mends the checksum.
  story.replicate(batch);
  story.end(7, 0, TransactionResult::abort);
  story.roll();
  story.clean();
  const ReadResult front = story.fetch(0);
  const BatchView emptied = BatchView::parse(front.bytes).value();
  CHECK(emptied.record_count() == 0);
  CHECK(emptied.codec() == Codec::none);
  CHECK(emptied.max_timestamp() == 1000);
}

TEST_CASE("what is written behind a truncation is dirty again", "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  story.config.segment_bytes = 5000;
  story.open();
  story.write({{"k", "1"}});
  story.write({{"j", "1"}});
  story.write({{"k", "2"}});
  story.roll();
  LogCleaner cleaner(story.log(), {});
  REQUIRE(cleaner.clean(1000, 3).ok());
  REQUIRE(cleaner.first_dirty_offset() == 3);
  story.truncate_to(2);
  cleaner.on_truncation(2);
  CHECK(cleaner.first_dirty_offset() == 2);
  story.write({{"j", "2"}});  // At offset 2, where k=2 was.
  story.roll();
  story.write({{"z", "1"}});
  story.roll();
  REQUIRE(cleaner.clean(1000, 4).ok());
  CHECK(story.records() == RecordList{"2 j=2", "3 z=1"});
  cleaner.on_truncation(100);  // Behind what was cleaned nothing changes.
  CHECK(cleaner.first_dirty_offset() == 4);
}

TEST_CASE("an open transaction replaces nothing yet", "[unit]") {
  MemoryEnv env;
  CompactedStory story(env);
  story.config.segment_bytes = 1000;
  story.open();
  story.write({{"k", "old"}});                                 // 0
  story.write({{"k", "new"}}, 1000, by_producer(7, 0, true));  // 1, open
  story.roll();
  story.clean();
  CHECK(story.records().front() == "0 k=old");
}

TEST_CASE("a crash at any call of a cleaning leaves every key's latest record", "[unit]") {
  const auto life = [](MemoryEnv& env) {
    auto story = std::make_unique<CompactedStory>(env);
    for (int i = 0; i < 30; ++i) story->write({{fmt::format("k{}", i % 4), std::to_string(i)}});
    story->flush();
    return story;
  };
  const auto latest = [](CompactedStory& story) {
    std::map<std::string, std::string> values;
    Offset before = -1;
    for (const std::string& record : story.records()) {
      const auto space = record.find(' ');
      const auto equals = record.find('=');
      const Offset offset = std::stoll(record.substr(0, space));
      CHECK(offset > before);
      before = offset;
      values[record.substr(space + 1, equals - space - 1)] = record;
    }
    return values;
  };
  MemoryEnv whole;
  const auto expected = latest(*life(whole));
  int crashes = 0;
  for (bool finished = false; !finished; ++crashes) {
    MemoryEnv env;
    const auto story = life(env);
    env.fail_call(crashes + 1, IoErrorKind::io);
    LogCleaner cleaner(story->log(), {});
    finished = cleaner.clean(1000, 30).ok();
    env.faults().heal();
    RandomStream random(static_cast<std::uint64_t>(crashes), "crash");
    env.lose_unsynced(random, {.tear_probability = 0.5});
    story->forget();
    story->open({.recovery_point = 30, .clean = false});
    INFO("crash at call " << crashes + 1);
    CHECK(latest(*story) == expected);
    CHECK(story->log().log_end_offset() == 30);
    REQUIRE(LogCleaner(story->log(), {}).clean(1000, 30).ok());
    CHECK(latest(*story) == expected);
    story->write({{"on", "1"}});
    const auto names = env.list(story->dir()).value();
    for (const std::string& name : names) {
      CHECK_FALSE(name.ends_with(cleaned_suffix));
      CHECK_FALSE(name.ends_with(swap_suffix));
    }
  }
  CHECK(crashes > 30);
}

// Only the process dies: every byte and every name stays as it was at that call.
TEST_CASE("a process that dies in a cleaning leaves times that can be looked up", "[unit]") {
  int deaths = 0;
  for (bool finished = false; !finished; ++deaths) {
    MemoryEnv env;
    CompactedStory story(env);
    story.config.segment_bytes = 1000;
    story.open();
    for (int i = 0; i < 6; ++i) story.write({{fmt::format("k{}", i), "v"}}, 1000 + i);
    REQUIRE(story.log().roll(2000).ok());
    story.write({{"z", "1"}}, 3000);
    story.flush();
    const Offset flushed = story.log().recovery_point();
    env.faults().crash_at_call(deaths + 1);
    finished = LogCleaner(story.log(), {}).clean(3000, 7).ok();
    env.faults().heal();
    env.kill_process();
    story.forget();
    story.open({.recovery_point = flushed});
    INFO("the process died at call " << deaths + 1);
    const auto found = story.log().offset_for_timestamp(1002);
    REQUIRE(found.ok());
    REQUIRE(found.value());
    CHECK(found.value()->offset == 2);
    CHECK(story.records().size() == 7);
  }
  CHECK(deaths > 30);
}

TEST_CASE("after a cleaning that failed anywhere the log can still be read", "[unit]") {
  int failures = 0;
  for (bool finished = false; !finished; ++failures) {
    MemoryEnv env;
    CompactedStory story(env);
    for (int i = 0; i < 12; ++i) story.write({{fmt::format("k{}", i % 3), std::to_string(i)}});
    env.fail_call(failures + 1, IoErrorKind::io);
    finished = LogCleaner(story.log(), {}).clean(1000, 12).ok();
    env.faults().heal();
    INFO("call " << failures + 1 << " failed");
    const RecordList left = story.records();
    REQUIRE_FALSE(left.empty());
    CHECK(left.back() == "11 k2=11");
    CHECK(story.log().size() > 0);
  }
  CHECK(failures > 30);
}

TEST_CASE("any keyed log keeps the latest of every key", "[property]") {
  CHECK(rc::check("any keyed log keeps the latest of every key", [](std::uint64_t seed) {
    RandomStream random(seed, "keyed life");
    MemoryEnv env;
    CompactedStory story(env);
    std::map<std::string, std::pair<Offset, std::optional<std::string>>> expected;
    for (int step = 0; step < 120; ++step) {
      if (random.chance(0.9)) {
        std::vector<Write> writes;
        const auto count = 1 + random.below(4);
        for (std::int64_t i = 0; i < count; ++i) {
          Write write{fmt::format("k{}", random.below(12)), std::nullopt};
          if (random.chance(0.8))
            write.value = std::string(static_cast<std::size_t>(random.below(30)), 'v');
          expected[write.key] = {story.log().log_end_offset() + i, write.value};
          writes.push_back(write);
        }
        story.write(writes, step, {.codec = random.chance(0.3) ? Codec::gzip : Codec::none});
      } else if (random.chance(0.7)) {
        story.clean(step, {.delete_retention_ms = 1'000'000,
                           .dedupe_buffer_size = 24 * (3 + random.below(20))});
      } else {
        story.reopen_unclean();
      }
    }
    std::map<std::string, std::string> found;
    for (const std::string& record : story.records()) {
      found[record.substr(record.find(' ') + 1, record.find('=') - record.find(' ') - 1)] = record;
    }
    RC_ASSERT(found.size() == expected.size());
    for (const auto& [key, latest] : expected) {
      RC_ASSERT(found[key] ==
                fmt::format("{} {}={}", latest.first, key, latest.second.value_or("-")));
    }
  }));
}

}  // namespace brokerlab::log
