#include "plan/files/yaml.h"

#include <charconv>
#include <cmath>

namespace brokerlab::plan {
namespace {

/// Digits of that base without the underscores between them.
std::optional<double> digits(std::string_view text, int base) {
  std::string plain;
  for (const char c : text) {
    if (c != '_') plain += c;
  }
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(plain.data(), plain.data() + plain.size(), number, base);
  if (plain.empty() || code != std::errc{} || end != plain.data() + plain.size()) {
    return std::nullopt;
  }
  return static_cast<double>(number);
}

/// 1:30 is 90: places of sixty.
std::optional<double> of_sixties(std::string_view text) {
  double sum = 0;
  for (bool first = true;; first = false) {
    const std::size_t colon = text.find(':');
    const std::string_view place = text.substr(0, colon);
    const auto number = digits(place, 10);
    if (!number || (!first && (*number > 59 || place.size() > 2))) return std::nullopt;
    sum = sum * 60 + *number;
    if (colon == std::string_view::npos) return sum;
    text.remove_prefix(colon + 1);
  }
}

std::optional<double> fraction(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c != '_') plain += c;
  }
  double number = 0;
  const auto [end, code] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
  if (code != std::errc{} || end != plain.data() + plain.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::optional<double> number_of_yaml(std::string_view text) {
  double sign = 1;
  if (text.starts_with('-') || text.starts_with('+')) {
    if (text.front() == '-') sign = -1;
    text.remove_prefix(1);
  }
  if (text.empty() || (text.front() != '.' && (text.front() < '0' || text.front() > '9'))) {
    return std::nullopt;
  }
  std::optional<double> number;
  if (text.starts_with("0x")) {
    number = digits(text.substr(2), 16);
  } else if (text.starts_with("0b")) {
    number = digits(text.substr(2), 2);
  } else if (text.find(':') != std::string_view::npos) {
    number = of_sixties(text);
  } else if (text.find_first_of(".eE") != std::string_view::npos) {
    number = fraction(text);
  } else if (text.size() > 1 && text.front() == '0') {
    number = digits(text.substr(1), 8);
  } else {
    number = digits(text, 10);
  }
  if (!number) return std::nullopt;
  return sign * *number;
}

}  // namespace brokerlab::plan
