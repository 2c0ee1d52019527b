// The viewer without a window: a recording, the view state, and the whole frame drawn from both.
//
// Lifetime: owns the reader. Threads: none. Errors: open() returns the reader's sentence.
#pragma once

#include "viz/event_rows.h"
#include "viz/fonts.h"
#include "viz/run_data.h"
#include "viz/ui.h"
#include "viz/view_state.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::viz {

/// Keys of the viewer, as the window or a test presses them.
enum class Key {
  space,
  left,
  right,
  home,
  end,
  language,
  faster,
  slower,
  next,
  previous,
  first_fault,
  slow_motion,
  theme,
  larger,
  smaller,
  tab,
  help,
  escape,  ///< Closes what is open; never ends the program.
};

/// What a frame says, for who checks that it can be read.
struct Frame {
  std::vector<std::string> clipped;  ///< Texts that had to be shortened, which should be none.
  std::vector<DrawnText> texts;
};

class Viewer {
 public:
  static Result<Viewer, std::string> open(const std::string& path);

  const Run& run() const { return run_; }
  const recording::Reader& reader() const { return reader_; }
  ViewState& view() { return view_; }
  /// Nothing: it is no event of this recording.
  std::optional<Time> time_of(std::int64_t event) const {
    const auto found = reader_.event(event);
    return found ? std::optional(found->t) : std::nullopt;
  }

  /// The instant of the view, read anew when the view has moved.
  const Moment& moment();

  void press(Key key, bool shift);

  /// Draws into the ImGui frame that has begun; `scale`: pixels a design unit.
  Frame draw_frame(const Fonts& fonts, float scale);

 private:
  explicit Viewer(recording::Reader reader);

  recording::Reader reader_;
  Run run_;
  ViewState view_;
  Moment moment_;
  EventRows event_rows_;
  double moment_speed_ = 0;  // Of moment_; 0: none read yet.
};

/// Where a recording opens: a second before its first fault, or at its beginning.
Time opening_moment(const Run& run);

/// Pixels a design unit for a window of this size.
float scale_for(int width, int height);

}  // namespace brokerlab::viz
