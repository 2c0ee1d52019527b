// What a fault does to packets on certain paths.
//
// Lifetime: a value. Threads: none.
#pragma once

#include "base/units.h"

namespace brokerlab::sim {

struct Impairment {
  bool cut = false;    ///< None arrives.
  double loss = 0;     ///< Each is lost with this probability, below 1.
  Duration delay{0};   ///< Later by this.
  Duration jitter{0};  ///< And by a uniform extra of [0, jitter).
};

using ImpairmentId = int;  ///< Of Network::impair().
using OutageId = int;      ///< Of Network::fail_switch() and cut_area().

}  // namespace brokerlab::sim
