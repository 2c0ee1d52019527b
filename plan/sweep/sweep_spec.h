// A sweep as data: a scenario, what is changed in it, and seeds. Every point of it is one run.
//
//   {"base": "wifi_log",                                  a name of the library, or a file
//    "set": {"duration": "120s"},                         changed in all of them
//    "list": [{"producers.wifi-auth.config.acks": "all"}, {...}],     one of these at a time,
//    "grid": {"brokers.count": [3, 5], "faults.0.at": ["60s", "90s"]},  with each of these
//    "seeds": {"first": 1, "count": 3}}                   and with each seed
//
// Paths and values are those of `brokerlab run --set`. The list is applied before the grid.
//
// Lifetime: values. Threads: none. Errors: every mistake is a Problem with the place in the sweep's
// file; a combination that the scenario's own checks refuse is no mistake here but a point that
// cannot be run.
#pragma once

#include "base/problem.h"
#include "base/settings_fwd.h"
#include "scenarios/description.h"
#include "scenarios/loader.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brokerlab::plan {

/// A value of the scenario, as --set has it.
struct Assignment {
  std::string path;
  std::string text;
  bool operator==(const Assignment&) const = default;
};
using Change = std::vector<Assignment>;  ///< In the order of the file.

struct SeedsSpec {
  std::int64_t first = 1;
  int count = 1;
  std::optional<std::vector<std::int64_t>> these;  ///< Instead.

  std::vector<std::int64_t> all() const;
  static const Settings<SeedsSpec>& settings();
};

struct SweepSpec {
  std::optional<std::string> editor_schema;
  std::string name;
  scenarios::LocalText title;
  std::string base;
  Change set;
  std::vector<Change> list;
  std::vector<std::pair<std::string, std::vector<std::string>>> grid;
  SeedsSpec seeds;
  Duration most_cpu = 1h;  ///< Of one run; then it is ended.

  static const Settings<SweepSpec>& settings();
};

struct Point {
  Change change;  ///< Without what is set in all of them.
  std::int64_t seed = 1;
};

struct Sweep {
  SweepSpec spec;
  std::string base_path;
  std::string base_text;
  std::vector<Point> points;         ///< Seeds run fastest, then the last of the grid.
  std::vector<std::string> changed;  ///< Paths that differ between points, in their order.
};

inline constexpr std::size_t most_points = 100'000;

struct LoadedSweep {
  std::optional<Sweep> sweep;
  Problems errors;
  Problems warnings;
};

LoadedSweep load_sweep(const std::string& path);
/// `file` is its name in problems, `directory` where a base that is a file is looked for.
LoadedSweep parse_sweep(std::string_view text, const std::string& file,
                        const std::string& directory);

/// The scenario of a point; it may be refused.
scenarios::Loaded scenario_of(const Sweep& sweep, const Point& point);

/// JSON Schema of sweep files.
std::string sweep_schema();

}  // namespace brokerlab::plan
