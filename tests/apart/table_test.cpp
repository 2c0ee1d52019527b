// Programs around the cluster that are not what one would wish: a script that marks rows before it
// sends them and makes a producer for each, and applications that work in batches.
#include "tests/apart/run_of.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace brokerlab;
using tests::run_of;

namespace {

/// Rows of a table, 4 a second from 10 s to 60 s.
nlohmann::json run_with(const std::string& table, const std::string& faults,
                        const std::string& group = "", const std::string& starts_at = "01:00:00") {
  return run_of(fmt::format(
      R"json({{
    "name": "table", "duration": "90s", "seed": 3, "starts_at": "{}",
    "hardware": {{"box": {{"cpu": {{"cores": 4}}, "disks": [{{"kind": "ssd"}}], "boot_time": "5s"}}}},
    "zookeeper": {{"nodes": 3, "machine": "box"}},
    "brokers": {{"count": 3, "machine": "box", "config": {{"offsets.topic.num.partitions": 5}}}},
    "topics": [{{"name": "t", "partitions": 3, "replication.factor": 3}}],
    "sources": [{{"name": "rows", "file": "wifi_auth.csv", "arrivals": "even",
                 "rate": [{{"from": "10s", "rate": "4/s"}}], "until": "60s"}}],
    "producers": [{{"name": "script", "machine": "box", "source": "rows", "topic": "t",
                   "poll_interval": "1s" {}, "config": {{"acks": 1}}}}],
    "consumers": [{{"group": "nifi", "members": 1, "machine": "box", "topics": ["t"] {},
                   "config": {{"auto.offset.reset": "earliest", "enable.auto.commit": false}}}}],
    "faults": [{}], "expect": []}})json",
      starts_at, table, group, faults));
}

const std::string as_on_the_slide =
    R"(, "table": {"marks_before_sending": true, "mark_time": "5ms", "new_producer_each": true,
                  "waits_for_each": true, "rests_from": "02:00:00", "rests_until": "03:00:00"})";
const std::string mended = R"(, "table": {"mark_time": "5ms"})";

std::int64_t of(const nlohmann::json& report, const char* what) {
  return report["records"][what].get<std::int64_t>();
}

}  // namespace

TEST_CASE("a new producer for each row sends them all, when nothing happens", "[unit]") {
  const nlohmann::json slide = run_with(as_on_the_slide, "");
  const nlohmann::json well = run_with(mended, "");
  for (const nlohmann::json& report : {slide, well}) {
    CHECK(of(report, "sent") == 200);
    CHECK(of(report, "consumed") == 200);
    CHECK(of(report, "rows_unsent") == 0);
  }
  // Connections, metadata and a wait for each.
  const auto sent = [](const nlohmann::json& report) {
    for (const nlohmann::json& machine : report["machines"]) {
      if (machine["name"] == "script") return machine["nic_sent"].get<std::int64_t>();
    }
    return std::int64_t{0};
  };
  CHECK(sent(slide) > sent(well));
}

TEST_CASE("a row that is marked before it is sent is lost with its program, and told", "[unit]") {
  std::int64_t unsent = 0;
  for (int i = 0; i < 4; ++i) {
    const std::string kill = fmt::format(
        R"({{"at": "{}ms", "kill_process": "script", "as": "v"}}, {{"at": "40s", "start_process": "v"}})",
        30'008 + 3 * i);
    const nlohmann::json slide = run_with(as_on_the_slide, kill);
    CHECK(of(slide, "sent") + of(slide, "rows_unsent") == 200);
    unsent += of(slide, "rows_unsent");
    CHECK(of(run_with(mended, kill), "sent") == 200);
  }
  CHECK(unsent > 0);
}

TEST_CASE("a script that rests from two to three sends what came meanwhile afterwards", "[unit]") {
  const nlohmann::json slide = run_with(as_on_the_slide, "", "", "01:59:40");
  CHECK(of(slide, "sent") < 50);
  const nlohmann::json later = run_with(as_on_the_slide, "", "", "02:59:15");
  CHECK(of(later, "sent") == 200);
  CHECK(later["latency"]["acknowledged_after"]["max_ms"].get<double>() > 30'000);
}

TEST_CASE("an application in batches reads all, late, and what it had in hand again", "[unit]") {
  const std::string every =
      R"(, "service_time": "1ms", "batches": {"every": "10s", "write_time": "1s"})";
  const nlohmann::json well = run_with(mended, "", every);
  CHECK(of(well, "consumed") == 200);
  CHECK(of(well, "redelivered") == 0);
  CHECK(well["latency"]["end_to_end"]["p50_ms"].get<double>() > 2'000);
  // It dies while it writes: what it has worked on and not committed comes again.
  std::int64_t again = 0;
  for (int i = 0; i < 13; ++i) {
    const std::string kill = fmt::format(
        R"({{"at": "{}ms", "kill_process": "nifi-1", "as": "v"}}, {{"at": "50s", "start_process": "v"}})",
        30'000 + 900 * i);
    const nlohmann::json report = run_with(mended, kill, every);
    again += of(report, "redelivered");
    CHECK(report["groups"][0]["skipped"] == 0);
  }
  CHECK(again > 0);
}
