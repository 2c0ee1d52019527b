// Title, play and speed, the clock, language and verdict.
#include "viz/elapsed.h"
#include "viz/now.h"
#include "viz/panels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace brokerlab::viz {
namespace {

bool draw_button(Ui& ui, const Rect& rect, bool lit) {
  const bool hot = ui.hovered(rect);
  ui.fill(rect, lit ? theme::accent : hot ? theme::card_edge : theme::card, 6);
  ui.outline(rect, lit ? theme::accent : theme::card_edge, 6);
  return ui.clicked(rect);
}

std::string speed_number(double speed) {
  return speed >= 1 ? fmt::format("{:.0f}", speed) : fmt::format("1/{:.0f}", 1 / speed);
}

std::string speed_text(double speed) {
  if (speed >= 1) return fmt::format("{:.0f}×", speed);
  if (speed > 1.0 / 10'000) return fmt::format("1/{:.0f}×", 1 / speed);
  return fmt::format("1/{:.0f}k×", 1 / speed / 1000);
}

// Play or pause, slower, the speed, faster. Returns the x where it ends.
float draw_transport(Ui& ui, const Scene& scene, float x, float y) {
  ViewState& view = scene.view;
  const Rect play{x, y, 46, 34};
  if (draw_button(ui, play, view.playing)) {
    if (!view.playing && scene.live == nullptr && view.time == Time(scene.run.duration)) {
      seek(view, Time{}, scene.run.duration);
    }
    view.playing = !view.playing;
  }
  if (ui.hovered(play)) ui.tooltip(std::string(ui.say(Text::key_hint)));
  const Point c = play.center();
  if (view.playing) {
    ui.fill({c.x - 7, c.y - 8, 5, 16}, theme::on_color, 1);
    ui.fill({c.x + 2, c.y - 8, 5, 16}, theme::on_color, 1);
  } else {
    ui.triangle({c.x - 6, c.y - 9}, {c.x - 6, c.y + 9}, {c.x + 10, c.y}, theme::text);
  }
  const Rect slower{x + 56, y, 30, 34};
  const Rect faster{x + 150, y, 30, 34};
  if (draw_button(ui, slower, false)) change_speed(view, false);
  if (draw_button(ui, faster, false)) change_speed(view, true);
  ui.fill({slower.center().x - 5, slower.center().y - 1, 10, 2}, theme::dim);
  ui.fill({faster.center().x - 5, faster.center().y - 1, 10, 2}, theme::dim);
  ui.fill({faster.center().x - 1, faster.center().y - 5, 2, 10}, theme::dim);
  const double speed = view.playing ? speed_now(view, scene.run.turning_points) : view.speed;
  const bool slow = speed < view.speed;
  ui.text_fit({x + 87, y, 62, 34}, {speed_text(speed)},
              {Size::body, slow ? theme::control : theme::text, true}, Align::center);
  return faster.right();
}

// What was asked may be met and harm be done all the same: that is not green.
std::pair<Text, Color> verdict_of(const std::string& verdict, bool harm) {
  if (verdict == "pass") {
    return harm ? std::pair{Text::verdict_pass_harm, theme::control}
                : std::pair{Text::verdict_pass, theme::good};
  }
  if (verdict == "fail") {
    return {harm ? Text::verdict_fail_harm : Text::verdict_fail, theme::wrong};
  }
  if (verdict == "unknown") {
    return {harm ? Text::verdict_unknown_harm : Text::verdict_unknown, theme::control};
  }
  return {Text::verdict_none, theme::faint};
}

// As many as fit into the width, the worst first, and how many more there are.
std::string harm_line(const Ui& ui, const std::vector<std::string>& harm, const TextStyle& style,
                      float width) {
  std::string line;
  for (std::size_t i = 0; i < harm.size(); ++i) {
    const std::string longer = line + (i == 0 ? "" : " · ") + harm[i];
    const std::size_t left = harm.size() - i - 1;
    const std::string rest = left == 0 ? "" : fmt::format(" · +{}", left);
    if (i > 0 && ui.width_of(longer + rest, style) > width) {
      return fmt::format("{} · +{}", line, harm.size() - i);
    }
    line = longer;
  }
  return line;
}

std::string lines(const std::vector<std::string>& all, const std::string& first) {
  std::string text = first;
  for (const std::string& one : all) text += (text.empty() ? "" : "\n") + one;
  return text;
}

// What a run that is simulated now is doing, in place of a verdict that nobody knows yet.
std::pair<std::string, Color> live_line(const Ui& ui, const Scene& scene) {
  using Doing = recording::LiveState::Doing;
  const auto words = [&](Text text) { return std::string(ui.say(text)); };
  if (scene.live->doing == Doing::catching_up) {
    return {fmt::format(fmt::runtime(ui.say(Text::live_catching_up)),
                        scene.run.wall_clock(scene.live->present, true)),
            theme::control};
  }
  if (scene.live->doing == Doing::finishing) return {words(Text::live_finishing), theme::accent};
  if (!scene.view.at_edge) return {words(Text::live_past), theme::dim};
  if (!scene.view.playing) return {words(Text::live_paused), theme::control};
  return {fmt::format(fmt::runtime(ui.say(Text::live_running)), speed_number(scene.view.speed)),
          theme::good};
}

// What holds now; below it, smaller, what the whole run was judged. Returns the x where it begins.
float draw_state(Ui& ui, const Scene& scene, float right, float top) {
  const std::vector<Holds> now = what_holds(scene, ui.language());
  const Rect badge =
      draw_badge(ui, {right, top}, now.front().words, now.front().color, Align::right);
  std::string all;
  for (const Holds& one : now) all += (all.empty() ? "" : "\n") + one.words;
  const std::vector<std::string>& harm = scene.run.harm(ui.language());
  const auto [verdict, color] = verdict_of(scene.run.verdict, !harm.empty());
  const auto [judged, tint] =
      scene.live != nullptr
          ? live_line(ui, scene)
          : std::pair{fmt::format(fmt::runtime(ui.say(Text::at_the_end)), ui.say(verdict)), color};
  const bool secret = scene.live == nullptr && scene.hides(Time(scene.run.duration));
  if (ui.hovered(badge)) ui.tooltip(secret ? all : all + "\n" + judged);
  why_when_clicked(ui, scene, badge, {Asked::Of::state});
  if (scene.narrow || secret) return badge.x;
  const TextStyle style{Size::small, tint};
  const float width = ui.text({right, top + 25}, judged, style, Align::right);
  const Rect line{right - width, top + 24, width, 18};
  const std::string why = lines(harm, scene.run.verdict_reason);
  if (ui.hovered(line) && !why.empty()) ui.tooltip(why);
  if (scene.live == nullptr) why_when_clicked(ui, scene, line, {Asked::Of::verdict});
  return std::min(badge.x, line.x);
}

// Language and help. Returns the x where they begin.
float draw_choices(Ui& ui, const Scene& scene, float right, float middle) {
  const Rect help{right - 30, middle - 15, 30, 30};
  if (draw_button(ui, help, scene.view.help)) scene.view.help = !scene.view.help;
  ui.text_in(help, "?", {Size::body, scene.view.help ? theme::on_color : theme::text, true},
             Align::center);
  if (ui.hovered(help)) ui.tooltip(std::string(ui.say(Text::help)));
  const Rect language{help.x - 8 - 78, middle - 15, 78, 30};
  if (draw_button(ui, language, false)) {
    scene.view.language = ui.language() == Language::english ? Language::korean : Language::english;
  }
  ui.text_in(language, ui.say(Text::other_language), {Size::small, theme::text}, Align::center);
  return language.x;
}

// The clock and the seconds of the run. Returns the x where they begin.
float draw_clock(Ui& ui, const Scene& scene, float right, float middle) {
  const std::string t = fmt::format("t = {} s", elapsed(scene.view.time));
  const std::string of = fmt::format("/ {:.0f} s", to_seconds(scene.run.duration));
  ui.text({right, middle - 17}, t, {Size::small, theme::text}, Align::right);
  ui.text({right, middle + 1}, of, {Size::small, theme::faint}, Align::right);
  const float clock = right - 100;
  ui.text({clock, middle - 16}, scene.run.wall_clock(scene.view.time, true),
          {Size::clock, theme::accent, true}, Align::right);
  return clock - 140;
}

// The title, as large as it fits, with the harm below it.
void draw_title(Ui& ui, const Scene& scene, const Rect& room) {
  const std::vector<std::string>& harm = scene.run.harm(ui.language());
  const std::string& title = scene.run.title(ui.language());
  if (title.empty()) return;
  const bool alone = harm.empty() || room.h < 44 || scene.hides(Time(scene.run.duration));
  const Rect line{room.x, alone ? room.y : room.y + 5, room.w, alone ? room.h : 26};
  if (ui.text_fit(line, {title}, {Size::title, theme::text, true}) == 0 &&
      ui.text_fit(line, {title}, {Size::body, theme::text, true}) == 0) {
    ui.text_fit(line, {title, ui.wrap(title, {Size::small}, room.w - 20).front() + " …"},
                {Size::small, theme::text});
  }
  if (ui.hovered(line)) ui.tooltip(title);
  if (alone) return;
  const TextStyle style{Size::small, theme::wrong, true};
  const Rect below{room.x, room.y + 33, room.w, 18};
  ui.text_in(below, harm_line(ui, harm, style, room.w), style);
  if (ui.hovered(below)) ui.tooltip(lines(harm, ""));
  why_when_clicked(ui, scene, below, {Asked::Of::verdict});
}

}  // namespace

float top_bar_height(const Scene& scene) { return scene.narrow ? 88 : 58; }

void draw_top_bar(Ui& ui, const Scene& scene, const Rect& rect) {
  draw_panel(ui, rect, "");
  const float left = rect.x + theme::padding;
  const float right = rect.right() - theme::padding;
  if (scene.narrow) {
    const float state = draw_state(ui, scene, right, rect.y + 10);
    draw_title(ui, scene, {left, rect.y + 6, state - 16 - left, 30});
    const float middle = rect.y + 62;
    const float choices = draw_choices(ui, scene, right, middle);
    draw_transport(ui, scene, choices - 24 - 180, middle - 17);
    draw_clock(ui, scene, choices - 24 - 180 - 20, middle);
    return;
  }
  const float middle = rect.center().y;
  const float state = draw_state(ui, scene, right, rect.y + 7);
  const float choices = draw_choices(ui, scene, state - 14, middle);
  const float controls = choices - 20 - 180;
  draw_transport(ui, scene, controls, middle - 17);
  const float clock = draw_clock(ui, scene, controls - 22, middle);
  draw_title(ui, scene, {left, rect.y, clock - 12 - left, rect.h});
}

void draw_caption(Ui& ui, const Scene& scene, const Rect& rect) {
  const std::string moment = fmt::format(
      "{}   t = {} s", scene.run.wall_clock(scene.view.time, true), elapsed(scene.view.time));
  const float width = ui.text_in(rect, moment, {Size::body, theme::accent, true});
  const std::string& title = scene.run.title(ui.language());
  const Rect room{rect.x + width + 24, rect.y, rect.w - width - 24, rect.h};
  if (ui.text_fit(room, {title}, {Size::body, theme::dim}, Align::right) > 0) return;
  ui.text_fit(room, {title, ui.wrap(title, {Size::small}, room.w - 20).front() + " …"},
              {Size::small, theme::dim}, Align::right);
}

void draw_tabs(Ui& ui, const Scene& scene, const Rect& rect) {
  constexpr std::array names = {Text::cluster, Text::partitions, Text::events, Text::time_of_day};
  const float w = (rect.w - 3 * theme::gap) / 4;
  for (int i = 0; i < 4; ++i) {
    const bool shown = scene.view.tab == i;
    const Rect tab{rect.x + static_cast<float>(i) * (w + theme::gap), rect.y, w, rect.h};
    if (draw_button(ui, tab, shown)) scene.view.tab = i;
    ui.text_fit(tab, {ui.say(names[static_cast<std::size_t>(i)])},
                {Size::small, shown ? theme::on_color : theme::text, shown}, Align::center);
  }
}

}  // namespace brokerlab::viz
