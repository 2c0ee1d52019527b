// How much of a run its recording keeps. Metrics and facts are kept at every level but `none`; at
// `control` the ends of logs and high watermarks are told once a second in place of ten times.
#pragma once

#include "base/units.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace brokerlab::recording {

enum class Level {
  all,      ///< Every event and message.
  sampled,  ///< One exchange (a request and its response) and one chain of details in `sample`.
  control,  ///< No message; of detail events only those that led to others.
  none,     ///< Nothing but who there was, and the verdict.
};
std::string_view to_text(Level level);

struct Scope {
  Level level = Level::all;
  std::int64_t sample = 1;
  /// The window in which everything was kept whatever the level, from <= t < until, if there is
  /// one.
  std::optional<Time> from{};
  std::optional<Time> until{};

  bool in_window(Time t) const { return from && t >= *from && t < *until; }
};

}  // namespace brokerlab::recording
