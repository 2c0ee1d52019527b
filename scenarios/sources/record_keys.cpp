#include "scenarios/sources/record_keys.h"

#include "log/batch/byte_slice.h"
#include "model/client/partitioner.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace brokerlab::scenarios {
namespace {

constexpr std::string_view prefix = "key-";

/// log(1 + x) / x and (exp(x) - 1) / x, also near 0.
double log1p_over(double x) { return std::abs(x) > 1e-8 ? std::log1p(x) / x : 1 - x / 2; }
double expm1_over(double x) { return std::abs(x) > 1e-8 ? std::expm1(x) / x : 1 + x / 2; }

/// The integral of x^-s, up to a constant, and its inverse.
double area(double x, double s) {
  const double log_x = std::log(x);
  return expm1_over((1 - s) * log_x) * log_x;
}
double area_inverse(double y, double s) {
  const double t = std::max(-1.0, y * (1 - s));
  return std::exp(log1p_over(t) * y);
}

std::int64_t count_in(const KeysSpec& spec) {
  if (const auto* uniform = std::get_if<UniformKeys>(&spec.what)) return uniform->count;
  if (const auto* zipf = std::get_if<ZipfKeys>(&spec.what)) return zipf->count;
  if (const auto* hot = std::get_if<HotKeys>(&spec.what)) return hot->count;
  return 0;
}

}  // namespace

RecordKeys::RecordKeys(const KeysSpec& spec) : spec_(spec) {
  if (const auto* zipf = std::get_if<ZipfKeys>(&spec_.what)) {
    const double s = zipf->exponent;
    first_area_ = area(1.5, s) - 1;
    last_area_ = area(static_cast<double>(zipf->count) + 0.5, s);
    close_enough_ = 2 - area_inverse(area(2.5, s) - std::pow(2.0, -s), s);
  }
}

std::string RecordKeys::text(std::int64_t number) {
  return std::string(prefix) + std::to_string(number);
}

std::int64_t RecordKeys::draw(RandomStream& random) const {
  if (const auto* uniform = std::get_if<UniformKeys>(&spec_.what)) {
    return 1 + random.below(uniform->count);
  }
  if (const auto* hot = std::get_if<HotKeys>(&spec_.what)) {
    return random.chance(hot->share) ? 1 : 2 + random.below(hot->count - 1);
  }
  return draw_zipf(random);
}

std::int64_t RecordKeys::draw_zipf(RandomStream& random) const {
  const auto& zipf = std::get<ZipfKeys>(spec_.what);
  const double s = zipf.exponent;
  while (true) {
    const double drawn = last_area_ + random.uniform() * (first_area_ - last_area_);
    const double x = area_inverse(drawn, s);
    const auto number = std::clamp<std::int64_t>(std::llround(x), 1, zipf.count);
    const auto k = static_cast<double>(number);
    if (k - x <= close_enough_ || drawn >= area(k + 0.5, s) - std::pow(k, -s)) return number;
  }
}

double RecordKeys::weight(std::int64_t number) const {
  if (const auto* zipf = std::get_if<ZipfKeys>(&spec_.what)) {
    return std::pow(static_cast<double>(number), -zipf->exponent);
  }
  if (const auto* hot = std::get_if<HotKeys>(&spec_.what)) {
    return number == 1 ? hot->share : (1 - hot->share) / static_cast<double>(hot->count - 1);
  }
  return 1;
}

RecordKeys::Partitions RecordKeys::partitions(int count) const {
  ENSURE(any() && count > 0, "keys over {} partitions", count);
  Partitions result;
  result.shares.resize(static_cast<std::size_t>(count));
  char key[32];
  std::memcpy(key, prefix.data(), prefix.size());
  double sum = 0;
  for (std::int64_t number = 1; number <= count_in(spec_); ++number) {
    const char* end = std::to_chars(key + prefix.size(), key + sizeof key, number).ptr;
    const auto length = static_cast<std::size_t>(end - key);
    const int partition = model::partition_for_key(log::as_bytes({key, length}), count);
    const double part = weight(number);
    result.shares[static_cast<std::size_t>(partition)] += part;
    result.key_bytes += part * static_cast<double>(length);
    sum += part;
  }
  for (double& share : result.shares) share /= sum;
  result.key_bytes /= sum;
  return result;
}

PartitionLottery::PartitionLottery(const std::vector<double>& shares) : shares_(shares) {
  double sum = 0;
  for (const double share : shares_) upto_.push_back(sum += share);
}

std::vector<PartitionLottery::Part> PartitionLottery::split(RandomStream& random,
                                                            std::int64_t count) const {
  std::vector<Part> parts;
  if (count <= static_cast<std::int64_t>(shares_.size())) {
    std::vector<int> hits;
    for (std::int64_t i = 0; i < count; ++i) {
      const double drawn = random.uniform() * upto_.back();
      const auto hit = std::upper_bound(upto_.begin(), upto_.end(), drawn);
      hits.push_back(static_cast<int>(std::min(hit, upto_.end() - 1) - upto_.begin()));
    }
    std::sort(hits.begin(), hits.end());
    for (const int partition : hits) {
      if (parts.empty() || parts.back().partition != partition) parts.push_back({partition, 0});
      ++parts.back().count;
    }
    return parts;
  }
  for (std::size_t i = 0; i < shares_.size() && count > 0; ++i) {
    const double left = upto_.back() - (i == 0 ? 0 : upto_[i - 1]);
    const bool last = i + 1 == shares_.size() || shares_[i] >= left * (1 - 1e-12);
    const std::int64_t part =
        last ? count : random.binomial(count, std::clamp(shares_[i] / left, 0.0, 1.0));
    if (part > 0) parts.push_back({static_cast<int>(i), part});
    count -= part;
  }
  return parts;
}

}  // namespace brokerlab::scenarios
