#include "sim/nic_credits.h"

#include <algorithm>

namespace brokerlab::sim {
namespace {

constexpr Duration notice = 1ms;
constexpr Duration rest = 100ms;
constexpr Duration saved = 1s;

}  // namespace

NicCredits::NicCredits(const NicConfig& nic)
    : baseline_(nic.rate),
      burst_(nic.top_rate()),
      capacity_(nic.burst_credits),
      bucket_({baseline_, burst_, capacity_, capacity_}),
      exhausted_(capacity_ < credits_for(notice)) {}

/// What so long a burst at the full rate costs.
Bytes NicCredits::credits_for(Duration burst) const {
  const double above = burst_.count() - baseline_.count();
  return Bytes(static_cast<std::int64_t>(above * to_seconds(burst)));
}

Bytes NicCredits::credits(Time now, Bytes moved) const {
  NicCredits then = *this;
  then.look(now, moved);
  return then.bucket_.credits(now);
}

void NicCredits::look(Time now, Bytes moved) {
  bucket_.advance(now, std::max(moved - charged_, Bytes(0)));
  charged_ = moved;
  const Bytes left = bucket_.credits(now);
  if (exhausted_) {
    exhausted_ = left < std::max(std::min(credits_for(saved), capacity_), credits_for(notice));
  } else {
    exhausted_ = left < credits_for(notice);
  }
}

Time NicCredits::next_look(Time now) const {
  if (exhausted_) return now + rest;
  return std::max(bucket_.empty_at(burst_), now + notice);
}

}  // namespace brokerlab::sim
