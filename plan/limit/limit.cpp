#include "plan/limit/limit.h"

#include "base/json_text.h"
#include "base/translation.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <variant>

namespace brokerlab::plan {
namespace {

PerSecond times(PerSecond rate, double factor) { return PerSecond(rate.count() * factor); }

struct Scale {
  double factor;

  void operator()(scenarios::RateSteps& steps) const {
    for (scenarios::RateStep& step : steps.steps) step.rate = times(step.rate, factor);
  }
  void operator()(scenarios::ConstantRate& rate) const { rate.rate = times(rate.rate, factor); }
  void operator()(scenarios::DailyRate& daily) const {
    daily.mean = times(daily.mean, factor);
    daily.peak = times(daily.peak, factor);
  }
  void operator()(scenarios::BurstRate& burst) const {
    burst.base = times(burst.base, factor);
    burst.rate = times(burst.rate, factor);
  }
  void operator()(scenarios::RateFile&) const {}
};

/// A seed's search, and what it has asked.
struct Search {
  std::int64_t seed;
  Bisection bisection;
};

}  // namespace

Problems not_scalable(const scenarios::Scenario& scenario) {
  Problems problems;
  if (scenario.sources.empty()) {
    problems.push_back({{}, "/sources", {}, tr("has no source, so there is no load to scale")});
  }
  for (std::size_t i = 0; i < scenario.sources.size(); ++i) {
    const scenarios::SourceSpec& source = scenario.sources[i];
    const std::string path = fmt::format("/sources/{}", i);
    if (!source.drawn()) {
      problems.push_back({{}, path, source.name, tr("are rows of a file, which cannot be scaled")});
    } else if (!source.rate) {
      problems.push_back({{}, path, source.name, tr("is a closed loop: it has no rate to scale")});
    } else if (std::holds_alternative<scenarios::RateFile>(source.rate->what)) {
      problems.push_back(
          {{}, path, source.name, tr("has its rate from a file, which cannot be scaled")});
    }
  }
  return problems;
}

scenarios::Scenario scaled(scenarios::Scenario scenario, double factor) {
  for (scenarios::SourceSpec& source : scenario.sources) {
    if (source.rate) std::visit(Scale{factor}, source.rate->what);
  }
  return scenario;
}

scenarios::Scenario settled(scenarios::Scenario scenario) {
  if (scenario.duration < 2 * settled_after) return scenario;
  for (scenarios::SourceSpec& source : scenario.sources) {
    if (!source.rate) continue;
    if (const auto* constant = std::get_if<scenarios::ConstantRate>(&source.rate->what)) {
      source.rate->what = scenarios::RateSteps{{{settled_after, constant->rate}}};
    } else if (auto* steps = std::get_if<scenarios::RateSteps>(&source.rate->what)) {
      // Of those that are over by then nothing is left.
      std::vector<scenarios::RateStep>& all = steps->steps;
      while (all.size() > 1 && all[1].from <= settled_after) all.erase(all.begin());
      if (!all.empty()) all.front().from = std::max(all.front().from, settled_after);
    }
  }
  return scenario;
}

scenarios::Scenario answered(scenarios::Scenario scenario, const Objectives& objectives) {
  for (scenarios::SourceSpec& source : scenario.sources) {
    source.until = std::min(source.until.value_or(scenario.duration), scenario.duration);
  }
  scenario.duration += std::max(objectives.p99_produce, objectives.p99_end_to_end);
  return scenario;
}

Result<Limit, std::string> find_limit(const scenarios::Scenario& scenario,
                                      const LimitOptions& options, TrialBook& book,
                                      const LimitProgress& progress) {
  Limit limit;
  const std::vector<TopicLoad> load = load_of(scenario);
  for (const TopicLoad& topic : load) limit.load_bytes_per_s += topic.bytes_per_s;
  limit.closed = closed_forms(
      load, {scenario.broker_count(), scenario.machine(scenario.brokers.front().machine)},
      scenario.duration);
  const scenarios::Scenario begun = answered(settled(scenario), options.objectives);
  std::vector<Search> searches;
  for (const std::int64_t seed : options.seeds) {
    searches.push_back({seed, Bisection(options.search)});
  }
  while (true) {
    // A round: what every seed wants to know, side by side.
    std::vector<std::pair<std::size_t, double>> asked;
    for (std::size_t i = 0; i < searches.size(); ++i) {
      if (const auto factor = searches[i].bisection.next()) asked.emplace_back(i, *factor);
    }
    if (asked.empty()) break;
    const auto status = run_trials(
        book, {},
        [&](std::size_t trial) -> std::optional<scenarios::Scenario> {
          if (trial >= asked.size()) return std::nullopt;
          scenarios::Scenario one = scaled(begun, asked[trial].second);
          one.seed = searches[asked[trial].first].seed;
          return one;
        },
        [&](std::size_t trial, Result<Outcome, std::string> outcome) {
          Search& search = searches[asked[trial].first];
          Probe probe{asked[trial].second, search.seed, {}, {}, {}};
          if (outcome) {
            probe.figures = outcome->figures;
            probe.missed = missed(options.objectives, probe.figures);
          } else {
            probe.failed = outcome.error();
          }
          search.bisection.tell(probe.factor, probe.holds());
          limit.probes.push_back(std::move(probe));
          if (!progress) return;
          std::size_t left = 0;
          for (const Search& one : searches) left += one.bisection.left();
          progress(limit.probes.size(), left);
        });
    if (!status.ok()) return fail(status.error());
  }
  std::sort(limit.probes.begin(), limit.probes.end(), [](const Probe& a, const Probe& b) {
    return a.factor != b.factor ? a.factor < b.factor : a.seed < b.seed;
  });
  for (const Search& search : searches) {
    if (search.bisection.holds()) limit.limits.push_back(*search.bisection.holds());
    limit.all_have_one = limit.all_have_one && search.bisection.holds().has_value();
    limit.open_above = limit.open_above || !search.bisection.fails();
  }
  if (!limit.limits.empty()) limit.factor = confidence(limit.limits);
  for (const Probe& probe : limit.probes) {
    if (probe.holds()) {
      limit.at_limit = probe.figures.busiest;
      limit.beyond.clear();
    } else if (limit.beyond.empty()) {
      limit.beyond = probe.missed;
    }
    if (!probe.failed.empty()) limit.unknown.push_back(probe);
  }
  return limit;
}

Table curve_of(const Limit& limit) {
  Table table;
  table.columns = {"factor",
                   "seed",
                   "load_MB_per_s",
                   "acknowledged_per_s",
                   "kept",
                   "p99_produce_ms",
                   "p99_end_to_end_ms",
                   "network",
                   "disk",
                   "processor",
                   "holds",
                   "missed"};
  for (const Probe& probe : limit.probes) {
    std::vector<Cell> row{probe.factor,
                          probe.seed,
                          probe.factor * limit.load_bytes_per_s / 1e6,
                          probe.figures.acknowledged_per_s,
                          probe.figures.kept(),
                          probe.figures.p99_produce_ms,
                          probe.figures.p99_end_to_end_ms};
    for (const Resource resource : all_resources) {
      Cell use;
      for (const Utilisation& one : probe.figures.busiest) {
        if (one.resource == resource) use = one.mean;
      }
      row.push_back(use);
    }
    row.emplace_back(std::string(probe.holds() ? "yes" : probe.failed.empty() ? "no" : "unknown"));
    std::string missed = probe.failed;
    for (const Phrase& one : probe.missed) missed += (missed.empty() ? "" : "; ") + one.english;
    row.emplace_back(std::move(missed));
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table spoken_curve_of(const Limit& limit) {
  Table table = curve_of(limit);
  table.columns = {tr("factor"),
                   tr("seed"),
                   tr("load MB/s"),
                   tr("acknowledged/s"),
                   tr("share kept"),
                   tr("p99 produce ms"),
                   tr("p99 end to end ms"),
                   tr("network"),
                   tr("disk"),
                   tr("processor"),
                   tr("holds"),
                   tr("missed")};
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const Probe& probe = limit.probes[i];
    std::vector<Cell>& row = table.rows[i];
    std::string missed = probe.failed;
    for (const Phrase& one : probe.missed) missed += (missed.empty() ? "" : "; ") + say(one);
    row[row.size() - 2] = probe.holds()          ? tr("yes")
                          : probe.failed.empty() ? tr("no")
                                                 : tr("unknown");
    row.back() = std::move(missed);
  }
  return table;
}

}  // namespace brokerlab::plan
