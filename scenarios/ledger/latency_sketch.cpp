#include "scenarios/ledger/latency_sketch.h"

#include <boost/histogram.hpp>

#include <algorithm>
#include <cmath>
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

}  // namespace

struct LatencySketch::Bins {
  Histogram histogram{std::make_tuple(Axis(static_cast<unsigned>(bins), smallest, largest)),
                      Storage()};
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

void LatencySketch::add(Duration value, std::int64_t count) {
  if (count <= 0) return;
  if (!bins_) bins_ = std::make_unique<Bins>();
  const auto nanoseconds = static_cast<double>(value.count());
  const int bin = bins_->histogram.axis().index(nanoseconds > 0 ? nanoseconds : smallest / 2);
  bins_->histogram.at(bin) += count;
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
