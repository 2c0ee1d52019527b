// A run that is simulated live: what is done to it happens, the session can be repeated, and what
// is saved is an ordinary scenario.
#include "recording/live_channel.h"
#include "recording/reader.h"
#include "tests/cli/command.h"
#include "tests/log/partition_story.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>
#include <unistd.h>

using namespace brokerlab;
using namespace std::chrono_literals;
using Catch::Contains;
using recording::LiveChannel;
using recording::LiveState;
namespace fs = std::filesystem;

namespace {

// `brokerlab live` in a process of its own.
class Live {
 public:
  Live(std::string recording, const std::vector<std::string>& more)
      : recording_(std::move(recording)) {
    const auto program = fs::read_symlink("/proc/self/exe").parent_path() / "brokerlab";
    std::vector<std::string> words{program.string(), "live",        "--record",
                                   recording_,       "--no-window", "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    process_ = fork();
    REQUIRE(process_ >= 0);
    if (process_ != 0) return;
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  ~Live() {
    if (process_ > 0) {
      kill(process_, SIGTERM);
      waitpid(process_, nullptr, 0);
    }
  }
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  /// Waits for the session to be there, and to have come to something.
  LiveState until(const std::function<bool(const LiveState&)>& there) const {
    const auto end = std::chrono::steady_clock::now() + 300s;
    while (std::chrono::steady_clock::now() < end) {
      if (auto channel = LiveChannel::join(recording_)) {
        const auto state = channel->state();
        if (state && there(*state)) return *state;
      }
      std::this_thread::sleep_for(5ms);
    }
    FAIL("waited in vain");
    return {};
  }
  /// How it exited.
  int end() {
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  pid_t process() const { return process_; }

 private:
  std::string recording_;
  pid_t process_ = -1;
};

std::vector<std::string> short_incident(const std::string& pace) {
  return {"wifi_auth_broker_crash",
          "--pace",
          pace,
          "--set",
          "duration=60s",
          "--set",
          "sources.0.until=50s",
          "--set",
          "sources.0.rate=40/s",
          "--set",
          "faults=[]"};
}

test::Answer act(const std::string& recording, const std::vector<std::string>& more) {
  std::vector<std::string> words{"act", recording};
  words.insert(words.end(), more.begin(), more.end());
  return test::command(words);
}

recording::Reader whole(const std::string& path) {
  auto reader = recording::Reader::open(path);
  if (!reader.ok()) FAIL(reader.error());
  return std::move(reader).value();
}

std::string events_before(const recording::Reader& reader, Time until) {
  std::string text;
  for (const auto& event : reader.events(recording::EventLevel::detail, Time{}, until - 1ns)) {
    text += fmt::format("{} {} {}\n", event.t.time_since_epoch().count(), event.kind, event.en);
  }
  return text;
}

std::string lines_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a live session is repeated by its action log and by its scenario", "[unit]") {
  const log::test::TemporaryFolder folder;
  const std::string path = folder.path() + "/live.run";
  const std::string saved = folder.path() + "/saved.json";
  std::string before;
  Time killed{};
  {
    Live live(path, short_incident("4"));
    live.until([](const LiveState& state) { return state.now >= Time(8s); });
    // What grows can be read.
    const auto first = live.until([](const LiveState& s) { return !s.recording.empty(); });
    auto growing = recording::Reader::open_growing(first.recording);
    REQUIRE(growing.ok());
    const Time early = growing->recorded_until().value();
    live.until([&](const LiveState& state) { return state.now > early; });
    CHECK(growing->recorded_until().value() > early);

    // What was got wrong changes nothing.
    const auto unknown = act(path, {"--do", R"({"kill_process": "broker-9"})"});
    CHECK(unknown.status == 3);
    CHECK_THAT(unknown.err, Contains("broker-9"));
    CHECK(act(path, {"--do", R"({"kill_process": "broker-2", "at": "3s"})"}).status == 3);
    CHECK(act(path, {"--do", R"({"put_right": "broker-2"})"}).status == 3);
    CHECK(act(path, {"--pace", "0"}).status == 3);
    CHECK(act(path, {}).status == 3);
    CHECK_FALSE(fs::exists(path + ".actions.jsonl"));

    CHECK_THAT(act(path, {"--pause"}).out, Contains("time stands still"));
    const auto answer = act(path, {"--do", R"({"kill_process": "broker-2"})"});
    CHECK(answer.status == 0);
    CHECK_THAT(answer.out, Contains("done at"));
    act(path, {"--resume"});
    const auto second = live.until([](const LiveState& state) { return state.life == 2; });
    CHECK(second.doing == LiveState::Doing::running);
    auto other = recording::Reader::open_growing(second.recording);
    REQUIRE(other.ok());
    const auto faults = other->events(recording::EventLevel::fault);
    REQUIRE(faults.size() >= 1);
    CHECK(faults.back().kind == "process.killed");
    killed = faults.back().t;
    CHECK(killed >= Time(8s));
    // What was seen before is as it was; the old recording is still open.
    before = events_before(*growing, killed - 1s);
    CHECK(before.size() > 1000);
    CHECK((before == events_before(*other, killed - 1s)));

    int lives = 3;
    for (const char* deed :
         {R"({"spike": {"source": "radpostauth", "factor": 5, "for": "10s"}})",
          R"({"cut": {"between": ["broker-3"], "and": ["everyone_else"]}})",
          R"({"slow_disk": {"machine": "broker-1", "factor": 20}})", R"({"put_right": "broker-3"})",
          R"({"put_right": "broker-2"})", R"({"pause": {"machine": "broker-1", "for": "2s"}})",
          R"({"power_off": "broker-3"})"}) {
      INFO(deed);
      const auto done = act(path, {"--do", deed});
      CHECK(done.status == 0);
      CHECK(done.err == "");
      live.until([&](const LiveState& state) { return state.life == lives; });
      ++lives;
    }
    CHECK(act(path, {"--save", saved}).status == 0);
    CHECK(act(path, {"--save", saved}).status == 3);  // Somebody's file is not written over.
    CHECK(act(path, {"--finish"}).status == 0);
    CHECK(live.end() <= 2);
  }
  CHECK_FALSE(fs::exists(path + ".live"));
  std::size_t left = 0;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    left += entry.path().string().find(".life") != std::string::npos ? 1U : 0U;
  }
  CHECK(left == 0);
  const auto session = whole(path);
  CHECK((before == events_before(session, killed - 1s)));
  const std::string fingerprint = session.meta("fingerprint");
  CHECK_FALSE(fingerprint.empty());
  const auto faults = session.events(recording::EventLevel::fault);
  const auto has = [&](const char* kind) {
    return std::any_of(faults.begin(), faults.end(),
                       [&](const auto& event) { return event.kind == kind; });
  };
  for (const char* kind : {"process.killed", "network.cut", "disk.slow", "machine.power_off"}) {
    INFO(kind);
    CHECK(has(kind));
  }

  test::program_says("run " + saved + " --record " + folder.path() + "/again.run");
  CHECK(whole(folder.path() + "/again.run").meta("fingerprint") == fingerprint);
  const std::string replayed = folder.path() + "/replayed.run";
  Live again(replayed,
             {"wifi_auth_broker_crash", "--pace", "1000", "--actions", path + ".actions.jsonl"});
  CHECK(again.end() <= 2);
  CHECK(whole(replayed).meta("fingerprint") == fingerprint);
  CHECK(lines_of(replayed + ".actions.jsonl") == lines_of(path + ".actions.jsonl"));
}

TEST_CASE("a live session that is interrupted leaves nothing but what was done", "[unit]") {
  const log::test::TemporaryFolder folder;
  const std::string path = folder.path() + "/live.run";
  Live live(path, short_incident("1"));
  live.until([](const LiveState& state) { return state.now > Time{}; });
  CHECK(act(path, {"--do", R"({"power_off": "broker-1"})"}).status == 0);
  kill(live.process(), SIGTERM);
  CHECK(live.end() == 4);
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    left.push_back(entry.path().filename().string());
  }
  CHECK(left == std::vector<std::string>{"live.run.actions.jsonl"});
  CHECK(act(path, {"--pause"}).status == 3);
  // What was done there is not written over by the next session.
  Live next(path, short_incident("1"));
  CHECK(next.end() == 3);
}

TEST_CASE("an action log that is none is refused", "[unit]") {
  const log::test::TemporaryFolder folder;
  const std::string log = folder.path() + "/a.actions.jsonl";
  for (const char* text :
       {"", "{}\n", "[]\n", "{\"scenario\": {}}\n{\"at\": \"soon\", \"do\": {}}\n",
        "{\"scenario\": {}}\n{\"at\": \"5s\"}\n", "{\"scenario\": {}}\n"}) {
    INFO(text);
    std::ofstream(log) << text;
    const auto answer = test::command({"live", "wifi_auth_broker_crash", "--no-window", "--record",
                                       folder.path() + "/a.run", "--actions", log});
    CHECK(answer.status == 3);
    CHECK_FALSE(answer.err.empty());
  }
}
