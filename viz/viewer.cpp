#include "viz/viewer.h"

#include "viz/deeds.h"
#include "viz/layout.h"
#include "viz/panels.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

namespace brokerlab::viz {
namespace {

/// The bar on top; below it the cluster above its time line on the left, tables on the right.
const Place& sheet_of_panels() {
  using Kind = Place::Kind;
  // Before a class the cluster has the room, and the table does without the epochs.
  const auto tables = [](const Scene& scene) { return scene.view.presenting ? 548.0F : 604.0F; };
  static const Place sheet{
      .kind = Kind::rows,
      .parts = {
          {.wants = top_bar_height, .draw = draw_top_bar},
          {.kind = Kind::columns,
           .parts = {{.kind = Kind::rows,
                      .parts = {{.draw = draw_cluster_panel},
                                {.wants = time_panels_height, .draw = draw_time_panels}}},
                     {.kind = Kind::rows,
                      .wants = tables,
                      .parts = {{.wants = partition_panel_height, .draw = draw_partition_panel},
                                {.draw = draw_event_list}}}}}}};
  return sheet;
}

constexpr std::array panels = {draw_cluster_panel, draw_partition_panel, draw_event_list,
                               draw_time_panels};

/// One panel, with the title and the moment below it, so that its picture speaks for itself.
Place sheet_of_panel(int tab) {
  const auto caption = [](const Scene&) { return 28.0F; };
  return {.kind = Place::Kind::rows,
          .parts = {{.draw = panels[static_cast<std::size_t>(std::clamp(tab, 0, 3))]},
                    {.wants = caption, .draw = draw_caption}}};
}

/// With large type, or in a small window: the bar, and one of the panels.
Place sheet_of_one(int tab) {
  const auto tabs = [](const Scene&) { return 28.0F; };
  return {.kind = Place::Kind::rows,
          .parts = {{.wants = top_bar_height, .draw = draw_top_bar},
                    {.wants = tabs, .draw = draw_tabs},
                    {.draw = panels[static_cast<std::size_t>(std::clamp(tab, 0, 3))]}}};
}

}  // namespace

Result<Viewer, std::string> Viewer::open(const std::string& path) {
  auto reader = recording::Reader::open(path);
  if (!reader) return fail(reader.error());
  return Viewer(std::move(reader).value(), path);
}

Viewer::Viewer(recording::Reader reader, const std::string& path)
    : path_(path), reader_(std::move(reader)), run_(read_run(reader_)), notebook_(path) {
  view_.notice = notebook_.problem().value_or("");
  glyphs_.add(run_.all_text());
}

const std::string& Viewer::glyphs() {
  glyphs_.add(view_.writing.value_or(""));
  glyphs_.add(view_.notice);
  for (const Bookmark& one : notebook_.notes().bookmarks) glyphs_.add(one.note);
  if (view_.selected_event && view_.selected_event != glyphs_have_) {
    for (const auto& event : reader_.causes(*view_.selected_event)) {
      for (const std::string* text : {&event.en, &event.ko, &event.detail}) glyphs_.add(*text);
    }
    glyphs_have_ = view_.selected_event;
  }
  return glyphs_.text();
}

const std::vector<Stop>& Viewer::stops() {
  const std::vector<Breakpoint>& wanted = notebook_.notes().breakpoints;
  if (stops_are_of_ != wanted) {
    stops_ = stops_of(wanted, reader_, run_.events);
    stops_are_of_ = wanted;
  }
  return stops_;
}

void Viewer::let_pass(double elapsed) {
  look_after_child();
  if (live_) look_after_live(elapsed);
  if (view_.at_edge) return;
  const Time before = view_.time;
  advance(view_, elapsed, run_.duration, run_.turning_points);
  if (view_.time == before) return;
  if (view_.presenting && pause_between(before, view_.time)) return;
  const auto after = [](Time t, const Stop& stop) { return t < stop.t; };
  const auto next = std::upper_bound(stops().begin(), stops().end(), before, after);
  if (next == stops().end() || next->t > view_.time) return;
  seek(view_, next->t, run_.duration);
  view_.playing = false;
  view_.notice = fmt::format(fmt::runtime(say(Text::stopped_at, view_.language)), next->words);
}

std::vector<PausePoint> Viewer::pauses() const {
  std::vector<PausePoint> all = run_.pauses;
  for (const Bookmark& one : notebook_.notes().bookmarks) {
    if (!one.note.empty()) all.push_back({one.t, one.note, one.note});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const PausePoint& a, const PausePoint& b) { return a.t < b.t; });
  return all;
}

void Viewer::pause_at(const PausePoint& point) {
  seek(view_, point.t, run_.duration);
  view_.playing = false;
  const bool korean = view_.language == Language::korean && !point.ko.empty();
  view_.notice = korean ? point.ko : point.en;
}

bool Viewer::pause_between(Time before, Time now) {
  for (const PausePoint& point : pauses()) {
    if (point.t <= before || point.t > now) continue;
    pause_at(point);
    return true;
  }
  return false;
}

void Viewer::turn_page(bool forward) {
  const std::vector<PausePoint> all = pauses();
  if (forward) {
    for (const PausePoint& point : all) {
      if (point.t > view_.time) return pause_at(point);
    }
    return seek(view_, Time(run_.duration), run_.duration);
  }
  for (auto it = all.rbegin(); it != all.rend(); ++it) {
    if (it->t < view_.time) return pause_at(*it);
  }
  seek(view_, Time{}, run_.duration);
}

std::string Viewer::free_name(const std::string& suffix) const {
  const std::string stem = path_.ends_with(".run") ? path_.substr(0, path_.size() - 4) : path_;
  for (int i = 1;; ++i) {
    std::string name = fmt::format("{}_{}{}", stem, i, suffix);
    std::error_code ignored;
    if (!std::filesystem::exists(name, ignored)) return name;
  }
}

// What was asked for is done at this moment, in a run of its own: the past stays as it is. Live it
// is done now.
void Viewer::act() {
  if (view_.act.empty()) return;
  const std::string action = std::exchange(view_.act, "");
  if (live_) {
    ask_live({{"do", json_from(action)}});
    view_.at_edge = true;
    return;
  }
  if (child_) {
    view_.notice = say(Text::fork_busy, view_.language);
    return;
  }
  child_makes_ = free_name(".run");
  const std::string saved = child_makes_.substr(0, child_makes_.size() - 4) + ".json";
  auto started = Child::start(
      "brokerlab", {"fork", path_, "--at", to_text(view_.time.time_since_epoch()), "--do", action,
                    "--record", child_makes_, "--save", saved, "--quiet"});
  view_.playing = false;
  if (!started) {
    view_.notice = started.error();
    return;
  }
  child_.emplace(std::move(*started));
  view_.notice = fmt::format(fmt::runtime(say(Text::fork_begun, view_.language)),
                             run_.wall_clock(view_.time, true), child_makes_);
}

void Viewer::do_deed(int key) {
  view_.notice = say(Text::fork_whom, view_.language);
  for (const Deed& deed : deeds_for(scene())) {
    view_.notice = say(Text::act_not, view_.language);
    if (deed.key != key) continue;
    view_.notice.clear();
    view_.act = deed.json;
    return;
  }
}

void Viewer::save() {
  if (live_) {
    ask_live({{"save", std::filesystem::absolute(free_name(".json")).string()}});
  } else {
    view_.notice = say(Text::save_only_live, view_.language);
  }
}

void Viewer::start_film() {
  if (live_) {
    view_.notice = say(Text::live_not_yet, view_.language);
    return;
  }
  if (child_) {
    view_.notice = say(Text::fork_busy, view_.language);
    return;
  }
  child_makes_ = free_name(".mp4");
  const Span span = shown_span(view_, run_.duration);
  auto started = Child::start(
      "brokerlab-viz",
      {path_, "--export", child_makes_, "--from", to_text(span.from.time_since_epoch()), "--to",
       to_text(span.to.time_since_epoch()), "--speed",
       view_.speed >= 1 ? fmt::format("{:.0f}", view_.speed)
                        : fmt::format("1/{:.0f}", 1 / view_.speed),
       "--size", "1280x720", "--lang", view_.language == Language::korean ? "ko" : "en", "--theme",
       view_.light ? "light" : "dark"});
  if (!started) {
    view_.notice = started.error();
    return;
  }
  child_.emplace(std::move(*started));
  view_.notice = fmt::format(fmt::runtime(say(Text::film_begun, view_.language)), child_makes_);
}

void Viewer::look_after_child() {
  if (!child_) return;
  const auto outcome = child_->outcome();
  if (!outcome) return;
  child_.reset();
  const bool forked = child_makes_.ends_with(".run");
  // A run exits with its verdict.
  if (outcome->status > (forked ? 2 : 0)) {
    view_.notice = outcome->words;
    return;
  }
  if (!forked) {
    view_.notice = fmt::format(fmt::runtime(say(Text::film_done, view_.language)), child_makes_);
    return;
  }
  const auto compared = compare_with(child_makes_);
  view_.notice =
      compared.ok() ? std::string(say(Text::fork_done, view_.language)) : compared.error();
}

void Viewer::swap_runs() {
  if (!other_ || child_) {
    view_.notice = say(other_ ? Text::fork_busy : Text::compare_with_nothing, view_.language);
    return;
  }
  auto other = open(other_path_);
  if (!other) {
    view_.notice = other.error();
    return;
  }
  other->view_ = view_;
  other->view_.selected_event.reset();
  other->view_.asked.reset();
  seek(other->view_, view_.time, other->run_.duration);
  const std::string mine = path_;
  if (const auto compared = other->compare_with(mine); !compared) {
    view_.notice = compared.error();
    return;
  }
  *this = std::move(*other);
}

Status<std::string> Viewer::compare_with(const std::string& path) {
  auto reader = recording::Reader::open(path);
  if (!reader) return fail(reader.error());
  auto compared = recording::compare(path_, path);
  if (!compared) return fail(compared.error());
  other_ = read_run(*reader);
  other_path_ = path;
  comparison_ = std::move(*compared);
  glyphs_.add(other_->all_text());
  for (const auto& one : comparison_->settings) {
    for (const auto* text : {&one.a, &one.b}) glyphs_.add(text->value_or(""));
  }
  for (const auto& one : comparison_->figures) {
    glyphs_.add(one.words.english);
    glyphs_.add(one.words.korean);
  }
  return {};
}

void Viewer::type(std::string_view text) {
  constexpr std::size_t longest_note = 200;
  if (view_.writing && view_.writing->size() + text.size() <= longest_note) *view_.writing += text;
}

void Viewer::write_note(Key key) {
  std::string& text = *view_.writing;
  if (key == Key::backspace) {
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) {
      text.pop_back();
    }
    if (!text.empty()) text.pop_back();
    return;
  }
  if (key != Key::enter && key != Key::remove && key != Key::escape) return;
  Notes notes = notebook_.notes();
  if (key == Key::enter) notes.put({view_.time, text});
  if (key == Key::remove) notes.remove(view_.time);
  view_.writing.reset();
  if (key == Key::escape) return;
  notebook_.write(std::move(notes));
  view_.notice = notebook_.problem().value_or("");
}

const Moment& Viewer::moment() {
  if (moment_speed_ != view_.speed || moment_.t != view_.time) {
    moment_ = read_moment(reader_, run_, view_.time, view_.speed);
    moment_speed_ = view_.speed;
  }
  return moment_;
}

void Viewer::press(Key key, bool shift) {
  if (view_.writing) return write_note(key);
  view_.notice.clear();
  if (press_live(key)) return;
  const Duration step = shift ? 10s : 1s;
  switch (key) {
    case Key::space:
      if (!view_.playing && !live_ && view_.time == Time(run_.duration))
        seek(view_, Time{}, run_.duration);
      view_.playing = !view_.playing;
      return;
    case Key::left:
      return seek(view_, view_.time - step, run_.duration);
    case Key::right:
      return seek(view_, view_.time + step, run_.duration);
    case Key::home:
      return seek(view_, Time{}, run_.duration);
    case Key::end:
      return seek(view_, Time(run_.duration), run_.duration);
    case Key::language:
      view_.language = view_.language == Language::english ? Language::korean : Language::english;
      return;
    case Key::faster:
      return change_speed(view_, true);
    case Key::slower:
      return change_speed(view_, false);
    case Key::next:
    case Key::previous:
      view_.playing = false;
      if (shift) return go_to_bookmark(key == Key::next);
      return seek(view_, step_to(view_, run_.moments, key == Key::next, run_.duration),
                  run_.duration);
    case Key::first_fault:
      return seek(view_, opening_moment(run_), run_.duration);
    case Key::slow_motion:
      view_.slow_motion = !view_.slow_motion;
      return;
    case Key::theme:
      view_.light = !view_.light;
      return;
    case Key::larger:
      view_.type = std::min(view_.type + 0.1, largest_type);
      return;
    case Key::smaller:
      view_.type = std::max(view_.type - 0.1, 1.0);
      return;
    case Key::tab:
      view_.tab = (view_.tab + (shift ? 3 : 1)) % 4;
      return;
    case Key::zoom_in:
      return zoom(view_, 0.5, view_.time, run_.duration);
    case Key::zoom_out:
      return zoom(view_, 2, view_.time, run_.duration);
    case Key::whole:
      view_.span = {};
      return;
    case Key::pan_left:
    case Key::pan_right:
      return pan(view_, (key == Key::pan_left ? -1 : 1) * (shift ? 1. : 0.25), run_.duration);
    case Key::alone:
      view_.alone = !view_.alone;
      return;
    case Key::bookmark: {
      const Bookmark* there = notebook_.notes().at(view_.time);
      view_.playing = false;
      view_.writing = there == nullptr ? "" : there->note;
      return;
    }
    case Key::kill:
      return do_deed(shift ? 2 : 1);
    case Key::deed_1:
    case Key::deed_2:
    case Key::deed_3:
    case Key::deed_4:
    case Key::deed_5:
    case Key::deed_6:
    case Key::deed_7:
    case Key::deed_8:
      return do_deed(1 + static_cast<int>(key) - static_cast<int>(Key::deed_1));
    case Key::save:
      return save();
    case Key::swap:
      return swap_runs();
    case Key::picture:
      if (shift) return start_film();
      view_.wants_picture = true;
      return;
    case Key::present:
      view_.presenting = !view_.presenting;
      return;
    case Key::page_down:
    case Key::page_up:
      return turn_page(key == Key::page_down);
    case Key::compare:
      if (other_) view_.comparing = !view_.comparing;
      if (!other_) view_.notice = say(Text::compare_with_nothing, view_.language);
      return;
    case Key::follow:
      view_.playing = false;
      view_.following = view_.following ? std::nullopt : std::optional(view_.time);
      return;
    case Key::breakpoint:
      return toggle_breakpoint(shift);
    case Key::enter:
    case Key::backspace:
    case Key::remove:
      return;
    case Key::help:
      view_.help = !view_.help;
      return;
    case Key::escape:
      close_one(view_);
      return;
  }
}

void Viewer::go_to_bookmark(bool forward) {
  std::vector<Time> moments;
  for (const Bookmark& one : notebook_.notes().bookmarks) moments.push_back(one.t);
  seek(view_, step_to(view_, moments, forward, run_.duration), run_.duration);
  const Bookmark* there = notebook_.notes().at(view_.time);
  if (there != nullptr) view_.notice = there->note;
}

void Viewer::toggle_breakpoint(bool on_kind) {
  Breakpoint wanted{.t = view_.time};
  if (on_kind) {
    const auto event = view_.selected_event ? reader_.event(*view_.selected_event) : std::nullopt;
    if (!event) {
      view_.notice = say(Text::select_first, view_.language);
      return;
    }
    wanted = {.event = event->kind};
  }
  Notes notes = notebook_.notes();
  notes.toggle(wanted);
  const bool set = notes.breakpoints.size() > notebook_.notes().breakpoints.size();
  notebook_.write(std::move(notes));
  const Text words = set ? Text::will_stop : Text::will_not_stop;
  view_.notice = notebook_.problem().value_or(
      fmt::format(fmt::runtime(say(words, view_.language)), wanted.words()));
}

// For who asks beside the frame.
Scene Viewer::scene() { return {reader_, run_, moment(), view_}; }

// Once for a question: it is of the moment at which it was asked.
void Viewer::find_answer() {
  const bool same = view_.asked == answered_ && view_.language == answered_in_;
  if (same) return;
  const bool new_question = view_.asked && view_.asked != answered_;
  answered_ = view_.asked;
  answered_in_ = view_.language;
  if (!view_.asked) return;
  answer_ = answer(scene(), *view_.asked, view_.language);
  if (new_question) view_.selected_event = answer_.event;
}

Frame Viewer::draw_frame(const Fonts& fonts, float scale) {
  act();
  find_answer();
  if (view_.following != journey_from_) {
    journey_from_ = view_.following;
    journey_.reset();
    if (view_.following) journey_ = follow(reader_, run_, *view_.following);
  }
  Ui ui(fonts, scale, view_.language, view_.light, view_.presenting);
  const Rect sheet = ui.sheet();
  const bool narrow = sheet.w < theme::least_width || sheet.h < theme::least_height;
  const Scene scene{reader_,
                    run_,
                    moment(),
                    view_,
                    narrow,
                    &event_rows_,
                    &notebook_,
                    stops(),
                    view_.asked ? &answer_ : nullptr,
                    other_ ? &*other_ : nullptr,
                    comparison_ ? &*comparison_ : nullptr,
                    journey_ ? &*journey_ : nullptr,
                    live_ ? &live_->state() : nullptr};
  ui.fill(sheet, theme::background);

  const Rect inside{theme::margin, theme::margin, sheet.w - 2 * theme::margin,
                    sheet.h - 2 * theme::margin};
  const Place some = view_.alone ? sheet_of_panel(view_.tab)
                     : narrow    ? sheet_of_one(view_.tab)
                                 : sheet_of_panels();
  for (const Placed& panel : lay_out(some, scene, inside, theme::gap)) {
    panel.draw(ui, scene, panel.rect);
  }
  if (view_.following) draw_follow(ui, scene);
  if (view_.comparing) draw_comparison(ui, scene);
  if (view_.help) draw_help(ui, scene);
  draw_notices(ui, scene);
  ui.finish();
  return {ui.clipped(), ui.texts()};
}

Time opening_moment(const Run& run) {
  std::optional<Time> first = run.first_fault;
  // What is asked when all is over is nothing to open before.
  if (!first && run.asked_about && *run.asked_about < Time(run.duration)) {
    first = run.asked_about;
  }
  if (first) return std::max(Time{}, *first - 1s);
  const auto load = std::find_if(run.events.begin(), run.events.end(),
                                 [](const auto& event) { return event.kind == "load.changed"; });
  return load == run.events.end() ? Time{} : std::max(Time{}, load->t - 1s);
}

float scale_for(int width, int height) {
  return std::min(static_cast<float>(width) / theme::design_width,
                  static_cast<float>(height) / theme::design_height);
}

}  // namespace brokerlab::viz
