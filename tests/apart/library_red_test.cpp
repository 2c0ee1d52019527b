// What cannot be red proves nothing: of every expectation and every fault of the library's
// scenarios one run in which it is. Whoever adds one to the library adds its run here. Each run is
// a process of its own.
#include "scenarios/loader.h"
#include "tests/apart/run_of.h"
#include "tests/runs/run_story.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <set>

using namespace brokerlab;
using namespace brokerlab::scenarios;

namespace {

const std::vector<std::string> reads_too_slowly{"consumers.nifi.service_time=1s"};
const std::vector<std::string> long_session{
    "brokers.config={\"zookeeper.session.timeout.ms\": 45000}"};
/// When nothing is left to send, nobody misses a producer.
const std::vector<std::string> hits_an_idle_producer{"faults.0.power_off=\"wifi-auth\"",
                                                     "sources.radpostauth.until=300s"};

struct Red {
  std::string scenario;
  std::string what;  ///< An expectation's setting, or "fault N".
  std::vector<std::string> changes;
};

const std::vector<Red>& reds() {
  static const std::vector<Red> all{
      {"wifi_auth_broker_crash", "unavailability_below", long_session},
      {"wifi_auth_broker_crash", "all_records_consumed", reads_too_slowly},
      {"wifi_auth_broker_crash", "fault 0", hits_an_idle_producer},
      {"wifi_auth_broker_crash_acks_all",
       "no_acknowledged_record_lost",
       {"producers.wifi-auth.config.acks=1"}},
      {"wifi_auth_broker_crash_acks_all", "unavailability_below", long_session},
      {"wifi_auth_broker_crash_acks_all", "all_records_consumed", reads_too_slowly},
      {"wifi_auth_broker_crash_acks_all", "fault 0", hits_an_idle_producer},
      {"rack_switch_fails",
       "no_acknowledged_record_lost",
       {"producers.wifi-auth.config.acks=1",
        R"(faults=[{"at": "330.028s", "power_off": {"leader_of_most": "jnu_wifi_auth"}}])"}},
      {"rack_switch_fails", "all_records_consumed", reads_too_slowly},
      {"rack_switch_fails", "fault 0", {"topology.racks.rack-a.switches=2"}},
  };
  return all;
}

/// What must have a run: heals and new starts are judged as done or not, no more.
std::set<std::string> to_be_judged(const nlohmann::json& scenario) {
  std::set<std::string> all;
  for (const nlohmann::json& expectation : scenario["expect"]) {
    all.insert(expectation.begin().key());
  }
  for (std::size_t i = 0; i < scenario["faults"].size(); ++i) {
    const nlohmann::json& fault = scenario["faults"][i];
    const bool undoes =
        fault.contains("heal") || fault.contains("power_on") || fault.contains("start_process");
    if (!undoes) all.insert(fmt::format("fault {}", i));
  }
  return all;
}

/// Whether the run says no to it.
bool says_no(const Scenario& scenario, const nlohmann::json& report, const std::string& what) {
  if (what.starts_with("fault ")) {
    const nlohmann::json& fault = report["faults"][std::stoul(what.substr(6))];
    return !fault["bit"].get<bool>() && report["verdict"] == "unknown";
  }
  const nlohmann::json wanted = nlohmann::json::parse(effective_text(scenario))["expect"];
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].begin().key() != what) continue;
    return !report["expectations"][i]["met"].get<bool>() && report["verdict"] == "fail";
  }
  FAIL("no such expectation: " << what);
  return false;
}

}  // namespace

TEST_CASE("all that a scenario of the library judges has a run that turns it red", "[unit]") {
  for (const LibraryEntry& entry : library()) {
    const Scenario as_it_is = tests::load(entry.name, {}, 1);
    const nlohmann::json report = tests::report_of(as_it_is);
    std::set<std::string> shown;
    for (const Red& red : reds()) {
      if (red.scenario != entry.name) continue;
      INFO(red.scenario << ": " << red.what);
      CHECK_FALSE(says_no(as_it_is, report, red.what));
      const Scenario changed = tests::load(red.scenario, red.changes, 1);
      CHECK(says_no(changed, tests::report_of(changed), red.what));
      shown.insert(red.what);
    }
    INFO(entry.name);
    CHECK(shown == to_be_judged(nlohmann::json::parse(effective_text(as_it_is))));
  }
}
