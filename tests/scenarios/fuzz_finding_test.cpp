// What is wrong with the run of a drawn scenario, told from reports made by hand: all is well in
// the first, and each of the others has one thing that must be noticed.
#include "scenarios/fuzz/finding.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace brokerlab;
using namespace brokerlab::scenarios;

namespace {

const Json scenario = json_from(R"({
  "duration": "200s",
  "consumers": [{"group": "g", "config": {"max.poll.interval.ms": 30000}}],
  "topics": [{"name": "t", "replication.factor": 2}],
  "faults": [{"at": "1s", "power_off": "broker-1", "as": "f"}, {"at": "2s", "power_on": "f"}]})");

Json good_report() {
  return json_from(R"({
    "invariants": [{"name": "replicas_agree", "held": true, "detail": ""}],
    "lost": [],
    "faults": [{"done": true, "needless": false}],
    "partitions": [{"name": "t-0", "leader": "broker-1", "isr": "1,2",
                    "produce": {"at_the_end": false}, "fetch": {"at_the_end": false}}],
    "groups": [{"name": "g", "state": "Stable", "waiting": 0}],
    "records": {"oldest_waiting_ms": 0, "waiting": 0}})");
}

/// The kind of what is found once `path` of the good report has that value; "" nothing is.
std::string found(Family family, const std::string& path, const Json& value,
                  const Json& run = scenario) {
  Json report = good_report();
  report[Json::json_pointer(path)] = value;
  const auto finding = look_at(family, run, json_text(report));
  return finding ? finding->kind : "";
}

}  // namespace

TEST_CASE("each thing that a drawn run must not show is found", "[unit]") {
  for (const Family family : {Family::synced, Family::anything, Family::healed}) {
    CHECK(found(family, "/records/waiting", 0).empty());
    CHECK(found(family, "/invariants/0/held", false) == "replicas_agree is broken");
  }
  const Json lost =
      json_from(R"([{"record": "id 1", "offset": 4, "partition": "t-0", "why": "nobody knows"}])");
  CHECK(found(Family::synced, "/lost", lost) == "an acknowledged record is lost");
  CHECK(found(Family::anything, "/lost", lost).empty());
  const auto healed = [](const std::string& path, const Json& value) {
    return found(Family::healed, path, value);
  };
  CHECK(healed("/partitions/0/leader", "none") == "a partition has no leader in the end");
  CHECK(healed("/partitions/0/isr", "2") == "a partition is under-replicated in the end");
  CHECK(healed("/partitions/0/produce/at_the_end", true) ==
        "a partition is unavailable for produce in the end");
  CHECK(healed("/partitions/0/fetch/at_the_end", true) ==
        "a partition is unavailable for fetch in the end");
  CHECK(healed("/groups/0/state", "Empty") == "a group is not stable in the end");
  CHECK(healed("/groups/0/waiting", 3) == "a group has not read everything in the end");
  CHECK(healed("/records/oldest_waiting_ms", 5000) == "a send has no answer in the end");
  CHECK(found(Family::anything, "/groups/0/state", "Empty").empty());
}

TEST_CASE("what cannot hold is not asked for", "[unit]") {
  // A fault that goes on, or one that was not ended as written: it need not heal.
  Json goes_on = scenario;
  goes_on["faults"].erase(1);
  CHECK(found(Family::healed, "/groups/0/state", "Empty", goes_on).empty());
  CHECK(found(Family::healed, "/faults/0/done", false).empty());
  // A JoinGroup that is swallowed waits for max.poll.interval.ms, 5 min if nobody says another.
  for (const char* group_or_state : {"state", "waiting"}) {
    const std::string path = fmt::format("/groups/0/{}", group_or_state);
    const Json wrong = path.ends_with("state") ? Json("Empty") : Json(3);
    CHECK_FALSE(found(Family::healed, path, wrong).empty());
    Json patient = scenario;
    patient["consumers"][0]["config"].erase("max.poll.interval.ms");
    CHECK(found(Family::healed, path, wrong, patient).empty());
    patient["duration"] = "1000s";
    CHECK_FALSE(found(Family::healed, path, wrong, patient).empty());
    // So does what a fault held up that ended late.
    Json late = scenario;
    late["faults"][1]["at"] = "100s";
    CHECK(found(Family::healed, path, wrong, late).empty());
  }
  // A disk that lies: no invariant need hold.
  Json lies = scenario;
  lies["faults"].push_back({{"at", "1s"}, {"lying_disk", {{"machine", "broker-1"}}}});
  CHECK(found(Family::anything, "/invariants/0/held", false, lies).empty());
}

TEST_CASE("a run without a report is found by its words, whatever the numbers in them", "[unit]") {
  const auto finding = [](const std::string& why) {
    return look_at(Family::anything, scenario, fail(why))->kind;
  };
  CHECK(finding("log.cpp:12: offset 17") == finding("log.cpp:12: offset 4"));
  CHECK(finding("log.cpp:12: offset 17") != finding("log.cpp:12: epoch 17"));
}
