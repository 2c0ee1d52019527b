// Whether a fault bit: of each kind one run in which it did and one in which it did not, for a
// judgement that cannot be "no" proves nothing. Each run is a process of its own.
#include "tests/apart/run_of.h"
#include "tests/runs/run_story.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::scenarios;
using brokerlab::tests::run_of;

namespace {

/// Three brokers in racks of their own, the clients in a fourth; rows from 5 s to 30 s.
std::string quiet_lab(const std::string& faults) {
  return R"({
  "name": "effects", "duration": "60s", "seed": 3,
  "hardware": {"pc": {"disks": [{"kind": "ssd"}], "boot_time": "5s"}},
  "topology": {"racks": [
    {"name": "r1", "machines": ["broker-1", "zookeeper-1"]},
    {"name": "r2", "machines": ["broker-2", "zookeeper-2"], "switches": 2},
    {"name": "r3", "machines": ["broker-3", "zookeeper-3"], "switches": 2},
    {"name": "r4", "machines": ["sender", "readers-1"], "switches": 2}]},
  "zookeeper": {"nodes": 3, "machine": "pc"},
  "brokers": {"count": 3, "machine": "pc"},
  "topics": [{"name": "logins", "partitions": 3, "replication.factor": 3,
              "config": {"flush.messages": 1}}],
  "sources": [{"name": "table", "file": "wifi_auth.csv",
               "rate": [{"from": "5s", "rate": "200/s"}], "until": "30s"}],
  "producers": [{"name": "sender", "machine": "pc", "source": "table", "topic": "logins",
                 "config": {"acks": "all", "enable.idempotence": false}}],
  "consumers": [{"group": "readers", "members": 1, "machine": "pc", "topics": ["logins"],
                 "service_time": "1ms"}],
  "recording": {"level": "none"},
  "faults": [)" +
         faults + "]}";
}

std::string told(const nlohmann::json& report, std::size_t fault = 0) {
  return report["faults"][fault]["effects"].dump();
}

void check(const std::string& faults, bool bites, const std::string& says = "") {
  INFO(faults);
  const nlohmann::json report = run_of(quiet_lab(faults));
  INFO(report["faults"].dump());
  REQUIRE(report["faults"][0]["done"].get<bool>());
  CHECK(report["faults"][0]["bit"].get<bool>() == bites);
  if (!bites) CHECK(report["verdict"] == "unknown");
  if (!says.empty()) CHECK_THAT(told(report), Catch::Contains(says));
}

std::string replaced(std::string text, const std::string& old, const std::string& with) {
  const std::size_t at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), with);
}

/// Done at that time as "trouble", healed two seconds later.
std::string healed(const std::string& at, const std::string& fault, const std::string& until) {
  return R"({"at": ")" + at + R"(", )" + fault + R"(, "as": "trouble"}, {"at": ")" + until +
         R"(", "heal": "trouble"})";
}

}  // namespace

TEST_CASE("faults of machines and processes bite those who work, and nobody else", "[unit]") {
  check(R"({"at": "15s", "power_off": "broker-2"})", true, "the ISR shrank");
  check(R"({"at": "45s", "power_off": "sender"})", false);
  check(R"({"at": "15s", "kill_process": "broker-2"})", true, "expired the session of broker-2");
  check(R"({"at": "45s", "kill_process": "sender"})", false);
  check(R"({"at": "15s", "stop_process": "broker-2"})", true, "elections");
  check(R"({"at": "45s", "stop_process": "sender"})", false);
  check(R"({"at": "15s", "pause": {"machine": "broker-2", "for": "2s"}})", true, "late");
  check(R"({"at": "45s", "pause": {"machine": "readers-1", "for": "2s"}})", false);
  check(R"({"at": "15s", "pause": {"machine": "sender", "for": "2s"}})", true, "rows waited");
  check(R"({"at": "45s", "pause": {"machine": "sender", "for": "2s"}})", false);
  check(R"({"at": "15s", "clock": {"machine": "sender", "behind": "10min"}})", true, "time stamps");
  check(R"({"at": "45s", "clock": {"machine": "sender", "behind": "10min"}})", false);
}

TEST_CASE("faults of paths bite messages that carry work", "[unit]") {
  const std::string ways = R"("between": ["sender"], "and": ["brokers"])";
  check(healed("15s", R"("cut": {)" + ways + "}", "17s"), true, "late");
  check(healed("45s", R"("cut": {)" + ways + "}", "47s"), false);
  check(healed("15s", R"("loss": {)" + ways + R"(, "share": 0.05})", "25s"), true, "late");
  check(healed("45s", R"("loss": {)" + ways + R"(, "share": 0.05})", "55s"), false);
  check(healed("15s", R"("delay": {)" + ways + R"(, "by": "20ms"})", "25s"), true, "late");
  // Less than anybody can tell from what happens anyway.
  check(healed("15s", R"("delay": {)" + ways + R"(, "by": "50us"})", "25s"), false);
  check(healed("15s", R"("slow_nic": {"machine": "broker-1", "rate": "1Mbps"})", "25s"), true,
        "late");
  check(healed("45s", R"("slow_nic": {"machine": "sender", "rate": "1Mbps"})", "55s"), false);
  check(healed("15s", R"("switch_off": "r1-tor-1")", "17s"), true, "late");
  check(healed("15s", R"("switch_off": "r2-tor-1")", "17s"), false);  // the other takes over
  check(healed("15s", R"("cut_off": "r4")", "17s"), true, "late");
  // Auto-commit repeats every position; only a commit of new ones is work.
  const std::string readers = R"("cut": {"between": ["readers-1"], "and": ["brokers"]})";
  check(healed("30500ms", readers, "31500ms"), true, "late");
  check(healed("45500ms", readers, "46500ms"), false);
  check(healed("15s", R"("rack_off": "r1")", "25s"), true, "the ISR shrank");
  check(R"({"at": "45s", "stop_process": "readers-1"}, {"at": "50s", "rack_off": "r4", "as": "x"})",
        true, "dropped out of the group");
}

TEST_CASE("what is too little to notice is no effect", "[unit]") {
  // Messages come for it in that time, and wait for less than a millisecond.
  check(R"({"at": "15s", "pause": {"machine": "broker-2", "for": "1ms"}})", false);
  check(R"({"at": "15s", "pause": {"machine": "broker-2", "for": "20ms"}})", true, "late");
  // 1.5 ms more of a way that takes 30 ms; and of one that takes 0.1 ms.
  std::string far = quiet_lab(healed(
      "15s", R"("delay": {"between": ["sender"], "and": ["brokers"], "by": "1500us"})", "25s"));
  CHECK(run_of(far)["faults"][0]["bit"].get<bool>());
  const std::size_t cables = far.find(R"("topology")");
  const std::size_t after = far.find(R"("zookeeper": {)");
  REQUIRE((cables < after && after != std::string::npos));
  far.replace(cables, after - cables, R"("network": {"delay": "30ms"}, )");
  const nlohmann::json report = run_of(far);
  INFO(report["faults"].dump());
  CHECK_FALSE(report["faults"][0]["bit"].get<bool>());
}

TEST_CASE("waits that are everyday life are not told", "[unit]") {
  const nlohmann::json report = run_of(quiet_lab(healed(
      "15s", R"("delay": {"between": ["sender"], "and": ["brokers"], "by": "20ms"})", "25s")));
  CHECK_THAT(told(report), Catch::Contains("late") && !Catch::Contains("waited up to"));
  check(healed("15s", R"("delay": {"between": ["sender"], "and": ["brokers"], "by": "150ms"})",
               "25s"),
        true, "acknowledgments waited up to");
}

TEST_CASE("what lasts beyond the end of the run bites as what ends before it", "[unit]") {
  struct Kind {
    std::string fault;
    std::string says;
  };
  const std::string to_brokers = R"("between": ["sender"], "and": ["brokers"])";
  const std::vector<Kind> kinds{
      {R"("power_off": "broker-2")", "messages lost"},
      {R"("power_off": "sender")", "rows waited up to 5 s"},
      {R"("kill_process": "sender")", "rows waited up to 5 s"},
      {R"("kill_process": "readers-1")", "records waited"},
      {R"("stop_process": "sender")", "rows waited"},
      {R"("pause": {"machine": "sender", "for": "60s"})", "rows waited up to 5 s"},
      {R"("pause": {"machine": "readers-1", "for": "60s"})", "records waited"},
      {R"("pause": {"machine": "broker-2", "for": "60s"})", "late, by up to 4"},
      {R"("cut": {)" + to_brokers + "}", "late, by up to 4"},
      {R"("loss": {)" + to_brokers + R"(, "share": 0.05})", "late"},
      {R"("delay": {)" + to_brokers + R"(, "by": "20ms"})", "late, by up to 20 ms"},
      {R"("delay": {)" + to_brokers + R"(, "by": "10s"})", "late, by up to 4"},
      {R"("slow_nic": {"machine": "broker-1", "rate": "1Mbps"})", "late"},
      {R"("switch_off": "r1-tor-1")", "late"},
      {R"("cut_off": "r4")", "late"},
      {R"("rack_off": "r1")", "messages lost"},
      {R"("slow_disk": {"machine": "broker-1", "factor": 100})", "took longer"},
      {R"("lying_disk": {"machine": "broker-1"})", "nothing durable"},
      {R"("fail_disk": {"machine": "broker-1"})", "went down"},
      {R"("fill_disk": {"machine": "broker-1"})", "no room"},
      {R"("clock": {"machine": "sender", "behind": "10min"})", "time stamps"},
  };
  for (const Kind& kind : kinds) {
    INFO(kind.fault);
    std::string text = quiet_lab(R"({"at": "15s", "as": "x", )" + kind.fault + "}");
    text = replaced(text, R"("duration": "60s")", R"("duration": "20s")");
    const nlohmann::json report = run_of(replaced(text, R"("until": "30s")", R"("until": "20s")"));
    INFO(report["faults"].dump());
    CHECK(report["faults"][0]["bit"].get<bool>());
    CHECK_THAT(told(report), Catch::Contains(kind.says));
  }
  // Nobody works any more.
  check(R"({"at": "45s", "pause": {"machine": "sender", "for": "60s"}})", false);
  check(R"({"at": "45s", "pause": {"machine": "readers-1", "for": "60s"}})", false);
}

TEST_CASE("what would have waited anyway did not wait because of the fault", "[unit]") {
  // Far behind: 200 rows a second, ten of them processed.
  const auto behind = [](const std::string& faults) {
    return run_of(
        replaced(quiet_lab(faults), R"("service_time": "1ms")", R"("service_time": "100ms")"));
  };
  for (const std::string fault :
       {R"("pause": {"machine": "readers-1", "for": "150ms"})", R"("kill_process": "readers-1")"}) {
    const nlohmann::json report = behind(R"({"at": "15s", )" + fault +
                                         R"(}, {"at": "15150ms", "start_process": "readers-1"})");
    INFO(report["faults"].dump());
    CHECK_THAT(told(report), Catch::Contains("2 records waited for their consumer"));
  }
  // The table is asked once a second, and this is between two times.
  check(R"({"at": "15300ms", "pause": {"machine": "sender", "for": "200ms"}})", false);
  check(R"({"at": "15800ms", "pause": {"machine": "sender", "for": "400ms"}})", true,
        "rows waited up to 400 ms");
}

TEST_CASE("a wait belongs to the fault that did something about it last", "[unit]") {
  const nlohmann::json report = run_of(quiet_lab(
      R"({"at": "10s", "delay": {"between": ["sender"], "and": ["brokers"], "by": "700ms"}},
         {"at": "15700ms", "pause": {"machine": "broker-1", "for": "100ms"}},
         {"at": "16700ms", "pause": {"machine": "broker-2", "for": "100ms"}},
         {"at": "17700ms", "pause": {"machine": "broker-3", "for": "100ms"}})"));
  INFO(report["faults"].dump());
  CHECK_THAT(told(report, 0), Catch::Contains("acknowledgments waited up to"));
  // Whether a broker got something just then is the partitioner's choice.
  int late = 0;
  for (const std::size_t pause : {1, 2, 3}) {
    late += told(report, pause).find("late") != std::string::npos;
    CHECK_THAT(told(report, pause), !Catch::Contains("acknowledgments waited"));
  }
  CHECK(late > 0);
}

TEST_CASE("a rack without anybody at work may go dark", "[unit]") {
  const nlohmann::json report = run_of(
      quiet_lab(R"({"at": "45s", "rack_off": "r4", "as": "x"}, {"at": "46s", "heal": "x"})"));
  INFO(report["faults"].dump());
  CHECK_FALSE(report["faults"][0]["bit"].get<bool>());
}

TEST_CASE("faults of disks bite where records are kept", "[unit]") {
  const std::string broker = R"("machine": "broker-1")";
  const std::string client = R"("machine": "sender")";
  check(healed("15s", R"("slow_disk": {)" + broker + R"(, "factor": 100})", "25s"), true,
        "took longer");
  check(healed("15s", R"("slow_disk": {)" + client + R"(, "factor": 100})", "25s"), false);
  check(healed("15s", R"("lying_disk": {)" + broker + "}", "25s"), true, "nothing durable");
  check(healed("15s", R"("lying_disk": {)" + client + "}", "25s"), false);
  check(healed("15s", R"("fail_disk": {)" + broker + "}", "25s"), true, "broker-1 went down");
  check(healed("15s", R"("fail_disk": {)" + client + "}", "25s"), false);
  check(healed("15s", R"("fill_disk": {)" + broker + "}", "25s"), true, "no room");
  check(healed("15s", R"("fill_disk": {)" + client + "}", "25s"), false);
}

TEST_CASE("a flipped bit bites when somebody meets it", "[unit]") {
  const std::string corrupt = R"("corrupt": {"machine": "broker-1", "directory": "logins-0"})";
  check(R"({"at": "40s", )" + corrupt + "}", true, "the damage in logins-0 was met");
  // Its replica is never looked at again.
  const nlohmann::json report = run_of(
      quiet_lab(R"({"at": "40s", )" + corrupt + R"(}, {"at": "41s", "stop_process": "broker-1"})"));
  INFO(report["faults"].dump());
  CHECK(report["faults"][0]["done"].get<bool>());
  CHECK_FALSE(report["faults"][0]["bit"].get<bool>());
}

TEST_CASE("what puts things right is done, and never said to bite", "[unit]") {
  const nlohmann::json report = run_of(quiet_lab(
      R"({"at": "15s", "power_off": "broker-2", "as": "dark"}, {"at": "17s", "power_on": "dark"},
         {"at": "25s", "kill_process": "broker-3", "as": "dead"},
         {"at": "26s", "start_process": "dead"},
         {"at": "45s", "cut": {"between": ["r4"], "and": ["r1"]}, "as": "cut"},
         {"at": "46s", "heal": "cut"})"));
  INFO(report["faults"].dump());
  for (const int undone : {1, 3, 5}) {
    CHECK(report["faults"][undone]["done"].get<bool>());
    CHECK_FALSE(report["faults"][undone]["bit"].get<bool>());
  }
}

TEST_CASE("a broker that holds nothing meets no work when it dies", "[unit]") {
  // One partition with one replica, no group: of three brokers one leads, one is the controller.
  std::string text = quiet_lab("FAULT");
  const auto replace = [&](const std::string& old, const std::string& with) {
    const std::size_t at = text.find(old);
    REQUIRE(at != std::string::npos);
    text.replace(at, old.size(), with);
  };
  replace(R"("partitions": 3, "replication.factor": 3)",
          R"("partitions": 1, "replication.factor": 1)");
  replace(R"({"group": "readers", "members": 1, "machine": "pc", "topics": ["logins"],
                 "service_time": "1ms"})",
          "");
  replace(R"(["sender", "readers-1"])", R"(["sender"])");
  int bitten = 0;
  for (const std::string broker : {"broker-1", "broker-2", "broker-3"}) {
    std::string one = text;
    one.replace(one.find("FAULT"), 5, R"({"at": "35s", "kill_process": ")" + broker + R"("})");
    const nlohmann::json report = run_of(one);
    INFO(report["faults"].dump());
    const bool bit = report["faults"][0]["bit"];
    bitten += bit ? 1 : 0;
    // Its session expires in either case.
    CHECK_THAT(told(report), Catch::Contains("expired the session of " + broker));
    // Its only partition has no leader at the end where it bit: that cannot be told then, either.
    CHECK(report["verdict"] == "unknown");
    const std::string reasons = report["reasons"].dump();
    CHECK((reasons.find("met no work") == std::string::npos) == bit);
  }
  CHECK((bitten == 1 || bitten == 2));
}

TEST_CASE("of faults that overlap each has its own effects", "[unit]") {
  const nlohmann::json report = run_of(quiet_lab(
      R"({"at": "12s", "delay": {"between": ["sender"], "and": ["brokers"], "by": "20ms"},
          "as": "slow"},
         {"at": "15s", "kill_process": "broker-2"},
         {"at": "16s", "clock": {"machine": "readers-1", "ahead": "1h"}, "as": "clock"},
         {"at": "25s", "heal": "slow"})"));
  INFO(report["faults"].dump());
  CHECK_THAT(told(report, 0), Catch::Contains("late") && !Catch::Contains("session"));
  CHECK_THAT(told(report, 1), Catch::Contains("expired the session of broker-2"));
  CHECK_FALSE(report["faults"][2]["bit"].get<bool>());
}

TEST_CASE("a leader that is killed between two requests has bitten", "[unit]") {
  // After KIP-279's story: nothing is on its way at the moment of most of these.
  std::string faults;
  for (int i = 0; i < 3; ++i) {
    const int at = 8 + 7 * i;
    faults += fmt::format(
        R"({}{{"at": "{}s", "kill_process": {{"leader_of": {{"topic": "logins", "partition": 0}}}},
            "as": "v{}"}}, {{"at": "{}s", "start_process": "v{}"}})",
        i == 0 ? "" : ", ", at, i, at + 3, i);
  }
  std::string text = quiet_lab(faults);
  const std::string brokers = R"("brokers": {"count": 3, "machine": "pc")";
  text.replace(text.find(brokers), brokers.size(),
               brokers + R"(, "config": {"zookeeper.session.timeout.ms": 4000})");
  const nlohmann::json report = run_of(text);
  for (const int kill : {0, 2, 4}) {
    INFO(report["faults"][kill].dump());
    CHECK(report["faults"][kill]["bit"].get<bool>());
  }
}
