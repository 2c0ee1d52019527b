// For how long a partition cannot be written or read, case by case: what is done to a small cluster
// at 20 s, and when the partition must be gone and back, to the nanosecond where that is the date
// of an event, else as the acknowledgments of a steady load tell.
#include "scenarios/availability.h"

#include "scenarios/loader.h"
#include "tests/in_child.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cmath>

using namespace brokerlab;
using namespace brokerlab::scenarios;
using nlohmann::json;

namespace {

const model::TopicPartition partition{"t", 0};

struct Setup {
  int brokers = 3;
  int replicas = 3;
  int min_insync = 1;
  std::string acks = "all";
  std::string until;  ///< The load; empty: the whole run.
  int seconds = 100;  ///< The run.
};

Scenario scenario_of(const Setup& setup) {
  const std::string text = fmt::format(
      R"({{"name": "availability", "duration": "{}s", "seed": 1,
  "hardware": {{"pc": {{"disks": [{{"kind": "ssd"}}], "boot_time": "5s"}}}},
  "zookeeper": {{"nodes": 3, "machine": "pc"}},
  "brokers": {{"count": {}, "machine": "pc",
               "config": {{"offsets.topic.replication.factor": 1, "offsets.topic.num.partitions": 1}}}},
  "topics": [{{"name": "t", "partitions": 1, "replication.factor": {},
               "config": {{"min.insync.replicas": {}}}}}],
  "sources": [{{"name": "table", "file": "wifi_auth.csv", "arrivals": "even",
                "rate": [{{"from": "8s", "rate": "500/s"}}], "until": "{}"}}],
  "producers": [{{"name": "sender", "machine": "pc", "source": "table", "topic": "t",
                  "poll_interval": "1ms", "query_time": "0ns", "service_time": "0ns",
                  "config": {{"acks": "{}", "enable.idempotence": false, "linger.ms": 0}}}}],
  "consumers": [{{"group": "readers", "members": 1, "machine": "pc", "topics": ["t"],
                  "service_time": "10us"}}],
  "recording": {{"level": "none"}}}})",
      setup.seconds, setup.brokers, setup.replicas, setup.min_insync,
      setup.until.empty() ? fmt::format("{}s", setup.seconds) : setup.until, setup.acks);
  const Loaded loaded = parse_scenario(text, "availability.json", library_directory() + "/data");
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return *loaded.scenario;
}

/// What a case does, with whom it does it.
struct Stage {
  sim::World& world;
  Cluster& cluster;
  model::BrokerId leader;
  std::vector<model::BrokerId> followers;

  sim::Process& process(model::BrokerId id) const {
    return *cluster.find(cluster.machine_name(id))->process;
  }
  sim::Machine& machine(const std::string& name) const { return *cluster.find(name)->machine; }
  sim::MachineId home(model::BrokerId id) const { return cluster.context().broker_machines.at(id); }
  std::vector<sim::MachineId> others(model::BrokerId id) const {
    std::vector<sim::MachineId> all;
    for (const Cluster::Member& member : cluster.members()) {
      if (member.machine->id() != home(id)) all.push_back(member.machine->id());
    }
    return all;
  }
  void at(Duration date, std::function<void()> what) const {
    world.at(Time(date), [this, what] {
      world.set_cause({});
      what();
    });
  }
  /// Nothing passes from the one to the others, from now to `until`.
  void cut(const std::vector<sim::MachineId>& from, const std::vector<sim::MachineId>& to,
           Duration until) const {
    const sim::ImpairmentId id = cluster.network().impair(from, to, {.cut = true}, {});
    at(until, [this, id] { cluster.network().repair(id); });
  }
  void cut_both_ways(const std::vector<sim::MachineId>& from, const std::vector<sim::MachineId>& to,
                     Duration until) const {
    cut(from, to, until);
    cut(to, from, until);
  }
};

using Trouble = std::function<void(const Stage&)>;

struct Told {
  json all;
  /// "20-38.5, 40-41": seconds, to the nanosecond.
  std::string outages(const char* side) const {
    std::string text;
    for (const auto& one : all[side]) {
      text += fmt::format("{}{}-{}", text.empty() ? "" : ", ", seconds(one[0]), seconds(one[1]));
    }
    return text;
  }
  std::string produce() const { return outages("produce"); }
  std::string fetch() const { return outages("fetch"); }
  static std::string seconds(std::int64_t nanos) {
    std::string text = fmt::format("{:.9f}", static_cast<double>(nanos) * 1e-9);
    while (text.ends_with('0')) text.pop_back();
    if (text.ends_with('.')) text.pop_back();
    return text;
  }
  std::int64_t end_of(const char* side) const { return all[side].back()[1]; }
  /// The first event of the kind from 20 s on, in seconds; of that broker, unless 0.
  std::string first(const std::string& kind) const {
    for (const auto& event : all["events"]) {
      if (event["kind"] == kind) return seconds(event["t"]);
    }
    return "never";
  }
  /// How long after the outage's end the first acknowledgment came. (Before it, only what was
  /// replicated already is acknowledged, at the moment in which the ISR shrinks.)
  double until_acknowledged() const {
    for (const std::int64_t at : all["acknowledged"]) {
      if (at > end_of("produce") - 1'000'000) {
        return static_cast<double>(at - end_of("produce")) * 1e-9;
      }
    }
    return 1e9;
  }
};

Told play(const Setup& setup, const Trouble& trouble) {
  const Scenario scenario = scenario_of(setup);
  const std::string text = tests::in_child([&]() -> std::string {
    sim::World world(1);
    Ledger ledger(world);
    auto built = Cluster::build(world, scenario, ledger);
    if (!built.ok()) return "{}";
    Cluster& cluster = **built;
    Availability availability(world, cluster, ledger);
    json told{{"events", json::array()}, {"acknowledged", json::array()}};
    world.trace().subscribe([&](const sim::Event& event) {
      const bool is_ours =
          !event.partition.valid() || world.trace().partition_name(event.partition) == "t-0";
      if (event.time < Time(20s) || !is_ours) return;
      told["events"].push_back(
          {{"t", event.time.time_since_epoch().count()}, {"kind", event.kind->name}});
    });
    std::int64_t acknowledged = 0;
    std::function<void()> watch = [&] {
      const std::int64_t now = ledger.acknowledged();
      if (std::exchange(acknowledged, now) != now && world.now() > Time(19s)) {
        told["acknowledged"].push_back(world.now().time_since_epoch().count());
      }
      world.after(100us, watch);
    };
    watch();
    std::optional<Stage> stage;
    world.at(Time(20s), [&] {
      const Ledger::PartitionView& view = ledger.partitions().at(partition);
      stage.emplace(Stage{world, cluster, view.leader, {}});
      for (const model::BrokerId id : view.replicas) {
        if (id != view.leader) stage->followers.push_back(id);
      }
      world.set_cause({});
      trouble(*stage);
    });
    cluster.start();
    const Time end{Duration(std::chrono::seconds(setup.seconds))};
    world.run(end);
    availability.finish(end);
    for (const auto& [name, side] :
         {std::pair{"produce", Side::produce}, std::pair{"fetch", Side::fetch}}) {
      told[name] = json::array();
      for (const Availability::Outage& outage : availability.outages(partition, side)) {
        told[name].push_back(
            {outage.begin.time_since_epoch().count(), outage.end.time_since_epoch().count()});
      }
    }
    return told.dump();
  });
  Told told{json::parse(text)};
  REQUIRE(told.all.contains("produce"));
  return told;
}

const std::string took_over = "replica.became_leader";

}  // namespace

TEST_CASE("nothing happens: available all the time", "[unit]") {
  const Told told = play({.seconds = 40}, [](const Stage&) {});
  CHECK(told.produce() == "");
  CHECK(told.fetch() == "");
}

TEST_CASE("the leader is killed, or its power fails: until another leads", "[unit]") {
  for (const bool power : {false, true}) {
    const Told told = play({.acks = "1", .seconds = 60}, [power](const Stage& stage) {
      if (power) {
        stage.machine(std::string(stage.cluster.machine_name(stage.leader))).power_off();
      } else {
        stage.process(stage.leader).kill();
      }
    });
    CHECK(told.produce() == "20-" + told.first(took_over));
    CHECK(told.fetch() == told.produce());
    CHECK(told.end_of("produce") > 30'000'000'000);  // a ZooKeeper session has to expire
  }
}

TEST_CASE("with acks=all the followers of the new leader must have fetched, too", "[unit]") {
  const Told told = play({.min_insync = 2, .seconds = 60},
                         [](const Stage& stage) { stage.process(stage.leader).kill(); });
  CHECK(told.fetch() == "20-" + told.first(took_over));
  CHECK(told.end_of("produce") > told.end_of("fetch"));
}

TEST_CASE("a follower dies: acks=all waits until the ISR is without it, reads go on", "[unit]") {
  const Trouble kill = [](const Stage& stage) { stage.process(stage.followers.front()).kill(); };
  const Told all = play({.min_insync = 2, .seconds = 60}, kill);
  REQUIRE(all.all["produce"].size() == 1);
  CHECK(all.all["produce"][0][0] == 20'000'000'000);
  CHECK(std::abs(all.until_acknowledged()) < 0.003);
  CHECK(all.fetch() == "");
  const Told one = play({.acks = "1", .seconds = 60}, kill);
  CHECK(one.produce() == "");
}

TEST_CASE("below min.insync.replicas: until the ISR has grown again, with load or without",
          "[unit]") {
  const Trouble restart = [](const Stage& stage) {
    stage.process(stage.followers.front()).kill();
    stage.at(45s, [&stage] { stage.process(stage.followers.front()).start(); });
  };
  const Told loaded = play({.min_insync = 3, .seconds = 80}, restart);
  REQUIRE(loaded.all["produce"].size() == 1);
  CHECK(std::abs(loaded.until_acknowledged()) < 0.15);  // refused ones try again every 100 ms
  CHECK(loaded.fetch() == "");
  // Its end is no event: the answer of the controller, a breath after it has changed the ISR.
  const Told idle = play({.replicas = 2, .min_insync = 2, .until = "15s", .seconds = 120}, restart);
  REQUIRE(idle.all["produce"].size() == 1);
  CHECK(idle.all["produce"][0][0] == 20'000'000'000);
  const double grown = std::stod(idle.first("partition.isr_expanded"));
  const double back = static_cast<double>(idle.end_of("produce")) * 1e-9;
  CHECK(back > grown);
  CHECK(back < grown + 0.05);
}

TEST_CASE("the leader is cut off from a follower: until the ISR is without it", "[unit]") {
  for (const int ways : {1, 2, 3}) {
    INFO("1: to the follower, 2: from it, 3: both");
    const Told told = play({.min_insync = 2, .seconds = 120}, [ways](const Stage& stage) {
      const std::vector<sim::MachineId> leader{stage.home(stage.leader)};
      const std::vector<sim::MachineId> follower{stage.home(stage.followers.front())};
      if (ways != 2) stage.cut(leader, follower, 110s);
      if (ways != 1) stage.cut(follower, leader, 110s);
    });
    INFO(ways << ": " << told.produce());
    REQUIRE_FALSE(told.all["produce"].empty());
    CHECK(told.all["produce"][0][0] == 20'000'000'000);
    CHECK(told.fetch() == "");
  }
}

TEST_CASE("a cut that heals before the ISR shrinks: until the follower has fetched again",
          "[unit]") {
  const Told told = play({.min_insync = 2, .seconds = 60}, [](const Stage& stage) {
    stage.cut_both_ways({stage.home(stage.leader)}, {stage.home(stage.followers.front())}, 25s);
  });
  REQUIRE(told.all["produce"].size() == 1);
  CHECK(told.all["produce"][0][0] == 20'000'000'000);
  CHECK(told.end_of("produce") >= 25'000'000'000);  // TCP tries again later than the heal
  CHECK(std::abs(told.until_acknowledged()) < 0.003);
  CHECK(told.fetch() == "");
}

TEST_CASE("the leader stands still: exactly so long, or until another leads", "[unit]") {
  const Told shorter = play({.min_insync = 2, .seconds = 60},
                            [](const Stage& stage) { stage.process(stage.leader).pause(9s); });
  CHECK(shorter.produce() == "20-29");
  CHECK(shorter.fetch() == "20-29");
  const Told longer = play({.acks = "1", .seconds = 80},
                           [](const Stage& stage) { stage.process(stage.leader).pause(40s); });
  CHECK(longer.produce() == "20-" + longer.first(took_over));
  CHECK(longer.fetch() == longer.produce());  // what it does when it wakes up does not count
  const Told garbage = play({.acks = "1", .seconds = 40},
                            [](const Stage& stage) { stage.process(stage.leader).collect(250ms); });
  CHECK(garbage.produce() == "20-20.25");
}

TEST_CASE("a follower stands still: exactly so long for acks=all, not at all else", "[unit]") {
  const Trouble pause = [](const Stage& stage) {
    stage.process(stage.followers.front()).pause(5s);
  };
  const Told all = play({.min_insync = 2, .seconds = 50}, pause);
  CHECK(all.produce() == "20-25");
  CHECK(all.fetch() == "");
  CHECK(play({.acks = "1", .seconds = 50}, pause).produce() == "");
}

TEST_CASE("one replica: until its broker is back and leads again", "[unit]") {
  const Told told = play({.replicas = 1, .seconds = 80}, [](const Stage& stage) {
    stage.process(stage.leader).kill();
    stage.at(45s, [&stage] { stage.process(stage.leader).start(); });
  });
  CHECK(told.produce() == "20-" + told.first(took_over));
  CHECK(told.fetch() == told.produce());
  CHECK(told.end_of("produce") > 45'000'000'000);
}

TEST_CASE("all replicas gone: to the end; two outages are two", "[unit]") {
  const Told gone = play({.seconds = 60}, [](const Stage& stage) {
    stage.process(stage.leader).kill();
    for (const model::BrokerId id : stage.followers) stage.process(id).kill();
  });
  CHECK(gone.produce() == "20-60");
  CHECK(gone.fetch() == "20-60");
  const Told twice = play({.acks = "1", .seconds = 60}, [](const Stage& stage) {
    stage.process(stage.leader).pause(2s);
    stage.at(30s, [&stage] { stage.process(stage.leader).pause(3s); });
  });
  CHECK(twice.produce() == "20-22, 30-33");
}

TEST_CASE("clients: the network between counts, their own death does not", "[unit]") {
  const Told cut = play({.seconds = 50}, [](const Stage& stage) {
    stage.cut_both_ways({stage.home(stage.leader)}, {stage.machine("sender").id()}, 30s);
  });
  CHECK(cut.produce() == "20-30");
  CHECK(cut.fetch() == "");
  const Told readers = play({.seconds = 50}, [](const Stage& stage) {
    stage.cut({stage.home(stage.leader)}, {stage.machine("readers-1").id()}, 30s);
  });
  CHECK(readers.produce() == "");
  CHECK(readers.fetch() == "20-30");
  const Told dark = play({.seconds = 50}, [](const Stage& stage) {
    stage.machine("sender").power_off();
    stage.machine("readers-1").power_off();
  });
  CHECK(dark.produce() == "");
  CHECK(dark.fetch() == "");
}

TEST_CASE("a leader on an island: clients are gone at once, another leads later", "[unit]") {
  const Told told = play({.acks = "1", .seconds = 70}, [](const Stage& stage) {
    stage.cut_both_ways({stage.home(stage.leader)}, stage.others(stage.leader), 60s);
  });
  CHECK(told.produce() == "20-" + told.first(took_over));
  CHECK(told.fetch() == told.produce());
}

TEST_CASE("a deposed leader that clients reach and that acknowledges is not available", "[unit]") {
  // It is cut off from ZooKeeper and the other brokers, not from the clients.
  const Told told = play({.acks = "1", .seconds = 70}, [](const Stage& stage) {
    std::vector<sim::MachineId> rest;
    for (const Cluster::Member& member : stage.cluster.members()) {
      const bool is_client =
          member.role.role == Role::producer || member.role.role == Role::consumer;
      if (!is_client && member.machine->id() != stage.home(stage.leader)) {
        rest.push_back(member.machine->id());
      }
    }
    stage.cut_both_ways({stage.home(stage.leader)}, rest, 65s);
  });
  // Until the controller elects another it is the leader, and answers. Then the other one counts,
  // once it leads: a breath after the election was written.
  REQUIRE(told.all["produce"].size() == 1);
  CHECK(told.produce().ends_with("-" + told.first(took_over)));
  const auto& outage = told.all["produce"][0];
  CHECK(outage[0] > 30'000'000'000);
  CHECK(outage[1].get<std::int64_t>() - outage[0].get<std::int64_t>() < 100'000'000);
}

TEST_CASE("a disk fails: a broker without a log directory is as one that was killed", "[unit]") {
  const Told told = play({.acks = "1", .seconds = 60}, [](const Stage& stage) {
    sim::Disk& disk = stage.machine(std::string(stage.cluster.machine_name(stage.leader))).disk();
    disk.set_room_left(Bytes(0));
  });
  REQUIRE(told.all["produce"].size() == 1);
  CHECK(told.produce() == told.first("process.exited") + "-" + told.first(took_over));
}
