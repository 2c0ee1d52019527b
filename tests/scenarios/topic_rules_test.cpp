// What is said of settings of topics and of quotas that cannot work.
#include "scenarios/loader.h"

#include <catch2/catch.hpp>

using namespace brokerlab;

namespace {

/// Errors, then warnings, without the file's name.
std::string said_of(const std::string& topic, const std::string& payload,
                    const std::string& quotas = "[]") {
  const std::string text = fmt::format(
      R"json({{
  "name": "rules", "duration": "100s",
  "hardware": {{"box": {{"nic": {{"rate": "1Gbps"}}, "disks": [{{"kind": "ssd", "size": "1TB"}}]}}}},
  "zookeeper": {{"nodes": 3, "machine": "box"}}, "brokers": {{"count": 3, "machine": "box"}},
  "topics": [{{"name": "orders", "partitions": 3, "replication.factor": 3, "config": {}}}],
  "sources": [{{"name": "s", "record_size": "100B", "payload": "{}",
               "rate": [{{"from": "5s", "rate": "30/s"}}], "until": "55s"}}],
  "producers": [{{"name": "p", "machine": "box", "source": "s", "topic": "orders", "config": {{}}}}],
  "quotas": {}}})json",
      topic, payload, quotas);
  const scenarios::Loaded loaded = scenarios::parse_scenario(text, "", "");
  return to_text(loaded.errors) + to_text(loaded.warnings);
}

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a compacted topic takes no records without bytes", "[unit]") {
  CHECK(has(said_of(R"({"cleanup.policy": "compact"})", "phantom"),
            "/producers/0/source: \"s\": has no bytes to compact by"));
  CHECK_FALSE(has(said_of(R"({"cleanup.policy": "delete"})", "phantom"), "compact"));
  CHECK(has(said_of(R"({"min.compaction.lag.ms": 10, "max.compaction.lag.ms": 5})", "real"),
            "must not exceed max.compaction.lag.ms, 5 ms"));
}

TEST_CASE("a quota says whose it is and what it limits", "[unit]") {
  CHECK(
      has(said_of("{}", "real", R"([{"producer_byte_rate": 5}])"), "needs a user or a client.id"));
  CHECK(has(said_of("{}", "real", R"([{"client.id": "p"}])"), "what it limits"));
  CHECK(has(said_of("{}", "real", R"([{"user": "alice", "producer_byte_rate": 5}])"),
            "names nobody"));
  CHECK_FALSE(
      has(said_of("{}", "real", R"([{"client.id": "p", "producer_byte_rate": 5}])"), "/quotas"));
}
