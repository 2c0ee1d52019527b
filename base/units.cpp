#include "base/units.h"

#include "base/translation.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>

namespace brokerlab {
namespace {

struct Unit {
  std::string_view name;
  double factor;  ///< In the quantity's own unit.
};

constexpr std::array<Unit, 7> duration_units{{{"ns", 1},
                                              {"us", 1e3},
                                              {"ms", 1e6},
                                              {"s", 1e9},
                                              {"min", 60e9},
                                              {"h", 3600e9},
                                              {"d", 86400e9}}};
constexpr std::array<Unit, 9> byte_units{{{"B", 1},
                                          {"KB", 1e3},
                                          {"KiB", 1024},
                                          {"MB", 1e6},
                                          {"MiB", 1048576},
                                          {"GB", 1e9},
                                          {"GiB", 1073741824},
                                          {"TB", 1e12},
                                          {"TiB", 1099511627776.0}}};
constexpr std::array<Unit, 10> rate_units{{{"B/s", 1},
                                           {"KB/s", 1e3},
                                           {"KiB/s", 1024},
                                           {"MB/s", 1e6},
                                           {"MiB/s", 1048576},
                                           {"GB/s", 1e9},
                                           {"GiB/s", 1073741824},
                                           {"Kbps", 125},
                                           {"Mbps", 125e3},
                                           {"Gbps", 125e6}}};
constexpr std::array<Unit, 3> per_second_units{{{"/s", 1}, {"k/s", 1e3}, {"M/s", 1e6}}};

std::string list_of(std::span<const Unit> units) {
  std::string names;
  for (const Unit& unit : units) {
    names += names.empty() ? "" : ", ";
    names += unit.name;
  }
  return names;
}

/// The number times its unit's factor, or why it cannot be had.
Result<double, std::string> parse_quantity(std::string_view text, std::span<const Unit> units) {
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end == text.data()) {
    return fail(tr("must be a number and a unit ({})", list_of(units)));
  }
  std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  if (!suffix.empty() && suffix.front() == ' ') suffix.remove_prefix(1);
  if (suffix.empty()) return fail(tr("needs a unit, one of {}", list_of(units)));
  for (const Unit& unit : units) {
    if (unit.name != suffix) continue;
    const double value = number * unit.factor;
    if (!std::isfinite(value)) return fail(tr("is not a finite number"));
    return value;
  }
  return fail(tr("has no such unit as \"{}\"; use one of {}", suffix, list_of(units)));
}

Result<std::int64_t, std::string> parse_integer_quantity(std::string_view text,
                                                         std::span<const Unit> units) {
  const auto value = parse_quantity(text, units);
  if (!value) return fail(value.error());
  if (std::abs(*value) >= 9.2e18) return fail(tr("is too large"));
  return static_cast<std::int64_t>(std::llround(*value));
}

/// The largest unit in which the value has at most three decimals and no loss.
std::string shortest(std::int64_t value, std::span<const Unit> units) {
  for (auto unit = units.rbegin(); unit != units.rend(); ++unit) {
    const auto factor = static_cast<std::int64_t>(unit->factor);
    if (value == 0) break;
    const auto wide = static_cast<Int128>(value) * 1000;
    if (wide % factor != 0 || std::abs(static_cast<double>(value)) < unit->factor) continue;
    const double number = static_cast<double>(static_cast<std::int64_t>(wide / factor)) / 1000.0;
    return fmt::format("{}{}", number, unit->name);
  }
  return fmt::format("{}{}", value, units.front().name);
}

std::string rounded(double value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (std::abs(value) >= unit.factor) best = &unit;
  }
  const double number = value / best->factor;
  const double magnitude = std::abs(number);
  const int decimals = magnitude >= 99.95 || number == std::floor(number) ? 0
                       : magnitude >= 9.995                               ? 1
                                                                          : 2;
  return fmt::format("{:.{}f} {}", number, decimals, best->name);
}

constexpr std::array<Unit, 4> short_duration_units{
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}}};
constexpr std::array<Unit, 5> binary_units{
    {{"B", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}, {"TiB", 1099511627776.0}}};
constexpr std::array<Unit, 4> decimal_rate_units{
    {{"B/s", 1}, {"KB/s", 1e3}, {"MB/s", 1e6}, {"GB/s", 1e9}}};

}  // namespace

Result<Duration, std::string> parse_duration(std::string_view text) {
  const auto value = parse_integer_quantity(text, duration_units);
  if (!value) return fail(value.error());
  return Duration(*value);
}

Result<Bytes, std::string> parse_bytes(std::string_view text) {
  const auto value = parse_integer_quantity(text, byte_units);
  if (!value) return fail(value.error());
  return Bytes(*value);
}

Result<BytesPerSecond, std::string> parse_rate(std::string_view text) {
  const auto value = parse_integer_quantity(text, rate_units);
  if (!value) return fail(value.error());
  return BytesPerSecond(*value);
}

Result<PerSecond, std::string> parse_per_second(std::string_view text) {
  const auto value = parse_quantity(text, per_second_units);
  if (!value) return fail(value.error());
  return PerSecond(*value);
}

std::string to_text(Duration d) {
  // Above seconds only whole ones, for nobody thinks in parts of them: 330s, not 5.5min.
  std::span<const Unit> units = duration_units;
  while (units.back().factor > 1e9 &&
         d.count() % static_cast<std::int64_t>(units.back().factor) != 0) {
    units = units.first(units.size() - 1);
  }
  return shortest(d.count(), units);
}
std::string to_text(Bytes b) { return shortest(b.count(), byte_units); }
std::string to_text(BytesPerSecond r) { return shortest(r.count(), rate_units); }
std::string to_text(PerSecond r) {
  const double n = r.count();
  if (n >= 1e6 && std::fmod(n, 1e5) == 0) return fmt::format("{}M/s", n / 1e6);
  if (n >= 1e3 && std::fmod(n, 1e2) == 0) return fmt::format("{}k/s", n / 1e3);
  return fmt::format("{}/s", n);
}

std::string to_korean_text(Duration d) {
  std::string text = to_text(d);
  const std::size_t unit = text.find_first_not_of("-0123456789.e+");
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> names{
      {{"ns", "ns"},
       {"us", "us"},
       {"ms", "ms"},
       {"s", "초"},
       {"min", "분"},
       {"h", "시간"},
       {"d", "일"}}};
  for (const auto& [name, korean] : names) {
    if (text.substr(unit) == name) return text.substr(0, unit) + std::string(korean);
  }
  return text;
}

std::string to_korean_text(PerSecond r) { return fmt::format("초당 {}건", r.count()); }

std::string to_rounded_text(Duration d) {
  return rounded(static_cast<double>(d.count()), short_duration_units);
}
std::string to_rounded_text(Bytes b) {
  return rounded(static_cast<double>(b.count()), binary_units);
}
std::string to_rounded_text(BytesPerSecond r) {
  return rounded(static_cast<double>(r.count()), decimal_rate_units);
}
std::string to_text(Time t) { return fmt::format("t={:.3f}s", to_seconds(t)); }

}  // namespace brokerlab
