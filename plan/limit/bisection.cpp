#include "plan/limit/bisection.h"

#include "base/check.h"

#include <algorithm>
#include <cmath>

namespace brokerlab::plan {

std::optional<double> Bisection::next() const {
  if (!holds_ && !fails_) return options_.first;
  if (!fails_) return *holds_ >= options_.most ? std::nullopt : std::optional(*holds_ * 2);
  if (!holds_) return *fails_ <= options_.least ? std::nullopt : std::optional(*fails_ / 2);
  if (*fails_ <= *holds_ * (1 + options_.precision)) return std::nullopt;
  return std::sqrt(*holds_ * *fails_);
}

std::size_t Bisection::left() const {
  if (!next()) return 0;
  const double goal = std::log(1 + options_.precision);
  // Of what one doubling leaves, and of two more until there is a bracket.
  constexpr std::size_t to_bracket = 2;
  const double open = holds_ && fails_ ? std::log(*fails_ / *holds_) : std::log(2.0);
  const auto halvings = static_cast<std::size_t>(std::max(1.0, std::ceil(std::log2(open / goal))));
  return halvings + (holds_ && fails_ ? 0 : to_bracket);
}

void Bisection::tell(double factor, bool holds) {
  if (holds) {
    holds_ = std::max(holds_.value_or(factor), factor);
  } else {
    fails_ = std::min(fails_.value_or(factor), factor);
  }
}

Interval confidence(const std::vector<double>& values) {
  ENSURE(!values.empty(), "an interval of nothing");
  // Two-sided 95 % quantiles of Student's t with 1, 2, .. degrees of freedom.
  constexpr double quantiles[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262};
  constexpr double normal = 1.96;
  double sum = 0;
  for (const double value : values) sum += value;
  const auto n = static_cast<double>(values.size());
  Interval found{sum / n, sum / n, sum / n};
  if (values.size() < 2) return found;
  double squares = 0;
  for (const double value : values) squares += (value - found.mean) * (value - found.mean);
  const std::size_t freedom = values.size() - 1;
  const double quantile = freedom <= std::size(quantiles) ? quantiles[freedom - 1] : normal;
  const double half = quantile * std::sqrt(squares / (n - 1) / n);
  found.low = found.mean - half;
  found.high = found.mean + half;
  return found;
}

}  // namespace brokerlab::plan
