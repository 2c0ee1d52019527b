// Every incident of the library as one sees it: a saved view of each (tests/screens/views.json), in
// both languages and at two sizes, as the text that stands on the screen. Of the pictures
// themselves only some are kept (incident_screens_test.cpp); BROKERLAB_PICTURES=DIR writes all of
// these there.
#include "base/json_text.h"
#include "tests/files.h"
#include "tests/in_child.h"
#include "tests/moment_text.h"
#include "tests/runs/run_story.h"
#include "tests/temporary.h"
#include "viz/offscreen.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

using namespace brokerlab;
namespace fs = std::filesystem;

namespace {

// What was chosen, as far as an incident's view says it.
void take_view(viz::Viewer& viewer, const Json& saved) {
  const auto text = [&](const char* key) {
    return saved.contains(key) ? saved[key].get<std::string>() : "";
  };
  const auto at = parse_duration(text("at"));
  REQUIRE(at.ok());
  seek(viewer.view(), Time(*at), viewer.run().duration);
  const viz::Run& run = viewer.run();
  for (const auto& machine : run.machines) {
    if (machine.name != text("machine")) continue;
    viewer.view().asked = viz::Asked{viz::Asked::Of::machine, machine.id};
  }
  for (const auto& partition : run.partitions) {
    if (partition.name() == text("partition")) viewer.view().partition = partition.id;
  }
  CHECK(viewer.view().asked.has_value() == saved.contains("machine"));
  CHECK(viewer.view().partition.has_value() == saved.contains("partition"));
}

// The texts as they stand: from the top, what stands on one height on one line.
std::vector<std::string> lines_of(std::vector<viz::DrawnText> texts) {
  const auto row_of = [](const viz::DrawnText& text) {  // In design units, as in any window.
    return static_cast<int>(text.ink.center().y / 10);
  };
  std::stable_sort(texts.begin(), texts.end(), [&](const auto& a, const auto& b) {
    return std::pair(row_of(a), a.ink.x) < std::pair(row_of(b), b.ink.x);
  });
  std::vector<std::string> lines;
  int row = -1;
  for (const viz::DrawnText& one : texts) {
    if (row_of(one) != row) lines.emplace_back();
    row = row_of(one);
    lines.back() += (lines.back().empty() ? "" : " | ") + one.text;
  }
  return lines;
}

// What a screen says, or in what it differs from another that was told before it.
std::string told(const std::string& title, const std::vector<std::string>& lines,
                 const std::vector<std::string>& known) {
  std::string text = "== " + title + "\n";
  if (lines == known) return text + "the same\n";
  for (const std::string& line : lines) {
    const bool is_known = std::find(known.begin(), known.end(), line) != known.end();
    if (!is_known) text += line + "\n";
  }
  return text;
}

// A second after each fault, and both ends.
std::set<Time> moments_of(const viz::Run& run) {
  std::set<Time> moments{Time{}, Time(run.duration)};
  for (const auto& event : run.events) {
    const bool fault = event.level == recording::EventLevel::fault;
    if (fault && moments.size() < 8) moments.insert(event.t + 1s);
  }
  return moments;
}

void can_be_read(viz::Offscreen& screen, viz::Viewer& viewer) {
  REQUIRE(screen.compose(viewer).ok());
  CHECK(viz::unreadable(screen.texts()) == std::vector<std::string>{});
  CHECK(screen.clipped() == std::vector<std::string>{});
}

void looks_as_told(const std::string& name, const std::string& text) {
  const std::string path =
      std::string(BROKERLAB_SOURCE_DIR) + "/tests/screens/golden/" + name + ".txt";
  if (std::getenv("BROKERLAB_UPDATE_GOLDENS") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  INFO(path << "; BROKERLAB_UPDATE_GOLDENS=1 makes it");
  CHECK(text == tests::contents(path));
}

}  // namespace

TEST_CASE("every word of every incident can be read, and its view is as it was", "[golden]") {
  const Json views =
      json_from(tests::contents(std::string(BROKERLAB_SOURCE_DIR) + "/tests/screens/views.json"));
  REQUIRE(views.is_object());
  const char* pictures = std::getenv("BROKERLAB_PICTURES");
  std::size_t seen = 0;
  for (const scenarios::LibraryEntry& entry : scenarios::library()) {
    INFO(entry.name);
    REQUIRE(views.contains(entry.name));
    ++seen;
    const std::string path = tests::temporary_path(entry.name + ".run");
    tests::in_child([&] { return tests::play(tests::load(entry.name, {}, 1), path).text(); });
    auto opened = viz::Viewer::open(path);
    if (!opened.ok()) FAIL(opened.error());
    viz::Viewer viewer = std::move(opened).value();
    if (entry.name.starts_with("wifi") || entry.name == "rack_switch_fails") {
      CHECK(tests::unlike_when_played(path, RandomStream(5, entry.name)).empty());
    }
    std::string text;
    std::vector<std::string> known[2];
    for (const auto& [width, height] : {std::pair{1280, 720}, std::pair{1920, 1080}}) {
      auto screen = viz::Offscreen::create(width, height);
      if (!screen.ok()) FAIL(screen.error());
      for (const auto language : {viz::Language::english, viz::Language::korean}) {
        const bool korean = language == viz::Language::korean;
        const std::string title = fmt::format("{}x{} {}", width, height, korean ? "ko" : "en");
        INFO(title);
        viewer.view().language = language;
        viewer.view().asked.reset();
        viewer.view().partition.reset();
        viewer.view().selected_event.reset();
        for (const Time at : moments_of(viewer.run())) {
          INFO("at " << to_text(at.time_since_epoch()));
          seek(viewer.view(), at, viewer.run().duration);
          can_be_read(*screen, viewer);
        }
        take_view(viewer, views[entry.name]);
        can_be_read(*screen, viewer);
        const auto lines = lines_of(screen->texts());
        text += told(title, lines, known[korean ? 1 : 0]);
        if (known[korean ? 1 : 0].empty()) known[korean ? 1 : 0] = lines;
        if (pictures == nullptr) continue;
        const auto picture = screen->render(viewer);
        REQUIRE(picture.ok());
        const std::string file =
            fmt::format("{}/{}_{}_{}.png", pictures, entry.name, height, korean ? "ko" : "en");
        REQUIRE(viz::write_png(*picture, file).ok());
      }
    }
    looks_as_told(entry.name, text);
    fs::remove(path);
  }
  CHECK(seen == views.size());  // A view of an incident that is gone would be seen by nobody.
}
