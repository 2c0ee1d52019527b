#include "sim/disk.h"

#include <catch2/catch.hpp>

#include <string>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

/// A volume that only its operations a second limit.
DiskConfig metered(int iops) {
  DiskConfig config;
  config.kind = DiskKind::volume;
  config.read_rate = config.write_rate = 10'000_MBps;
  config.positioning = 0ns;
  config.sync_latency = 0ns;
  config.parallelism = 64;
  config.iops = PerSecond(iops);
  return config;
}

/// Volumes of one machine, and who uses them.
struct Volumes {
  explicit Volumes(const DiskConfig& config, const VolumeLinkConfig& link_config = {})
      : link(link_config), one(world, config, "one", &link), two(world, config, "two", &link) {}

  Task<> write(Disk& disk, std::int64_t file, std::int64_t offset, Bytes size) {
    const DiskPlace place{file, offset};
    const Status<DiskError> status = co_await disk.write(place, size);
    REQUIRE(status.ok());
    last = world.now();
  }
  /// `count` operations of `size`, in order of the file or all over it, asked for at once.
  void burst(Disk& disk, int count, Bytes size, bool sequential) {
    for (int i = 0; i < count; ++i) {
      const std::int64_t place = sequential ? i * size.count() : i * 1'000'000'000ll;
      users.spawn(write(disk, 1, place, size));
    }
  }
  Duration run() {
    world.run();
    return last.time_since_epoch();
  }

  World world{1};
  VolumeLink link;
  Disk one;
  Disk two;
  TaskGroup users{world};
  Time last{};
};

VolumeLinkConfig wide_link() {
  VolumeLinkConfig link;
  link.rate = 100'000_MBps;
  return link;
}

}  // namespace

TEST_CASE("a volume lets its operations a second pass, whatever their size below 256 KiB",
          "[unit]") {
  for (const Bytes size : {4_KiB, 64_KiB, 256_KiB}) {
    Volumes it(metered(100), wide_link());
    it.burst(it.one, 50, size, false);
    CHECK(it.run() == 500ms);
    CHECK(it.one.operations() == Operations(50));
  }
}

TEST_CASE("a large operation counts as several, small ones in sequence as one", "[unit]") {
  Volumes large(metered(100), wide_link());
  large.burst(large.one, 1, 1_MiB + 1_B, false);
  CHECK(large.run() == 50ms);  // five operations
  Volumes small(metered(100), wide_link());
  small.burst(small.one, 128, 4_KiB, true);  // 512 KiB
  CHECK(small.run() == 20ms);
  CHECK(small.one.operations() == Operations(2));
}

TEST_CASE("small writes in sequence that wait for each other are not merged", "[unit]") {
  Volumes it(metered(100), wide_link());
  const auto one_by_one = [](Volumes& volumes) -> Task<> {
    for (int i = 0; i < 10; ++i) co_await volumes.write(volumes.one, 1, 4096 * i, 4_KiB);
  };
  it.users.spawn(one_by_one(it));
  CHECK(it.run() == 100ms);
}

TEST_CASE("a gp2 volume bursts while it has credits and rests to get them back", "[unit]") {
  DiskConfig gp2 = metered(300);
  gp2.burst_iops = PerSecond(3'000);
  gp2.burst_operations = 2'700;  // a second of bursting
  gp2.io_size = 256_KiB;
  Volumes it(gp2, wide_link());
  it.burst(it.one, 3'600, 4_KiB, false);
  CHECK(to_millis(it.run()) == Approx(3'000));  // 3000 in one second, 600 in two
  CHECK(it.one.burst_credits() == Operations(0));
  it.world.run(Time(6s));
  CHECK(it.one.burst_credits().count() == Approx(900).margin(1));
}

TEST_CASE("the volumes of a machine share its link, and its burst", "[unit]") {
  VolumeLinkConfig link;
  link.rate = 50_MBps;
  link.burst_rate = 250_MBps;
  link.burst_credits = 200_MB;  // a second of bursting
  Volumes it(metered(100'000), link);
  it.burst(it.one, 175, 1_MB, false);
  it.burst(it.two, 175, 1_MB, false);
  CHECK(to_millis(it.run()) == Approx(3'000));  // 250 MB in one second, 100 MB in two
}

TEST_CASE("disks that are no volumes do not use the link", "[unit]") {
  DiskConfig local = DiskConfig::of(DiskKind::nvme);
  local.write_rate = 1'000_MBps;
  local.positioning = 0ns;
  VolumeLinkConfig link;
  link.rate = 1_MBps;
  Volumes it(local, link);
  it.burst(it.one, 100, 1_MB, false);
  CHECK(it.run() == 100ms);
}

TEST_CASE("the end of each burst is told once", "[unit]") {
  DiskConfig config = metered(1000);
  config.burst_iops = PerSecond(3000);
  config.burst_operations = 4000;
  Volumes it(config, wide_link());
  std::vector<std::string> told;
  it.one.on_credits_gone([&](Metered what) {
    CHECK(what == Metered::volume_operations);
    told.push_back(to_text(it.world.now().time_since_epoch()));
  });
  it.burst(it.one, 5000, 256_KiB, false);
  CHECK(it.run() < 2s);
  CHECK(told.empty());  // 3,300 credits of 4,000 are used
  it.burst(it.one, 10'000, 256_KiB, false);
  it.run();
  CHECK(told.size() == 1);
  it.burst(it.one, 500, 256_KiB, false);
  it.run();
  CHECK(told.size() == 1);  // no credits have come in
  it.world.at(it.world.now() + 10s, [&] { it.burst(it.one, 10'000, 256_KiB, false); });
  it.run();
  CHECK(told.size() == 2);
  CHECK(it.one.burst_credits() == Operations(0));
}
