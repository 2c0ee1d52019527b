// The seconds of a run beside its clock.
#pragma once

#include "base/units.h"

#include <fmt/format.h>

#include <string>

namespace brokerlab::viz {

/// "330.0": with the tenth that has begun, as the clock shows it (Run::wall_clock).
inline std::string elapsed(Time t) {
  const auto tenths = t.time_since_epoch() / 100ms;
  return fmt::format("{}.{}", tenths / 10, tenths % 10);
}

}  // namespace brokerlab::viz
