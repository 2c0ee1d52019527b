#include "log/directory/checkpoint.h"

#include "base/integer_text.h"
#include "log/partition/checkpoint_text.h"

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

Status<IoError> write_checkpoint(Env& env, const std::string& path,
                                 const OffsetCheckpoint& offsets) {
  std::string text = fmt::format("0\n{}\n", offsets.size());
  for (const auto& [partition, offset] : offsets) {
    text += fmt::format("{} {} {}\n", partition.first, partition.second, offset);
  }
  return write_text_atomically(env, path, text);
}

Result<OffsetCheckpoint, IoError> read_checkpoint(Env& env, const std::string& path) {
  if (!env.exists(path)) return OffsetCheckpoint{};
  const auto text = read_text(env, path);
  if (!text.ok()) return fail(text.error());
  const auto entries = parse_checkpoint(path, *text, 3);
  if (!entries.ok()) return fail(entries.error());
  OffsetCheckpoint offsets;
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const CheckpointLine& line = (*entries)[i];
    const auto partition = parse_integer<std::int32_t>(line[1]);
    const auto offset = parse_integer<Offset>(line[2]);
    const bool good = !line[0].empty() && partition && *partition >= 0 && offset && *offset >= 0;
    if (!good || !offsets.emplace(std::pair(std::string(line[0]), *partition), *offset).second) {
      return fail(malformed_checkpoint(path, i + 1 + lines_before_entries, line[0]));
    }
  }
  return offsets;
}

}  // namespace brokerlab::log
