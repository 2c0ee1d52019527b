#include "scenarios/ledger/latency_sketch.h"

#include <boost/histogram.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace brokerlab::scenarios {
namespace {

namespace bh = boost::histogram;

// From 1 us to 10^13 ns, nearly three hours; what is outside counts in the first or last bin.
constexpr double smallest = 1e3;
constexpr double largest = 1e13;
constexpr double width = 0.002;
const auto bins = static_cast<int>(std::ceil(std::log(largest / smallest) / std::log1p(width)));

using Axis = bh::axis::regular<double, bh::axis::transform::log>;
using Storage = bh::storage_adaptor<std::vector<std::int64_t>>;
using Histogram = bh::histogram<std::tuple<Axis>, Storage>;

Axis make_axis() { return Axis(static_cast<unsigned>(bins), smallest, largest); }

/// What Axis::index says, without its logarithm, which was half of what a latency cost: the bin of
/// a cell of the numbers, and by the next bins' first numbers whether it is one of those.
class BinTable {
 public:
  BinTable() {
    const Axis axis = make_axis();
    std::int64_t first = static_cast<std::int64_t>(smallest);
    for (int bin = 0; bin < bins; ++bin) {
      first = std::max(first, static_cast<std::int64_t>(axis.value(bin)));
      while (first > 1 && axis.index(static_cast<double>(first - 1)) >= bin) --first;
      while (axis.index(static_cast<double>(first)) < bin) ++first;
      first_of_bin_.push_back(first);
    }
    first_of_bin_.push_back(std::numeric_limits<std::int64_t>::max());
    const std::size_t end = cell_of(static_cast<std::int64_t>(largest));
    std::size_t bin = 0;
    for (std::size_t cell = cell_of(static_cast<std::int64_t>(smallest)); cell <= end; ++cell) {
      while (cell_of(first_of_bin_[bin + 1]) < cell) ++bin;
      bin_of_cell_.push_back(static_cast<std::int32_t>(bin));
    }
  }

  int index(std::int64_t nanoseconds) const {
    if (nanoseconds < static_cast<std::int64_t>(smallest)) return -1;
    if (nanoseconds >= static_cast<std::int64_t>(largest)) return bins;
    const std::size_t cell = cell_of(nanoseconds) - cell_of(static_cast<std::int64_t>(smallest));
    auto bin = static_cast<std::size_t>(bin_of_cell_[cell]);
    while (first_of_bin_[bin + 1] <= nanoseconds) ++bin;
    return static_cast<int>(bin);
  }

 private:
  /// 512 to an octave, where there are 347 bins.
  static std::size_t cell_of(std::int64_t nanoseconds) {
    const auto number = static_cast<std::uint64_t>(nanoseconds);
    // 9 and more, since the smallest is 1,000.
    const std::size_t octave = std::max<std::size_t>(std::bit_width(number), 10) - 1;
    return octave * 512 + ((number >> (octave - 9)) & 511);
  }

  std::vector<std::int64_t> first_of_bin_;
  std::vector<std::int32_t> bin_of_cell_;
};

const BinTable& bin_table() {
  static const BinTable table;
  return table;
}

}  // namespace

struct LatencySketch::Bins {
  Histogram histogram{std::make_tuple(make_axis()), Storage()};
};

LatencySketch::LatencySketch() = default;
LatencySketch::~LatencySketch() = default;
LatencySketch::LatencySketch(LatencySketch&& other) noexcept = default;
LatencySketch::LatencySketch(const LatencySketch& other)
    : bins_(other.bins_ ? std::make_unique<Bins>(*other.bins_) : nullptr),
      count_(other.count_),
      min_(other.min_),
      max_(other.max_),
      sum_(other.sum_) {}
LatencySketch& LatencySketch::operator=(LatencySketch other) noexcept {
  std::swap(bins_, other.bins_);
  std::swap(count_, other.count_);
  std::swap(min_, other.min_);
  std::swap(max_, other.max_);
  std::swap(sum_, other.sum_);
  return *this;
}

int LatencySketch::bin_of(Duration value) { return bin_table().index(value.count()); }

void LatencySketch::add(Duration value, std::int64_t count) {
  if (count <= 0) return;
  if (!bins_) bins_ = std::make_unique<Bins>();
  const auto nanoseconds = static_cast<double>(value.count());
  bins_->histogram.at(bin_of(value)) += count;
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = count_ == 0 ? value : std::max(max_, value);
  count_ += count;
  sum_ += nanoseconds * static_cast<double>(count);
}

void LatencySketch::add_spread(Duration from, Duration to, std::int64_t count) {
  constexpr std::int64_t most_steps = 16;
  const std::int64_t steps = from == to ? 1 : std::min(count, most_steps);
  for (std::int64_t i = 0; i < steps; ++i) {
    const std::int64_t part = count * (i + 1) / steps - count * i / steps;
    add(steps == 1 ? from : from + (to - from) * i / (steps - 1), part);
  }
}

LatencySketch& LatencySketch::operator+=(const LatencySketch& other) {
  if (other.count_ == 0) return *this;
  if (count_ == 0) return *this = other;
  bins_->histogram += other.bins_->histogram;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  count_ += other.count_;
  sum_ += other.sum_;
  return *this;
}

Duration LatencySketch::percentile(double share) const {
  if (count_ == 0) return Duration{0};
  const double rank = std::max(1.0, std::ceil(share * static_cast<double>(count_)));
  std::int64_t below = 0;
  for (auto&& bin : bh::indexed(bins_->histogram, bh::coverage::all)) {
    below += *bin;
    if (static_cast<double>(below) < rank) continue;
    const double middle = std::sqrt(bin.bin(0).lower() * bin.bin(0).upper());
    // The outer bins are open.
    if (!(middle > smallest)) return min_;
    if (!std::isfinite(middle)) return max_;
    return std::clamp(Duration(static_cast<std::int64_t>(middle)), min_, max_);
  }
  return max_;
}

Duration LatencySketch::mean() const {
  if (count_ == 0) return Duration{0};
  return Duration(static_cast<std::int64_t>(sum_ / static_cast<double>(count_)));
}

}  // namespace brokerlab::scenarios
