// Leader epochs and the checkpoint files. The cases are those of Kafka's LeaderEpochFileCacheTest,
// retold.
#include "log/directory/checkpoint.h"
#include "tests/log/partition_story.h"

namespace brokerlab::log {
namespace {

using Entries = std::vector<EpochEntry>;

LeaderEpochCache history(const Entries& entries) {
  LeaderEpochCache cache;
  for (const EpochEntry& entry : entries) cache.assign(entry.epoch, entry.start_offset);
  return cache;
}

}  // namespace

TEST_CASE("an epoch ends where the next begins, the latest at the log's end", "[unit]") {
  const auto cache = history({{2, 100}, {4, 200}, {7, 300}});
  CHECK(cache.end_offset_for(7, 350) == EpochEndOffset{7, 350});
  CHECK(cache.end_offset_for(4, 350) == EpochEndOffset{4, 300});
  CHECK(cache.end_offset_for(2, 350) == EpochEndOffset{2, 200});
  // Between two known epochs: the earlier one's end.
  CHECK(cache.end_offset_for(3, 350) == EpochEndOffset{2, 200});
  CHECK(cache.end_offset_for(6, 350) == EpochEndOffset{4, 300});
  // Before the first: it has been cut away, begin where the log begins.
  CHECK(cache.end_offset_for(1, 350) == EpochEndOffset{1, 100});
  // From the future, or unknown: nothing.
  CHECK(cache.end_offset_for(8, 350) == EpochEndOffset{});
  CHECK(cache.end_offset_for(no_epoch, 350) == EpochEndOffset{});
  CHECK(LeaderEpochCache().end_offset_for(0, 350) == EpochEndOffset{});
}

TEST_CASE("an epoch keeps its first offset", "[unit]") {
  auto cache = history({{2, 6}});
  CHECK_FALSE(cache.assign(2, 7));
  CHECK(cache.entries() == Entries{{2, 6}});
  CHECK(cache.assign(2, 5));
  CHECK(cache.entries() == Entries{{2, 5}});
}

TEST_CASE("a new entry drops those that contradict it", "[unit]") {
  SECTION("an epoch that wrote nothing") {
    CHECK(history({{2, 6}, {3, 6}}).entries() == Entries{{3, 6}});
  }
  SECTION("a newer epoch at an earlier offset") {
    CHECK(history({{1, 5}, {2, 9}, {3, 7}}).entries() == Entries{{1, 5}, {3, 7}});
  }
  SECTION("an older epoch behind a newer") {
    CHECK(history({{1, 5}, {3, 7}, {2, 8}}).entries() == Entries{{1, 5}, {2, 8}});
  }
}

TEST_CASE("epochs are cut with the log, at either end", "[unit]") {
  auto cache = history({{2, 6}, {3, 8}, {4, 11}});
  SECTION("from the end, the entry at the offset goes too") {
    cache.truncate_from_end(8);
    CHECK(cache.entries() == Entries{{2, 6}});
  }
  SECTION("from the end, between entries") {
    cache.truncate_from_end(9);
    CHECK(cache.entries() == Entries{{2, 6}, {3, 8}});
  }
  SECTION("from the start, the entry at the offset stays") {
    cache.truncate_from_start(8);
    CHECK(cache.entries() == Entries{{3, 8}, {4, 11}});
  }
  SECTION("from the start, the covering entry begins there") {
    cache.truncate_from_start(9);
    CHECK(cache.entries() == Entries{{3, 9}, {4, 11}});
  }
  SECTION("from the start, behind all") {
    cache.truncate_from_start(15);
    CHECK(cache.entries() == Entries{{4, 15}});
  }
  SECTION("from the start, before all") {
    cache.truncate_from_start(1);
    CHECK(cache.entries() == Entries{{2, 6}, {3, 8}, {4, 11}});
  }
}

TEST_CASE("the epoch of an offset", "[unit]") {
  const auto cache = history({{2, 6}, {3, 8}});
  CHECK_FALSE(cache.epoch_for(5).has_value());
  CHECK(cache.epoch_for(7) == 2);
  CHECK(cache.epoch_for(8) == 3);
  CHECK(cache.previous_epoch(3) == 2);
  CHECK_FALSE(cache.previous_epoch(2).has_value());
}

TEST_CASE("epochs are kept in Kafka's text form", "[unit]") {
  MemoryEnv env;
  auto cache = history({{2, 6}, {3, 8}});
  REQUIRE(cache.dirty());
  REQUIRE(cache.flush(env, "/leader-epoch-checkpoint").ok());
  CHECK_FALSE(cache.dirty());
  CHECK(read_text(env, "/leader-epoch-checkpoint").value() == "0\n2\n2 6\n3 8\n");
  const auto loaded = LeaderEpochCache::load(env, "/leader-epoch-checkpoint");
  REQUIRE(loaded.ok());
  CHECK(loaded.value().entries() == cache.entries());
  CHECK(LeaderEpochCache::load(env, "/none").value().empty());
}

TEST_CASE("offset checkpoints round trip, and the old one survives a crash", "[unit]") {
  MemoryEnv env({.capacity = INT64_MAX, .sync_commits_names = false});
  RandomStream random(1, "power");
  const OffsetCheckpoint first = {{{"orders", 0}, 12}, {{"orders", 10}, 0}, {{"a.b", 3}, 9}};
  REQUIRE(write_checkpoint(env, "/recovery-point-offset-checkpoint", first).ok());
  CHECK(read_text(env, "/recovery-point-offset-checkpoint").value() ==
        "0\n3\na.b 3 9\norders 0 12\norders 10 0\n");
  env.lose_unsynced(random);
  CHECK(read_checkpoint(env, "/recovery-point-offset-checkpoint").value() == first);
  // The next write breaks off at each of its steps in turn.
  for (int step = 1; step < 10; ++step) {
    env.fail_call(step, IoErrorKind::io);
    const auto written = write_checkpoint(env, "/recovery-point-offset-checkpoint", {});
    if (written.ok()) break;
    env.lose_unsynced(random);
    REQUIRE(read_checkpoint(env, "/recovery-point-offset-checkpoint").value() == first);
  }
}

TEST_CASE("malformed checkpoints are errors that name the line", "[unit]") {
  const std::string text =
      GENERATE("", "1\n0\n", "0\n", "0\nx\n", "0\n2\na 0 1\n", "0\n1\na 0\n", "0\n1\na 0 1 2\n",
               "0\n1\na x 1\n", "0\n1\na 0 -1\n", "0\n1\na 0 99999999999999999999\n",
               "0\n2\na 0 1\na 0 1\n", "0\n1\n 0 1\n");
  MemoryEnv env;
  REQUIRE(write_text_atomically(env, "/c", text).ok());
  const auto read = read_checkpoint(env, "/c");
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().message.find("line") != std::string::npos);
  CHECK_FALSE(LeaderEpochCache::load(env, "/c").ok());
}

}  // namespace brokerlab::log
