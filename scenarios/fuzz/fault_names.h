// Faults of a scenario file that speak of each other: what begins has a name ("as"), what ends it
// says that name.
//
// Lifetime: values. Threads: none.
#pragma once

#include "base/json_text.h"

#include <cstddef>
#include <vector>

namespace brokerlab::scenarios {

/// The places of the others that say the name of `faults[place]`.
std::vector<std::size_t> faults_that_name(const Json& faults, std::size_t place);

}  // namespace brokerlab::scenarios
