// Chart: values over the time of a run as an SVG picture with a table beneath it, for people who
// see it, print it without colours, or have it read aloud.
//
// Lifetime: values. Threads: none. Pure: the same chart is the same text.
#pragma once

#include "base/units.h"
#include "plan/report/html.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::plan::report {

struct Point {
  double t = 0;  ///< Seconds.
  double value = 0;
};

struct Line {
  std::string name;
  std::vector<Point> points;  ///< In order of time; a gap in them is a gap in the line.
};

/// A stretch of time that is shaded in every chart of a report, with its number.
struct Shade {
  double from = 0;
  double to = 0;
  int number = 0;
  std::string words;
};

enum class Scale { linear, logarithmic };

struct Chart {
  std::string id;     ///< For links, and unique in the page.
  std::string title;  ///< "Throughput"
  std::string unit;   ///< "records a second"; beside the title.
  std::string about;  ///< What is to be seen, for who does not see it.
  std::vector<Line> lines;
  Scale scale = Scale::linear;
  /// Behind a number of the table: "ms", " %"; empty: none.
  std::string suffix;
};

/// What all charts of a report share.
struct TimeAxis {
  double end = 0;                     ///< Seconds; it begins at 0.
  std::optional<Duration> starts_at;  ///< Time of day at 0 s: ticks are a clock then.
  std::vector<Shade> shades;

  std::string label(double t, double step) const;
};

/// A figure with caption, picture and table; nothing when no line has a point.
Markup to_markup(const Chart& chart, const TimeAxis& axis);

/// Bars beside each other's names, each with its value: shares of 1, or amounts of a whole.
struct Bar {
  std::string name;
  double value = 0;
  std::string words;            ///< The value for people.
  std::optional<double> limit;  ///< A mark at what may be.
  bool strong = false;          ///< The one that is talked about.
};
Markup bars(const std::string& id, const std::string& title, const std::string& about,
            const std::vector<Bar>& bars, double whole);

/// "1,234", "12.3", "0.0012": three digits, or all before the point.
std::string number_words(double value);

}  // namespace brokerlab::plan::report
