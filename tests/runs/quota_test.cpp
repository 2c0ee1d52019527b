// Quotas in whole runs: who is above its own goes no faster, and the others do.
#include "tests/runs/run_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;
using scenarios::RunReport;

namespace {

/// The library's cluster under an even load of 200 records a second for 60 s.
RunReport with_quota(const std::string& quotas, const std::string& broker = "") {
  return play(load("wifi_auth_broker_crash",
                   {"duration=80s", R"(sources.0.rate=[{"from":"10s","rate":"200/s"}])",
                    "sources.0.until=70s", "sources.0.arrivals=even", "faults=[]", "expect=[]",
                    "hardware.office_server.boot_time=10s", "brokers.count=1",
                    R"(topics.0={"name":"jnu_wifi_auth","partitions":1,"replication.factor":1})",
                    R"(brokers.config={"offsets.topic.replication.factor":1)" + broker + "}",
                    "producers.0.config.compression.type=none", "consumers.0.service_time=0s",
                    "quotas=" + quotas},
                   1));
}

}  // namespace

TEST_CASE("a producer goes no faster than its quota", "[unit]") {
  const RunReport free = with_quota("[]");
  const RunReport throttled =
      with_quota(R"([{"client.id":"wifi-auth","producer_byte_rate":20000}])");
  INFO(free.text());
  INFO(throttled.text());
  REQUIRE(free.acknowledged == 12'000);
  // 20 KB/s, and ten seconds' worth at once after a silence.
  CHECK(throttled.acknowledged < 9'000);
  CHECK(throttled.acknowledged > 2'000);
  CHECK(throttled.acknowledged_after.p99 > 20 * free.acknowledged_after.p99);
  CHECK_FALSE(moment(throttled, "throttles wifi-auth").text.english.empty());
}

TEST_CASE("a consumer goes no faster than its quota", "[unit]") {
  const RunReport free = with_quota("[]");
  const RunReport throttled =
      with_quota(R"([{"client.id":"<default>","consumer_byte_rate":20000}])");
  INFO(throttled.text());
  CHECK(throttled.acknowledged == free.acknowledged);
  CHECK(throttled.consumed < free.consumed);
  CHECK(throttled.consumed > 1'000);
  CHECK(throttled.produce.times == 0);
}

TEST_CASE("with little memory for requests they wait, and all are answered", "[unit]") {
  const RunReport report = with_quota("[]", R"(,"queued.max.request.bytes":1)");
  INFO(report.text());
  CHECK(report.acknowledged == 12'000);
  CHECK(report.consumed == 12'000);
}

// A broker has more than one to itself: the controller's, and others.
TEST_CASE("a connection too many of a host is closed at once", "[unit]") {
  const RunReport report = with_quota("[]", R"(,"max.connections.per.ip":1)");
  INFO(report.text());
  CHECK(report.acknowledged == 0);
}

namespace {

/// Acknowledged by the end of a run in which the operator does these.
RunReport with_operations(const std::string& operations, const std::string& quotas,
                          const std::string& faults = "[]") {
  return play(load("wifi_auth_broker_crash",
                   {"duration=80s", R"(sources.0.rate=[{"from":"10s","rate":"200/s"}])",
                    "sources.0.until=70s", "sources.0.arrivals=even", "faults=" + faults,
                    "expect=[]", "hardware.office_server.boot_time=10s", "brokers.count=1",
                    R"(topics.0={"name":"jnu_wifi_auth","partitions":1,"replication.factor":1})",
                    R"(brokers.config={"offsets.topic.replication.factor":1})",
                    "producers.0.config.compression.type=none", "consumers.0.service_time=0s",
                    "quotas=" + quotas, "operations=" + operations},
                   1));
}

}  // namespace

// ZkAdminManager.alterClientQuotas, ClientIdConfigHandler.
TEST_CASE("a quota is set in the run, and taken away", "[unit]") {
  const char* const set = R"({"at":"20s","alter_quota":
      {"client.id":"wifi-auth","producer_byte_rate":20000}})";
  const char* const taken = R"({"at":"45s","delete_quota":{"client.id":"wifi-auth"}})";
  const RunReport throttled = with_operations(fmt::format("[{}]", set), "[]");
  INFO(throttled.time_line_text());
  CHECK(throttled.acknowledged < 10'000);
  CHECK(moment(throttled, "throttles wifi-auth").time > Time(20s));
  CHECK(moment(throttled, "changes the quota of wifi-auth: accepted").time < Time(21s));
  const RunReport freed = with_operations(fmt::format("[{},{}]", set, taken), "[]");
  INFO(freed.time_line_text());
  CHECK(freed.acknowledged == 12'000);
  // A broker that starts again finds it in ZooKeeper.
  const RunReport restarted = with_operations(
      fmt::format("[{}]", set), "[]",
      R"([{"at":"25s","stop_process":"broker-1"},{"at":"35s","start_process":"broker-1"}])");
  INFO(restarted.time_line_text());
  CHECK(restarted.acknowledged < 10'000);
}

TEST_CASE("of a quota that was there only what is named is changed", "[unit]") {
  const char* const both = R"([{"user":"ANONYMOUS","client.id":"wifi-auth",
      "producer_byte_rate":20000,"request_percentage":1000}])";
  const RunReport report = with_operations(R"([{"at":"12s","alter_quota":
      {"user":"ANONYMOUS","client.id":"wifi-auth","request_percentage":2000}}])",
                                           both);
  INFO(report.time_line_text());
  CHECK(report.acknowledged < 9'000);
}
