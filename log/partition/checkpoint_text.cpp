#include "log/partition/checkpoint_text.h"

#include "base/integer_text.h"

#include <fmt/format.h>

namespace brokerlab::log {
namespace {

constexpr std::size_t lines_before_entries = 2;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

IoError malformed_checkpoint(const std::string& path, std::size_t line, std::string_view text) {
  return {IoErrorKind::malformed, path, fmt::format("line {}: \"{:.60}\"", line, text)};
}

Result<std::vector<CheckpointLine>, IoError> parse_checkpoint(const std::string& path,
                                                              std::string_view text,
                                                              std::size_t fields) {
  auto lines = split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  if (lines.empty() || lines[0] != "0") {
    return fail(malformed_checkpoint(path, 1, lines.empty() ? "" : lines[0]));
  }
  const auto count =
      lines.size() < lines_before_entries ? std::nullopt : parse_integer<std::uint32_t>(lines[1]);
  if (!count || *count != lines.size() - lines_before_entries) {
    return fail(malformed_checkpoint(path, 2, lines.size() < 2 ? "" : lines[1]));
  }
  std::vector<CheckpointLine> entries;
  for (std::size_t i = lines_before_entries; i < lines.size(); ++i) {
    entries.push_back(split(lines[i], ' '));
    if (entries.back().size() != fields) return fail(malformed_checkpoint(path, i + 1, lines[i]));
  }
  return entries;
}

}  // namespace brokerlab::log
