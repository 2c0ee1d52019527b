// What a report says of a fault fits what it says elsewhere: each clause beside the table, the time
// line or the harm that counts the same. Each run is a process of its own.
#include "tests/apart/run_of.h"
#include "tests/runs/run_story.h"

#include <catch2/catch.hpp>

#include <set>

using namespace brokerlab;
using namespace brokerlab::scenarios;
using brokerlab::tests::run_of;

namespace {

/// Three brokers and ZooKeeper servers; rows from 5 s to 30 s, a run of a minute.
std::string lab(const std::string& faults, const std::string& topic = "",
                const std::string& producer = "", const std::string& brokers = "") {
  return R"({
  "name": "clauses", "duration": "60s", "seed": 3,
  "hardware": {"pc": {"disks": [{"kind": "ssd"}], "boot_time": "5s"}},
  "network": {"delay": "100us"},
  "zookeeper": {"nodes": 3, "machine": "pc"},
  "brokers": {"count": 3, "machine": "pc", "config": {)" +
         brokers + R"(}},
  "topics": [{"name": "logins", "partitions": 3, "replication.factor": 3, "config": {)" +
         topic + R"(}}],
  "sources": [{"name": "table", "file": "wifi_auth.csv",
               "rate": [{"from": "5s", "rate": "200/s"}], "until": "30s"}],
  "producers": [{"name": "sender", "machine": "pc", "source": "table", "topic": "logins",
                 "config": {"acks": "all", "enable.idempotence": false)" +
         producer + R"(}}],
  "consumers": [{"group": "readers", "members": 1, "machine": "pc", "topics": ["logins"],
                 "service_time": "1ms"}],
  "recording": {"level": "none"},
  "faults": [)" +
         faults + "]}";
}

/// The clause of the first fault that contains these words; "" when there is none.
std::string clause(const nlohmann::json& report, const std::string& words, std::size_t fault = 0) {
  for (const auto& one : report["faults"][fault]["effects"]) {
    const std::string text = one;
    if (text.find(words) != std::string::npos) return text;
  }
  return "";
}

std::string harm(const nlohmann::json& report, const std::string& kind) {
  for (const auto& one : report["harm"]) {
    if (one["kind"] == kind) return one["text"];
  }
  return "";
}

double longest_wait(const nlohmann::json& report) {
  double longest = 0;
  for (const auto& one : report["partitions"]) {
    longest = std::max(longest, one["longest_wait_s"].get<double>());
  }
  return longest;
}

/// API and name of the errors that clients met from then on, each once.
std::size_t kinds_of_errors(const nlohmann::json& report, double from) {
  std::set<std::string> kinds;
  for (const auto& one : report["client_errors"]) {
    if (one["last_s"].get<double>() < from) continue;
    kinds.insert(one["api"].get<std::string>() + " " + one["name"].get<std::string>());
  }
  return kinds.size();
}

const std::string dark = R"({"at": "15s", "power_off": "broker-2", "as": "dark"})";
const std::string soon_back = dark + R"(, {"at": "20s", "power_on": "dark"})";

}  // namespace

TEST_CASE("a broker that dies just before the end has bitten", "[unit]") {
  // Nobody writes any more.
  const nlohmann::json report = run_of(lab(R"({"at": "55s", "power_off": "broker-2"})"));
  INFO(report["faults"].dump());
  CHECK(report["faults"][0]["bit"].get<bool>());
  CHECK(harm(report, "produce_unavailable") ==
        "unavailable for produce for up to 5 s, and at the end");
  CHECK(clause(report, "unavailable") == "3 partitions unavailable, for up to 5 s");
  CHECK(clause(report, "at the end") == "broker-2 is down at the end");
}

TEST_CASE("the longest wait of a fault is the longest of the table, however it ended", "[unit]") {
  const std::string all_three = R"("min.insync.replicas": 3)";
  const nlohmann::json back = run_of(lab(soon_back, all_three));
  INFO(back["faults"].dump() << back["partitions"].dump());
  CHECK(longest_wait(back) > 5);
  CHECK(clause(back, "waited up to") ==
        "acknowledgments waited up to " + to_rounded_text(from_seconds(longest_wait(back))));
  // Given up, never acknowledged; below min.insync.replicas from 33 s on.
  const nlohmann::json never_back =
      run_of(lab(dark, all_three, R"(, "request.timeout.ms": 2000, "delivery.timeout.ms": 12000)"));
  INFO(never_back["faults"].dump() << never_back["partitions"].dump());
  CHECK(never_back["records"]["failed"].get<int>() > 0);
  CHECK(longest_wait(never_back) == Approx(12).margin(2.5));
  CHECK(clause(never_back, "acknowledgments") ==
        "acknowledgments waited up to " + to_rounded_text(from_seconds(longest_wait(never_back))));
  // Neither by the end.
  const nlohmann::json waiting = run_of(lab(dark, all_three));
  INFO(waiting["faults"].dump());
  CHECK(waiting["records"]["waiting"].get<int>() > 0);
  CHECK(clause(waiting, "acknowledgments") ==
        "acknowledgments waited up to " +
            to_rounded_text(
                from_seconds(waiting["records"]["oldest_waiting_ms"].get<double>() / 1000)));
}

TEST_CASE("kinds of errors are those of the table of errors", "[unit]") {
  const std::string no_way = R"({"at": "15s", "cut": {"between": ["sender", "readers-1"],
      "and": ["brokers"]}, "as": "cut"}, {"at": "50s", "heal": "cut"})";
  for (const std::string& faults : {dark, soon_back, no_way}) {
    const nlohmann::json report = run_of(lab(faults));
    INFO(report["faults"].dump() << report["client_errors"].dump());
    const std::size_t kinds = kinds_of_errors(report, 15);
    REQUIRE(kinds > 1);
    CHECK(clause(report, "errors that") ==
          fmt::format("{} kinds of errors that clients saw", kinds));
  }
}

TEST_CASE("every ISR that a dead broker leaves is counted, by an election, too", "[unit]") {
  const nlohmann::json report = run_of(lab(dark));
  INFO(report["faults"].dump());
  // All of the topic's and of __consumer_offsets.
  CHECK(clause(report, "the ISR shrank") == "the ISR shrank 53 times");
  for (const auto& one : report["partitions"]) CHECK(one["isr_changes"] == 1);
}

TEST_CASE("what a producer gives up batch by batch is a line a partition", "[unit]") {
  const nlohmann::json report =
      run_of(lab(dark, R"("min.insync.replicas": 3)",
                 R"(, "request.timeout.ms": 2000, "delivery.timeout.ms": 5000, "linger.ms": 0)"));
  std::vector<std::string> lines;
  for (const auto& one : report["time_line"]) {
    const std::string text = one["text"];
    if (text.find("gave up on") != std::string::npos) lines.push_back(text);
  }
  INFO(fmt::format("{}", fmt::join(lines, "\n")));
  CHECK(lines.size() >= 3);
  CHECK(lines.size() <= 6);  // REQUEST_TIMED_OUT alone, and after NOT_ENOUGH_REPLICAS
  std::int64_t records = 0;
  for (const std::string& text : lines) {
    const std::size_t in_all = text.find(" records in all");
    if (in_all == std::string::npos) {
      records += std::atoll(text.c_str() + text.find("gave up on ") + 11);
      continue;
    }
    std::string number = text.substr(0, in_all);
    number = number.substr(number.rfind(' ') + 1);
    std::erase(number, ',');
    records += std::atoll(number.c_str());
  }
  CHECK(records == report["records"]["failed"].get<std::int64_t>());
}

TEST_CASE("the state of a group is what its coordinator says, not who was it", "[unit]") {
  for (const char* broker : {"broker-1", "broker-2", "broker-3"}) {
    const nlohmann::json report = run_of(
        lab(fmt::format(R"({{"at": "15s", "pause": {{"machine": "{}", "for": "12s"}}}})", broker),
            "", "", R"("zookeeper.session.timeout.ms": 4000)"));
    INFO(broker << report["groups"].dump());
    CHECK(report["groups"][0]["state"] == "Stable");
    CHECK(report["groups"][0]["waiting"] == 0);
  }
}

TEST_CASE("a redundancy that takes over is said to have done so", "[unit]") {
  std::string text = lab(R"({"at": "15s", "switch_off": "r1-tor-1"})");
  const std::string network = R"("network": {"delay": "100us"})";
  text.replace(text.find(network), network.size(), R"("topology": {"racks": [
    {"name": "r1", "machines": ["broker-1", "broker-2", "broker-3"], "switches": 2},
    {"name": "r2", "machines": ["zookeeper-1", "zookeeper-2", "zookeeper-3", "sender",
                                "readers-1"]}]})");
  const nlohmann::json report = run_of(text);
  INFO(report.dump());
  CHECK(report["verdict"] == "unknown");
  CHECK(report["faults"][0]["absorbed"].get<bool>());
  CHECK_THAT(report["reasons"][0].get<std::string>(),
             Catch::Contains("was absorbed: others took over") && Catch::Contains("compare"));
}
