// brokerlab compare A.run B.run: what differs, what it came to, where the two part.
#include "base/json_text.h"
#include "base/plurals.h"
#include "base/translation.h"
#include "cli/command_line.h"
#include "cli/recordings.h"
#include "plan/table.h"
#include "recording/comparison.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

using recording::Comparison;
using recording::Figure;
using recording::Parting;
using recording::Reader;

struct CompareArguments {
  std::string a;
  std::string b;
  bool json = false;
};

/// What a table has room for.
std::string brief(const std::optional<std::string>& value) {
  constexpr std::size_t most = 48;
  if (!value) return "-";
  if (value->size() <= most) return *value;
  std::size_t end = most - 3;
  while (end > 0 && (static_cast<unsigned char>((*value)[end]) & 0xC0) == 0x80) --end;
  return value->substr(0, end) + "...";
}

std::string head_line(const char* letter, const std::string& path, const Reader& reader) {
  return tr("{}: {}  {}, seed {}, brokerlab {}: {}", letter, path, reader.meta("name"),
            reader.meta("seed"), reader.meta("version"),
            reader.meta("verdict").empty() ? "?" : reader.meta("verdict")) +
         "\n";
}

/// What of the three that decide a run is the same.
std::string sameness(const Comparison& comparison) {
  if (comparison.same_run) return tr("Both are one run: the same to the last event.");
  std::string text = comparison.same_seed ? tr("The same seed") : tr("Different seeds");
  text += ", " + (comparison.same_version ? tr("the same version") : tr("different versions"));
  text += ", " + (comparison.settings.empty()
                      ? tr("the same settings")
                      : with_plurals(tr("{} setting(s) that differ", comparison.settings.size())));
  return text + ".";
}

/// Four digits, or all of them before the point.
std::string number_text(double number, const std::string& unit) {
  const double size = std::abs(number);
  std::string text =
      unit.empty() || size >= 1000 ? fmt::format("{:.0f}", number) : fmt::format("{:.4g}", number);
  if (text == "-0") text = "0";
  return unit.empty() || unit == "/s" ? text + unit : text + " " + unit;
}

std::string number_text(const std::optional<double>& number, const std::string& unit) {
  return number ? number_text(*number, unit) : "-";
}

std::string delta_text(const Figure& figure) {
  const auto delta = figure.delta();
  if (!delta) return "-";
  const double share = *figure.a == 0 ? 0 : *delta / *figure.a;
  if (*delta == 0) return "0";
  if (*figure.a != 0 && std::abs(share) < 0.0001) return "~0";
  std::string text = (*delta > 0 ? "+" : "") + number_text(*delta, figure.unit);
  if (*figure.a != 0) text += fmt::format(" ({:+.2f} %)", 100 * share);
  return text;
}

plan::Table figure_table(const Comparison& comparison) {
  plan::Table table{{tr("key figure"), "A", "B", "B - A", ""}, {}};
  for (const Figure& figure : comparison.figures) {
    const int judged = figure.judged();
    table.rows.push_back({say(figure.words), number_text(figure.a, figure.unit),
                          number_text(figure.b, figure.unit), delta_text(figure),
                          judged > 0   ? tr("better")
                          : judged < 0 ? tr("worse")
                                       : std::string()});
  }
  return table;
}

void tell_parting(Context& context, const Parting& parting, const EventPrinter& in_a,
                  const EventPrinter& in_b) {
  const auto line = [](const EventPrinter& in, const std::optional<recording::RecordedEvent>& one) {
    return one ? in.line(*one) : tr("nothing more happens");
  };
  const std::string of_a = line(in_a, parting.a);
  const std::string of_b = line(in_b, parting.b);
  context.out << "  A  " << of_a << "\n  B  " << of_b << "\n";
  if (parting.a && parting.b && of_a == of_b) {
    const auto exact = [](Time t) {
      return fmt::format("{:.9f}s", to_seconds(t.time_since_epoch()));
    };
    context.out << "  "
                << tr("the same, but at {} and {}", exact(parting.a->t), exact(parting.b->t))
                << "\n";
  }
}

bool same_event(const Parting& one, const Parting& other) {
  const auto id = [](const std::optional<recording::RecordedEvent>& event) {
    return event ? event->id : -1;
  };
  return id(one.a) == id(other.a) && id(one.b) == id(other.b);
}

void tell_events(Context& context, const Comparison& comparison, const Reader& a, const Reader& b) {
  if (!comparison.compared) {
    context.out << "\n"
                << tr("One recording has no events (recording level none): where they part is "
                      "not known.")
                << "\n";
    return;
  }
  const EventPrinter in_a(a, context.language);
  const EventPrinter in_b(b, context.language);
  if (!comparison.first) {
    context.out << "\n" << tr("No event differs.") << "\n";
  } else {
    context.out << "\n"
                << with_plurals(tr("They part after {} event(s) that are the same:",
                                   comparison.first->alike))
                << "\n";
    tell_parting(context, *comparison.first, in_a, in_b);
    if (!comparison.first_of_note) {
      context.out << tr("Faults and control events are all the same.") << "\n";
    } else if (!same_event(*comparison.first, *comparison.first_of_note)) {
      context.out << tr("Of faults and control events alone, after {} that are the same:",
                        comparison.first_of_note->alike)
                  << "\n";
      tell_parting(context, *comparison.first_of_note, in_a, in_b);
    }
  }
  if (*comparison.compared != recording::EventLevel::detail) {
    context.out << tr("Detail events were not compared: the recordings do not keep the same of "
                      "them.")
                << "\n";
  }
}

void tell(Context& context, const CompareArguments& arguments, const Comparison& comparison,
          const Reader& a, const Reader& b) {
  context.out << head_line("A", arguments.a, a) << head_line("B", arguments.b, b)
              << sameness(comparison) << "\n";
  if (!comparison.settings.empty()) {
    plan::Table table{{tr("setting"), "A", "B"}, {}};
    for (const recording::SettingDifference& one : comparison.settings) {
      table.rows.push_back({one.path, brief(one.a), brief(one.b)});
    }
    context.out << "\n" << plan::table_text(table);
  }
  if (!comparison.figures.empty()) {
    context.out << "\n" << plan::table_text(figure_table(comparison));
  } else {
    context.out << "\n" << tr("A recording has no report, so there are no key figures.") << "\n";
  }
  if (!comparison.same_run) tell_events(context, comparison, a, b);
}

Json event_json(const std::optional<recording::RecordedEvent>& event) {
  if (!event) return {};
  return {{"id", event->id},
          {"t_s", to_seconds(event->t.time_since_epoch())},
          {"level", recording::to_text(event->level)},
          {"kind", event->kind},
          {"en", event->en},
          {"ko", event->ko}};
}

Json parting_json(const std::optional<Parting>& parting) {
  if (!parting) return {};
  return {{"alike", parting->alike}, {"a", event_json(parting->a)}, {"b", event_json(parting->b)}};
}

Json comparison_json(const CompareArguments& arguments, const Comparison& comparison,
                     const Reader& a, const Reader& b) {
  const auto run = [](const std::string& path, const Reader& reader) {
    Json one{{"file", path}};
    for (const char* key : {"name", "seed", "version", "fingerprint", "verdict"}) {
      one[key] = reader.meta(key);
    }
    return one;
  };
  Json json{{"a", run(arguments.a, a)},
            {"b", run(arguments.b, b)},
            {"same_run", comparison.same_run},
            {"same_seed", comparison.same_seed},
            {"same_version", comparison.same_version}};
  json["settings"] = Json::array();
  for (const recording::SettingDifference& one : comparison.settings) {
    json["settings"].push_back({{"path", one.path},
                                {"a", one.a ? Json(*one.a) : Json()},
                                {"b", one.b ? Json(*one.b) : Json()}});
  }
  json["figures"] = Json::array();
  for (const Figure& one : comparison.figures) {
    const auto number = [](const std::optional<double>& value) {
      return value ? Json(*value) : Json();
    };
    const int judged = one.judged();
    json["figures"].push_back({{"name", one.name},
                               {"unit", one.unit},
                               {"a", number(one.a)},
                               {"b", number(one.b)},
                               {"delta", number(one.delta())},
                               {"b_is", judged > 0   ? Json("better")
                                        : judged < 0 ? Json("worse")
                                                     : Json()}});
  }
  json["events_compared"] =
      comparison.compared ? Json(recording::to_text(*comparison.compared)) : Json();
  json["part"] = parting_json(comparison.first);
  json["part_of_note"] = parting_json(comparison.first_of_note);
  return json;
}

int compare_recordings(Context& context, const CompareArguments& arguments) {
  Problems problems;
  const auto a = open_recording(arguments.a);
  const auto b = open_recording(arguments.b);
  for (const auto* one : {&a, &b}) {
    if (!*one) problems.push_back({{}, {}, {}, one->error()});
  }
  if (!problems.empty()) return refuse(context, problems);
  const auto comparison = recording::compare(arguments.a, arguments.b);
  if (!comparison) {
    context.err << "brokerlab: " << comparison.error() << "\n";
    return exit_trouble;
  }
  if (arguments.json) {
    context.out << json_text(comparison_json(arguments, *comparison, *a, *b), 1) << "\n";
  } else {
    tell(context, arguments, *comparison, *a, *b);
  }
  return exit_pass;
}

}  // namespace

void add_compare(Command app, Context& context) {
  const auto arguments = std::make_shared<CompareArguments>();
  const Command command =
      app.sub("compare", tr("What differs between two recordings, and where they part"));
  command.option("a", arguments->a, tr("A recording (run --record FILE.run)")).required();
  command.option("b", arguments->b, tr("Another one")).required();
  command.flag("--json", arguments->json, tr("Everything as JSON"));
  command.footer(tr("Exit status: 0 compared, whether they differ or not; 3 a file is wrong."));
  command.run([&context, arguments] { context.status = compare_recordings(context, *arguments); });
}

}  // namespace brokerlab::cli
