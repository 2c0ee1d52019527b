// The time line's span, bookmarks with notes, and breakpoints.
#include "tests/temporary.h"
#include "tests/viz/sample_recording.h"
#include "viz/offscreen.h"
#include "viz/panels.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace brokerlab;
using namespace brokerlab::viz;
namespace fs = std::filesystem;

namespace {

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Desk {
  std::string run = tests::temporary_path("notes.run");
  std::string notes = run + ".notes.json";
  Desk() { write_sample_recording(run); }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;
  ~Desk() {
    fs::remove(run);
    fs::remove(notes);
  }
  Viewer open() const {
    auto viewer = Viewer::open(run);
    if (!viewer.ok()) FAIL(viewer.error());
    return std::move(viewer).value();
  }
};

// Plays from where it is until it stops, in steps of a screen.
Time play(Viewer& viewer, double speed) {
  viewer.view().speed = speed;
  viewer.view().slow_motion = false;
  viewer.view().playing = true;
  while (viewer.view().playing) viewer.let_pass(1 / 60.);
  return viewer.view().time;
}

}  // namespace

TEST_CASE("the time line zooms around a moment, pans, and ends at the run's ends", "[unit]") {
  ViewState view;
  const Duration run = 600s;
  const auto is = [&](Time from, Time to) { return shown_span(view, run) == Span{from, to}; };
  CHECK(is(Time{}, Time(600s)));
  zoom(view, 0.5, Time(300s), run);
  CHECK(is(Time(150s), Time(450s)));
  zoom(view, 0.1, Time(150s), run);
  CHECK(is(Time(150s), Time(180s)));
  pan(view, 0.5, run);
  CHECK(is(Time(165s), Time(195s)));
  pan(view, -100, run);
  CHECK(is(Time{}, Time(30s)));
  pan(view, 1000, run);
  CHECK(is(Time(570s), Time(600s)));
  zoom(view, 1e-12, Time(600s), run);
  CHECK(shown_span(view, run).to - shown_span(view, run).from == shortest_span);
  zoom(view, 1e12, Time(600s), run);
  CHECK(view.span.whole());
  pan(view, 1, run);
  CHECK(view.span.whole());
  // A run that is shorter than the closest look.
  zoom(view, 0.5, Time{}, 10us);
  CHECK(view.span.whole());
}

TEST_CASE("the time line follows what is played and sought", "[unit]") {
  ViewState view;
  const Duration run = 600s;
  view.span = {Time(100s), Time(120s)};
  seek(view, Time(110s), run);
  CHECK(view.span == Span{Time(100s), Time(120s)});
  seek(view, Time(300s), run);
  CHECK(view.span == Span{Time(298s), Time(318s)});
  seek(view, Time(200s), run);
  CHECK(view.span == Span{Time(182s), Time(202s)});
  view.playing = true;
  advance(view, 3, run);
  CHECK(view.span == Span{Time(201s), Time(221s)});
  seek(view, Time(600s), run);
  CHECK(view.span == Span{Time(580s), Time(600s)});
}

TEST_CASE("ticks, marks and words fit at every zoom", "[unit]") {
  const Desk desk;
  Viewer viewer = desk.open();
  auto screen = Offscreen::create(1280, 720);
  REQUIRE(screen.ok());
  for (const Time around : {Time{}, Time(330s), Time(600s)}) {
    viewer.view().span = {};
    seek(viewer.view(), around, viewer.run().duration);
    for (int i = 0; i < 24; ++i) {
      viewer.press(Key::zoom_in, false);
      INFO("zoom " << i << " around " << to_text(around));
      REQUIRE(screen->compose(viewer).ok());
      CHECK(unreadable(screen->texts()) == std::vector<std::string>{});
      CHECK(screen->clipped() == std::vector<std::string>{});
    }
  }
}

TEST_CASE("bookmarks are kept beside the recording, which stays as it is", "[unit]") {
  const Desk desk;
  const std::string before = content(desk.run);
  {
    Viewer viewer = desk.open();
    const auto note = [&](Time t, const char* text) {
      seek(viewer.view(), t, viewer.run().duration);
      viewer.press(Key::bookmark, false);
      viewer.press(Key::language, false);  // While a note is written, no key does anything else.
      viewer.type(text);
      viewer.press(Key::enter, false);
      CHECK_FALSE(viewer.view().writing);
    };
    note(Time(340s), "누가 리더인가?x");
    CHECK(viewer.view().language == Language::english);
    note(Time(100s), "calm");
    seek(viewer.view(), Time(340s), viewer.run().duration);
    viewer.press(Key::bookmark, false);
    viewer.press(Key::backspace, false);  // The x.
    viewer.press(Key::backspace, false);
    viewer.press(Key::backspace, false);  // One Korean letter, three bytes.
    viewer.press(Key::enter, false);
    viewer.press(Key::bookmark, false);
    viewer.type("dropped");
    viewer.press(Key::escape, false);
  }
  Viewer viewer = desk.open();
  CHECK(viewer.notebook().notes().bookmarks ==
        std::vector<Bookmark>{{Time(100s), "calm"}, {Time(340s), "누가 리더인"}});
  viewer.press(Key::next, true);
  CHECK(viewer.view().time == Time(100s));
  CHECK(viewer.view().notice == "calm");
  viewer.press(Key::next, true);
  CHECK(viewer.view().time == Time(340s));
  viewer.press(Key::bookmark, false);
  viewer.press(Key::remove, false);
  CHECK(viewer.notebook().notes().bookmarks.size() == 1);
  CHECK(content(desk.run) == before);
}

TEST_CASE("a file of notes that makes no sense is left alone, and said to be", "[unit]") {
  const Desk desk;
  for (const std::string& text :
       {std::string("my own notes"), std::string("[]"), std::string(R"({"format": 2})"),
        std::string(R"({"format": 1, "bookmarks": [{"at_ns": "x", "note": "y"}]})"),
        std::string(R"({"format": 1, "bookmarks": 7, "breakpoints": [{}]})"),
        std::string("\0", 1)}) {
    std::ofstream(desk.notes, std::ios::binary | std::ios::trunc) << text;
    Viewer viewer = desk.open();
    CHECK_THAT(viewer.view().notice, Catch::Contains("is left as it is"));
    viewer.press(Key::bookmark, false);
    viewer.press(Key::enter, false);
    CHECK(viewer.notebook().notes().bookmarks.size() == 1);  // In memory.
    CHECK(content(desk.notes) == text);
  }
}

TEST_CASE("playing stops at breakpoints: a moment, a kind of event, a threshold", "[unit]") {
  const Desk desk;
  Viewer viewer = desk.open();
  const auto put = [&](const Breakpoint& one) {
    Notes notes = viewer.notebook().notes();
    notes.breakpoints = {one};
    viewer.notebook().write(std::move(notes));
  };
  put({.t = Time(123'456ms)});
  CHECK(play(viewer, 64) == Time(123'456ms));
  CHECK(viewer.view().notice == "Stopped: t=123.456s");
  CHECK(play(viewer, 1024) == Time(600s));  // Not twice at the same.

  put({.event = "partition.leader_elected"});
  seek(viewer.view(), Time{}, viewer.run().duration);
  std::vector<Time> elections;
  for (const auto& event : viewer.run().events) {
    if (event.kind != "partition.leader_elected") continue;
    if (elections.empty() || elections.back() != event.t) elections.push_back(event.t);
  }
  REQUIRE_FALSE(elections.empty());
  for (const Time t : elections) CHECK(play(viewer, 256) == t);

  REQUIRE_FALSE(viewer.run().group_lag.empty());
  const auto& [group, lag] = viewer.run().group_lag.front();
  const double limit = lag.highest() / 2;
  put({.metric = "group-lag", .label = group, .above = limit});
  seek(viewer.view(), Time{}, viewer.run().duration);
  const Time stopped = play(viewer, 256);
  CHECK(lag.at(stopped).value() > limit);
  CHECK(lag.at(stopped - 1s).value() <= limit);
  put({.metric = "no-such-metric", .above = 0});
  CHECK(play(viewer, 1024) == Time(600s));
  CHECK(desk.open().notebook().notes() == viewer.notebook().notes());
}

TEST_CASE("a key sets a breakpoint here, or on the kind of the selected event", "[unit]") {
  const Desk desk;
  Viewer viewer = desk.open();
  viewer.press(Key::breakpoint, true);
  CHECK_THAT(viewer.view().notice, Catch::StartsWith("Select an event first"));
  viewer.view().selected_event = viewer.run().events.front().id;
  viewer.press(Key::breakpoint, true);
  CHECK(viewer.notebook().notes().breakpoints ==
        std::vector<Breakpoint>{{.event = viewer.run().events.front().kind}});
  viewer.press(Key::breakpoint, true);
  CHECK(viewer.notebook().notes().breakpoints.empty());
  viewer.press(Key::breakpoint, false);
  CHECK(viewer.notebook().notes().breakpoints == std::vector<Breakpoint>{{.t = Time{}}});
}
