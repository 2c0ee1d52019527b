// A frame without any display: EGL surfaceless, into memory or a PNG file.
//
// Lifetime: an Offscreen owns the process's ImGui context while it lives; make one at a time.
// Threads:  none.
// Errors:   returned, one sentence (no EGL, font missing, file not writable).
#pragma once

#include "base/result.h"
#include "viz/viewer.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace brokerlab::viz {

struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;  ///< Top row first, three bytes a pixel.
};

class Offscreen {
 public:
  static Result<Offscreen, std::string> create(int width, int height);
  Offscreen(Offscreen&&) noexcept;
  Offscreen& operator=(Offscreen&&) noexcept;
  ~Offscreen();

  /// Renders the viewer as it stands. `mouse` in pixels; outside the picture: no mouse.
  Result<Picture, std::string> render(Viewer& viewer, float mouse_x = -1, float mouse_y = -1);
  /// The same without reading the picture back: what a window does for a frame.
  Status<std::string> draw(Viewer& viewer, float mouse_x = -1, float mouse_y = -1);
  /// The same without drawing, for who asks only what it says.
  Status<std::string> compose(Viewer& viewer, float mouse_x = -1, float mouse_y = -1);
  /// A click there: a frame with the button down, one with it up.
  Status<std::string> click(Viewer& viewer, float x, float y, bool shift = false);
  /// What `draw` draws, on the ground of a panel, with the viewer's fonts and theme.
  Result<Picture, std::string> paint(Viewer& viewer, const std::function<void(Ui&)>& draw);
  /// The texts that did not fit in the last frame.
  const std::vector<std::string>& clipped() const;
  /// All texts of the last frame.
  const std::vector<DrawnText>& texts() const;
  /// Of the last frame; valid until the next.
  const Fonts& fonts() const;

 private:
  struct State;
  explicit Offscreen(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

Status<std::string> write_png(const Picture& picture, const std::string& path);
Result<Picture, std::string> read_png(const std::string& path);

}  // namespace brokerlab::viz
