// A SQLite file with one table, for figures that are no recording: a sweep's, a plan's.
//
// Threads: none. Errors: one sentence that names the file; what was there is left alone then.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace brokerlab::recording {

/// NULL, INTEGER, REAL, TEXT.
using TableCell = std::variant<std::monostate, std::int64_t, double, std::string>;

/// Every row has as many cells as there are columns; any text may be a column's name, once.
Status<std::string> write_table_file(const std::string& path, const std::string& table,
                                     const std::vector<std::string>& columns,
                                     const std::vector<std::vector<TableCell>>& rows);

}  // namespace brokerlab::recording
