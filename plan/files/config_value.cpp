#include "plan/files/config_value.h"

#include "base/integer_text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace brokerlab::plan {
namespace {

using ValueAsJson = nlohmann::ordered_json;

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return small;
}

/// Validated by CaseInsensitiveValidString; every other name is as it is written.
bool letters_mean_nothing(std::string_view key) {
  static constexpr std::array<std::string_view, 3> keys{
      "group.protocol", "metadata.recovery.strategy", "security.protocol"};
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// Long.parseLong(): a sign, digits, and nothing else.
std::optional<std::int64_t> whole(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return parse_integer<std::int64_t>(text);
}

/// Double.parseDouble(), of decimal numbers: "1e3", ".5", "5." and "0.5f" are some.
std::optional<double> real(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  if (!text.empty() && std::string_view("dDfF").find(text.back()) != std::string_view::npos) {
    text.remove_suffix(1);
  }
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

std::string parted_at_commas(std::string_view text) {
  std::string list;
  while (true) {
    const std::size_t comma = text.find(',');
    list += java_trimmed(text.substr(0, comma));
    if (comma == std::string_view::npos) return list;
    list += ',';
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::string_view java_trimmed(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

nlohmann::ordered_json config_value(std::string_view key, std::string_view value,
                                    std::string_view type) {
  value = java_trimmed(value);
  if (type == "boolean") {
    const std::string small = in_small_letters(value);
    if (small == "true" || small == "false") return small == "true";
  } else if (type == "int" || type == "long" || type == "short") {
    if (const auto number = whole(value)) return *number;
  } else if (type == "double") {
    if (const auto number = real(value)) return *number;
  } else if (type == "list") {
    return parted_at_commas(value);
  } else if (letters_mean_nothing(key)) {
    return in_small_letters(value);
  }
  return std::string(value);
}

}  // namespace brokerlab::plan
