#include "log/directory/checkpoint.h"

#include "base/integer_text.h"
#include "log/partition/checkpoint_text.h"

#include <fmt/format.h>

namespace brokerlab::log {

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
    // Entries begin on the third line.
    if (!good || !offsets.emplace(std::pair(std::string(line[0]), *partition), *offset).second) {
      return fail(malformed_checkpoint(path, i + 3, line[0]));
    }
  }
  return offsets;
}

}  // namespace brokerlab::log
