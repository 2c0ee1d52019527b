// The same applications with Kafka between them, and linked to each other without it: what one slow
// or dead receiver does to the others.
#include "scenarios/links/wiring.h"
#include "scenarios/loader.h"
#include "tests/runs/run_story.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace brokerlab;
using scenarios::WiringComparison;
using scenarios::WiringReport;

namespace {

struct Shop {
  std::string payload = "real";
  std::string faults = "";
  std::string audit = R"("service_time": "1ms")";
  scenarios::LinkRules rules{true, 100'000_B};

  /// Three senders of 100 records a second from 10 s to 70 s; four receivers in three groups.
  scenarios::Scenario scenario() const {
    std::string sources, producers;
    for (int i = 1; i <= 3; ++i) {
      const char* comma = i > 1 ? "," : "";
      sources += fmt::format(
          R"({}{{"name": "s{}", "payload": "{}", "record_size": "200B", "until": "70s",
               "rate": [{{"from": "10s", "rate": "100/s"}}]}})",
          comma, i, payload);
      producers += fmt::format(
          R"({}{{"name": "web-{}", "machine": "box", "source": "s{}", "topic": "{}",
               "poll_interval": "50ms", "config": {{"acks": "all"}}}})",
          comma, i, i, i == 3 ? "orders" : "clicks");
    }
    const std::string text = fmt::format(
        R"json({{"name": "shop", "duration": "120s", "seed": 3,
          "hardware": {{"box": {{"cpu": {{"cores": 4}}, "disks": [{{"kind": "ssd"}}]}}}},
          "zookeeper": {{"nodes": 3, "machine": "box"}},
          "brokers": {{"count": 3, "machine": "box", "config": {{"offsets.topic.num.partitions": 5}}}},
          "topics": [{{"name": "clicks", "partitions": 4, "replication.factor": 3}},
                     {{"name": "orders", "partitions": 4, "replication.factor": 3}}],
          "sources": [{}], "producers": [{}],
          "consumers": [
            {{"group": "search", "machine": "box", "topics": ["clicks", "orders"],
              "service_time": "1ms", "config": {{"auto.offset.reset": "earliest"}}}},
            {{"group": "billing", "members": 2, "machine": "box", "topics": ["orders"],
              "service_time": "1ms", "config": {{"auto.offset.reset": "earliest"}}}},
            {{"group": "audit", "machine": "box", "topics": ["clicks", "orders"], {},
              "config": {{"auto.offset.reset": "earliest"}}}}],
          "faults": [{}]}})json",
        sources, producers, audit, faults);
    auto loaded = scenarios::parse_scenario(text, "shop", BROKERLAB_SOURCE_DIR, {});
    INFO(to_text(loaded.errors));
    REQUIRE(loaded.scenario.has_value());
    return *loaded.scenario;
  }
  WiringComparison compare() const {
    const auto both = scenarios::compare_wirings(scenario(), rules);
    INFO((both ? std::string() : both.error()));
    REQUIRE(both.ok());
    return *both;
  }
};

const WiringReport::Receiver& of(const WiringReport& report, const std::string& group) {
  for (const WiringReport::Receiver& one : report.groups) {
    if (one.group == group) return one;
  }
  FAIL("no group " << group);
  return report.groups.front();
}

/// It stands still from 20 s to 80 s.
const std::string audit_stands = R"({"at": "20s", "pause": {"machine": "audit-1", "for": "60s"}})";

}  // namespace

TEST_CASE("without Kafka there is a link for each sender and each receiver of its records",
          "[unit]") {
  for (const char* payload : {"real", "phantom"}) {
    Shop shop;
    shop.payload = payload;
    INFO(payload);
    const WiringComparison both = shop.compare();
    // web-1 and web-2 to search and audit; web-3 to those, and to both members of billing.
    CHECK(both.links.links_by_form == 2 * 2 + 4);
    CHECK(both.links.connected_pairs == both.links.links_by_form);
    CHECK(both.hub.links_by_form == 3 + 4);
    CHECK(both.hub.linked_applications == both.hub.links_by_form);
    // Nothing happens: nobody misses a record.
    for (const WiringReport* report : {&both.links, &both.hub}) {
      CHECK(report->records > 17'000);
      CHECK(report->faults.empty());
      for (const WiringReport::Receiver& one : report->groups) {
        INFO(one.group << ", hub " << report->hub);
        CHECK(one.processed > 5'000);
        CHECK(one.missing == 0);
        CHECK(one.again == 0);
        CHECK(one.thrown_away == 0);
        CHECK(one.longest_s < 5);
        CHECK_FALSE(one.faulty);
      }
    }
    CHECK(both.links.stood_still_s == 0);
    // The same load: as many records, whoever asked for them when.
    CHECK(both.links.records == both.hub.records);
    // Each record leaves its sender for each receiver, not once.
    CHECK(both.links.bytes > 3 * both.hub.bytes / 2);
  }
}

TEST_CASE("a fault that hits brokers is there on both sides, and hits nobody without Kafka",
          "[unit]") {
  Shop shop;
  shop.faults = audit_stands + R"(, {"at": "20s", "power_off": {"machine": "broker-2"}},
      {"at": "30s", "kill_process": {"machine": "controller"}},
      {"at": "40s", "cut": {"between": ["brokers"], "and": ["clients"]}, "as": "x"},
      {"at": "41s", "heal": "x"},
      {"at": "42s", "cut": {"between": ["web-1"], "and": ["everyone_else"]}, "as": "y"},
      {"at": "43s", "heal": "y"})";
  const WiringComparison both = shop.compare();
  REQUIRE(both.links.faults.size() == 7);
  REQUIRE(both.hub.faults.size() == 7);
  const auto done = [](const WiringReport& report) {
    std::string text;
    for (const WiringReport::Happened& one : report.faults) {
      text += fmt::format("{} {}, ", one.what.english, one.done ? "done" : "hits nobody");
    }
    return text;
  };
  CHECK(done(both.links) ==
        "pause done, power off hits nobody, kill process hits nobody, cut hits nobody, "
        "heal hits nobody, cut done, heal done, ");
  CHECK(
      done(both.hub) ==
      "pause done, power off done, kill process done, cut done, heal done, cut done, heal done, ");
}

TEST_CASE("a receiver that stands still stops the others, without Kafka and with senders that wait",
          "[unit]") {
  for (const char* payload : {"real", "phantom"}) {
    Shop shop;
    shop.payload = payload;
    shop.faults = audit_stands;
    INFO(payload);
    const WiringComparison both = shop.compare();
    // 100,000 bytes are five seconds of a sender: then it stands.
    CHECK(both.links.stood_still_s > 3 * 40);
    CHECK(of(both.links, "search").longest_s > 40);
    CHECK(of(both.links, "billing").longest_s > 40);
    CHECK(of(both.links, "audit").faulty);
    // Kafka keeps for audit what it has not read, and the others do not notice.
    CHECK(of(both.hub, "search").longest_s < 5);
    CHECK(of(both.hub, "billing").longest_s < 5);
    CHECK(of(both.hub, "audit").longest_s > 40);
    for (const WiringReport::Receiver& one : both.hub.groups) CHECK(one.missing == 0);
  }
}

TEST_CASE("a sender that drops spares the others, and the receiver misses what it dropped",
          "[unit]") {
  for (const char* payload : {"real", "phantom"}) {
    Shop shop;
    shop.payload = payload;
    shop.faults = audit_stands;
    shop.rules.waits = false;
    INFO(payload);
    const WiringComparison both = shop.compare();
    CHECK(both.links.stood_still_s == 0);
    CHECK(of(both.links, "search").longest_s < 5);
    CHECK(of(both.links, "search").missing == 0);
    CHECK(of(both.links, "audit").thrown_away > std::int64_t{3} * 100 * 30);
    CHECK(of(both.links, "audit").missing == of(both.links, "audit").thrown_away);
    CHECK(of(both.hub, "audit").missing == 0);
  }
}

TEST_CASE("a slow receiver does the same as one that stands", "[unit]") {
  Shop shop;
  shop.audit = R"("service_time": "20ms")";  // 50 a second of 300
  const WiringComparison both = shop.compare();
  CHECK(of(both.links, "search").longest_s > 20);
  CHECK(of(both.hub, "search").longest_s < 5);
}

TEST_CASE("a receiver that dies gets what it had in hand again; a sender's buffers die with it",
          "[unit]") {
  Shop shop;
  shop.faults = R"({"at": "30s", "kill_process": "audit-1", "as": "a"},
                   {"at": "32s", "start_process": "a"})";
  shop.audit = R"("service_time": "5ms")";  // it is always at work
  const WiringComparison receiver = shop.compare();
  CHECK(of(receiver.links, "audit").missing == 0);
  CHECK(of(receiver.links, "audit").again > 0);

  shop.audit = R"("service_time": "1ms")";
  shop.faults = audit_stands + R"(, {"at": "24s", "kill_process": "web-1", "as": "w"},
                                    {"at": "26s", "start_process": "w"})";
  const WiringComparison sender = shop.compare();
  CHECK(of(sender.links, "audit").missing > 200);
  CHECK(of(sender.links, "audit").thrown_away == 0);
}

TEST_CASE("what has no counterpart without Kafka is named", "[unit]") {
  scenarios::Scenario scenario = Shop().scenario();
  CHECK(scenarios::wiring_problems(scenario).empty());
  scenario.consumers[0].batches.emplace();
  scenario.consumers[1].stream.emplace();
  const Problems problems = scenarios::wiring_problems(scenario);
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].path == "/consumers/0/batches");
  CHECK(problems[1].path == "/consumers/1/stream");
}

TEST_CASE("LinkedIn and the web company, before and after the hub", "[unit]") {
  const auto compare = [](const char* name) {
    const auto both = scenarios::compare_wirings(tests::load(name, {}, 1),
                                                 scenarios::LinkRules{true, 1'000'000_B});
    REQUIRE(both.ok());
    return *both;
  };
  const WiringComparison linkedin = compare("linkedin_around_one_hub");
  CHECK(linkedin.links.connected_pairs == 48);
  CHECK(linkedin.hub.linked_applications == 14);
  CHECK(of(linkedin.links, "hadoop").longest_s > 30);
  CHECK(of(linkedin.hub, "hadoop").longest_s < 3);
  // Each sender sends once what it sent six times; the brokers send it on, to replicas as well.
  CHECK(linkedin.links.bytes > 5 * linkedin.hub.bytes);
  CHECK(linkedin.links.cpu_seconds > linkedin.hub.cpu_seconds);
  CHECK(linkedin.hub.bytes_of_all > linkedin.links.bytes_of_all);

  const WiringComparison web = compare("web_company_around_one_hub");
  CHECK(web.links.connected_pairs == 20);
  CHECK(web.hub.linked_applications == 9);
  CHECK(of(web.links, "fraud").longest_s > 30);
  CHECK(of(web.hub, "fraud").longest_s < 3);
}
