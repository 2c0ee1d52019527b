// Stories of a log directory: how it starts, stops, refuses, and what a power loss leaves of it.
#include "log/directory/log_directory.h"

#include "log/directory/log_manager.h"
#include "tests/log/partition_story.h"

namespace brokerlab::log {
namespace {

using test::batch_of;
using test::Values;
using test::values_in;

const TopicPartition orders{"orders", 0};
const TopicPartition clicks{"web.clicks", 3};

Uuid some_id(std::uint8_t seed) {
  Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(seed + i);
  }
  return id;
}

template <class T>
T must(Result<T, DirectoryError> result) {
  if (!result.ok()) FAIL(result.error().text());
  return std::move(result).value();
}

void must(const Status<DirectoryError>& done) {
  if (!done.ok()) FAIL(done.error().text());
}

/// One broker's directory, told about in domain verbs.
class DirectoryStory {
 public:
  DirectoryStory(Env& env, std::string path) : env_(env), path_(std::move(path)) {
    options.config_of = [](const std::string&) {
      LogConfig config;
      config.segment_bytes = 400;
      config.index_interval_bytes = 100;
      return config;
    };
  }

  void start() {
    dir_.reset();
    dir_ = must(LogDirectory::open(env_, path_, options));
    must(dir_->load_all());
  }
  DirectoryError refused() {
    dir_.reset();
    auto opened = LogDirectory::open(env_, path_, options);
    REQUIRE_FALSE(opened.ok());
    return opened.error();
  }
  void die() { dir_.reset(); }
  void stop(std::int64_t broker_epoch = -1) {
    must(dir_->close_cleanly(broker_epoch));
    dir_.reset();
  }

  void produce(const TopicPartition& name, int from, int to) {
    Log& log = *must(dir_->create(name, std::nullopt));
    for (int i = from; i < to; ++i) {
      ByteVector batch = batch_of({fmt::format("v{}", i)}, 1000 + i);
      REQUIRE(log.append_as_leader(batch, 0, 1000 + i).ok());
    }
  }

  Values consume(const TopicPartition& name) {
    Log* log = dir_->find(name);
    if (log == nullptr) return {"no such partition"};
    Values values;
    for (Offset offset = log->log_start_offset(); offset < log->log_end_offset();) {
      const auto got = log->read(offset, 1 << 20, log->log_end_offset(), true);
      REQUIRE(got.ok());
      for (const std::string& value : values_in(got->bytes)) values.push_back(value);
      for (const BatchView& batch : Batches(got->bytes)) offset = batch.next_offset();
    }
    return values;
  }

  std::string text(const std::string& name) {
    auto read = read_text(env_, join_path(path_, name));
    return read.ok() ? *read : "absent";
  }
  void write(const std::string& name, std::string_view text) {
    const std::string path = join_path(path_, name);
    if (env_.exists(path)) REQUIRE(env_.remove(path).ok());
    auto file = env_.create(path);
    REQUIRE(file.ok());
    REQUIRE((*file)->append(as_bytes(text)).ok());
  }

  LogDirectory& dir() { return *dir_; }
  Env& env() { return env_; }
  const std::string& path() const { return path_; }

  LogDirectory::Options options;

 private:
  Env& env_;
  std::string path_;
  std::unique_ptr<LogDirectory> dir_;
};

void everywhere(const std::function<void(DirectoryStory&)>& story) {
  SECTION("in memory") {
    MemoryEnv env({.sync_commits_names = false});
    DirectoryStory told(env, "/data");
    story(told);
  }
  SECTION("on disk") {
    const test::TemporaryFolder folder;
    PosixEnv env;
    DirectoryStory told(env, folder.path() + "/data");
    story(told);
  }
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("names of partition directories are Kafka's", "[unit]") {
  CHECK(parse_partition_dir("orders-0")->partition == orders);
  CHECK(parse_partition_dir("a-b-12")->partition == TopicPartition{"a-b", 12});
  const std::string id(32, 'f');
  for (const auto kind :
       {PartitionDirKind::deleted, PartitionDirKind::future, PartitionDirKind::stray}) {
    const auto parsed = parse_partition_dir(marked_dir_name(orders, kind, id));
    REQUIRE(parsed);
    CHECK(parsed->partition == orders);
    CHECK(parsed->kind == kind);
  }
  CHECK(marked_dir_name(orders, PartitionDirKind::stray, "1f") == "orders-0.1f-stray");
  // A topic called "x-delete" is not a deleted one.
  CHECK(parse_partition_dir("x-delete-4")->kind == PartitionDirKind::current);
  for (const char* name :
       {"", "orders", "-0", "orders-", "orders-x", "orders-00", "orders-4294967296",
        "orders-0-delete", "orders-0.-delete", "orders.1f-delete", "lost+found", "two words-0"}) {
    INFO(name);
    CHECK_FALSE(parse_partition_dir(name));
  }
  const TopicPartition long_name{std::string(249, 't'), 1000};
  const std::string marked = marked_dir_name(long_name, PartitionDirKind::deleted, id);
  CHECK(marked.size() == 255);
  CHECK(parse_partition_dir(marked)->kind == PartitionDirKind::deleted);
  CHECK_FALSE(topic_name_problem("web.clicks_2-b"));
  for (const std::string& topic : {std::string(), std::string(".."), std::string("a/b"),
                                   std::string("a b"), std::string(250, 'a')}) {
    CHECK(topic_name_problem(topic));
  }
}

TEST_CASE("a topic id is written as Kafka writes it", "[unit]") {
  const auto id = Uuid::parse("6jEp3JQHTxyXt5tTWOdpZA");
  REQUIRE(id);
  CHECK(id->bytes[0] == 0xea);
  CHECK(id->bytes[15] == 0x64);
  CHECK(id->text() == "6jEp3JQHTxyXt5tTWOdpZA");
  CHECK(Uuid{}.text() == "AAAAAAAAAAAAAAAAAAAAAA");
  for (std::uint8_t seed = 0; seed < 250; seed += 7) {
    CHECK(Uuid::parse(some_id(seed).text()) == some_id(seed));
  }
  CHECK_FALSE(Uuid::parse("6jEp3JQHTxyXt5tTWOdpZ"));
  CHECK_FALSE(Uuid::parse("6jEp3JQHTxyXt5tTWOdp+A"));
}

TEST_CASE("the small files are Kafka's, byte for byte", "[unit]") {
  everywhere([](DirectoryStory& story) {
    story.options.broker_id = 7;
    story.options.cluster_id = "Jc-cO4bRTYKeGKxYCLLZGQ";
    story.start();
    (void)must(story.dir().create(orders, some_id(1)));
    story.produce(orders, 0, 4);
    REQUIRE(story.dir().find(orders)->advance_log_start_offset(2).ok());
    must(story.dir().write_high_watermarks({{{"orders", 0}, 3}}));
    story.stop(17);
    CHECK(story.text("meta.properties") ==
          "#\ncluster.id=Jc-cO4bRTYKeGKxYCLLZGQ\nversion=0\nbroker.id=7\n");
    CHECK(story.text("orders-0/partition.metadata") ==
          "version: 0\ntopic_id: AQIDBAUGBwgJCgsMDQ4PEA");
    CHECK(story.text("recovery-point-offset-checkpoint") == "0\n1\norders 0 4\n");
    CHECK(story.text("log-start-offset-checkpoint") == "0\n1\norders 0 2\n");
    CHECK(story.text("replication-offset-checkpoint") == "0\n1\norders 0 3\n");
    CHECK(story.text(".kafka_cleanshutdown") == R"({"version":0,"brokerEpoch":17})");
    CHECK(story.env().exists(join_path(story.path(), ".lock")));

    story.start();
    CHECK(story.dir().last_broker_epoch() == 17);
    CHECK(story.text(".kafka_cleanshutdown") == "absent");
    CHECK(story.dir().partitions().at(orders).topic_id == some_id(1));
    CHECK(story.dir().high_watermarks().at({"orders", 0}) == 3);
    CHECK(story.consume(orders) == Values{"v2", "v3"});
  });
}

TEST_CASE("what other hands wrote into meta.properties is read", "[unit]") {
  MemoryEnv env;
  DirectoryStory story(env, "/data");
  REQUIRE(env.make_dir("/data").ok());
  story.write("meta.properties",
              "#\r\n#Tue Nov 24 10:00:00 UTC 2026\r\n! and this\r\n\r\n  broker.id : 3\r\n"
              "cluster.id=a\\=b\nunknown thing\nversion 0\n");
  story.start();
  CHECK(story.dir().identity().broker_id == 3);
  CHECK(story.dir().identity().cluster_id == "a=b");
  story.die();
  story.write("meta.properties",
              "version=1\nnode.id=4\ncluster.id=c\n"
              "directory.id=6jEp3JQHTxyXt5tTWOdpZA\n");
  story.start();
  CHECK(story.dir().identity().broker_id == 4);
  CHECK(story.dir().identity().directory_id->text() == "6jEp3JQHTxyXt5tTWOdpZA");
  story.die();

  SECTION("a directory of another broker or cluster is refused") {
    story.options.broker_id = 5;
    story.options.cluster_id = "d";
    const DirectoryError error = story.refused();
    CHECK(error.kind == DirectoryError::Kind::inconsistent);
    CHECK(error.text() ==
          "/data/meta.properties: this is the directory of broker 4, not of 5\n"
          "/data/meta.properties: this is a directory of cluster c, not of d");
  }
}

TEST_CASE("a clean stop lets the next start read no data", "[unit]") {
  everywhere([](DirectoryStory& story) {
    story.start();
    CHECK_FALSE(story.dir().was_clean());
    story.produce(orders, 0, 40);
    story.produce(clicks, 0, 30);
    story.stop();
    story.start();
    CHECK(story.dir().was_clean());
    REQUIRE(story.dir().partitions().size() == 2);
    for (const auto& [name, partition] : story.dir().partitions()) {
      CHECK(partition.log->segment_count() > 2);
      CHECK(partition.log->recovery().bytes_scanned == 0);
      CHECK(partition.log->recovery_point() == partition.log->log_end_offset());
    }
    CHECK(story.consume(orders) == test::numbered(0, 40));
    CHECK(story.consume(clicks) == test::numbered(0, 30));
  });
}

TEST_CASE("an unclean stop is recovered from the recovery points on", "[unit]") {
  everywhere([](DirectoryStory& story) {
    story.start();
    story.produce(orders, 0, 40);
    story.produce(clicks, 0, 40);
    REQUIRE(story.dir().find(orders)->flush().ok());
    must(story.dir().write_recovery_points());
    const std::int64_t active = story.dir().find(orders)->active_segment().size();
    const std::int64_t all = story.dir().find(clicks)->size();
    story.die();
    story.start();
    CHECK_FALSE(story.dir().was_clean());
    CHECK(story.dir().find(orders)->recovery().bytes_scanned == active);
    CHECK(story.dir().find(clicks)->recovery().bytes_scanned == all);
    CHECK(story.dir().recovery().bytes_scanned == active + all);
    CHECK(story.consume(orders) == test::numbered(0, 40));
    CHECK(story.consume(clicks) == test::numbered(0, 40));
  });
}

TEST_CASE("logs are loaded one by one, and checkpoints keep those that wait", "[unit]") {
  MemoryEnv env;
  DirectoryStory story(env, "/data");
  story.start();
  story.produce(orders, 0, 5);
  story.produce(clicks, 0, 6);
  story.stop();
  auto dir = must(LogDirectory::open(env, "/data", story.options));
  CHECK(dir->left_to_load() == 2);
  CHECK(must(dir->load_next()));
  CHECK(dir->find(orders) != nullptr);
  CHECK(dir->find(clicks) == nullptr);
  CHECK_FALSE(dir->create(clicks, {}).ok());
  must(dir->write_recovery_points());
  CHECK(story.text("recovery-point-offset-checkpoint") == "0\n2\norders 0 5\nweb.clicks 3 6\n");
  SECTION("stopped before the rest, a clean directory stays clean") {
    must(dir->close_cleanly());
    CHECK(env.exists("/data/.kafka_cleanshutdown"));
  }
  SECTION("an unclean one does not become clean by that") {
    dir.reset();
    dir = must(LogDirectory::open(env, "/data", story.options));
    CHECK(must(dir->load_next()));
    must(dir->close_cleanly());
    CHECK_FALSE(env.exists("/data/.kafka_cleanshutdown"));
  }
}

TEST_CASE("a second opener is refused, and harms nobody", "[unit]") {
  everywhere([](DirectoryStory& story) {
    story.start();
    story.produce(orders, 0, 3);
    const auto second = LogDirectory::open(story.env(), story.path(), {});
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().kind == DirectoryError::Kind::locked);
    CHECK(second.error().text() == story.path() + "/.lock: locked: is in use by another process");
    story.produce(orders, 3, 5);
    story.stop();
    story.start();
    CHECK(story.consume(orders) == test::numbered(0, 5));
  });
}

TEST_CASE("malformed small files are listed with their lines, and nothing is lost", "[unit]") {
  everywhere([](DirectoryStory& story) {
    story.start();
    (void)must(story.dir().create(orders, some_id(1)));
    story.produce(orders, 0, 3);
    story.stop();
    const std::string good = story.text("recovery-point-offset-checkpoint");
    story.write("meta.properties", "broker.id=one\n\nversion=0\nno\\u0041\n");
    story.write("recovery-point-offset-checkpoint", "0\n1\norders 0 x\n");
    const DirectoryError error = story.refused();
    CHECK(error.kind == DirectoryError::Kind::malformed);
    CHECK(error.text() == story.path() +
                              "/meta.properties: line 4: \"no\\u0041\": is no line of a properties "
                              "file (key=value)\n" +
                              story.path() +
                              "/meta.properties: line 1: broker.id=one: must be a number from 0 "
                              "to 2147483647\n" +
                              story.path() +
                              "/recovery-point-offset-checkpoint: malformed: line 3: \"orders\"");
    // The refused start left the mark: once mended, nothing needs recovery.
    story.write("meta.properties", "");
    story.write("recovery-point-offset-checkpoint", good);
    story.start();
    CHECK(story.dir().was_clean());
    CHECK(story.consume(orders) == test::numbered(0, 3));
    story.stop();

    story.write("orders-0/partition.metadata", "version: 0\ntopic id: AQID");
    auto dir = must(LogDirectory::open(story.env(), story.path(), story.options));
    const auto loaded = dir->load_all();
    REQUIRE_FALSE(loaded.ok());
    CHECK(loaded.error().kind == DirectoryError::Kind::malformed);
    CHECK(loaded.error().text() ==
          story.path() +
              "/orders-0/partition.metadata: line 2: \"topic id: AQID\": must be "
              "\"topic_id: \" and 22 characters of base64url");
    story.write("orders-0/partition.metadata", "version: 0\ntopic_id: " + some_id(1).text());
    must(dir->load_all());
    CHECK(dir->find(orders)->recovery().bytes_scanned == 0);
  });
}

TEST_CASE("Kafka's way with a bad checkpoint is to begin without it", "[unit]") {
  MemoryEnv env;
  DirectoryStory story(env, "/data");
  story.start();
  story.produce(orders, 0, 9);
  story.die();
  story.write("recovery-point-offset-checkpoint", "1\n0\n");
  CHECK(story.refused().kind == DirectoryError::Kind::malformed);
  story.options.reset_bad_checkpoints = true;
  story.start();
  REQUIRE(story.dir().warnings().size() == 1);
  CHECK(story.dir().warnings()[0].text() ==
        "/data/recovery-point-offset-checkpoint: malformed: line 1: \"1\"");
  CHECK(story.consume(orders) == test::numbered(0, 9));
  CHECK(story.dir().recovery().bytes_scanned == story.dir().find(orders)->size());
}

TEST_CASE("a directory that is no partition is pointed out", "[unit]") {
  everywhere([](DirectoryStory& story) {
    story.start();
    story.stop();
    REQUIRE(story.env().make_dir(story.path() + "/lost+found").ok());
    REQUIRE(story.env().make_dir(story.path() + "/a-1.0f-stray").ok());
    story.write("notes.txt", "files of others are none of our business");
    CHECK(contains(story.refused().text(), "lost+found: is not the directory of a partition"));
    REQUIRE(story.env().remove_dir(story.path() + "/lost+found").ok());
    story.start();
    CHECK(story.dir().strays() == std::vector<std::string>{"a-1.0f-stray"});
    CHECK(story.dir().partitions().empty());
  });
}

TEST_CASE("a topic id that changes is refused", "[unit]") {
  MemoryEnv env;
  DirectoryStory story(env, "/data");
  story.start();
  story.produce(orders, 0, 1);                         // Made without an id,
  (void)must(story.dir().create(orders, some_id(1)));  // which a newer controller brings.
  CHECK(story.dir().create(orders, some_id(2)).error().kind == DirectoryError::Kind::inconsistent);
  CHECK(story.dir().create({"bad topic", 0}, {}).error().kind == DirectoryError::Kind::invalid);
  story.die();
  story.start();
  CHECK(story.dir().partitions().at(orders).topic_id == some_id(1));
}

TEST_CASE("no space in the middle of a checkpoint leaves the old one", "[unit]") {
  MemoryEnv env;
  DirectoryStory story(env, "/data");
  story.start();
  story.produce(orders, 0, 5);
  REQUIRE(story.dir().find(orders)->flush().ok());
  must(story.dir().write_recovery_points());
  story.produce(orders, 5, 9);
  REQUIRE(story.dir().find(orders)->flush().ok());
  int calls = 0;
  for (bool failed = true; failed; ++calls) {
    env.fail_call(calls + 1, IoErrorKind::no_space);
    const auto written = story.dir().write_recovery_points();
    failed = !written.ok();
    if (!failed) break;
    CHECK(written.error().kind == DirectoryError::Kind::io);
    CHECK(contains(written.error().text(), "no space left"));
    const std::string text = story.text("recovery-point-offset-checkpoint");
    // The last call syncs the directory: by then the new one stands.
    CHECK((text == "0\n1\norders 0 5\n" || text == "0\n1\norders 0 9\n"));
  }
  CHECK(calls >= 4);
  env.fail_call(1'000'000, IoErrorKind::io);
  CHECK(story.text("recovery-point-offset-checkpoint") == "0\n1\norders 0 9\n");
}

TEST_CASE("a truncation lowers the recovery point on the disk", "[unit]") {
  MemoryEnv env;
  DirectoryStory story(env, "/data");
  story.start();
  story.produce(orders, 0, 9);
  REQUIRE(story.dir().find(orders)->flush().ok());
  must(story.dir().write_recovery_points());
  CHECK(must(story.dir().truncate_to(orders, 4)));
  CHECK(story.text("recovery-point-offset-checkpoint") == "0\n1\norders 0 4\n");
  CHECK_FALSE(must(story.dir().truncate_to(orders, 4)));
}

TEST_CASE("a deleted partition stays deleted", "[unit]") {
  everywhere([](DirectoryStory& story) {
    story.start();
    story.produce(orders, 0, 9);
    story.produce(clicks, 0, 2);
    must(story.dir().delete_partition(orders));
    CHECK(story.dir().find(orders) == nullptr);
    CHECK(story.env().exists(story.path() + "/orders-0." + std::string(31, '0') + "1-delete"));
    story.produce(orders, 100, 102);  // One of the same name is a new one.
    story.die();
    story.start();
    CHECK(story.dir().deleted() == 1);
    CHECK(story.consume(orders) == Values{"v100", "v101"});
    must(story.dir().delete_partition(orders));
    CHECK(story.dir().deleted() == 2);
    must(story.dir().remove_deleted());
    const auto names = story.env().list(story.path()).value();
    CHECK(std::count_if(names.begin(), names.end(),
                        [](const std::string& name) { return name.starts_with("orders"); }) == 0);
    CHECK(story.consume(clicks) == Values{"v0", "v1"});
  });
}

TEST_CASE("a deleted partition stays deleted over a power loss at any moment", "[unit]") {
  for (int at = 1;; ++at) {
    MemoryEnv env({.sync_commits_names = false});
    DirectoryStory story(env, "/data");
    story.start();
    story.produce(orders, 0, 20);
    REQUIRE(story.dir().find(orders)->flush().ok());
    env.fail_call(at, IoErrorKind::io);
    const bool deleted = story.dir().delete_partition(orders).ok();
    const bool removed = deleted && story.dir().remove_deleted().ok();
    RandomStream random(static_cast<std::uint64_t>(at), "power");
    story.die();
    env.lose_unsynced(random, {.tear_probability = 0.5});
    env.fail_call(1'000'000, IoErrorKind::io);
    story.start();
    INFO("failed at call " << at);
    const Values left = story.consume(orders);
    if (deleted) CHECK(left == Values{"no such partition"});
    // Whole, or not there: never with holes.
    if (!deleted && left != Values{"no such partition"}) CHECK(left == test::numbered(0, 20));
    must(story.dir().remove_deleted());
    if (removed) break;
  }
}

TEST_CASE("a power loss at any call of start and stop loses nothing that was flushed", "[unit]") {
  for (int at = 1;; ++at) {
    INFO("failed at call " << at);
    MemoryEnv env({.sync_commits_names = false});
    DirectoryStory story(env, "/data");
    story.options.broker_id = 1;
    story.start();
    story.produce(orders, 0, 12);
    story.produce(clicks, 0, 5);
    if (at % 2 == 0) story.stop();
    if (at % 2 == 1) {
      REQUIRE(story.dir().find(orders)->flush().ok());
      REQUIRE(story.dir().find(clicks)->flush().ok());
    }
    story.die();

    env.fail_call((at + 1) / 2, IoErrorKind::io);
    bool done = false;
    auto dir = LogDirectory::open(env, "/data", story.options);
    if (dir.ok() && (*dir)->load_all().ok()) {
      Log& log = *(*dir)->find(orders);
      ByteVector batch = batch_of({"v12"});
      // Not flushed by itself: only a clean stop makes it safe.
      const bool appended = log.append_as_leader(batch, 0, 2000).ok();
      done = appended && (*dir)->close_cleanly().ok();
    }
    if (dir.ok()) dir->reset();
    RandomStream random(static_cast<std::uint64_t>(at), "power");
    env.lose_unsynced(random, {.tear_probability = 0.7});
    env.fail_call(1'000'000, IoErrorKind::io);
    story.start();
    const Values found = story.consume(orders);
    if (done || found.size() > 12) {
      CHECK(found == test::numbered(0, 13));
    } else {
      CHECK(found == test::numbered(0, 12));
    }
    CHECK(story.consume(clicks) == test::numbered(0, 5));
    if (done) CHECK(story.dir().was_clean());
    // The mark may only be there still when nothing came behind it.
    if (!done && story.dir().was_clean()) CHECK(story.dir().recovery().bytes_scanned == 0);
    if (done && at % 2 == 0) break;
  }
}

namespace {

Log& filled(LogDirectory& dir, int records, LeaderEpoch epoch = 0) {
  Log& log = *must(dir.create({"a", 0}, {}));
  for (int i = 0; i < records; ++i) {
    ByteVector batch = test::batch_of({"x"});
    REQUIRE(log.append_as_leader(batch, epoch, 1).ok());
  }
  return log;
}

LogDirectory::Options small_segments() {
  return {.config_of = [](const std::string&) {
    LogConfig config;
    config.segment_bytes = 300;
    return config;
  }};
}

}  // namespace

TEST_CASE("what is written behind a cut below the log start is there after a crash", "[unit]") {
  MemoryEnv env;
  auto dir = must(LogDirectory::open(env, "/data", {}));
  Log& log = filled(*dir, 60);
  REQUIRE(log.flush().ok());
  REQUIRE(log.advance_log_start_offset(50).ok());
  must(dir->write_recovery_points());
  must(dir->write_log_start_offsets());
  CHECK(must(dir->truncate_to({"a", 0}, 30)));
  (void)filled(*dir, 15, 1);
  REQUIRE(log.flush().ok());
  dir.reset();
  env.kill_process();
  dir = must(LogDirectory::open(env, "/data", {}));
  must(dir->load_all());
  CHECK(dir->find({"a", 0})->log_start_offset() == 30);
  CHECK(dir->find({"a", 0})->log_end_offset() == 45);
}

// Whether the directory was told of it, or the log alone.
TEST_CASE("a log that was emptied is recovered from its beginning", "[unit]") {
  const bool told = GENERATE(true, false);
  MemoryEnv env;
  RandomStream random(3, "power");
  auto dir = must(LogDirectory::open(env, "/data", small_segments()));
  Log& log = filled(*dir, 100);
  REQUIRE(log.flush().ok());
  must(dir->write_recovery_points());
  if (told) {
    must(dir->truncate_fully_and_start_at({"a", 0}, 20));
  } else {
    REQUIRE(log.truncate_fully_and_start_at(20).ok());
  }
  (void)filled(*dir, 20, 1);
  env.commit_names();
  dir.reset();
  env.lose_unsynced(random, {.tear_probability = 1.0});
  dir = must(LogDirectory::open(env, "/data", small_segments()));
  must(dir->load_all());
  const Log& again = *dir->find({"a", 0});
  CHECK(again.recovery().segments_scanned > 0);
  for (const auto& segment : again.segments()) CHECK(segment->ends_with_a_batch().value());
  CHECK(again.recovery_point() == 20);  // Scanned, not synced.
}

TEST_CASE("a partition made anew knows nothing of a deleted one of its name", "[unit]") {
  MemoryEnv env;
  auto dir = must(LogDirectory::open(env, "/data", {}));
  Log& log = filled(*dir, 60);
  REQUIRE(log.flush().ok());
  REQUIRE(log.advance_log_start_offset(50).ok());
  must(dir->write_recovery_points());
  must(dir->write_log_start_offsets());
  env.faults().crash_at_call(3);  // The new name is there, the checkpoints are the old ones.
  CHECK_FALSE(dir->delete_partition({"a", 0}).ok());
  dir.reset();
  env.kill_process();
  dir = must(LogDirectory::open(env, "/data", {}));
  must(dir->load_all());
  CHECK(dir->deleted() == 1);
  const Log& anew = *must(dir->create({"a", 0}, {}));
  CHECK(anew.log_start_offset() == 0);
  CHECK(anew.log_end_offset() == 0);
}

TEST_CASE("a log that could not be emptied is offline, its directory goes on", "[unit]") {
  for (int call = 1;; ++call) {
    MemoryEnv env;
    auto dir = must(LogDirectory::open(env, "/data", {}));
    Log& log = filled(*dir, 1);
    env.fail_call(call, IoErrorKind::no_space);
    if (log.truncate_fully_and_start_at(50).ok()) break;
    INFO("call " << call << " failed");
    CHECK(log.offline());
    (void)log.read(0, 1000, 1, true);
    (void)log.offset_for_timestamp(0);
    (void)log.size();
    must(dir->write_log_start_offsets());
    must(dir->write_recovery_points());
  }
}

TEST_CASE("several directories share the partitions", "[unit]") {
  MemoryEnv env;
  auto manager = must(LogManager::open(env, {"/d1", "/d2", "/d3"}, {}));
  must(manager->load_all());
  for (int i = 0; i < 7; ++i) (void)must(manager->create({"orders", i}, some_id(1)));
  (void)must(manager->create({"orders", 3}, some_id(1)));  // It is there.
  CHECK(manager->directories()[0]->size() == 3);
  CHECK(manager->directories()[1]->size() == 2);
  CHECK(manager->directories()[2]->size() == 2);
  CHECK(manager->directory_of({"orders", 4}) == manager->directories()[1].get());
  CHECK(manager->find({"orders", 7}) == nullptr);
  CHECK(LogManager::open(env, {"/d4", "/d1"}, {}).error().kind == DirectoryError::Kind::locked);
  must(manager->directories()[0]->delete_partition({"orders", 0}));
  must(manager->directories()[0]->delete_partition({"orders", 3}));
  CHECK(manager->next_directory().path() == "/d1");
  must(manager->close_cleanly());
  manager.reset();

  REQUIRE(env.make_dir("/d3/orders-1").ok());
  manager = must(LogManager::open(env, {"/d1", "/d2", "/d3"}, {}));
  const auto loaded = manager->load_all();
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.error().text() == "/d3/orders-1: the same partition is in /d2 too; remove one");
}

// KIP-112: one broken disk of several is no reason to serve nothing.
TEST_CASE("a directory whose storage fails is left out, the others go on", "[unit]") {
  MemoryEnv env;
  auto manager = must(LogManager::open(env, {"/d1", "/d2"}, {}));
  for (int i = 0; i < 4; ++i) (void)must(manager->create({"orders", i}, some_id(1)));
  must(manager->close_cleanly());
  manager.reset();
  const bool at_opening = GENERATE(true, false);
  if (!at_opening) manager = must(LogManager::open(env, {"/d1", "/d2"}, {}));
  env.fail_call(at_opening ? 1 : 4, IoErrorKind::io);
  if (at_opening) manager = must(LogManager::open(env, {"/d1", "/d2"}, {}));
  must(manager->load_all());
  REQUIRE(manager->directories().size() == 1);
  CHECK(manager->directories()[0]->path() == "/d2");
  REQUIRE(manager->offline().size() == 1);
  CHECK(manager->offline()[0].path == "/d1");
  CHECK(manager->find({"orders", 0}) == nullptr);
  CHECK(manager->find({"orders", 1}) != nullptr);
  CHECK(manager->create({"orders", 0}, some_id(1)).error().text() ==
        "/d1: is offline, and may hold orders-0");
  CHECK(manager->create({"orders", 4}, some_id(1), true).ok());
}

TEST_CASE("when every directory fails, there is no start", "[unit]") {
  MemoryEnv env;
  env.fail_call(1, IoErrorKind::io);
  const auto refused = LogManager::open(env, {"/d1"}, {});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == DirectoryError::Kind::io);
  CHECK(refused.error().text().find("/d1") != std::string::npos);
}

}  // namespace brokerlab::log
