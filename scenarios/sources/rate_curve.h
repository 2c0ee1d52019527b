// RateCurve: how many records a second are wanted over a run: straight pieces, whose area, the
// expected number of records, is known in closed form, and so is the moment at which so many have
// come. Before its first point the rate is 0; from the end on it is 0 again.
//
// Cost: a look-up is logarithmic in the number of pieces; after() also walks over those it crosses.
// Lifetime: a value. Threads: none. Errors: none.
#pragma once

#include "base/units.h"
#include "scenarios/sources/source_spec.h"

#include <optional>
#include <vector>

namespace brokerlab::scenarios {

class RateCurve {
 public:
  struct Point {
    Time at;
    double rate;  ///< Records a second.
  };

  RateCurve() = default;
  /// Constant from each step on; ascending.
  static RateCurve steps(const std::vector<RateStep>& steps, Time end);
  /// Straight lines from point to point, in the order of time; points of one moment are a jump. The
  /// last rate stays.
  static RateCurve through(const std::vector<Point>& points, Time end);

  Time end() const { return end_; }
  PerSecond at(Time moment) const;
  /// How many records are expected before that moment, and between two.
  double before(Time moment) const;
  double between(Time from, Time to) const { return before(to) - before(from); }
  double total() const { return before(end_); }
  /// When so many more are expected to have come since `from`; nothing: not before the end.
  std::optional<Time> after(Time from, double records) const;
  /// The same since the start.
  std::optional<Time> when(double records) const;
  /// Where pieces begin, before the end, with the rate there.
  std::vector<Point> corners() const;
  /// Moments at which the rate may be at its highest: where a piece begins, and the last before its
  /// end.
  std::vector<Time> extremes() const;
  double highest() const;  ///< 0: nothing comes.

 private:
  struct Piece {
    Time begin;
    double rate;      ///< At its begin.
    double slope;     ///< A second.
    double expected;  ///< Before it.
  };
  void add(Time begin, double rate, double slope);
  std::size_t index_at(Time moment) const;
  Time end_of(std::size_t index) const;
  static double rate_in(const Piece& piece, Time moment);

  std::vector<Piece> pieces_;  ///< The first begins at 0.
  Time end_;
};

}  // namespace brokerlab::scenarios
