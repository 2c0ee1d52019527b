// Quantities with their unit in the type, and their text ("10ms", "1GiB", "1Gbps", "20k/s").
//
// Time is an integer: nanoseconds since the start of the run. Durations are std::chrono, so the
// standard literals work (5ms, 18s). Bytes are integers; rates are bytes a second. A conversion
// that would need rounding is spelled out by a named function here, never implicit.
//
// Text: a number, then a unit, no more ("10ms", "1.5 GiB"). A bare number is an error: a unit that
// is missing is the commonest mistake in a scenario. parse_*() return the reason in plain words.
#pragma once

#include "base/result.h"

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace brokerlab {

using namespace std::chrono_literals;

/// The simulated clock. It never runs by itself; sim::World says what time it is.
struct SimulatedClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<SimulatedClock>;
  static constexpr bool is_steady = true;
};

using Duration = SimulatedClock::duration;  ///< Integer nanoseconds.
using Time = SimulatedClock::time_point;    ///< Nanoseconds since the start of the run.

inline constexpr Duration max_duration = Duration::max();
inline constexpr Time never = Time::max();

constexpr double to_seconds(Duration d) { return static_cast<double>(d.count()) * 1e-9; }
constexpr double to_seconds(Time t) { return to_seconds(t.time_since_epoch()); }
constexpr double to_millis(Duration d) { return static_cast<double>(d.count()) * 1e-6; }
constexpr std::int64_t whole_millis(Duration d) { return d.count() / 1'000'000; }
constexpr std::int64_t whole_millis(Time t) { return whole_millis(t.time_since_epoch()); }
/// Nearest nanosecond.
constexpr Duration from_seconds(double s) {
  return Duration(static_cast<std::int64_t>(s * 1e9 + (s < 0 ? -0.5 : 0.5)));
}
constexpr Time at_seconds(double s) { return Time(from_seconds(s)); }

/// Products of a size and a time do not fit in 64 bits.
__extension__ using Int128 = __int128;

/// A number of bytes; may be negative as a difference.
class Bytes {
 public:
  constexpr Bytes() = default;
  constexpr explicit Bytes(std::int64_t count) : count_(count) {}

  constexpr std::int64_t count() const { return count_; }
  constexpr auto operator<=>(const Bytes&) const = default;
  constexpr Bytes& operator+=(Bytes other) { return count_ += other.count_, *this; }
  constexpr Bytes& operator-=(Bytes other) { return count_ -= other.count_, *this; }
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return Bytes(a.count_ + b.count_); }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return Bytes(a.count_ - b.count_); }
  friend constexpr Bytes operator*(Bytes a, std::int64_t n) { return Bytes(a.count_ * n); }
  friend constexpr Bytes operator*(std::int64_t n, Bytes a) { return a * n; }

 private:
  std::int64_t count_ = 0;
};

/// Bytes a second. "1Gbps" is 125,000,000 of them.
class BytesPerSecond {
 public:
  constexpr BytesPerSecond() = default;
  constexpr explicit BytesPerSecond(std::int64_t count) : count_(count) {}

  constexpr std::int64_t count() const { return count_; }
  constexpr auto operator<=>(const BytesPerSecond&) const = default;

 private:
  std::int64_t count_ = 0;
};

/// How long `size` takes at `rate`, rounded up to a nanosecond. The rate must be positive.
constexpr Duration time_for(Bytes size, BytesPerSecond rate) {
  ENSURE(rate.count() > 0, "a transfer at rate 0 never ends");
  const auto wide = static_cast<Int128>(size.count()) * 1'000'000'000;
  return Duration(static_cast<std::int64_t>((wide + rate.count() - 1) / rate.count()));
}

/// Events a second ("20k/s"). A real number: half a record a second is a rate.
class PerSecond {
 public:
  constexpr PerSecond() = default;
  constexpr explicit PerSecond(double count) : count_(count) {}

  constexpr double count() const { return count_; }
  constexpr auto operator<=>(const PerSecond&) const = default;

 private:
  double count_ = 0;
};

namespace literals {
// clang-format off
constexpr Bytes operator""_B(unsigned long long n) { return Bytes(static_cast<std::int64_t>(n)); }
constexpr Bytes operator""_KiB(unsigned long long n) { return Bytes(static_cast<std::int64_t>(n) << 10); }
constexpr Bytes operator""_MiB(unsigned long long n) { return Bytes(static_cast<std::int64_t>(n) << 20); }
constexpr Bytes operator""_GiB(unsigned long long n) { return Bytes(static_cast<std::int64_t>(n) << 30); }
constexpr Bytes operator""_KB(unsigned long long n) { return Bytes(static_cast<std::int64_t>(n) * 1'000); }
constexpr Bytes operator""_MB(unsigned long long n) { return Bytes(static_cast<std::int64_t>(n) * 1'000'000); }
constexpr Bytes operator""_GB(unsigned long long n) { return Bytes(static_cast<std::int64_t>(n) * 1'000'000'000); }
constexpr BytesPerSecond operator""_Bps(unsigned long long n) { return BytesPerSecond(static_cast<std::int64_t>(n)); }
constexpr BytesPerSecond operator""_MBps(unsigned long long n) { return BytesPerSecond(static_cast<std::int64_t>(n) * 1'000'000); }
constexpr BytesPerSecond operator""_GBps(unsigned long long n) { return BytesPerSecond(static_cast<std::int64_t>(n) * 1'000'000'000); }
constexpr BytesPerSecond operator""_MiBps(unsigned long long n) { return BytesPerSecond(static_cast<std::int64_t>(n) << 20); }
constexpr BytesPerSecond operator""_Mbps(unsigned long long n) { return BytesPerSecond(static_cast<std::int64_t>(n) * 125'000); }
constexpr BytesPerSecond operator""_Gbps(unsigned long long n) { return BytesPerSecond(static_cast<std::int64_t>(n) * 125'000'000); }
constexpr PerSecond operator""_per_s(unsigned long long n) { return PerSecond(static_cast<double>(n)); }
// clang-format on
}  // namespace literals
using namespace literals;

/// Text to quantity. The error is a sentence without the value, fit to follow "path: value: ".
Result<Duration, std::string> parse_duration(std::string_view text);  ///< ns us ms s min h d
Result<Bytes, std::string> parse_bytes(std::string_view text);  ///< B KB MB GB TB KiB MiB GiB TiB
Result<BytesPerSecond, std::string> parse_rate(
    std::string_view text);  ///< B/s MB/s MiB/s Mbps Gbps
Result<PerSecond, std::string> parse_per_second(std::string_view text);  ///< /s k/s M/s

/// Quantity to the shortest exact text that parses back to it ("1500ms" is "1.5s").
std::string to_text(Duration d);
std::string to_text(Bytes b);
std::string to_text(BytesPerSecond r);
std::string to_text(PerSecond r);

/// The same number with the unit's Korean name: "1.5초", "초당 200건".
std::string to_korean_text(Duration d);
std::string to_korean_text(PerSecond r);

/// Rounded text for people: three significant digits ("1.23 ms", "4.5 GiB", "118 MB/s").
std::string to_rounded_text(Duration d);
std::string to_rounded_text(Bytes b);
std::string to_rounded_text(BytesPerSecond r);
/// A date of the run, with three decimals: "t=330.004s".
std::string to_text(Time t);

}  // namespace brokerlab
