#include "plan/report/told.h"

#include "base/translation.h"
#include "base/units.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace brokerlab::plan::report {
namespace {

/// The member that has it in the language that is spoken; the English one where there is none.
const Json& spoken_part(const Json& object, const std::string& name) {
  if (spoken() == Language::korean) {
    const Json& korean = part_of(object, name == "text" ? "ko" : name + "_ko");
    if (!korean.is_null() && !korean.empty()) return korean;
  }
  return part_of(object, name);
}

}  // namespace

const Json& part_of(const Json& object, std::string_view name) {
  static const Json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(std::string(name));
  return found == object.end() ? nothing : *found;
}

std::string text_of(const Json& object, std::string_view name) {
  const Json& part = part_of(object, name);
  return part.is_string() ? part.get<std::string>() : std::string();
}

double number_of(const Json& object, std::string_view name) {
  const Json& part = part_of(object, name);
  return part.is_number() ? part.get<double>() : 0;
}

bool is_true(const Json& object, std::string_view name) {
  const Json& part = part_of(object, name);
  return part.is_boolean() && part.get<bool>();
}

std::string said_of(const Json& object, const std::string& name) {
  const Json& part = spoken_part(object, name);
  return part.is_string() ? part.get<std::string>() : std::string();
}

std::vector<std::string> list_of(const Json& object, const std::string& name) {
  std::vector<std::string> all;
  const Json& part = spoken_part(object, name);
  if (!part.is_array()) return all;
  for (const Json& one : part) {
    if (one.is_string()) all.push_back(one.get<std::string>());
  }
  return all;
}

std::string local_text(const Json& object, std::string_view name) {
  const Json& part = part_of(object, name);
  if (part.is_string()) return part.get<std::string>();
  const std::string mine = text_of(part, to_code(spoken()));
  return mine.empty() ? text_of(part, "en") : mine;
}

std::string value_of(const Json& object, std::string_view name) {
  const Json& part = part_of(object, name);
  if (part.is_null()) return {};
  return part.is_string() ? part.get<std::string>() : json_text(part);
}

std::string seconds_words(double seconds) {
  if (!std::isfinite(seconds) || std::abs(seconds) > 1e8) return "-";
  return to_rounded_text(from_seconds(seconds));
}

std::string millis_words(double millis) { return seconds_words(millis / 1000); }

std::string count_words(double count) {
  std::string digits = fmt::format("{:.0f}", std::abs(count));
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return (count < 0 ? "-" : "") + digits;
}

Markup list_markup(const std::vector<std::string>& lines, const char* style) {
  if (lines.empty()) return {};
  Markup items;
  for (const std::string& line : lines) items += element("li", line);
  return element("ul", *style == '\0' ? Attributes{} : Attributes{{"class", style}}, items);
}

Markup facts_markup(const std::vector<std::pair<std::string, std::string>>& facts) {
  Markup items;
  for (const auto& [name, value] : facts) {
    if (!value.empty()) items += element("li", Markup(name + " ") + element("b", value));
  }
  return element("ul", {{"class", "facts"}}, items);
}

Markup tiles_markup(const std::vector<Tile>& tiles) {
  // A number and its unit stay on one line.
  const auto together = [](std::string text) {
    for (std::size_t at; (at = text.find(" %")) != std::string::npos;) {
      text.replace(at, 1, "\u00a0");
    }
    return text;
  };
  Markup items;
  for (const Tile& tile : tiles) {
    items +=
        element("li", element("b", together(tile.value)) + element("span", together(tile.name)));
  }
  return element("ul", {{"class", "tiles"}}, items);
}

}  // namespace brokerlab::plan::report
