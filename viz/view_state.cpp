#include "viz/view_state.h"

#include <algorithm>

namespace brokerlab::viz {

void seek(ViewState& view, Time t, Duration duration) {
  view.time = std::clamp(t, Time{}, Time(duration));
  view.list_scroll = 0;
}

void advance(ViewState& view, double elapsed, Duration duration) {
  if (!view.playing || view.scrubbing) return;
  view.time = std::min(view.time + from_seconds(elapsed * view.speed), Time(duration));
  view.list_scroll = 0;
  if (view.time == Time(duration)) view.playing = false;
}

void change_speed(ViewState& view, bool faster) {
  view.speed = std::clamp(faster ? view.speed * 2 : view.speed / 2, slowest, fastest);
}

}  // namespace brokerlab::viz
