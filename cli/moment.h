// Moments of time as people write them on the command line.
#pragma once

#include "base/result.h"
#include "log/types.h"

#include <string>
#include <string_view>

namespace brokerlab::cli {

/// Milliseconds since 1970, or ISO 8601 with a time and a zone: "2024-03-04T09:00:00+09:00",
/// "2024-03-04T00:00Z", "2024-03-04T00:00:00.250Z". What is finer than a millisecond is rounded up,
/// so that nothing before the moment counts as not older. The error says what is wrong and what is
/// allowed.
Result<log::Timestamp, std::string> parse_moment(std::string_view text);

/// "2026-11-24T19:00:00.123Z"; "no timestamp" for -1.
std::string time_text(log::Timestamp timestamp);

}  // namespace brokerlab::cli
