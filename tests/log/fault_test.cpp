// What a MemoryEnv does wrong when told to, and that the callers cope.
#include "tests/log/partition_story.h"

namespace brokerlab::log {
namespace {

std::unique_ptr<File> file_with(MemoryEnv& env, const std::string& path, std::string_view text) {
  auto file = env.create(path).value();
  REQUIRE(file->append(as_bytes(text)).ok());
  return file;
}

std::string text_in(MemoryEnv& env, const std::string& path) {
  const auto text = read_text(env, path);
  REQUIRE(text.ok());
  return text.value();
}

}  // namespace

TEST_CASE("every call from the n-th on fails until the fault is healed", "[unit]") {
  MemoryEnv env;
  auto file = file_with(env, "/f", "12");
  env.faults().fail_calls_from(2, IoErrorKind::no_space);
  CHECK(file->append(as_bytes("3")).ok());
  for (int i = 0; i < 3; ++i) {
    CHECK(file->append(as_bytes("4")).error().kind == IoErrorKind::no_space);
    CHECK(env.create("/g").error().kind == IoErrorKind::no_space);
    CHECK(env.list("/").error().kind == IoErrorKind::no_space);
  }
  env.faults().heal();
  CHECK(file->append(as_bytes("5")).ok());
  CHECK(text_in(env, "/f") == "1235");
}

TEST_CASE("a failed append may have written some of its bytes", "[unit]") {
  MemoryEnv env;
  auto file = file_with(env, "/f", "12");
  env.faults().fail_call(1, IoErrorKind::no_space, 3);
  CHECK(file->append(as_bytes("34567")).error().kind == IoErrorKind::no_space);
  CHECK(text_in(env, "/f") == "12345");
}

TEST_CASE("a workload can be asked how many calls it made", "[unit]") {
  MemoryEnv env;
  const auto before = env.faults().calls();
  REQUIRE(write_text_atomically(env, "/point", "0\n0\n").ok());
  // create, append, sync, rename, sync_dir
  CHECK(env.faults().calls() - before == 5);
}

TEST_CASE("the power fails in the middle of a write", "[unit]") {
  MemoryEnv env;
  RandomStream random(1, "power");
  auto file = file_with(env, "/f", "synced ");
  REQUIRE(file->sync().ok());
  env.faults().crash_at_call(2, 5);
  REQUIRE(file->append(as_bytes("whole ")).ok());
  CHECK_FALSE(file->append(as_bytes("broken off")).ok());
  CHECK(env.faults().crashed());
  // Nothing works any more, nothing changes any more.
  CHECK(env.open("/f").error().kind == IoErrorKind::io);
  CHECK_FALSE(env.remove("/f").ok());
  CHECK_FALSE(file->sync().ok());
  CHECK_FALSE(file->append(as_bytes("x")).ok());
  SECTION("with the machine") {
    CHECK(env.lose_unsynced(random) == 11);
    CHECK(text_in(env, "/f") == "synced ");
  }
  SECTION("of one process only") {
    env.kill_process();
    CHECK(text_in(env, "/f") == "synced whole broke");
    CHECK_FALSE(file->append(as_bytes("from the grave")).ok());
    CHECK(env.lose_unsynced(random) == 11);
    CHECK(text_in(env, "/f") == "synced ");
  }
}

TEST_CASE("a crash before a rename leaves the old name", "[unit]") {
  MemoryEnv env;
  file_with(env, "/a", "a");
  env.faults().crash_at_call(1);
  CHECK_FALSE(env.rename("/a", "/b").ok());
  env.kill_process();
  CHECK(env.exists("/a"));
  CHECK_FALSE(env.exists("/b"));
}

TEST_CASE("a tear can be asked to respect no sector", "[unit]") {
  RandomStream random(7, "tear");
  std::set<std::size_t> lengths;
  for (int run = 0; run < 300; ++run) {
    MemoryEnv env;
    auto file = file_with(env, "/f", "0123");
    REQUIRE(file->sync().ok());
    REQUIRE(file->append(as_bytes("456789")).ok());
    env.lose_unsynced(random, {.tear_probability = 1.0, .tear_unit = 1});
    const std::string left = text_in(env, "/f");
    REQUIRE(left.starts_with("0123"));
    REQUIRE(left.size() <= 10);
    lengths.insert(left.size());
  }
  CHECK(lengths.size() == 7);
}

TEST_CASE("the journal may have committed some names by itself, never a later without an earlier",
          "[unit]") {
  RandomStream random(7, "journal");
  std::set<std::string> seen;
  for (int run = 0; run < 100; ++run) {
    MemoryEnv env;
    for (const char* path : {"/a", "/b", "/c"}) file_with(env, path, "");
    env.lose_unsynced(random, {.journal_probability = 1.0});
    const auto listed = env.list("/").value();
    std::string names;
    for (const std::string& name : listed) names += name;
    seen.insert(names);
  }
  CHECK(seen == std::set<std::string>{"", "a", "ab", "abc"});
}

TEST_CASE("a rotten bit stays rotten until it is cut away", "[unit]") {
  MemoryEnv env;
  auto file = file_with(env, "/f", "abcd");
  env.flip_bit("/f", 1, 0);
  CHECK(text_in(env, "/f") == "accd");
  REQUIRE(file->truncate(1).ok());
  REQUIRE(file->append(as_bytes("bcd")).ok());
  CHECK(text_in(env, "/f") == "abcd");

  RandomStream random(3, "rot");
  const auto flipped = env.flip_random_bit(random, "f");
  REQUIRE(flipped.has_value());
  CHECK(text_in(env, "/f") != "abcd");
  env.flip_bit(flipped->path, flipped->position, flipped->bit);
  CHECK(text_in(env, "/f") == "abcd");
  CHECK_FALSE(env.flip_random_bit(random, ".log").has_value());
}

TEST_CASE("a device that reads piecemeal makes no difference to a log", "[unit]") {
  MemoryEnv env;
  test::PartitionStory story(env);
  story.config.segment_bytes = 300;
  story.open();
  for (int i = 0; i < 20; ++i) story.produce({fmt::format("value {}", i)});
  const test::Values before = story.consume_all();
  env.faults().short_reads(7);
  CHECK(story.consume_all() == before);
  story.reopen_unclean();
  CHECK(story.log().recovery().bytes_cut == 0);
  CHECK(story.consume_all() == before);
}

TEST_CASE("a device that stops in the middle of a read is an error, not the end of the log",
          "[unit]") {
  MemoryEnv env;
  test::PartitionStory story(env);
  for (int i = 0; i < 20; ++i) story.produce({fmt::format("value {}", i)});
  const std::int64_t size = story.log().size();
  story.forget();
  env.faults().short_reads(0);
  const auto opened = Log::open(env, story.dir(), story.config, {});
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().io->kind == IoErrorKind::io);
  env.faults().heal();
  story.open();
  CHECK(story.log().size() == size);
  CHECK(story.consume_all().size() == 20);
}

TEST_CASE("a rotten bit in the log is found by recovery, which cuts there", "[unit]") {
  MemoryEnv env;
  test::PartitionStory story(env);
  for (int i = 0; i < 5; ++i) story.produce({fmt::format("value {}", i)});
  const std::string path = join_path(story.dir(), segment_file_name(0, log_suffix));
  const std::int64_t each = story.log().size() / 5;
  env.flip_bit(path, 3 * each + 70, 4);
  story.reopen_unclean();
  CHECK(story.log().log_end_offset() == 3);
  CHECK(story.log().recovery().bytes_cut == 2 * each);
  story.produce({"and on"});
  CHECK(story.consume_all() == test::Values{"value 0", "value 1", "value 2", "and on"});
}

TEST_CASE("an index rebuilt for a flushed segment is rebuilt once", "[unit]") {
  MemoryEnv env;
  RandomStream random(1, "power");
  test::PartitionStory story(env);
  story.config.index_interval_bytes = 0;
  story.open();
  for (int i = 0; i < 5; ++i) story.produce({fmt::format("value {}", i)});
  REQUIRE(story.log().roll(0).ok());
  story.produce({"value 5"});
  story.flush();
  REQUIRE(env.remove(join_path(story.dir(), segment_file_name(0, index_suffix))).ok());
  story.reopen_unclean();
  CHECK(story.log().recovery().segments_scanned == 2);
  env.lose_unsynced(random);
  story.reopen_unclean();
  CHECK(story.log().recovery().segments_scanned == 1);
  CHECK(story.log().segments().front()->offset_index().size() == 4);
  CHECK(story.consume_all().size() == 6);
}

TEST_CASE("a file cut behind our back is an error on disk too", "[unit]") {
  const test::TemporaryFolder folder;
  PosixEnv env;
  const std::string path = folder.path() + "/f";
  auto file = env.create(path).value();
  REQUIRE(file->append(as_bytes("0123456789")).ok());
  REQUIRE(env.open(path).value()->truncate(4).ok());
  ByteVector part(6);
  CHECK(file->read_at(0, MutableByteView(part).first(4)).ok());
  CHECK(file->read_at(2, part).error().kind == IoErrorKind::io);
  CHECK(file->read_at(10, part).value() == 0);
}

}  // namespace brokerlab::log
