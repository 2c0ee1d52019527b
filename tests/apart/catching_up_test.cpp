// When a group has caught up after its greatest lag: docs/reference_report.md, Consumer groups.
#include "tests/apart/run_of.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace brokerlab;
using tests::run_of;

namespace {

/// drained_after_s of a group of one that takes as long for a record.
nlohmann::json caught_up_after(const std::string& rate, const std::string& service_time,
                               const std::string& faults) {
  const nlohmann::json report = run_of(fmt::format(
      R"json({{
    "name": "catching_up", "duration": "90s", "seed": 3,
    "hardware": {{"box": {{"cpu": {{"cores": 4}}, "disks": [{{"kind": "ssd"}}], "boot_time": "5s"}}}},
    "zookeeper": {{"nodes": 1, "machine": "box"}},
    "brokers": {{"count": 1, "machine": "box", "config": {{"offsets.topic.num.partitions": 1,
                 "offsets.topic.replication.factor": 1}}}},
    "topics": [{{"name": "t", "partitions": 2, "replication.factor": 1}}],
    "sources": [{{"name": "load", "arrivals": "even", "record_size": "100B", "rate": {}}}],
    "producers": [{{"name": "sender", "machine": "box", "source": "load", "topic": "t",
                   "poll_interval": "100ms", "config": {{}}}}],
    "consumers": [{{"group": "readers", "members": 1, "machine": "box", "topics": ["t"],
                   "service_time": "{}", "commit": "after_batch",
                   "config": {{"auto.offset.reset": "earliest", "enable.auto.commit": false}}}}],
    "faults": [{}], "expect": []}})json",
      rate, service_time, faults));
  return report["groups"][0]["drained_after_s"];
}

}  // namespace

// 200 a second against 100 that come: 2,300 lie there when it is back, and a tenth of them is not
// nothing. The load goes on, so its lag is never exactly 0.
TEST_CASE("a group has caught up when it has read what was there, not most of it", "[unit]") {
  const nlohmann::json after =
      caught_up_after(R"([{"from": "10s", "rate": "100/s"}])", "5ms",
                      R"({"at": "20s", "stop_process": "readers-1", "as": "it"},
                         {"at": "40s", "start_process": "it"})");
  REQUIRE(after.is_number());
  CHECK(after.get<double>() > 22);
  CHECK(after.get<double>() < 26);
}

TEST_CASE("a group is not caught up because all of its lag came in a moment ago", "[unit]") {
  const nlohmann::json after = caught_up_after(
      R"([{"from": "10s", "rate": "10/s"}, {"from": "20.1s", "rate": "4000/s"},
          {"from": "20.6s", "rate": "10/s"}])",
      "5ms", "");
  REQUIRE(after.is_number());
  CHECK(after.get<double>() > 8);
}

TEST_CASE("a group that is too slow for its load never catches up", "[unit]") {
  CHECK(caught_up_after(R"([{"from": "10s", "rate": "100/s"}])", "20ms", "").is_null());
}
