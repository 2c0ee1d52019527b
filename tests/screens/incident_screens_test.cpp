// The documents' pictures and queries: the demo's own run as the viewer shows it, in both
// languages, and as SQL finds it.
#include "tests/in_child.h"
#include "tests/pictures.h"
#include "tests/runs/run_story.h"
#include "viz/offscreen.h"

#include <filesystem>
#include <fstream>
#include <sqlite3.h>
#include <sstream>
#include <unistd.h>

using namespace brokerlab;

namespace {

// Run in a process of its own: the viewer never meets a running world.
std::string record_the_demo() {
  const std::string recording = fmt::format(
      "{}/brokerlab_screens_{}.run", std::filesystem::temp_directory_path().string(), getpid());
  tests::in_child(
      [&] { return tests::play(tests::load("wifi_auth_broker_crash", {}, 1), recording).text(); });
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
  const std::string path = record_the_demo();
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
  }
  std::filesystem::remove(path);
}
