// The checks of labs, one by one, on reports and chains made here.
#include "labs/checks.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace brokerlab;
using namespace brokerlab::labs;

namespace {

Json report(int lost, double unavailable, const char* verdict = "pass") {
  Json made = {{"verdict", verdict},
               {"unavailable_s", unavailable},
               {"lost", Json::array()},
               {"records", {{"sent", 100}, {"consumed", 100 - lost}}}};
  for (int i = 0; i < lost; ++i) made["lost"].push_back({{"record", i}});
  return made;
}

Metric lost_records() { return {"/lost", "", {"lost", "사라진 레코드"}}; }
Metric unread() { return {"/records/sent", "/records/consumed", {"unread", "읽지 못한 레코드"}}; }
Metric outage() { return {"/unavailable_s", "", {"outage", "장애 시간"}}; }

recording::RecordedEvent event(int id, double seconds, const char* kind,
                               const char* detail = "{}") {
  recording::RecordedEvent made;
  made.id = id;
  made.t = at_seconds(seconds);
  made.kind = kind;
  made.detail = detail;
  return made;
}

/// A power loss, noticed after 16 s, a controller, a leader.
Chain incident() {
  return {event(4, 346.05, "partition.leader_elected"), event(3, 346.02, "controller.elected"),
          event(2, 346.0, "zk.session_expired", R"({"timeout":"18s"})"),
          event(1, 330.0, "machine.power_off"), event(0, 300.0, "load.changed")};
}

Chain power_loss_to_leader() { return chain_between(incident(), "machine.power_off"); }

const LongestWait awaited{"awaited", "partition.leader_elected", "machine.power_off"};
const SettingBehindWait behind{"setting", "partition.leader_elected", "machine.power_off",
                               "timeout"};

}  // namespace

TEST_CASE("a metric is a number, the length of a list, or a difference", "[unit]") {
  CHECK(measure(report(3, 16.5), lost_records()) == 3.0);
  CHECK(measure(report(3, 16.5), outage()) == 16.5);
  CHECK(measure(report(3, 16.5), unread()) == 3.0);
  CHECK_FALSE(measure(report(3, 16.5), {"/nowhere", "", {}}).has_value());
  CHECK_FALSE(measure(report(3, 16.5), {"/verdict", "", {}}).has_value());
  CHECK_FALSE(measure(report(3, 16.5), {"/lost", "/nowhere", {}}).has_value());
}

TEST_CASE("numbers are told with two decimals and no tail", "[unit]") {
  CHECK(number_text(16) == "16");
  CHECK(number_text(16.5) == "16.5");
  CHECK(number_text(16.041) == "16.04");
  CHECK(number_text(-0.001) == "0");
}

TEST_CASE("a prediction passes once it is written, right or wrong", "[unit]") {
  const Question question{"seconds", AnswerKind::number, 0, 600, {"How long?", "얼마나?"}};
  CHECK_FALSE(check_predicted(question, Answer{}).passed);
  CHECK(check_predicted(question, Answer{0.0}).passed);
}

TEST_CASE("the comparison sets prediction beside measurement", "[unit]") {
  const Predicted check{"seconds", outage(), 2, {}};
  const Question seconds{"seconds", AnswerKind::number, 0, 600, {}};
  const auto near = compare(check, seconds, "17", report(0, 16.04));
  const auto far = compare(check, seconds, "3", report(0, 16.04));
  CHECK(near.en == "seconds: predicted 17, measured 16.04. Well predicted.");
  CHECK(near.ko.find("16.04") != std::string::npos);
  CHECK(far.en.find("Well predicted") == std::string::npos);

  const Predicted loss{"loss", lost_records(), 0, {}};
  const Question yes_no{"loss", AnswerKind::yes_no, 0, 0, {}};
  CHECK(compare(loss, yes_no, "true", report(2, 16)).en.find("Well") != std::string::npos);
  CHECK(compare(loss, yes_no, "true", report(0, 16)).en.find("Well") == std::string::npos);
}

TEST_CASE("a reading must be what the report says, and the report is not given away", "[unit]") {
  const Reading check{"seconds", outage(), 0.5};
  CHECK(check_reading(check, Answer{16.3}, report(0, 16.04)).passed);
  const Finding wrong = check_reading(check, Answer{18.0}, report(0, 16.04));
  CHECK_FALSE(wrong.passed);
  CHECK(wrong.words.en.find("16") == std::string::npos);
  CHECK(wrong.words.ko.find("16") == std::string::npos);
  CHECK_FALSE(check_reading(check, Answer{}, report(0, 16.04)).passed);
}

TEST_CASE("a chain ends at the cause that was asked for", "[unit]") {
  const Chain chain = power_loss_to_leader();
  REQUIRE(chain.size() == 4);
  CHECK(chain.back().kind == "machine.power_off");
  CHECK(chain_between(incident(), "process.killed").empty());
  CHECK(chain_between(incident(), "partition.leader_elected").empty());
}

TEST_CASE("what everything waited for is read from the chain, not known beforehand", "[unit]") {
  Chain chain = power_loss_to_leader();
  CHECK(check_longest_wait(awaited, Answer{std::string("zk.session_expired")}, chain).passed);
  CHECK_FALSE(check_longest_wait(awaited, Answer{std::string("controller.elected")}, chain).passed);

  chain[0].t = at_seconds(400);  // Here the election itself was slow.
  chain[1].t = at_seconds(346.02);
  CHECK_FALSE(check_longest_wait(awaited, Answer{std::string("zk.session_expired")}, chain).passed);
  CHECK(check_longest_wait(awaited, Answer{std::string("partition.leader_elected")}, chain).passed);
}

TEST_CASE("a wrong event is told what is wrong with it", "[unit]") {
  const Chain chain = power_loss_to_leader();
  const auto words = [&](const char* kind) {
    const Finding finding = check_longest_wait(awaited, Answer{std::string(kind)}, chain);
    CHECK_FALSE(finding.passed);
    CHECK(finding.words.en.find("zk.session_expired") == std::string::npos);
    return finding.words.en;
  };
  CHECK(words("controller.elected").find("20 ms") != std::string::npos);
  CHECK(words("machine.power_off").find("begins") != std::string::npos);
  CHECK(words("elephant").find("No event of kind") != std::string::npos);
  CHECK_FALSE(check_longest_wait(awaited, Answer{std::string("x")}, {}).passed);
}

TEST_CASE("the setting behind a wait has the value that the event tells", "[unit]") {
  const Chain chain = power_loss_to_leader();
  const Json settings = {{"brokers", {{"config", {{"a.timeout.ms", 18000}, {"b.ms", 30000}}}}},
                         {"network", {{"delay", "18s"}}}};
  const auto passes = [&](const char* name) {
    return check_setting_behind_wait(behind, Answer{std::string(name)}, chain, settings).passed;
  };
  CHECK(passes("a.timeout.ms"));
  CHECK_FALSE(passes("b.ms"));
  CHECK_FALSE(passes("c.ms"));
  CHECK_FALSE(passes("brokers"));
  CHECK_FALSE(check_setting_behind_wait(behind, Answer{}, chain, settings).passed);
}

TEST_CASE("differences are told where they are, and allowed by pattern", "[unit]") {
  const Json a = {{"producers", {{{"config", {{"acks", "1"}}}, {"name", "p"}}}},
                  {"faults", {1, 2}}};
  Json b = a;
  CHECK(differences(a, b).empty());
  b["producers"][0]["config"]["acks"] = "all";
  b["producers"][0]["config"]["linger.ms"] = 5;
  CHECK(differences(a, b) ==
        std::vector<std::string>{"/producers/0/config/acks", "/producers/0/config/linger.ms"});
  const OnlyChanged check{{"/producers/*/config"}};
  CHECK(check_only_changed(check, a, b).passed);
  b["faults"].erase(1);
  const Finding removed = check_only_changed(check, a, b);
  CHECK_FALSE(removed.passed);
  CHECK(removed.words.en.find("/faults") != std::string::npos);
  CHECK(is_allowed("/producers/7/config", check.paths));
  CHECK_FALSE(is_allowed("/producers/7", check.paths));
  CHECK_FALSE(is_allowed("/producers/7/configuration", check.paths));
}

TEST_CASE("a run is judged by its outcomes, its promises and its faults", "[unit]") {
  const Outcome lost{"lost", lost_records(), {}, 0.0, {"Why?", "왜?"}};
  const Outcome quick{"quick", outage(), 12.0, {}, {}};
  const LocalText where{"seed 4", "시드 4"};
  const auto judged = [&](const Json& of) { return check_outcomes({&lost, &quick}, of, where); };
  CHECK(judged(report(0, 11.9)).passed);
  CHECK_FALSE(judged(report(0, 12)).passed);
  const Finding refused = judged(report(1, 6));
  CHECK_FALSE(refused.passed);
  CHECK(refused.words.en == "seed 4: lost: 1; there must be none. Why?");
  CHECK(refused.words.ko.find("시드 4") != std::string::npos);
  CHECK(refused.words.ko.find("왜?") != std::string::npos);

  // What the scenario expects of itself is the student's to change.
  CHECK(judged(report(0, 6, "fail")).passed);
  Json broken = report(0, 6);
  broken["invariants"] = {{{"name", "one_leader_per_epoch"}, {"held", false}}};
  CHECK(judged(broken).words.en.find("one_leader_per_epoch is broken") != std::string::npos);
  Json idle = report(0, 6);
  idle["faults"] = {{{"what", "power off broker-9"}, {"done", false}}};
  CHECK(judged(idle).words.en.find("proves nothing") != std::string::npos);
  CHECK_FALSE(judged(Json::object()).passed);
}

TEST_CASE("a count must be the experiment's, which is not given away", "[unit]") {
  CHECK(check_count(Answer{1.0}, 1, Subject::student).passed);
  const Finding wrong = check_count(Answer{3.0}, 1, Subject::original);
  CHECK_FALSE(wrong.passed);
  CHECK(wrong.words.en.find('1') == std::string::npos);
  CHECK_FALSE(check_count(Answer{}, 0, Subject::original).passed);
}

namespace {

/// For every kind of check an answer that it refuses and one that it takes. A kind that is added
/// needs a line here.
struct Refuses {
  Json report_of_a_bad_run = report(1, 30);
  Json report_of_a_good_run = report(0, 6);
  Chain chain = power_loss_to_leader();

  static bool both_ways(const Finding& bad, const Finding& good) {
    return !bad.passed && good.passed && !bad.words.en.empty() && !bad.words.ko.empty();
  }

  bool operator()(const Predicted&) const {
    const Question question{"seconds", AnswerKind::number, 0, 600, {}};
    return both_ways(check_predicted(question, {}), check_predicted(question, Answer{1.0}));
  }
  bool operator()(const FirstRun&) const { return true; }  // student_test: "There is no recording"
  bool operator()(const Reading&) const {
    const Reading check{"seconds", outage(), 0.5};
    return both_ways(check_reading(check, Answer{18.0}, report_of_a_bad_run),
                     check_reading(check, Answer{30.0}, report_of_a_bad_run));
  }
  bool operator()(const LongestWait&) const {
    return both_ways(check_longest_wait(awaited, Answer{std::string("controller.elected")}, chain),
                     check_longest_wait(awaited, Answer{std::string("zk.session_expired")}, chain));
  }
  bool operator()(const SettingBehindWait&) const {
    const Json settings = {{"a.ms", 18000}, {"b.ms", 30000}};
    const auto answered = [&](const char* name) {
      return check_setting_behind_wait(behind, Answer{std::string(name)}, chain, settings);
    };
    return both_ways(answered("b.ms"), answered("a.ms"));
  }
  bool operator()(const OnlyChanged&) const {
    const Json a = {{"x", 1}, {"y", 1}};
    const Json b = {{"x", 2}, {"y", 1}};
    return both_ways(check_only_changed({{"/y"}}, a, b), check_only_changed({{"/x"}}, a, b));
  }
  bool operator()(const Survives&) const {
    const Outcome lost{"lost", lost_records(), {}, 0.0, {}};
    return both_ways(check_outcomes({&lost}, report_of_a_bad_run, {"r", "실행"}),
                     check_outcomes({&lost}, report_of_a_good_run, {"r", "실행"}));
  }
  bool operator()(const Experiment&) const {
    return both_ways(check_count(Answer{3.0}, 1, Subject::student),
                     check_count(Answer{1.0}, 1, Subject::student));
  }
};

template <std::size_t... Kinds>
void every_kind_refuses(std::index_sequence<Kinds...>) {
  for (const bool refuses : {Refuses{}(std::variant_alternative_t<Kinds, Check::What>{})...}) {
    CHECK(refuses);
  }
}

}  // namespace

TEST_CASE("every kind of check has been seen to refuse", "[unit]") {
  every_kind_refuses(std::make_index_sequence<std::variant_size_v<Check::What>>{});
}
