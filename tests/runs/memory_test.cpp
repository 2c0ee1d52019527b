// Memory follows the work that is under way, not the time that has passed.
#include "scenarios/cluster.h"
#include "sim/trace.h"
#include "tests/in_child.h"
#include "tests/runs/run_story.h"

#include <malloc.h>
#include <sstream>

namespace brokerlab::tests {
namespace {

/// What a run holds at one moment.
std::string holdings(sim::World& world, scenarios::Cluster& cluster) {
  int parked = 0;
  int watched = 0;
  for (const auto& [id, machine] : cluster.context().broker_machines) {
    const model::Broker* broker = cluster.broker(id);
    if (broker == nullptr) continue;
    parked += broker->replicas().purgatory().size();
    watched += broker->replicas().purgatory().watched();
  }
  return fmt::format("{} {} {} {} {} ", parked, watched, world.agenda_size(),
                     world.trace().events().size(), mallinfo2().uordblks / 1024);
}

struct Held {
  int parked, watched, agenda, events, kib;
};

/// Three brokers and a topic; rows come for the first ten minutes only.
constexpr const char* quiet_cluster = R"json({
  "name": "quiet", "duration": "7d", "seed": 1,
  "hardware": {"box": {"cpu": {"cores": 4}, "disks": [{"kind": "ssd"}], "boot_time": "5s"}},
  "zookeeper": {"nodes": 3, "machine": "box"},
  "brokers": {"count": 3, "machine": "box"},
  "topics": [{"name": "t", "partitions": 3, "replication.factor": 3}],
  "sources": [{"name": "rows", "file": "scenarios/library/data/wifi_auth.csv",
               "rate": [{"from": "10s", "rate": "20/s"}], "until": "10min"}],
  "producers": [], "consumers": []
})json";

constexpr const char* with_clients = R"([{"name": "app", "machine": "box", "source": "rows",
  "topic": "t", "config": {"acks": "all", "enable.idempotence": false}}])";

constexpr const char* with_readers = R"([{"group": "g", "members": 2, "machine": "box",
  "topics": ["t"], "service_time": "1ms"}])";

scenarios::Scenario quiet(const std::vector<std::string>& overrides) {
  scenarios::LoadOptions options;
  options.overrides = overrides;
  const scenarios::Loaded loaded =
      scenarios::parse_scenario(quiet_cluster, "quiet", BROKERLAB_SOURCE_DIR, options);
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return *loaded.scenario;
}

/// After each hour of a cluster of this shape.
std::vector<Held> idle(const std::vector<std::string>& overrides, int hours) {
  const scenarios::Scenario scenario = quiet(overrides);
  const std::string text = in_child([&] {
    sim::World world(1);
    scenarios::Ledger ledger(world);
    auto built = scenarios::Cluster::build(world, scenario, ledger);
    REQUIRE(built.ok());
    (*built)->start();
    std::string all;
    for (int hour = 1; hour <= hours; ++hour) {
      world.run(Time(hour * 1h));
      all += holdings(world, **built);
    }
    return all;
  });
  std::istringstream in(text);
  std::vector<Held> held;
  for (Held one{}; in >> one.parked >> one.watched >> one.agenda >> one.events >> one.kib;) {
    held.push_back(one);
  }
  REQUIRE(held.size() == static_cast<std::size_t>(hours));
  return held;
}

/// Nothing that an hour of quiet leaves behind: the last hours hold what the ones before held.
void hold_steady(const std::vector<Held>& held, int kib_an_hour) {
  const Held& early = held[held.size() / 2 - 1];
  const Held& late = held.back();
  const int hours = static_cast<int>(held.size() - held.size() / 2);
  INFO(fmt::format("parked {} {}, watched {} {}, agenda {} {}, events {} {}, KiB {} {}",
                   early.parked, late.parked, early.watched, late.watched, early.agenda,
                   late.agenda, early.events, late.events, early.kib, late.kib));
  CHECK(late.parked <= early.parked + 20);
  CHECK(late.watched <= early.watched + 60);
  CHECK(late.agenda <= early.agenda + 1000);
  CHECK(late.events <= early.events + 4 * hours);
  CHECK(late.kib <= early.kib + hours * kib_an_hour);
}

}  // namespace

TEST_CASE("a cluster without clients holds no more after half a day than after hours",
          "[property]") {
  hold_steady(idle({}, 12), 4);
}

// With everything that watches and judges a run.
TEST_CASE("a whole run keeps books of what happened, not of how long it took", "[property]") {
  constexpr int hours = 8;
  const scenarios::Scenario scenario = quiet({"duration=8h"});
  const std::string text = in_child([&] {
    std::string kib;
    scenarios::RunOptions options;
    Time next(1h);
    options.progress = [&](Time now) {
      if (now < next) return;
      next += 1h;
      kib += fmt::format("{} ", mallinfo2().uordblks / 1024);
    };
    REQUIRE(scenarios::run(scenario, options).ok());
    return kib;
  });
  std::istringstream in(text);
  std::vector<int> kib;
  for (int one = 0; in >> one;) kib.push_back(one);
  INFO(text);
  REQUIRE(kib.size() >= hours - 1);
  CHECK(kib.back() <= kib[3] + 4 * static_cast<int>(kib.size() - 4));
}

TEST_CASE("clients without work cost no memory but their commits", "[property]") {
  // Two members commit three offsets every five seconds, as Kafka's auto-commit does.
  hold_steady(
      idle({std::string("producers=") + with_clients, std::string("consumers=") + with_readers}, 6),
      2000);
}

}  // namespace brokerlab::tests
