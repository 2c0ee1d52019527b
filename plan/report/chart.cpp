#include "plan/report/chart.h"

#include "base/translation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace brokerlab::plan::report {
namespace {

// The picture's own units; the page scales it.
constexpr double width = 800;
constexpr double height = 218;
constexpr double left = 62;
constexpr double right = 12;
constexpr double top = 24;
constexpr double bottom = 26;
constexpr double inner = width - left - right;
constexpr double depth = height - top - bottom;

/// Told apart by colour (Okabe and Ito's, safe for the colour-blind), by dash and by weight.
struct Stroke {
  const char* colour;
  const char* dash;
  const char* weight;
};
constexpr std::array<Stroke, 6> strokes{{{"#0063a3", "", "2"},
                                         {"#b84300", "7 3", "2"},
                                         {"#00694c", "2 3", "2.2"},
                                         {"#9c4a78", "10 3 2 3", "2"},
                                         {"#5b4a00", "4 2", "1.6"},
                                         {"#333d49", "1 2", "2"}}};
const Stroke& stroke_of(std::size_t line) { return strokes[line % strokes.size()]; }

std::string at(double value) { return fmt::format("{:.1f}", value); }

/// 1, 2 or 5 times a power of ten, no less than `least`.
double round_step(double least) {
  if (!(least > 0)) return 1;
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least * 0.999999) return factor * power;
  }
  return 10 * power;
}

/// Seconds between ticks, as clocks have them.
double time_step(double whole) {
  for (const double step :
       {0.1,   0.2,   0.5,   1.0,   2.0,    5.0,    10.0,   15.0,    30.0,    60.0,
        120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 21600.0, 43200.0}) {
    if (whole / step <= 10) return step;
  }
  return 86400 * round_step(whole / 86400 / 10);
}

struct ValueAxis {
  Scale scale = Scale::linear;
  double low = 0;
  double high = 1;
  std::vector<double> ticks;

  double y(double value) const {
    double share = 0;
    if (scale == Scale::linear) {
      share = (value - low) / (high - low);
    } else {
      share = (std::log10(std::max(value, low)) - std::log10(low)) /
              (std::log10(high) - std::log10(low));
    }
    return top + depth * (1 - std::clamp(share, 0.0, 1.0));
  }
};

ValueAxis axis_of(const Chart& chart) {
  double most = 0;
  double least = std::numeric_limits<double>::max();
  for (const Line& line : chart.lines) {
    for (const Point& point : line.points) {
      most = std::max(most, point.value);
      if (point.value > 0) least = std::min(least, point.value);
    }
  }
  ValueAxis axis{chart.scale, 0, 1, {}};
  if (chart.scale == Scale::logarithmic && most > 0) {
    const double from = std::floor(std::log10(least) + 1e-9);
    const double to = std::max(from + 1, std::ceil(std::log10(most) - 1e-9));
    axis.low = std::pow(10, from);
    axis.high = std::pow(10, to);
    const double every = std::ceil((to - from) / 6);
    for (double power = from; power <= to + 0.5; power += every) {
      axis.ticks.push_back(std::pow(10, power));
    }
    return axis;
  }
  axis.scale = Scale::linear;
  const double step = round_step(std::max(most, 1e-9) / 4);
  axis.high = step * std::max(1.0, std::ceil(most / step - 1e-9));
  for (int i = 0; i * step <= axis.high * 1.0001; ++i) axis.ticks.push_back(i * step);
  return axis;
}

/// No more points than can be told apart: of each narrow column the least and the greatest.
std::vector<Point> thinned(const std::vector<Point>& points, double end) {
  constexpr std::size_t columns = 360;
  if (points.size() <= 2 * columns) return points;
  std::vector<Point> kept;
  for (std::size_t i = 0; i < points.size();) {
    const auto column = std::floor(points[i].t / end * columns);
    std::size_t low = i;
    std::size_t high = i;
    for (; i < points.size() && std::floor(points[i].t / end * columns) == column; ++i) {
      if (points[i].value < points[low].value) low = i;
      if (points[i].value > points[high].value) high = i;
    }
    kept.push_back(points[std::min(low, high)]);
    if (low != high) kept.push_back(points[std::max(low, high)]);
  }
  return kept;
}

/// A pause that is longer than this is a gap.
double longest_pause(const std::vector<Point>& points) {
  std::vector<double> pauses;
  for (std::size_t i = 1; i < points.size(); ++i) pauses.push_back(points[i].t - points[i - 1].t);
  if (pauses.empty()) return 1;
  const auto middle = pauses.begin() + static_cast<std::ptrdiff_t>(pauses.size() / 2);
  std::nth_element(pauses.begin(), middle, pauses.end());
  return 3.5 * *middle;
}

Markup drawn_line(const Line& line, const Stroke& stroke, const ValueAxis& values, double end) {
  const double pause = longest_pause(line.points);
  std::string path;
  double before = -1e300;
  bool alone = false;  // A point without a neighbour: drawn as a short dash.
  for (const Point& point : thinned(line.points, end)) {
    const double x = left + inner * std::clamp(point.t / end, 0.0, 1.0);
    const bool begins = point.t - before > std::max(pause, 3 * end / 360);
    if (begins && alone) path += "h1.5";
    path += fmt::format("{}{} {}", begins ? "M" : "L", at(x), at(values.y(point.value)));
    alone = begins;
    before = point.t;
  }
  if (alone) path += "h1.5";
  Attributes attributes{{"d", path},
                        {"fill", "none"},
                        {"stroke", stroke.colour},
                        {"stroke-width", stroke.weight},
                        {"stroke-linejoin", "round"}};
  if (*stroke.dash != '\0') attributes.emplace_back("stroke-dasharray", stroke.dash);
  return lone_element("path", attributes);
}

Markup svg_text(double x, double y, const char* anchor, const std::string& text) {
  return element("text", {{"x", at(x)}, {"y", at(y)}, {"text-anchor", anchor}}, text);
}

Markup drawn_line_between(double x1, double y1, double x2, double y2, const char* colour) {
  return lone_element(
      "line", {{"x1", at(x1)}, {"y1", at(y1)}, {"x2", at(x2)}, {"y2", at(y2)}, {"stroke", colour}});
}

Markup drawn_shades(const TimeAxis& axis) {
  Markup all;
  double free_from = 0;  // Numbers do not stand on each other.
  for (const Shade& shade : axis.shades) {
    const double from = left + inner * std::clamp(shade.from / axis.end, 0.0, 1.0);
    const double to = left + inner * std::clamp(shade.to / axis.end, 0.0, 1.0);
    Markup one = element("title", shade.words);
    if (to - from > 1.5) {
      one += lone_element("rect", {{"x", at(from)},
                                   {"y", at(top)},
                                   {"width", at(to - from)},
                                   {"height", at(depth)},
                                   {"fill", "#f6dfd0"}});
    }
    one += lone_element("line", {{"x1", at(from)},
                                 {"y1", at(top - 4)},
                                 {"x2", at(from)},
                                 {"y2", at(top + depth)},
                                 {"stroke", "#b34700"},
                                 {"stroke-width", "1.2"},
                                 {"stroke-dasharray", "3 2"}});
    const double middle = std::max(from, free_from + 10);
    one += lone_element("circle",
                        {{"cx", at(middle)}, {"cy", "11"}, {"r", "8.5"}, {"fill", "#b34700"}});
    one += element("text",
                   {{"x", at(middle)},
                    {"y", "15"},
                    {"text-anchor", "middle"},
                    {"style", "fill:#fff;font-weight:700;font-size:11px"}},
                   fmt::format("{}", shade.number));
    free_from = middle + 9;
    all += element("g", one);
  }
  return all;
}

Markup picture(const Chart& chart, const TimeAxis& axis) {
  const ValueAxis values = axis_of(chart);
  Markup svg = element("title", {{"id", chart.id + "-title"}}, chart.title) +
               element("desc", {{"id", chart.id + "-desc"}}, chart.about);
  svg += drawn_shades(axis);
  for (const double tick : values.ticks) {
    const double y = values.y(tick);
    svg += drawn_line_between(left, y, left + inner, y, tick == values.low ? "#6b7683" : "#dde2e8");
    svg += svg_text(left - 7, y + 4, "end", number_words(tick));
  }
  const double step = time_step(axis.end);
  for (int i = 0; i * step <= axis.end * 1.0001; ++i) {
    const double x = left + inner * i * step / axis.end;
    svg += drawn_line_between(x, top + depth, x, top + depth + 4, "#6b7683");
    const bool last = x > left + inner - 20;
    svg += svg_text(last ? left + inner + right : x, top + depth + 18, last ? "end" : "middle",
                    axis.label(i * step, step));
  }
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    if (!chart.lines[i].points.empty()) {
      svg += drawn_line(chart.lines[i], stroke_of(i), values, axis.end);
    }
  }
  return element("svg",
                 {{"viewBox", fmt::format("0 0 {} {}", width, height)},
                  {"xmlns", "http://www.w3.org/2000/svg"},
                  {"role", "img"},
                  {"aria-labelledby", chart.id + "-title " + chart.id + "-desc"}},
                 svg);
}

/// A short piece of the line, as the legend.
Markup key(const Stroke& stroke) {
  Attributes attributes{{"x1", "0"},
                        {"y1", "5"},
                        {"x2", "30"},
                        {"y2", "5"},
                        {"stroke", stroke.colour},
                        {"stroke-width", "2.4"}};
  if (*stroke.dash != '\0') attributes.emplace_back("stroke-dasharray", stroke.dash);
  return element("svg",
                 {{"class", "key"},
                  {"viewBox", "0 0 30 10"},
                  {"xmlns", "http://www.w3.org/2000/svg"},
                  {"aria-hidden", "true"}},
                 lone_element("line", attributes));
}

/// What the lines come to: for who does not see the picture, and for who wants the number.
Markup lines_table(const Chart& chart, const TimeAxis& axis) {
  std::vector<std::vector<Markup>> rows;
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    const Line& line = chart.lines[i];
    if (line.points.empty()) continue;
    double sum = 0;
    for (const Point& point : line.points) sum += point.value;
    const auto least =
        std::min_element(line.points.begin(), line.points.end(),
                         [](const Point& a, const Point& b) { return a.value < b.value; });
    const auto most =
        std::max_element(line.points.begin(), line.points.end(),
                         [](const Point& a, const Point& b) { return a.value < b.value; });
    const auto words = [&](double value) { return number_words(value) + chart.suffix; };
    rows.push_back({key(stroke_of(i)) + line.name, words(least->value),
                    words(sum / static_cast<double>(line.points.size())), words(most->value),
                    axis.label(most->t, 1)});
  }
  return table({{tr("line"), false},
                {tr("lowest"), true},
                {tr("mean"), true},
                {tr("highest"), true},
                {tr("at"), true}},
               rows);
}

}  // namespace

std::string TimeAxis::label(double t, double step) const {
  const auto clock = [&](double seconds, bool days) {
    const auto whole = static_cast<std::int64_t>(std::floor(seconds + 1e-6));
    const std::int64_t hours = days ? whole / 3600 % 24 : whole / 3600;
    std::string text = fmt::format("{:02}:{:02}", hours, whole / 60 % 60);
    if (step < 60) text += fmt::format(":{:02}", whole % 60);
    return text;
  };
  if (starts_at) return clock(to_seconds(*starts_at) + t, true);
  if (end > 7200) return clock(t, false);
  return step < 1 ? fmt::format("{:.1f} s", t) : fmt::format("{:.0f} s", t);
}

std::string number_words(double value) {
  const double size = std::abs(value);
  if (size >= 1000) {
    std::string digits = fmt::format("{:.0f}", size);
    for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) {
      digits.insert(static_cast<std::size_t>(i), ",");
    }
    return (value < 0 ? "-" : "") + digits;
  }
  if (size != 0 && size < 0.001) return fmt::format("{:.2g}", value);
  return fmt::format("{:.3g}", value);
}

Markup to_markup(const Chart& chart, const TimeAxis& axis) {
  const bool has_points = std::any_of(chart.lines.begin(), chart.lines.end(),
                                      [](const Line& line) { return !line.points.empty(); });
  if (!has_points || !(axis.end > 0)) return {};
  return element("figure", {{"id", chart.id}},
                 element("figcaption", Markup(chart.title) + element("small", chart.unit)) +
                     picture(chart, axis) + lines_table(chart, axis));
}

Markup bars(const std::string& id, const std::string& title, const std::string& about,
            const std::vector<Bar>& bars, double whole) {
  if (bars.empty() || !(whole > 0)) return {};
  constexpr double names = 250;
  constexpr double values = 150;
  constexpr double step = 30;
  const double room = width - names - values;
  Markup svg = element("title", {{"id", id + "-title"}}, title) +
               element("desc", {{"id", id + "-desc"}}, about);
  double y = 4;
  for (const Bar& bar : bars) {
    const auto x = [&](double value) { return names + room * std::clamp(value / whole, 0.0, 1.0); };
    svg += svg_text(names - 10, y + 15, "end", bar.name);
    svg += lone_element("rect", {{"x", at(names)},
                                 {"y", at(y)},
                                 {"width", at(std::max(1.0, x(bar.value) - names))},
                                 {"height", "21"},
                                 {"fill", bar.strong ? "#0063a3" : "#8fb4d0"}});
    if (bar.limit) {
      svg += lone_element("line", {{"x1", at(x(*bar.limit))},
                                   {"y1", at(y - 3)},
                                   {"x2", at(x(*bar.limit))},
                                   {"y2", at(y + 24)},
                                   {"stroke", "#a3201a"},
                                   {"stroke-width", "2"},
                                   {"stroke-dasharray", "4 2"}});
    }
    svg += svg_text(x(std::max(bar.value, bar.limit.value_or(0))) + 8, y + 15, "start", bar.words);
    y += step;
  }
  return element(
      "figure", {{"id", id}},
      element("figcaption", title) + element("svg",
                                             {{"viewBox", fmt::format("0 0 {} {}", width, y)},
                                              {"xmlns", "http://www.w3.org/2000/svg"},
                                              {"role", "img"},
                                              {"aria-labelledby", id + "-title " + id + "-desc"}},
                                             svg));
}

}  // namespace brokerlab::plan::report
