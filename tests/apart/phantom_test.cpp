// The same incident with records that have bytes, and with phantom batches that stand for as many
// of the same sizes: what it does to the cluster, and what the report says of it, is the same.
#include "scenarios/loader.h"
#include "tests/apart/run_of.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cmath>

using namespace brokerlab;
using namespace brokerlab::scenarios;

namespace {

struct Incident {
  std::string title;
  std::string faults;
  std::string acks = "1";
  std::string brokers = "{}";
  std::string producer = "";  ///< More of its settings, each behind a comma.
  bool idempotent = false;
};

std::string scenario_of(const Incident& incident, std::string_view payload) {
  return fmt::format(
      R"({{
  "name": "incident", "duration": "70s", "seed": 5,
  "hardware": {{"pc": {{"disks": [{{"kind": "ssd"}}], "boot_time": "5s"}}}},
  "zookeeper": {{"nodes": 3, "machine": "pc"}},
  "brokers": {{"count": 3, "machine": "pc", "config": {}}},
  "topics": [{{"name": "logins", "partitions": 3, "replication.factor": 3}}],
  "sources": [{{"name": "table", "file": "wifi_auth.csv", "payload": "{}",
               "rate": [{{"from": "5s", "rate": "300/s"}}], "until": "55s"}}],
  "producers": [{{"name": "sender", "machine": "pc", "source": "table", "topic": "logins",
                 "poll_interval": "50ms", "query_time": "1ms", "service_time": "2ms", "key": "username",
                 "config": {{"acks": "{}", "enable.idempotence": {}{}}}}}],
  "consumers": [{{"group": "readers", "members": 2, "machine": "pc", "topics": ["logins"],
                 "service_time": "1ms"}},
                {{"group": "archive", "members": 1, "machine": "pc", "topics": ["logins"],
                 "service_time": "0s", "config": {{"auto.offset.reset": "earliest"}}}}],
  "recording": {{"level": "none"}},
  "faults": [{}]}})",
      incident.brokers, payload, incident.acks, incident.idempotent, incident.producer,
      incident.faults);
}

/// Everything but what a record is called by; every lost one for itself.
nlohmann::json comparable(nlohmann::json report) {
  nlohmann::json lost = nlohmann::json::array();
  for (const nlohmann::json& one : report["lost"]) {
    for (std::int64_t n = 0; n < one["count"].get<std::int64_t>(); ++n) {
      lost.push_back({one["partition"], one["offset"].get<std::int64_t>() + n,
                      one["acknowledged_s"], one["why"]});
    }
  }
  report["lost"] = lost;
  for (const char* named_by_record : {"fingerprint", "time_line", "wall_s", "phantom_sources"}) {
    report.erase(named_by_record);
  }
  return report;
}

nlohmann::json report_of(const Incident& incident, std::string_view payload) {
  const Loaded loaded = parse_scenario(scenario_of(incident, payload), "incident.json",
                                       library_directory() + "/data");
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  REQUIRE(loaded.scenario->sources[0].phantom == (payload == "phantom"));
  return tests::report_of(*loaded.scenario);
}

/// What two readers take in 20 ms, at 1 ms a record: of many records at once it is told so late.
constexpr double told_late = 40;

/// So peaks of seconds, the greatest lag and times are a little off. The rest is the same to the
/// letter.
void differences(const nlohmann::json& real, const nlohmann::json& phantom, const std::string& path,
                 std::string& told) {
  if (real.is_structured() && real.type() == phantom.type() && real.size() == phantom.size()) {
    for (const auto& [key, value] : real.items()) {
      const nlohmann::json& other =
          real.is_array() ? phantom[std::stoul(key)] : phantom.value(key, nlohmann::json());
      differences(value, other, fmt::format("{}/{}", path, key), told);
    }
    return;
  }
  const bool about = path.starts_with("/latency/") || path.ends_with("/peak") ||
                     path.ends_with("/most_lag") || path.ends_with("/most_lag_at_s");
  const bool until_read = path.ends_with("/drained_after_s");
  if (until_read && real.is_number() && phantom.is_number()) {
    const double margin = told_late / 2 / 1000;  // as long as a batch takes its reader, in seconds
    if (std::abs(phantom.get<double>() - real.get<double>()) <= margin) return;
  } else if (about && real.is_number() && phantom.is_number()) {
    const double margin = path.ends_with("/most_lag") ? told_late : 0;
    if (phantom.get<double>() == Approx(real.get<double>()).epsilon(0.01).margin(margin)) return;
  } else if (real == phantom) {
    return;
  }
  told += fmt::format("{}: {} and {}\n", path, real.dump(), phantom.dump());
}

}  // namespace

TEST_CASE("seventeen incidents do the same to phantom records as to real ones", "[unit]") {
  const std::string leader = R"({"leader_of_most": "logins"})";
  const std::vector<Incident> incidents{
      {"leader loses power, acks=1", R"({"at": "20s", "power_off": )" + leader + R"(, "as": "it"},
          {"at": "50s", "power_on": "it"})"},
      {"leader loses power, acks=all", R"({"at": "20s", "power_off": )" + leader + R"(, "as": "it"},
          {"at": "50s", "power_on": "it"})",
       "all", R"({"min.insync.replicas": 2})"},
      {"leader loses power, idempotent",
       R"({"at": "20s", "power_off": )" + leader +
           R"(, "as": "it"}, {"at": "50s", "power_on": "it"})",
       "all", R"({"min.insync.replicas": 2})", "", true},
      {"packets are lost, idempotent", R"({"at": "20s", "loss": {"between": ["sender"],
          "and": ["everyone_else"], "share": 0.3}, "as": "it"}, {"at": "40s", "heal": "it"})",
       "all", "{}", R"(, "request.timeout.ms": 1000, "delivery.timeout.ms": 60000)", true},
      {"leader killed, acks=0", R"({"at": "20s", "kill_process": )" + leader + "}", "0"},
      {"all brokers lose power at once",
       R"({"at": "20s", "power_off": "broker-1", "as": "a"}, {"at": "20s", "power_off": "broker-2", "as": "b"},
           {"at": "20s", "power_off": "broker-3", "as": "c"}, {"at": "22s", "power_on": "a"},
           {"at": "22s", "power_on": "b"}, {"at": "22s", "power_on": "c"})",
       "all"},
      {"a zombie leader",
       R"({"at": "20s", "pause": {"machine": )" + leader + R"(, "for": "25s"}})"},
      {"cut off from ZooKeeper, and acknowledging",
       R"({"at": "20s", "cut": {"between": ["broker-1"], "and": ["zookeeper-1", "zookeeper-2",
           "zookeeper-3", "broker-2", "broker-3"]}, "as": "it"}, {"at": "45s", "heal": "it"})"},
      {"unclean election",
       R"({"at": "20s", "kill_process": "broker-2"}, {"at": "45s", "kill_process": "broker-3"},
          {"at": "47s", "kill_process": "broker-1"}, {"at": "50s", "start_process": "broker-2"})",
       "1", R"({"unclean.leader.election.enable": true, "replica.lag.time.max.ms": 5000})"},
      {"lossy network, retries and duplicates",
       R"({"at": "20s", "loss": {"between": ["sender"], "and": ["everyone_else"], "share": 0.4},
           "as": "it"}, {"at": "35s", "heal": "it"})",
       "all", "{}", R"(, "request.timeout.ms": 2000)"},
      {"producer is stopped with rows in hand, and started again",
       R"({"at": "20.03s", "stop_process": "sender"}, {"at": "24s", "start_process": "sender"})"},
      {"producer is killed with rows in hand, and started again",
       R"({"at": "20.03s", "kill_process": "sender"}, {"at": "24s", "start_process": "sender"})"},
      {"a bit of a log flips, and its broker starts again",
       R"({"at": "20s", "corrupt": {"machine": "broker-1", "directory": "logins-0"}}, {"at": "25s", "kill_process": "broker-1"},
          {"at": "30s", "start_process": "broker-1"})"},
      {"consumer dies and comes back",
       R"({"at": "20s", "kill_process": "readers-1"}, {"at": "40s", "start_process": "readers-1"})"},
      {"slow disk",
       R"({"at": "20s", "slow_disk": {"machine": "broker-1", "factor": 200}, "as": "it"},
          {"at": "40s", "heal": "it"})",
       "all", R"({"log.flush.interval.messages": 1})"},
      {"controlled shutdown",
       R"({"at": "20s", "stop_process": "broker-1"}, {"at": "40s", "start_process": "broker-1"})",
       "all"},
      {"ZooKeeper without a majority, then a broker",
       R"({"at": "20s", "kill_process": "zookeeper-1"}, {"at": "20s", "kill_process": "zookeeper-2"},
          {"at": "25s", "kill_process": "broker-3"}, {"at": "45s", "start_process": "zookeeper-1"})",
       "all"},
  };
  REQUIRE(incidents.size() == 17);
  std::int64_t lost = 0;
  for (const Incident& incident : incidents) {
    INFO(incident.title);
    const nlohmann::json real = comparable(report_of(incident, "real"));
    const nlohmann::json phantom = comparable(report_of(incident, "phantom"));
    lost += static_cast<std::int64_t>(real["lost"].size());
    std::string told;
    differences(real, phantom, "", told);
    CHECK(told == "");
  }
  CHECK(lost > 100);
}
