#include "scenarios/background.h"

#include <algorithm>
#include <cmath>

namespace brokerlab::scenarios {
namespace {

/// For so long it holds a core at a time, about a time slice of Linux's scheduler.
constexpr Duration slice = 2ms;
/// It asks the disk so often.
constexpr Duration stride = 100ms;
/// What it writes is begun anew when it is that large, as a log that is rotated.
constexpr Bytes written_file = 1_GiB;

constexpr std::int64_t read_from = 0;
constexpr std::int64_t written_to = 1;

Bytes each_stride(BytesPerSecond rate) {
  return Bytes(std::llround(to_seconds(stride) * static_cast<double>(rate.count())));
}

}  // namespace

Background::Background(sim::Process& process, const BackgroundSpec& spec)
    : process_(process), spec_(spec) {
  // A share of all cores: some wholly, and a part of one.
  for (double left = spec.cpu_share * process.machine().config().cpu.cores; left > 1e-9; --left) {
    process.spawn(compute(std::min(left, 1.0)));
  }
  if (spec.disk_reads > BytesPerSecond(0)) process.spawn(read_files());
  if (spec.disk_writes > BytesPerSecond(0)) process.spawn(write_files());
}

sim::Task<> Background::compute(double share_of_core) {
  sim::Cpu& cpu = process_.machine().cpu();
  // The mean of what an item costs is above its demand (CpuConfig::tail_sigma).
  const double sigma = cpu.config().tail_sigma;
  const Duration demand = from_seconds(to_seconds(slice) / std::exp(sigma * sigma / 2));
  const Duration rest = from_seconds(to_seconds(slice) * (1 / share_of_core - 1));
  while (true) {
    co_await cpu.run(demand);
    if (rest > Duration{0}) co_await process_.world().sleep(rest);
  }
}

/// Of more than there is memory for, so that nothing of it is cached when it comes again.
sim::Task<> Background::read_files() {
  sim::Machine& machine = process_.machine();
  sim::PageCache& cache = machine.page_cache(spec_.disk - 1);
  const std::int64_t end = 2 * machine.config().page_cache.ram.count();
  const Bytes each = each_stride(spec_.disk_reads);
  for (std::int64_t at = 0;; at = at + each.count() > end ? 0 : at + each.count()) {
    const Time next = process_.world().now() + stride;
    // Of a disk that fails it asks again.
    (void)co_await cache.read(machine.file(read_from), at, each);
    co_await process_.world().sleep_until(next);
  }
}

sim::Task<> Background::write_files() {
  sim::Machine& machine = process_.machine();
  sim::PageCache& cache = machine.page_cache(spec_.disk - 1);
  const sim::PageCache::FileKey file = machine.file(written_to);
  const Bytes each = each_stride(spec_.disk_writes);
  cache.forget(file);  // of an earlier life
  for (std::int64_t at = 0;; at += each.count()) {
    const Time next = process_.world().now() + stride;
    if (at > written_file.count()) {
      cache.forget(file);
      at = 0;
    }
    co_await cache.write(file, at, each);
    co_await process_.world().sleep_until(next);
  }
}

}  // namespace brokerlab::scenarios
