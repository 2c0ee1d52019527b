// A run and the file that it is recorded into.
#include "tests/in_child.h"
#include "tests/runs/run_story.h"

#include <catch2/catch.hpp>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <unistd.h>

namespace brokerlab::tests {

TEST_CASE("a run ends when its recording finds no room", "[unit]") {
  const scenarios::Scenario scenario = load("wifi_auth_broker_crash", short_incident(), 1);
  const std::string path =
      std::filesystem::temp_directory_path() / fmt::format("no_room_{}.run", getpid());
  const std::string told = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);  // as main() does: a write past the limit is an error
    const rlimit small{200'000, 200'000};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    Time came_to{};
    scenarios::RunOptions options;
    options.record = path;
    options.progress = [&](Time now) { came_to = now; };
    const auto report = scenarios::run(scenario, options);
    REQUIRE_FALSE(report.ok());
    CHECK(came_to < Time(scenario.duration / 2));
    return report.error();
  });
  CHECK_THAT(told, Catch::StartsWith("cannot write " + path));
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_FALSE(std::filesystem::exists(path + ".writing"));
}

}  // namespace brokerlab::tests
