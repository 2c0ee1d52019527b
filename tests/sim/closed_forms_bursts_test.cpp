// Token buckets, cloud volumes and garbage collection against formulas that one can write down.
#include "sim/volume.h"
#include "tests/sim/closed_form.h"
#include "tests/sim/cluster_fixture.h"

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

/// Time to move `work` through a full bucket, in pieces one after the other.
template <class Bucket, class Amount>
double time_in_pieces(Bucket bucket, Amount work, std::int64_t piece) {
  for (std::int64_t left = work.count(); left > 0; left -= piece) {
    bucket.serve(Time(0s), Amount(std::min(left, piece)));
  }
  return to_seconds(bucket.free_at());
}

/// The closed form: at the burst rate until the credits are gone, then at the baseline.
double burst_time(double work, double baseline, double burst, double credits) {
  const double bursting = credits / (burst - baseline);
  return work <= bursting * burst ? work / burst : bursting + (work - bursting * burst) / baseline;
}

Task<> stream(Disk& disk, Bytes piece, std::int64_t file, bool sequential, Bytes& written) {
  for (std::int64_t i = 0;; ++i) {
    // Places far apart are no sequence.
    const DiskPlace place{file, sequential ? i * piece.count() : i * 1'000'000'000};
    const Status<DiskError> status = co_await disk.write(place, piece);
    ENSURE(status.ok());
    written += piece;
  }
}

/// Bytes a second that `depth` writers get out of volumes in `time`.
double volume_rate(const DiskConfig& config, const VolumeLinkConfig* link_config, int disks,
                   Bytes piece, int depth, Duration time) {
  World world(1);
  std::optional<VolumeLink> link;
  if (link_config != nullptr) link.emplace(*link_config);
  std::vector<std::unique_ptr<Disk>> all;
  TaskGroup group(world);
  Bytes written{0};
  for (int i = 0; i < disks; ++i) {
    all.push_back(
        std::make_unique<Disk>(world, config, fmt::format("disk-{}", i), link ? &*link : nullptr));
    for (int k = 0; k < depth; ++k) group.spawn(stream(*all.back(), piece, k, false, written));
  }
  world.run(Time(time));
  return static_cast<double>(written.count()) / seconds(time);
}

DiskConfig gp2(std::int64_t gibibytes) {
  DiskConfig config = DiskConfig::of(DiskKind::volume);
  config.read_rate = config.write_rate = 250_MiBps;
  config.iops = PerSecond(static_cast<double>(3 * gibibytes));
  config.burst_iops = PerSecond(3'000);
  config.burst_operations = 5'400'000;
  return config;
}

}  // namespace

TEST_CASE("a token bucket takes the time of its two rates", "[unit]") {
  using OperationBucket = TokenBucket<Operations, PerSecond>;
  using ByteBucket = TokenBucket<Bytes, BytesPerSecond>;
  const OperationBucket operations(
      {PerSecond(300), PerSecond(3'000), Operations(5'400'000), Operations(5'400'000)});
  for (const std::int64_t million : {3, 6, 8}) {
    compare(fmt::format("bucket 300 to 3000/s, {} M operations: seconds", million),
            burst_time(static_cast<double>(million) * 1e6, 300, 3'000, 5.4e6),
            time_in_pieces(operations, Operations(million * 1'000'000), 7));
  }
  const ByteBucket bytes(
      {BytesPerSecond(81'250'000), BytesPerSecond(593'750'000), 922'500_MB, 922'500_MB});
  for (const std::int64_t gb : {500, 1'068, 2'000}) {
    compare(fmt::format("bucket 81.25 to 593.75 MB/s, {} GB: seconds", gb),
            burst_time(static_cast<double>(gb) * 1e9, 81.25e6, 593.75e6, 922.5e9),
            time_in_pieces(bytes, Bytes(gb * 1'000'000'000), 999'999));
  }
}

TEST_CASE("a volume moves the smaller of its two limits", "[unit]") {
  const DiskConfig gp3 = DiskConfig::of(DiskKind::volume);  // 3000/s, 125 MiB/s
  for (const Bytes piece : {4_KiB, 16_KiB, 64_KiB, 256_KiB}) {
    const auto size = static_cast<double>(piece.count());
    compare(fmt::format("gp3, pieces of {} KiB all over it: MB/s", piece.count() / 1024),
            std::min(3'000 * size, 125 * 1048576.0) / 1e6,
            volume_rate(gp3, nullptr, 1, piece, 16, 60s) / 1e6);
  }
  // 100 GiB: 2000 s of burst; of an hour the rest at 300 a second.
  compare("gp2 of 100 GiB, pieces of 16 KiB, first hour: MB/s",
          (2'000.0 * 3'000 + 1'600.0 * 300) * 16'384 / 3'600 / 1e6,
          volume_rate(gp2(100), nullptr, 1, 16_KiB, 16, 3'600s) / 1e6);
}

TEST_CASE("volumes share the link of their machine", "[unit]") {
  VolumeLinkConfig link;  // m5.large, its credits used up
  compare("3 volumes of 250 MiB/s on a link of 81.25 MB/s: MB/s", 81.25,
          volume_rate(gp2(1'000), &link, 3, 256_KiB, 16, 60s) / 1e6);
  link.burst_rate = BytesPerSecond(593'750'000);
  link.burst_credits = 15'375_MB;  // 30 s
  compare("the same with credits for 30 s, in the first minute: MB/s", (593.75 + 81.25) / 2,
          volume_rate(gp2(1'000), &link, 3, 256_KiB, 16, 60s) / 1e6);
}

TEST_CASE("collections take their share of the time", "[unit]") {
  World world(1);
  Network network(world, {});
  MachineConfig config;
  config.gc = GcConfig{.every = 600_MiB, .pause = 20ms, .sigma = 0.5};
  Machine machine(world, network, MachineId(0), "a", config);
  Process& process = machine.add_process(ProcessId(0), "a", [](Process& self) {
    const auto work = [](Process& of) -> Task<> {
      while (true) {
        co_await of.world().sleep(1ms);
        of.allocate(1_MiB);
      }
    };
    self.spawn(work(self));
    return std::make_unique<Program>();
  });
  process.start();
  const Duration time = 3'600s;
  world.run(Time(time));
  // One pause, of mean exp(sigma^2 / 2) medians, for every 600 ms of work.
  const double pause = 0.020 * std::exp(0.125);
  compare("GC, 600 MiB at 1 GiB/s, 20 ms: share of time", pause / (0.600 + pause),
          seconds(process.collecting()) / seconds(time));
}
