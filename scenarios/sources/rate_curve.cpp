#include "scenarios/sources/rate_curve.h"

#include <algorithm>
#include <cmath>

namespace brokerlab::scenarios {
namespace {

/// How long until so many come, from a rate that grows by `slope`.
Duration time_until(double records, double rate, double slope) {
  if (slope == 0) return from_seconds(records / rate);
  return from_seconds(2 * records /
                      (rate + std::sqrt(std::max(0.0, rate * rate + 2 * slope * records))));
}

double expected_in(double rate, double slope, double seconds) {
  return slope == 0 ? rate * seconds : (rate + slope * seconds / 2) * seconds;
}

}  // namespace

void RateCurve::add(Time begin, double rate, double slope) {
  if (begin >= end_) return;
  double expected = 0;
  if (!pieces_.empty()) {
    const Piece& last = pieces_.back();
    expected = last.expected + expected_in(last.rate, last.slope, to_seconds(begin - last.begin));
  } else if (begin > Time{}) {
    pieces_.push_back({Time{}, 0, 0, 0});
  }
  pieces_.push_back({begin, rate, slope, expected});
}

RateCurve RateCurve::steps(const std::vector<RateStep>& steps, Time end) {
  RateCurve curve;
  curve.end_ = end;
  for (const RateStep& step : steps) curve.add(Time(step.from), step.rate.count(), 0);
  return curve;
}

RateCurve RateCurve::through(const std::vector<Point>& points, Time end) {
  RateCurve curve;
  curve.end_ = end;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point& here = points[i];
    if (i + 1 == points.size()) {
      curve.add(here.at, here.rate, 0);
    } else if (const Point& next = points[i + 1]; next.at > here.at) {
      const double slope = (next.rate - here.rate) / to_seconds(next.at - here.at);
      curve.add(here.at, here.rate, slope);
    }
  }
  return curve;
}

std::size_t RateCurve::index_at(Time moment) const {
  const auto behind =
      std::upper_bound(pieces_.begin(), pieces_.end(), moment,
                       [](Time at, const Piece& piece) { return at < piece.begin; });
  ENSURE(behind != pieces_.begin(), "a moment before the run");
  return static_cast<std::size_t>(behind - pieces_.begin()) - 1;
}

Time RateCurve::end_of(std::size_t index) const {
  return index + 1 < pieces_.size() ? pieces_[index + 1].begin : end_;
}

double RateCurve::rate_in(const Piece& piece, Time moment) {
  if (piece.slope == 0) return piece.rate;
  return std::max(0.0, piece.rate + piece.slope * to_seconds(moment - piece.begin));
}

PerSecond RateCurve::at(Time moment) const {
  if (moment >= end_ || pieces_.empty()) return PerSecond(0);
  return PerSecond(rate_in(pieces_[index_at(moment)], moment));
}

double RateCurve::before(Time moment) const {
  if (pieces_.empty() || moment <= Time{}) return 0;
  const Time upto = std::min(moment, end_);
  const Piece& piece = pieces_[index_at(upto)];
  return piece.expected + expected_in(piece.rate, piece.slope, to_seconds(upto - piece.begin));
}

std::optional<Time> RateCurve::after(Time from, double records) const {
  if (pieces_.empty() || from >= end_) return std::nullopt;
  for (std::size_t i = index_at(from); i < pieces_.size(); ++i) {
    const Time change = end_of(i);
    const double rate = rate_in(pieces_[i], from);
    const double slope = pieces_[i].slope;
    const double room = expected_in(rate, slope, to_seconds(change - from));
    if (room > 0 && records <= room) {
      const Time found = from + time_until(records, rate, slope);
      return slope == 0 ? found : std::min(change, found);
    }
    records -= room;
    from = change;
  }
  return std::nullopt;
}

std::optional<Time> RateCurve::when(double records) const {
  const auto behind =
      std::lower_bound(pieces_.begin(), pieces_.end(), records,
                       [](const Piece& piece, double wanted) { return piece.expected < wanted; });
  if (behind == pieces_.begin()) return after(Time{}, records);
  const Piece& piece = *std::prev(behind);
  return after(piece.begin, records - piece.expected);
}

std::vector<RateCurve::Point> RateCurve::corners() const {
  std::vector<Point> points;
  for (const Piece& piece : pieces_) points.push_back({piece.begin, piece.rate});
  return points;
}

std::vector<Time> RateCurve::extremes() const {
  std::vector<Time> moments;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    moments.push_back(pieces_[i].begin);
    const Time last = end_of(i) - 1ns;
    if (last > pieces_[i].begin) moments.push_back(last);
  }
  return moments;
}

double RateCurve::highest() const {
  double highest = 0;
  for (const Time moment : extremes()) highest = std::max(highest, at(moment).count());
  return highest;
}

}  // namespace brokerlab::scenarios
