// Queues, hard disks, the page cache and network cards against formulas that one can write down.
#include "tests/sim/closed_form.h"
#include "tests/sim/cluster_fixture.h"

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

// --- Queues ---

struct Waits {
  double total = 0;
  std::int64_t customers = 0;
  double mean() const { return total / static_cast<double>(customers); }
};

/// Arrives, waits for a core, and is served for `demand`.
Task<> customer(Cpu& cpu, World& world, Duration demand, Waits& waits) {
  const Time arrived = world.now();
  co_await cpu.run(demand);
  waits.total += seconds(world.now() - arrived - demand);
  ++waits.customers;
}

Task<> reader(Disk& disk, World& world, Duration service, Waits& waits) {
  const Time arrived = world.now();
  const DiskPlace somewhere{waits.customers, 0};
  const Status<DiskError> status = co_await disk.read(somewhere, Bytes(0));
  ENSURE(status.ok());
  waits.total += seconds(world.now() - arrived - service);
  ++waits.customers;
}

constexpr Duration mean_service = 100us;

/// Mean wait at `cores` cores that are busy `load` of the time, in means of the service time.
double wait_for_a_core(int cores, double load, std::int64_t customers) {
  World world(7);
  CpuConfig config;
  config.cores = cores;
  config.tail_sigma = 0;
  Cpu cpu(world, config, "a");
  TaskGroup group(world);
  RandomStream random(world.seed(), "customers");
  Waits waits;
  const Duration gap(
      static_cast<Duration::rep>(static_cast<double>(mean_service.count()) / load / cores));
  // Every arrival schedules the next one.
  std::function<void()> arrive = [&] {
    group.spawn(customer(cpu, world, random.exponential(mean_service), waits));
    if (waits.customers < customers) world.after(random.exponential(gap), [&] { arrive(); });
  };
  world.after(0ns, [&] { arrive(); });
  world.run();
  return waits.mean() / seconds(mean_service);
}

/// The same at a disk that serves one read after the other, each in the same time.
double wait_for_a_disk(double load) {
  World world(7);
  DiskConfig config;
  config.kind = DiskKind::nvme;
  config.positioning = mean_service;
  config.parallelism = 1;
  Disk disk(world, config);
  TaskGroup group(world);
  RandomStream random(world.seed(), "customers");
  Waits waits;
  const Duration gap(static_cast<Duration::rep>(static_cast<double>(mean_service.count()) / load));
  std::function<void()> arrive = [&] {
    group.spawn(reader(disk, world, mean_service, waits));
    if (waits.customers < 2'000'000) world.after(random.exponential(gap), [&] { arrive(); });
  };
  world.after(0ns, [&] { arrive(); });
  world.run();
  return waits.mean() / seconds(mean_service);
}

/// Erlang's C: the chance to find all cores busy.
double erlang_c(int cores, double load) {
  const double offered = load * cores;
  double term = 1;
  double sum = 1;
  for (int n = 1; n < cores; ++n) sum += term *= offered / n;
  term *= offered / cores;
  return term / (1 - load) / (sum + term / (1 - load));
}

// --- Disks ---

Task<> stream(Disk& disk, std::int64_t file, Bytes piece, Bytes& written) {
  for (std::int64_t offset = 0;; offset += piece.count()) {
    const DiskPlace place{file, offset};
    const Status<DiskError> status = co_await disk.write(place, piece);
    ENSURE(status.ok());
    written += piece;
  }
}

/// Bytes a second that `streams` writers of pieces get out of one hard disk together.
double interleaved(int streams, Bytes piece) {
  World world(1);
  Disk disk(world, DiskConfig{});
  TaskGroup group(world);
  Bytes written{0};
  for (int i = 0; i < streams; ++i) group.spawn(stream(disk, i, piece, written));
  const Duration time = 600s;
  world.run(Time(time));
  return static_cast<double>(written.count()) / seconds(time);
}

// --- Page cache ---

/// Writes at `rate` in small pieces, until told to stop.
struct Writer {
  World& world;
  PageCache& cache;
  BytesPerSecond rate;
  bool stopped = false;
  Bytes written{0};
  Time throttled_since = never;

  Task<> run() {
    const Bytes piece = 64_KiB;
    while (!stopped) {
      const Time before = world.now();
      co_await cache.write(1, written.count(), piece);
      if (world.now() > before && throttled_since == never) throttled_since = before;
      written += piece;
      co_await world.sleep_until(before + time_for(piece, rate));
    }
  }
};

// --- Network ---

constexpr int port = 9092;

Task<> take_all(Cluster& cluster, SocketPtr socket, std::vector<double>& arrivals) {
  while (true) {
    std::optional<Message> message = co_await socket->receive();
    if (!message) break;
    arrivals.push_back(seconds(cluster.world.now().time_since_epoch()));
  }
}

Task<> accept_all(Process& self, Cluster& cluster, std::vector<double>& arrivals) {
  const std::unique_ptr<Listener> listener = self.network().listen(self, port);
  while (true) {
    std::optional<SocketPtr> socket = co_await listener->accept();
    if (!socket) co_return;
    self.spawn(take_all(cluster, std::move(*socket), arrivals));
  }
}

Task<> send_one(Cluster& cluster, Process& self, int to, Bytes size) {
  Result<SocketPtr, NetError> socket =
      co_await self.network().connect(self, MachineId(to), port, never);
  ENSURE(socket.ok());
  co_await cluster.world.sleep_until(Time(1s));
  (*socket)->send(word("x", size));
  const std::optional<Message> nothing = co_await (*socket)->receive();
  ENSURE(!nothing);
}

/// Machines 1, 2, ... send one message of each size to machine 0 at t = 1 s: when each is there,
/// in seconds after that.
std::vector<double> gather(const std::vector<Bytes>& sizes, NicDiscipline discipline) {
  NicConfig nic;
  nic.discipline = discipline;
  Cluster cluster(static_cast<int>(sizes.size()) + 1, 1, nic);
  std::vector<double> arrivals;
  cluster.run(0,
              [&arrivals](Cluster& all, Process& self) { return accept_all(self, all, arrivals); });
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const Bytes size = sizes[i];
    cluster.run(static_cast<int>(i) + 1,
                [size](Cluster& all, Process& self) { return send_one(all, self, 0, size); });
  }
  cluster.run_until(60s);
  REQUIRE(arrivals.size() == sizes.size());
  for (double& arrival : arrivals) arrival -= 1;
  return arrivals;
}

/// On the wire: 66 bytes of headers for each 1448 of payload, at 125 MB/s.
double on_the_wire(Bytes size) {
  const double segments = std::ceil(static_cast<double>(size.count()) / 1448);
  return (static_cast<double>(size.count()) + 66 * segments) / 125e6;
}

constexpr double delay = 100e-6;

}  // namespace

TEST_CASE("waiting for a core is what Erlang says", "[property]") {
  for (const double load : {0.3, 0.6}) {
    compare(fmt::format("M/M/1, load {}: mean wait / mean service", load), load / (1 - load),
            wait_for_a_core(1, load, 2'000'000));
  }
  // Waits at many cores are rare and come in heaps: more customers for the same certainty.
  const double load = 0.8;
  compare("M/M/4, load 0.8: mean wait / mean service", erlang_c(4, load) / (4 * (1 - load)),
          wait_for_a_core(4, load, 4'000'000));
  compare("M/M/16, load 0.8: mean wait / mean service", erlang_c(16, load) / (16 * (1 - load)),
          wait_for_a_core(16, load, 10'000'000));
}

TEST_CASE("waiting for a disk is what Pollaczek and Khinchine say", "[property]") {
  for (const double load : {0.3, 0.6}) {
    compare(fmt::format("M/D/1, load {}: mean wait / service", load), load / (2 * (1 - load)),
            wait_for_a_disk(load));
  }
}

TEST_CASE("streams on a hard disk pay for every change of place", "[unit]") {
  const DiskConfig disk;
  for (const int streams : {1, 2, 8}) {
    for (const Bytes piece : {Bytes(64_KiB), Bytes(1_MiB)}) {
      const double rate = static_cast<double>(disk.write_rate.count());
      const double size = static_cast<double>(piece.count());
      const double place = streams == 1 ? 0 : seconds(disk.positioning);
      compare(fmt::format("HDD, {} writing pieces of {} KiB: MB/s",
                          streams == 1 ? "1 stream" : fmt::format("{} streams", streams),
                          piece.count() / 1024),
              size / (place + size / rate) / 1e6, interleaved(streams, piece) / 1e6);
    }
  }
}

TEST_CASE("dirty pages fill, throttle and drain at the difference of two rates", "[unit]") {
  World world(1);
  DiskConfig disk_config;
  disk_config.write_rate = 100_MBps;
  disk_config.positioning = 0ns;
  disk_config.sync_latency = 0ns;
  Disk disk(world, disk_config);
  PageCacheConfig memory;
  memory.heap = 1_GiB;
  memory.ram = 21_GiB;  // background 2 GiB, limit 4 GiB
  PageCache cache(world, disk, memory);
  cache.power_on();
  TaskGroup group(world);
  Writer writer{world, cache, 400_MBps};
  group.spawn(writer.run());
  const double gibi = 1024.0 * 1024 * 1024;
  // Nothing is written back below the background limit, then 100 of 400 MB/s.
  const double full = 2 * gibi / 400e6 + 2 * gibi / 300e6;
  world.run(Time(60s));
  compare("page cache: seconds until a writer of 400 MB/s is throttled", full,
          seconds(writer.throttled_since.time_since_epoch()));
  const Bytes before = writer.written;
  world.run(Time(160s));
  compare("page cache: MB/s of a throttled writer", 100,
          static_cast<double>((writer.written - before).count()) / 100 / 1e6);
  writer.stopped = true;
  const Time stopped = world.now();
  while (cache.dirty() > 2_GiB) world.run(world.now() + 10ms);
  compare("page cache: seconds from the limit to the background limit", 2 * gibi / 100e6,
          seconds(world.now() - stopped));
}

TEST_CASE("a network card's time is bytes over rate", "[unit]") {
  for (const Bytes size : {Bytes(1'000_B), Bytes(100_KB), Bytes(100_MB)}) {
    compare(fmt::format("NIC, idle path, {} bytes: ms", size.count()),
            1e3 * (on_the_wire(size) + delay), 1e3 * gather({size}, NicDiscipline::fair).front());
  }
  for (const int flows : {2, 10, 40}) {
    const std::vector<Bytes> sizes(static_cast<std::size_t>(flows), 1_MB);
    compare(fmt::format("NIC, fair, {} equal flows: ms until the last", flows),
            1e3 * (flows * on_the_wire(1_MB) + delay),
            1e3 * gather(sizes, NicDiscipline::fair).back());
  }
}

TEST_CASE("fair and fifo: the same work, other waits", "[unit]") {
  const std::vector<Bytes> sizes{8_MB, 1_MB, 1_MB, 1_MB};
  const auto fair = gather(sizes, NicDiscipline::fair);
  const auto fifo = gather(sizes, NicDiscipline::fifo);
  // Shared by four the small ones end together; then the large one has the card for itself.
  compare("NIC, fair, 8 + 1 + 1 + 1 MB: ms until the small ones",
          1e3 * (4 * on_the_wire(1_MB) + delay), 1e3 * fair[2]);
  compare("NIC, fair, 8 + 1 + 1 + 1 MB: ms until the large one",
          1e3 * (3 * on_the_wire(1_MB) + on_the_wire(8_MB) + delay), 1e3 * fair[3]);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    compare(fmt::format("NIC, fifo, 8 + 1 + 1 + 1 MB: ms until number {}", i + 1),
            1e3 * (on_the_wire(8_MB) + static_cast<double>(i) * on_the_wire(1_MB) + delay),
            1e3 * fifo[i]);
  }
}
