// brokerlab trace: the events of a recording, as a user wants to read them.
#include "recording/recording.h"
#include "tests/cli/command.h"
#include "tests/log/partition_story.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace std::chrono_literals;
using Catch::Contains;
using test::Answer;

namespace {

/// A recording that begins at 08:59:58: a broker dies, its partitions get new leaders.
class TraceStory {
 public:
  explicit TraceStory(const std::string& starts_at = "08:59:58") {
    auto recording = recording::Recording::create(file());
    REQUIRE(recording.ok());
    if (!starts_at.empty()) recording->meta("starts_at", starts_at);
    recording->meta("duration_ns", "60000000000");
    recording->machine(1, "broker-1", "broker");
    recording->partition(0, "orders", 0, false);
    recording->partition(1, "__consumer_offsets", 7, true);
    const auto at = [&](Duration since, const char* kind, recording::EventLevel level,
                        std::optional<int> machine, std::optional<int> partition) {
      recording->event({.t = Time(since),
                        .kind = kind,
                        .level = level,
                        .machine = machine,
                        .partition = partition,
                        .en = kind,
                        .ko = "일이 있었다"});
    };
    at(1s, "machine.power_off", recording::EventLevel::fault, 1, {});
    at(19s, "partition.leader_elected", recording::EventLevel::control, {}, 0);
    at(19s, "partition.leader_elected", recording::EventLevel::control, {}, 1);
    at(20s, "partition.isr_shrunk", recording::EventLevel::control, {}, 1);
    at(21s, "replica.became_leader", recording::EventLevel::detail, {}, 0);
    REQUIRE(recording->finish().ok());
  }

  Answer trace(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"trace", file()});
    return test::command(more);
  }

 private:
  std::string file() const { return folder_.path() + "/a.run"; }
  log::test::TemporaryFolder folder_;
};

std::int64_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

TEST_CASE("trace shows the clock of the scenario and leaves Kafka's own topics out", "[unit]") {
  const TraceStory story;
  const Answer all = story.trace();
  CHECK(all.status == 0);
  CHECK(all.out ==
        "08:59:59     t=1.000s  #1      fault   machine.power_off          broker-1               "
        "  machine.power_off\n"
        "09:00:17    t=19.000s  #2      control partition.leader_elected   orders-0               "
        "  partition.leader_elected\n");
  CHECK(all.err == "2 events of Kafka's own topics left out; --internal lists them\n");
  CHECK(lines(story.trace({"--internal"}).out) == 4);
  CHECK(story.trace({"--internal"}).err == "");
  CHECK(lines(story.trace({"--level", "detail"}).out) == 3);
  // A recording without a clock has the time of the run only.
  CHECK_THAT(TraceStory("").trace().out, Catch::StartsWith("   t=1.000s  #1 "));
}

TEST_CASE("trace takes moments of the run and of the clock", "[unit]") {
  const TraceStory story;
  CHECK(lines(story.trace({"--to", "2s"}).out) == 1);
  CHECK(lines(story.trace({"--from", "08:59:58", "--to", "09:00:00"}).out) == 1);
  CHECK_THAT(story.trace({"--from", "09:00:17"}).out, Catch::StartsWith("09:00:17"));
  CHECK_THAT(story.trace({"--from", "9:00:17"}).out, Catch::StartsWith("09:00:17"));
  const Answer reversed = story.trace({"--from", "20s", "--to", "09:00:00"});
  CHECK(reversed.status == 3);
  CHECK_THAT(reversed.err, Contains("--from: 20s: is behind --to, 09:00:00"));
  CHECK(story.trace({"--from", "soon"}).status == 3);
  const Answer beyond = story.trace({"--from", "61s"});
  CHECK(beyond.status == 3);
  CHECK_THAT(beyond.err, Contains("--from: 61s: is not in the run, which goes from "));
  const std::string span = "08:59:58 (t=0.000s) to 09:00:58 (t=60.000s)";
  CHECK_THAT(story.trace({"--from", "08:00:00"}).err,
             Contains("--from: 08:00:00: is not in the run, which goes from " + span));
  CHECK_THAT(
      story.trace({"--to", "25:00:00"}).err,
      Contains("--to: 25:00:00: is no time of day such as 09:00:30; this run goes from " + span));
}

TEST_CASE("trace says why it lists nothing", "[unit]") {
  const TraceStory story;
  const Answer late = story.trace({"--from", "30s"});
  CHECK(late.status == 0);
  CHECK(late.out == "");
  CHECK(late.err == "no event matches; the run ends at t=60.000s, --level detail lists more\n");
  CHECK(story.trace({"--kind", "isr_shrnk"}).err ==
        "no event matches; 4 kinds happened in this run, most like \"isr_shrnk\" are "
        "partition.isr_shrunk, machine.power_off, replica.became_leader, "
        "partition.leader_elected\n");
  CHECK_THAT(story.trace({"--kind", "isr"}).err,
             Contains("1 event of Kafka's own topics left out"));
  CHECK_THAT(story.trace({"--from", "30s", "--lang", "ko"}).err,
             Contains("조건에 맞는 이벤트가 없습니다. 실행은 t=60.000s에 끝납니다"));
}
