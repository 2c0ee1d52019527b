// Two runs beside each other, over everything: the settings that differ, and what that came to. The
// curves of both stand in the plots. C opens and closes it.
#include "base/korean.h"
#include "viz/panels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace brokerlab::viz {
namespace {

constexpr float line_of_table = 23;

struct Line {
  std::string name;
  std::string a;
  std::string b;
  std::string change;
  Color color = theme::text;  ///< Of the change.
  bool head = false;
};

std::string number_of(const std::optional<double>& value, const std::string& unit) {
  if (!value) return "-";
  const double size = std::abs(*value);
  const std::string digits = size >= 100'000                ? short_number(*value)
                             : size >= 1000                 ? with_thousands(std::llround(*value))
                             : *value == std::round(*value) ? fmt::format("{:.0f}", *value)
                             : size >= 10                   ? fmt::format("{:.1f}", *value)
                                                            : fmt::format("{:.3g}", *value);
  return unit.empty() || unit == "%" || unit.starts_with('/') ? digits + unit : digits + " " + unit;
}

std::vector<Line> lines_of(const Ui& ui, const Scene& scene) {
  std::vector<Line> lines;
  const Comparison& both = *scene.comparison;
  const auto head = [&](Text text) {
    lines.push_back({std::string(ui.say(text)), "A", "B", "", theme::dim, true});
  };
  head(Text::compare_settings);
  for (const auto& one : both.settings) {
    lines.push_back({one.path, one.a.value_or("-"), one.b.value_or("-"), "", theme::text, false});
  }
  if (both.settings.empty()) {
    lines.push_back({std::string(ui.say(Text::compare_same)), "", "", "", theme::text, false});
  }
  if (both.figures.empty()) return lines;
  head(Text::compare_figures);
  for (const auto& one : both.figures) {
    if (!one.a && !one.b) continue;
    const auto delta = one.delta();
    const int judged = one.judged();
    // Less than a hundredth is no change to speak of.
    const double size = std::max(std::abs(one.a.value_or(0)), std::abs(one.b.value_or(0)));
    const bool same = delta && std::abs(*delta) < 0.01 * size;
    const std::string change = !delta                ? ""
                               : same || *delta == 0 ? "="
                                                     : fmt::format("{}{}", *delta > 0 ? "+" : "",
                                                                   number_of(delta, one.unit));
    const bool korean = ui.language() == Language::korean;
    lines.push_back({korean ? one.words.korean : one.words.english, number_of(one.a, one.unit),
                     number_of(one.b, one.unit), change,
                     judged > 0   ? theme::good
                     : judged < 0 ? theme::wrong
                                  : theme::dim,
                     false});
  }
  return lines;
}

// A value that is too long for its column: its begin, and that there is more.
void draw_value(Ui& ui, const Rect& place, const std::string& value, const TextStyle& style) {
  if (ui.text_fit(place, {value}, style, Align::right) > 0 || value.empty()) return;
  const auto begin = ui.wrap(value, style, place.w - 16);
  if (!begin.empty()) ui.text_fit(place, {begin.front() + "…", "…"}, style, Align::right);
  if (ui.hovered(place)) ui.tooltip(value);
}

}  // namespace

void draw_comparison(Ui& ui, const Scene& scene) {
  if (scene.other == nullptr || scene.comparison == nullptr) return;
  ui.raise();
  const Rect sheet = ui.sheet();
  ui.fill(sheet, faded(theme::background, 0.72F));
  const float w = std::min(sheet.w - 16, 1100.F);
  const float h = std::min(sheet.h - 16, 700.F);
  const Rect box{sheet.center().x - w / 2, sheet.center().y - h / 2, w, h};
  ui.fill(box, theme::panel, theme::radius);
  ui.outline(box, theme::accent, theme::radius, 1.5F);
  const Rect room = box.inset(18);
  const std::string title = with_particles(
      fmt::format(fmt::runtime(ui.say(Text::compare)), scene.other->title(ui.language())));
  ui.text_fit({room.x, room.y - 4, room.w - 110, 22},
              {title, ui.wrap(title, {Size::body, 0, true}, room.w - 140).front() + " …"},
              {Size::body, theme::text, true});
  std::string parting;
  if (scene.comparison->first_of_note) {
    const auto& first = *scene.comparison->first_of_note;
    const auto& event = first.a && (!first.b || first.a->t <= first.b->t) ? first.a : first.b;
    if (event && !scene.hides(event->t)) {
      parting = fmt::format(fmt::runtime(ui.say(Text::compare_first)),
                            scene.run.wall_clock(event->t, true)) +
                " " + sentence(*event, ui.language());
    }
  }
  float y = room.y + 26;
  for (const std::string& line : ui.wrap(parting, {Size::small, theme::dim}, room.w)) {
    ui.text({room.x, y}, line, {Size::small, theme::dim});
    y += 19;
  }
  y += 6;
  const std::vector<Line> lines = lines_of(ui, scene);
  const int fit = std::max(1, static_cast<int>((room.bottom() - y) / line_of_table));
  int& first = scene.view.compare_first;
  if (ui.wheel() != 0) first += ui.wheel() < 0 ? 3 : -3;
  first = std::clamp(first, 0, std::max(0, static_cast<int>(lines.size()) - fit));
  const float column = std::min(150.F, room.w * 0.19F);
  for (int i = first; i < std::min(first + fit, static_cast<int>(lines.size())); ++i) {
    const Line& line = lines[static_cast<std::size_t>(i)];
    const Rect row{room.x, y, room.w, line_of_table};
    if (line.head) ui.line({row.x, row.bottom()}, {row.right(), row.bottom()}, theme::track);
    const TextStyle style{Size::small, line.head ? theme::accent : theme::text, line.head};
    Rect name{row.x, row.y, row.w - 3 * column - 12, row.h};
    if (line.a.empty()) name.w = row.w;
    if (ui.text_fit(name, {line.name}, style) == 0) {  // The end of a path tells the most.
      const auto dot = line.name.find('.', line.name.size() > 40 ? line.name.size() - 40 : 0);
      ui.text_fit(
          name,
          {"…" + (dot == std::string::npos ? "" : line.name.substr(dot)),
           "…" + line.name.substr(std::min(line.name.find_last_of(". "), line.name.size() - 1))},
          style);
      if (ui.hovered(name)) ui.tooltip(line.name);
    }
    const float right = row.right();
    draw_value(ui, {right - 3 * column, y, column - 12, row.h}, line.a, style);
    draw_value(ui, {right - 2 * column, y, column - 12, row.h}, line.b, style);
    draw_value(ui, {right - column, y, column, row.h}, line.change,
               {Size::small, line.color, true});
    y += line_of_table;
  }
  if (static_cast<int>(lines.size()) > fit) {
    ui.text({room.right(), room.y - 3},
            fmt::format("{}–{} / {}", first + 1,
                        std::min<std::size_t>(static_cast<std::size_t>(first + fit), lines.size()),
                        lines.size()),
            {Size::small, theme::dim}, Align::right);
  }
  ui.lower();
  if (ui.mouse_pressed() && !box.holds(ui.mouse())) scene.view.comparing = false;
}

}  // namespace brokerlab::viz
