// What opening a log did with the files beside its segments, told: recover, append and compact.
#pragma once

#include "cli/command_line.h"
#include "log/partition/log.h"

#include <nlohmann/json_fwd.hpp>

namespace brokerlab::cli {

nlohmann::ordered_json to_json(const log::FileChange& change);

/// For append and compact, whose business it is not: a line for each file, but for the snapshots of
/// producers that are of no use any more, which go as a log grows.
void tell_file_changes(Context& context, const log::Log& log, bool json);

}  // namespace brokerlab::cli
