// The two environments: what both do, and what MemoryEnv loses with the power.
#include "tests/log/partition_story.h"

namespace brokerlab::log {
namespace {

ByteVector contents(Env& env, const std::string& path) {
  auto text = read_text(env, path);
  REQUIRE(text.ok());
  const ByteView bytes = as_bytes(text.value());
  return {bytes.begin(), bytes.end()};
}

void write(Env& env, const std::string& path, std::string_view text) {
  auto file = env.exists(path) ? env.open(path) : env.create(path);
  REQUIRE(file.ok());
  REQUIRE(file.value()->append(as_bytes(text)).ok());
}

void basic_story(Env& env, const std::string& root) {
  const std::string dir = root + "/a/b";
  REQUIRE(env.make_dir(dir).ok());
  REQUIRE(env.make_dir(dir).ok());
  const std::string path = join_path(dir, "one");
  auto file = env.create(path).value();
  CHECK(env.create(path).error().kind == IoErrorKind::exists);
  REQUIRE(file->append(as_bytes("hello ")).ok());
  REQUIRE(file->append(as_bytes("world")).ok());
  CHECK(file->size() == 11);
  ByteVector part(8);
  CHECK(file->read_at(6, part).value() == 5);
  CHECK(as_text(ByteView(part).first(5)) == "world");
  CHECK(file->read_at(100, part).value() == 0);
  REQUIRE(file->truncate(5).ok());
  REQUIRE(file->append(as_bytes("!")).ok());
  REQUIRE(file->sync().ok());
  CHECK(as_text(contents(env, path)) == "hello!");

  write(env, join_path(dir, "two"), "2");
  CHECK(env.list(dir).value() == std::vector<std::string>{"one", "two"});
  CHECK(env.list(root + "/a").value() == std::vector<std::string>{"b"});
  REQUIRE(env.rename(path, join_path(dir, "two")).ok());
  CHECK(as_text(contents(env, join_path(dir, "two"))) == "hello!");
  CHECK_FALSE(env.remove_dir(dir).ok());
  REQUIRE(env.remove(join_path(dir, "two")).ok());
  CHECK(env.remove(join_path(dir, "two")).error().kind == IoErrorKind::not_found);
  CHECK(env.open(path).error().kind == IoErrorKind::not_found);
  CHECK(env.create(root + "/nowhere/file").error().kind == IoErrorKind::not_found);
  REQUIRE(env.sync_dir(dir).ok());

  {
    const auto held = env.lock(join_path(dir, ".lock"));
    REQUIRE(held.ok());
    CHECK(env.lock(join_path(dir, ".lock")).error().kind == IoErrorKind::locked);
  }
  CHECK(env.lock(join_path(dir, ".lock")).ok());
  REQUIRE(env.remove(join_path(dir, ".lock")).ok());

  write(env, join_path(dir, "three"), "3");
  const std::string moved = root + "/a/c";
  CHECK_FALSE(env.rename(dir, root + "/nowhere/b").ok());
  REQUIRE(env.rename(dir, moved).ok());
  CHECK(env.list(root + "/a").value() == std::vector<std::string>{"c"});
  CHECK(as_text(contents(env, join_path(moved, "three"))) == "3");
  REQUIRE(env.rename(moved, dir).ok());
  REQUIRE(env.remove(join_path(dir, "three")).ok());
  REQUIRE(env.remove_dir(dir).ok());
  CHECK(env.list(dir).error().kind == IoErrorKind::not_found);
}

}  // namespace

TEST_CASE("files and directories behave the same in memory and on disk", "[unit]") {
  SECTION("memory") {
    MemoryEnv env;
    basic_story(env, "/data");
  }
  SECTION("disk") {
    const test::TemporaryFolder folder;
    PosixEnv env;
    basic_story(env, folder.path());
  }
}

TEST_CASE("a large file in memory keeps every byte", "[unit]") {
  MemoryEnv env;
  auto file = env.create("/big").value();
  RandomStream random(3, "big");
  ByteVector expected;
  std::size_t largest = 0;
  for (int step = 0; step < 600; ++step) {
    ByteVector part(static_cast<std::size_t>(random.below(9000)));
    for (std::byte& byte : part) byte = static_cast<std::byte>(random.bits());
    REQUIRE(file->append(part).ok());
    expected.insert(expected.end(), part.begin(), part.end());
    largest = std::max(largest, expected.size());
    if (random.chance(0.02)) {
      expected.resize(
          static_cast<std::size_t>(random.below(static_cast<std::int64_t>(expected.size()) + 1)));
      REQUIRE(file->truncate(static_cast<std::int64_t>(expected.size())).ok());
      if (random.chance(0.9)) continue;
      REQUIRE(file->truncate(0).ok());
      expected.clear();
    }
  }
  CHECK(largest > 200'000);
  CHECK(contents(env, "/big") == expected);
  CHECK(env.total_size() == static_cast<std::int64_t>(expected.size()));
}

TEST_CASE("a directory renamed and not synced has its old name after a power loss", "[unit]") {
  MemoryEnv env({.sync_commits_names = false});
  RandomStream random(1, "power");
  REQUIRE(env.make_dir("/data/a-0").ok());
  write(env, "/data/a-0/log", "kept");
  REQUIRE(env.open("/data/a-0/log").value()->sync().ok());
  REQUIRE(env.sync_dir("/data/a-0").ok());
  SECTION("not synced") {
    REQUIRE(env.rename("/data/a-0", "/data/a-0.x-delete").ok());
    REQUIRE(env.remove("/data/a-0.x-delete/log").ok());
    REQUIRE(env.remove_dir("/data/a-0.x-delete").ok());
    env.lose_unsynced(random);
    CHECK(env.list("/data").value() == std::vector<std::string>{"a-0"});
    CHECK(as_text(contents(env, "/data/a-0/log")) == "kept");
  }
  SECTION("synced") {
    REQUIRE(env.rename("/data/a-0", "/data/a-0.x-delete").ok());
    REQUIRE(env.sync_dir("/data").ok());
    env.lose_unsynced(random);
    CHECK(env.list("/data").value() == std::vector<std::string>{"a-0.x-delete"});
  }
}

TEST_CASE("power loss takes what was not synced", "[unit]") {
  MemoryEnv env;
  RandomStream random(1, "power");
  write(env, "/log", "synced,");
  REQUIRE(env.open("/log").value()->sync().ok());
  write(env, "/log", "written back,");
  const FileId id = env.open("/log").value()->id();
  env.mark_durable(id, 7, 20);
  write(env, "/log", "in the cache");
  write(env, "/new", "12345");
  CHECK(env.unsynced_bytes() == 17);
  auto held = env.open("/log").value();

  CHECK(env.lose_unsynced(random) == 17);
  CHECK(as_text(contents(env, "/log")) == "synced,written back,");
  CHECK_FALSE(env.exists("/new"));
  CHECK(env.total_size() == 20);
  CHECK_FALSE(held->append(as_bytes("x")).ok());
  write(env, "/log", "on");
  CHECK(as_text(contents(env, "/log")) == "synced,written back,on");
}

TEST_CASE("bytes behind a hole do not survive", "[unit]") {
  MemoryEnv env;
  RandomStream random(1, "power");
  write(env, "/log", "0123456789");
  env.mark_durable(env.open("/log").value()->id(), 0, 3);
  env.mark_durable(env.open("/log").value()->id(), 6, 10);
  CHECK(env.unsynced_bytes() == 3);
  env.lose_unsynced(random);
  CHECK(as_text(contents(env, "/log")) == "012");
}

TEST_CASE("renames, removals and creations not committed are undone", "[unit]") {
  MemoryEnv env({.capacity = INT64_MAX, .sync_commits_names = false});
  RandomStream random(1, "power");
  write(env, "/old", "old");
  write(env, "/gone", "gone");
  REQUIRE(env.open("/old").value()->sync().ok());
  REQUIRE(env.open("/gone").value()->sync().ok());
  REQUIRE(env.sync_dir("/").ok());

  write(env, "/new", "new");
  REQUIRE(env.open("/new").value()->sync().ok());
  REQUIRE(env.rename("/new", "/old").ok());
  REQUIRE(env.remove("/gone").ok());
  CHECK(as_text(contents(env, "/old")) == "new");
  SECTION("without a sync of the directory") {
    env.lose_unsynced(random);
    CHECK(as_text(contents(env, "/old")) == "old");
    CHECK(as_text(contents(env, "/gone")) == "gone");
    CHECK_FALSE(env.exists("/new"));
    CHECK(env.total_size() == 7);
  }
  SECTION("with one") {
    REQUIRE(env.sync_dir("/").ok());
    env.lose_unsynced(random);
    CHECK(as_text(contents(env, "/old")) == "new");
    CHECK_FALSE(env.exists("/gone"));
    CHECK(env.total_size() == 3);
  }
}

/// A medium that takes its time: the test says when it has got how far.
struct SlowMedium : IoObserver {
  explicit SlowMedium(MemoryEnv& env) : env_(env) { env.set_observer(this); }
  bool syncs_at_once() const override { return false; }
  void on_names_changed(std::int64_t change) override { changes.push_back(change); }
  void on_write(FileId, std::int64_t, std::int64_t) override {}
  void on_read(FileId, std::int64_t, std::int64_t) override {}
  void on_sync(FileId) override {}
  void on_truncate(FileId, std::int64_t) override {}
  void on_remove(FileId) override {}

  void enter(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) env_.names().enter(changes.at(i));
    changes.erase(changes.begin(), changes.begin() + static_cast<std::ptrdiff_t>(count));
  }

  MemoryEnv& env_;
  std::vector<std::int64_t> changes;  ///< Not entered.
};

TEST_CASE("where syncs take time, a power loss in between takes bytes and names", "[unit]") {
  MemoryEnv env;
  SlowMedium medium(env);
  RandomStream random(1, "power");
  write(env, "/checkpoint", "old");
  write(env, "/log", "0123456789");
  medium.enter(2);
  const FileId log = env.open("/log").value()->id();
  env.mark_durable(env.open("/checkpoint").value()->id(), 0, 3);
  env.mark_durable(log, 0, 4);

  // The log is synced, then a checkpoint that vouches for it.
  REQUIRE(env.open("/log").value()->sync().ok());
  write(env, "/checkpoint.tmp", "ten");
  const FileId checkpoint = env.open("/checkpoint.tmp").value()->id();
  REQUIRE(env.open("/checkpoint.tmp").value()->sync().ok());
  REQUIRE(env.rename("/checkpoint.tmp", "/checkpoint").ok());
  REQUIRE(env.sync_dir("/").ok());
  CHECK(as_text(contents(env, "/checkpoint")) == "ten");
  SECTION("nothing has reached the medium") {
    CHECK(env.lose_unsynced(random) == 9);
    CHECK(as_text(contents(env, "/log")) == "0123");
    CHECK(as_text(contents(env, "/checkpoint")) == "old");
    CHECK_FALSE(env.exists("/checkpoint.tmp"));
    CHECK(env.total_size() == 7);
  }
  SECTION("write-back commits the names that have entered the journal, no others") {
    env.mark_durable(checkpoint, 0, 3);
    write(env, "/next", "n");
    env.names().enter(medium.changes.back());
    env.mark_durable(log, 0, 4);
    env.lose_unsynced(random);
    CHECK(as_text(contents(env, "/checkpoint")) == "old");
    CHECK(env.exists("/next"));
  }
  SECTION("all of it was done") {
    env.mark_durable(log, 0, 10);
    env.mark_durable(checkpoint, 0, 3);
    medium.enter(2);
    env.commit_names();
    env.lose_unsynced(random);
    CHECK(as_text(contents(env, "/log")) == "0123456789");
    CHECK(as_text(contents(env, "/checkpoint")) == "ten");
    CHECK_FALSE(env.exists("/checkpoint.tmp"));
  }
  SECTION("a commit that began before a name entered is not for it") {
    const std::int64_t began = env.names().entered();
    medium.enter(2);
    CHECK(env.names().has_entries());
    env.names().commit(began);
    env.lose_unsynced(random);
    CHECK(as_text(contents(env, "/checkpoint")) == "old");
  }
  SECTION("only the process dies: everybody sees the new names, and they will be durable") {
    env.kill_process();
    env.mark_durable(checkpoint, 0, 3);
    env.lose_unsynced(random);
    CHECK(as_text(contents(env, "/checkpoint")) == "ten");
    CHECK_FALSE(env.exists("/checkpoint.tmp"));
  }
}

TEST_CASE("names committed in another order than they were made leave no file twice", "[unit]") {
  MemoryEnv env;
  SlowMedium medium(env);
  RandomStream random(1, "power");
  REQUIRE(env.make_dir("/t-0").ok());
  write(env, "/t-0/log", "12345");
  write(env, "/t-0/cp.tmp", "cp");
  medium.enter(2);
  for (const std::string path : {"/t-0/log", "/t-0/cp.tmp"}) {
    const auto file = env.open(path).value();
    env.mark_durable(file->id(), 0, file->size());
  }
  SECTION("a directory's name waits for those of its files") {
    REQUIRE(env.rename("/t-0/cp.tmp", "/t-0/cp").ok());
    REQUIRE(env.rename("/t-0", "/t-0-delete").ok());
    REQUIRE(env.remove("/t-0-delete/cp").ok());
    env.names().enter(medium.changes[1]);
    env.names().enter(medium.changes[2]);
    env.commit_names();
    env.lose_unsynced(random);
    CHECK(env.list("/t-0").value() == std::vector<std::string>{"log"});
    CHECK(env.total_size() == 5);
  }
  SECTION("of two files for one name the later stays") {
    REQUIRE(env.rename("/t-0/cp.tmp", "/t-0/cp").ok());  // waits
    write(env, "/t-0/cp.tmp", "newer");
    REQUIRE(env.rename("/t-0/cp.tmp", "/t-0/cp").ok());
    env.mark_durable(env.open("/t-0/cp").value()->id(), 0, 5);
    env.names().enter(medium.changes[1]);
    env.names().enter(medium.changes[2]);
    env.commit_names();
    env.names().enter(medium.changes[0]);
    env.commit_names();
    env.lose_unsynced(random);
    CHECK(as_text(contents(env, "/t-0/cp")) == "newer");
    CHECK(env.list("/t-0").value() == std::vector<std::string>{"cp", "log"});
    CHECK(env.total_size() == 10);
  }
  SECTION("a replacement whose last step alone is not committed leaves one of the two") {
    // cleaned -> swap, remove the log, swap -> log.
    write(env, "/t-0/log.cleaned", "12");
    REQUIRE(env.rename("/t-0/log.cleaned", "/t-0/log.swap").ok());
    REQUIRE(env.remove("/t-0/log").ok());
    REQUIRE(env.rename("/t-0/log.swap", "/t-0/log").ok());
    const int done = GENERATE(0, 1, 2, 3, 4);
    medium.enter(static_cast<std::size_t>(done));
    env.commit_names();
    env.lose_unsynced(random);
    const auto names = env.list("/t-0").value();
    INFO(done << " of 4");
    using Names = std::vector<std::string>;
    CHECK(names == std::vector<Names>{{"cp.tmp", "log"},
                                      {"cp.tmp", "log", "log.cleaned"},
                                      {"cp.tmp", "log", "log.swap"},
                                      {"cp.tmp", "log.swap"},
                                      {"cp.tmp", "log"}}[static_cast<std::size_t>(done)]);
  }
}

TEST_CASE("a torn write keeps whole sectors of what was written", "[unit]") {
  RandomStream random(5, "tear");
  int torn = 0;
  for (int run = 0; run < 200; ++run) {
    MemoryEnv env;
    write(env, "/log", std::string(700, 'd'));
    REQUIRE(env.open("/log").value()->sync().ok());
    write(env, "/log", std::string(3000, 'u'));
    env.lose_unsynced(random, {.tear_probability = 1.0});
    const ByteVector left = contents(env, "/log");
    REQUIRE(left.size() >= 700);
    REQUIRE(left.size() <= 3700);
    REQUIRE(std::all_of(left.begin(), left.begin() + 700,
                        [](std::byte b) { return b == std::byte{'d'}; }));
    REQUIRE((left.size() == 700 || left.size() == 3700 || left.size() % 512 == 0));
    if (left.size() > 700) ++torn;
    CHECK(env.unsynced_bytes() == 0);
  }
  CHECK(torn > 100);
}

TEST_CASE("a full disk and a failing call are errors", "[unit]") {
  MemoryEnv env({.capacity = 10, .sync_commits_names = true});
  auto file = env.create("/f").value();
  REQUIRE(file->append(as_bytes("12345678")).ok());
  CHECK(file->append(as_bytes("9ab")).error().kind == IoErrorKind::no_space);
  CHECK(file->size() == 8);
  env.fail_call(2, IoErrorKind::io);
  CHECK(file->append(as_bytes("9")).ok());
  CHECK(file->sync().error().kind == IoErrorKind::io);
  CHECK(file->sync().ok());
}

TEST_CASE("the observer hears of all traffic", "[unit]") {
  struct Ledger : IoObserver {
    std::int64_t written = 0, read = 0, syncs = 0, removed = 0, cut_to = -1;
    FileId last;
    void on_write(FileId file, std::int64_t, std::int64_t size) override {
      last = file;
      written += size;
    }
    void on_read(FileId, std::int64_t, std::int64_t size) override { read += size; }
    void on_sync(FileId) override { ++syncs; }
    void on_truncate(FileId, std::int64_t size) override { cut_to = size; }
    void on_remove(FileId) override { ++removed; }
  } ledger;
  MemoryEnv env;
  env.set_observer(&ledger);
  write(env, "/f", "12345");
  contents(env, "/f");
  {
    auto file = env.open("/f").value();
    REQUIRE(file->truncate(2).ok());
    REQUIRE(file->sync().ok());
    CHECK(file->id() == ledger.last);
  }
  CHECK(env.path_of(ledger.last) == "/f");
  REQUIRE(env.remove("/f").ok());
  CHECK(env.path_of(ledger.last) == "");
  CHECK(ledger.written == 5);
  CHECK(ledger.read == 5);
  CHECK(ledger.cut_to == 2);
  CHECK(ledger.syncs == 1);
  CHECK(ledger.removed == 1);
}

// As checkpoints are, every few seconds for as long as a broker lives.
TEST_CASE("a file that is written anew again and again leaves nothing behind", "[unit]") {
  MemoryEnv env;
  REQUIRE(env.make_dir("/d").ok());
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(write_text_atomically(env, "/d/checkpoint", fmt::format("{}", i)).ok());
  }
  CHECK(env.known_files() < 130);
  CHECK(read_text(env, "/d/checkpoint").value() == "9999");
}

}  // namespace brokerlab::log
