// Progress of a run: a bar on a terminal, a plain line every tenth of the way elsewhere.
#pragma once

#include "base/units.h"

#include <chrono>
#include <cstdint>
#include <iosfwd>

namespace brokerlab::cli {

class Progress {
 public:
  /// Writes to `err`; `terminal`: whether that is one.
  Progress(std::ostream& err, bool terminal, Duration whole);
  ~Progress();  ///< Clears the bar.

  void show(Time now, std::uint64_t steps);

 private:
  std::ostream& err_;
  const bool terminal_;
  const Duration whole_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_{};
  int tenths_ = 0;
  bool drawn_ = false;
};

}  // namespace brokerlab::cli
