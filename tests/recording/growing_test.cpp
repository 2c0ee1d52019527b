// A recording that is read while it is written, and the channel beside it.
#include "recording/live_channel.h"
#include "tests/recording/recording_file.h"

#include <sys/wait.h>

#include <chrono>
#include <thread>

using namespace brokerlab;
using namespace std::chrono_literals;
using recording::LiveChannel;
using recording::LiveState;

namespace {

void happen(recording::Recording& recording, Time t) {
  recording.event({.t = t,
                   .kind = "process.started",
                   .level = recording::EventLevel::control,
                   .en = "It started",
                   .ko = "시작했습니다"});
  recording.fact(t, "machine/1", "power", "on");
  recording.message(
      {.sent = t, .arrived = t + 3ms, .source = 1, .destination = 2, .kind = "Fetch"});
}

}  // namespace

TEST_CASE("what a step has committed is seen, and nothing behind it", "[unit]") {
  const test::Folder folder;
  const std::string path = folder.file("a.run");
  auto writing = test::start(path, {.grows = true});
  writing.meta("duration_ns", "60000000000");
  CHECK_FALSE(recording::Reader::open_growing(path).ok());  // Nothing is there yet.
  happen(writing, Time(1s));
  writing.step(Time(2s));
  auto reader = recording::Reader::open_growing(path);
  REQUIRE(reader.ok());
  CHECK(reader->recorded_until() == Time(2s));
  CHECK(reader->events().size() == 1);
  CHECK(reader->messages_in_flight(Time(1s) + 2ms, 10).size() == 1);

  happen(writing, Time(3s));
  CHECK(reader->events().size() == 1);
  writing.step(Time(4s));
  CHECK(reader->recorded_until() == Time(4s));
  CHECK(reader->events().size() == 2);
  CHECK(reader->facts_at(Time(4s)).at("machine/1").at("power") == "on");

  // Nobody takes it for a whole one.
  CHECK_FALSE(recording::Reader::open(path).ok());
  CHECK_FALSE(recording::Reader::open(path + ".writing").ok());
  REQUIRE(writing.finish().ok());
  const auto whole = recording::Reader::open_growing(path);
  REQUIRE(whole.ok());
  CHECK_FALSE(whole->recorded_until());
  CHECK(whole->duration() == 60s);
  CHECK(whole->events().size() == 2);
  CHECK(reader->events().size() == 2);  // What was open stays readable.
  CHECK(whole->meta("recorded_until_ns").empty());
}

TEST_CASE("a reader at work holds up who writes, and costs no row", "[unit]") {
  const test::Folder folder;
  const std::string path = folder.file("a.run");
  auto writing = test::start(path, {.grows = true});
  writing.step(Time{});
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {  // Another process, as the viewer is.
    int read = 0;
    for (int i = 0; i < 400; ++i) {
      auto reader = recording::Reader::open_growing(path);
      if (!reader.ok()) _exit(2);
      const auto until = reader->recorded_until();
      const auto events = reader->events();
      // Each step has one event, at its end.
      if (!until || events.size() < static_cast<std::size_t>(until->time_since_epoch() / 1s)) {
        _exit(3);
      }
      if (reader->read_error()) _exit(4);
      read = static_cast<int>(events.size());
    }
    _exit(read > 0 ? 0 : 1);
  }
  int seconds = 0;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    happen(writing, Time(Duration(1s) * ++seconds));
    writing.step(Time(Duration(1s) * seconds));
    std::this_thread::sleep_for(1ms);
  }
  CHECK(WEXITSTATUS(status) == 0);
  CHECK_FALSE(writing.error());
  REQUIRE(writing.finish().ok());
  CHECK(test::open(path).events().size() == static_cast<std::size_t>(seconds));
}

TEST_CASE("a recording that grew holds the same as one that did not", "[unit]") {
  const test::Folder folder;
  for (const bool grows : {false, true}) {
    auto writing = test::start(folder.file(grows ? "b.run" : "a.run"), {.grows = grows});
    for (int i = 1; i <= 50; ++i) {
      happen(writing, Time(Duration(1s) * i));
      if (grows && i % 7 == 0) writing.step(Time(Duration(1s) * i));
    }
    REQUIRE(writing.finish().ok());
  }
  for (const char* sql :
       {"SELECT * FROM event", "SELECT id, t FROM fact", "SELECT count(*) FROM meta",
        "SELECT id, sent, arrived, source, destination, bytes FROM message"}) {
    INFO(sql);
    CHECK(test::numbers(folder.file("a.run"), sql) == test::numbers(folder.file("b.run"), sql));
  }
}

TEST_CASE("what is asked over the channel is answered, once", "[unit]") {
  const test::Folder folder;
  const std::string path = folder.file("a.run");
  CHECK_FALSE(LiveChannel::join(path).ok());
  {
    auto simulates = LiveChannel::create(path);
    REQUIRE(simulates.ok());
    CHECK_FALSE(LiveChannel::create(path).ok());  // One a recording.
    auto watches = LiveChannel::join(path);
    REQUIRE(watches.ok());
    CHECK_FALSE(watches->state());
    LiveState state;
    state.doing = LiveState::Doing::running;
    state.recording = "a \"b\".run";
    state.life = 3;
    state.now = Time(12'345ms);
    state.problem = "말";
    simulates->tell(state);
    CHECK(watches->state() == state);
    simulates->wish({4.5, true, false});
    CHECK(watches->wish() == recording::LiveWish{4.5, true, false});

    const auto first = watches->ask("{\"pause\":true}");
    const auto second = watches->ask("x");
    REQUIRE(first);
    REQUIRE(second);
    const auto waiting = simulates->unanswered();
    REQUIRE(waiting.size() == 2);
    CHECK(waiting[0].words == "{\"pause\":true}");
    CHECK_FALSE(watches->answer_to(*first));
    simulates->answer(waiting[0].id, {true, "yes"});
    simulates->answer(waiting[1].id, {false, "no"});
    CHECK(simulates->unanswered().empty());
    CHECK(watches->answer_to(*first)->done);
    CHECK(watches->answer_to(*second)->words == "no");
    CHECK(watches->simulated());
  }
  CHECK_FALSE(std::filesystem::exists(LiveChannel::path_of(path)));
}

TEST_CASE("a channel that nobody answers, or that is no channel, is told", "[unit]") {
  const test::Folder folder;
  const std::string path = folder.file("a.run");
  folder.holds("a.run.live", "what a session that was killed has left");
  const auto left = LiveChannel::join(path);
  REQUIRE_FALSE(left.ok());
  CHECK_THAT(left.error(), Catch::Contains("not simulated live any more"));
  auto simulates = LiveChannel::create(path);  // And is no hindrance to the next.
  REQUIRE(simulates.ok());
  auto watches = LiveChannel::join(path);
  REQUIRE(watches.ok());
  std::ofstream(LiveChannel::path_of(path), std::ios::trunc) << "damage";
  CHECK_FALSE(watches->state());
  CHECK_FALSE(watches->ask("{}"));
  CHECK(simulates->unanswered().empty());
}

// A run that is ended while it tells where it is leaves SQLite's journal behind.
TEST_CASE("a channel that ends takes the journal of a dead writer along", "[unit]") {
  const test::Folder folder;
  const std::string path = folder.file("a.run");
  const std::string journal = LiveChannel::path_of(path) + "-journal";
  {
    auto simulates = LiveChannel::create(path);
    REQUIRE(simulates.ok());
    std::ofstream(journal) << "";
    REQUIRE(std::filesystem::exists(journal));
  }
  CHECK_FALSE(std::filesystem::exists(journal));
}
