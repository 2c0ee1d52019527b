// Several machines on one host: what they share, and what stays their own.
#include "sim/disk_faults.h"
#include "tests/sim/listener_fixture.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

/// The machine "a" by itself, and "left" and "right" on a laptop: two cores, one disk.
struct Laptop : Cluster {
  explicit Laptop(PageCacheConfig memory = {}) : Cluster(1) {
    MachineConfig config;
    config.cpu.tail_sigma = 0;
    config.cpu.cores = 2;
    config.disks = {DiskConfig::of(DiskKind::ssd)};
    config.page_cache = memory;
    config.boot_time = 10s;
    laptop = std::make_unique<Host>(world, network, MachineId(3), "laptop", config);
    left = std::make_unique<Machine>(*laptop, MachineId(1), "left");
    right = std::make_unique<Machine>(*laptop, MachineId(2), "right");
  }

  Process& run_on(Machine& machine, Role role) {
    Process& process =
        machine.add_process(ProcessId(next_process++), machine.name(), [this, role](Process& self) {
          self.spawn(role(*this, self));
          return std::make_unique<Program>();
        });
    process.start();
    return process;
  }

  std::unique_ptr<Host> laptop;
  std::unique_ptr<Machine> left, right;
};

Task<> stay_idle(Cluster& cluster, Process&) { co_await cluster.world.sleep(1h); }

Task<> compute(Cluster& cluster, Process& self) {
  co_await self.machine().cpu().run(10ms);
  cluster.note(self.name());
}

Task<> tell_of_life(Cluster& cluster, Process& self) {
  cluster.note(self.name() + " up");
  co_await cluster.world.sleep(1h);
}

Task<> read_file(Cluster& cluster, Process& self, std::int64_t file, Bytes size) {
  (void)co_await self.machine().page_cache().read(self.machine().file(file), 0, size);
  cluster.note(self.name());
}

Cluster::Role reading(std::int64_t file, Bytes size) {
  return [file, size](Cluster& cluster, Process& self) {
    return read_file(cluster, self, file, size);
  };
}

}  // namespace

TEST_CASE("machines of a host wait for its cores, others do not", "[unit]") {
  Laptop cluster;
  for (int i = 0; i < 2; ++i) cluster.run_on(*cluster.left, compute);
  cluster.run_on(*cluster.right, compute);
  cluster.run(0, compute);
  cluster.run_until(1s);
  CHECK(cluster.notes == "left@10ms left@10ms a-program@10ms right@20ms ");
  CHECK(cluster.laptop->cpu().busy() == 30ms);
}

TEST_CASE("what one machine reads pushes out what its neighbour had in memory", "[unit]") {
  PageCacheConfig memory;
  memory.ram = 64_MiB;
  memory.heap = Bytes(0);
  Laptop cluster(memory);
  cluster.run_on(*cluster.left, reading(7, 8_MiB));
  cluster.run_until(1s);
  PageCache& cache = cluster.laptop->page_cache(0);
  const std::int64_t cold = cluster.laptop->disk(0).bytes_read().count();
  cluster.run_on(*cluster.left, reading(7, 8_MiB));
  cluster.run_until(2s);
  CHECK(cluster.laptop->disk(0).bytes_read().count() == cold);  // it was all there
  // Its neighbour's file of the same number is another one.
  cluster.run_on(*cluster.right, reading(7, 200_MiB));
  cluster.run_until(10s);
  CHECK(cluster.laptop->disk(0).bytes_read().count() >= cold + (200_MiB).count());
  CHECK(cache.cached() <= 64_MiB);
}

TEST_CASE("within a host nothing goes over its network card", "[unit]") {
  Laptop cluster;
  cluster.run_on(*cluster.left, listen_and_note);
  cluster.run_on(*cluster.right, saying(1, {{1ms, "hello"}, {2ms, "much", 10_MiB}}));
  cluster.run_until(50ms);
  CHECK(cluster.notes == "connected@10us accepted@15us hello@1.005ms much@2.005ms ");
  CHECK(cluster.network.moved(cluster.laptop->id(), Direction::out) == Bytes(0));
  // To others all of them share it.
  cluster.run(0, saying(1, {{100ms, "from outside"}}));
  cluster.run_until(200ms);
  CHECK(cluster.network.moved(cluster.left->id(), Direction::in) > Bytes(0));
  CHECK(cluster.network.moved(cluster.right->id(), Direction::in) ==
        cluster.network.moved(cluster.laptop->id(), Direction::in));
}

TEST_CASE("a host loses power and boots with all its machines", "[unit]") {
  Laptop cluster;
  cluster.run_on(*cluster.left, tell_of_life);
  cluster.run_on(*cluster.right, tell_of_life);
  cluster.at(1s, [&] { cluster.left->power_off(); });
  cluster.run_until(2s);
  CHECK(!cluster.right->powered());
  CHECK(!cluster.network.reachable(MachineId(0), cluster.right->id()));
  // One event, of the host; each silence is because of it.
  const EventId cause = cluster.laptop->down_cause();
  REQUIRE(cause.valid());
  CHECK(cluster.world.trace().event(cause).machine == cluster.laptop->id());
  CHECK(cluster.network.silence(MachineId(0), cluster.left->id()) == cause);
  CHECK(cluster.network.silence(MachineId(0), cluster.right->id()) == cause);
  cluster.at(3s, [&] { cluster.right->power_on(); });
  cluster.run_until(20s);
  CHECK(cluster.notes == "left up@0ns right up@0ns left up@13s right up@13s ");
  CHECK(cluster.network.reachable(MachineId(0), cluster.left->id()));
}

TEST_CASE("a killed process leaves its host's other machines alone", "[unit]") {
  Laptop cluster;
  Process& killed = cluster.run_on(*cluster.left, listen_and_note);
  Process& other = cluster.run_on(*cluster.right, listen_and_note);
  cluster.at(1s, [&] { killed.kill(); });
  cluster.at(2s, [&] { cluster.run(0, saying(1, {})); });
  cluster.at(3s, [&] { cluster.run(0, saying(2, {{3500ms, "still there"}})); });
  cluster.run_until(4s);
  CHECK(other.running());
  CHECK(cluster.notes ==
        "connection refused@2000.2ms connected@3000.2ms accepted@3000.3ms "
        "still there@3500101.328us ");
}

TEST_CASE("a cut of one machine cuts its host off, and nothing within it", "[unit]") {
  Laptop cluster;
  cluster.run_on(*cluster.left, stay_idle);
  cluster.cut(0, 1);
  CHECK(!cluster.network.reachable(MachineId(0), cluster.right->id()));
  CHECK(cluster.network.reachable(cluster.left->id(), MachineId(0)));
  cluster.cut(2, 1);
  CHECK(cluster.network.reachable(cluster.right->id(), cluster.left->id()));
  std::string told;
  for (const Event& event : cluster.world.trace().events()) {
    if (event.kind == &events::network_cut && told.empty()) {
      told = cluster.world.trace().sentence(event, Language::english);
    }
  }
  CHECK(told == "nothing gets from a to laptop any more");
}

TEST_CASE("a slow disk, a slow card and a wrong clock are those of all on the host", "[unit]") {
  Laptop cluster;
  slow_disk(*cluster.left, 0, 10);
  CHECK(cluster.right->disk().slowness() == 10);
  cluster.network.slow_nic(cluster.right->id(), 10_Mbps, {});
  CHECK(cluster.network.nic_rate(cluster.left->id(), Direction::out) == 10_Mbps);
  cluster.right->set_clock(5s, 0);
  CHECK(cluster.left->clock() == Time(5s));
  for (const Event& event : cluster.world.trace().events()) {
    CHECK(event.machine == cluster.laptop->id());
  }
  // Who waits in vain for either hears of it; the nearest reason is the disk.
  for (const Machine* machine : {cluster.left.get(), cluster.right.get()}) {
    const EventId why = cluster.network.trouble(MachineId(0), machine->id(), Time{});
    REQUIRE(why.valid());
    CHECK(cluster.world.trace().event(why).kind == &events::disk_slow);
  }
}
