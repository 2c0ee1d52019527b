// Every kind of fault, in a whole run: it is done, it bites, it ends; or the run says that it did
// not and is worth nothing. Each run is a process of its own, as SimGrid has one platform a
// process.
#include "scenarios/loader.h"
#include "tests/apart/run_of.h"
#include "tests/runs/run_story.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace brokerlab;
using namespace brokerlab::scenarios;

namespace {

/// Three brokers in racks of their own below two spines, the first rack with a single switch.
std::string scenario_with(const std::string& faults) {
  return R"({
  "name": "faults", "duration": "60s", "seed": 3,
  "hardware": {"pc": {"disks": [{"kind": "ssd"}], "boot_time": "5s"}},
  "topology": {"racks": [
    {"name": "r1", "machines": ["broker-1", "zookeeper-1"]},
    {"name": "r2", "machines": ["broker-2", "zookeeper-2"], "switches": 2},
    {"name": "r3", "machines": ["broker-3", "zookeeper-3", "sender", "readers-1"], "switches": 2}]},
  "zookeeper": {"nodes": 3, "machine": "pc"},
  "brokers": {"count": 3, "machine": "pc"},
  "topics": [{"name": "logins", "partitions": 3, "replication.factor": 3,
              "config": {"flush.messages": 1}}],
  "sources": [{"name": "table", "file": "wifi_auth.csv",
               "rate": [{"from": "5s", "rate": "200/s"}], "until": "50s"}],
  "producers": [{"name": "sender", "machine": "pc", "source": "table", "topic": "logins",
                 "config": {"acks": "all", "enable.idempotence": false}}],
  "consumers": [{"group": "readers", "members": 1, "machine": "pc", "topics": ["logins"],
                 "service_time": "1ms"}],
  "recording": {"level": "none"},
  "faults": [)" +
         faults + "]}";
}

Loaded loaded_with(const std::string& faults) {
  return parse_scenario(scenario_with(faults), "faults.json", library_directory() + "/data");
}

nlohmann::json report_of(const Loaded& loaded) {
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return tests::report_of(*loaded.scenario);
}

nlohmann::json run_with(const std::string& faults) { return report_of(loaded_with(faults)); }

std::string note(const nlohmann::json& report) { return report["faults"][0]["note"]; }

}  // namespace

TEST_CASE("every fault of paths, switches and disks bites, and ends when it is healed", "[unit]") {
  // What is done to the cluster at 20 s, under load; healed at 30 s.
  const std::vector<std::string> faults{
      R"("cut": {"between": ["broker-1"], "and": ["everyone_else"]})",
      R"("cut": {"between": ["broker-1"], "and": ["everyone_else"], "one_way": true})",
      R"("cut": {"between": ["r1"], "and": ["r2"]})",
      R"("loss": {"between": ["brokers"], "and": ["everyone_else"], "share": 0.05})",
      R"("delay": {"between": ["r3"], "and": ["r1", "r2"], "by": "20ms", "jitter": "5ms"})",
      R"("slow_nic": {"machine": "broker-1", "rate": "1Mbps"})",
      R"("switch_off": "r1-tor-1")",
      R"("cut_off": "r2")",
      R"("rack_off": "r1")",
      R"("slow_disk": {"machine": "broker-1", "factor": 100})",
      R"("fail_disk": {"machine": "broker-1"})",
      R"("fill_disk": {"machine": "broker-1"})",
      R"("lying_disk": {"machine": "broker-1"})",
      R"("clock": {"machine": "sender", "behind": "10min"})",
      R"("clock": {"machine": "broker-2", "drift_ppm": -200})",
  };
  for (const std::string& fault : faults) {
    INFO(fault);
    const nlohmann::json report = run_with(
        R"({"at": "20s", )" + fault + R"(, "as": "trouble"}, {"at": "30s", "heal": "trouble"})");
    REQUIRE(report["faults"].size() == 2);
    INFO(note(report) << "; " << report["faults"][1]["note"]);
    CHECK(report["faults"][0]["done"].get<bool>());
    CHECK(report["faults"][0]["bit"].get<bool>());
    CHECK(report["faults"][1]["done"].get<bool>());
    // Nothing that was acknowledged by all is lost by any of them.
    CHECK(report["verdict"] == "pass");
  }
}

TEST_CASE("a broker's clock bites where something keeps its time", "[unit]") {
  const auto bites = [](const std::string& type) {
    std::string text =
        scenario_with(R"({"at": "20s", "clock": {"machine": "broker-1", "ahead": "10min"}})");
    const std::string before = R"("flush.messages": 1)";
    text.replace(text.find(before), before.size(), R"("message.timestamp.type": ")" + type + "\"");
    const std::size_t readers = text.find(R"("consumers")");  // Their commits would keep it, too.
    text.erase(readers, text.find(R"("recording")") - readers);
    const std::string of_reader = R"(, "readers-1")";
    text.erase(text.find(of_reader), of_reader.size());
    return report_of(parse_scenario(text, "faults.json",
                                    library_directory() + "/data"))["faults"][0]["bit"]
        .get<bool>();
  };
  CHECK_FALSE(bites("CreateTime"));
  CHECK(bites("LogAppendTime"));
}

TEST_CASE("a rack that loses power is told as that, then as its parts", "[unit]") {
  const nlohmann::json report = run_with(R"({"at": "20s", "rack_off": "r1"})");
  std::vector<std::string> told;
  for (const auto& line : report["time_line"]) {
    const std::string text = line["text"];
    if (text.find("power") != std::string::npos || text.find("switch") != std::string::npos) {
      told.push_back(text);
    }
  }
  REQUIRE(told.size() >= 3);
  CHECK(told[0] == "everything in r1 loses power");
  CHECK(told[1] == "switch r1-tor-1 failed");
  CHECK(told[2] == "broker-1 lost power");
}

TEST_CASE("of several faults of one kind on one thing the newest counts, and each ends alone",
          "[unit]") {
  const auto told = [](const std::string& about, const std::string& faults) {
    const nlohmann::json report = run_with(faults);
    for (const auto& fault : report["faults"]) CHECK(fault["done"].get<bool>());
    std::vector<std::string> lines;
    for (const auto& line : report["time_line"]) {
      const std::string text = line["text"];
      if (text.find(about) != std::string::npos) lines.push_back(text);
    }
    return lines;
  };
  // The older one ends: nobody notices.
  CHECK(told("disk 1 of broker-1",
             R"({"at": "10s", "slow_disk": {"machine": "broker-1", "factor": 3}, "as": "a"},
                {"at": "15s", "slow_disk": {"machine": "broker-1", "factor": 7}, "as": "b"},
                {"at": "20s", "heal": "a"}, {"at": "25s", "heal": "b"})") ==
        std::vector<std::string>{"disk 1 of broker-1 takes 3 times as long now",
                                 "disk 1 of broker-1 takes 7 times as long now",
                                 "disk 1 of broker-1 is as fast as before"});
  // The newer one ends: the older one is back.
  CHECK(told("network card",
             R"({"at": "10s", "slow_nic": {"machine": "broker-1", "rate": "10Mbps"}, "as": "a"},
                {"at": "15s", "slow_nic": {"machine": "broker-1", "rate": "1Mbps"}, "as": "b"},
                {"at": "20s", "heal": "b"}, {"at": "25s", "heal": "a"})") ==
        std::vector<std::string>{"the network card of broker-1 carries no more than 1.25 MB/s now",
                                 "the network card of broker-1 carries no more than 125 KB/s now",
                                 "the network card of broker-1 carries no more than 1.25 MB/s now",
                                 "the network card of broker-1 is as fast as before"});
}

TEST_CASE("a rack stays dark until the last of two faults is healed", "[unit]") {
  const nlohmann::json report = run_with(
      R"({"at": "20s", "rack_off": "r1", "as": "a"}, {"at": "22s", "rack_off": "r1", "as": "b"},
         {"at": "25s", "heal": "a"}, {"at": "45s", "heal": "b"})");
  std::vector<double> on;
  std::vector<double> works;
  for (const auto& line : report["time_line"]) {
    if (line["text"] == "broker-1 was switched on") on.push_back(line["t_s"]);
    if (line["text"] == "r1-tor-1 works again") works.push_back(line["t_s"]);
  }
  CHECK(on == std::vector<double>{45});
  CHECK(works == std::vector<double>{45});
}

TEST_CASE("who was switched on or off meanwhile stays so when an outage ends", "[unit]") {
  const auto power_of_broker_1 = [](const std::string& faults) {
    const nlohmann::json report = run_with(faults);
    std::string story;
    for (const auto& line : report["time_line"]) {
      const bool on = line["text"] == "broker-1 was switched on";
      if (!on && line["text"] != "broker-1 lost power") continue;
      story += fmt::format("{} {:.0f} ", on ? "on" : "off", line["t_s"].get<double>());
    }
    return story;
  };
  // Off for a reason of its own: before the rack's, and after somebody had switched it on.
  CHECK(power_of_broker_1(
            R"({"at": "18s", "power_off": "broker-1"}, {"at": "20s", "rack_off": "r1", "as": "x"},
               {"at": "30s", "heal": "x"})") == "off 18 ");
  CHECK(power_of_broker_1(
            R"({"at": "20s", "rack_off": "r1", "as": "x"}, {"at": "25s", "power_on": "broker-1"},
               {"at": "28s", "power_off": "broker-1"}, {"at": "30s", "heal": "x"})") ==
        "off 20 on 25 off 28 ");
  // On by hand: the older of two outages does not come back to it, and a later one takes it again.
  CHECK(
      power_of_broker_1(
          R"({"at": "20s", "rack_off": "r1", "as": "x"}, {"at": "22s", "rack_off": "r1", "as": "y"},
               {"at": "25s", "power_on": "broker-1"}, {"at": "30s", "heal": "y"},
               {"at": "35s", "heal": "x"})") == "off 20 on 25 ");
  CHECK(power_of_broker_1(
            R"({"at": "20s", "rack_off": "r1", "as": "x"}, {"at": "25s", "power_on": "broker-1"},
               {"at": "31s", "rack_off": "r1", "as": "y"}, {"at": "35s", "heal": "x"},
               {"at": "40s", "heal": "y"})") == "off 20 on 25 off 31 on 40 ");
  // Whose process had been killed gets its power back, and no process.
  const nlohmann::json killed = run_with(
      R"({"at": "18s", "kill_process": "broker-1"}, {"at": "20s", "rack_off": "r1", "as": "x"},
         {"at": "30s", "heal": "x"})");
  for (const auto& line : killed["time_line"]) {
    const bool later = line["t_s"].get<double>() > 18;
    CHECK_FALSE((later && line["text"] == "broker-1 started"));
  }
}

TEST_CASE("a fault below another one goes on, and has no credit for the other's harm", "[unit]") {
  const auto halts_at = [](const std::string& more) {
    const nlohmann::json report = run_with(
        R"({"at": "10s", "fill_disk": {"machine": "broker-1", "left": "700KiB"}, "as": "a"})" +
        more);
    for (const auto& line : report["time_line"]) {
      const std::string text = line["text"];
      if (text.starts_with("broker-1 exited")) return line["t_s"].get<double>();
    }
    return -1.0;
  };
  const double alone = halts_at("");
  CHECK(alone > 15);
  const double covered = halts_at(
      R"(, {"at": "14s", "fill_disk": {"machine": "broker-1", "left": "600KiB"}, "as": "b"},
           {"at": "14.1s", "heal": "b"})");
  CHECK(std::abs(covered - alone) < 0.5);

  const nlohmann::json slow = run_with(
      R"({"at": "10s", "slow_disk": {"machine": "broker-1", "factor": 1.001}, "as": "a"},
         {"at": "10.0001s", "slow_disk": {"machine": "broker-1", "factor": 50}, "as": "b"},
         {"at": "30s", "heal": "a"}, {"at": "40s", "heal": "b"})");
  CHECK_FALSE(slow["faults"][0]["bit"].get<bool>());
  CHECK(slow["faults"][1]["bit"].get<bool>());
  CHECK(slow["verdict"] == "unknown");
}

TEST_CASE("a broker that is asked to stop leaves no gap; one that is killed does", "[unit]") {
  const auto unavailable = [](const std::string& how) {
    const nlohmann::json report = run_with(R"({"at": "21.014s", ")" + how +
                                           R"(": "broker-1", "as": "victim"},
                                   {"at": "40s", "start_process": "victim"})");
    INFO(report["faults"].dump());
    CHECK(report["faults"][0]["done"].get<bool>());
    CHECK(report["faults"][0]["bit"].get<bool>());
    CHECK(report["faults"][1]["done"].get<bool>());
    CHECK(report["verdict"] == "pass");
    return report["unavailable_s"].get<double>();
  };
  CHECK(unavailable("stop_process") < 1);
  CHECK(unavailable("kill_process") > 10);  // until ZooKeeper has expired the session
}

TEST_CASE("a broker that stops before its logs are recovered has not stopped cleanly", "[unit]") {
  const nlohmann::json report = run_with(
      R"({"at": "20s", "power_off": "broker-1", "as": "dark"}, {"at": "22s", "power_on": "dark"},
         {"at": "27.005s", "stop_process": "broker-1", "as": "early"},
         {"at": "30s", "start_process": "early"},
         {"at": "45s", "stop_process": "broker-1", "as": "late"},
         {"at": "50s", "start_process": "late"})");
  std::vector<double> recovered;
  for (const auto& line : report["time_line"]) {
    const std::string text = line["text"];
    if (text.starts_with("broker-1 recovered")) recovered.push_back(line["t_s"]);
  }
  // At 27 s it was in the middle of it; at 45 s it had time to close them.
  REQUIRE_FALSE(recovered.empty());
  CHECK(recovered.front() > 30);
  CHECK(recovered.back() < 45);
  CHECK(report["verdict"] != "fail");
}

TEST_CASE("a log directory whose last flush failed is looked through at the next start", "[unit]") {
  const auto recovered = [](const std::string& faults) {
    std::string text = scenario_with(faults);
    const std::string one = R"([{"kind": "ssd"}])";
    const std::string two = R"([{"kind": "ssd"}, {"kind": "ssd"}])";
    text.replace(text.find(one), one.size(), two);
    // Nothing is synced before the broker stops.
    const std::string synced = R"("flush.messages": 1)";
    text.replace(text.find(synced), synced.size(), R"("min.insync.replicas": 1)");
    const Loaded loaded = parse_scenario(text, "faults.json", library_directory() + "/data");
    INFO(to_text(loaded.errors));
    REQUIRE(loaded.scenario.has_value());
    const nlohmann::json report = tests::report_of(*loaded.scenario);
    std::string lines;
    for (const auto& line : report["time_line"]) {
      const std::string said = line["text"];
      if (said.starts_with("broker-1 recovered")) lines += said + "; ";
    }
    return lines;
  };
  const std::string restart =
      R"({"at": "30s", "stop_process": "broker-1", "as": "s"}, {"at": "40s", "start_process": "s"})";
  CHECK(recovered(restart) == "");
  const std::string logs = recovered(
      R"({"at": "29.999s", "fail_disk": {"machine": "broker-1", "disk": 2}, "as": "d"},
         {"at": "35s", "heal": "d"}, )" +
      restart);
  CHECK_THAT(logs, Catch::Contains("after an unclean stop"));
}

TEST_CASE("a power failure takes what is young; segments closed before it are on the disk",
          "[unit]") {
  // One replica, nothing synced by the topic's settings, and write-back still 30 s away.
  const auto lost = [](const std::string& setting) -> std::size_t {
    std::string text = scenario_with(
        R"({"at": "28s", "power_off": {"leader_of": {"topic": "logins", "partition": 0}},
            "as": "dark"}, {"at": "30s", "power_on": "dark"})");
    const auto replace = [&](const std::string& old, const std::string& with) {
      REQUIRE(text.find(old) != std::string::npos);
      text.replace(text.find(old), old.size(), with);
    };
    replace(R"("partitions": 3, "replication.factor": 3)",
            R"("partitions": 1, "replication.factor": 1)");
    replace(R"("acks": "all")", R"("acks": "1")");
    replace(R"("flush.messages": 1)", setting);
    const Loaded loaded = parse_scenario(text, "faults.json", library_directory() + "/data");
    INFO(to_text(loaded.errors));
    REQUIRE(loaded.scenario.has_value());
    const nlohmann::json report = tests::report_of(*loaded.scenario);
    std::int64_t told = 0;
    for (const auto& line : report["time_line"]) {
      const std::string said = line["text"];
      if (said.find("is lost: logins-0") != std::string::npos) ++told;
      if (said.find("record.lost") != std::string::npos) CHECK(said.ends_with(" more)"));
    }
    CHECK(told == 6);  // and one line for all others
    return report["lost"].size();
  };
  // The log engine syncs what lies behind a new segment in the background.
  const std::size_t of_small_segments = lost(R"("segment.bytes": 20000)");
  const std::size_t of_one_segment = lost(R"("min.insync.replicas": 1)");
  CHECK(of_small_segments < 200);
  CHECK(of_one_segment > 4000);
}

TEST_CASE("clients that are asked to stop tidy up", "[unit]") {
  for (const std::string who : {"sender", "readers-1", "zookeeper-2"}) {
    INFO(who);
    const nlohmann::json report =
        run_with(R"({"at": "20.02s", "stop_process": ")" + who +
                 R"("}, {"at": "30s", "start_process": ")" + who + R"("})");
    CHECK(report["faults"][0]["done"].get<bool>());
    CHECK(report["faults"][1]["done"].get<bool>());
    CHECK(report["verdict"] != "fail");
    CHECK(report["records"]["failed"] == 0);  // a producer sends what it has before it ends
    CHECK(report["records"]["sent"] == report["records"]["acknowledged"]);
  }
}

TEST_CASE("a fault that hits nothing makes the verdict unknown", "[unit]") {
  const std::vector<std::string> faults{
      R"({"at": "20s", "switch_off": "r2-tor-1"})",           // the other takes over
      R"({"at": "1s", "corrupt": {"machine": "broker-1"}})",  // no log is there yet
      R"({"at": "20s", "slow_nic": {"machine": "broker-1", "rate": "900Mbps"}})",  // enough
      R"({"at": "58s", "fill_disk": {"machine": "broker-1"}})",  // nobody writes any more
      R"({"at": "58s", "loss": {"between": ["sender"], "and": ["brokers"], "one_way": true}})",
  };
  for (const std::string& fault : faults) {
    INFO(fault);
    const nlohmann::json report = run_with(fault);
    REQUIRE(report["faults"].size() == 1);
    INFO(note(report));
    CHECK_FALSE(report["faults"][0]["bit"].get<bool>());
    CHECK(report["verdict"] == "unknown");
  }
}

TEST_CASE("a fault that was not done leaves a question open, unless all was right already",
          "[unit]") {
  const auto verdict = [](const std::string& more) {
    const nlohmann::json report = run_with(R"({"at": "20s", "power_off": "broker-1", "as": "a"},
                    {"at": "30s", "power_on": "a"}, )" +
                                           more);
    INFO(report["faults"].dump());
    CHECK_FALSE(report["faults"].back()["done"].get<bool>());
    return report["verdict"].get<std::string>();
  };
  CHECK(verdict(R"({"at": "31s", "power_on": "a"})") == "pass");
  CHECK(verdict(R"({"at": "40s", "start_process": "a"})") == "pass");
  CHECK(verdict(R"({"at": "25s", "power_off": "broker-1"})") == "unknown");
  CHECK(verdict(R"({"at": "25s", "kill_process": "broker-1"})") == "unknown");
  CHECK(verdict(R"({"at": "25s", "stop_process": "broker-1"})") == "unknown");
  CHECK(verdict(R"({"at": "25s", "pause": {"machine": "broker-1", "for": "1s"}})") == "unknown");
  // It should have run from then on, and did not.
  CHECK(verdict(R"({"at": "25s", "start_process": "broker-1"})") == "unknown");
}

TEST_CASE("a bit flips in the log that the scenario names", "[unit]") {
  const nlohmann::json report =
      run_with(R"({"at": "35s", "corrupt": {"machine": "broker-1", "directory": "logins-0"}})");
  REQUIRE(report["faults"].size() == 1);
  INFO(note(report));
  CHECK(report["faults"][0]["done"].get<bool>());
  CHECK(note(report).find("logins-0/") != std::string::npos);
}

TEST_CASE("faults of what is not there are refused", "[unit]") {
  const auto mistakes = [](const std::string& faults) {
    return to_text(loaded_with(faults).errors);
  };
  CHECK(mistakes(R"({"at": "20s", "switch_off": "r1-tor-2"})") ==
        "faults.json: /faults/0/switch_off: \"r1-tor-2\": names no switch of the topology; did you "
        "mean \"r1-tor-1\"?\n");
  CHECK(mistakes(R"({"at": "20s", "rack_off": "r9"})").find("names no rack, zone or data centre") !=
        std::string::npos);
  CHECK(mistakes(R"({"at": "20s", "slow_disk": {"machine": "broker-1", "disk": 2}})") ==
        "faults.json: /faults/0/slow_disk/disk: 2: must be at most the number of its disks, 1\n");
  CHECK(mistakes(
            R"({"at": "20s", "kill_process": "broker-1", "as": "x"}, {"at": "30s", "heal": "x"})")
            .find("names no earlier fault that can be healed") != std::string::npos);
  CHECK(mistakes(R"({"at": "20s", "loss": {"between": ["r8"], "and": ["brokers"]}})")
            .find("/faults/0/loss/between/0") != std::string::npos);
}

TEST_CASE("two brokers of three behind one switch are as good as one", "[unit]") {
  // The library's scenario, shortened: the switch is out from 30 s to 60 s.
  const auto run_behind = [](const std::string& switches) {
    std::vector<std::string> overrides = tests::short_incident();
    overrides.push_back("topology.racks.0.switches=" + switches);
    return tests::report_of(tests::load("rack_switch_fails", overrides, 1));
  };
  const nlohmann::json alone = run_behind("1");
  CHECK(alone["verdict"] == "pass");  // nothing that was acknowledged is lost
  double longest = 0;
  for (const auto& partition : alone["partitions"]) {
    longest = std::max(longest, partition["unavailable_s"].get<double>());
  }
  CHECK(longest > 29);
  // With a second switch nobody notices, and the run says that it proves nothing.
  const nlohmann::json doubled = run_behind("2");
  CHECK(doubled["verdict"] == "unknown");
  CHECK(doubled["records"]["acknowledged"] == doubled["records"]["sent"]);
  for (const auto& partition : doubled["partitions"]) CHECK(partition["unavailable_s"] == 0);
}
