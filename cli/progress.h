// Progress of a run, or of reading files: a bar on a terminal, plain lines elsewhere.
#pragma once

#include "base/units.h"

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>

namespace brokerlab::cli {

/// Columns of the terminal behind standard error, 0 when there is none to draw on.
int progress_columns();

/// The line itself, drawn over and over.
class ProgressLine {
 public:
  /// Writes to `err`. `columns`: of the terminal that it is; 0: it is none, or one that cannot
  /// redraw a line.
  ProgressLine(std::ostream& err, int columns);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Whether a line shown now would be seen: ten a second, or one for each tenth of the way.
  bool due(double share);
  /// `tail`: what only a plain line has room for.
  void draw(double share, std::string figures, const std::string& brief, const std::string& tail);
  enum class Unit { rows, bytes };
  /// So many done of so many. What takes less than a second shows nothing.
  void count(std::int64_t done, std::int64_t whole, Unit unit);
  void clear();  ///< Takes the bar away.
  double seconds_spent() const;

 private:
  std::ostream& err_;
  const int columns_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_{};
  int tenths_ = 0;
  bool drawn_ = false;
};

class Progress {
 public:
  Progress(std::ostream& err, int columns, Duration whole) : line_(err, columns), whole_(whole) {}

  void show(Time now);

 private:
  ProgressLine line_;
  const Duration whole_;
};

/// Rows done of rows expected. What takes less than a second shows nothing.
class RowProgress {
 public:
  RowProgress(std::ostream& err, int columns, std::int64_t whole)
      : line_(err, columns), whole_(whole) {}

  void add(std::int64_t rows);

 private:
  ProgressLine line_;
  const std::int64_t whole_;
  std::int64_t done_ = 0;
};

/// Bytes done of bytes expected. What takes less than a second shows nothing.
class ByteProgress {
 public:
  ByteProgress(std::ostream& err, int columns) : line_(err, columns) {}

  void expect(std::int64_t whole) { whole_ = whole; }
  void add(std::int64_t bytes);

 private:
  ProgressLine line_;
  std::int64_t whole_ = 0;  ///< 0: nobody knows, nothing is shown.
  std::int64_t done_ = 0;
};

}  // namespace brokerlab::cli
