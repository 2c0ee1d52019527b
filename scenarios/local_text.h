// Text for people, in the two languages of the project. A bare text in JSON is English.
//
// Lifetime: a value. Threads: none.
#pragma once

#include "base/settings_fwd.h"

#include <string>
#include <string_view>

namespace brokerlab::scenarios {

struct LocalText {
  std::string en;
  std::string ko;  ///< Empty: the English stands in.

  const std::string& in(std::string_view language) const {
    return language == "ko" && !ko.empty() ? ko : en;
  }
  static const Settings<LocalText>& settings();
};

}  // namespace brokerlab::scenarios
