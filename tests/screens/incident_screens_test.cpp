// The documents' pictures and queries: the demo's own run as the viewer shows it, in both
// languages, and as SQL finds it.
#include "tests/in_child.h"
#include "tests/pictures.h"
#include "tests/runs/run_story.h"
#include "viz/cluster/condition.h"
#include "viz/now.h"
#include "viz/offscreen.h"

#include <filesystem>
#include <fstream>
#include <sqlite3.h>
#include <sstream>
#include <unistd.h>

using namespace brokerlab;

namespace {

// Run in a process of its own: the viewer never meets a running world.
std::string record(const std::string& scenario) {
  std::string recording = fmt::format("{}/brokerlab_screens_{}.run",
                                      std::filesystem::temp_directory_path().string(), getpid());
  tests::in_child([&] { return tests::play(tests::load(scenario, {}, 1), recording).text(); });
  return recording;
}

// Each query of docs/recordings.md, which are about this very run, by the text before it.
std::vector<std::pair<std::string, std::string>> documented_queries() {
  std::ifstream in(BROKERLAB_SOURCE_DIR "/docs/recordings.md");
  std::vector<std::pair<std::string, std::string>> queries;
  std::string before;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    const bool begins = line.starts_with("    SELECT") || line.starts_with("    WITH");
    if (!inside && begins) queries.emplace_back(before, "");
    inside = line.starts_with("    ") && (inside || begins);
    if (inside) queries.back().second += line + "\n";
    if (!line.empty()) before = line;
  }
  return queries;
}

void check_queries(const std::string& recording) {
  sqlite3* file = nullptr;
  REQUIRE(sqlite3_open_v2(recording.c_str(), &file, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
  const auto queries = documented_queries();
  CHECK(queries.size() > 5);
  for (const auto& [about, query] : queries) {
    INFO(about << "\n" << query);
    sqlite3_stmt* statement = nullptr;
    CHECK(sqlite3_prepare_v2(file, query.c_str(), -1, &statement, nullptr) == SQLITE_OK);
    CHECK(sqlite3_step(statement) == SQLITE_ROW);
    sqlite3_finalize(statement);
  }
  sqlite3_close(file);
}

}  // namespace

TEST_CASE("the demo is what the documents show, in pictures and queries", "[golden]") {
  const std::string path = record("wifi_auth_broker_crash");
  check_queries(path);
  auto opened = viz::Viewer::open(path);
  if (!opened.ok()) FAIL(opened.error());
  viz::Viewer viewer = std::move(opened).value();
  auto offscreen = viz::Offscreen::create(1600, 900);
  if (!offscreen.ok()) FAIL(offscreen.error());
  for (const auto& [language, suffix] :
       {std::pair{viz::Language::english, "en"}, std::pair{viz::Language::korean, "ko"}}) {
    viewer.view().language = language;
    for (const auto& [name, at] :
         {std::pair{"crash", Time(330'150ms)}, std::pair{"incident", Time(340'200ms)}}) {
      seek(viewer.view(), at, viewer.run().duration);
      const auto picture = offscreen->render(viewer);
      if (!picture.ok()) FAIL(picture.error());
      CHECK(offscreen->clipped() == std::vector<std::string>{});
      tests::looks_as_before(*picture, fmt::format("docs/images/{}_{}.png", name, suffix));
    }
    // Before a class: the brokers stand side by side, as cards with all that they say.
    viewer.view().presenting = true;
    seek(viewer.view(), Time(340'200ms), viewer.run().duration);
    const auto picture = offscreen->render(viewer);
    if (!picture.ok()) FAIL(picture.error());
    viewer.view().presenting = false;
    CHECK(offscreen->clipped() == std::vector<std::string>{});
    CHECK(viz::unreadable(offscreen->texts()) == std::vector<std::string>{});
    const auto& words = offscreen->texts();
    for (const char* broker : {"broker-1", "broker-2", "broker-3"}) {
      CHECK(std::any_of(words.begin(), words.end(), [&](const viz::DrawnText& one) {
        return one.text == broker && one.ink.y < 300;  // Not in a second row.
      }));
    }
    tests::looks_as_before(*picture, fmt::format("tests/screens/presenter_{}.png", suffix));
  }
  std::filesystem::remove(path);
}

// A dead switch, seen where it is: on its rack's brokers, their partitions, the clients, the badge.
TEST_CASE("when a rack's switch is dead, everything behind it is seen to be cut off", "[golden]") {
  const std::string path = record("rack_switch_fails");
  auto opened = viz::Viewer::open(path);
  if (!opened.ok()) FAIL(opened.error());
  viz::Viewer viewer = std::move(opened).value();
  const viz::Run& run = viewer.run();
  REQUIRE(run.first_fault);
  const auto at = [&](Time t) {
    seek(viewer.view(), t, run.duration);
    return viz::Scene{viewer.reader(), run, viewer.moment(), viewer.view()};
  };
  const auto says = [&](const viz::Scene& scene, const recording::RecordedProcess& process,
                        viz::Condition wanted) {
    const auto all = viz::conditions_of(scene, process);
    return std::find(all.begin(), all.end(), wanted) != all.end();
  };
  const viz::Scene before = at(*run.first_fault - 1s);
  CHECK(viz::what_holds(before, viz::Language::english).front().words == "all well");
  const viz::Scene after = at(*run.first_fault + 100ms);
  CHECK(run.switch_is_dead("rack-a-tor-1", after.moment.t));
  CHECK(says(after, run.brokers[0], viz::Condition::cut_off));
  CHECK(says(after, run.brokers[1], viz::Condition::cut_off));
  CHECK(says(after, run.brokers[2], viz::Condition::partly_cut));
  CHECK(says(after, run.zookeepers[0], viz::Condition::cut_off));
  CHECK(says(after, run.producers[0].process, viz::Condition::partly_cut));
  int unreachable = 0;
  for (const auto& [id, partition] : after.moment.state.partitions) {
    unreachable += viz::leadership(after, partition) == viz::Leadership::unreachable;
  }
  CHECK(unreachable > 0);
  CHECK_THAT(viz::what_holds(after, viz::Language::english).front().words,
             Catch::StartsWith("unreachable:"));
  auto screen = viz::Offscreen::create(1600, 900);
  if (!screen.ok()) FAIL(screen.error());
  const auto picture = screen->render(viewer);
  REQUIRE(picture.ok());
  tests::looks_as_before(*picture, "tests/screens/dead_switch.png");
  std::filesystem::remove(path);
}
