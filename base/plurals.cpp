#include "base/plurals.h"

#include <string_view>

namespace brokerlab {
namespace {

constexpr std::string_view either = "(s)";

/// The number before the last word of the text; empty when there is none.
std::string_view number_before_the_word(std::string_view text) {
  const std::size_t space = text.rfind(' ');
  if (space == std::string_view::npos || space + 1 == text.size()) return {};
  text = text.substr(0, space);
  const std::size_t last = text.find_last_not_of("0123456789,");
  const std::string_view number = last == std::string_view::npos ? text : text.substr(last + 1);
  return number.ends_with(',') ? std::string_view() : number;
}

}  // namespace

std::string with_plurals(std::string text) {
  for (std::size_t at = text.find(either); at != std::string::npos; at = text.find(either, at)) {
    const std::string_view number = number_before_the_word(std::string_view(text).substr(0, at));
    if (number.empty()) {
      at += either.size();
    } else {
      text.replace(at, either.size(), number == "1" ? "" : "s");
    }
  }
  return text;
}

}  // namespace brokerlab
