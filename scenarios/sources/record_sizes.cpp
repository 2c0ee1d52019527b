#include "scenarios/sources/record_sizes.h"

#include "base/integer_text.h"
#include "base/json_text.h"
#include "base/translation.h"
#include "scenarios/sources/csv.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

namespace brokerlab::scenarios {
namespace {

constexpr Bytes largest = 1_GiB;
constexpr std::int64_t drawn_singly = 16;

/// The share of a normal distribution below x.
double below_normal(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

/// "1200", or with a unit: "1.2KB".
std::optional<Bytes> size_in(const std::string& text) {
  std::optional<Bytes> size;
  if (const auto plain = parse_integer<std::int64_t>(text)) {
    size = Bytes(*plain);
  } else if (const auto with_unit = parse_bytes(text)) {
    size = *with_unit;
  }
  return size && *size >= 1_B && *size <= largest ? size : std::nullopt;
}

std::optional<double> share_in(const std::string& text) {
  if (text.empty()) return 1.0;
  double share = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), share);
  const bool all = code == std::errc{} && end == text.data() + text.size();
  return all && share > 0 && share <= 1e12 ? std::optional(share) : std::nullopt;
}

Result<std::vector<RecordSizes::Listed>, std::string> sizes_of_file(const std::string& path) {
  const auto rows = read_table(path, {"size", "share"}, 1);
  if (!rows) return fail(rows.error());
  std::vector<RecordSizes::Listed> sizes;
  for (const CsvRow& row : *rows) {
    const auto quoted = [&](std::size_t field) {
      return json_text(Json(row.fields[field].substr(0, 40)));
    };
    const auto size = size_in(row.fields[0]);
    if (!size) {
      return fail(
          tr("line {}: size {} must be a number of bytes, such as 1200 or 1.2KB, from 1B "
             "to {}",
             row.line, quoted(0), to_text(largest)));
    }
    const auto share = share_in(row.fields[1]);
    if (!share) {
      return fail(
          tr("line {}: share {} must be a number above 0 and at most 1e12", row.line, quoted(1)));
    }
    sizes.push_back({*size, *share});
  }
  return sizes;
}

}  // namespace

Result<RecordSizes, std::string> RecordSizes::of(const Scenario& scenario,
                                                 const RecordSizeSpec& spec) {
  if (const auto* same = std::get_if<FixedSize>(&spec.what)) return fixed(same->size);
  if (const auto* drawn = std::get_if<LogNormalSize>(&spec.what)) {
    return log_normal(drawn->median, spec.sigma.value_or(0), spec.max.value_or(largest));
  }
  const auto sizes = sizes_of_file(scenario.path_of(std::get<SizeFile>(spec.what).file));
  if (!sizes) return fail(sizes.error());
  return listed(*sizes);
}

RecordSizes RecordSizes::fixed(Bytes size) { return listed({{size, 1}}); }

RecordSizes RecordSizes::log_normal(Bytes median, double sigma, Bytes max) {
  if (sigma == 0) return fixed(std::min(median, max));
  RecordSizes sizes;
  sizes.median_ = static_cast<double>(median.count());
  sizes.sigma_ = sigma;
  sizes.most_ = max;
  // Moments of a distribution that is cut off: what is below the cut, and the cut for the rest.
  const auto cut = static_cast<double>(max.count());
  const double z = std::log(cut / sizes.median_) / sigma;
  const double above = below_normal(-z);
  const auto moment = [&](int n) {
    const double spread = n * sigma;
    return std::pow(sizes.median_, n) * std::exp(spread * spread / 2) * below_normal(z - spread) +
           std::pow(cut, n) * above;
  };
  sizes.mean_ = moment(1);
  sizes.deviation_ = std::sqrt(std::max(0.0, moment(2) - sizes.mean_ * sizes.mean_));
  return sizes;
}

RecordSizes RecordSizes::listed(const std::vector<Listed>& given) {
  RecordSizes sizes;
  sizes.listed_ = given;
  double sum = 0;
  double bytes = 0;
  double squares = 0;
  sizes.least_ = given.front().size;
  for (Listed& one : sizes.listed_) {
    const auto size = static_cast<double>(one.size.count());
    bytes += one.share * size;
    squares += one.share * size * size;
    sum += one.share;
    one.share = sum;
    sizes.least_ = std::min(sizes.least_, one.size);
    sizes.most_ = std::max(sizes.most_, one.size);
  }
  for (Listed& one : sizes.listed_) one.share /= sum;
  sizes.mean_ = bytes / sum;
  sizes.deviation_ = std::sqrt(std::max(0.0, squares / sum - sizes.mean_ * sizes.mean_));
  return sizes;
}

Bytes RecordSizes::draw(RandomStream& random) const {
  if (least_ == most_) return least_;
  if (listed_.empty()) {
    const double size = std::min(random.lognormal(median_, sigma_), 1e15);
    return std::clamp(Bytes(std::llround(size)), least_, most_);
  }
  const double drawn = random.uniform();
  const auto hit =
      std::upper_bound(listed_.begin(), listed_.end(), drawn,
                       [](double share, const Listed& one) { return share < one.share; });
  return hit == listed_.end() ? listed_.back().size : hit->size;
}

Bytes RecordSizes::draw_sum(RandomStream& random, std::int64_t count) const {
  if (least_ == most_) return least_ * count;
  Bytes sum;
  if (count <= drawn_singly) {
    for (std::int64_t i = 0; i < count; ++i) sum += draw(random);
    return sum;
  }
  const auto n = static_cast<double>(count);
  const double variation = deviation_ / mean_;
  const double square = std::log1p(variation * variation / n);
  const double median = n * mean_ * std::exp(-square / 2);
  const double drawn = random.lognormal(median, std::sqrt(square));
  return std::clamp(Bytes(std::llround(std::min(drawn, 9e18))), least_ * count, most_ * count);
}

}  // namespace brokerlab::scenarios
