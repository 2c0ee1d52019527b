// Small files read and written whole.
//
// Threads: none. Errors: a sentence for the user.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace brokerlab::labs {

/// At most 64 MiB are read.
Result<std::string, std::string> read_file(const std::string& path);
/// Replaces what was there, which stays as it is when that fails.
Status<std::string> write_file(const std::string& path, std::string_view text);

}  // namespace brokerlab::labs
