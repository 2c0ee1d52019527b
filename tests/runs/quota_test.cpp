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
