// brokerlab limit
#include "base/json_text.h"
#include "base/translation.h"
#include "cli/command_line.h"
#include "cli/progress.h"
#include "plan/limit/limit.h"
#include "scenarios/loader.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <memory>
#include <optional>
#include <ostream>

namespace brokerlab::cli {
namespace {

struct LimitArguments {
  std::string scenario;
  scenarios::LoadOptions load;
  std::int64_t seeds = 3;
  std::string precision = "0.02";
  std::string p99_produce, p99_end_to_end, utilisation, kept;
  std::string folder;
  std::string table;
  bool json = false;
};

std::optional<double> number_in(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

Check number_between(double least, double most) {
  return [least, most](const std::string& text) {
    const auto number = number_in(text);
    if (number && *number >= least && *number <= most) return std::string();
    return tr("{}: must be a number from {} to {}", text, least, most);
  };
}

std::string a_duration(const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration) return text + ": " + duration.error();
  return *duration > Duration(0) ? std::string() : tr("{}: must be longer than nothing", text);
}

plan::LimitOptions options_of(const LimitArguments& arguments) {
  plan::LimitOptions options;
  plan::Objectives& objectives = options.objectives;
  if (!arguments.p99_produce.empty()) {
    objectives.p99_produce = *parse_duration(arguments.p99_produce);
  }
  if (!arguments.p99_end_to_end.empty()) {
    objectives.p99_end_to_end = *parse_duration(arguments.p99_end_to_end);
  }
  if (!arguments.utilisation.empty()) objectives.utilisation = *number_in(arguments.utilisation);
  if (!arguments.kept.empty()) objectives.kept = *number_in(arguments.kept);
  options.search.precision = *number_in(arguments.precision);
  options.seeds.clear();
  for (std::int64_t seed = 1; seed <= arguments.seeds; ++seed) options.seeds.push_back(seed);
  return options;
}

std::string resource_name(plan::Resource resource) {
  switch (resource) {
    case plan::Resource::network:
      return tr("network card");
    case plan::Resource::disk:
      return tr("disks");
    case plan::Resource::processor:
      return tr("processor");
  }
  UNREACHABLE();
}

std::string megabytes(double bytes_per_s) { return fmt::format("{:.4g} MB/s", bytes_per_s / 1e6); }

std::string bound_name(const plan::Bound& bound) {
  if (bound.name == "disk with cold reads") return tr("disks with cold reads");
  return resource_name(bound.resource);
}

void tell_answer(Context& context, const plan::Limit& limit) {
  if (limit.limits.empty() && !limit.unknown.empty()) {
    context.out << tr("No limit is known.") << "\n";
  } else if (limit.limits.empty()) {
    context.out << tr("Even the least load that was tried does not hold.") << "\n";
  } else {
    const plan::Interval& factor = limit.factor;
    context.out << tr("Limit: {:.3g} times the load, {} into the cluster", factor.mean,
                      megabytes(factor.mean * limit.load_bytes_per_s))
                << "\n";
    if (limit.limits.size() > 1) {
      context.out << tr("  95 % interval of {} seeds: {:.3g} to {:.3g} times", limit.limits.size(),
                        factor.low, factor.high)
                  << "\n";
    }
    if (limit.open_above) {
      context.out << "  " << tr("It held whatever was tried: the limit is higher.") << "\n";
    }
  }
  if (!limit.unknown.empty()) {
    const plan::Probe& first = limit.unknown.front();
    context.out
        << "  "
        << tr("Not known from {:.3g} times the load on: the run did not come to its end ({})",
              first.factor, first.failed)
        << "\n";
  }
  for (const Phrase& one : limit.beyond) context.out << tr("  just above: {}", say(one)) << "\n";
  bool saturated = false;
  for (std::size_t i = 0; i < limit.at_limit.size() && i < 2; ++i) {
    const plan::Utilisation& one = limit.at_limit[i];
    const double room = one.mean > 0 ? 1 / one.mean : 0;
    context.out
        << (i == 0
                ? tr("First bottleneck:  {} of {}, {:.0f} % used (peak {:.0f} %), head-room "
                     "{:.2g} times",
                     resource_name(one.resource), one.machine, 100 * one.mean, 100 * one.peak, room)
                : tr("Second bottleneck: {} of {}, {:.0f} % used (peak {:.0f} %), "
                     "head-room {:.2g} times",
                     resource_name(one.resource), one.machine, 100 * one.mean, 100 * one.peak,
                     room))
        << "\n";
    saturated = saturated || one.mean > 0.8 || one.peak > 0.95;
  }
  if (!limit.at_limit.empty() && !saturated) {
    context.out
        << "  "
        << tr("No resource of a broker is saturated: clients, settings or waiting times set "
              "the limit.")
        << "\n";
  }
}

void tell_closed_forms(Context& context, const plan::Limit& limit) {
  context.out << "\n" << tr("Closed forms:") << "\n";
  for (const plan::Bound& bound : limit.closed) {
    context.out << fmt::format("  {:.3g} x  {}  {}", bound.factor, megabytes(bound.bytes_per_s),
                               bound_name(bound));
    context.out << (bound.valid ? tr(": valid")
                                : tr(": not valid here, because {}", say(bound.why_not)))
                << "\n";
  }
}

Json limit_json(const plan::Limit& limit) {
  Json bounds = Json::array();
  for (const plan::Bound& bound : limit.closed) {
    bounds.push_back({{"name", bound.name},
                      {"factor", bound.factor},
                      {"bytes_per_s", bound.bytes_per_s},
                      {"valid", bound.valid},
                      {"why_not", bound.why_not.english}});
  }
  Json busiest = Json::array();
  for (const plan::Utilisation& one : limit.at_limit) {
    busiest.push_back({{"resource", plan::to_text(one.resource)},
                       {"machine", one.machine},
                       {"mean", one.mean},
                       {"peak", one.peak}});
  }
  Json json{
      {"load_bytes_per_s", limit.load_bytes_per_s},
      {"limits", limit.limits},
      {"factor", limit.limits.empty() ? Json() : Json(limit.factor.mean)},
      {"low", limit.limits.empty() ? Json() : Json(limit.factor.low)},
      {"high", limit.limits.empty() ? Json() : Json(limit.factor.high)},
      {"open_above", limit.open_above},
      {"unknown_from", limit.unknown.empty() ? Json() : Json(limit.unknown.front().factor)},
      {"unknown_because", limit.unknown.empty() ? Json() : Json(limit.unknown.front().failed)},
      {"bottlenecks", std::move(busiest)},
      {"closed_forms", std::move(bounds)}};
  json["curve"] = json_from(plan::table_json(plan::curve_of(limit)));
  return json;
}

int find_the_limit(Context& context, const LimitArguments& arguments) {
  const auto path = scenarios::find_scenario(arguments.scenario);
  if (!path) return refuse(context, {path.error()});
  const scenarios::Loaded loaded = scenarios::load_scenario(*path, arguments.load);
  if (!loaded.scenario) return refuse(context, loaded.errors);
  Problems problems = plan::not_scalable(*loaded.scenario);
  for (Problem& one : problems) one.file = *path;
  if (!problems.empty()) return refuse(context, problems);
  auto book = plan::TrialBook::open(arguments.folder, plan::program_mark());
  if (!book) {
    context.err << "brokerlab: " << book.error() << "\n";
    return exit_trouble;
  }
  ProgressLine line(context.err, progress_columns());
  const auto limit = plan::find_limit(
      *loaded.scenario, options_of(arguments), *book, [&](std::size_t probes, std::size_t left) {
        const double share =
            std::min(0.99, static_cast<double>(probes) /
                               static_cast<double>(std::max<std::size_t>(probes + left, 1)));
        if (!line.due(share)) return;
        line.draw(
            share,
            tr("{} runs, about {:.0f} s to go", probes, line.seconds_spent() * (1 - share) / share),
            fmt::format("{}", probes), "");
      });
  line.clear();
  if (!limit) {
    context.err << "brokerlab: " << limit.error() << "\n";
    return exit_trouble;
  }
  if (arguments.json) {
    context.out << json_text(limit_json(*limit), 1) << "\n";
  } else {
    tell_answer(context, *limit);
    tell_closed_forms(context, *limit);
    context.out << "\n" << plan::table_text(plan::spoken_curve_of(*limit));
  }
  if (!arguments.table.empty()) {
    const auto written = plan::write_table(plan::curve_of(*limit), "curve", arguments.table);
    if (!written.ok()) {
      context.err << "brokerlab: " << written.error() << "\n";
      return exit_trouble;
    }
  }
  // Not even the least load was tried to its end: nothing is known.
  if (limit->limits.empty() && !limit->unknown.empty()) return exit_unknown;
  return limit->all_have_one ? exit_pass : exit_fail;
}

}  // namespace

void add_limit(Command app, Context& context) {
  const auto arguments = std::make_shared<LimitArguments>();
  const Command command =
      app.sub("limit", tr("The highest load that a scenario's cluster carries, and what stops it"));
  command.option("scenario", arguments->scenario, tr("A name of the library, or a file"))
      .required();
  command
      .option("--set", arguments->load.overrides,
              tr("path=value; changes one value of the scenario; may be repeated"))
      .one_each();
  command.option("--seeds", arguments->seeds, tr("How many seeds, from 1 on"))
      .check(whole_number(1, 100))
      .shows_default();
  command
      .option("--precision", arguments->precision,
              tr("How near the load that fails is to be to the one that holds"))
      .check(number_between(0.001, 1))
      .shows_default();
  command
      .option("--p99-produce", arguments->p99_produce,
              tr("99 % of records are to be acknowledged so soon (1s)"))
      .check(a_duration);
  command
      .option("--p99-end-to-end", arguments->p99_end_to_end,
              tr("99 % of records are to be processed so soon (2s)"))
      .check(a_duration);
  command
      .option("--utilisation", arguments->utilisation,
              tr("The most that a broker's card, disks and processor may be used on average (1)"))
      .check(number_between(0.05, 10));
  command
      .option("--kept", arguments->kept,
              tr("The share of records that is to be acknowledged by the end (0.99)"))
      .check(number_between(0.5, 1));
  command
      .option("--out", arguments->folder,
              tr("The folder of what is finished; the same command again goes on from there"))
      .check(not_empty);
  command
      .option("--table", arguments->table,
              tr("Write the curve of demand and capacity to this .csv, .json or .sqlite file"))
      .check(not_empty);
  command.flag("--json", arguments->json, tr("Everything as JSON"));
  command.footer(tr(
      "Exit status: 0 there is a limit, 1 even the least load does not hold, 2 no run came to its "
      "end."));
  command.run([&context, arguments] { context.status = find_the_limit(context, *arguments); });
}

}  // namespace brokerlab::cli
