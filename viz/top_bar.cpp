// Title, play and speed, the clock, language and verdict.
#include "viz/elapsed.h"
#include "viz/panels.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::viz {
namespace {

bool draw_button(Ui& ui, const Rect& rect, bool lit) {
  const bool hot = ui.hovered(rect);
  ui.fill(rect, lit ? theme::accent : hot ? theme::card_edge : theme::card, 6);
  ui.outline(rect, lit ? theme::accent : theme::card_edge, 6);
  return ui.clicked(rect);
}

std::string speed_text(double speed) {
  if (speed >= 1) return fmt::format("{:.0f}×", speed);
  return fmt::format("1/{:.0f}×", 1 / speed);
}

// Play or pause, slower, the speed, faster. Returns the x where it ends.
float draw_transport(Ui& ui, const Scene& scene, float x, float y) {
  ViewState& view = scene.view;
  const Rect play{x, y, 46, 34};
  if (draw_button(ui, play, view.playing)) {
    if (!view.playing && view.time == Time(scene.run.duration)) {
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
  ui.text_in({x + 88, y, 60, 34}, speed_text(view.speed), {Size::body, theme::text, true},
             Align::center);
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

}  // namespace

void draw_top_bar(Ui& ui, const Scene& scene, const Rect& rect) {
  draw_panel(ui, rect, "");
  const float middle = rect.center().y;

  const std::vector<std::string>& harm = scene.run.harm(ui.language());
  const auto [verdict, color] = verdict_of(scene.run.verdict, !harm.empty());
  const Rect badge = draw_badge(ui, {rect.right() - theme::padding, middle - 11}, ui.say(verdict),
                                color, Align::right);
  const std::string all = lines(harm, scene.run.verdict_reason);
  if (ui.hovered(badge) && !all.empty()) ui.tooltip(all);

  const Rect language{badge.x - 12 - 84, middle - 15, 84, 30};
  if (draw_button(ui, language, false)) {
    scene.view.language = ui.language() == Language::english ? Language::korean : Language::english;
  }
  ui.text_in(language, ui.say(Text::other_language), {Size::small, theme::text}, Align::center);

  // The middle: where we are in time, and how time runs.
  const float controls = language.x - 30 - 180;
  draw_transport(ui, scene, controls, middle - 17);
  const float t_right = controls - 26;
  const std::string t = fmt::format("t = {} s", elapsed(scene.view.time));
  const std::string of = fmt::format("/ {:.0f} s", to_seconds(scene.run.duration));
  ui.text({t_right, middle - 17}, t, {Size::small, theme::text}, Align::right);
  ui.text({t_right, middle + 1}, of, {Size::small, theme::faint}, Align::right);
  const float clock_right = t_right - 104;
  ui.text({clock_right, middle - 16}, scene.run.wall_clock(scene.view.time, true),
          {Size::clock, theme::accent, true}, Align::right);

  const float title_x = rect.x + theme::padding;
  const float width = clock_right - 150 - title_x;
  const TextStyle title{Size::title, theme::text, true};
  if (harm.empty()) {
    ui.text_in({title_x, rect.y, width, rect.h}, scene.run.title(ui.language()), title);
    return;
  }
  ui.text({title_x, rect.y + 7}, scene.run.title(ui.language()), title, Align::left, width);
  const TextStyle style{Size::small, theme::wrong, true};
  const Rect line{title_x, rect.y + 33, width, 18};
  ui.text_in(line, harm_line(ui, harm, style, width), style);
  if (ui.hovered(line)) ui.tooltip(lines(harm, ""));
}

}  // namespace brokerlab::viz
