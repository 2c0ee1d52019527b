// Whether everything that the viewer says can be read: no word over another, none cut by an edge,
// none shortened. Asked of the texts as they are drawn, not of pictures.
#include "tests/viz/large_recording.h"
#include "tests/viz/sample_recording.h"
#include "viz/offscreen.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <unistd.h>

using namespace brokerlab;
using namespace brokerlab::viz;

namespace {

class Screen {
 public:
  Screen(int width, int height) : offscreen_(open(width, height)) {}

  /// What cannot be read, the first few; "" when all can.
  std::string wrong(Viewer& viewer, float mouse_x = -1, float mouse_y = -1) {
    const auto composed = offscreen_.compose(viewer, mouse_x, mouse_y);
    if (!composed.ok()) FAIL(composed.error());
    std::vector<std::string> all = unreadable(offscreen_.texts());
    for (const std::string& text : offscreen_.clipped()) all.push_back(text + " is shortened");
    std::string told;
    for (std::size_t i = 0; i < all.size() && i < 5; ++i) told += all[i] + "\n";
    return all.size() > 5 ? fmt::format("{}and {} more", told, all.size() - 5) : told;
  }

 private:
  static Offscreen open(int width, int height) {
    auto made = Offscreen::create(width, height);
    if (!made.ok()) FAIL(made.error());
    return std::move(made).value();
  }
  Offscreen offscreen_;
};

struct RunFile {
  std::string path = fmt::format("{}/brokerlab_readable_{}.run",
                                 std::filesystem::temp_directory_path().string(), getpid());
  ~RunFile() { std::filesystem::remove(path); }
};

Viewer opened(const std::string& path) {
  auto viewer = Viewer::open(path);
  if (!viewer.ok()) FAIL(viewer.error());
  return std::move(viewer).value();
}

void check_readable(const std::string& path, const std::vector<Duration>& moments) {
  Viewer viewer = opened(path);
  for (const auto& [width, height] : {std::pair{1280, 720}, std::pair{1920, 1080}}) {
    Screen screen(width, height);
    for (const double type : {1.0, 1.5, 2.0}) {
      viewer.view().type = type;
      for (const auto language : {Language::english, Language::korean}) {
        viewer.view().language = language;
        for (const Duration at : moments) {
          seek(viewer.view(), Time(at), viewer.run().duration);
          for (int tab = 0; tab < (type > 1 ? 4 : 1); ++tab) {
            viewer.view().tab = tab;
            INFO(width << "x" << height << " at " << to_text(at) << ", language "
                       << static_cast<int>(language) << ", type " << type << ", tab " << tab);
            CHECK(screen.wrong(viewer) == "");
          }
        }
        viewer.view().tab = 1;
        for (const bool matrix : {false, true}) {
          viewer.view().matrix = matrix;
          if (!viewer.run().partitions.empty()) {
            viewer.view().partition = viewer.run().partitions.front().id;
          }
          INFO("logs of a partition, matrix " << matrix);
          CHECK(screen.wrong(viewer) == "");
        }
        viewer.view().matrix.reset();
        viewer.view().partition.reset();
        viewer.view().help = true;
        INFO("help");
        CHECK(screen.wrong(viewer) == "");
        viewer.view().help = false;
      }
    }
  }
}

const std::vector<LargeCluster>& sizes() {
  static const std::vector<LargeCluster> all{
      {.brokers = 9, .producers = 15, .consumers = 15},
      {.brokers = 3, .producers = 1, .consumers = 2, .groups = 1, .partitions = 3},
      {.brokers = 5, .zookeepers = 5, .producers = 8, .consumers = 6, .groups = 6},
      {.brokers = 6, .producers = 4, .consumers = 4, .zones = 1, .racks_a_zone = 3},
      {.brokers = 30, .zookeepers = 5, .producers = 100, .consumers = 60, .groups = 12, .zones = 3},
      {.brokers = 100,
       .zookeepers = 7,
       .producers = 500,
       .consumers = 500,
       .groups = 20,
       .partitions = 1000,
       .zones = 3,
       .racks_a_zone = 4},
      {.brokers = 100, .producers = 500, .consumers = 500, .partitions = 1000}};
  return all;
}

}  // namespace

TEST_CASE("every word of the sample incident can be read", "[unit]") {
  const RunFile file;
  write_sample_recording(file.path);
  check_readable(file.path, {0s, 305s, 330s, 341s, 349s, 470s, 600s});
}

TEST_CASE("every word can be read, whatever the size of the cluster", "[unit]") {
  for (const LargeCluster& size : sizes()) {
    INFO(size.brokers << " brokers, " << size.producers + size.consumers << " clients, "
                      << size.zones << " zones");
    const RunFile file;
    write_large_recording(file.path, size);
    check_readable(file.path, {0s, 11s, 30s});
  }
}

TEST_CASE("a gathering opens into a list, scrolls, and closes", "[unit]") {
  const RunFile file;
  write_large_recording(file.path, {.brokers = 9, .producers = 90, .consumers = 60, .groups = 30});
  Viewer viewer = opened(file.path);
  Screen screen(1280, 720);
  seek(viewer.view(), Time(30s), viewer.run().duration);
  for (const int first : {0, 3, 1000}) {
    viewer.view().consumers.first = first;
    CHECK(screen.wrong(viewer) == "");
    viewer.view().producers = {"access-point", first};
    CHECK(screen.wrong(viewer) == "");
    viewer.view().consumers = {"analytics-7", first};
    CHECK(screen.wrong(viewer) == "");
    viewer.view().producers = {};
    viewer.view().consumers = {};
  }
}

TEST_CASE("what lies over another word, or is cut, is found", "[unit]") {
  const auto text = [](const char* word, float x, float y) {
    return DrawnText{.text = word, .ink = {x, y, 40, 10}};
  };
  CHECK(unreadable({text("a", 0, 0), text("b", 41, 0), text("c", 0, 11)}).empty());
  CHECK(unreadable({text("a", 0, 0), text("b", 30, 5)}).size() == 1);
  DrawnText over = text("b", 30, 5);
  over.layer = 1;
  CHECK(unreadable({text("a", 0, 0), over}).empty());
  over.cut = true;
  CHECK(unreadable({text("a", 0, 0), over}) == std::vector<std::string>{"\"b\" is cut"});
}

// brokerlab_tests_viz "[pictures]" puts them into $BROKERLAB_PICTURES, for who changes the viewer.
TEST_CASE("clusters of every size, to be looked at", "[.][pictures]") {
  const char* folder = std::getenv("BROKERLAB_PICTURES");
  REQUIRE(folder != nullptr);
  auto screen = Offscreen::create(1600, 900);
  REQUIRE(screen.ok());
  for (std::size_t i = 0; i < sizes().size(); ++i) {
    const RunFile file;
    write_large_recording(file.path, sizes()[i]);
    Viewer viewer = opened(file.path);
    for (const auto language : {Language::english, Language::korean}) {
      viewer.view().language = language;
      viewer.view().light = i % 2 == 1;
      viewer.view().type = language == Language::korean && i % 3 == 1 ? 1.7 : 1;
      viewer.view().help = language == Language::english && i == 3;
      viewer.view().partition.reset();
      if (i == 0 || i == 6) viewer.view().partition = 1;
      seek(viewer.view(), Time(30s), viewer.run().duration);
      const auto picture = screen->render(viewer);
      REQUIRE(picture.ok());
      const char* code = language == Language::korean ? "ko" : "en";
      CHECK(write_png(*picture, fmt::format("{}/size_{}_{}.png", folder, i, code)).ok());
    }
  }
  const RunFile file;
  write_sample_recording(file.path);
  Viewer viewer = opened(file.path);
  viewer.view().partition = 0;
  seek(viewer.view(), Time(350s), viewer.run().duration);
  const auto picture = screen->render(viewer);
  REQUIRE(picture.ok());
  CHECK(write_png(*picture, fmt::format("{}/lost.png", folder)).ok());
  for (const int closer : {5, 12}) {
    for (int i = 0; i < closer; ++i) viewer.press(Key::zoom_in, false);
    Notes notes;
    notes.bookmarks = {{Time(345s), "who leads now?"}, {Time(351s), "리더가 바뀐 뒤"}};
    notes.breakpoints = {{.t = Time(348s)}, {.metric = "group-lag", .label = "nifi", .above = 900}};
    viewer.notebook().write(std::move(notes));
    viewer.view().notice = closer == 5 ? "Stopped: group-lag nifi > 900" : "";
    if (closer == 12) viewer.view().writing = "리더가 바뀐 뒤 무슨 일이?";
    const auto close = screen->render(viewer);
    REQUIRE(close.ok());
    CHECK(write_png(*close, fmt::format("{}/zoom_{}.png", folder, closer)).ok());
  }
  std::filesystem::remove(file.path + ".notes.json");
}

// brokerlab_tests_viz "[runs]" looks at every recording in $BROKERLAB_RUNS.
TEST_CASE("every word of recordings that are there can be read", "[.][runs]") {
  const char* folder = std::getenv("BROKERLAB_RUNS");
  REQUIRE(folder != nullptr);
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".run") continue;
    INFO(file.path().filename().string());
    const Viewer viewer = opened(file.path().string());
    std::vector<Duration> moments{0s, viewer.run().duration};
    for (const Time t : viewer.run().turning_points) {
      if (moments.size() < 8) moments.push_back(t.time_since_epoch() + 1s);
    }
    check_readable(file.path().string(), moments);
  }
}
