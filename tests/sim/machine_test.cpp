#include "tests/sim/cluster_fixture.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::sim;

namespace {

Task<> tick(Cluster& cluster, std::string name, Duration period) {
  while (true) {
    co_await cluster.world.sleep(period);
    cluster.note(name);
  }
}

/// Notes its own end.
struct Mark {
  Cluster& cluster;
  std::string name;
  ~Mark() { cluster.note(name + " gone"); }
};

Task<> hold(Cluster& cluster, std::string name) {
  const Mark mark{cluster, std::move(name)};
  co_await cluster.world.sleep(1h);
}

struct MarkedProgram : Program {
  explicit MarkedProgram(Cluster& cluster) : mark{cluster, "memory"} {}
  Mark mark;
};

Task<> work(Cluster& cluster, Process& self, std::string name, Duration cost) {
  co_await self.machine().cpu().run(cost);
  cluster.note(name);
}

Task<> idle(Cluster& cluster, Process&) { co_await cluster.world.sleep(1h); }

}  // namespace

TEST_CASE("a pause defers everything of the process and keeps its order", "[unit]") {
  Cluster cluster(1);
  Process& paused = cluster.run(0, idle);
  Process& other = cluster.run(0, idle);
  paused.spawn(tick(cluster, "a", 20ms));
  paused.spawn(tick(cluster, "b", 30ms));
  other.spawn(tick(cluster, "o", 40ms));
  cluster.at(15ms, [&] { paused.pause(45ms); });  // until 60 ms
  cluster.at(50ms, [&] {
    REQUIRE(cluster.world.trace().event(paused.down_cause()).kind == &events::process_paused);
  });
  cluster.run_until(85ms);
  REQUIRE(!paused.down_cause().valid());
  REQUIRE(cluster.notes == "o@40ms a@60ms b@60ms o@80ms a@80ms ");
}

TEST_CASE("the longer of two pauses counts, and a pause ends with its process", "[unit]") {
  Cluster cluster(1);
  Process& process = cluster.run(0, [](Cluster& it, Process&) { return tick(it, "t", 10ms); });
  cluster.at(5ms, [&] { process.pause(30ms); });
  cluster.at(15ms, [&] { process.pause(5ms); });
  cluster.run_until(36ms);
  REQUIRE(cluster.notes == "t@35ms ");
  cluster.at(40ms, [&] { process.pause(1h); });
  cluster.at(50ms, [&] {
    process.kill();
    process.start();
  });
  cluster.run_until(65ms);
  REQUIRE(cluster.notes == "t@35ms t@60ms ");
}

namespace {

/// Tidies up for two seconds.
struct Tidy final : Program {
  void terminate(Process& self) override { self.spawn(tidy_up(self)); }
  static Task<> tidy_up(Process& self) {
    co_await self.world().sleep(2s);
    self.exit({"stopped", "정지"});
  }
};

}  // namespace

TEST_CASE("a process that is asked to stop tidies up first", "[unit]") {
  Cluster cluster(1);
  Process& plain = cluster.run(0, idle);
  Process& tidy = cluster.host(0).add_process(ProcessId(7), "tidy",
                                              [](Process&) { return std::make_unique<Tidy>(); });
  tidy.start();
  cluster.at(1s, [&] {
    plain.terminate();
    tidy.terminate();
  });
  cluster.run_until(2s);
  CHECK_FALSE(plain.running());
  CHECK(tidy.running());
  cluster.run_until(3s);
  CHECK_FALSE(tidy.running());
  // Not even the next boot brings it back.
  cluster.at(4s, [&] { cluster.host(0).power_off(); });
  cluster.at(5s, [&] { cluster.host(0).power_on(); });
  cluster.run_until(60s);
  CHECK_FALSE(tidy.running());
}

TEST_CASE("a process that stands still hears of it when it goes on; kill does not wait", "[unit]") {
  Cluster cluster(1);
  Process& one = cluster.run(0, idle);
  Process& other = cluster.run(0, idle);
  cluster.at(1s, [&] {
    one.pause(10s);
    other.pause(10s);
  });
  cluster.at(2s, [&] {
    one.terminate();
    other.terminate();
  });
  cluster.at(5s, [&] { other.kill(); });
  cluster.run_until(6s);
  CHECK(one.running());
  CHECK_FALSE(other.running());
  cluster.run_until(11s);
  CHECK_FALSE(one.running());
}

TEST_CASE("a machine's clock jumps, drifts and is set right", "[unit]") {
  Cluster cluster(1);
  Machine& machine = cluster.host(0);
  const auto shows = [&] { return at_text(machine.clock()); };
  cluster.run_until(10s);
  CHECK(shows() == "10s");
  machine.set_clock(5min, 0);
  CHECK(shows() == "310s");
  cluster.run_until(20s);
  CHECK(shows() == "320s");
  machine.set_clock(-12s, 0);  // before the start of the run
  CHECK(shows() == "8s");
  machine.set_clock(Duration{0}, 100e-6);
  CHECK(shows() == "20s");
  cluster.run_until(20s + 1h);
  CHECK(machine.clock() - cluster.world.now() == 360ms);
  machine.set_clock(Duration{0}, 0);
  CHECK(machine.clock() == cluster.world.now());
  std::string told;
  for (const Event& event : cluster.world.trace().events()) {
    told += cluster.world.trace().sentence(event, Language::english) + "\n";
  }
  CHECK(told ==
        "the clock of a jumps and is 5min ahead now\n"
        "the clock of a jumps and is 12s behind now\n"
        "the clock of a is right and runs 360 ms fast an hour\n"
        "the clock of a is right again\n");
}

TEST_CASE("a death destroys coroutines newest first, then the memory", "[unit]") {
  Cluster cluster(1);
  Process& process = cluster.host(0).add_process(ProcessId(0), "program", [&](Process& self) {
    self.spawn(hold(cluster, "first"));
    self.spawn(hold(cluster, "second"));
    return std::make_unique<MarkedProgram>(cluster);
  });
  process.start();
  cluster.at(1s, [&] { process.kill(); });
  cluster.run_until(2s);
  REQUIRE(cluster.notes == "second gone@1s first gone@1s memory gone@1s ");
  REQUIRE(!process.running());
  REQUIRE(process.program() == nullptr);
  REQUIRE(cluster.world.trace().event(process.down_cause()).kind == &events::process_killed);
}

TEST_CASE("a process may kill itself and its supervisor starts it again", "[unit]") {
  struct Suicidal {
    static Task<> run(Cluster& cluster, Process& self) {
      cluster.note(fmt::format("life {}", self.starts()));
      co_await cluster.world.sleep(1s);
      if (self.starts() == 1) self.exit({"no more disk", "디스크 부족"}, 5s);
      if (self.starts() == 2) self.kill();
      co_await cluster.world.sleep(1s);
      cluster.note("never said");
    }
  };
  Cluster cluster(1);
  Process& process = cluster.run(0, Suicidal::run);
  cluster.run_until(1min);
  REQUIRE(cluster.notes == "life 1@0ns life 2@6s ");
  REQUIRE(!process.running());
  const Trace& trace = cluster.world.trace();
  std::string story;
  for (const Event& event : trace.events())
    story += trace.sentence(event, Language::english) + "; ";
  REQUIRE(story ==
          "a-program on a started; a-program on a exited: no more disk; a-program on a started; "
          "a-program on a was killed; ");
}

TEST_CASE("who is asked to stop before the supervisor starts it again stays down", "[unit]") {
  struct Unlucky {
    static Task<> run(Cluster& cluster, Process& self) {
      co_await cluster.world.sleep(1s);
      self.exit({"no more disk", "디스크 부족"}, 5s);
    }
  };
  Cluster cluster(1);
  Process& process = cluster.run(0, Unlucky::run);
  cluster.at(2s, [&] {
    REQUIRE(process.restarts());
    process.terminate();
    REQUIRE(!process.restarts());
  });
  SECTION("until somebody starts it") {
    cluster.at(10s, [&] { process.start(); });
    cluster.run_until(10500ms);
    REQUIRE(process.running());
    REQUIRE(process.starts() == 2);
  }
  SECTION("through a loss of power, too") {
    cluster.at(3s, [&] { cluster.host(0).power_off(); });
    cluster.at(4s, [&] { cluster.host(0).power_on(); });
    cluster.run_until(1min);
    REQUIRE(!process.running());
    REQUIRE(process.starts() == 1);
  }
}

TEST_CASE("after the boot those run that ran when the power failed", "[unit]") {
  Cluster cluster(1);
  Process& runs = cluster.run(0, idle);
  Process& was_killed = cluster.run(0, idle);
  int losses = 0;
  cluster.host(0).on_power_loss([&] {
    REQUIRE(!runs.running());
    ++losses;
  });
  cluster.at(1s, [&] { was_killed.kill(); });
  cluster.at(2s, [&] { cluster.host(0).power_off(); });
  cluster.at(3s, [&] { cluster.host(0).power_on(); });
  cluster.run_until(12999ms);
  REQUIRE(losses == 1);
  REQUIRE(!runs.running());
  REQUIRE(cluster.world.trace().event(cluster.host(0).down_cause()).kind == &events::power_off);
  cluster.run_until(13s);
  REQUIRE(runs.running());
  REQUIRE(runs.starts() == 2);
  REQUIRE(!was_killed.running());
  REQUIRE(!cluster.host(0).down_cause().valid());
}

TEST_CASE("power that fails while booting does not forget who was to start", "[unit]") {
  Cluster cluster(1);
  Process& process = cluster.run(0, idle);
  cluster.at(1s, [&] { cluster.host(0).power_off(); });
  cluster.at(2s, [&] { cluster.host(0).power_on(); });
  cluster.at(5s, [&] { cluster.host(0).power_off(); });
  cluster.at(20s, [&] { cluster.host(0).power_on(); });
  cluster.run_until(29s);
  REQUIRE(!process.running());
  cluster.run_until(30s);
  REQUIRE(process.running());
}

TEST_CASE("two cores take work in the order it came", "[unit]") {
  Cluster cluster(1);
  Process& process = cluster.run(0, idle);
  process.spawn(work(cluster, process, "a", 10ms));
  process.spawn(work(cluster, process, "b", 4ms));
  process.spawn(work(cluster, process, "c", 5ms));
  process.spawn(work(cluster, process, "d", 1ms));
  cluster.run_until(7ms);
  REQUIRE(cluster.host(0).cpu().queue_length() == 1);
  REQUIRE(cluster.host(0).cpu().busy() == 14ms);
  cluster.run_until(1s);
  REQUIRE(cluster.notes == "b@4ms c@9ms a@10ms d@10ms ");
  REQUIRE(cluster.host(0).cpu().busy() == 20ms);
}

TEST_CASE("the work of a killed process leaves its core and the queue at once", "[unit]") {
  Cluster cluster(1);
  Process& dies = cluster.run(0, idle);
  Process& lives = cluster.run(0, idle);
  for (int i = 0; i < 4; ++i) dies.spawn(work(cluster, dies, "dead", 10ms));
  lives.spawn(work(cluster, lives, "alive", 10ms));
  cluster.at(3ms, [&] { dies.kill(); });
  cluster.run_until(1s);
  REQUIRE(cluster.notes == "alive@13ms ");
  REQUIRE(cluster.host(0).cpu().busy() == 16ms);
}

TEST_CASE("cores have nothing to do after a power loss", "[unit]") {
  Cluster cluster(1);
  Process& process = cluster.run(0, [](Cluster& it, Process& self) {
    return work(it, self, fmt::format("life {}", self.starts()), 10ms);
  });
  for (int i = 0; i < 5; ++i) process.spawn(work(cluster, process, "dead", 10ms));
  cluster.at(5ms, [&] { cluster.host(0).power_off(); });
  cluster.at(6ms, [&] { cluster.host(0).power_on(); });
  cluster.run_until(1min);
  REQUIRE(cluster.notes == "life 2@10.016s ");
}

TEST_CASE("the cost of work has a tail of its own random stream", "[unit]") {
  const auto total = [](std::uint64_t seed, std::string_view machine) {
    World world(seed);
    CpuConfig config;
    config.cores = 1;
    Cpu cpu(world, config, machine);
    TaskGroup group(world);
    for (int i = 0; i < 1000; ++i) group.spawn(cpu.run(1ms));
    world.run();
    return cpu.busy();
  };
  REQUIRE(total(1, "a") == total(1, "a"));
  REQUIRE(total(1, "a") != total(1, "b"));
  REQUIRE(total(1, "a") != total(2, "a"));
  // The mean of a log-normal of median 1 and sigma 0.35 is exp(0.35^2 / 2) = 1.063.
  REQUIRE(to_seconds(total(1, "a")) == Approx(1.063).epsilon(0.05));
}
