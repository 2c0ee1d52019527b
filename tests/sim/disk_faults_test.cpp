// Stories of one machine whose disk misbehaves, and of what is right again afterwards.
#include "sim/disk_faults.h"

#include "tests/sim/cluster_fixture.h"
#include "tests/sim/sizes.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

using test::mebi;

/// Machine "a", its only disk, and a program that does not die of errors.
struct Story : Cluster {
  Story() : Cluster(1) {
    run(0, [](Cluster&, Process& self) -> Task<> { co_await self.world().sleep_until(never); });
  }
  Disk& disk() { return host(0).disk(); }
  PageCache& cache() { return host(0).page_cache(); }
  const DiskHarm& harm() { return disk().harm(); }

  Task<> write(std::string name, std::int64_t file, Bytes size) {
    const DiskPlace place{file, 0};
    const Status<DiskError> status = co_await disk().write(place, size);
    note(status ? name : name + " failed");
  }
  Task<> append_and_fsync(std::string name, std::int64_t file, std::int64_t offset, Bytes size) {
    co_await cache().write(file, offset, size);
    const Status<DiskError> status = co_await cache().sync(file);
    note(status ? name : name + " failed");
  }
  std::string last_event() {
    const Event& last = world.trace().events().back();
    return world.trace().sentence(last, Language::english);
  }

  TaskGroup users{world};
};

}  // namespace

TEST_CASE("a slow disk takes its time, and is as before when that is over", "[unit]") {
  Story it;
  CHECK_FALSE(slow_disk(it.host(0), 0, 10));  // nothing to do just now
  CHECK(it.last_event() == "disk 1 of a takes 10 times as long now");
  it.users.spawn(it.write("slow", 1, 1'370_KB));  // 10 x (12.7 + 10 ms)
  it.run_until(1s);
  CHECK(it.harm().slowed == 1);
  CHECK(restore_disk_speed(it.host(0), 0));
  CHECK_FALSE(restore_disk_speed(it.host(0), 0));
  it.users.spawn(it.write("normal", 2, 1'370_KB));
  it.users.spawn(it.write("behind", 3, 1'370_KB));
  it.at(1001ms, [&] { CHECK(slow_disk(it.host(0), 0, 2)); });
  it.run_until(2s);
  CHECK(it.notes == "slow@227ms normal@1022.7ms behind@1068.1ms ");
}

TEST_CASE("a dying disk fails some operations, a dead one all, a repaired one none", "[unit]") {
  Story it;
  fail_disk(it.host(0), 0, 0.25);
  for (int i = 0; i < 400; ++i) it.users.spawn(it.write("x", i, 4_KiB));
  it.run_until(30s);
  CHECK(it.harm().failed == Approx(100).margin(30));
  CHECK(it.disk().bytes_written().count() ==
        (400 - it.harm().failed) * 4096);  // what failed is not
  fail_disk(it.host(0), 0);
  it.notes.clear();
  it.users.spawn(it.write("a", 1, 4_KiB));
  it.users.spawn(it.append_and_fsync("b", 2, 0, 4_KiB));
  it.run_until(31s);
  CHECK(it.notes.starts_with("a failed@"));
  CHECK(it.notes.find("b failed@") != std::string::npos);
  CHECK(it.cache().dirty() == 4_KiB);  // the bytes are still in memory
  CHECK(repair_disk(it.host(0), 0));
  it.notes.clear();
  it.users.spawn(it.append_and_fsync("c", 2, 4096, 4_KiB));
  it.run_until(32s);
  CHECK(it.notes.starts_with("c@"));
  CHECK(it.cache().dirty() == 0_B);
}

TEST_CASE("what fails on a dying disk is because of the fault", "[unit]") {
  Story it;
  fail_disk(it.host(0), 0);
  const EventId fault = it.world.trace().events().back().id;
  it.world.set_cause({});
  EventId cause;
  const auto writer = [](Story& story, EventId& seen) -> Task<> {
    co_await story.write("x", 1, 4_KiB);
    seen = story.world.cause();
  };
  it.users.spawn(writer(it, cause));
  it.run_until(1s);
  CHECK(cause == fault);
}

TEST_CASE("another tenant fills the disk, and deleted files make room", "[unit]") {
  Story it;
  Disk& disk = it.disk();
  REQUIRE(disk.allocate(10_GB).ok());
  CHECK(disk.free() == 990_GB);
  CHECK(fill_disk(it.host(0), 0, 1_MB));
  CHECK_FALSE(fill_disk(it.host(0), 0, 1_MB));  // there is no more to take
  CHECK(it.last_event() == "disk 1 of a has 977 KiB left");
  const Status<DiskError> refused = disk.allocate(2_MB);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error() == DiskError::full);
  CHECK(it.harm().refused == 1);
  CHECK(disk.allocate(1_MB).ok());
  CHECK(disk.free() == 0_B);
  disk.release(5_MB);
  CHECK(disk.free() == 5_MB);
  CHECK(empty_disk(it.host(0), 0));
  CHECK(disk.free() == 1'000_GB - 10_GB + 4_MB);
}

TEST_CASE("a lying disk loses at a power loss what it said was safe", "[unit]") {
  Story it;
  std::string durable;
  it.cache().on_durable([&](std::int64_t file, std::int64_t end) {
    durable += fmt::format("{} to {}M ", file, end / mebi);
  });
  it.users.spawn(it.append_and_fsync("true", 1, 0, 1_MiB));
  it.run_until(1s);
  CHECK_FALSE(make_disk_lie(it.host(0), 0));  // nothing is on its way
  it.users.spawn(it.append_and_fsync("lie", 1, mebi, 2_MiB));
  it.run_until(2s);
  CHECK(durable == "1 to 1M ");
  CHECK(it.harm().lies == 1);
  it.host(0).power_off();
  it.host(0).power_on();
  it.run_until(20s);
  // The file is 1 MiB long; what is written now goes on from there.
  make_disk_honest(it.host(0), 0);
  it.users.spawn(it.append_and_fsync("again", 1, mebi, 1_MiB));
  it.run_until(21s);
  CHECK(durable == "1 to 1M 1 to 2M ");
}

TEST_CASE("a true sync makes earlier lies true", "[unit]") {
  Story it;
  std::string durable;
  it.cache().on_durable([&](std::int64_t file, std::int64_t end) {
    durable += fmt::format("{} to {}M ", file, end / mebi);
  });
  make_disk_lie(it.host(0), 0);
  it.users.spawn(it.append_and_fsync("lie", 1, 0, 2_MiB));
  it.run_until(1s);
  make_disk_honest(it.host(0), 0);
  it.users.spawn(it.append_and_fsync("true", 2, 0, 1_MiB));
  it.run_until(2s);
  CHECK(durable == "1 to 2M 2 to 1M ");
}
