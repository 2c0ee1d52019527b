#include "cli/command_line.h"

#include "recording/recording.h"
#include "tests/cli/command.h"
#include "tests/temporary.h"

#include <catch2/catch.hpp>

#include <cstdio>
#include <filesystem>
#include <sstream>

using namespace brokerlab;

using brokerlab::test::Answer;
using brokerlab::test::command;

namespace {

/// A recording of a power loss, an expired session and an election, each caused by the one before.
std::string incident() {
  const std::filesystem::path path = tests::temporary_path("command_line.run");
  auto recording = recording::Recording::create(path.string());
  REQUIRE(recording.ok());
  recording->machine(1, "broker-1", "broker");
  recording->partition(1, "logins", 0, false);
  recording::EventRow row;
  const auto tell = [&](int seconds, const char* kind, recording::EventLevel level, const char* en,
                        const char* ko) {
    row.t = Time(std::chrono::seconds(seconds));
    row.kind = kind;
    row.level = level;
    row.en = en;
    row.ko = ko;
    row.cause = recording->event(row);
  };
  row.machine = 1;
  tell(330, "machine.power_off", recording::EventLevel::fault, "broker-1 lost power",
       "broker-1 꺼짐");
  tell(348, "zk.session_expired", recording::EventLevel::control, "its session expired",
       "세션 만료");
  row.partition = 1;
  tell(349, "partition.leader_elected", recording::EventLevel::control, "logins-0 has a new leader",
       "");
  REQUIRE(recording->finish().ok());
  return path.string();
}

}  // namespace

TEST_CASE("command: usage errors exit with 3 and say what is known", "[unit]") {
  CHECK(command({}).status == 3);
  CHECK(command({"run"}).status == 3);
  CHECK(command({"run", "--sede", "1", "x"}).status == 3);
  CHECK(command({"run", "wifi_auth_broker_crash", "--seed", "x"}).status == 3);
  const Answer wrong = command({"scenaros"});
  CHECK(wrong.status == 3);
  CHECK_THAT(wrong.err, Catch::Contains("did you mean \"scenarios\"?"));
  CHECK(command({"run", "nowhere.json"}).status == 3);
  CHECK(command({"scenarios", "show", "nobody"}).status == 3);
}

TEST_CASE("command: help and version are no errors", "[unit]") {
  CHECK(command({"--help"}).status == 0);
  CHECK_THAT(command({"--help"}).out, Catch::Contains("brokerlab demo"));
  CHECK(command({"run", "--help"}).status == 0);
  CHECK(command({"--version"}).status == 0);
}

TEST_CASE("command: the library is listed, shown and documented", "[unit]") {
  CHECK_THAT(command({"scenarios", "list"}).out, Catch::Contains("wifi_auth_broker_crash "));
  CHECK_THAT(command({"--lang", "ko", "scenarios", "list"}).out, Catch::Contains("브로커"));
  CHECK_THAT(command({"scenarios", "show", "wifi_auth_broker_crash"}).out,
             Catch::Contains("6 partitions, replication factor 3"));
  CHECK_THAT(
      command({"scenarios", "show", "wifi_auth_broker_crash", "--json", "--set", "seed=7"}).out,
      Catch::Contains("\"seed\": 7"));
  CHECK_THAT(command({"scenarios", "docs"}).out, Catch::Contains("`zookeeper.session.timeout.ms`"));
}

TEST_CASE("command: trace lists events by level and moment", "[unit]") {
  const std::string file = incident();
  const Answer all = command({"trace", file});
  CHECK(all.status == 0);
  CHECK_THAT(all.out, Catch::Contains("t=330.000s") && Catch::Contains("its session expired"));
  const Answer faults = command({"trace", file, "--level", "fault"});
  CHECK_THAT(faults.out, Catch::Contains("broker-1 lost power"));
  CHECK_THAT(faults.out, !Catch::Contains("its session expired"));
  CHECK_THAT(command({"trace", file, "--from", "340s"}).out, !Catch::Contains("lost power"));
  CHECK(command({"trace", file, "--from", "340"}).status == 3);
  CHECK(command({"trace", "nowhere.run"}).status == 3);
  std::remove(file.c_str());
}

TEST_CASE("command: why walks back to the power loss", "[unit]") {
  const std::string file = incident();
  const Answer words = command({"why", file, "new leader"});
  CHECK(words.status == 0);
  CHECK_THAT(words.out, Catch::Contains("logins-0 has a new leader") &&
                            Catch::Contains("because t=348.000s") &&
                            Catch::Contains("broker-1 lost power"));
  CHECK_THAT(command({"--lang", "ko", "why", file, "new leader"}).out, Catch::Contains("꺼짐"));
  CHECK(command({"why", file, "aliens"}).status == 3);
  CHECK(command({"why", file, "#999"}).status == 3);
  std::remove(file.c_str());
}
