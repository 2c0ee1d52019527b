// why finds the event that is meant: by its number, by a record's id, by words.
#include "recording/recording.h"
#include "tests/cli/command.h"
#include "tests/log/partition_story.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace std::chrono_literals;
using Catch::Contains;
using Catch::StartsWith;
using test::command;

namespace {

/// A power failure that loses a record.
class Loss {
 public:
  Loss() {
    auto recording = recording::Recording::create(file());
    REQUIRE(recording.ok());
    recording->meta("duration_ns", "60000000000");
    recording->event({.id = 1,
                      .t = Time(1s),
                      .kind = "machine.power_off",
                      .level = recording::EventLevel::fault,
                      .en = "broker-1 lost power",
                      .ko = "broker-1의 전원이 꺼졌다"});
    recording->event({.id = 2,
                      .t = Time(2s),
                      .kind = "record.lost",
                      .level = recording::EventLevel::control,
                      .en = "Acknowledged record id 48131677 is lost",
                      .ko = "저장 응답을 받은 레코드(id 48131677)가 사라졌다"});
    REQUIRE(recording->finish().ok());
  }
  test::Answer why(const std::string& event) const { return command({"why", file(), event}); }

 private:
  std::string file() const { return folder_.path() + "/a.run"; }
  log::test::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("why takes the id of a record for what happened to it", "[unit]") {
  const Loss loss;
  CHECK_THAT(loss.why("48131677").out, StartsWith("t=2.000s #2 "));
  CHECK_THAT(loss.why("1").out, StartsWith("t=1.000s #1 "));  // A number is an event's first.
  const test::Answer nothing = loss.why("4813");
  CHECK(nothing.status == 3);
  CHECK_THAT(nothing.err, Contains("is no event, and no record of which an event tells"));
}

TEST_CASE("a word that names a kind of event means that kind first", "[unit]") {
  const Loss loss;
  CHECK_THAT(loss.why("lost").out,
             StartsWith("t=2.000s #2 ") && Contains("1 more event matches") && Contains("#1 "));
  CHECK_THAT(loss.why("lost power").out, StartsWith("t=1.000s #1 "));
}
