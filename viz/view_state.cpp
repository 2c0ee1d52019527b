#include "viz/view_state.h"

#include <algorithm>

namespace brokerlab::viz {

void seek(ViewState& view, Time t, Duration duration) {
  view.time = std::clamp(t, Time{}, Time(duration));
  view.list_scroll = 0;
}

double speed_now(const ViewState& view, std::span<const Time> moments) {
  if (!view.slow_motion || view.speed <= 0.25) return view.speed;
  const Duration near = from_seconds(view.speed);
  const auto next = std::lower_bound(moments.begin(), moments.end(), view.time - near);
  if (next == moments.end() || *next > view.time + near) return view.speed;
  return std::min(view.speed / 4, 1.0);
}

Time step_to(const ViewState& view, std::span<const Time> moments, bool forward,
             Duration duration) {
  if (forward) {
    const auto next = std::upper_bound(moments.begin(), moments.end(), view.time);
    return next == moments.end() ? Time(duration) : *next;
  }
  const auto here = std::lower_bound(moments.begin(), moments.end(), view.time);
  return here == moments.begin() ? Time{} : *std::prev(here);
}

bool close_one(ViewState& view) {
  if (view.help) {
    view.help = false;
  } else if (view.selected_event) {
    view.selected_event.reset();
  } else if (view.partition) {
    view.partition.reset();
  } else if (!view.producers.open.empty()) {
    view.producers = {};
  } else if (!view.consumers.open.empty()) {
    view.consumers = {};
  } else {
    return false;
  }
  return true;
}

void advance(ViewState& view, double elapsed, Duration duration, std::span<const Time> moments) {
  if (!view.playing || view.scrubbing) return;
  const double speed = speed_now(view, moments);
  view.time = std::min(view.time + from_seconds(elapsed * speed), Time(duration));
  view.list_scroll = 0;
  if (view.time == Time(duration)) view.playing = false;
}

void change_speed(ViewState& view, bool faster) {
  view.speed = std::clamp(faster ? view.speed * 2 : view.speed / 2, slowest, fastest);
}

}  // namespace brokerlab::viz
