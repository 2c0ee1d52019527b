#include "scenarios/sources/source_rate.h"

#include "base/json_text.h"
#include "base/translation.h"
#include "scenarios/names.h"
#include "scenarios/sources/csv.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

namespace brokerlab::scenarios {
namespace {

using Points = std::vector<RateCurve::Point>;

constexpr double highest_in_file = 1e8;

Failure<SourceProblem> wrong(std::string path, std::string value, std::string message) {
  return fail(SourceProblem{std::move(path), std::move(value), std::move(message)});
}

std::string quoted(const std::string& text) { return json_text(Json(text)); }

// --- A day ---

constexpr double sharpest = 100;

/// The mean of ((1 + cos a) / 2)^p over a day.
double mean_of_power(double p) {
  return std::exp(std::lgamma(p + 0.5) - std::lgamma(p + 1)) / std::sqrt(std::numbers::pi);
}

/// The least sharpness that leaves the lowest rate a tenth of the mean.
double sharpness_for(double mean, double peak) {
  const double wanted = 0.9 * mean / (peak - 0.1 * mean);
  double low = 1;
  double high = sharpest;
  if (mean_of_power(low) <= wanted) return low;
  if (mean_of_power(high) >= wanted) return high;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (mean_of_power(middle) > wanted ? low : high) = middle;
  }
  return high;
}

Result<RateCurve, SourceProblem> daily_curve(const DailyRate& day, Duration starts_at, Time end) {
  const double mean = day.mean.count();
  const double peak = day.peak.count();
  if (peak < mean) {
    return wrong("/rate/daily/peak", quoted(to_text(day.peak)),
                 tr("must be at least the mean, {}", to_text(day.mean)));
  }
  if (peak == mean) return RateCurve::through({{Time{}, mean}}, end);
  const double p = day.sharpness.value_or(sharpness_for(mean, peak));
  const double share = mean_of_power(p);
  const double low = (mean - share * peak) / (1 - share);
  if (low < 0) {
    const double possible = mean / share;
    return wrong("/rate/daily/peak", quoted(to_text(day.peak)),
                 day.sharpness && p < sharpest
                     ? tr("must be at most {:.1f} times the mean, {:.0f}/s, at this sharpness; a "
                          "higher one allows more",
                          1 / share, std::floor(possible))
                     : tr("must be at most {:.1f} times the mean, {:.0f}/s", 1 / share,
                          std::floor(possible)));
  }
  Points points;
  for (Duration at{0};; at += 1min) {
    const double angle = 2 * std::numbers::pi * to_seconds(starts_at + at - day.peak_at) / 86'400;
    points.push_back({Time(at), low + (peak - low) * std::pow((1 + std::cos(angle)) / 2, p)});
    if (Time(at) >= end) break;
  }
  return RateCurve::through(points, end);
}

// --- Bursts ---

RateCurve burst_curve(const BurstRate& bursts, Time end) {
  std::vector<RateStep> steps{{Duration{0}, bursts.base}};
  const auto add = [&](Duration at) {
    if (steps.back().from == at) steps.pop_back();
    steps.push_back({at, bursts.rate});
    steps.push_back({at + bursts.lasting, bursts.base});
  };
  for (const Duration at : bursts.at) add(at);
  if (bursts.every) {
    for (Duration at = *bursts.every; Time(at) < end; at += *bursts.every) add(at);
  }
  return RateCurve::steps(steps, end);
}

// --- A file ---

std::optional<double> number_in(std::string_view text) {
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool all = code == std::errc{} && end == text.data() + text.size();
  return all && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

/// "12.5" seconds, or hours, minutes and seconds: "00:10:00".
std::optional<Duration> time_in(const std::string& text) {
  double seconds = 0;
  if (std::count(text.begin(), text.end(), ':') == 2) {
    const std::size_t first = text.find(':');
    const std::size_t second = text.find(':', first + 1);
    const auto hours = number_in(text.substr(0, first));
    const auto minutes = number_in(text.substr(first + 1, second - first - 1));
    const auto rest = number_in(text.substr(second + 1));
    if (!hours || !minutes || !rest || *hours != std::floor(*hours) ||
        *minutes != std::floor(*minutes) || *minutes < 0 || *minutes >= 60 || *rest < 0 ||
        *rest >= 60) {
      return std::nullopt;
    }
    seconds = *hours * 3600 + *minutes * 60 + *rest;
  } else {
    const auto number = number_in(text);
    if (!number) return std::nullopt;
    seconds = *number;
  }
  if (!(seconds >= 0 && seconds <= to_seconds(longest_run))) return std::nullopt;
  return from_seconds(seconds);
}

/// "200", or with a unit: "20k/s".
std::optional<double> rate_in_file(const std::string& text) {
  auto rate = number_in(text);
  if (!rate) {
    const auto with_unit = parse_per_second(text);
    if (with_unit) rate = with_unit->count();
  }
  return rate && *rate >= 0 && *rate <= highest_in_file ? rate : std::nullopt;
}

Result<Points, std::string> points_of_file(const std::string& path) {
  const auto rows = read_table(path, {"time", "rate"});
  if (!rows) return fail(rows.error());
  Points points;
  for (const CsvRow& row : *rows) {
    const auto at = time_in(row.fields[0]);
    if (!at) {
      return fail(
          tr("line {}: time {} must be seconds, such as 12.5, or a time such as 00:10:00, "
             "from 0 to {}",
             row.line, quoted(row.fields[0].substr(0, 40)), to_text(longest_run)));
    }
    const auto rate = rate_in_file(row.fields[1]);
    if (!rate) {
      return fail(
          tr("line {}: rate {} must be a number of records a second, such as 200 or "
             "20k/s, from 0/s to {}",
             row.line, quoted(row.fields[1].substr(0, 40)), to_text(PerSecond(highest_in_file))));
    }
    if (!points.empty() && Time(*at) < points.back().at) {
      return fail(tr("line {}: time {} must not be before that of the line above", row.line,
                     quoted(row.fields[0])));
    }
    points.push_back({Time(*at), *rate});
  }
  return points;
}

/// Three digits are enough for people.
PerSecond rounded_rate(double rate) {
  if (rate <= 0) return PerSecond(0);
  const double unit = std::pow(10, std::floor(std::log10(rate)) - 2);
  const double scaled = std::round(rate / unit);
  return PerSecond(unit < 1 ? scaled / std::round(1 / unit) : scaled * std::round(unit));
}

}  // namespace

double expected_of(const Scenario& scenario, const SourceSpec& source, const ClosedLoop& loop) {
  constexpr Duration usual_answer = 5ms;
  const Duration span = source.until.value_or(scenario.duration);
  return static_cast<double>(loop.users) *
         (to_seconds(span) / to_seconds(loop.think_time + usual_answer));
}

Result<RateCurve, SourceProblem> rate_curve(const Scenario& scenario, const SourceSpec& source) {
  const Time end(std::min(source.until.value_or(scenario.duration), scenario.duration));
  if (!source.rate) return RateCurve{};
  const auto& what = source.rate->what;
  if (const auto* steps = std::get_if<RateSteps>(&what)) return RateCurve::steps(steps->steps, end);
  if (const auto* constant = std::get_if<ConstantRate>(&what)) {
    return RateCurve::steps({{Duration{0}, constant->rate}}, end);
  }
  if (const auto* day = std::get_if<DailyRate>(&what)) {
    return daily_curve(*day, scenario.starts_at, end);
  }
  if (const auto* bursts = std::get_if<BurstRate>(&what)) return burst_curve(*bursts, end);
  const auto& file = std::get<RateFile>(what).file;
  const auto points = points_of_file(scenario.path_of(file));
  if (!points) return wrong("/rate/file", quoted(file), points.error());
  return RateCurve::through(*points, end);
}

Duration spoken_until(const Scenario& scenario, const RateSpec& rate) {
  if (const auto* steps = std::get_if<RateSteps>(&rate.what)) {
    return steps->steps.empty() ? Duration{0} : steps->steps.back().from;
  }
  if (const auto* bursts = std::get_if<BurstRate>(&rate.what)) {
    return bursts->at.empty() ? Duration{0} : bursts->at.back() + bursts->lasting;
  }
  const auto* file = std::get_if<RateFile>(&rate.what);
  if (file == nullptr) return Duration{0};
  const auto points = points_of_file(scenario.path_of(file->file));
  return !points || points->empty() ? Duration{0} : points->back().at.time_since_epoch();
}

std::vector<std::pair<Time, PerSecond>> load_changes(const SourceSpec& source,
                                                     const RateCurve& curve) {
  std::vector<std::pair<Time, PerSecond>> changes;
  if (!source.rate) return changes;
  if (const auto* steps = std::get_if<RateSteps>(&source.rate->what)) {
    for (const RateStep& step : steps->steps) changes.emplace_back(Time(step.from), step.rate);
    return changes;
  }
  const Points corners = curve.corners();
  const double highest = curve.highest();
  const Duration apart = curve.end().time_since_epoch() / 1000;
  double told = -highest;
  for (const RateCurve::Point& corner : corners) {
    const bool early = !changes.empty() && corner.at < changes.back().first + apart;
    if (early || std::abs(corner.rate - told) < highest / 10 - 1e-9) continue;
    told = corner.rate;
    changes.emplace_back(corner.at, rounded_rate(told));
  }
  return changes;
}

}  // namespace brokerlab::scenarios
