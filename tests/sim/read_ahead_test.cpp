// How the page cache reads ahead, what it keeps, and what a cold reader costs the others.
#include "sim/page_cache.h"
#include "tests/sim/sizes.h"

#include <catch2/catch.hpp>

#include <string>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

constexpr std::int64_t kibi = 1 << 10;
using test::mebi;

struct ReadAheadStory {
  explicit ReadAheadStory(const DiskConfig& config, Bytes memory = 100_MiB)
      : disk(world, config), cache(world, disk, with(memory)) {
    cache.power_on();
  }
  static PageCacheConfig with(Bytes memory) {
    PageCacheConfig config;
    config.heap = 1_GiB;
    config.ram = config.heap + memory;
    return config;
  }
  static DiskConfig fast() {
    DiskConfig config;
    config.kind = DiskKind::nvme;
    config.read_rate = config.write_rate = 1'000_MiBps;
    config.positioning = 10us;
    config.sync_latency = 10us;
    config.parallelism = 8;
    return config;
  }

  Task<> read(std::int64_t file, std::int64_t offset, Bytes size) {
    const Status<DiskError> status = co_await cache.read(file, offset, size);
    REQUIRE(status.ok());
  }
  Task<> write(std::int64_t file, std::int64_t offset, Bytes size) {
    co_await cache.write(file, offset, size);
  }
  /// Waits until all that was asked for is done, read-ahead too.
  void finish() { world.run(world.now() + 1s); }
  void read_and_finish(std::int64_t file, std::int64_t offset, Bytes size) {
    users.spawn(read(file, offset, size));
    finish();
  }
  /// A file of that size is on the disk, and nothing of it in memory.
  void lay_down(std::int64_t file, Bytes size) {
    users.spawn(write(file, 0, size));
    world.run(world.now() + 120s);
    disk.power_off();
    cache.power_off();
    cache.power_on();
  }

  World world{1};
  Disk disk;
  PageCache cache;
  TaskGroup users{world};
};

/// Reads a file in pieces, one after the other, from `begin` on.
Task<> catch_up(ReadAheadStory& storage, std::int64_t file, std::int64_t begin, std::int64_t end,
                Bytes piece) {
  for (std::int64_t at = begin; at < end; at += piece.count()) {
    co_await storage.read(file, at, piece);
  }
}

/// Writes and syncs a little, again and again; how long one took on average.
struct Producer {
  ReadAheadStory& storage;
  std::int64_t file;
  std::int64_t offset = 0;
  int syncs = 0;
  Duration waited{0};

  Task<> run() {
    while (true) {
      const Time asked = storage.world.now();
      const std::int64_t at = offset;
      offset += 64 * kibi;
      co_await storage.cache.write(file, at, 64_KiB);
      const Status<DiskError> synced = co_await storage.cache.sync(file);
      REQUIRE(synced.ok());
      waited += storage.world.now() - asked;
      ++syncs;
      co_await storage.world.sleep(20ms);
    }
  }
  double mean_ms() const { return to_millis(waited) / syncs; }
};

}  // namespace

TEST_CASE("a read in the middle of a file gets the pages it asks for", "[unit]") {
  ReadAheadStory it(ReadAheadStory::fast());
  it.lay_down(1, 8_MiB);
  it.read_and_finish(1, 5 * mebi + 100, 8_B);
  CHECK(it.disk.bytes_read() == 4_KiB);
  it.read_and_finish(1, 2 * mebi + 4000, 200_B);  // lies on two pages
  CHECK(it.disk.bytes_read() == 12_KiB);
  CHECK(it.cache.cached() == 12_KiB);
  CHECK(it.cache.read_ahead() == 0_B);
}

TEST_CASE("who reads in sequence gets a window that grows to 128 KiB", "[unit]") {
  ReadAheadStory it(ReadAheadStory::fast());
  it.lay_down(1, 8_MiB);
  it.read_and_finish(1, 0, 4_KiB);  // Linux: four pages for one
  CHECK(it.disk.bytes_read() == 16_KiB);
  it.read_and_finish(1, 4 * kibi, 4_KiB);  // meets the mark: the next 32 KiB are fetched
  CHECK(it.disk.bytes_read() == 48_KiB);
  it.read_and_finish(1, 8 * kibi, 12_KiB);  // 64 KiB more
  CHECK(it.disk.bytes_read() == 112_KiB);
  for (std::int64_t at = 20 * kibi; at < mebi; at += 4 * kibi) it.read_and_finish(1, at, 4_KiB);
  CHECK(it.disk.bytes_read() <= 1_MiB + 256_KiB);
  CHECK(it.cache.misses() == 1);  // nothing but the first page was ever waited for
}

TEST_CASE("without read-ahead every page is waited for", "[unit]") {
  World world(1);
  Disk disk(world, ReadAheadStory::fast());
  PageCacheConfig config = ReadAheadStory::with(100_MiB);
  config.read_ahead = 0_B;
  PageCache cache(world, disk, config);
  cache.power_on();
  TaskGroup users(world);
  const auto reader = [](PageCache& from) -> Task<> {
    for (std::int64_t at = 0; at < 64 * kibi; at += 4 * kibi) {
      const Status<DiskError> status = co_await from.read(1, at, 4_KiB);
      REQUIRE(status.ok());
    }
  };
  users.spawn(reader(cache));
  world.run(Time(1s));
  CHECK(cache.misses() == 16);
  CHECK(disk.bytes_read() == 64_KiB);
}

TEST_CASE("what is used again outlives what is read once", "[unit]") {
  ReadAheadStory it(ReadAheadStory::fast());  // 100 MiB of memory
  it.lay_down(1, 10_MiB);
  it.lay_down(2, 300_MiB);
  it.read_and_finish(1, 0, 10_MiB);
  it.read_and_finish(1, 0, 10_MiB);
  // A catch-up reader goes once through three times the memory.
  it.users.spawn(catch_up(it, 2, 0, 300 * mebi, 1_MiB));
  it.finish();
  const std::int64_t misses = it.cache.misses();
  it.read_and_finish(1, 0, 10_MiB);
  CHECK(it.cache.misses() == misses);
  it.read_and_finish(2, 0, 1_MiB);
  CHECK(it.cache.misses() == misses + 1);
}

TEST_CASE("a cold reader on a hard disk delays the producer's syncs; a warm one does not",
          "[unit]") {
  const auto sync_time = [](bool reads, bool cold) {
    ReadAheadStory it(DiskConfig{}, 4_GiB);
    it.lay_down(2, 1_GiB);
    if (!cold) {
      it.users.spawn(catch_up(it, 2, 0, 1024 * mebi, 1_MiB));
      it.world.run(it.world.now() + 60s);
    }
    Producer producer{it, 1};
    it.users.spawn(producer.run());
    if (reads) it.users.spawn(catch_up(it, 2, 0, 1024 * mebi, 1_MiB));
    it.world.run(it.world.now() + 10s);
    it.users.kill_all();
    return producer.mean_ms();
  };
  const double alone = sync_time(false, true);
  const double warm = sync_time(true, false);
  const double cold = sync_time(true, true);
  INFO("alone " << alone << " ms, warm " << warm << " ms, cold " << cold << " ms");
  CHECK(warm == Approx(alone).epsilon(0.01));
  // A seek there and back, and the reader's megabyte in between: docs/hardware.md has the factor.
  CHECK(cold / alone == Approx(5.1).margin(0.2));
}

TEST_CASE("a read larger than the memory reads everything once", "[unit]") {
  ReadAheadStory it(ReadAheadStory::fast(), 16_MiB);
  it.lay_down(1, 64_MiB);
  it.read_and_finish(1, 0, 64_MiB);
  CHECK(it.disk.bytes_read() == 64_MiB);
  CHECK(it.cache.cached() <= 16_MiB);
}
