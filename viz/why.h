// Why a thing stands as it does: whatever is clicked, its state in words, and the event from which
// its chain of causes is walked (recording::Reader::causes) to the fault, the setting or the load.
//
// Threads: none. Errors: none; what the recording does not tell is said to be unknown.
#pragma once

#include "viz/panels.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::viz {

struct Answer {
  std::string title;
  std::vector<std::string> lines;
  std::optional<std::int64_t> event{};  ///< What it came from; its causes are shown below.
};

/// At the moment of the scene.
Answer answer(const Scene& scene, const Asked& asked, Language language);

}  // namespace brokerlab::viz
