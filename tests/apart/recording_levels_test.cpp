// Levels of detail: the recording keeps less, the run is the same, and what is kept is whole.
#include "recording/reader.h"
#include "tests/runs/run_story.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <map>
#include <set>
#include <unistd.h>

using namespace brokerlab;
using namespace brokerlab::tests;
using recording::EventLevel;
using recording::Level;

namespace {

/// One incident, recorded as the overrides say, in a process of its own.
class Recorded {
 public:
  explicit Recorded(const std::vector<std::string>& overrides) {
    std::string name =
        (std::filesystem::temp_directory_path() / "brokerlab_levels_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder_ = name;
    auto all = short_incident();
    all.insert(all.end(), overrides.begin(), overrides.end());
    const auto answer = scenarios::run_apart(load("wifi_auth_broker_crash", all, 3), file());
    if (!answer.ok()) FAIL(answer.error());
    report = *answer;
    auto opened = recording::Reader::open(file());
    if (!opened.ok()) FAIL(opened.error());
    reader.emplace(std::move(opened).value());
  }
  ~Recorded() { std::filesystem::remove_all(folder_); }
  Recorded(const Recorded&) = delete;
  Recorded& operator=(const Recorded&) = delete;

  std::vector<recording::RecordedMessage> messages() const {
    return reader->messages(Time{}, never, 100'000'000);
  }
  std::string fingerprint() const { return reader->meta("fingerprint"); }
  std::uintmax_t size() const { return std::filesystem::file_size(file()); }

  std::string report;
  std::optional<recording::Reader> reader;

 private:
  std::string file() const { return (folder_ / "a.run").string(); }
  std::filesystem::path folder_;
};

const Recorded& everything() {
  static const Recorded all({"recording.level=all"});
  return all;
}

/// A message told so that those of two recordings can be compared.
std::string told(const recording::RecordedMessage& message) {
  return fmt::format("{} {} {} {} {} {}", to_text(message.sent),
                     message.arrived ? to_text(*message.arrived) : "lost", message.source,
                     message.destination, message.kind, message.exchange.value_or(-1));
}

std::string told(const recording::RecordedEvent& event) {
  return fmt::format("#{} {} {} {}", event.id, to_text(event.t), event.kind, event.en);
}

std::vector<std::string> control_events(const Recorded& run) {
  std::vector<std::string> all;
  for (const auto& event : run.reader->events(EventLevel::control)) all.push_back(told(event));
  return all;
}

/// Every control event's way back to its first cause, as one text.
std::string all_causes(const Recorded& run) {
  std::string all;
  for (const auto& event : run.reader->events(EventLevel::control)) {
    for (const auto& cause : run.reader->causes(event.id)) all += told(cause) + "\n";
  }
  return all;
}

std::map<std::int64_t, std::set<std::string>> by_exchange(const Recorded& run) {
  std::map<std::int64_t, std::set<std::string>> all;
  for (const auto& message : run.messages()) all[message.exchange.value()].insert(told(message));
  return all;
}

}  // namespace

TEST_CASE("recording levels: a request and its response share an exchange", "[unit]") {
  std::map<std::string, int> answered;
  std::map<std::int64_t, recording::RecordedMessage> asked;
  for (const auto& message : everything().messages()) {
    const auto request = asked.find(message.exchange.value());
    if (request == asked.end()) {
      asked.emplace(*message.exchange, message);
      continue;
    }
    const std::string& kind = request->second.kind;
    REQUIRE(message.kind ==
            (kind == "ZooKeeper request" ? "ZooKeeper response" : kind + " response"));
    REQUIRE(message.source == request->second.destination);
    REQUIRE(message.destination == request->second.source);
    REQUIRE(message.sent >= request->second.arrived.value());
    ++answered[request->second.kind];
    asked.erase(request);
  }
  CHECK(answered["Produce"] > 1000);
  CHECK(answered["Fetch"] > 1000);
  CHECK(answered["ZooKeeper ping"] > 50);
  // Every response found its request.
  for (const auto& [exchange, message] : asked) REQUIRE_FALSE(message.kind.ends_with("response"));
}

TEST_CASE("recording levels: control keeps every fault, control event and cause, no message",
          "[unit]") {
  const Recorded control({"recording.level=control"});
  CHECK(control.fingerprint() == everything().fingerprint());
  CHECK(control.reader->scope().level == recording::Level::control);
  CHECK(control.messages().empty());
  REQUIRE(control_events(control).size() > 100);
  CHECK(control_events(control) == control_events(everything()));
  CHECK(all_causes(control) == all_causes(everything()));
  CHECK(control.reader->events(EventLevel::detail).size() <
        everything().reader->events(EventLevel::detail).size());
  for (const Time t : {Time(1s), Time(30s), Time(45s), Time(149s)}) {
    CHECK(control.reader->facts_at(t) == everything().reader->facts_at(t));
  }
  CHECK(control.size() < everything().size() / 3);
}

TEST_CASE("recording levels: a sample has whole exchanges and whole chains", "[unit]") {
  const Recorded sampled({"recording.level=sampled", "recording.sample=10"});
  CHECK(sampled.fingerprint() == everything().fingerprint());
  CHECK(sampled.reader->scope().sample == 10);
  const auto all = by_exchange(everything());
  const auto some = by_exchange(sampled);
  for (const auto& [exchange, messages] : some) REQUIRE(messages == all.at(exchange));
  CHECK(some.size() > all.size() / 20);
  CHECK(some.size() < all.size() / 5);

  CHECK(all_causes(sampled) == all_causes(everything()));
  std::set<std::string> known;
  for (const auto& event : everything().reader->events(EventLevel::detail)) {
    known.insert(told(event));
  }
  const auto events = sampled.reader->events(EventLevel::detail);
  CHECK(events.size() < known.size());
  for (const auto& event : events) {
    REQUIRE(known.contains(told(event)));
    if (event.cause) REQUIRE(sampled.reader->event(*event.cause).has_value());
  }
}

TEST_CASE("recording levels: inside the window everything is kept", "[unit]") {
  const Recorded window(
      {"recording.level=control", "recording.from=29s", "recording.until=33500ms"});
  CHECK(window.fingerprint() == everything().fingerprint());
  const Time from(29s);
  const Time until(33'500ms);
  CHECK(window.reader->scope().in_window(from));
  CHECK_FALSE(window.reader->scope().in_window(until));
  std::set<std::string> kept;
  for (const auto& message : window.messages()) kept.insert(told(message));
  std::size_t inside = 0;
  for (const auto& message : everything().messages()) {
    const bool sent_inside = message.sent >= from && message.sent < until;
    inside += sent_inside;
    if (sent_inside) REQUIRE(kept.contains(told(message)));
  }
  CHECK(inside > 100);
  CHECK(kept.size() < inside + inside / 10 + 100);
  const auto details = [&](const Recorded& run) {
    std::vector<std::string> all;
    for (const auto& event : run.reader->events(EventLevel::detail, from, until - 1ns)) {
      all.push_back(told(event));
    }
    return all;
  };
  CHECK(details(window) == details(everything()));
  CHECK(control_events(window) == control_events(everything()));
}

TEST_CASE("recording levels: none keeps the verdict alone", "[unit]") {
  const Recorded none({"recording.level=none"});
  CHECK(none.fingerprint() == everything().fingerprint());
  CHECK(none.reader->scope().level == recording::Level::none);
  CHECK(none.messages().empty());
  CHECK(none.reader->events(EventLevel::detail).empty());
  CHECK(none.reader->facts_at(never).empty());
  CHECK(none.reader->metrics().empty());
  CHECK(none.reader->meta("verdict") == everything().reader->meta("verdict"));
  CHECK(none.reader->meta("summary_json") == none.report);
  CHECK(none.reader->invariants().size() == everything().reader->invariants().size());
  CHECK(none.reader->lost_records().size() == everything().reader->lost_records().size());
  CHECK(none.reader->machines().size() == everything().reader->machines().size());
}
