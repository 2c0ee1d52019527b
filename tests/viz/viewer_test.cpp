// The viewer, frame by frame and without a display, on the sample incident.
#include "recording/recording.h"
#include "tests/pictures.h"
#include "tests/temporary.h"
#include "tests/viz/sample_recording.h"
#include "viz/arguments.h"
#include "viz/cluster/condition.h"
#include "viz/cluster/layout.h"
#include "viz/cluster/ways.h"
#include "viz/elapsed.h"
#include "viz/layout.h"
#include "viz/offscreen.h"
#include "viz/panels.h"
#include "viz/partitions/pieces.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <set>
#include <unistd.h>

using namespace brokerlab;
using namespace brokerlab::viz;
using tests::difference;

namespace {

// Written once for all tests, removed at exit.
const std::string& sample_file() {
  static const SampleFile file;
  return file.path;
}

Viewer open_viewer(const std::string& path = sample_file()) {
  auto viewer = Viewer::open(path);
  if (!viewer.ok()) FAIL(viewer.error());
  return std::move(viewer).value();
}

struct Shot {
  int width = 1600;
  int height = 900;
  Language language = Language::english;
  Time at = Time(330s);
};

struct Shown {
  Picture picture;
  std::vector<std::string> clipped;
};

Shown take(const Shot& shot) {
  Viewer viewer = open_viewer();
  viewer.view().language = shot.language;
  seek(viewer.view(), shot.at, viewer.run().duration);
  auto offscreen = Offscreen::create(shot.width, shot.height);
  if (!offscreen.ok()) FAIL(offscreen.error());
  auto picture = offscreen->render(viewer);
  if (!picture.ok()) FAIL(picture.error());
  return {*picture, offscreen->clipped()};
}

}  // namespace

TEST_CASE("no text is cut in either language, size or phase of the incident", "[unit]") {
  for (const auto language : {Language::english, Language::korean}) {
    for (const auto& [width, height] : {std::pair{1600, 900}, std::pair{1280, 720}}) {
      for (const auto at : {0s, 330s, 340s, 349s, 470s, 600s}) {
        INFO(width << "x" << height << " at " << at.count() << " s");
        const auto shown =
            take({.width = width, .height = height, .language = language, .at = Time(at)});
        CHECK(shown.clipped == std::vector<std::string>{});
      }
    }
  }
}

TEST_CASE("the clock and the seconds of the run show the same tenth", "[unit]") {
  Run run;
  run.starts_at = 8h + 55min;
  for (const Duration at : {Duration{}, Duration(336'870ms), Duration(336'900ms), 59'999ms + 0ns}) {
    const std::string clock = run.wall_clock(Time(at), true);
    CHECK(elapsed(Time(at)).back() == clock.back());
  }
  CHECK(run.wall_clock(Time(336'870ms), true) == "09:00:36.8");
  CHECK(elapsed(Time(336'870ms)) == "336.8");
}

TEST_CASE("the same view makes the same bytes", "[unit]") {
  CHECK(take({.at = Time(349s)}).picture.rgb == take({.at = Time(349s)}).picture.rgb);
}

TEST_CASE("a frame is not blank, and the dead broker changes it", "[unit]") {
  const auto before = take({.at = Time(329s) + 900ms}).picture;
  const auto after = take({.at = Time(330s)}).picture;
  std::set<std::array<std::uint8_t, 3>> colours;
  int red_before = 0;
  int red_after = 0;
  for (std::size_t i = 0; i < before.rgb.size(); i += 3) {
    colours.insert({before.rgb[i], before.rgb[i + 1], before.rgb[i + 2]});
    const auto red = [i](const Picture& p) {
      return p.rgb[i] > 150 && p.rgb[i + 1] < 110 && p.rgb[i + 2] < 110;
    };
    red_before += red(before);
    red_after += red(after);
  }
  CHECK(colours.size() > 200);
  CHECK(difference(before, after).pixels > 0.008);  // Twice what a golden forgives.
  CHECK(red_after > red_before + 1500);
}

TEST_CASE("the language changes the words", "[unit]") {
  const auto english = take({.language = Language::english}).picture;
  const auto korean = take({.language = Language::korean}).picture;
  CHECK(difference(english, korean).pixels > 0.01);
}

TEST_CASE("every text has both languages and every glyph is in the font", "[unit]") {
  Viewer viewer = open_viewer();
  auto offscreen = Offscreen::create(1600, 900);
  REQUIRE(offscreen.ok());
  REQUIRE(offscreen->render(viewer).ok());
  for (int i = 0; i < static_cast<int>(Text::count_); ++i) {
    for (const auto language : {Language::english, Language::korean}) {
      const auto text = say(static_cast<Text>(i), language);
      INFO("text " << i << ": " << text);
      CHECK_FALSE(text.empty());
      CHECK(missing_glyph(offscreen->fonts(), text).empty());
    }
  }
  CHECK(missing_glyph(offscreen->fonts(), viewer.run().all_text()).empty());
  CHECK(missing_glyph(offscreen->fonts(), "\u2603") == "\u2603");  // The test can fail.
}

TEST_CASE("keys play, step and switch the language", "[unit]") {
  Viewer viewer = open_viewer();
  ViewState& view = viewer.view();
  viewer.press(Key::right, false);
  CHECK(view.time == Time(1s));
  viewer.press(Key::right, true);
  CHECK(view.time == Time(11s));
  viewer.press(Key::left, true);
  viewer.press(Key::left, true);
  CHECK(view.time == Time{});
  viewer.press(Key::end, false);
  CHECK(view.time == Time(600s));
  viewer.press(Key::space, false);  // At the end, play means again from the start.
  CHECK(view.time == Time{});
  CHECK(view.playing);
  viewer.press(Key::faster, false);
  advance(view, 0.5, viewer.run().duration);
  CHECK(view.time == Time(1s));
  viewer.press(Key::space, false);
  advance(view, 0.5, viewer.run().duration);
  CHECK(view.time == Time(1s));
  viewer.press(Key::language, false);
  CHECK(view.language == Language::korean);
  for (int i = 0; i < 40; ++i) viewer.press(Key::slower, false);
  CHECK(view.speed == slowest);
  view.speed = 1;
  view.playing = true;
  view.time = Time(600s) - 1ms;
  advance(view, 1, viewer.run().duration);
  CHECK_FALSE(view.playing);
}

TEST_CASE("escape closes what is open, the topmost first, and never more", "[unit]") {
  Viewer viewer = open_viewer();
  ViewState& view = viewer.view();
  view.selected_event = viewer.run().events.front().id;
  view.consumers.open = "nifi";
  viewer.press(Key::help, false);
  CHECK(view.help);
  viewer.press(Key::escape, false);
  CHECK_FALSE(view.help);
  CHECK(view.selected_event);
  viewer.press(Key::escape, false);
  CHECK_FALSE(view.selected_event);
  viewer.press(Key::escape, false);
  CHECK(view.consumers.open.empty());
  viewer.press(Key::escape, false);
  CHECK_FALSE(view.wants_quit);
}

TEST_CASE("it opens just before the first fault, and steps from event to event", "[unit]") {
  Viewer viewer = open_viewer();
  ViewState& view = viewer.view();
  const Duration run = viewer.run().duration;
  CHECK(viewer.run().first_fault == Time(330s));  // The load's rise before it is no fault.
  CHECK(opening_moment(viewer.run()) == Time(329s));
  viewer.press(Key::first_fault, false);
  CHECK(view.time == Time(329s));
  viewer.press(Key::next, false);
  CHECK(view.time == Time(330s));
  viewer.press(Key::next, false);
  CHECK(view.time == at_seconds(340.4));
  viewer.press(Key::previous, false);
  viewer.press(Key::previous, false);
  CHECK(view.time == Time(300s));
  viewer.press(Key::previous, false);
  CHECK(view.time == Time{});
  seek(view, Time(599s), run);
  viewer.press(Key::next, false);
  CHECK(view.time == Time(run));
  CHECK(opening_moment(Run{}) == Time{});
  // Without a fault: before the load begins, or what the lesson asks about.
  Run calm;
  recording::RecordedEvent load;
  load.t = Time(10s);
  load.kind = "load.changed";
  calm.events.push_back(load);
  CHECK(opening_moment(calm) == Time(9s));
  calm.duration = 50s;
  calm.asked_about = Time(50s);
  CHECK(opening_moment(calm) == Time(9s));
  calm.asked_about = Time(40s);
  CHECK(opening_moment(calm) == Time(39s));
  calm.first_fault = Time(60s);
  CHECK(opening_moment(calm) == Time(59s));
}

TEST_CASE("who ended by itself is seen to be stopped, until it starts again", "[unit]") {
  const std::string path = tests::temporary_path("exits.run");
  auto recording = recording::Recording::create(path);
  REQUIRE(recording.ok());
  recording->meta("duration_ns", "60000000000");
  recording->machine(1, "database-1", "client");
  recording->process(1, 1, "database-1", "consumer", 1);
  recording->machine(2, "shop", "client");
  recording->process(2, 2, "shop", "producer", 1);
  for (const char* subject : {"process/1", "process/2"}) {
    recording->fact(Time{}, subject, "state", "stopped");
  }
  const auto tell = [&](Time t, const char* kind, int machine, const char* process) {
    recording::EventRow event{.t = t,
                              .kind = kind,
                              .level = recording::EventLevel::control,
                              .machine = machine,
                              .en = kind};
    event.details = {{"process", process}};
    recording->event(event);
  };
  tell(Time(1s), "process.started", 2, "operator");  // Not the shop itself.
  tell(Time(3s), "process.started", 1, "database-1");
  tell(Time(4s), "process.started", 2, "shop");
  for (const char* subject : {"process/1", "process/2"}) {
    recording->fact(Time(4s), subject, "state", "running");
  }
  tell(Time(20s), "process.exited", 1, "database-1");
  tell(Time(25s), "process.exited", 2, "operator");
  tell(Time(40s), "process.started", 1, "database-1");
  REQUIRE(recording->finish().ok());
  auto opened = Viewer::open(path);
  if (!opened.ok()) FAIL(opened.error());
  const auto worst = [&](const recording::RecordedProcess& process, Time t) {
    seek(opened->view(), t, opened->run().duration);
    const Scene scene{opened->reader(), opened->run(), opened->moment(), opened->view()};
    const auto all = conditions_of(scene, process);
    return all.empty() ? Condition::count_ : all.front();
  };
  const auto& reader = opened->run().consumers.front().process;
  CHECK(worst(reader, Time(2s)) == Condition::not_started);
  CHECK(worst(reader, Time(19s)) == Condition::count_);
  CHECK(worst(reader, Time(20s)) == Condition::stopped);
  CHECK(worst(reader, Time(39s)) == Condition::stopped);
  CHECK(worst(reader, Time(40s)) == Condition::count_);
  const auto& shop = opened->run().producers.front().process;
  CHECK(worst(shop, Time(2s)) == Condition::not_started);
  CHECK(worst(shop, Time(30s)) == Condition::count_);
  std::filesystem::remove(path);
}

TEST_CASE("messages keep clear of clients and brokers on their way up and down", "[unit]") {
  Run run;
  for (int i = 0; i < 4; ++i) {
    Client client;
    client.process.machine = 10 + i;
    client.process.name = client.gang = fmt::format("app {}", i);
    run.producers.push_back(client);
  }
  recording::RecordedProcess broker;
  broker.machine = broker.number = 1;
  run.brokers = {broker};
  for (const bool presenting : {false, true}) {
    ViewState view;
    view.presenting = presenting;
    const Rect room{0, 0, 930, 420};
    const ClusterLayout layout(run, view, room);
    const Ways ways(run, layout);
    const float clients = layout.producers.room.right();
    for (int i = 0; i < 4; ++i) {
      const Way way = ways.way(10 + i, 1, Family::produce);
      REQUIRE(way.size() > 2);
      CHECK(way[1].x >= clients + 9);
      CHECK(way[1].x <= clients + layout.lane_width - 9);
    }
  }
}

TEST_CASE("clients that are many stand low rather than out of sight", "[unit]") {
  Run run;
  const auto named = [](const std::string& name, const std::string& gang) {
    Client client;
    client.process.name = name;
    client.gang = gang;
    return client;
  };
  const auto add = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const std::string name = fmt::format("app {}", run.producers.size());
      run.producers.push_back(named(name, name));
    }
  };
  add(8);
  const ClusterLayout all(run, {}, {0, 0, 930, 420});
  REQUIRE(all.producers.places.size() == 8);
  float end = 0;
  for (const ClientPlace& place : all.producers.places) {
    CHECK(place.kind == ClientPlace::Kind::one);
    CHECK(place.rect.y >= end);
    end = place.rect.bottom();
  }
  CHECK(end <= all.producers.room.bottom() + 0.5F);
  add(40);
  const ClusterLayout some(run, {}, {0, 0, 930, 420});
  CHECK(some.producers.places.back().kind == ClientPlace::Kind::more);
  CHECK(some.producers.shown < some.producers.total);
}

TEST_CASE("playing slows down around what matters, and only there", "[unit]") {
  const std::vector<Time> moments{Time(100s)};
  ViewState view;
  view.speed = 8;
  for (const auto& [at, speed] :
       {std::pair{50s, 8.0}, std::pair{93s, 1.0}, std::pair{107s, 1.0}, std::pair{109s, 8.0}}) {
    view.time = Time(at);
    CHECK(speed_now(view, moments) == speed);
  }
  view.time = Time(100s);
  view.speed = 2;
  CHECK(speed_now(view, moments) == 0.5);
  view.speed = 0.125;
  CHECK(speed_now(view, moments) == 0.125);
  view.speed = 8;
  view.slow_motion = false;
  CHECK(speed_now(view, moments) == 8);
}

TEST_CASE("the type grows and shrinks, the theme changes, panels are chosen", "[unit]") {
  Viewer viewer = open_viewer();
  for (int i = 0; i < 30; ++i) viewer.press(Key::larger, false);
  CHECK(viewer.view().type == largest_type);
  for (int i = 0; i < 30; ++i) viewer.press(Key::smaller, false);
  CHECK(viewer.view().type == 1);
  viewer.press(Key::theme, false);
  CHECK(viewer.view().light);
  viewer.press(Key::tab, true);
  CHECK(viewer.view().tab == 3);
  viewer.press(Key::tab, false);
  CHECK(viewer.view().tab == 0);
}

TEST_CASE("a lost record is seen to be lost, from then on", "[unit]") {
  Viewer viewer = open_viewer();
  const Run& run = viewer.run();
  const Time lost = at_seconds(348.8);  // The sample's sentence about three records.
  CHECK(run.lost_of(0, lost - 1ms) == 0);
  CHECK(run.lost_of(0, lost) == 3);
  CHECK(run.lost_offsets(0, lost) == std::vector<std::int64_t>{2085, 2086, 2087});
  CHECK(run.lost_of(1, Time(600s)) == 0);
  const auto standing = [&](Time t) {
    seek(viewer.view(), t, run.duration);
    const Scene scene{viewer.reader(), run, viewer.moment(), viewer.view()};
    return standing_of(scene, run.partitions[0]);
  };
  CHECK(standing(Time(300s)) == Standing::well);
  CHECK(standing(Time(340s)) == Standing::offline);
  CHECK(standing(Time(349s)) == Standing::lost);
}

TEST_CASE("a click on a partition shows its logs, and one on the cross closes them", "[unit]") {
  Viewer viewer = open_viewer();
  auto screen = Offscreen::create(1600, 900);
  REQUIRE(screen.ok());
  viewer.view().partition = 3;
  REQUIRE(screen->compose(viewer).ok());
  const auto says = [&](std::string_view word) {
    return std::any_of(screen->texts().begin(), screen->texts().end(),
                       [&](const DrawnText& text) { return text.text == word; });
  };
  CHECK(says("jnu_wifi_auth-3"));
  viewer.press(Key::escape, false);
  REQUIRE(screen->compose(viewer).ok());
  CHECK_FALSE(says("jnu_wifi_auth-3"));
}

TEST_CASE("a recording with nothing in it is drawn, not crashed over", "[unit]") {
  const std::string path = sample_file() + ".empty";
  auto recording = recording::Recording::create(path);
  REQUIRE(recording.ok());
  REQUIRE(recording->finish().ok());
  Viewer viewer = open_viewer(path);
  auto offscreen = Offscreen::create(1280, 720);
  REQUIRE(offscreen.ok());
  CHECK(offscreen->render(viewer).ok());
  std::filesystem::remove(path);
}

TEST_CASE("a machine that runs and is not well has a badge, and words for it", "[unit]") {
  const std::string path = sample_file() + ".ailing";
  auto recording = recording::Recording::create(path);
  REQUIRE(recording.ok());
  recording->meta("duration_ns", "60000000000");
  for (int i = 1; i <= 2; ++i) {
    recording->machine(i, fmt::format("broker-{}", i), "broker");
    recording->process(i, i, fmt::format("broker-{}", i), "broker", i);
  }
  const auto tell = [&](Duration at, const char* kind, const char* disk, const std::string& en) {
    recording::EventRow event{.t = Time(at),
                              .kind = kind,
                              .level = recording::EventLevel::fault,
                              .machine = 1,
                              .en = en,
                              .ko = "한국어"};
    if (disk != nullptr) event.details = {{"disk", disk}};
    recording->event(event);
  };
  tell(10s, "disk.slow", "1", "3 times as long");
  tell(12s, "disk.slow", "2", "the other");
  tell(15s, "disk.slow", "1", "7 times as long");
  tell(20s, "disk.speed_restored", "1", "as fast as before");
  tell(20s, "disk.speed_restored", "2", "as fast as before");
  tell(30s, "machine.clock_set", nullptr, "an hour ahead");
  tell(40s, "machine.clock_right", nullptr, "right again");
  tell(50s, "nic.slowed", nullptr, "no more than 1Mbps");
  REQUIRE(recording->finish().ok());
  Viewer viewer = open_viewer(path);
  std::filesystem::remove(path);
  const auto ails = [&](Duration at) {
    return viewer.run().ailing(1, Time(at), Language::english);
  };
  CHECK(ails(9s).empty());
  CHECK(ails(12s) == "3 times as long\nthe other");
  CHECK(ails(16s) == "the other\n7 times as long");
  CHECK(ails(25s).empty());
  CHECK(ails(35s) == "an hour ahead");
  CHECK(ails(45s).empty());
  CHECK(ails(59s) == "no more than 1Mbps");
  CHECK(viewer.run().ailing(1, Time(35s), Language::korean) == "한국어");
  CHECK(viewer.run().ailing(2, Time(35s), Language::english).empty());
  auto offscreen = Offscreen::create(1280, 720);
  REQUIRE(offscreen.ok());
  const auto amber = [&](Duration at) {
    seek(viewer.view(), Time(at), viewer.run().duration);
    const auto picture = offscreen->render(viewer);
    REQUIRE(picture.ok());
    int count = 0;
    for (std::size_t i = 0; i < picture->rgb.size(); i += 3) {
      count += picture->rgb[i] == 220 && picture->rgb[i + 1] == 186 && picture->rgb[i + 2] == 116;
    }
    return count;
  };
  CHECK(amber(35s) > amber(45s) + 150);
}

TEST_CASE("a fault of the network is shaded until what ends it, and named", "[unit]") {
  const std::string path = sample_file() + ".network";
  auto recording = recording::Recording::create(path);
  REQUIRE(recording.ok());
  recording->meta("duration_ns", "60000000000");
  const auto tell = [&](Duration at, const char* kind, recording::EventLevel level,
                        const recording::EventDetails& details) {
    recording->event({.t = Time(at),
                      .kind = kind,
                      .level = level,
                      .en = kind,
                      .ko = "한국어",
                      .details = details});
  };
  const auto fault = recording::EventLevel::fault;
  const auto control = recording::EventLevel::control;
  tell(10s, "network.switch_failed", fault, {{"switch", "tor-1"}});
  tell(12s, "network.cut", fault, {{"from", "a"}, {"to", "b"}});
  tell(13s, "network.cut", fault, {{"from", "a"}, {"to", "b"}});
  tell(20s, "network.relieved", control, {{"from", "a"}, {"to", "b"}});
  tell(25s, "network.outage_mended", control, {{"what", "tor-1"}});
  tell(30s, "network.area_cut", fault, {{"area", "rack-a"}});
  tell(40s, "network.healed", control, {{"from", "a"}, {"to", "b"}});
  REQUIRE(recording->finish().ok());
  const Viewer viewer = open_viewer(path);
  std::filesystem::remove(path);
  std::vector<std::pair<Time, Time>> spans;
  for (const Outage& outage : viewer.run().outages) spans.emplace_back(outage.from, outage.to);
  std::sort(spans.begin(), spans.end());
  CHECK(spans == std::vector<std::pair<Time, Time>>{{Time(10s), Time(25s)},
                                                    {Time(12s), Time(20s)},
                                                    {Time(13s), Time(40s)},
                                                    {Time(30s), Time(60s)}});
}

TEST_CASE("a recording that left messages out says so below the picture", "[unit]") {
  const std::string path = sample_file() + ".levels";
  const auto shown = [&](const recording::Scope& scope, Language language, Time at) {
    auto recording = recording::Recording::create(path);
    REQUIRE(recording.ok());
    recording->scope(scope);
    recording->meta("duration_ns", "60000000000");
    REQUIRE(recording->finish().ok());
    Viewer viewer = open_viewer(path);
    std::filesystem::remove(path);
    viewer.view().language = language;
    seek(viewer.view(), at, viewer.run().duration);
    auto offscreen = Offscreen::create(1280, 720);
    REQUIRE(offscreen.ok());
    auto picture = offscreen->render(viewer);
    REQUIRE(picture.ok());
    CHECK(offscreen->clipped() == std::vector<std::string>{});
    return picture->rgb;
  };
  const recording::Scope control{.level = recording::Level::control};
  const recording::Scope sampled{.level = recording::Level::sampled, .sample = 100};
  recording::Scope window = control;
  window.from = Time(10s);
  window.until = Time(20s);
  for (const auto language : {Language::english, Language::korean}) {
    const auto all = shown({}, language, Time(15s));
    CHECK(shown(control, language, Time(15s)) != all);
    CHECK(shown(sampled, language, Time(15s)) != all);
    CHECK(shown(sampled, language, Time(15s)) != shown(control, language, Time(15s)));
    CHECK(shown(window, language, Time(15s)) == all);
    CHECK(shown(window, language, Time(25s)) == shown(control, language, Time(25s)));
  }
}

TEST_CASE("messages take the bus of their family", "[unit]") {
  CHECK(family_of("Produce response", false) == Family::produce);
  CHECK(family_of("Fetch", true) == Family::replicate);
  CHECK(family_of("Fetch", false) == Family::consume);
  CHECK(family_of("LeaderAndIsr", true) == Family::control);
  CHECK(family_of("ZooKeeper ping", false) == Family::control);

  Viewer viewer = open_viewer();
  const ClusterLayout layout(viewer.run(), {}, {0, 0, 930, 420});
  const Ways ways(viewer.run(), layout);
  const Way way = ways.way(7, 3, Family::produce);
  REQUIRE(way.size() > 2);
  CHECK(layout.producers.places[0].rect.right() == way.front().x);
  CHECK(layout.brokers[2].y == way.back().y);
  for (float share = 0.02F; share < 1; share += 0.02F) {
    const Point at = along(way, share);
    for (const Rect& broker : layout.brokers) CHECK_FALSE(broker.inset(1).holds(at));
  }
  CHECK(ways.way(7, 99, Family::produce).empty());
}

TEST_CASE("the command line is understood or explained", "[unit]") {
  const auto parse = [](std::vector<const char*> words) {
    return parse_arguments(words, "en_US.UTF-8");
  };
  const auto all =
      parse({"a.run", "--lang=ko", "--at", "305s", "--screenshot", "x.png", "--size", "1280x720"});
  REQUIRE(all.ok());
  CHECK(all->language == Language::korean);
  CHECK(all->at == "305s");
  CHECK(parse({"a.run", "--at", "09:00:46"}).ok());
  CHECK(parse({"a.run", "--at", "first fault"})->at == "first fault");
  CHECK(parse({"a.run", "--theme", "light"})->light);
  CHECK(parse({"a.run", "--type", "150%"})->type == 1.5);
  CHECK(parse({"a.run", "--why", "is now led"})->why == "is now led");
  CHECK_THAT(usage(), Catch::Contains("Keys: space") && Catch::Contains("shift"));
  CHECK(parse({"a.run", "--screenshot", "pictures/X.PNG"})->export_to == "pictures/X.PNG");
  CHECK(parse({"a.run", "--screenshot", "x.jpg"}).error() ==
        "--screenshot x.jpg: the picture is a PNG; its name must end in .png");
  CHECK(all->width == 1280);
  const auto film = parse({"a.run", "--export", "a.GIF", "--from", "300s", "--to=first fault",
                           "--speed", "1/1000", "--panel", "partitions"});
  REQUIRE(film.ok());
  CHECK(film->export_to == "a.GIF");
  CHECK(film->to == "first fault");
  CHECK(film->speed == 0.001);
  CHECK(film->panel == 1);
  CHECK(parse({"a.run", "--speed", "10x"})->speed == 10);
  CHECK(parse({"a.run", "--export", "x.avi"}).error() ==
        "--export x.avi: its name must end in .png (a picture), .gif or .mp4 (a film)");
  const char* const one[] = {"a.run"};
  CHECK(parse_arguments(one, "ko_KR.UTF-8")->language == Language::korean);
  for (const auto& words :
       std::vector<std::vector<const char*>>{{},
                                             {"a.run", "b.run"},
                                             {"a.run", "--at"},
                                             {"a.run", "--at", "305"},
                                             {"a.run", "--at", "-1s"},
                                             {"a.run", "--size", "10x10"},
                                             {"a.run", "--size", "big"},
                                             {"a.run", "--lang", "fr"},
                                             {"a.run", "--nothing", "x"},
                                             {"a.run", "--screenshot", ""},
                                             {"a.run", "--screenshot", ".png"},
                                             {"a.run", "--screenshot", "x.jpg"},
                                             {"a.run", "--screenshot", "x"},
                                             {"a.run", "--export", ".mp4"},
                                             {"a.run", "--from", "3s"},
                                             {"a.run", "--export", "x.mp4", "--at", "3s"},
                                             {"a.run", "--export", "x.mp4", "--from", "-3s"},
                                             {"a.run", "--speed", "0"},
                                             {"a.run", "--speed", "1/0"},
                                             {"a.run", "--speed", "-1"},
                                             {"a.run", "--speed", "2y"},
                                             {"a.run", "--speed", "nan"},
                                             {"a.run", "--speed", "2000"},
                                             {"a.run", "--panel", "3"},
                                             {"a.run", "--theme", "pink"},
                                             {"a.run", "--type", "50%"},
                                             {"a.run", "--at", " "},
                                             {"a.run", "--why", ""}}) {
    CHECK_FALSE(parse(words).ok());
  }
}

TEST_CASE("panels share the sheet: who wants more gets what there is, nobody overlaps", "[unit]") {
  using Kind = Place::Kind;
  const auto draw = [](Ui&, const Scene&, const Rect&) {};
  const auto hundred = [](const Scene&) { return 100.0F; };
  const auto too_much = [](const Scene&) { return 5000.0F; };
  const Place sheet{
      .kind = Kind::rows,
      .parts = {{.wants = hundred, .draw = draw},
                {.kind = Kind::columns,
                 .parts = {{.draw = draw}, {.wants = hundred, .draw = draw}, {.draw = draw}}}}};
  const auto reader = recording::Reader::open(sample_file());
  REQUIRE(reader.ok());
  const Run run = read_run(*reader);
  const Moment moment;
  ViewState view;
  const Scene scene{*reader, run, moment, view};
  const std::vector<Placed> placed = lay_out(sheet, scene, {0, 0, 520, 410}, 10);
  const auto is = [&](std::size_t i, float x, float y, float w, float h) {
    const Rect& rect = placed.at(i).rect;
    CHECK(std::vector<float>{rect.x, rect.y, rect.w, rect.h} == std::vector<float>{x, y, w, h});
  };
  REQUIRE(placed.size() == 4);
  is(0, 0, 0, 520, 100);
  is(1, 0, 110, 200, 300);
  is(2, 210, 110, 100, 300);
  is(3, 320, 110, 200, 300);
  const Place crowded{.kind = Kind::columns,
                      .parts = {{.wants = too_much, .draw = draw}, {.draw = draw}}};
  const std::vector<Placed> squeezed = lay_out(crowded, scene, {0, 0, 520, 410}, 10);
  CHECK(squeezed.at(0).rect.w == 510);
  CHECK(squeezed.at(1).rect.w == 0);
}
