#include "base/file_replacement.h"

#include "tests/temporary.h"

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <iterator>

using namespace brokerlab;
namespace fs = std::filesystem;

namespace {

struct Place {
  explicit Place(const std::string& name) : path(tests::temporary_path(name)) { clear(); }
  ~Place() { clear(); }
  void clear() const {
    fs::remove(path);
    fs::remove(writing());
  }
  std::string writing() const { return path + ".writing"; }
  std::string text() const {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  const std::string path;
};

/// A process that begins to write, says so, and goes on as told; how it ended.
int in_process(const std::function<void(int)>& body, const std::function<void(pid_t)>& meanwhile) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(ends[0]);
    body(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  char ready = 0;
  REQUIRE(read(ends[0], &ready, 1) == 1);
  meanwhile(child);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  close(ends[0]);
  return status;
}

void say_ready(int to) { (void)!write(to, "r", 1); }

}  // namespace

TEST_CASE("a file is replaced whole or stays as it was", "[unit]") {
  const Place place("whole");
  REQUIRE(replace_file(place.path, "first").ok());
  CHECK(place.text() == "first");
  {
    auto second = FileReplacement::begin(place.path);
    REQUIRE(second.ok());
    REQUIRE(write(second->descriptor(), "half", 4) == 4);
    CHECK(place.text() == "first");
  }
  CHECK(place.text() == "first");
  CHECK_FALSE(fs::exists(place.writing()));
  REQUIRE(replace_file(place.path, "second").ok());
  CHECK(place.text() == "second");
}

TEST_CASE("who comes second is told at the start, in another process too", "[unit]") {
  const Place place("locked");
  auto first = FileReplacement::begin(place.path);
  REQUIRE(first.ok());
  CHECK(is_being_written(place.writing()));
  const auto second = FileReplacement::begin(place.path);
  REQUIRE_FALSE(second.ok());
  CHECK_THAT(second.error(), Catch::Contains("is being written by another process right now"));
  const int status = in_process(
      [&](int to) {
        const bool refused = !FileReplacement::begin(place.path).ok();
        say_ready(to);
        _exit(refused ? 7 : 8);
      },
      [](pid_t) {});
  CHECK(WEXITSTATUS(status) == 7);
  REQUIRE(first->commit().ok());
  CHECK_FALSE(fs::exists(place.writing()));
  CHECK(FileReplacement::begin(place.path).ok());  // and now it may
}

TEST_CASE("what a killed process leaves is not in the next one's way", "[unit]") {
  const Place place("killed");
  REQUIRE(replace_file(place.path, "whole").ok());
  const auto writes = [&](int to) {
    auto file = FileReplacement::begin(place.path);
    (void)!write(file->descriptor(), "half", 4);
    say_ready(to);
    pause();
  };
  const int status = in_process(writes, [](pid_t child) { kill(child, SIGKILL); });
  CHECK(WIFSIGNALED(status));
  CHECK(fs::exists(place.writing()));
  CHECK(place.text() == "whole");
  CHECK_FALSE(is_being_written(place.writing()));
  REQUIRE(replace_file(place.path, "whole again").ok());
  CHECK(place.text() == "whole again");
  CHECK_FALSE(fs::exists(place.writing()));
}

TEST_CASE("Ctrl-C removes what was being written, and ends the process as it does", "[unit]") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const Place place("interrupted");
    const std::string said = place.path + ".said";
    const auto writes = [&](int to) {
      remove_unfinished_files_on_signals();
      if (std::freopen(said.c_str(), "w", stderr) == nullptr) _exit(1);
      auto file = FileReplacement::begin(place.path);
      say_ready(to);
      while (true) pause();
    };
    const int status = in_process(writes, [&](pid_t child) { kill(child, signal); });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == signal);
    CHECK_FALSE(fs::exists(place.writing()));
    CHECK_FALSE(fs::exists(place.path));
    std::ifstream words(said);
    const std::string text{std::istreambuf_iterator<char>(words), {}};
    const std::string wanted = "brokerlab: interrupted; " + place.path + " was not written\n";
    CHECK(text == (signal == SIGINT ? "\n" + wanted : signal == SIGTERM ? wanted : std::string()));
  }
}

TEST_CASE("a file that may grow no further is an error, and leaves nothing", "[unit]") {
  const Place place("limited");
  REQUIRE(replace_file(place.path, "whole").ok());
  const int status = in_process(
      [&](int to) {
        remove_unfinished_files_on_signals();  // or SIGXFSZ would end the process
        const rlimit small{1000, 1000};
        setrlimit(RLIMIT_FSIZE, &small);
        const bool written = replace_file(place.path, std::string(5000, 'x')).ok();
        say_ready(to);
        _exit(written ? 8 : 7);
      },
      [](pid_t) {});
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
  CHECK(place.text() == "whole");
  CHECK_FALSE(fs::exists(place.writing()));
}

TEST_CASE("a place that is none is named", "[unit]") {
  CHECK(FileReplacement::begin("").error() == "a file needs a name");
  CHECK(FileReplacement::begin("/nowhere/x.run").error() ==
        "cannot write /nowhere/x.run: there is no folder /nowhere");
}

// rename() by somebody else, or a removal: what is not ours is not put in the place of the file.
TEST_CASE("a file that was taken away meanwhile is not finished", "[unit]") {
  const Place place("taken");
  auto file = FileReplacement::begin(place.path);
  REQUIRE(file.ok());
  fs::remove(place.writing());
  std::ofstream(place.writing()) << "another's";
  CHECK_FALSE(file->commit().ok());
  CHECK_FALSE(fs::exists(place.path));
  CHECK(fs::exists(place.writing()));
}
