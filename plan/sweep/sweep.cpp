#include "plan/sweep/sweep.h"

#include "base/integer_text.h"
#include "base/translation.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <optional>
#include <unistd.h>

namespace brokerlab::plan {
namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// A number as a number, so that SQL and spreadsheets can sort by it.
Cell cell_of(const std::string& text) {
  if (const auto whole = parse_integer<std::int64_t>(text)) return *whole;
  double number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (!text.empty() && read.ec == std::errc() && read.ptr == end) return number;
  return text;
}

Cell value_in(const Change& change, const std::string& path) {
  Cell found;
  for (const Assignment& one : change) {
    if (one.path == path) found = cell_of(one.text);  // the last one counts
  }
  return found;
}

void add_figures(const Outcome& outcome, std::vector<Cell>& row) {
  const KeyFigures& figures = outcome.figures;
  row.emplace_back(figures.verdict);
  row.emplace_back(figures.acknowledged_per_s);
  row.emplace_back(figures.kept());
  row.emplace_back(figures.p50_produce_ms);
  row.emplace_back(figures.p99_produce_ms);
  row.emplace_back(figures.p99_end_to_end_ms);
  row.emplace_back(figures.lag_peak);
  row.push_back(figures.drain_s ? Cell(*figures.drain_s) : Cell());
  row.emplace_back(figures.under_replicated_s);
  row.emplace_back(figures.unavailable_s);
  row.emplace_back(figures.lost);
  if (figures.busiest.empty()) {
    row.resize(row.size() + 3);
  } else {
    const Utilisation& worst = figures.busiest.front();
    row.emplace_back(std::string(to_text(worst.resource)));
    row.emplace_back(worst.mean);
    row.emplace_back(worst.peak);
  }
  row.emplace_back(outcome.cpu_seconds);
  row.emplace_back(figures.fingerprint);
}

}  // namespace

double SweepResult::busy() const {
  return wall_seconds > 0 ? cpu_seconds / (wall_seconds * cores) : 0;
}

std::string words_of(const Point& point) {
  std::string words;
  for (const Assignment& one : point.change) words += one.path + "=" + one.text + " ";
  return words + "seed=" + std::to_string(point.seed);
}

Result<SweepResult, std::string> run_sweep(const Sweep& sweep, TrialBook& book,
                                           const SweepNews& news, std::size_t at_once) {
  SweepResult result;
  result.cores = at_once > 0 ? static_cast<int>(at_once)
                             : static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  std::vector<std::optional<Result<Outcome, std::string>>> outcomes(sweep.points.size());
  std::vector<std::size_t> point_of;  ///< By trial.
  std::size_t at = 0;
  std::size_t done = 0;
  std::size_t ran = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto finish = [&](std::size_t point, Result<Outcome, std::string> outcome) {
    ++done;
    if (!outcome) {
      ++result.failed;
      if (news.failed) news.failed(sweep.points[point], outcome.error());
    } else if (outcome->from_before) {
      ++result.from_before;
    } else {
      result.cpu_seconds += outcome->cpu_seconds;
      ++ran;
    }
    outcomes[point].emplace(std::move(outcome));
    if (!news.progress) return;
    const std::size_t left = sweep.points.size() - done;
    const double each = ran == 0 ? 0 : seconds_since(begin) / static_cast<double>(ran);
    news.progress({done, sweep.points.size(), each * static_cast<double>(left)});
  };
  const NextTrial next = [&](std::size_t) -> std::optional<scenarios::Scenario> {
    while (at < sweep.points.size()) {
      const std::size_t point = at++;
      scenarios::Loaded loaded = scenario_of(sweep, sweep.points[point]);
      if (loaded.scenario) {
        point_of.push_back(point);
        return std::move(loaded.scenario);
      }
      const Problem& first = loaded.errors.front();
      finish(point,
             fail(tr("refused: {}",
                     first.path.empty() ? first.message : first.path + ": " + first.message)));
    }
    return std::nullopt;
  };
  TrialLimits limits;
  limits.most_cpu_seconds = static_cast<int>(to_seconds(sweep.spec.most_cpu));
  limits.at_once = at_once;
  const auto status =
      run_trials(book, limits, next, [&](std::size_t trial, Result<Outcome, std::string> outcome) {
        finish(point_of[trial], std::move(outcome));
      });
  if (!status.ok()) return fail(status.error());
  result.wall_seconds = seconds_since(begin);
  for (auto& outcome : outcomes) {
    ENSURE(outcome.has_value(), "a point that never ended");
    result.outcomes.push_back(std::move(*outcome));
  }
  return result;
}

Table table_of(const Sweep& sweep, const SweepResult& result) {
  Table table;
  table.columns = sweep.changed;
  for (const char* name :
       {"seed", "verdict", "acknowledged_per_s", "kept", "p50_produce_ms", "p99_produce_ms",
        "p99_end_to_end_ms", "lag_peak", "drain_s", "under_replicated_s", "unavailable_s", "lost",
        "busiest", "busiest_mean", "busiest_peak", "cpu_s", "fingerprint", "failed"}) {
    table.columns.emplace_back(name);
  }
  for (std::size_t i = 0; i < sweep.points.size(); ++i) {
    std::vector<Cell> row;
    for (const std::string& path : sweep.changed) {
      row.push_back(value_in(sweep.points[i].change, path));
    }
    row.emplace_back(sweep.points[i].seed);
    const auto& outcome = result.outcomes[i];
    if (outcome) {
      add_figures(*outcome, row);
      row.emplace_back();
    } else {
      row.resize(table.columns.size() - 1);
      row.emplace_back(outcome.error());
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace brokerlab::plan
