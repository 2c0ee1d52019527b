#include "sim/page_cache.h"
#include "tests/sim/sizes.h"

#include <catch2/catch.hpp>

#include <string>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

using test::mebi;

DiskConfig plain_disk() {
  DiskConfig config;
  config.read_rate = config.write_rate = 100_MiBps;
  config.positioning = 0ns;
  config.sync_latency = 1ms;
  return config;
}

/// A disk, its cache of 100 MiB (write-back above 10, throttling above 20), and who uses them.
struct Storage {
  explicit Storage(DiskConfig config = plain_disk())
      : disk(world, config), cache(world, disk, memory()) {
    cache.power_on();
    cache.on_durable([this](std::int64_t file, std::int64_t end) {
      notes += fmt::format("{} durable to {}M@{} ", file, end / mebi, now());
    });
  }
  static PageCacheConfig memory() {
    PageCacheConfig config;
    config.heap = 1_GiB;
    config.ram = config.heap + 100_MiB;
    return config;
  }

  std::string now() const { return brokerlab::to_text(world.now().time_since_epoch()); }
  void note(std::string_view what) { notes += fmt::format("{}@{} ", what, now()); }
  void run_until(Duration date) { world.run(Time(date)); }

  Task<> write_disk(std::string name, DiskPlace place, Bytes size) {
    const Status<DiskError> status = co_await disk.write(place, size);
    note(status ? name : "failed");
  }
  Task<> read_disk(std::string name, DiskPlace place, Bytes size) {
    const Status<DiskError> status = co_await disk.read(place, size);
    note(status ? name : "failed");
  }
  Task<> sync_disk() {
    const Status<DiskError> status = co_await disk.sync();
    note(status ? "sync" : "failed");
  }
  Task<> write(std::string name, std::int64_t file, std::int64_t offset, Bytes size) {
    co_await cache.write(file, offset, size);
    note(name);
  }
  Task<> read(std::string name, std::int64_t file, std::int64_t offset, Bytes size) {
    const Status<DiskError> status = co_await cache.read(file, offset, size);
    note(status ? name : "failed");
  }
  Task<> fsync(std::string name, std::int64_t file) {
    const Status<DiskError> status = co_await cache.sync(file);
    note(status ? name : "failed");
  }
  Task<> append_and_fsync(std::string name, std::int64_t file, std::int64_t offset, Bytes size) {
    co_await cache.write(file, offset, size);
    co_await fsync(name, file);
  }

  World world{1};
  Disk disk;
  PageCache cache;
  TaskGroup users{world};
  TaskGroup others{world};
  std::string notes;
};

}  // namespace

TEST_CASE("a hard disk positions unless an operation continues the last one", "[unit]") {
  Storage it(DiskConfig{});  // 137 MB/s, 12.7 ms, sync 8.3 ms
  it.users.spawn(it.write_disk("a", {1, 0}, 1'370_KB));
  it.users.spawn(it.write_disk("a2", {1, 1'370'000}, 1'370_KB));
  it.users.spawn(it.write_disk("b", {2, 0}, 1'370_KB));
  it.users.spawn(it.sync_disk());
  it.world.run();
  REQUIRE(it.notes == "a@22.7ms a2@32.7ms b@55.4ms sync@63.7ms ");
  REQUIRE(it.disk.busy() == 63700us);
  REQUIRE(it.disk.bytes_written() == 4'110_KB);
  REQUIRE(it.disk.syncs() == 1);
}

TEST_CASE("flash overlaps the fixed costs and shares the rate", "[unit]") {
  DiskConfig flash;
  flash.kind = DiskKind::nvme;
  flash.read_rate = flash.write_rate = 1_GBps;
  flash.positioning = 100us;
  flash.parallelism = 2;
  flash.sync_latency = 50us;
  Storage it(flash);
  it.users.spawn(it.read_disk("a", {1, 0}, 1_MB));
  it.users.spawn(it.read_disk("b", {1, 1'000'000}, 1_MB));
  it.users.spawn(it.write_disk("c", {2, 0}, 1_MB));
  it.users.spawn(it.sync_disk());
  it.world.run();
  // c starts when a is done; its fixed cost passes while b is transferred; the sync waits for c.
  REQUIRE(it.notes == "a@1.1ms b@2.1ms c@3.1ms sync@3.15ms ");
}

TEST_CASE("an operation outlives the process that asked for it", "[unit]") {
  Storage it;
  it.users.spawn(it.write_disk("dead", {1, 0}, 10_MiB));
  it.others.spawn(it.write_disk("alive", {2, 0}, 10_MiB));
  it.world.after(50ms, [&] { it.users.kill_all(); });
  it.world.run();
  REQUIRE(it.notes == "alive@200ms ");
  REQUIRE(it.disk.bytes_written() == 20_MiB);
}

TEST_CASE("a power loss empties the disk's queue", "[unit]") {
  Storage it;
  it.users.spawn(it.write_disk("dead", {1, 0}, 10_MiB));
  it.users.spawn(it.write_disk("dead", {2, 0}, 10_MiB));
  it.world.after(50ms, [&] {
    it.users.kill_all();
    it.disk.power_off();
    it.others.spawn(it.write_disk("alive", {3, 0}, 10_MiB));
  });
  it.world.run();
  REQUIRE(it.notes == "alive@150ms ");
  REQUIRE(it.disk.bytes_written() == 10_MiB);
  REQUIRE(it.disk.busy() == 150ms);
}

TEST_CASE("a failed disk says so", "[unit]") {
  Storage it;
  it.disk.set_failure_probability(1);
  it.users.spawn(it.read("read", 1, 0, 1_MiB));
  it.world.run();
  REQUIRE(it.notes == "failed@10ms ");
}

TEST_CASE("a few dirty bytes are written back when they have expired", "[unit]") {
  Storage it;
  it.world.after(7s, [&] { it.users.spawn(it.write("written", 1, 0, 8_MiB)); });
  it.world.run();
  // Dirty at 7 s, older than 30 s at the round of 40 s.
  REQUIRE(it.notes == "written@7s 1 durable to 8M@40.081s ");
  REQUIRE(it.cache.dirty() == 0_B);
  REQUIRE(it.cache.cached() == 8_MiB);
}

TEST_CASE("above the background limit write-back starts at once", "[unit]") {
  Storage it;
  it.users.spawn(it.write("a", 1, 0, 8_MiB));
  it.users.spawn(it.write("b", 2, 0, 7_MiB));
  it.run_until(1s);
  REQUIRE(it.notes == "a@0ns b@0ns 1 durable to 8M@151ms 2 durable to 7M@151ms ");
}

TEST_CASE("writers above the dirty limit are throttled to the disk's pace", "[unit]") {
  Storage it;
  it.users.spawn(it.write("much", 1, 0, 30_MiB));
  it.users.spawn(it.write("more", 2, 0, 1_MiB));
  it.run_until(1s);
  // 31 MiB dirty; below 20 after three pieces of 4 MiB.
  REQUIRE(it.notes.starts_with("much@120ms more@120ms "));
  REQUIRE(it.cache.throttled() == 240ms);
}

TEST_CASE("fsync writes its file only and makes it durable", "[unit]") {
  Storage it;
  it.users.spawn(it.write("other", 2, 0, 5_MiB));
  it.users.spawn(it.append_and_fsync("synced", 1, 0, 1_MiB));
  it.run_until(1s);
  REQUIRE(it.notes == "other@0ns 1 durable to 1M@11ms synced@11ms ");
  REQUIRE(it.cache.dirty() == 5_MiB);
  it.users.spawn(it.fsync("again", 1));  // nothing to do
  it.run_until(2s);
  REQUIRE(it.notes.ends_with("again@1s "));
  REQUIRE(it.disk.syncs() == 1);
}

TEST_CASE("a power loss leaves what was durable, cold", "[unit]") {
  Storage it;
  it.users.spawn(it.append_and_fsync("synced", 1, 0, 2_MiB));
  it.run_until(1s);
  it.users.spawn(it.write("lost", 1, 2 * mebi, 3_MiB));
  it.run_until(2s);
  REQUIRE(it.cache.dirty() == 3_MiB);
  it.users.kill_all();
  it.disk.power_off();
  it.cache.power_off();
  REQUIRE(it.cache.dirty() == 0_B);
  REQUIRE(it.cache.cached() == 0_B);
  it.run_until(50s);
  REQUIRE(it.notes == "1 durable to 2M@21ms synced@21ms lost@1s ");
  it.cache.power_on();
  it.users.spawn(it.read("read", 1, 0, 2_MiB));
  it.users.spawn(it.append_and_fsync("continued", 1, 2 * mebi, 1_MiB));
  it.run_until(55s);
  REQUIRE(it.cache.misses() == 1);
  REQUIRE(it.notes.ends_with("read@50.02s 1 durable to 3M@50.031s continued@50.031s "));
}

TEST_CASE("a file that was cut and written on is durable only as far as it was synced", "[unit]") {
  Storage it;
  it.users.spawn(it.append_and_fsync("first", 1, 0, 8_MiB));
  it.run_until(1s);
  it.cache.truncate(1, 2 * mebi);
  REQUIRE(it.cache.cached() == 2_MiB);
  it.users.spawn(it.append_and_fsync("second", 1, 2 * mebi, 1_MiB));
  it.run_until(2s);
  REQUIRE(it.notes == "1 durable to 8M@81ms first@81ms 1 durable to 3M@1.011s second@1.011s ");
  REQUIRE(it.disk.bytes_written() == 9_MiB);
}

TEST_CASE("a file cut while it is written back does not become durable by the old write",
          "[unit]") {
  Storage it;
  it.users.spawn(it.write("old", 1, 0, 12_MiB));  // write-back starts at once
  it.world.after(20ms, [&] {
    it.cache.truncate(1, 0);
    it.users.spawn(it.write("new", 1, 0, 2_MiB));
  });
  it.run_until(29s);
  REQUIRE(it.notes == "old@0ns new@20ms ");
  REQUIRE(it.cache.dirty() == 2_MiB);
  it.run_until(60s);
  REQUIRE(it.notes.ends_with("1 durable to 2M@35.021s "));
}

TEST_CASE("cold bytes are read once, with read-ahead", "[unit]") {
  Storage it;
  it.users.spawn(it.read("cold", 1, 0, 1_MiB));
  it.run_until(1s);
  it.users.spawn(it.read("warm", 1, 0, 1_MiB));
  it.users.spawn(it.read("index", 2, 5 * mebi + 100, 8_B));
  it.run_until(2s);
  REQUIRE(it.notes == "cold@10ms warm@1s index@1000001.03us ");
  REQUIRE(it.cache.hits() == 1);
  REQUIRE(it.cache.misses() == 2);
}

TEST_CASE("two readers of the same cold bytes read them once", "[unit]") {
  Storage it;
  it.users.spawn(it.read("one", 1, 0, 1_MiB));
  it.others.spawn(it.read("two", 1, 0, 1_MiB));
  it.world.run();
  REQUIRE(it.notes == "one@10ms two@10ms ");
  REQUIRE(it.disk.bytes_read() == 1_MiB);
}

TEST_CASE("a reader that dies leaves the way free for the next", "[unit]") {
  Storage it;
  it.users.spawn(it.read("dead", 1, 0, 1_MiB));
  it.others.spawn(it.read("alive", 1, 0, 1_MiB));
  it.world.after(5ms, [&] { it.users.kill_all(); });
  it.world.run();
  REQUIRE(it.notes == "alive@20ms ");
}

TEST_CASE("a writer that dies in an fsync leaves the file to write-back", "[unit]") {
  Storage it;
  it.users.spawn(it.append_and_fsync("dead", 1, 0, 8_MiB));
  it.world.after(5ms, [&] { it.users.kill_all(); });
  it.run_until(10s);
  REQUIRE(it.cache.dirty() == 8_MiB);
  it.run_until(60s);
  REQUIRE(it.cache.dirty() == 0_B);
  REQUIRE(it.notes == "1 durable to 8M@30.081s ");
}

TEST_CASE("a full cache forgets what was not used for longest", "[unit]") {
  Storage it;
  it.users.spawn(it.read("old", 1, 0, 60_MiB));
  it.run_until(10s);
  it.users.spawn(it.read("used", 1, 0, 1_MiB));
  it.users.spawn(it.read("new", 2, 0, 60_MiB));
  it.run_until(20s);
  REQUIRE(it.cache.cached() == 100_MiB);
  it.users.spawn(it.read("still there", 1, 0, 1_MiB));
  it.run_until(21s);
  REQUIRE(it.cache.misses() == 2);
  it.users.spawn(it.read("gone", 1, 1 * mebi, 1_MiB));
  it.run_until(22s);
  REQUIRE(it.cache.misses() == 3);
}
