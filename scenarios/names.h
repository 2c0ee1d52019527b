// What may be called what in a scenario, and for how long it may run: what several of its parts
// declare alike.
#pragma once

#include "base/settings.h"

namespace brokerlab::scenarios {

inline constexpr Duration longest_run = std::chrono::hours(24 * 7);

inline SettingType<std::string> machine_name() {
  return setting::text(63, "[A-Za-z0-9][A-Za-z0-9_-]*",
                       sentence("a name of letters, digits, - and _"));
}

}  // namespace brokerlab::scenarios
