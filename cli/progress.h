// Progress of a run: a bar on a terminal, a plain line every tenth of the way elsewhere.
#pragma once

#include "base/units.h"

#include <chrono>
#include <cstdint>
#include <iosfwd>

namespace brokerlab::cli {

/// Columns of the terminal behind standard error, 0 when there is none to draw on.
int progress_columns();

class Progress {
 public:
  /// Writes to `err`. `columns`: of the terminal that it is; 0: it is none, or one that cannot
  /// redraw a line.
  Progress(std::ostream& err, int columns, Duration whole);
  ~Progress();  ///< Clears the bar.

  void show(Time now, std::uint64_t steps);

 private:
  std::ostream& err_;
  const int columns_;
  const Duration whole_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_{};
  int tenths_ = 0;
  bool drawn_ = false;
};

}  // namespace brokerlab::cli
