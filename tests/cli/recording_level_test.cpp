// A recording that left things out says so to who asks for them.
#include "recording/recording.h"
#include "tests/cli/command.h"
#include "tests/log/partition_story.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace std::chrono_literals;
using Catch::Contains;
using test::command;

namespace {

class LevelStory {
 public:
  explicit LevelStory(const recording::Scope& scope) {
    auto recording = recording::Recording::create(file());
    REQUIRE(recording.ok());
    recording->scope(scope);
    recording->meta("duration_ns", "60000000000");
    if (scope.level != recording::Level::none) {
      recording->event({.id = 7,
                        .t = Time(1s),
                        .kind = "machine.power_off",
                        .level = recording::EventLevel::fault,
                        .en = "broker-1 lost power",
                        .ko = "broker-1이 꺼졌다"});
    }
    REQUIRE(recording->finish().ok());
  }
  std::string file() const { return folder_.path() + "/a.run"; }

 private:
  log::test::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("trace says what the level of the recording left out", "[unit]") {
  const LevelStory control({.level = recording::Level::control});
  CHECK(command({"trace", control.file()}).err == "");
  CHECK(command({"trace", control.file(), "--level", "detail"}).err ==
        "of the detail events this recording has only the causes of others (recording level "
        "control)\n");
  const LevelStory sampled(
      {.level = recording::Level::sampled, .sample = 20, .from = Time(10s), .until = Time(20s)});
  CHECK(command({"trace", sampled.file(), "--level", "detail"}).err ==
        "this recording has one chain of detail events in 20 (recording level sampled), and "
        "everything from "
        "t=10.000s to t=20.000s\n");
  const LevelStory none({.level = recording::Level::none});
  const auto answer = command({"trace", none.file()});
  CHECK(answer.status == 0);
  CHECK(answer.out == "");
  CHECK(answer.err == "this recording has the verdict alone, no events (recording level none)\n");
  CHECK_THAT(command({"trace", none.file(), "--lang", "ko"}).err, Contains("판정만 있고"));
}

TEST_CASE("why says that an event may have been left out", "[unit]") {
  const LevelStory control({.level = recording::Level::control});
  CHECK(command({"why", control.file(), "7"}).out == "t=1.000s #7 broker-1 lost power\n");
  CHECK_THAT(command({"why", control.file(), "8"}).err,
             Contains("of which an event tells; of the detail"));
  const LevelStory none({.level = recording::Level::none});
  CHECK_THAT(
      command({"why", none.file(), "power"}).err,
      Contains("matches no event; see brokerlab trace; this recording has the verdict alone"));
  const LevelStory all({});
  CHECK_THAT(command({"why", all.file(), "8"}).err, Contains("of which an event tells\n"));
  CHECK_THAT(command({"why", all.file(), "8"}).err, !Contains("nothing was done"));
}

TEST_CASE("run refuses to choose a level for a recording nobody wants", "[unit]") {
  CHECK_THAT(command({"run", "wifi_auth_broker_crash", "--record-level", "control"}).err,
             Contains("--record-level is of use only together with --record"));
  const auto wrong = command(
      {"run", "wifi_auth_broker_crash", "--record", "/tmp/never.run", "--record-level", "some"});
  CHECK(wrong.status == 3);
  CHECK_THAT(wrong.err, Contains("control"));
  CHECK_THAT(command({"run", "wifi_auth_broker_crash", "--record", "/tmp/never.run",
                      "--record-level", "control", "--record-from", "700s"})
                 .err,
             Contains("is not before the end of the run"));
}
