#include "plan/sweep/sweep_spec.h"

#include "base/json_text.h"
#include "base/settings.h"
#include "base/translation.h"
#include "scenarios/hardware_profiles.h"
#include "scenarios/text_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <limits>

namespace brokerlab::plan {
namespace {

/// What --set takes: a text as it is, anything else as JSON.
class ValueText : public detail::ValueType {
 public:
  void read(const Json& value, const std::string& path, void* target,
            SettingsReport& report) const override {
    if (value.is_null()) {
      report.error(path, "null", tr("must be {}", allowed()));
      return;
    }
    *static_cast<std::string*>(target) =
        value.is_string() ? value.get<std::string>() : json_text(value);
  }
  Json write(const void* value) const override { return *static_cast<const std::string*>(value); }
  Json schema(Json& /*definitions*/) const override { return Json::object(); }
  std::string allowed() const override { return tr("a value as --set takes it"); }
};

detail::TypeRef value_text() {
  static const detail::TypeRef type = detail::keep<ValueText>();
  return type;
}

/// An object whose keys keep the order of the file.
template <class Element, class Add, class Each>
SettingType<std::vector<Element>> in_order(detail::TypeRef value) {
  using All = std::vector<Element>;
  detail::ContainerOps ops;
  ops.clear = [](void* to) { static_cast<All*>(to)->clear(); };
  ops.add = [](void* to, const std::string& key) -> void* {
    return Add()(static_cast<All*>(to)->emplace_back(), key);
  };
  ops.each = [](const void* from, const detail::ContainerOps::Visit& visit) {
    for (const Element& one : *static_cast<const All*>(from)) Each()(one, visit);
  };
  return {detail::map_type(value, ops)};
}

SettingType<Change> change_type() {
  struct Add {
    void* operator()(Assignment& one, const std::string& key) const {
      one.path = key;
      return &one.text;
    }
  };
  struct Each {
    void operator()(const Assignment& one, const detail::ContainerOps::Visit& visit) const {
      visit(one.path, &one.text);
    }
  };
  return in_order<Assignment, Add, Each>(value_text());
}

using Axis = std::pair<std::string, std::vector<std::string>>;

SettingType<std::vector<Axis>> grid_type() {
  struct Add {
    void* operator()(Axis& axis, const std::string& key) const {
      axis.first = key;
      return &axis.second;
    }
  };
  struct Each {
    void operator()(const Axis& axis, const detail::ContainerOps::Visit& visit) const {
      visit(axis.first, &axis.second);
    }
  };
  const auto values = setting::list(SettingType<std::string>{value_text()}, 1, most_points);
  return in_order<Axis, Add, Each>(values.erased);
}

/// Reads the base with `change` in it; what is wrong then, in one sentence.
class Base {
 public:
  Base(const Sweep& sweep, SettingsReport& report) : directory_(directory_of(sweep.base_path)) {
    SettingsReport own;
    own.file = sweep.base_path;
    if (parse_json(sweep.base_text, document_, own)) {
      const scenarios::Loaded loaded =
          scenarios::parse_scenario(sweep.base_text, sweep.base_path, directory_);
      // What another value mends is no mistake; what is read wrongly without any change is.
      for (const Problem& one : loaded.errors) base_errors_.push_back(one);
      is_there_ = true;
    }
    for (Problem& one : own.errors) report.errors.push_back(std::move(one));
  }

  bool is_there() const { return is_there_; }

  /// Keeps the change for those that follow when `keeps`.
  std::optional<std::string> wrong_with(const Assignment& one, bool keeps) {
    if (one.path == "seed") return tr("is set by \"seeds\"");
    Json changed = document_;
    const auto status = scenarios::Scenario::settings().set(changed, one.path, one.text);
    if (!status.ok()) return status.error();
    Json read = changed;
    SettingsReport report;
    scenarios::use_profiles(read, directory_, report);
    (void)scenarios::Scenario::settings().read(read, report);
    if (keeps) document_ = std::move(changed);
    std::optional<std::string> wrong;
    for (const Problem& problem : report.errors) {
      if (was_wrong(problem)) continue;
      if (!wrong) wrong = (problem.path.empty() ? "" : problem.path + ": ") + problem.message;
      if (keeps) base_errors_.push_back(problem);  // told once
    }
    return wrong;
  }

  static std::string directory_of(const std::string& path) {
    return std::filesystem::path(path).parent_path().string();
  }

 private:
  bool was_wrong(const Problem& problem) const {
    return std::any_of(base_errors_.begin(), base_errors_.end(), [&](const Problem& one) {
      return one.path == problem.path && one.message == problem.message;
    });
  }

  std::string directory_;
  Json document_;
  Problems base_errors_;
  bool is_there_ = false;
};

void check_change(Base& base, const Change& change, const std::string& path,
                  SettingsReport& report) {
  for (const Assignment& one : change) {
    if (const auto wrong = base.wrong_with(one, true)) {
      report.error(json_pointer(path, one.path), one.text, *wrong);
    }
  }
}

void check_values(const Sweep& sweep, SettingsReport& report) {
  Base base(sweep, report);
  if (!base.is_there()) return;
  check_change(base, sweep.spec.set, "/set", report);
  const Base with_set = base;
  for (std::size_t i = sweep.spec.list.size(); i-- > 0;) {
    base = with_set;
    check_change(base, sweep.spec.list[i], json_pointer("/list", i), report);
  }
  // On the first of the list, which was looked at last.
  for (const auto& [path, values] : sweep.spec.grid) {
    const std::string at = json_pointer("/grid", path);
    for (std::size_t i = 0; i < values.size() && !report.full(); ++i) {
      if (const auto wrong = base.wrong_with({path, values[i]}, false)) {
        report.error(json_pointer(at, i), values[i], *wrong);
      }
    }
  }
}

std::size_t count_points(const SweepSpec& spec) {
  double count = static_cast<double>(std::max<std::size_t>(spec.list.size(), 1)) *
                 static_cast<double>(spec.seeds.all().size());
  for (const auto& axis : spec.grid) count *= static_cast<double>(axis.second.size());
  return count > 1e15 ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(count);
}

std::vector<Point> points_of(const SweepSpec& spec) {
  std::vector<Change> changes = spec.list;
  if (changes.empty()) changes.emplace_back();
  for (const auto& [path, values] : spec.grid) {
    std::vector<Change> longer;
    for (const Change& change : changes) {
      for (const std::string& value : values) {
        longer.push_back(change);
        longer.back().push_back({path, value});
      }
    }
    changes = std::move(longer);
  }
  std::vector<Point> points;
  for (const Change& change : changes) {
    for (const std::int64_t seed : spec.seeds.all()) points.push_back({change, seed});
  }
  return points;
}

std::vector<std::string> paths_changed(const SweepSpec& spec) {
  std::vector<std::string> paths;
  const auto add = [&paths](const std::string& path) {
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
  };
  for (const Change& change : spec.list) {
    for (const Assignment& one : change) add(one.path);
  }
  for (const auto& axis : spec.grid) add(axis.first);
  return paths;
}

/// What is wrong with the first point, when none of the first hundreds can be run.
Problems refused_everywhere(const Sweep& sweep) {
  constexpr std::size_t looked_at = 500;
  Problems of_the_first;
  for (std::size_t i = 0; i < std::min(looked_at, sweep.points.size()); ++i) {
    scenarios::Loaded loaded = scenario_of(sweep, sweep.points[i]);
    if (loaded.scenario) return {};
    if (i == 0) of_the_first = std::move(loaded.errors);
  }
  return of_the_first;
}

/// A file is looked for beside the sweep, a name in the library.
Result<std::string, Problem> find_base(const std::string& base, const std::string& directory) {
  const bool is_file = base.find('/') != std::string::npos || base.ends_with(".json");
  if (!is_file) return scenarios::find_scenario(base);
  const std::filesystem::path path(base);
  return path.is_absolute() ? base : (std::filesystem::path(directory) / path).string();
}

}  // namespace

std::vector<std::int64_t> SeedsSpec::all() const {
  if (these) return *these;
  std::vector<std::int64_t> seeds;
  for (int i = 0; i < count; ++i) seeds.push_back(first + i);
  return seeds;
}

const Settings<SeedsSpec>& SeedsSpec::settings() {
  using S = SeedsSpec;
  static const auto all =
      Settings<S>("Seeds", "Each point is run with each of these. A bare list names them.")
          .field("first", &S::first, setting::integer64(0, setting::int_max), "The first one.")
          .field("count", &S::count, 1, 10'000, "How many, one after the other.")
          .field("these", &S::these,
                 setting::list(setting::integer64(0, setting::int_max), 1, 10'000),
                 "These instead.")
          .list_shorthand("these")
          .check([](S& seeds, FieldReport& report) {
            if (seeds.these && (report.given("first") || report.given("count"))) {
              report.error("these", tr("stands in the place of \"first\" and \"count\""));
            }
          });
  return all;
}

const Settings<SweepSpec>& SweepSpec::settings() {
  using S = SweepSpec;
  static const auto all =
      Settings<S>("Sweep", "A scenario, what is changed in it, and seeds; each point is a run.")
          .field("$schema", &S::editor_schema, setting::text(1000),
                 "Where the schema is, for editors.")
          .field("name", &S::name, setting::text(60, "[A-Za-z0-9_-]+", "letters, digits, _ and -"),
                 "Names the folder that it is kept in; the file's name if it is not given.")
          .field("title", &S::title, setting::record<scenarios::LocalText>(), "For people.")
          .field("base", &S::base, setting::text(1000),
                 "The scenario: a name of the library, or a file, looked for beside this one.")
          .required()
          .field("set", &S::set, change_type(), "Values changed in every point, by path.")
          .field("list", &S::list, setting::list(change_type(), 0, most_points),
                 "Sets of values, by path; each point has one of them.")
          .field("grid", &S::grid, grid_type(),
                 "Lists of values, by path; each point has one value of each.")
          .field("seeds", &S::seeds, setting::record<SeedsSpec>(), "The seeds of every point.")
          .field("most_cpu", &S::most_cpu, 1s, 24h, "Processor time after which a run is ended.");
  return all;
}

LoadedSweep parse_sweep(std::string_view text, const std::string& file,
                        const std::string& directory) {
  SettingsReport report;
  report.file = file;
  Json document;
  Sweep sweep;
  if (parse_json(text, document, report)) {
    sweep.spec = SweepSpec::settings().read(document, report);
    if (report.ok()) {
      if (sweep.spec.name.empty()) sweep.spec.name = std::filesystem::path(file).stem().string();
      const std::size_t count = count_points(sweep.spec);
      if (count > most_points) {
        report.error("", "", tr("has {} points; at most {} are run", count, most_points));
      }
      const auto base = find_base(sweep.spec.base, directory);
      if (!base) {
        report.error("/base", sweep.spec.base, base.error().message);
      } else if (auto base_text = scenarios::read_text_file(*base)) {
        sweep.base_path = *base;
        sweep.base_text = std::move(*base_text);
        check_values(sweep, report);
      } else {
        report.error("/base", sweep.spec.base, *base + ": " + base_text.error());
      }
    }
  }
  LoadedSweep loaded{std::nullopt, std::move(report.errors), std::move(report.warnings)};
  if (loaded.errors.empty()) {
    sweep.points = points_of(sweep.spec);
    sweep.changed = paths_changed(sweep.spec);
    loaded.errors = refused_everywhere(sweep);
    if (loaded.errors.empty()) loaded.sweep = std::move(sweep);
  }
  return loaded;
}

LoadedSweep load_sweep(const std::string& path) {
  const auto text = scenarios::read_text_file(path);
  if (!text) return {std::nullopt, {{path, {}, {}, text.error()}}, {}};
  return parse_sweep(*text, path, std::filesystem::path(path).parent_path().string());
}

scenarios::Loaded scenario_of(const Sweep& sweep, const Point& point) {
  scenarios::LoadOptions options;
  options.seed = point.seed;
  for (const Change* change : {&sweep.spec.set, &point.change}) {
    for (const Assignment& one : *change) options.overrides.push_back(one.path + "=" + one.text);
  }
  return scenarios::parse_scenario(sweep.base_text, sweep.base_path,
                                   Base::directory_of(sweep.base_path), options);
}

std::string sweep_schema() { return SweepSpec::settings().schema("A brokerlab sweep"); }

}  // namespace brokerlab::plan
