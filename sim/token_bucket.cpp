#include "sim/token_bucket.h"

#include <algorithm>

namespace brokerlab::sim::detail {
namespace {

constexpr Int128 nano = 1'000'000'000;

Int128 divide_up(Int128 a, Int128 b) { return (a + b - 1) / b; }

/// A date so many nanoseconds later, or the end of time.
Time later(Time from, Int128 nanoseconds) {
  if (nanoseconds >= Int128((never - from).count())) return never;
  return from + Duration(static_cast<std::int64_t>(nanoseconds));
}

}  // namespace

Bucket::Bucket(std::int64_t baseline, std::int64_t burst, std::int64_t capacity,
               std::int64_t initial)
    : baseline_(baseline), burst_(burst), capacity_(capacity * nano), nanos_(initial * nano) {
  ENSURE(baseline > 0 && burst >= baseline, "a bucket of {} a second that bursts to {}", baseline,
         burst);
  ENSURE(capacity >= 0 && initial >= 0 && initial <= capacity, "{} of {} credits", initial,
         capacity);
}

Int128 Bucket::nanos_at(Time at) const {
  if (at <= at_) return nanos_;
  return std::min(capacity_, nanos_ + Int128(baseline_) * (at - at_).count());
}

std::int64_t Bucket::credits(Time at) const {
  return static_cast<std::int64_t>(nanos_at(at) / nano);
}

void Bucket::advance(Time now, std::int64_t spent) {
  ENSURE(now >= at_ && spent >= 0, "a bucket was told of {} in the past", spent);
  const Int128 balance = nanos_ + Int128(baseline_) * (now - at_).count() - spent * nano;
  nanos_ = std::clamp(balance, Int128(0), capacity_);
  at_ = now;
}

Time Bucket::serve(Time now, std::int64_t amount) {
  ENSURE(amount >= 0, "a bucket was asked for {}", amount);
  if (now > at_) {
    nanos_ = nanos_at(now);
    at_ = now;
  }
  const Int128 work = amount * nano;
  const Int128 loss = burst_ - baseline_;  // Of credits, while bursting.
  const bool credits_last = loss == 0 || work * loss <= nanos_ * burst_;
  if (credits_last) {
    const Int128 time = divide_up(work, burst_);
    nanos_ = std::max<Int128>(nanos_ - loss * time, 0);
    at_ = later(at_, time);
  } else {
    const Int128 burst_time = nanos_ / loss;
    const Int128 rest = work - burst_time * burst_;
    nanos_ = 0;
    at_ = later(at_, burst_time + divide_up(rest, baseline_));
  }
  return at_;
}

Time Bucket::empty_at(std::int64_t rate) const {
  const Int128 loss = Int128(rate) - baseline_;
  return loss <= 0 ? never : later(at_, divide_up(nanos_, loss));
}

}  // namespace brokerlab::sim::detail
