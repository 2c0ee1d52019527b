// Two recordings beside each other: settings by path, figures with what is better, and the first
// event that is not in both.
#include "recording/comparison.h"

#include "base/json_text.h"
#include "tests/recording/recording_file.h"

#include <nlohmann/json.hpp>

using namespace brokerlab;
using namespace brokerlab::recording;

namespace {

std::string differences(const std::string& a, const std::string& b) {
  std::string text;
  for (const SettingDifference& one : settings_that_differ(json_from(a), json_from(b))) {
    text += fmt::format("{}: {} | {}\n", one.path, one.a.value_or("-"), one.b.value_or("-"));
  }
  return text;
}

/// A recording of events on broker-1, of (seconds, level, sentence).
struct Happening {
  int at_s;
  EventLevel level;
  std::string en;
};
void record(const std::string& path, const std::vector<Happening>& events, const Scope& scope = {},
            const std::string& seed = "1") {
  Recording writing = test::start(path);
  writing.meta("seed", seed);
  writing.meta("fingerprint", std::to_string(std::hash<std::string>{}(path)));
  writing.scope(scope);
  writing.machine(1, "broker-1", "broker");
  for (const Happening& one : events) {
    const std::string kind = "of." + std::string(to_text(one.level));
    writing.event({.t = Time(std::chrono::seconds(one.at_s)),
                   .kind = kind,
                   .level = one.level,
                   .machine = 1,
                   .en = one.en,
                   .ko = one.en});
  }
  REQUIRE(writing.finish().ok());
}

std::string words_of(const std::optional<Parting>& parting) {
  if (!parting) return "nowhere";
  const auto en = [](const std::optional<RecordedEvent>& one) { return one ? one->en : "the end"; };
  return fmt::format("after {}: {} | {}", parting->alike, en(parting->a), en(parting->b));
}

}  // namespace

TEST_CASE("settings: what differs is told by the path that --set takes", "[unit]") {
  CHECK(differences(
            R"({"producers": [{"name": "app", "config": {"acks": "1", "linger.ms": 0}}]})",
            R"({"producers": [{"name": "app", "config": {"acks": "all", "linger.ms": 0}}]})") ==
        "producers.app.config.acks: 1 | all\n");
  // By name, not by place; who is on one side only, is there whole.
  CHECK(
      differences(R"({"consumers": [{"group": "a", "members": 1}, {"group": "b", "members": 2}]})",
                  R"({"consumers": [{"group": "b", "members": 3}]})") ==
      "consumers.a: {\"group\":\"a\",\"members\":1} | -\n"
      "consumers.b.members: 2 | 3\n");
  // An expectation says one thing, and is called by it.
  CHECK(differences(
            R"({"expect": [{"unavailability_below": "3s"}, {"all_records_consumed": true}]})",
            R"({"expect": [{"all_records_consumed": true}, {"unavailability_below": "4s"}]})") ==
        "expect.unavailability_below: 3s | 4s\n");
  // Two of one name are told by their places; a list of plain values is one value.
  CHECK(differences(R"({"faults": [{"at": "1s"}, {"at": "2s"}], "l": [1, 2]})",
                    R"({"faults": [{"at": "1s"}, {"at": "3s"}, {"at": "4s"}], "l": [1]})") ==
        "faults.1.at: 2s | 3s\nfaults.2: - | {\"at\":\"4s\"}\nl: [1,2] | [1]\n");
}

TEST_CASE("settings: what describes a scenario is none", "[unit]") {
  CHECK(differences(R"({"name": "a", "title": "x", "story": "y", "lesson": {}, "seed": 1,
                        "recording": {"level": "all"}, "duration": "1s"})",
                    R"({"name": "b", "seed": 2, "recording": {"level": "none"},
                        "duration": "1s"})") == "");
  CHECK(differences("no JSON", "{\"duration\": \"1s\"}") == "duration: - | 1s\n");
}

TEST_CASE("figures: more is better or worse by what is counted", "[unit]") {
  KeyFigures a;
  a.acknowledged = 100;
  a.p99_produce_ms = 10;
  a.drain_s = 5;
  a.busiest = {{Resource::disk, "broker-1", 0.5, 0.9}};
  KeyFigures b = a;
  b.acknowledged = 150;
  a.acknowledged_per_s = 10;
  b.acknowledged_per_s = 15;
  a.p99_end_to_end_ms = 1000;
  b.p99_end_to_end_ms = 1009;
  b.p99_produce_ms = 20;
  b.drain_s.reset();
  std::map<std::string, Figure> figures;
  for (const Figure& one : compare_figures(a, b)) figures[one.name] = one;
  CHECK(figures.at("acknowledged").judged() == 0);  // More was asked, perhaps.
  CHECK(figures.at("acknowledged_per_s").judged() == 1);
  CHECK(figures.at("acknowledged").delta() == 50);
  CHECK(figures.at("p99_produce_ms").judged() == -1);
  CHECK(figures.at("lost").judged() == 0);
  CHECK(figures.at("p99_end_to_end_ms").judged() == 0);  // A hundredth is noise.
  CHECK_FALSE(figures.at("drain_s").delta());  // It never drained: there is no number for that.
  CHECK(figures.at("disk_used").a == 50);
  CHECK_FALSE(figures.at("network_used").a);
}

TEST_CASE("events: two runs part at the first that is not in both", "[unit]") {
  using enum EventLevel;
  const test::Folder folder;
  const std::string a = folder.file("a.run");
  const std::string b = folder.file("b.run");
  record(a, {{1, control, "up"}, {2, detail, "sent"}, {3, fault, "power off"}, {4, detail, "x"}});

  record(b, {{1, control, "up"}, {2, detail, "sent more"}, {3, fault, "power off"}});
  auto comparison = compare(a, b);
  REQUIRE(comparison.ok());
  CHECK(comparison->same_seed);
  CHECK_FALSE(comparison->same_run);
  CHECK(words_of(comparison->first) == "after 1: sent | sent more");
  CHECK(words_of(comparison->first_of_note) == "nowhere");  // Faults and control are the same.

  // A later moment of the same event is another one; an end is one, too.
  record(b, {{1, control, "up"}, {2, detail, "sent"}, {4, fault, "power off"}}, {}, "2");
  comparison = compare(a, b);
  REQUIRE(comparison.ok());
  CHECK_FALSE(comparison->same_seed);
  CHECK(words_of(comparison->first) == "after 2: power off | power off");
  CHECK(words_of(comparison->first_of_note) == "after 1: power off | power off");
  record(b, {{1, control, "up"}, {2, detail, "sent"}, {3, fault, "power off"}});
  comparison = compare(a, b);
  REQUIRE(comparison.ok());
  CHECK(words_of(comparison->first) == "after 3: x | the end");
}

TEST_CASE("events: what one recording did not keep is not held against it", "[unit]") {
  using enum EventLevel;
  const test::Folder folder;
  const std::string a = folder.file("a.run");
  const std::string b = folder.file("b.run");
  record(a, {{1, control, "up"}, {2, detail, "sent"}, {3, fault, "power off"}});
  record(b, {{1, control, "up"}, {3, fault, "cut"}}, {.level = Level::control});
  auto comparison = compare(a, b);
  REQUIRE(comparison.ok());
  CHECK(comparison->compared == control);
  CHECK(words_of(comparison->first) == "after 1: power off | cut");
  record(b, {}, {.level = Level::none});
  comparison = compare(a, b);
  REQUIRE(comparison.ok());
  CHECK_FALSE(comparison->compared);
  CHECK(words_of(comparison->first) == "nowhere");
}

TEST_CASE("a file that is no recording is named, whichever of the two it is", "[unit]") {
  const test::Folder folder;
  const std::string a = folder.file("a.run");
  record(a, {});
  const auto missing = compare(a, folder.file("none.run"));
  REQUIRE_FALSE(missing.ok());
  CHECK_THAT(missing.error(), Catch::Contains("none.run: no such file"));
  CHECK_FALSE(compare(folder.file("none.run"), a).ok());
}
