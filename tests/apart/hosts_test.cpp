// Whole runs in which processes share computers: what befalls one of them befalls all, and each
// takes from its neighbours what it uses.
#include "scenarios/loader.h"
#include "tests/apart/run_of.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::scenarios;
using nlohmann::json;

namespace {

/// The university's cluster, all of it on one laptop.
json laptop_with(const std::vector<std::string>& overrides) {
  const Loaded loaded = load_scenario(
      std::string(BROKERLAB_SOURCE_DIR) + "/tests/scenarios/whole_cluster_on_a_laptop.json",
      {overrides, {}});
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return tests::report_of(*loaded.scenario);
}

/// Two brokers under load, each leading half of the partitions, alone with their replicas.
std::string pair_with(const std::string& hosts, const std::string& sync = "1") {
  return R"({
  "name": "pair", "duration": "40s", "seed": 3,
  "hardware": {"one": {"cpu": {"cores": 4}, "disks": [{"kind": "hdd"}]},
               "two": {"cpu": {"cores": 4}, "disks": [{"kind": "hdd"}, {"kind": "hdd"}]},
               "small": {"cpu": {"cores": 1}, "disks": [{"kind": "ssd"}]}},
  "zookeeper": {"nodes": 1, "machine": "small"},
  "brokers": {"count": 2, "machine": "one"},
  "hosts": )" +
         hosts + R"(,
  "topics": [{"name": "t", "partitions": 4, "replication.factor": 1,
              "config": {"flush.messages": )" +
         sync + R"(}}],
  "sources": [{"name": "table", "file": "wifi_auth.csv", "arrivals": "even",
               "rate": [{"from": "8s", "rate": "40/s"}], "until": "35s"}],
  "producers": [{"name": "sender", "machine": "small", "source": "table", "topic": "t",
                 "key": "username", "poll_interval": "1ms", "query_time": "0ns",
                 "config": {"acks": "1", "enable.idempotence": false, "linger.ms": 0}}],
  "recording": {"level": "none"}})";
}

/// How long acknowledgments took, in milliseconds; the share of 1 that were faster.
double waited(const json& report, const char* share) {
  return report["latency"]["acknowledged_after"][share].get<double>();
}

}  // namespace

TEST_CASE("a cluster on one laptop works, and its load is told once", "[unit]") {
  const json report = laptop_with({});
  CHECK(report["verdict"] == "pass");
  CHECK(report["records"]["consumed"].get<int>() > 1'000);
  REQUIRE(report["machines"].size() == 1);
  CHECK(report["machines"][0]["name"] == "laptop");
  CHECK(report["machines"][0]["nic_sent"].get<std::int64_t>() == 0);
  CHECK(report["machines"][0]["disk_written"].get<std::int64_t>() > 0);
}

TEST_CASE("the laptop's power cut takes everything down, and what was in memory only", "[unit]") {
  const json report = laptop_with(
      {R"(faults=[{"at": "30s", "power_off": "laptop"}, {"at": "31s", "power_on": "broker-2"}])",
       "hardware={\"student_laptop\": {\"profile\": \"student_laptop\", \"boot_time\": \"5s\"}}"});
  INFO(report.dump(1));
  const json& fault = report["faults"][0];
  CHECK(fault["target"] == "laptop");
  CHECK(fault["bit"].get<bool>());
  CHECK(report["faults"][1]["target"] == "laptop");
  // Three copies in one memory: acknowledged by all of them, safe with none.
  CHECK(report["verdict"] == "fail");
  CHECK(!report["lost"].empty());
}

TEST_CASE("a killed broker leaves its neighbours on the laptop alone", "[unit]") {
  const json report = laptop_with({R"(faults=[{"at": "30s", "kill_process": "broker-2"}])"});
  INFO(report.dump(1));
  CHECK(report["verdict"] == "pass");
  CHECK(report["faults"][0]["target"] == "broker-2");
  CHECK(report["faults"][0]["bit"].get<bool>());
}

TEST_CASE("two brokers on one disk are slower than on two", "[unit]") {
  const std::string brokers = R"("processes": ["broker-*"]}])";
  const json one = tests::run_of(pair_with(R"([{"name": "box", "machine": "one", )" + brokers));
  const json two = tests::run_of(pair_with(R"([{"name": "box", "machine": "two", )" + brokers));
  const json apart = tests::run_of(pair_with("[]"));
  INFO(waited(one, "p50_ms") << " " << waited(two, "p50_ms") << " " << waited(apart, "p50_ms"));
  CHECK(waited(one, "p50_ms") > 1.3 * waited(two, "p50_ms"));
  CHECK(waited(one, "p50_ms") > 1.3 * waited(apart, "p50_ms"));
}

TEST_CASE("a second program takes cores and disk from a broker", "[unit]") {
  const auto beside = [](const std::string& load) {
    return tests::run_of(pair_with(
        R"([{"name": "box", "machine": "one", "processes": ["broker-1"], "background": )" + load +
            "}]",
        "1000000"));
  };
  const json alone = beside("[]");
  const json computing = beside(R"([{"name": "video", "cpu_share": 1}])");
  INFO(waited(alone, "p99_ms") << " " << waited(computing, "p99_ms"));
  CHECK(computing["machines"][1]["name"] == "box");
  CHECK(computing["machines"][1]["cpu_utilisation"].get<double>() > 0.95);
  CHECK(alone["machines"][1]["cpu_utilisation"].get<double>() < 0.1);
  CHECK(waited(computing, "p99_ms") > 2 * waited(alone, "p99_ms"));
}
