// How a student's scenario is tried: moments, moved faults, patches, and the words for a loss.
#include "labs/trials.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace brokerlab;
using namespace brokerlab::labs;
using scenarios::Exposed;
using scenarios::Scenario;

namespace {

Exposed exposed(const char* leader, double from, double until) {
  return {leader, at_seconds(from), at_seconds(until)};
}

/// Ten minutes; a rush at five; a power loss half a minute later, for two minutes.
Scenario ten_minutes() {
  Scenario scenario;
  scenario.duration = 600s;
  scenario.sources.resize(1);
  scenario.sources[0].rate.emplace().what =
      scenarios::RateSteps{{{10s, PerSecond(20)}, {300s, PerSecond(200)}}};
  scenario.sources[0].until = 580s;
  scenario.faults.resize(2);
  scenario.faults[0].at = 330s;
  scenario.faults[1].at = 450s;
  return scenario;
}

}  // namespace

TEST_CASE("moments are where a record waits longest for its first copy", "[unit]") {
  const std::vector<Exposed> all{exposed("b1", 21, 21.001), exposed("b1", 25, 25.008),
                                 exposed("b2", 26, 27), exposed("b1", 33, 33.004),
                                 exposed("b1", 38, 38)};
  const auto moments = choose_moments(all, "b1", at_seconds(20), at_seconds(40), 2);
  REQUIRE(moments.size() == 2);
  CHECK(moments[0] == at_seconds(25.004));
  CHECK(moments[1] == at_seconds(33.002));
}

TEST_CASE("where no record is alone, the moment is right after an acknowledgment", "[unit]") {
  const auto moments =
      choose_moments({exposed("b1", 25, 25)}, "b1", at_seconds(20), at_seconds(30), 1);
  CHECK(moments == std::vector<Time>{at_seconds(25) + 1us});
  const auto none = choose_moments({}, "b1", at_seconds(20), at_seconds(30), 1);
  CHECK(none == std::vector<Time>{at_seconds(25)});
}

TEST_CASE("all faults move together, and the run ends when it has been watched", "[unit]") {
  const Scenario whole = moved(ten_minutes(), at_seconds(320.5), {});
  CHECK(whole.faults[0].at == 320500ms);
  CHECK(whole.faults[1].at == 440500ms);
  CHECK(whole.duration == 600s);
  CHECK(whole.sources[0].until == 580s);

  const Scenario watched = moved(ten_minutes(), at_seconds(40), 200s);
  CHECK(watched.duration == 240s);
  CHECK(watched.faults[1].at == 160s);
  CHECK(*watched.sources[0].until < 240s);
  const auto& steps = std::get<scenarios::RateSteps>(watched.sources[0].rate->what).steps;
  CHECK(steps.size() == 1);  // The rush is not reached.

  const Scenario brief = moved(ten_minutes(), at_seconds(320), 40s);
  CHECK(brief.duration == 360s);
  CHECK(brief.faults.size() == 1);  // Nobody switches it on in time.

  const Scenario calm = before_faults(ten_minutes(), 60s);
  CHECK(calm.faults.empty());
  CHECK(calm.duration == 60s);
}

TEST_CASE("the victim leads most partitions, the others follow by number", "[unit]") {
  Json report = {{"machines",
                  {{{"name", "zookeeper-1"}, {"processes", {"zookeeper-1"}}},
                   {{"name", "laptop"}, {"processes", {"broker-1", "broker-2"}}},
                   {{"name", "broker-3"}, {"processes", {"broker-3"}}}}},
                 {"partitions",
                  {{{"leader", "broker-2"}}, {{"leader", "broker-1"}}, {{"leader", "broker-2"}}}}};
  CHECK(victim_and_others(report) == std::vector<std::string>{"broker-2", "broker-1", "broker-3"});
  report["partitions"] = Json::array();
  CHECK(victim_and_others(report).empty());
}

TEST_CASE("a patch gets the brokers' names, and a wrong one is a sentence", "[unit]") {
  const Json scenario = {{"faults", Json::array()}};
  const auto text = patched(
      scenario, R"([{"op": "add", "path": "/faults/-", "value": ["{victim}", "{other_1}"]}])",
      {"broker-2", "broker-1"});
  REQUIRE(text.ok());
  CHECK(Json::parse(*text)["faults"][0] == Json({"broker-2", "broker-1"}));
  CHECK_FALSE(patched(scenario, "[{", {}).ok());
  CHECK_FALSE(patched(scenario, R"([{"op": "remove", "path": "/x"}])", {}).ok());
}

TEST_CASE("a loss is told with what led to it", "[unit]") {
  const Json one = {{"producers", {{{"config", {{"acks", "1"}}}}}}};
  const Json all = {{"producers", {{{"config", {{"acks", "all"}}}}}}};
  Json report = {{"lost", {{{"record", "id 7"}, {"acknowledged_s", 45.0}}}},
                 {"faults",
                  {{{"at_s", 60.0}, {"target", "b3"}, {"done", true}},
                   {{"at_s", 45.00004}, {"target", "b1"}, {"done", true}},
                   {{"at_s", 20.0}, {"target", "b2"}, {"done", true}}}}};
  CHECK(how_lost(report, one).en ==
        "acks=1: record id 7 was acknowledged at t=45.000000s; 40 us later b1 died, before "
        "another broker had the record.");
  CHECK(how_lost(report, one).ko.find("40us") != std::string::npos);
  CHECK(how_lost(report, all).en.find("whoever led after that") != std::string::npos);
  report["lost"][0]["acknowledged_s"] = 45.0001;
  CHECK(how_lost(report, one).en ==
        "acks=1: b1 died with the acknowledgment of record id 7 on its way; it arrived at "
        "t=45.000100s, and no other broker had the record.");
  report["lost"] = Json::array();
  CHECK(how_lost(report, one).en.empty());
}
