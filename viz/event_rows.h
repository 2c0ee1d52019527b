// The sentences of a run broken into lines: laid out once for a width, not in every frame.
//
// Lifetime: kept by the Viewer from frame to frame; borrows the run's events. Threads: none.
#pragma once

#include "recording/reader.h"
#include "viz/ui.h"

#include <string>
#include <vector>

namespace brokerlab::viz {

struct EventRow {
  const recording::RecordedEvent* event = nullptr;
  std::vector<std::string> lines;
  float y = 0;  ///< From the top of the whole list.
  float h = 0;
};

struct EventRows {
  std::vector<EventRow> rows;
  // What they were laid out for.
  Language language = Language::english;
  float width = -1;
  float letter = 0;  ///< How wide some letters were.
};

}  // namespace brokerlab::viz
