// Throughput and lag over the run, on the time line's axis.
#include "viz/panels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace brokerlab::viz {
namespace {

struct Curve {
  const Series* series;
  std::string label;
  Color color;
  bool filled = false;
  float thickness = 1.5F;
  float dash = 0;  ///< 0: drawn through.
  std::string metric{};
  std::string of{};               ///< The metric's label; "": all of them together.
  const Series* other = nullptr;  ///< The same of the run that this one is compared with.
};

void draw_curve(Ui& ui, std::span<const Point> points, const Curve& curve) {
  if (curve.dash > 0) {
    ui.dashes(points, curve.color, curve.thickness, curve.dash, 0.7F * curve.dash + 2);
  } else {
    ui.polyline(points, curve.color, curve.thickness);
  }
}

// The smallest of 1, 1.5, 2, 3, 5 times a power of ten that is no less.
double round_up(double value) {
  if (value <= 0) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1., 1.5, 2., 3., 5.}) {
    if (step * power >= value) return step * power;
  }
  return 10 * power;
}

// One point a pixel column at most: the highest of the column, so that no peak disappears.
std::vector<Point> points_of(const Series& series, const TimeAxis& axis, const Rect& room,
                             double top, Time until) {
  std::vector<Point> points;
  int column = -1;
  const auto& samples = series.samples;
  const auto before = [](const recording::Sample& sample, Time t) { return sample.t < t; };
  // One on either side, too: the line comes from there, and goes there.
  auto first = std::lower_bound(samples.begin(), samples.end(), axis.span.from, before);
  if (first != samples.begin()) --first;
  for (; first != samples.end(); ++first) {
    const auto& sample = *first;
    if (sample.t > until) break;
    const float x = axis.at(sample.t);
    const auto share = static_cast<float>(std::clamp(sample.value / top, 0., 1.));
    const float y = room.bottom() - room.h * share;
    if (static_cast<int>(x) == column) {
      points.back().y = std::min(points.back().y, y);
      continue;
    }
    column = static_cast<int>(x);
    points.push_back({x, y});
    if (sample.t > axis.span.to) break;
  }
  return points;
}

// The highest value, and what all curves stay below for 99 of 100 samples.
std::pair<double, double> heights_of(const std::vector<Curve>& curves) {
  double highest = 0;
  double usual = 0;
  const auto look_at = [&](const Series& series) {
    std::vector<double> values;
    for (const auto& sample : series.samples) values.push_back(sample.value);
    if (values.empty()) return;
    const auto at = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) * 99 / 100);
    std::nth_element(values.begin(), at, values.end());
    usual = std::max(usual, *at);
    highest = std::max(highest, series.highest());
  };
  for (const auto& curve : curves) {
    look_at(*curve.series);
    if (curve.other != nullptr) look_at(*curve.other);
  }
  return {highest, usual};
}

// What an operator's screen calls the curves: of the group's lag, what its consumers tell too.
std::string names_of(const Ui& ui, const std::vector<Curve>& curves) {
  using Kind = recording::MetricName::Kind;
  std::string all;
  std::string_view last;
  for (const Curve& curve : curves) {
    if (curve.metric == last) continue;
    last = curve.metric;
    const bool lag = curve.metric == "group-lag";
    if (!all.empty()) all += "\n";
    if (!lag) all += curve.label + ": ";
    all += known_as(Kind::series, curve.metric, ui.language());
    if (lag) all += "\n" + known_as(Kind::series, "records-lag-max", ui.language());
  }
  return all;
}

// The title, and each curve's name with its value at the play head.
void draw_head(Ui& ui, const Scene& scene, const Rect& rect, std::string_view title,
               std::string_view unit, const std::vector<Curve>& curves, float left) {
  float x = left + 4;
  // The play head passes below the words.
  ui.fill(
      {x - 2, rect.y,
       ui.width_of(title, {Size::small, theme::text, true}) + 12 + ui.width_of(unit, {Size::small}),
       19},
      theme::panel);
  x += ui.text({x, rect.y}, title, {Size::small, theme::text, true}) + 8;
  const float title_end = x + ui.text({x, rect.y}, unit, {Size::small, theme::faint}) + 16;
  if (ui.hovered({left, rect.y, title_end - left, 19})) ui.tooltip(names_of(ui, curves));
  x = rect.right() - 6;
  for (std::size_t left_over = curves.size(); left_over > 0; --left_over) {
    const Curve& curve = curves[left_over - 1];
    const auto value = curve.series->at(scene.moment.t);
    std::string number = value ? with_thousands(std::llround(*value)) : "-";
    const TextStyle loud{Size::small, theme::text, true};
    if (ui.width_of(number, loud) > 62) number = short_number(*value);
    const float number_width = std::max(54.F, ui.width_of(number, loud));
    const auto beside = curve.other == nullptr ? std::nullopt : curve.other->at(scene.moment.t);
    const std::string second =
        curve.other == nullptr ? "" : fmt::format("B {}", beside ? short_number(*beside) : "-");
    const TextStyle quiet{Size::small, theme::dim, true};
    const float second_width = second.empty() ? 0 : std::max(58.F, ui.width_of(second, quiet) + 8);
    const float needs =
        22 + ui.width_of(curve.label, {Size::small}) + 8 + number_width + second_width;
    if (x - needs - (left_over > 1 ? 40.F : 0.F) < title_end) {  // The others have no room.
      ui.text_fit({title_end, rect.y, x - title_end, 18}, {fmt::format("+{}", left_over)},
                  {Size::small, theme::dim}, Align::right);
      return;
    }
    const float begin = x - needs;
    ui.fill({begin - 2, rect.y, needs + 4, 19}, theme::panel);
    const std::array sample{Point{begin, rect.y + 8.5F}, Point{begin + 15, rect.y + 8.5F}};
    Curve bold = curve;
    bold.thickness = 3;
    draw_curve(ui, sample, bold);
    ui.text({begin + 20, rect.y}, curve.label, {Size::small, theme::dim});
    ui.text({x - second_width, rect.y}, number, loud, Align::right);
    if (!second.empty()) ui.text({x, rect.y}, second, quiet, Align::right);
    const bool of_group = curve.metric == "group-lag";
    why_when_clicked(ui, scene, {begin, rect.y, needs, 18},
                     {of_group ? Asked::Of::group : Asked::Of::throughput, 0, curve.of});
    if (ui.hovered({begin, rect.y, needs, 18})) ui.tooltip(names_of(ui, {curve}));
    if (ui.clicked({begin, rect.y, needs, 18})) ui.take_click();
    x = begin - 16;
  }
}

// Above which values playing stops.
void draw_limits(Ui& ui, const Scene& scene, const Rect& room, double top,
                 const std::vector<Curve>& curves) {
  if (scene.notebook == nullptr) return;
  for (const Breakpoint& one : scene.notebook->notes().breakpoints) {
    for (const Curve& curve : curves) {
      if (one.metric.empty() || one.metric != curve.metric || one.label != curve.of) continue;
      const float y = room.bottom() - room.h * static_cast<float>(std::min(one.above / top, 1.));
      const std::array ends{Point{room.x, y}, Point{room.right(), y}};
      ui.dashes(ends, curve.color, 1, 2, 4);
    }
  }
}

// A click with shift: playing stops when the nearest curve rises above this height. One that is
// there already goes.
void set_limit(Ui& ui, const Scene& scene, const TimeAxis& axis, const Rect& room, double top,
               const std::vector<Curve>& curves) {
  if (scene.notebook == nullptr || !ui.shift() || !ui.hovered(room) || curves.empty()) return;
  const auto share = static_cast<double>((room.bottom() - ui.mouse().y) / room.h);
  const double value = std::round(share * top * 100 / round_up(top)) * round_up(top) / 100;
  const Time t = axis.time_at(ui.mouse().x);
  const auto away = [&](const Curve& curve) {
    return std::abs(curve.series->at(t).value_or(0) - value);
  };
  const Curve& nearest =
      *std::min_element(curves.begin(), curves.end(),
                        [&](const Curve& a, const Curve& b) { return away(a) < away(b); });
  Notes notes = scene.notebook->notes();
  const auto there =
      std::find_if(notes.breakpoints.begin(), notes.breakpoints.end(), [&](const Breakpoint& one) {
        return one.metric == nearest.metric && one.label == nearest.of &&
               std::abs(one.above - value) < 0.04 * top;
      });
  const bool set = there == notes.breakpoints.end();
  const Breakpoint wanted{"", nearest.metric, nearest.of, value, {}};
  const std::string said =
      fmt::format(fmt::runtime(ui.say(set ? Text::will_stop : Text::will_not_stop)),
                  (set ? wanted : *there).words());
  ui.tooltip(said);
  if (!ui.mouse_pressed()) return;
  if (set) {
    notes.breakpoints.push_back(wanted);
  } else {
    notes.breakpoints.erase(there);
  }
  scene.notebook->write(std::move(notes));
  scene.view.notice = scene.notebook->problem().value_or(said);
}

void draw_plot(Ui& ui, const Scene& scene, const Rect& rect, const TimeAxis& axis,
               std::string_view title, std::string_view unit, const std::vector<Curve>& curves) {
  draw_head(ui, scene, rect, title, unit, curves, axis.x);
  const Rect room{axis.x, rect.y + 22, axis.w, rect.h - 22};
  const auto [highest, usual] = heights_of(curves);
  // A single peak would press all the rest flat: it leaves the plot, and its height stands there.
  const bool peaked = highest > 3 * usual && usual > 0;
  const double top = round_up(peaked ? 1.2 * usual : highest);
  for (const double share : {0., 0.5, 1.}) {
    const float y = room.bottom() - room.h * static_cast<float>(share);
    ui.line({room.x, y}, {room.right(), y}, share > 0 ? theme::track : theme::card_edge);
    ui.text({room.x - 8, y - 9}, short_number(top * share), {Size::small, theme::dim},
            Align::right);
  }
  ui.push_clip({room.x, room.y - 2, room.w, room.h + 4});
  for (const auto& curve : curves) {
    const Time last = scene.view.presenting ? scene.view.time : Time::max();
    if (curve.other != nullptr) {
      const auto others = points_of(*curve.other, axis, room, top, last);
      if (others.size() > 1) ui.dashes(others, faded(curve.color, 0.75F), 1.5F, 1.5F, 3);
    }
    const auto points = points_of(*curve.series, axis, room, top, last);
    if (points.size() < 2) continue;
    if (curve.filled) ui.area(points, room.bottom(), faded(curve.color, 0.22F));
    draw_curve(ui, points, curve);
  }
  draw_limits(ui, scene, room, top, curves);
  ui.pop_clip();
  set_limit(ui, scene, axis, room, top, curves);
  if (!peaked) return;
  for (const auto& curve : curves) {
    for (const auto& sample : curve.series->samples) {
      if (sample.value < highest || !axis.shows(sample.t) || scene.hides(sample.t)) continue;
      const std::string label = with_thousands(static_cast<std::int64_t>(std::llround(highest)));
      const TextStyle style{Size::small, theme::text};
      const float width = ui.width_of(label, style);
      const float x = std::min(axis.at(sample.t) + 6, room.right() - width);
      ui.fill({x - 1, room.y - 1, width + 3, 17}, theme::panel);  // Its own curve goes on below.
      ui.text({x, room.y - 2}, label, style);
      return;
    }
  }
}

}  // namespace

void draw_plots(Ui& ui, const Scene& scene, const Rect& rect, const TimeAxis& axis) {
  const Run* other = scene.other;
  // Before a class one plot has to be read from the last row; a group's lag stands above it.
  const bool one = scene.view.presenting;
  const float half = one ? rect.h - 10 : (rect.h - 14) / 2;
  draw_plot(ui, scene, {rect.x, rect.y + 6, rect.w, half}, axis, ui.say(Text::throughput),
            ui.say(Text::records_per_second),
            {{.series = &scene.run.intended,
              .label = std::string(ui.say(Text::intended)),
              .color = theme::faint,
              .filled = true,
              .metric = "source-rate",
              .other = other == nullptr ? nullptr : &other->intended},
             {.series = &scene.run.consumed,
              .label = std::string(ui.say(Text::consumed)),
              .color = theme::consume,
              .thickness = 1.75F,
              .dash = 6,
              .metric = "records-consumed-rate",
              .other = other == nullptr ? nullptr : &other->consumed},
             {.series = &scene.run.sent,
              .label = std::string(ui.say(Text::sent)),
              .color = theme::produce,
              .metric = "record-send-rate",
              .other = other == nullptr ? nullptr : &other->sent}});

  if (one) return;
  static constexpr std::array palette = {theme::control, theme::replicate, theme::consume,
                                         theme::produce};
  static_assert(palette.size() == most_curves);
  std::vector<Curve> lags;
  for (std::size_t i = 0; i < scene.run.group_lag.size() && i < palette.size(); ++i) {
    const auto& [group, series] = scene.run.group_lag[i];
    static constexpr std::array dashes = {0.F, 7.F, 3.F, 1.5F};
    lags.push_back({&series, group, palette[i], scene.run.group_lag.size() == 1, 1.75F, dashes[i],
                    "group-lag", group});
    if (other == nullptr) continue;
    for (const auto& [name, lag] : other->group_lag) {
      if (name == group) lags.back().other = &lag;
    }
  }
  draw_plot(ui, scene, {rect.x, rect.y + 6 + half + 4, rect.w, half}, axis,
            ui.say(Text::consumer_lag), ui.say(Text::records), lags);
}

}  // namespace brokerlab::viz
