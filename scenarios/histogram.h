// Durations collected for percentiles: exact, all values kept.
#pragma once

#include "base/units.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace brokerlab::scenarios {

class Histogram {
 public:
  void add(Duration value) {
    values_.push_back(value);
    sorted_ = false;
  }
  std::int64_t count() const { return static_cast<std::int64_t>(values_.size()); }
  /// The smallest value that at least `share` (0..1] of all values do not exceed; 0 for none.
  Duration percentile(double share) const {
    if (values_.empty()) return Duration{0};
    if (!sorted_) {
      std::sort(values_.begin(), values_.end());
      sorted_ = true;
    }
    const double rank = std::ceil(share * static_cast<double>(values_.size()));
    const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
    return values_[std::min(index, values_.size() - 1)];
  }
  Duration max() const { return percentile(1.0); }
  Duration mean() const {
    if (values_.empty()) return Duration{0};
    double sum = 0;
    for (const Duration value : values_) sum += static_cast<double>(value.count());
    return Duration(static_cast<std::int64_t>(sum / static_cast<double>(values_.size())));
  }

 private:
  mutable std::vector<Duration> values_;
  mutable bool sorted_ = true;
};

}  // namespace brokerlab::scenarios
