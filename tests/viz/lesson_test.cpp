// Two runs beside each other, and a run before a class.
#include "recording/recording.h"
#include "tests/temporary.h"
#include "tests/viz/sample_recording.h"
#include "viz/offscreen.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>

using namespace brokerlab;
using namespace brokerlab::viz;
namespace fs = std::filesystem;

namespace {

// A minute with a lesson: a fault at 20 s, a loss at 30 s.
std::string write_lesson(const std::string& name, const std::string& acks, double rate) {
  const std::string path = tests::temporary_path(name);
  auto recording = recording::Recording::create(path);
  REQUIRE(recording.ok());
  recording->meta("title_en", "A lesson " + name);
  recording->meta("title_ko", "수업 " + name);
  recording->meta("duration_ns", "60000000000");
  recording->meta("verdict", "fail");
  recording->meta("harm_en", "2 acknowledged records lost");
  recording->meta("seed", "1");
  recording->meta("version", "0.1.0");
  recording->meta("fingerprint", name);
  recording->meta("scenario_json", R"({"producers": {"app": {"config": {"acks": ")" + acks +
                                       R"("}}}, "lesson": {"moment": "30s",
    "question": {"en": "What is lost?", "ko": "무엇을 잃을까?"},
    "next": {"en": "Try acks=all.", "ko": "acks=all로 해 보자."}}})");
  recording->machine(1, "broker-1", "broker");
  recording->process(1, 1, "broker-1", "broker", 1);
  recording->event({.t = Time(20s),
                    .kind = "machine.power_off",
                    .level = recording::EventLevel::fault,
                    .machine = 1,
                    .en = "broker-1 lost power",
                    .ko = "broker-1의 전원이 꺼졌다"});
  recording->event({.t = Time(40s),
                    .kind = "load.changed",
                    .level = recording::EventLevel::control,
                    .en = "the load becomes " + acks,
                    .ko = "부하가 바뀌었다"});
  const int sent = recording->metric("record-send-rate", "1/s", "app");
  const int source = recording->metric("source-rate", "1/s", "app");
  for (int i = 0; i < 60; ++i) {
    recording->sample(source, Time(i * 1s), 1000);
    recording->sample(sent, Time(i * 1s), rate);
  }
  REQUIRE(recording->finish().ok());
  return path;
}

struct Pair {
  std::string a = write_lesson("a.run", "1", 1000);
  std::string b = write_lesson("b.run", "all", 400);
  Pair() = default;
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    for (const auto& path : {a, b}) fs::remove(path);
    fs::remove(a + ".notes.json");
  }
  Viewer open() const {
    auto viewer = Viewer::open(a);
    if (!viewer.ok()) FAIL(viewer.error());
    return std::move(viewer).value();
  }
};

std::string said_by(Offscreen& screen, Viewer& viewer) {
  REQUIRE(screen.compose(viewer).ok());
  std::string all;
  for (const DrawnText& one : screen.texts()) all += one.text + "\n";
  CHECK(unreadable(screen.texts()) == std::vector<std::string>{});
  CHECK(screen.clipped() == std::vector<std::string>{});
  return all;
}

Offscreen screen_of(int width = 1600, int height = 900) {
  auto screen = Offscreen::create(width, height);
  if (!screen.ok()) FAIL(screen.error());
  return std::move(screen).value();
}

using Catch::Contains;

}  // namespace

TEST_CASE("two runs stand in one plot on one clock, with what differs", "[unit]") {
  const Pair runs;
  Viewer viewer = runs.open();
  Offscreen screen = screen_of();
  seek(viewer.view(), Time(10s), viewer.run().duration);
  viewer.press(Key::compare, false);
  CHECK_FALSE(viewer.view().comparing);
  CHECK_THAT(viewer.view().notice, Contains("--compare OTHER.run"));
  const auto alone = screen.render(viewer);
  REQUIRE(viewer.compare_with(runs.b).ok());
  CHECK_THAT(said_by(screen, viewer), Contains("1,000\n") && Contains("B 400"));
  viewer.press(Key::compare, false);
  const std::string told = said_by(screen, viewer);
  CHECK_THAT(told, Contains("Compared with A lesson b.run") &&
                       Contains("producers.app.config.acks\n1\nall"));
  viewer.press(Key::language, false);
  CHECK_THAT(said_by(screen, viewer), Contains("수업 b.run과 비교"));
  viewer.press(Key::escape, false);
  CHECK_FALSE(viewer.view().comparing);
  CHECK_FALSE(viewer.compare_with(runs.b + ".gone").ok());
}

TEST_CASE("before a class the future is hidden until it has come", "[unit]") {
  const Pair runs;
  Viewer viewer = runs.open();
  Offscreen screen = screen_of();
  const Duration run = viewer.run().duration;
  seek(viewer.view(), Time(10s), run);
  CHECK_THAT(said_by(screen, viewer), Contains("lost power") && Contains("verdict") &&
                                          Contains("2 acknowledged records lost"));
  viewer.press(Key::present, false);
  const std::string before = said_by(screen, viewer);
  CHECK_THAT(before, !Contains("lost power") && !Contains("verdict") && !Contains("power off") &&
                         !Contains("acknowledged records lost"));
  seek(viewer.view(), Time(25s), run);
  CHECK_THAT(said_by(screen, viewer), Contains("lost power") && !Contains("the load becomes"));
  seek(viewer.view(), Time(60s), run);
  CHECK_THAT(said_by(screen, viewer), Contains("verdict") && Contains("the load becomes"));
  CHECK(type_of(viewer.view()) > 1.2);
  viewer.press(Key::escape, false);
  CHECK_FALSE(viewer.view().presenting);
}

TEST_CASE("a presenter stops at the lesson's questions and at notes, and turns pages", "[unit]") {
  const Pair runs;
  Viewer viewer = runs.open();
  Notes notes;
  notes.bookmarks = {{Time(45s), "Now look at the lag."}, {Time(50s), ""}};
  viewer.notebook().write(std::move(notes));
  std::vector<Time> at;
  for (const PausePoint& point : viewer.pauses()) at.push_back(point.t);
  CHECK(at == std::vector<Time>{Time(19s), Time(30s), Time(45s), Time(60s)});
  viewer.press(Key::present, false);
  viewer.view().slow_motion = false;
  viewer.view().speed = 8;
  const auto play = [&] {
    viewer.press(Key::space, false);
    for (int i = 0; i < 10'000 && viewer.view().playing; ++i) viewer.let_pass(1 / 60.);
    return viewer.view().time;
  };
  CHECK(play() == Time(19s));
  CHECK(viewer.view().notice == "What is lost?");
  viewer.view().language = Language::korean;
  CHECK(play() == Time(30s));
  CHECK(viewer.view().notice == "무엇을 잃을까?");
  viewer.press(Key::page_down, false);
  CHECK(viewer.view().time == Time(45s));
  CHECK(viewer.view().notice == "Now look at the lag.");
  viewer.press(Key::page_up, false);
  CHECK(viewer.view().time == Time(30s));
  viewer.press(Key::page_down, false);
  viewer.press(Key::page_down, false);
  CHECK(viewer.view().notice == "acks=all로 해 보자.");
  for (const auto& [width, height] : {std::pair{1280, 720}, std::pair{1920, 1080}}) {
    Offscreen screen = screen_of(width, height);
    said_by(screen, viewer);
  }
}

// brokerlab_tests_viz "[pictures]" puts them into $BROKERLAB_PICTURES, of $BROKERLAB_RUN and
// $BROKERLAB_OTHER.
TEST_CASE("two runs, and one before a class, to be looked at", "[.][pictures]") {
  const char* folder = std::getenv("BROKERLAB_PICTURES");
  const char* run = std::getenv("BROKERLAB_RUN");
  const char* other = std::getenv("BROKERLAB_OTHER");
  if (folder == nullptr || run == nullptr || other == nullptr) return;
  auto viewer = Viewer::open(run);
  REQUIRE(viewer.ok());
  Offscreen screen = screen_of();
  const auto save = [&](const char* name) {
    const auto picture = screen.render(*viewer);
    REQUIRE(picture.ok());
    CHECK(write_png(*picture, fmt::format("{}/{}.png", folder, name)).ok());
  };
  REQUIRE(viewer->compare_with(other).ok());
  seek(viewer->view(), Time(350s), viewer->run().duration);
  save("compare_plots");
  viewer->view().comparing = true;
  save("compare");
  viewer->view().language = Language::korean;
  save("compare_ko");
  viewer->view().comparing = false;
  viewer->view().presenting = true;
  seek(viewer->view(), Time(300s), viewer->run().duration);
  viewer->press(Key::page_down, false);
  save("present_ko");
  viewer->view().light = true;
  viewer->view().language = Language::english;
  viewer->press(Key::page_down, false);
  save("present_light");
}
