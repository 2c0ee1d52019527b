#include "recording/comparison.h"

#include "base/json_text.h"
#include "base/translation.h"
#include "recording/rows.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <string_view>

namespace brokerlab::recording {
namespace {

std::string value_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : json_text(value);
}

/// What an element of a list is called, as --set calls it; "" when it has no name.
std::string element_name(const Json& element) {
  if (!element.is_object()) return {};
  for (const char* field : {"name", "group", "as"}) {
    if (element.contains(field) && element[field].is_string()) {
      return element[field].get<std::string>();
    }
  }
  // What says one thing, as an expectation does, is called by it.
  return element.size() == 1 ? element.begin().key() : std::string();
}

/// Whether each element has a name of its own.
bool has_names(const Json& list) {
  std::set<std::string> names;
  return std::all_of(list.begin(), list.end(), [&](const Json& one) {
    const std::string name = element_name(one);
    return !name.empty() && names.insert(name).second;
  });
}

const Json* named(const Json& list, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const Json& one) { return element_name(one) == name; });
  return found == list.end() ? nullptr : &*found;
}

class Differ {
 public:
  std::vector<SettingDifference> differences;

  void compare(const std::string& path, const Json* a, const Json* b) {
    if (a != nullptr && b != nullptr) {
      if (*a == *b) return;
      if (a->is_object() && b->is_object()) return objects(path, *a, *b);
      if (a->is_array() && b->is_array() && are_objects(*a) && are_objects(*b)) {
        return lists(path, *a, *b);
      }
    }
    const auto text = [](const Json* value) {
      return value == nullptr ? std::nullopt : std::optional(value_text(*value));
    };
    differences.push_back({path, text(a), text(b)});
  }

 private:
  static bool are_objects(const Json& list) {
    return std::all_of(list.begin(), list.end(), [](const Json& one) { return one.is_object(); });
  }
  static std::string below(const std::string& path, const std::string& name) {
    return path.empty() ? name : path + "." + name;
  }

  void objects(const std::string& path, const Json& a, const Json& b) {
    for (const auto& [name, value] : a.items()) {
      compare(below(path, name), &value, b.contains(name) ? &b[name] : nullptr);
    }
    for (const auto& [name, value] : b.items()) {
      if (!a.contains(name)) compare(below(path, name), nullptr, &value);
    }
  }

  void lists(const std::string& path, const Json& a, const Json& b) {
    if (has_names(a) && has_names(b)) {
      const auto says = [](const Json* element) {
        return element != nullptr && element->size() == 1 ? &element->front() : element;
      };
      for (const Json& one : a) {
        const std::string name = element_name(one);
        compare(below(path, name), says(&one), says(named(b, name)));
      }
      for (const Json& one : b) {
        const std::string name = element_name(one);
        if (named(a, name) == nullptr) compare(below(path, name), nullptr, says(&one));
      }
      return;
    }
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      compare(below(path, std::to_string(i)), i < a.size() ? &a[i] : nullptr,
              i < b.size() ? &b[i] : nullptr);
    }
  }
};

// --- events ---

/// One event as both recordings would tell it: ids are a recording's own, names are not.
struct ToldEvent {
  std::int64_t id = 0;
  std::int64_t t = 0;
  std::string kind, machine, partition, en;

  bool same_as(const ToldEvent& other) const {
    return t == other.t && kind == other.kind && machine == other.machine &&
           partition == other.partition && en == other.en;
  }
};

class EventStream {
 public:
  EventStream(const Rows& rows, EventLevel down_to)
      : cursor_(rows.select(
            "SELECT e.id, e.t, k.name, m.name, p.topic || '-' || p.number, e.en "
            "FROM event e CROSS JOIN event_kind k ON k.id = e.kind "
            "LEFT JOIN machine m ON m.id = e.machine LEFT JOIN partition p ON p.id = e.partition " +
            std::string(down_to == EventLevel::detail ? "" : "WHERE k.level <> 'detail' ") +
            "ORDER BY e.t, e.id")) {}

  bool next() {
    if (!cursor_.next()) return false;
    now_ = {cursor_.integer(0),           cursor_.integer(1),
            std::string(cursor_.text(2)), std::string(cursor_.text(3)),
            std::string(cursor_.text(4)), std::string(cursor_.text(5))};
    return true;
  }
  const ToldEvent& now() const { return now_; }
  const std::optional<std::string>& error() const { return cursor_.error(); }

 private:
  Rows::Cursor cursor_;
  ToldEvent now_;
};

/// A recording by all its doors.
struct Side {
  const std::string& path;
  Reader reader;
  Rows rows;
};

Result<Side, std::string> open_side(const std::string& path) {
  auto reader = Reader::open(path);
  if (!reader) return fail(reader.error());
  auto rows = Rows::open(path);
  if (!rows) return fail(rows.error());
  return Side{path, std::move(*reader), std::move(*rows)};
}

Result<std::optional<Parting>, std::string> find_parting(const Side& a, const Side& b,
                                                         EventLevel down_to) {
  EventStream of_a(a.rows, down_to);
  EventStream of_b(b.rows, down_to);
  Parting parting;
  while (true) {
    const bool more_a = of_a.next();
    const bool more_b = of_b.next();
    for (const auto& [side, stream] : {std::pair(&a, &of_a), std::pair(&b, &of_b)}) {
      if (stream->error()) return fail(side->path + ": " + *stream->error());
    }
    if (!more_a && !more_b) return std::optional<Parting>();
    if (!more_a || !more_b || !of_a.now().same_as(of_b.now())) {
      if (more_a) parting.a = a.reader.event(of_a.now().id);
      if (more_b) parting.b = b.reader.event(of_b.now().id);
      return std::optional(std::move(parting));
    }
    ++parting.alike;
  }
}

/// Down to which level both have every event; nothing: one has none at all.
std::optional<EventLevel> comparable(const Scope& a, const Scope& b) {
  if (a.level == Level::none || b.level == Level::none) return std::nullopt;
  const bool alike = a.level == b.level && a.from == b.from && a.until == b.until &&
                     (a.level != Level::sampled || a.sample == b.sample);
  return alike && a.level != Level::control ? EventLevel::detail : EventLevel::control;
}

// --- figures ---

struct FigureSpec {
  const char* name;
  Phrase words;
  const char* unit;
  Better better;
  std::function<std::optional<double>(const KeyFigures&)> of;
};

template <class Member>
std::function<std::optional<double>(const KeyFigures&)> member(Member KeyFigures::*at) {
  return [at](const KeyFigures& figures) -> std::optional<double> {
    if constexpr (std::is_same_v<Member, std::optional<double>>)
      return figures.*at;
    else
      return static_cast<double>(figures.*at);
  };
}

std::function<std::optional<double>(const KeyFigures&)> used(Resource resource) {
  return [resource](const KeyFigures& figures) -> std::optional<double> {
    for (const Utilisation& one : figures.busiest) {
      if (one.resource == resource) return 100 * one.mean;
    }
    return std::nullopt;
  };
}

std::vector<FigureSpec> figure_specs() {
  using enum Better;
  return {
      {"sent", phrase("records sent"), "", neither, member(&KeyFigures::sent)},
      {"acknowledged", phrase("acknowledged"), "", neither, member(&KeyFigures::acknowledged)},
      {"kept", phrase("acknowledged of those sent"), "%", higher,
       [](const KeyFigures& figures) { return std::optional(100 * figures.kept()); }},
      {"failed", phrase("failed"), "", lower, member(&KeyFigures::failed)},
      {"lost", phrase("acknowledged and lost"), "", lower, member(&KeyFigures::lost)},
      {"acknowledged_per_s", phrase("acknowledged a second"), "/s", higher,
       member(&KeyFigures::acknowledged_per_s)},
      {"p50_produce_ms", phrase("acknowledged after, p50"), "ms", lower,
       member(&KeyFigures::p50_produce_ms)},
      {"p99_produce_ms", phrase("acknowledged after, p99"), "ms", lower,
       member(&KeyFigures::p99_produce_ms)},
      {"p50_end_to_end_ms", phrase("end to end, p50"), "ms", lower,
       member(&KeyFigures::p50_end_to_end_ms)},
      {"p99_end_to_end_ms", phrase("end to end, p99"), "ms", lower,
       member(&KeyFigures::p99_end_to_end_ms)},
      {"lag_peak", phrase("most lag of a group"), "", lower, member(&KeyFigures::lag_peak)},
      {"lag_at_end", phrase("lag at the end"), "", lower, member(&KeyFigures::lag_at_end)},
      {"drain_s", phrase("caught up with the lag after"), "s", lower, member(&KeyFigures::drain_s)},
      {"unavailable_s", phrase("longest unavailable for produce"), "s", lower,
       member(&KeyFigures::unavailable_s)},
      {"under_replicated_s", phrase("replicas missing for"), "s", lower,
       member(&KeyFigures::under_replicated_s)},
      {"network_used", phrase("busiest network card, mean"), "%", neither, used(Resource::network)},
      {"disk_used", phrase("busiest disks, mean"), "%", neither, used(Resource::disk)},
      {"processor_used", phrase("busiest processor, mean"), "%", neither,
       used(Resource::processor)},
  };
}

}  // namespace

std::vector<SettingDifference> settings_that_differ(const Json& a, const Json& b) {
  const auto settings = [](Json scenario) {
    if (!scenario.is_object()) return Json(Json::object());
    for (const char* other : {"name", "title", "story", "lesson", "seed", "recording"}) {
      scenario.erase(other);
    }
    return scenario;
  };
  Differ differ;
  const Json of_a = settings(a);
  const Json of_b = settings(b);
  differ.compare("", &of_a, &of_b);
  return std::move(differ.differences);
}

std::optional<double> Figure::delta() const {
  if (!a || !b) return std::nullopt;
  return *b - *a;
}

int Figure::judged() const {
  const double more = delta().value_or(0);
  const bool noise = a && b && std::abs(more) < 0.01 * std::max(std::abs(*a), std::abs(*b));
  if (more == 0 || noise || better == Better::neither) return 0;
  return (more > 0) == (better == Better::higher) ? 1 : -1;
}

std::vector<Figure> compare_figures(const KeyFigures& a, const KeyFigures& b) {
  std::vector<Figure> figures;
  for (const FigureSpec& spec : figure_specs()) {
    figures.push_back({spec.name, spec.words, spec.unit, spec.better, spec.of(a), spec.of(b)});
  }
  return figures;
}

Result<Comparison, std::string> compare(const std::string& path_a, const std::string& path_b) {
  const auto a = open_side(path_a);
  if (!a) return fail(a.error());
  const auto b = open_side(path_b);
  if (!b) return fail(b.error());
  Comparison comparison;
  const auto same = [&](const char* key) { return a->reader.meta(key) == b->reader.meta(key); };
  comparison.same_seed = same("seed");
  comparison.same_version = same("version");
  comparison.same_run = same("fingerprint") && !a->reader.meta("fingerprint").empty();
  comparison.settings = settings_that_differ(json_from(a->reader.meta("scenario_json")),
                                             json_from(b->reader.meta("scenario_json")));
  const auto figures_a = key_figures(a->reader.meta("summary_json"));
  const auto figures_b = key_figures(b->reader.meta("summary_json"));
  if (figures_a && figures_b) comparison.figures = compare_figures(*figures_a, *figures_b);
  comparison.compared = comparable(a->reader.scope(), b->reader.scope());
  if (comparison.compared) {
    auto first = find_parting(*a, *b, *comparison.compared);
    if (!first) return fail(first.error());
    comparison.first = std::move(*first);
    comparison.first_of_note = comparison.first;
    if (comparison.first && *comparison.compared == EventLevel::detail) {
      auto of_note = find_parting(*a, *b, EventLevel::control);
      if (!of_note) return fail(of_note.error());
      comparison.first_of_note = std::move(*of_note);
    }
  }
  for (const auto* side : {&*a, &*b}) {
    if (side->reader.read_error()) return fail(side->path + ": " + *side->reader.read_error());
  }
  return comparison;
}

}  // namespace brokerlab::recording
