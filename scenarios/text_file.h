// A file of the user's as text: at most 8 MiB, and the reason in plain words when it cannot be had.
//
// Threads: none. Errors: fit to follow "path: ".
#pragma once

#include "base/result.h"

#include <string>

namespace brokerlab::scenarios {

Result<std::string, std::string> read_text_file(const std::string& path);

}  // namespace brokerlab::scenarios
