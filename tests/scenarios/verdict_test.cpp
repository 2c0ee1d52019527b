// What a verdict says: each expectation is seen to be missed, each harm to be told, whatever was
// expected. On reports made by hand.
#include "base/translation.h"
#include "scenarios/effects.h"
#include "scenarios/expectations.h"
#include "scenarios/harm.h"
#include "scenarios/ledger/ledger.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

using namespace brokerlab;
using namespace brokerlab::scenarios;

namespace {

RunReport::Partition partition_report(const std::string& name, RunReport::Outages produce,
                                      RunReport::Outages fetch = {}) {
  RunReport::Partition one;
  one.name = name;
  one.produce = produce;
  one.fetch = fetch;
  return one;
}

/// "3 acknowledged records lost; ...".
std::string told(const RunReport& report) {
  std::string text;
  for (const Harm& harm : harm_of(report)) {
    text += (text.empty() ? "" : "; ") + harm.words.english;
    CHECK(harm.words.korean != harm.words.english);
  }
  return text;
}

std::string told_of(const std::function<void(RunReport&)>& change) {
  RunReport report;
  change(report);
  return told(report);
}

}  // namespace

TEST_CASE("every expectation is met by a good report and missed by a bad one", "[unit]") {
  const RunReport good;
  const auto missed = [&good](const Expectation& expectation,
                              const std::function<void(RunReport&)>& change) {
    CHECK(check(expectation, good).met);
    RunReport bad;
    change(bad);
    const RunReport::Expectation found = check(expectation, bad);
    CHECK_FALSE(found.met);
    return found.what.english + ": " + found.found.english;
  };
  const Expectation no_loss{NoAcknowledgedRecordLost{}};
  CHECK(missed(no_loss, [](RunReport& r) { r.lost.resize(2); }) ==
        "no acknowledged record is lost: 2 lost");
  CHECK(missed(no_loss, [](RunReport& r) { r.blindly_lost = 1; }) ==
        "no acknowledged record is lost: 1 lost");
  CHECK(missed({UnavailabilityBelow{30s}}, [](RunReport& r) { r.produce.longest = 30s; }) ==
        "no partition is unavailable for produce for 30s or more: longest 30 s");
  CHECK(missed({FetchUnavailabilityBelow{30s}}, [](RunReport& r) { r.fetch.longest = 31s; }) ==
        "no partition is unavailable for fetch for 30s or more: longest 31 s");
  const Expectation consumed{AllRecordsConsumed{}};
  CHECK(missed(consumed, [](RunReport& r) { r.groups.push_back({.name = "g", .lag = 5}); }) ==
        "every group has read every acknowledged record that is not lost: 0 unread, lag 5");
  CHECK(missed(consumed,
               [](RunReport& r) {
                 r.groups.push_back({.name = "g", .unreadable = 2505, .unread = 2505});
                 r.unreadable = 2505;
               }) ==
        "every group has read every acknowledged record that is not lost: 2,505 unread, lag 0; "
        "2,505 above the high watermark, not yet readable");
}

TEST_CASE("limits of availability hold for every partition of the topic by itself", "[unit]") {
  RunReport report;
  report.partitions = {partition_report("a-0", {.longest = 10s, .total = 15s, .times = 2}),
                       partition_report("a-1", {.longest = 12s, .total = 12s, .times = 1}),
                       partition_report("b-c-0", {}, {.longest = 3s, .total = 3s, .times = 1})};
  const auto met = [&report](AvailabilityWithin limits) { return check({limits}, report).met; };
  using RequestSide::fetch;
  CHECK(met({.topic = "a", .longest = 12s + 1ns}));
  CHECK_FALSE(met({.topic = "a", .longest = 12s}));
  CHECK(met({.topic = "a", .total = 16s}));  // not 27 s: each by itself
  CHECK_FALSE(met({.topic = "a", .total = 15s}));
  CHECK(met({.topic = "a", .times = 2}));
  CHECK_FALSE(met({.topic = "a", .times = 1}));
  CHECK_FALSE(met({.times = 1}));
  CHECK(met({.topic = "b-c", .longest = 1ns}));
  CHECK_FALSE(met({.topic = "b-c", .of = fetch, .longest = 3s}));
  CHECK(
      check({AvailabilityWithin{.topic = "a", .longest = 12s, .times = 3}}, report).what.english ==
      "every partition of a is available for produce, but for less than 12s at a time, at most 3 "
      "times");
  CHECK(check({AvailabilityWithin{.topic = "a", .longest = 12s}}, report).found.english ==
        "longest 12 s, at most 15 s in all and 2 times of a partition");
}

TEST_CASE("every harm is told, the worst first", "[unit]") {
  CHECK(told_of([](RunReport&) {}) == "");
  CHECK(told_of([](RunReport& r) { r.lost.resize(1); }) == "1 acknowledged record lost");
  CHECK(told_of([](RunReport& r) { r.lost.resize(1250); }) == "1,250 acknowledged records lost");
  CHECK(told_of([](RunReport& r) { r.blindly_lost = 2; }) ==
        "2 records sent with acks=0 are in no log");
  CHECK(told_of([](RunReport& r) { r.not_verifiable = 3; }) ==
        "3 acknowledged records without a live leader to look for them");
  CHECK(told_of([](RunReport& r) {
          r.failed = 4;
          r.failed_by = {{"REQUEST_TIMED_OUT", 3}, {"MESSAGE_TOO_LARGE", 1}};
        }) == "producers gave up on 4 records (REQUEST_TIMED_OUT 3, MESSAGE_TOO_LARGE 1)");
  CHECK(told_of([](RunReport& r) {
          r.pending = 5;
          r.oldest_pending = 12s;
        }) == "5 sends without an answer at the end, for up to 12 s");
  CHECK(told_of([](RunReport& r) {
          r.pending = 5;
          r.oldest_pending = 100ms;
        }) == "");  // on their way
  CHECK(told_of([](RunReport& r) { r.duplicates = 6; }) == "6 records written twice");
  CHECK(told_of([](RunReport& r) { r.reordered = 7; }) == "7 records out of order in the log");
  CHECK(told_of([](RunReport& r) { r.unreadable = 8; }) ==
        "8 acknowledged records not yet readable");
  CHECK(told_of([](RunReport& r) {
          r.groups.push_back({.name = "g", .unread = 950, .waiting = 919, .longest_waiting = 27s});
        }) == "919 acknowledged records that group g has not read, for up to 27 s");
  CHECK(told_of([](RunReport& r) {
          r.groups.push_back({.name = "g", .waiting = 50, .longest_waiting = 9s});
        }) == "");  // at work
  CHECK(told_of([](RunReport& r) { r.redelivered = 9; }) == "9 records delivered to a group again");
  CHECK(told_of([](RunReport& r) { r.groups.push_back({.skipped = 10}); }) ==
        "10 records skipped by groups");
  CHECK(told_of([](RunReport& r) { r.produce = {.longest = 21'500ms}; }) ==
        "unavailable for produce for up to 21.5 s");
  CHECK(told_of([](RunReport& r) { r.fetch = {.longest = 2s, .at_the_end = true}; }) ==
        "unavailable for fetch for up to 2 s, and at the end");
  CHECK(told_of([](RunReport& r) { r.produce = {.longest = 99ms}; }) == "");
  CHECK(told_of([](RunReport& r) {
          r.groups.push_back({.name = "g", .coordinator = RunReport::Outages{.longest = 18s}});
        }) == "commits of group g impossible for up to 18 s");
  CHECK(told_of([](RunReport& r) { r.without_quorum = 140s; }) ==
        "ZooKeeper without a quorum for 140 s");
  CHECK(told_of([](RunReport& r) {
          r.usual_failover = 18s;
          r.without_controller = 19s;  // nobody is told of a usual failover
        }) == "");
  CHECK(told_of([](RunReport& r) {
          r.usual_failover = 18s;
          r.without_controller = 40s;
          r.no_controller_at_the_end = true;
        }) == "no controller for 40 s, and at the end");
  CHECK(told_of([](RunReport& r) {
          r.client_errors = {{"Produce", "NOT_ENOUGH_REPLICAS", "answered", 93, 0, {}, {}},
                             {"Produce", "NETWORK_EXCEPTION", "disconnected", 2, 0, {}, {}},
                             {"OffsetCommit", "REQUEST_TIMED_OUT", "answered", 1, 0, {}, {}},
                             {"OffsetCommit", "DisconnectException", "disconnected", 2, 0, {}, {}},
                             {"OffsetCommit", "DisconnectException", "timed_out", 10, 0, {}, {}},
                             {"Fetch", "NoOffsetForPartitionException", "client", 2, 2, {}, {}}};
        }) ==
        "2 errors reached applications (NoOffsetForPartitionException 2); 93 produces refused "
        "(NOT_ENOUGH_REPLICAS 93); 13 offset commits failed (REQUEST_TIMED_OUT 1, "
        "DisconnectException 12)");
}

TEST_CASE("the verdict's own line, in text and JSON, says what harm was done", "[unit]") {
  RunReport report;
  report.verdict = Verdict::pass;
  CHECK(report.verdict_line() == "pass");
  report.lost.resize(1);
  report.duplicates = 2;
  report.harm = harm_of(report);
  CHECK(report.verdict_line() ==
        "pass (what was asked) · 1 acknowledged record lost · 2 records written twice");
  CHECK_THAT(report.text(), Catch::Contains("\nVerdict: pass (what was asked) · 1 acknowledged "
                                            "record lost · 2 records written twice\n"));
  report.verdict = Verdict::fail;
  CHECK(report.verdict_line() == "fail · 1 acknowledged record lost · 2 records written twice");
  const auto json = nlohmann::json::parse(report.json());
  REQUIRE(json["harm"].size() == 2);
  CHECK(json["harm"][0]["kind"] == "records_lost");
  CHECK(json["harm"][0]["count"] == 1);
  CHECK(json["harm"][0]["text"] == "1 acknowledged record lost");
  CHECK(json["harm"][1]["ko"] == "두 번 기록된 레코드 2개");
}

TEST_CASE("a promise beside a loss says what it exempts", "[unit]") {
  RunReport report;
  report.invariants.push_back({"acknowledged_by_all_survive",
                               true,
                               6500,
                               {},
                               {words_for(Exempted::unclean_election, 250)}});
  CHECK_THAT(report.text(),
             Catch::Contains("kept   acknowledged_by_all_survive          checked     6,500 times, "
                             "but for 250 records lost by an unclean election, which "
                             "unclean.leader.election.enable allows\n"));
  const auto json = nlohmann::json::parse(report.json());
  CHECK(json["invariants"][0]["but_for"].size() == 1);
}

TEST_CASE("every clause of a fault's line and every harm is explained in the reference", "[unit]") {
  std::ifstream in(std::string(BROKERLAB_SOURCE_DIR) + "/docs/reference_report.md");
  std::stringstream text;
  text << in.rdbuf();
  const std::string reference = text.str();
  int explained = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Effect::count_of_them); ++i) {
    const auto clause = told_as(static_cast<Effect>(i), 1, 0ns);
    if (!clause) continue;
    // A length of time at its end may be any.
    const std::string words = clause->english.substr(0, clause->english.find(" 0 ns"));
    INFO(words);
    CHECK(reference.find("| " + words + " |") != std::string::npos);
    ++explained;
  }
  CHECK(explained > 20);
  for (const char* named :
       {"went down", "is down at the end", "lost ZooKeeper", "ZooKeeper expired the session of",
        "dropped out of the group", "the damage in", "acknowledgments waited up to",
        "consumers waited up to"}) {
    INFO(named);
    CHECK(reference.find(fmt::format("| {} |", named)) != std::string::npos);
  }
}

TEST_CASE("one report says numbers and lengths of time in one way, in both languages", "[unit]") {
  RunReport report;
  report.sent = 22'006;
  report.acknowledged = 20'453;
  report.failed = 1553;
  report.failed_in_log = 752;
  report.lost.resize(8912);
  report.simulated = 10min;
  report.groups.push_back(
      {.name = "g",
       .coordinator = RunReport::Outages{.longest = 16'800ms, .total = 16'800ms, .times = 1},
       .without_coordinator = {{"nifi-1", 30'100ms}, {"nifi-2", 230ms}}});
  CHECK_THAT(report.text(),
             Catch::Contains("failed 1,553 (of them 752 stored all the same)") &&
                 Catch::Contains("8,912 acknowledged records were lost:") &&
                 Catch::Contains("... and 8,892 more") &&
                 Catch::Contains("commits impossible: longest 16.8 s, in all 16.8 s, 1 time") &&
                 Catch::Contains("without a coordinator: nifi-1 for up to 30.1 s, nifi-2 for up "
                                 "to 230 ms\n") &&
                 Catch::Contains("10min simulated in") && !Catch::Contains("steps"));
  const Speaking korean(Language::korean);
  CHECK_THAT(
      report.text(),
      Catch::Contains("1,553(그중 752개는 실제로 저장됨)") &&
          Catch::Contains("커밋할 수 없던 시간: 최장 16.8초, 합계 16.8초, 1번") &&
          Catch::Contains("코디네이터 없이 지낸 시간: nifi-1 최대 30.1초, nifi-2 최대 230ms\n") &&
          Catch::Contains("시뮬레이션한 시간 10분"));
  for (std::size_t i = 0; i < static_cast<std::size_t>(Effect::count_of_them); ++i) {
    const auto clause = told_as(static_cast<Effect>(i), 1553, 119s);
    if (!clause) continue;
    INFO(clause->korean);
    CHECK(clause->english.find("1553") == std::string::npos);
    CHECK(clause->korean.find("1553") == std::string::npos);
    CHECK(clause->korean.find("119 s") == std::string::npos);
  }
}
