// What holds at this moment, in a few words, the worst first: what the badge says, whatever the
// verdict of the whole run will be.
//
// Threads: none. Errors: none; what the recording does not tell is not wrong.
#pragma once

#include "viz/panels.h"

#include <string>
#include <vector>

namespace brokerlab::viz {

struct Holds {
  std::string words;
  Color color;  ///< Red: somebody is not served; amber: something is wrong.
};

/// Never empty: that all is well is said too.
std::vector<Holds> what_holds(const Scene& scene, Language language);

}  // namespace brokerlab::viz
