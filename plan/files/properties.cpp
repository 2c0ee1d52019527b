#include "plan/files/properties.h"

#include "plan/files/config_value.h"

#include <cstdint>
#include <optional>

namespace brokerlab::plan {
namespace {

bool blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

/// As UTF-8; a lone surrogate becomes U+FFFD.
void append_code_point(std::string& to, std::uint32_t code) {
  if (code >= 0xD800 && code <= 0xDFFF) code = 0xFFFD;
  const auto put = [&to](std::uint32_t byte) { to += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

/// The character that the escape at `at` (behind the backslash) means; moves behind it.
void take_escape(std::string_view line, std::size_t& at, std::string& to) {
  const char c = line[at++];
  switch (c) {
    case 't':
      to += '\t';
      return;
    case 'n':
      to += '\n';
      return;
    case 'r':
      to += '\r';
      return;
    case 'f':
      to += '\f';
      return;
    case 'u':
      break;
    default:
      to += c;
      return;
  }
  std::uint32_t code = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto digit = at + i < line.size() ? hex_digit(line[at + i]) : std::nullopt;
    if (!digit) {
      to += 'u';  // Java throws; whoever reads on loses less.
      return;
    }
    code = code * 16 + static_cast<std::uint32_t>(*digit);
  }
  at += 4;
  append_code_point(to, code);
}

Property property_of(std::string_view line, int number) {
  Property property;
  property.line = number;
  std::size_t at = 0;
  while (at < line.size() && line[at] != '=' && line[at] != ':' && !blank(line[at])) {
    if (line[at] == '\\' && at + 1 < line.size()) {
      take_escape(line, ++at, property.key);
    } else {
      property.key += line[at++];
    }
  }
  while (at < line.size() && blank(line[at])) ++at;
  if (at < line.size() && (line[at] == '=' || line[at] == ':')) ++at;
  while (at < line.size() && blank(line[at])) ++at;
  while (at < line.size()) {
    if (line[at] == '\\' && at + 1 < line.size()) {
      take_escape(line, ++at, property.value);
    } else {
      property.value += line[at++];
    }
  }
  property.value = java_trimmed(property.value);
  return property;
}

}  // namespace

std::vector<Property> parse_properties(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<Property> properties;
  std::string logical;
  int begun = 0;
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\r\n");
    std::string_view line = text.substr(0, end);
    std::size_t rest = end == std::string_view::npos ? text.size() : end + 1;
    if (end != std::string_view::npos && text[end] == '\r' && rest < text.size() &&
        text[rest] == '\n') {
      ++rest;
    }
    text.remove_prefix(rest);
    ++number;
    while (!line.empty() && blank(line.front())) line.remove_prefix(1);
    if (logical.empty()) {
      if (line.empty() || line.front() == '#' || line.front() == '!') continue;
      begun = number;
    }
    std::size_t slashes = 0;
    while (slashes < line.size() && line[line.size() - 1 - slashes] == '\\') ++slashes;
    logical += slashes % 2 == 1 ? line.substr(0, line.size() - 1) : line;
    if (slashes % 2 == 1 && !text.empty()) continue;
    if (!logical.empty()) properties.push_back(property_of(logical, begun));
    logical.clear();
  }
  return properties;
}

}  // namespace brokerlab::plan
