// CSV files of the user's (RFC 4180), read with bounds: at most 64 MiB, in lines of at most 1 MiB.
// A file that breaks them is left after no more than that has been read.
//
// Threads: none. Errors: a sentence fit to follow "path: ", with its line.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::scenarios {

/// The whole file.
Result<std::string, std::string> read_csv(const std::string& path);
/// The text behind its byte order mark, known to be UTF-8.
Result<std::string_view, std::string> csv_text(std::string_view file);

/// Goes over the rows of a text.
class CsvRows {
 public:
  explicit CsvRows(std::string_view text) : rest_(text) {}

  /// The next row's fields; nothing at the end.
  Result<std::optional<std::vector<std::string>>, std::string> next();
  /// Where the row begins that next() gave last; from 1.
  std::size_t line() const { return line_; }

 private:
  std::string_view rest_;
  std::size_t line_ = 0;
  std::size_t next_line_ = 1;
};

/// A row of a small table.
struct CsvRow {
  std::size_t line;
  std::vector<std::string> fields;  ///< Without blanks around them; always as many as columns.
};

/// A table of named columns, the last `optional` of which may be missing: their fields are empty
/// then. Empty lines are skipped. At most a million rows.
Result<std::vector<CsvRow>, std::string> read_table(const std::string& path,
                                                    const std::vector<std::string>& columns,
                                                    std::size_t optional = 0);

}  // namespace brokerlab::scenarios
