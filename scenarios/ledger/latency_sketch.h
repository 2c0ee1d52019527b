// LatencySketch: how long things took, for percentiles. Memory does not grow with their number.
//
// Counts lie in bins that are 0.2 % wide: a percentile is at most 0.1 % from the exact one, above
// 1 us; count, mean, smallest and largest are exact. Two sketches can be added up.
//
// The bins, 90 KiB of them, are a Boost.Histogram with a logarithmic axis. (The idea: G. Tene's
// HdrHistogram, hdrhistogram.github.io; C. Masson et al., DDSketch, VLDB 2019.)
//
// Lifetime: a value. Threads: none.
#pragma once

#include "base/units.h"

#include <cstdint>
#include <memory>

namespace brokerlab::scenarios {

class LatencySketch {
 public:
  LatencySketch();
  ~LatencySketch();
  LatencySketch(const LatencySketch& other);
  LatencySketch(LatencySketch&& other) noexcept;
  LatencySketch& operator=(LatencySketch other) noexcept;

  void add(Duration value, std::int64_t count = 1);
  /// `count` values, evenly spread from `from` to `to` (16 steps where there are more).
  void add_spread(Duration from, Duration to, std::int64_t count);
  LatencySketch& operator+=(const LatencySketch& other);

  std::int64_t count() const { return count_; }
  /// The smallest value that at least `share` (0..1] of all values do not exceed; 0 for none.
  Duration percentile(double share) const;
  Duration max() const { return count_ == 0 ? Duration{0} : max_; }
  Duration mean() const;
  /// Where it is counted; -1: below the smallest.
  static int bin_of(Duration value);

 private:
  struct Bins;
  std::unique_ptr<Bins> bins_;
  std::int64_t count_ = 0;
  Duration min_{0};
  Duration max_{0};
  double sum_ = 0;  ///< Nanoseconds.
};

}  // namespace brokerlab::scenarios
