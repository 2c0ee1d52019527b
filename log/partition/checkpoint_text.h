// The text form all of Kafka's checkpoint files share: a version line "0", a line with the number
// of entries, then one entry a line, its fields apart by one space. For the log engine alone.
// Source: Kafka's CheckpointFile.
#pragma once

#include "log/env/env.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::log {

using CheckpointLine = std::vector<std::string_view>;  ///< The fields of one entry.

/// The entries of a checkpoint, borrowed from `text`; on failure an IoError that names the line.
/// Each entry must have `fields` fields.
Result<std::vector<CheckpointLine>, IoError> parse_checkpoint(const std::string& path,
                                                              std::string_view text,
                                                              std::size_t fields);

IoError malformed_checkpoint(const std::string& path, std::size_t line, std::string_view text);

}  // namespace brokerlab::log
