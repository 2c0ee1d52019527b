// A recorded run goes another way from a moment on; what was before is the same.
#include "recording/reader.h"
#include "tests/cli/command.h"
#include "tests/log/partition_story.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

using namespace brokerlab;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

recording::Reader reader_of(const std::string& path) {
  auto reader = recording::Reader::open(path);
  if (!reader.ok()) FAIL(reader.error());
  return std::move(reader).value();
}

// Everything that happened before a moment, as text.
std::string past_of(const recording::Reader& reader, Time until) {
  std::string text;
  for (const auto& event : reader.events(recording::EventLevel::detail, Time{}, until - 1ns)) {
    text += fmt::format("{} {} {} {}\n", event.id, event.t.time_since_epoch().count(), event.kind,
                        event.en);
  }
  // Numbered as they are written: a lost one when it would have been given up, which is later.
  std::vector<std::string> messages;
  for (const auto& one : reader.messages(Time{}, until - 1ns, 1'000'000'000)) {
    const auto arrived = one.arrived.value_or(Time{});
    messages.push_back(fmt::format("{} {} {} {} {} {}\n", one.sent.time_since_epoch().count(),
                                   arrived < until ? arrived.time_since_epoch().count() : 0,
                                   one.source, one.destination, one.kind, one.size.count()));
  }
  std::sort(messages.begin(), messages.end());
  for (const std::string& one : messages) text += one;
  for (const auto& [subject, attributes] : reader.facts_at(until - 1ns)) {
    for (const auto& [name, value] : attributes) {
      text += fmt::format("{} {} {}\n", subject, name, value);
    }
  }
  return text;
}

}  // namespace

TEST_CASE("a forked run's past equals its parent's, and its scenario replays it", "[unit]") {
  const log::test::TemporaryFolder folder;
  const std::string parent = folder.path() + "/parent.run";
  const std::string child = folder.path() + "/child.run";
  const std::string again = folder.path() + "/again.run";
  const std::string scenario = folder.path() + "/child.json";
  test::program_says("run wifi_auth_broker_crash --seed 7 --record " + parent);
  test::program_says("fork " + parent +
                     " --at 335s --do '{\"kill_process\": \"broker-2\"}' --record " + child +
                     " --save " + scenario);
  const auto before = reader_of(parent);
  const auto after = reader_of(child);
  const std::string past = past_of(before, Time(335s));
  CHECK(past.size() > 10'000);
  CHECK((past == past_of(after, Time(335s))));
  const auto killed = after.events(recording::EventLevel::fault, Time(335s), Time(335s));
  REQUIRE_FALSE(killed.empty());
  CHECK(killed.front().kind == "process.killed");
  CHECK(before.meta("fingerprint") != after.meta("fingerprint"));
  CHECK(after.meta("seed") == "7");
  test::program_says("run " + scenario + " --record " + again);
  CHECK(reader_of(again).meta("fingerprint") == after.meta("fingerprint"));
  // Somebody's file is not written over.
  CHECK_THAT(test::program_says("fork " + parent +
                                " --at 335s --do '{\"kill_process\": \"broker-3\"}' "
                                "--record " +
                                child + " --save " + scenario),
             Contains("is there already"));
}

TEST_CASE("what cannot be forked is told", "[unit]") {
  const log::test::TemporaryFolder folder;
  const std::string path = folder.path() + "/a.run";
  {
    auto recording = recording::Recording::create(path);
    REQUIRE(recording.ok());
    recording->meta("duration_ns", "60000000000");
    recording->meta("version", "0.0.0");
    recording->meta("scenario_json", "{}");
    REQUIRE(recording->finish().ok());
  }
  const auto fork = [&](const std::string& at, const std::string& action) {
    return test::command({"fork", path, "--at", at, "--do", action, "--record", path + ".run"});
  };
  const auto old = fork("5s", R"({"kill_process": "broker-1"})");
  CHECK(old.status == 3);
  CHECK_THAT(old.err, Contains("is of version 0.0.0"));
  CHECK(fork("500s", "{}").status == 3);
  CHECK(fork("tomorrow", "{}").status == 3);
  CHECK_FALSE(std::filesystem::exists(path + ".run"));
}
