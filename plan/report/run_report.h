// The report of a run as a page: what was asked, what came of it, and how to see it again.
//
// Lifetime: a value. Threads: none. Errors: a recording without a report in it is one sentence.
#pragma once

#include "base/result.h"
#include "recording/reader.h"

#include <string>

namespace brokerlab::plan::report {

/// In the language that is spoken. `file`: the recording's name, for the commands that are told.
Result<std::string, std::string> run_report(const recording::Reader& reader,
                                            const std::string& file);

}  // namespace brokerlab::plan::report
