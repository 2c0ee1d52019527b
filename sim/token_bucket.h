// TokenBucket: a rate that may be exceeded for a while, as cloud providers sell disks and networks.
//
// Credits come in at the `baseline` rate, up to `capacity`; each unit of work takes one. While
// there are credits work is served at the `burst` rate, without any at the baseline. So a full
// bucket lasts for capacity / (burst - baseline) of work without a pause, and an empty one is full
// again after capacity / baseline of rest. With burst = baseline it is a plain rate.
//
//   TokenBucket<Bytes, BytesPerSecond>    bytes of a network card or of an instance's disk link
//   TokenBucket<Operations, PerSecond>    I/O operations of a volume; whole ones a second
//
// Two ways to use one, not both: serve() where work queues, first come first served; advance()
// where somebody else says how fast it went (flows that share a card), with empty_at() to know
// when that must change.
//
// Lifetime: a value without a clock: dates are passed in and never go back.
// Units:    credits are kept to 1e-9 of a unit, so nothing is lost to rounding but what serve()
//           rounds up to the next nanosecond.
// Threads:  none. Errors: none; rates of zero, a burst below the baseline or dates that go back are
//           our bugs.
// Source:   Amazon EBS User Guide, "General Purpose SSD volumes", I/O credits and burst performance
//           (the credits of gp2),
//           https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html
#pragma once

#include "base/units.h"

#include <compare>
#include <cstdint>

namespace brokerlab::sim {

/// A number of I/O operations.
class Operations {
 public:
  constexpr Operations() = default;
  constexpr explicit Operations(std::int64_t count) : count_(count) {}
  constexpr std::int64_t count() const { return count_; }
  constexpr auto operator<=>(const Operations&) const = default;

 private:
  std::int64_t count_ = 0;
};

namespace detail {

/// The bucket without units.
class Bucket {
 public:
  Bucket(std::int64_t baseline, std::int64_t burst, std::int64_t capacity, std::int64_t initial);

  void advance(Time now, std::int64_t spent);
  Time serve(Time now, std::int64_t amount);
  Time empty_at(std::int64_t rate) const;
  std::int64_t credits(Time at) const;
  bool empty(Time at) const { return nanos_at(at) == 0; }
  Time free_at() const { return at_; }

 private:
  Int128 nanos_at(Time at) const;

  std::int64_t baseline_;  ///< A second; so as many nano-units a nanosecond.
  std::int64_t burst_;
  Int128 capacity_;  ///< In 1e-9 units, as nanos_.
  Int128 nanos_;     ///< Credits at at_.
  Time at_{};
};

}  // namespace detail

template <class Amount, class Rate>
class TokenBucket {
 public:
  struct Config {
    Rate baseline;
    Rate burst;  ///< At least the baseline.
    Amount capacity;
    Amount initial;  ///< At most the capacity.
  };

  explicit TokenBucket(const Config& config)
      : bucket_(whole(config.baseline), whole(config.burst), config.capacity.count(),
                config.initial.count()) {}

  /// `amount` of work is asked for at `now`, behind all that was asked for before: when it is done.
  Time serve(Time now, Amount amount) { return bucket_.serve(now, amount.count()); }
  /// What serve() would answer.
  Time done_at(Time now, Amount amount) const {
    detail::Bucket copy = bucket_;
    return copy.serve(now, amount.count());
  }
  /// When all work asked for is done; in the past when none waits.
  Time free_at() const { return bucket_.free_at(); }

  /// Time has passed up to `now`, in which `spent` went through evenly.
  void advance(Time now, Amount spent = Amount(0)) { bucket_.advance(now, spent.count()); }
  /// When the last credit goes if work goes on at `rate`; `never` at the baseline or less, now when
  /// there is none and the rate is above the baseline.
  Time empty_at(Rate rate) const { return bucket_.empty_at(whole(rate)); }

  /// Whole credits there at `at`. Those of work that serve() has accepted count as spent.
  Amount credits(Time at) const { return Amount(bucket_.credits(at)); }
  bool empty(Time at) const { return bucket_.empty(at); }

 private:
  static std::int64_t whole(Rate rate) { return static_cast<std::int64_t>(rate.count()); }

  detail::Bucket bucket_;
};

}  // namespace brokerlab::sim
