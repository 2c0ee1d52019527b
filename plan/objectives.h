// Objectives: what a cluster has to hold, asked of a run's key figures.
//
// Lifetime: a value. Threads: none. Pure.
#pragma once

#include "base/phrase.h"
#include "base/settings_fwd.h"
#include "base/units.h"
#include "plan/key_figures.h"

#include <optional>
#include <vector>

namespace brokerlab::plan {

struct Objectives {
  double kept = 0.99;  ///< Of the records that came into being, acknowledged by the end.
  Duration p99_produce = 1s;
  Duration p99_end_to_end = 2s;
  /// Of any resource of a broker, over the time that work went on: who lives on burst credits or
  /// on an empty page cache shows more than it can give for long.
  double utilisation = 1.0;
  std::optional<Duration> drain;  ///< From the greatest lag to caught up.
  bool no_loss = true;

  static const Settings<Objectives>& settings();
};

/// What is not held; empty: all is.
std::vector<Phrase> missed(const Objectives& objectives, const KeyFigures& figures);

}  // namespace brokerlab::plan
