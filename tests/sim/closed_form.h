// Compares the simulator with a formula. Each line is in docs/hardware.md, too, as it is printed.
#pragma once

#include "base/units.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace brokerlab::sim {

inline double seconds(Duration duration) { return to_seconds(duration); }

/// One line of the table: the error must be under 1 %.
inline void compare(const std::string& what, double formula, double measured) {
  static const std::string published = [] {
    std::ifstream in(std::string(BROKERLAB_SOURCE_DIR) + "/docs/hardware.md");
    return std::string(std::istreambuf_iterator<char>(in), {});
  }();
  const double error = (measured - formula) / formula;
  const double percent = std::round(1e5 * error) / 1e3 + 0.0;  // No "-0".
  const std::string line =
      fmt::format("{:<56} {:>10.6g} {:>10.6g} {:>7.3f}%", what, formula, measured, percent);
  std::cout << line << "\n";
  CHECK(std::abs(error) < 0.01);
  INFO("docs/hardware.md must have this line: " << line);
  CHECK(published.find("\n    " + line + "\n") != std::string::npos);
}

}  // namespace brokerlab::sim
