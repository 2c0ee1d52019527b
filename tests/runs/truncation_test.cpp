// Truncation by high watermark, as it was before KIP-101, and what it loses.
#include "tests/runs/run_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

/// Broker 1 leads and dies at 20 s and some milliseconds; broker 3, far away and then alone, hears
/// that 2 leads now, and cannot ask it for what it cuts; then 2 dies, too, and 3, in sync all the
/// time, takes over.
scenarios::RunReport two_leaders_die(const std::string& truncation, int millis) {
  const std::string text = fmt::format(R"json({{
    "name": "truncation", "duration": "60s", "seed": 5,
    "hardware": {{"box": {{"cpu": {{"cores": 4}}, "disks": [{{"kind": "ssd"}}]}}}},
    "zookeeper": {{"nodes": 3, "machine": "box"}},
    "brokers": {{"count": 4, "machine": "box", "truncation": "{0}",
                "config": {{"zookeeper.session.timeout.ms": 6000}}}},
    "topics": [{{"name": "t", "replicas": [[1, 2, 3]]}}],
    "sources": [{{"name": "rows", "file": "scenarios/library/data/wifi_auth.csv",
                 "rate": [{{"from": "5s", "rate": "200/s"}}], "until": "40s"}}],
    "producers": [{{"name": "app", "machine": "box", "source": "rows", "topic": "t",
                   "poll_interval": "5ms",
                   "config": {{"acks": "all", "enable.idempotence": false, "batch.size": 0}}}}],
    "faults": [
      {{"at": "8s", "delay": {{"between": ["broker-3"], "and": ["broker-1"], "by": "50ms"}}}},
      {{"at": "20.{1:03}s", "cut": {{"between": ["broker-3"], "and": ["broker-1", "broker-2"]}}}},
      {{"at": "20.{1:03}s", "kill_process": "broker-1"}},
      {{"at": "30s", "kill_process": "broker-2"}}]}})json",
                                       truncation, millis);
  const auto loaded = scenarios::parse_scenario(text, "truncation", BROKERLAB_SOURCE_DIR);
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return tests::play(*loaded.scenario);
}

}  // namespace

// KIP-101, scenario 1: the high watermark of a follower is a fetch behind that of its leader.
TEST_CASE("a follower that cuts to its high watermark loses what was committed", "[unit]") {
  std::size_t lost = 0;
  for (int millis = 0; millis < 100; millis += 20) {  // a fetch from broker 3 takes that long
    const scenarios::RunReport now = two_leaders_die("leader_epochs", millis);
    INFO(now.time_line_text());
    CHECK(moment(now, "t-0 is now led by broker-3").time > Time(30s));
    CHECK(now.lost.empty());
    const scenarios::RunReport then = two_leaders_die("high_watermark", millis);
    CHECK(moment(then, "broker-3 cut t-0 back").time < Time(30s));
    lost += then.lost.size();
  }
  CHECK(lost > 0);
}
