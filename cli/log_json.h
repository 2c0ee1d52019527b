// Records as JSON: what `log dump` and `log read` print, and what `log append` takes.
//
//   {"key": "alice", "value": {"paid": 12}, "headers": {"trace": "7"}, "timestamp": 1764000000000}
#pragma once

#include "base/problem.h"
#include "base/result.h"
#include "cli/command_line.h"
#include "log/batch/record_batch.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace brokerlab::cli {

/// Adds key, value and headers ([["name", "value"], ...]) of a record. Bytes that are no UTF-8 come
/// as hexadecimal digits under "keyHex", "valueHex", or as {"hex": "..."} in a header.
void add_contents(nlohmann::ordered_json& object, const log::RecordView& record);

/// One line of `append`. All fields but value are optional; a string is stored as its text, null as
/// null, any other JSON as its text without white space. headers: an object, or a list of [name,
/// value] pairs where order or doubles matter. The result has no_timestamp where none was given.
/// `line`: its number, for the problems.
Result<log::Record, Problems> record_from_json(const Context& context, const std::string& text,
                                               std::int64_t line);

}  // namespace brokerlab::cli
