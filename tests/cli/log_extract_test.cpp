// The log directory of a broker at a moment of a run: its bytes are those the run had.
#include "base/json_text.h"
#include "recording/reader.h"
#include "tests/cli/command.h"
#include "tests/log/partition_story.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

using namespace brokerlab;
using namespace std::chrono_literals;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

// Of the batches that `log dump` finds: where the log ends.
std::int64_t log_end_of(const std::string& partition) {
  const auto dumped = test::command({"log", "dump", partition, "--json"});
  CHECK(dumped.status == 0);
  std::istringstream lines(dumped.out);
  std::int64_t end = 0;
  for (std::string line; std::getline(lines, line);) {
    const Json object = json_from(line);
    if (object.is_object() && object.contains("lastOffset")) {
      end = std::max(end, object["lastOffset"].get<std::int64_t>() + 1);
    }
  }
  return end;
}

}  // namespace

TEST_CASE("a broker's log directory at a moment holds what the run had then", "[unit]") {
  const log::test::TemporaryFolder folder;
  const std::string run = folder.path() + "/crash.run";
  test::program_says(
      "run wifi_auth_broker_crash --set duration=60s --set sources.0.until=50s "
      "--set sources.0.rate=40/s --set faults.0.at=30s --set faults.1.at=50s "
      "--quiet --record " +
      run);
  auto reader = recording::Reader::open(run);
  if (!reader.ok()) FAIL(reader.error());
  // Of whoever lost power: before that everything, behind it what the disk had.
  int victim = 0;
  for (const auto& event : reader->events(recording::EventLevel::fault)) {
    if (event.kind != "machine.power_off" || victim != 0) continue;
    for (const auto& process : reader->processes()) {
      if (process.machine == event.machine) victim = process.number;
    }
  }
  REQUIRE(victim > 0);
  std::map<std::string, std::int64_t> before;
  for (const char* at : {"29.5s", "40s"}) {
    const std::string dir = folder.path() + "/at_" + at;
    const std::string said = test::program_says(
        fmt::format("log extract {} --broker {} --at {} {}", run, victim, at, dir));
    CHECK_THAT(said, Contains(fmt::format("broker {} at {}", victim, at)));
    CHECK(fs::exists(dir + "/replication-offset-checkpoint"));
    const auto facts = reader->facts_at(Time(*parse_duration(at)));
    int compared = 0;
    for (const auto& partition : reader->partitions()) {
      const std::string path = dir + "/" + partition.name();
      if (partition.internal || !fs::exists(path)) continue;
      INFO(path);
      ++compared;
      const auto leo = facts.at(fmt::format("replica/{}/{}", partition.id, victim)).at("leo");
      const std::int64_t end = log_end_of(path);
      if (std::string(at) == "29.5s") {
        CHECK(std::to_string(end) == leo);
        before[partition.name()] = end;
      } else {
        CHECK(end <= before[partition.name()] + 40);  // What came in the half second between.
      }
      CHECK(test::command({"log", "verify", path}).status <= 1);  // A torn end is damage.
    }
    CHECK(compared == 6);

    // Nothing is written over.
    const auto again = test::program_says(
        fmt::format("log extract {} --broker {} --at {} {}", run, victim, at, dir));
    CHECK_THAT(again, Contains("is not empty"));
  }
}

TEST_CASE("what cannot be extracted is told", "[unit]") {
  const log::test::TemporaryFolder folder;
  const std::string run = folder.path() + "/a.run";
  test::program_says(
      "run wifi_auth_broker_crash --set duration=20s --set sources.0.until=15s "
      "--set sources.0.rate=40/s --set faults=[] --quiet --record " +
      run);
  const std::string dir = folder.path() + "/out";
  const auto extract = [&](const std::string& broker, const std::string& at,
                           const std::string& to) {
    return test::command({"log", "extract", run, "--broker", broker, "--at", at, to});
  };
  const auto unknown = extract("9", "10s", dir);
  CHECK(unknown.status == 3);
  CHECK_THAT(unknown.err, Contains("there are 1, 2, 3"));
  CHECK(extract("1", "500s", dir).status == 3);
  CHECK(extract("1", "soon", dir).status == 3);
  CHECK(extract("1", "10s", run).status == 3);  // A file.
  CHECK_THAT(extract("1", "10s", folder.path()).err, Contains("is not empty"));
  CHECK(test::command(
            {"log", "extract", folder.path() + "/none.run", "--broker", "1", "--at", "1s", dir})
            .status == 3);
  CHECK_FALSE(fs::exists(dir));
}
