// The viewer in a window (GLFW, OpenGL 3.3).
//
// Threads: the main thread only, as GLFW demands. Errors: returned, one sentence; needs_display
// tells that there is no screen to open a window on.
#pragma once

#include "base/result.h"
#include "viz/viewer.h"

#include <functional>
#include <string>

namespace brokerlab::viz {

struct WindowError {
  bool needs_display = false;
  std::string message;
};

/// Told after every frame.
using Watcher = std::function<void(Viewer& viewer)>;

/// Opens the window and returns when the watcher closes it.
Status<WindowError> run_window(Viewer& viewer, int width, int height, const Watcher& watcher = {});

}  // namespace brokerlab::viz
