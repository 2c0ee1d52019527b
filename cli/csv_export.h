// A recording's tables as CSV files in a folder, one a table, as RFC 4180 quotes them.
#pragma once

#include "base/result.h"
#include "recording/rows.h"

#include <functional>
#include <string>
#include <vector>

namespace brokerlab::cli {

/// Why nothing can be written to that folder, if so: other people's files are not mixed with ours.
Status<std::string> prepare_csv_folder(const recording::Rows& recording, const std::string& folder);

/// Into a folder that was prepared; what an earlier export left there is replaced. NULL is an empty
/// field, an empty text is "". `rows_done` is called after some thousand rows, and at a table's
/// end, with how many more are written. The error is one sentence.
Status<std::string> export_csv(const recording::Rows& recording, const std::string& folder,
                               const std::function<void(std::int64_t)>& rows_done);

}  // namespace brokerlab::cli
