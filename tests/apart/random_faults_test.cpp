// Random clusters under random faults, several at a time and restarts in their midst: whatever
// happens, the run ends and is judged; and what was acknowledged by all and synced is never lost.
#include "base/random.h"
#include "scenarios/loader.h"
#include "tests/runs/run_story.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <set>

using namespace brokerlab;
using namespace brokerlab::scenarios;
using nlohmann::json;

namespace {

constexpr double end_of_run = 30;

/// What a scenario may do to the cluster.
enum class Rules {
  promise,  ///< acks=all, synced, honest disks: nothing acknowledged may be lost.
  hostile,  ///< Anything.
};

class RandomScenario {
 public:
  RandomScenario(std::uint64_t seed, Rules rules)
      : random_(seed, rules == Rules::promise ? "promise" : "hostile"),
        readers_(seed, "readers"),
        rules_(rules),
        brokers_(one_of<int>({3, 3, 4})),
        members_(one_of<int>({1, 2})),
        broker_disks_(one_of<int>({1, 2, 2, 3})) {
    scenario_ = {
        {"name", "random-faults"},
        {"duration", seconds(end_of_run)},
        {"seed", seed},
        {"recording", {{"level", "none"}}},
        {"hardware", {{"pc", hardware(broker_disks_)}, {"zk", hardware(1)}, {"cl", hardware(1)}}},
        {"topology", {{"racks", racks()}}},
        {"zookeeper", {{"nodes", 3}, {"machine", "zk"}}},
        {"brokers", {{"count", brokers_}, {"machine", "pc"}, {"config", broker_config()}}},
        {"topics", json::array({topic()})},
        {"sources", json::array({source()})},
        {"producers", json::array({producer()})},
        {"consumers", json::array({consumer()})},
        {"faults", json::array()},
        {"expect", json::array({{{"no_acknowledged_record_lost", true}}})}};
    const std::int64_t faults = 2 + random_.below(8);
    for (std::int64_t i = 0; i < faults; ++i) add_fault();
  }

  std::string text() const { return scenario_.dump(1); }

 private:
  template <class T>
  T one_of(std::initializer_list<T> choices) {
    return choices.begin()[random_.below(static_cast<std::int64_t>(choices.size()))];
  }

  static std::string seconds(double value) { return fmt::format("{:.6f}s", value); }

  json hardware(int disks) {
    json machine{{"boot_time", one_of({"1s", "3s"})}, {"disks", json::array()}};
    for (int i = 0; i < disks; ++i) {
      machine["disks"].push_back({{"kind", one_of({"ssd", "ssd", "hdd"})}});
    }
    if (random_.chance(0.3)) machine["gc"] = {{"every", "8MiB"}, {"pause", "30ms"}};
    if (random_.chance(0.3)) {
      machine["nic"] = {{"rate", one_of({"10Mbps", "100Mbps"})},
                        {"burst_rate", "1Gbps"},
                        {"burst_credits", one_of({"200KB", "2MB", "50MB"})}};
    } else if (random_.chance(0.2)) {
      machine["nic"] = {{"rate", "100Mbps"}, {"discipline", "fifo"}};
    }
    return machine;
  }

  json racks() {
    json racks = json::array();
    for (int i = 1; i <= 3; ++i) {
      json machines{fmt::format("broker-{}", i), fmt::format("zookeeper-{}", i)};
      if (i == 1 && brokers_ == 4) machines.push_back("broker-4");
      if (i == 3) machines.push_back("sender");
      for (int k = 1; i == 3 && k <= members_; ++k)
        machines.push_back(fmt::format("readers-{}", k));
      racks.push_back({{"name", fmt::format("r{}", i)},
                       {"machines", machines},
                       {"switches", one_of<int>({1, 2})}});
    }
    return racks;
  }

  json broker_config() {
    json config{{"offsets.topic.num.partitions", one_of<int>({1, 3, 10})},
                {"zookeeper.session.timeout.ms", one_of<int>({4000, 6000, 18000})},
                {"replica.lag.time.max.ms", one_of<int>({2000, 10000, 30000})}};
    if (random_.chance(0.3)) config["connections.max.idle.ms"] = one_of<int>({1, 500, 2000});
    if (random_.chance(0.3)) config["num.replica.fetchers"] = one_of<int>({2, 3});
    if (random_.chance(0.1)) config["controlled.shutdown.enable"] = false;
    if (random_.chance(0.3)) {
      config["log.flush.scheduler.interval.ms"] = 500;
      config["log.flush.interval.ms"] = 1000;
    }
    if (random_.chance(0.3)) config["leader.imbalance.check.interval.seconds"] = 5;
    return config;
  }

  json topic() {
    json config{{"min.insync.replicas", 2}};
    if (rules_ == Rules::promise || random_.chance(0.3)) config["flush.messages"] = 1;
    if (random_.chance(0.3)) config["segment.bytes"] = one_of<int>({20000, 100000});
    return {{"name", "logins"},
            {"partitions", one_of<int>({1, 3, 7})},
            {"replication.factor", 3},
            {"config", config}};
  }

  json source() {
    return {
        {"name", "table"},
        {"file", "wifi_auth.csv"},
        {"rate", json::array({{{"from", "3s"}, {"rate", one_of({"50/s", "300/s", "2000/s"})}}})},
        {"until", "25s"}};
  }

  json producer() {
    json config{{"acks", "all"},
                {"enable.idempotence", false},
                {"compression.type", one_of({"none", "gzip", "snappy", "lz4", "zstd"})}};
    if (rules_ == Rules::hostile) config["acks"] = one_of({"all", "1", "0"});
    if (config["acks"] == "all" && random_.chance(0.5)) {
      config["enable.idempotence"] = true;
      config["max.in.flight.requests.per.connection"] = one_of<int>({1, 2, 5});
    }
    if (random_.chance(0.3)) config["batch.size"] = one_of<int>({200'000, 1'000'000});
    if (random_.chance(0.3)) config["linger.ms"] = one_of<int>({5, 100, 500});
    if (random_.chance(0.3)) {
      config["request.timeout.ms"] = 2000;
      config["delivery.timeout.ms"] = one_of<int>({3000, 20000});
    }
    if (random_.chance(0.3)) config["connections.max.idle.ms"] = one_of<int>({1, 300, 2000});
    return {{"name", "sender"},
            {"machine", "cl"},
            {"source", "table"},
            {"topic", "logins"},
            {"poll_interval", one_of({"1s", "100ms"})},
            {"config", config}};
  }

  json consumer() {
    json config{{"auto.offset.reset", "earliest"}};
    if (random_.chance(0.3)) {
      config["session.timeout.ms"] = 6000;
      config["heartbeat.interval.ms"] = 1000;
    }
    if (random_.chance(0.3)) config["max.poll.interval.ms"] = one_of<int>({1000, 5000});
    if (readers_.chance(0.5)) {
      const std::int64_t way = readers_.below(3);
      config["partition.assignment.strategy"] = way == 0   ? "cooperative-sticky"
                                                : way == 1 ? "sticky"
                                                           : "roundrobin";
    }
    if (readers_.chance(0.3)) config["group.instance.id"] = "reader-{member}";
    if (readers_.chance(0.3)) config["enable.auto.commit"] = false;
    return {{"group", "readers"},   {"members", members_},   {"machine", "cl"},
            {"topics", {"logins"}}, {"service_time", "1ms"}, {"config", config}};
  }

  // --- Faults ---

  std::string broker() { return fmt::format("broker-{}", 1 + random_.below(brokers_)); }

  /// A machine, or whoever leads at that moment.
  json victim() {
    if (random_.chance(0.25)) {
      return one_of<json>({"controller",
                           {{"leader_of_most", "logins"}},
                           {{"leader_of", {{"topic", "logins"}, {"partition", 0}}}}});
    }
    if (random_.chance(0.6)) return broker();
    if (random_.chance(0.6)) return fmt::format("zookeeper-{}", 1 + random_.below(3));
    return random_.chance(0.5) ? "sender" : "readers-1";
  }

  json disk_of(const json& machine) {
    const bool is_broker = !machine.is_string() || machine == "controller" ||
                           machine.get<std::string>().starts_with("broker");
    return {{"machine", machine}, {"disk", is_broker ? 1 + random_.below(broker_disks_) : 1}};
  }

  json with(json object, const char* key, json value) {
    object[key] = std::move(value);
    return object;
  }

  void add(double at, const std::string& kind, const json& what, const std::string& as) {
    scenario_["faults"].push_back({{"at", seconds(at)}, {kind, what}, {"as", as}});
  }

  void add_fault() {
    const json target = victim();
    const std::string rack = fmt::format("r{}", 1 + random_.below(3));
    const double at = random_.uniform(random_.chance(0.2) ? 0.0 : 4.0, end_of_run - 1);
    const double length = one_of({0.001, 0.02, 0.5, 3.0, 8.0, 20.0}) * random_.uniform(0.5, 1.5);
    const std::string as = fmt::format("f{}", ++faults_);
    std::string kind = one_of<std::string>(
        {"power_off", "kill_process", "stop_process", "pause", "clock", "cut", "loss", "delay",
         "slow_nic", "switch_off", "cut_off", "rack_off", "slow_disk", "fail_disk", "fail_disk",
         "fill_disk", "lying_disk", "corrupt"});
    if (rules_ == Rules::promise && (kind == "lying_disk" || kind == "corrupt")) kind = "fail_disk";
    std::string end = "heal";
    json what = target;
    if (kind == "power_off") {
      end = "power_on";
    } else if (kind == "kill_process" || kind == "stop_process") {
      end = "start_process";
    } else if (kind == "pause") {
      what = {{"machine", target}, {"for", seconds(std::max(length, 0.001))}};
      end = "";
    } else if (kind == "clock") {
      what = {{"machine", target}};
      what[one_of({"ahead", "behind"})] = one_of({"1ms", "10min", "100h"});
      if (random_.chance(0.4)) what["drift_ppm"] = one_of<int>({-100000, 100000, -200});
    } else if (kind == "cut" || kind == "loss" || kind == "delay") {
      what = {{"between", json::array({one_of<json>({target, "brokers", "clients", "r1"})})},
              {"and", json::array({one_of<json>({"everyone_else", "r2", "controller"})})}};
      if (random_.chance(0.3)) what["one_way"] = true;
      if (kind == "loss") what["share"] = one_of({0.01, 0.3, 0.99});
      if (kind == "delay") what["by"] = one_of({"1ms", "300ms", "5s"});
    } else if (kind == "slow_nic") {
      what = {{"machine", target}, {"rate", one_of({"1Mbps", "10Mbps"})}};
    } else if (kind == "switch_off") {
      what = rack + "-tor-1";
    } else if (kind == "cut_off" || kind == "rack_off") {
      what = rack;
    } else if (kind == "slow_disk") {
      what = with(disk_of(target), "factor", one_of<int>({3, 100, 10000}));
    } else if (kind == "fail_disk") {
      what = with(disk_of(target), "share", one_of({1.0, 1.0, 0.3, 0.01}));
    } else if (kind == "fill_disk") {
      what = with(disk_of(target), "left", one_of({"0B", "100KiB", "5MiB"}));
    } else if (kind == "lying_disk") {
      what = disk_of(target);
    } else if (kind == "corrupt") {
      what = {{"machine", broker()}};
      end = "";
    }
    add(at, kind, what, as);
    if (!end.empty() && random_.chance(0.75)) {
      scenario_["faults"].push_back(
          {{"at", seconds(std::min(end_of_run - 0.001, at + length))}, {end, as}});
    }
    if (kind == "fail_disk" && random_.chance(0.7)) restart_soon_after(at, target);
  }

  void restart_soon_after(double at, const json& target) {
    const double stop = at + one_of({0.0001, 0.01, 0.5, 3.0});
    if (stop >= end_of_run - 1) return;
    const std::string as = fmt::format("f{}", ++faults_);
    add(stop, one_of<std::string>({"kill_process", "stop_process"}), target, as);
    const double start = std::min(end_of_run - 0.001, stop + one_of({0.0, 0.01, 1.0, 5.0}));
    scenario_["faults"].push_back({{"at", seconds(start)}, {"start_process", as}});
  }

  RandomStream random_;
  RandomStream readers_;  ///< Of the group's settings.
  const Rules rules_;
  const int brokers_;
  const int members_;
  const int broker_disks_;
  json scenario_;
  int faults_ = 0;
};

/// Runs seeds from BROKERLAB_FIRST_SEED on, 1 if it is not set.
void run_seeds(Rules rules, const std::string& test) {
  const char* wanted = std::getenv("BROKERLAB_FIRST_SEED");
  const std::int64_t first = wanted == nullptr ? 1 : std::atoll(wanted);
  const std::int64_t end = first + tests::seeds_to_try(8);
  for (std::int64_t seed = first; seed < end; ++seed) {
    const std::string text = RandomScenario(static_cast<std::uint64_t>(seed), rules).text();
    INFO(
        fmt::format("again: BROKERLAB_FIRST_SEED={} BROKERLAB_SEEDS=1 "
                    "build/test/bin/brokerlab_tests_apart \"{}\"\n"
                    "or save this and ./brokerlab run it, beside wifi_auth.csv:\n{}",
                    seed, test, text));
    const Loaded loaded = parse_scenario(text, "random_faults.json", library_directory() + "/data");
    INFO(to_text(loaded.errors));
    REQUIRE(loaded.scenario.has_value());
    const auto report = run_apart(*loaded.scenario);
    INFO((report ? std::string() : report.error()));
    REQUIRE(report.ok());
    const json judged = json::parse(*report);
    INFO(judged["reasons"].dump());
    if (rules == Rules::promise) CHECK(judged["verdict"] != "fail");

    if (judged["verdict"] != "pass") CHECK_FALSE(judged["reasons"].empty());
  }
}

}  // namespace

TEST_CASE("random faults never lose what all replicas have synced", "[property]") {
  run_seeds(Rules::promise, "random faults never lose what all replicas have synced");
}

TEST_CASE("random faults of any kind leave a run that ends and is judged", "[property]") {
  run_seeds(Rules::hostile, "random faults of any kind leave a run that ends and is judged");
}
