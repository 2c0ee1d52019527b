// Arrivals: when records come into being, singly or many at a time.
//
// Single: the gaps are drawn one by one. Many: all that are due by a moment, as one count, which
// takes the closed form of the curve (even) or a draw or two (poisson); where they lie between is
// drawn for those that are asked for. Both follow the same curve; their draws differ.
//
// How many come in a second is drawn with a stream of its own, second after second: two programs
// that ask at different moments get as many in all, so that two designs can be compared under the
// same load.
//
// Lifetime: a value. Threads: none. Errors: none.
#pragma once

#include "base/random.h"
#include "scenarios/sources/rate_curve.h"

#include <optional>
#include <utility>

namespace brokerlab::scenarios {

class SingleArrivals {
 public:
  SingleArrivals(RateCurve curve, Arrivals kind, RandomStream random);

  std::optional<Time> next() const { return next_; }
  void advance();
  const RateCurve& curve() const { return curve_; }

 private:
  RateCurve curve_;
  Arrivals kind_;
  RandomStream random_;
  std::optional<Time> next_{Time{}};
};

class ManyArrivals {
 public:
  ManyArrivals(RateCurve curve, Arrivals kind, RandomStream random);

  std::optional<Time> next() const { return next_; }
  const RateCurve& curve() const { return curve_; }

  /// Those that came together.
  struct Crowd {
    std::int64_t count = 0;
    Time first;  ///< Of the first of them.
    Time last;   ///< None comes later.
  };
  /// All that are due by now. Two calls must not go back in time.
  Crowd take(Time now);

  using Span = std::pair<Time, Time>;
  /// First and last of `count` records that lie in the crowd wherever chance put them. `earliest`:
  /// the crowd's first is one of them.
  Span span(const Crowd& crowd, std::int64_t count, bool earliest);
  /// One of `count`, from 0: for the choice of who has the crowd's first record.
  std::int64_t one_of(std::int64_t count) { return random_.below(count); }

 private:
  void take_even(Crowd& crowd, Time now);
  void take_drawn(Crowd& crowd, Time now);
  /// The next cell from then on in which something comes.
  bool open_cell(Time from);
  /// Of what is left the next, which is behind `from`.
  void draw_next(Time from);

  RateCurve curve_;
  Arrivals kind_;
  RandomStream counts_;  ///< How many come in a cell.
  RandomStream random_;  ///< All else.
  std::int64_t taken_ = 0;
  std::optional<Time> next_;

  // Of poisson arrivals, a cell: a second, or until one record is expected.
  Time cell_begin_{};
  Time cell_end_{};
  std::int64_t left_ = 0;  ///< Come in it behind next_.
};

}  // namespace brokerlab::scenarios
