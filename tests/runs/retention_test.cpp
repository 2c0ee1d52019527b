// Retention in whole runs: what it takes away from whom, and what the report says of it.
#include "tests/runs/run_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;
using scenarios::RunReport;

namespace {

/// The library's cluster under an even load for 80 s; records live for 20 s, give or take a
/// segment and a check.
std::vector<std::string> short_lived(const std::string& faults) {
  return {
      "duration=120s",
      R"(sources.0.rate=[{"from":"10s","rate":"40/s"}])",
      "sources.0.until=90s",
      "sources.0.arrivals=even",
      "faults=" + faults,
      "expect=[{\"all_records_consumed\":true}]",
      "hardware.office_server.boot_time=10s",
      R"(brokers.config={"log.initial.task.delay.ms":10000,"log.retention.check.interval.ms":5000})",
      R"(topics.0={"name":"jnu_wifi_auth","partitions":2,"replication.factor":3,"config":{)"
      R"("retention.ms":20000,"segment.ms":5000,"file.delete.delay.ms":1000}})"};
}

const RunReport::Group& readers(const RunReport& report) { return report.groups.at(0); }

void promises_are_kept(const RunReport& report) {
  for (const RunReport::Invariant& one : report.invariants) {
    INFO(one.name);
    CHECK(one.held);
  }
}

std::int64_t checked(const RunReport& report, std::string_view name) {
  for (const RunReport::Invariant& one : report.invariants) {
    if (one.name == name) return one.checked;
  }
  return 0;
}

}  // namespace

TEST_CASE("who keeps up loses nothing by retention", "[unit]") {
  const RunReport report = play(load("wifi_auth_broker_crash", short_lived("[]"), 1));
  INFO(report.text());
  CHECK(checked(report, "retention_keeps_what_it_must") > 20);
  promises_are_kept(report);
  CHECK(report.lost.empty());
  CHECK(report.consumed == 3200);
  CHECK(report.duplicates == 0);
  CHECK(readers(report).deleted == 0);
  CHECK(report.verdict == scenarios::Verdict::pass);
}

TEST_CASE("what is deleted before a slow group reads it is told, and is no loss", "[unit]") {
  const RunReport report = play(load(
      "wifi_auth_broker_crash",
      short_lived(
          R"([{"at":"30s","pause":{"machine":"nifi-1","for":"50s"}},{"at":"30s","pause":{"machine":"nifi-2","for":"50s"}}])"),
      1));
  INFO(report.text());
  promises_are_kept(report);
  CHECK(report.lost.empty());
  CHECK(readers(report).deleted > 500);
  CHECK(readers(report).deleted + readers(report).consumed == report.acknowledged);
  CHECK(report.verdict == scenarios::Verdict::fail);  // all_records_consumed
  CHECK(report.text().find("records deleted before group nifi read them") != std::string::npos);
  CHECK_FALSE(moment(report, "were deleted before group nifi read them").text.english.empty());
}

TEST_CASE("a follower that comes back behind its leader's start begins anew there", "[unit]") {
  const RunReport report = play(load(
      "wifi_auth_broker_crash",
      short_lived(R"([{"at":"20s","power_off":"broker-2"},{"at":"75s","power_on":"broker-2"}])"),
      1));
  INFO(report.text());
  promises_are_kept(report);
  CHECK(moment(report, "drops its replica of jnu_wifi_auth").text.english.find("broker-2") !=
        std::string::npos);
  for (const RunReport::Partition& partition : report.partitions) {
    CHECK(partition.isr.size() == std::string("1,2,3").size());
  }
}

TEST_CASE("a compacted topic keeps every key's last record through a crash", "[unit]") {
  std::vector<std::string> overrides =
      short_lived(R"([{"at":"50s","power_off":"broker-2"},{"at":"65s","power_on":"broker-2"}])");
  overrides.back() =
      R"(topics.0={"name":"jnu_wifi_auth","partitions":2,"replication.factor":3,"config":{)"
      R"("cleanup.policy":"compact","segment.ms":4000,"min.cleanable.dirty.ratio":0.1}})";
  overrides.push_back("producers.0.config.acks=all");
  overrides.push_back(R"(brokers.config={"log.cleaner.backoff.ms":2000})");
  overrides.push_back("expect=[]");
  const RunReport report = play(load("wifi_auth_broker_crash", overrides, 1));
  INFO(report.text());
  promises_are_kept(report);
  CHECK(checked(report, "compaction_keeps_the_last_of_every_key") > 100);
  CHECK(report.lost.empty());
}

TEST_CASE("__consumer_offsets is compacted, and a new coordinator finds what was committed",
          "[unit]") {
  std::vector<std::string> overrides =
      short_lived(R"([{"at":"60s","power_off":"broker-1"},{"at":"75s","power_on":"broker-1"}])");
  overrides.push_back(
      R"(brokers.config={"log.cleaner.backoff.ms":2000,"offsets.topic.segment.bytes":2000,)"
      R"("offsets.topic.num.partitions":1})");
  overrides.push_back("expect=[]");
  const RunReport report = play(load("wifi_auth_broker_crash", overrides, 1));
  INFO(report.text());
  promises_are_kept(report);
  CHECK(checked(report, "compaction_keeps_the_last_of_every_key") > 20);
  CHECK(report.redelivered < 100);
}
