// What a report promises, in runs where each promise is hard to keep: one broker, cuts, pauses,
// several groups, lost replies of ZooKeeper.
#include "recording/reader.h"
#include "tests/runs/run_story.h"
#include "tests/temporary.h"

#include <filesystem>

using namespace brokerlab;
using namespace brokerlab::tests;
using scenarios::RunReport;
using scenarios::Verdict;

namespace {

/// The library's cluster under an even load of `rate` from 10 s to `until`, nothing else.
std::vector<std::string> steady(const std::string& rate, const std::string& until,
                                const std::string& duration, const std::string& faults) {
  return {"duration=" + duration,
          R"(sources.0.rate=[{"from":"10s","rate":")" + rate + R"("}])",
          "sources.0.until=" + until,
          "sources.0.arrivals=even",
          "faults=" + faults,
          "expect=[]",
          "hardware.office_server.boot_time=10s"};
}

std::vector<std::string> operator+(std::vector<std::string> list,
                                   const std::vector<std::string>& more) {
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

const std::vector<std::string> single_broker{
    "brokers.count=1", R"(topics.0={"name":"jnu_wifi_auth","partitions":1,"replication.factor":1})",
    R"(brokers.config={"offsets.topic.replication.factor":1,"offsets.topic.num.partitions":1})"};

RunReport play_crash(const std::vector<std::string>& overrides, std::int64_t seed = 1) {
  return play(load("wifi_auth_broker_crash", overrides, seed));
}

const RunReport::Machine& machine(const RunReport& report, const std::string& name) {
  for (const RunReport::Machine& one : report.machines) {
    if (one.name == name) return one;
  }
  FAIL("no machine " << name);
  return report.machines.front();
}

}  // namespace

TEST_CASE("write-back saves what was written long ago, though a consumer waits at the log's end",
          "[unit]") {
  const RunReport report = play_crash(
      steady("2/s", "60s", "220s",
             R"([{"at":"150s","power_off":"broker-1"},{"at":"160s","power_on":"broker-1"}])") +
      single_broker);
  INFO(report.text());
  REQUIRE(report.acknowledged == 100);
  REQUIRE(report.lost.empty());
  REQUIRE(report.consumed == 100);
}

TEST_CASE("with one replica, what was not yet on disk is lost, and the report says so", "[unit]") {
  const RunReport report = play_crash(
      steady("20/s", "62s", "150s",
             R"([{"at":"61.5s","power_off":"broker-1"},{"at":"70s","power_on":"broker-1"}])") +
      single_broker);
  INFO(report.text());
  REQUIRE(report.lost.size() > 20);
  for (const RunReport::Lost& lost : report.lost) {
    REQUIRE(lost.why.english.find("in memory only when it lost power") != std::string::npos);
  }
  for (const RunReport::Invariant& one : report.invariants) REQUIRE(one.held);
}

TEST_CASE("log.flush.interval.ms with its scheduler saves what would be lost", "[unit]") {
  const std::string faults =
      R"([{"at":"61.5s","power_off":"broker-1"},{"at":"70s","power_on":"broker-1"}])";
  auto overrides = steady("20/s", "62s", "150s", faults) + single_broker;
  overrides.back() =
      R"(brokers.config={"offsets.topic.replication.factor":1,"offsets.topic.num.partitions":1,)"
      R"("log.flush.interval.ms":100,"log.flush.scheduler.interval.ms":100})";
  const RunReport report = play_crash(overrides);
  INFO(report.text());
  REQUIRE(report.lost.size() <= 20);  // of one poll at most
  REQUIRE(machine(report, "broker-1").disk_syncs > 200);
}

TEST_CASE("nobody reads from disk what the page cache holds", "[unit]") {
  const RunReport report = play_crash(steady("100/s", "60s", "70s", "[]"));
  for (const char* broker : {"broker-1", "broker-2", "broker-3"}) {
    CHECK(machine(report, broker).disk_read == 0);
  }
}

TEST_CASE("a leader that is cut off, or stands still, is not available", "[unit]") {
  const auto cut = [](const std::string& name) {
    return play(load(name,
                     steady("100/s", "100s", "120s",
                            R"([{"at":"40.016s","cut":{"between":["broker-1"],)"
                            R"("and":["everyone_else"]},"as":"island"},)"
                            R"({"at":"70s","heal":"island"}])"),
                     1));
  };
  CHECK(cut("wifi_auth_broker_crash").produce.longest >= 12s);
  CHECK(cut("wifi_auth_broker_crash_acks_all").produce.longest >= 12s);
  const RunReport paused = play_crash(
      steady("100/s", "80s", "90s", R"([{"at":"40s","pause":{"machine":"broker-1","for":"9s"}}])"));
  CHECK(paused.produce.longest == 9s);
  CHECK(paused.faults.front().bit);
}

TEST_CASE("losses that nobody can look for are said to be unknown", "[unit]") {
  const RunReport report = play_crash(
      steady("100/s", "60s", "80s", R"([{"at":"50.01s","power_off":"broker-1"}])") + single_broker);
  REQUIRE(report.verdict == Verdict::unknown);
  REQUIRE(report.not_verifiable == report.acknowledged);
  REQUIRE(report.pending > 0);
  REQUIRE(report.oldest_pending > 25s);
}

TEST_CASE("an unclean election loses records, by its name", "[unit]") {
  const std::vector<std::string> two{
      R"(topics.0={"name":"jnu_wifi_auth","partitions":1,"replication.factor":3,)"
      R"("config":{"unclean.leader.election.enable":true}})"};
  // The two followers go first, and come back without what the leader alone had.
  const RunReport report = play_crash(
      steady("50/s", "90s", "140s",
             R"([{"at":"40s","power_off":"broker-2"},{"at":"40s","power_off":"broker-3"},)"
             R"({"at":"75s","power_off":"broker-1"},)"
             R"({"at":"80s","power_on":"broker-2"},{"at":"80s","power_on":"broker-3"}])") +
      two);
  INFO(report.text());
  REQUIRE(report.lost.size() > 100);
  std::int64_t unclean = 0;
  for (const RunReport::Lost& lost : report.lost) {
    unclean += lost.why.english.find("unclean.leader.election.enable") != std::string::npos;
  }
  REQUIRE(unclean > 0);
  for (const RunReport::Invariant& one : report.invariants) {
    INFO(one.name << ": " << one.detail.english);
    REQUIRE(one.held);
  }
}

TEST_CASE("acks=0: nobody acknowledges, and what is in no log is counted", "[unit]") {
  auto overrides = steady("100/s", "80s", "100s", R"([{"at":"40.016s","power_off":"broker-1"}])");
  overrides.emplace_back("producers.0.config.acks=0");
  overrides.emplace_back(R"(expect=[{"no_acknowledged_record_lost":true}])");
  const RunReport report = play_crash(overrides);
  INFO(report.text());
  REQUIRE(report.sent_blindly == report.sent);
  REQUIRE(report.acknowledged == 0);
  REQUIRE(report.acknowledged_after.count == 0);
  REQUIRE(report.acknowledged_rate.mean > 50);  // handed over
  REQUIRE(report.blindly_lost > 0);
  REQUIRE(report.verdict == Verdict::fail);
}

TEST_CASE("two groups read every record once each", "[unit]") {
  const auto& groups =
      R"(consumers=[{"group":"nifi","members":2,"machine":"desktop","topics":["jnu_wifi_auth"],)"
      R"("config":{"auto.offset.reset":"earliest"}},)"
      R"({"group":"spark","members":1,"machine":"desktop","topics":["jnu_wifi_auth"],)"
      R"("config":{"auto.offset.reset":"earliest"}}])";
  auto overrides = steady("100/s", "40s", "60s", "[]");
  overrides.emplace_back(groups);
  const RunReport report = play_crash(overrides);
  REQUIRE(report.consumed == report.sent);
  REQUIRE(report.redelivered == 0);
  REQUIRE(report.end_to_end.count == 2 * report.sent);
}

TEST_CASE("losing ZooKeeper's leader is a fault that bites", "[unit]") {
  const RunReport report =
      play_crash(steady("20/s", "60s", "80s", R"([{"at":"40s","power_off":"zookeeper-3"}])"));
  INFO(report.text());
  REQUIRE(report.faults.front().bit);
  REQUIRE(report.verdict == Verdict::pass);
  REQUIRE(report.without_quorum == 0ns);  // two of three are a majority
}

TEST_CASE("ZooKeeper without a quorum is a harm, though every record comes through", "[unit]") {
  const RunReport report = play_crash(steady("20/s", "80s", "100s", R"([
      {"at":"40s","power_off":"zookeeper-3"}, {"at":"50s","power_off":"zookeeper-2","as":"two"},
      {"at":"60s","power_on":"two"}])"));
  INFO(report.text());
  const Duration boot = 10s;
  CHECK(report.without_quorum >= 10s);
  CHECK(report.without_quorum <= 10s + 6 * boot);
  CHECK_THAT(report.verdict_line(), Catch::Contains("ZooKeeper without a quorum for"));
  const auto told = [&report](std::size_t fault) {
    std::string all;
    for (const Phrase& effect : report.faults[fault].effects) all += effect.english + "; ";
    return all;
  };
  CHECK_THAT(told(0), !Catch::Contains("quorum"));
  CHECK_THAT(told(1), Catch::Contains("ZooKeeper without a quorum for"));
}

// The answer to a claim, or to new partition states, is lost with the server that was asked; the
// request is sent again and meets what it did itself the first time.
TEST_CASE("ZooKeeper's leader dies while the controller changes: the cluster still gets leaders",
          "[property]") {
  const std::int64_t seeds = seeds_to_try(5);
  for (std::int64_t seed = 1; seed <= seeds; ++seed) {
    const std::string kill = fmt::format("{}us", 56'010'000 + seed * 4'700 % 120'000);
    const auto overrides = steady("50/s", "80s", "110s",
                                  R"([{"at":"40.0075s","power_off":"broker-1"},{"at":")" + kill +
                                      R"(","kill_process":"zookeeper-3"}])");
    const scenarios::Scenario scenario = load("wifi_auth_broker_crash", overrides, seed);
    const RunReport report = play(scenario);
    INFO("killed at " << kill << "; replay: " << replay(scenario, overrides) << "\n"
                      << report.text());
    REQUIRE(report.pending == 0);
    REQUIRE(report.controller_elections >= 2);
    for (const RunReport::Partition& partition : report.partitions) {
      REQUIRE(partition.leader != "broker-1");
      REQUIRE(partition.leader != "none");
    }
    for (const RunReport::Invariant& one : report.invariants) REQUIRE(one.held);
  }
}

TEST_CASE("every event names its cause, not its neighbour", "[unit]") {
  const std::string path = temporary_path("causes_test.run");
  const RunReport report = play(load("wifi_auth_broker_crash", short_incident(), 1), path);
  const auto reader = recording::Reader::open(path);
  REQUIRE(reader.ok());
  std::map<std::int64_t, recording::RecordedEvent> events;
  for (auto& event : reader->events(recording::EventLevel::detail)) events[event.id] = event;
  std::map<std::string, int> reach;
  for (const auto& [id, event] : events) {
    if (event.cause) {
      const recording::RecordedEvent& cause = events.at(*event.cause);
      INFO(event.en << " <- " << cause.en);
      CHECK_FALSE((cause.kind == event.kind && cause.t == event.t));
    }
    const auto chain = reader->causes(id);
    const bool reached = chain.back().kind == "machine.power_off";
    if (reached) ++reach[event.kind];
    if (event.kind == "consumer.resumed" || event.kind == "producer.resumed") {
      INFO(event.en);
      CHECK(reached);
    }
  }
  CHECK(reach["partition.leader_elected"] > 0);
  CHECK(reach["consumer.resumed"] > 0);
  CHECK(reach["producer.resumed"] > 0);
  CHECK(reach["record.lost"] == static_cast<int>(report.lost.size()));
  std::filesystem::remove(path);
}
