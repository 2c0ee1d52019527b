// Table: rows of figures for people and programs, all of one shape.
//
// Lifetime: a value. Threads: none. Errors: of writing a file, one sentence that names it.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace brokerlab::plan {

/// Nothing, a whole number, a number, a text.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;

struct Table {
  std::vector<std::string> columns;  ///< Each name once; English, for programs, too.
  std::vector<std::vector<Cell>> rows;
};

/// RFC 4180 with lines that end in \n; nothing is an empty field.
std::string table_csv(const Table& table);
/// A list of objects; nothing is null.
std::string table_json(const Table& table);
/// Columns side by side, numbers rounded to four digits and to the right; nothing is "-".
std::string table_text(const Table& table);
/// By the end of its name: .csv, .json or .sqlite, where it is the table `name`. The file is
/// replaced whole.
Status<std::string> write_table(const Table& table, const std::string& name,
                                const std::string& path);

}  // namespace brokerlab::plan
