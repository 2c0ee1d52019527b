#include "model/broker/quota_rate.h"

#include <algorithm>
#include <cmath>

namespace brokerlab::model {

void QuotaRate::record(double value, std::int64_t now) {
  if (samples_.empty()) samples_.push_back({now, now, 0});
  if (now - samples_[current_].start >= window_.sample_millis) {
    current_ = (current_ + 1) % (static_cast<std::size_t>(window_.samples) + 1);
    if (current_ >= samples_.size()) samples_.emplace_back();
    samples_[current_] = {now, now, 0};
  }
  samples_[current_].value += value;
  samples_[current_].last_event = now;
}

void QuotaRate::purge(std::int64_t now) {
  for (Sample& sample : samples_) {
    if (now - sample.last_event >= window_.samples * window_.sample_millis) sample = {now, now, 0};
  }
}

/// At least all samples but one; while one is under way, its part.
std::int64_t QuotaRate::elapsed(std::int64_t now) {
  purge(now);
  std::int64_t oldest = now;
  for (const Sample& sample : samples_) oldest = std::min(oldest, sample.start);
  std::int64_t elapsed = now - oldest;
  if (window_.simple) return std::max(elapsed, window_.sample_millis);
  const std::int64_t full = elapsed / window_.sample_millis;
  const std::int64_t least = window_.samples - 1;
  if (full < least) elapsed += (least - full) * window_.sample_millis;
  return std::max<std::int64_t>(elapsed, 1);
}

double QuotaRate::per_second(std::int64_t now) {
  const auto millis = static_cast<double>(elapsed(now));
  double sum = 0;
  for (const Sample& sample : samples_) sum += sample.value;
  return sum / (millis / 1000);
}

std::int64_t QuotaRate::throttle_millis(double bound, std::int64_t now) {
  const double rate = per_second(now);
  if (rate <= bound) return 0;
  return std::llround((rate - bound) / bound * static_cast<double>(elapsed(now)));
}

}  // namespace brokerlab::model
