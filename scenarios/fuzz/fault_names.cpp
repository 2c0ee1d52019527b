#include "scenarios/fuzz/fault_names.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace brokerlab::scenarios {

std::vector<std::size_t> faults_that_name(const Json& faults, std::size_t place) {
  std::vector<std::size_t> others;
  const auto as = faults[place].find("as");
  if (as == faults[place].end()) return others;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const bool says_it = std::any_of(faults[i].begin(), faults[i].end(),
                                     [&](const Json& value) { return value == *as; });
    if (i != place && says_it) others.push_back(i);
  }
  return others;
}

}  // namespace brokerlab::scenarios
