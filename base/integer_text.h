// All of a text as a decimal number, or nothing.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace brokerlab {

template <class Integer>
std::optional<Integer> parse_integer(std::string_view text) {
  Integer number{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace brokerlab
