#include "viz/view_state.h"

#include <algorithm>

namespace brokerlab::viz {

namespace {

// A span of this length, moved into the run.
void show(ViewState& view, Time from, Duration length, Duration duration) {
  if (length >= duration) {
    view.span = {};
    return;
  }
  from = std::clamp(from, Time{}, Time(duration - length));
  view.span = {from, from + length};
}

// What is played, or sought, is seen: the time line turns a page.
void follow(ViewState& view, Duration duration) {
  if (view.span.whole()) return;
  if (view.time >= view.span.from && view.time <= view.span.to) return;
  const Duration length = view.span.to - view.span.from;
  const bool behind = view.time > view.span.to;
  show(view, behind ? view.time - length / 10 : view.time - length * 9 / 10, length, duration);
}

}  // namespace

Span shown_span(const ViewState& view, Duration duration) {
  return view.span.whole() ? Span{Time{}, Time(duration)} : view.span;
}

void zoom(ViewState& view, double factor, Time around, Duration duration) {
  const Span now = shown_span(view, duration);
  const double before = to_seconds(now.to - now.from);
  const double least = std::min(to_seconds(shortest_span), to_seconds(duration));
  const double after = std::clamp(before * factor, least, to_seconds(duration));
  around = std::clamp(around, now.from, now.to);
  const double left = to_seconds(around - now.from) * after / before;
  show(view, around - from_seconds(left), from_seconds(after), duration);
}

void pan(ViewState& view, double share, Duration duration) {
  if (view.span.whole()) return;
  const Duration length = view.span.to - view.span.from;
  show(view, view.span.from + from_seconds(to_seconds(length) * share), length, duration);
}

void seek(ViewState& view, Time t, Duration duration) {
  view.time = std::clamp(t, Time{}, Time(duration));
  view.at_edge = false;
  view.list_scroll = 0;
  follow(view, duration);
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

double type_of(const ViewState& view) {
  constexpr double for_the_last_row = 1.25;  // All panels still have room.
  return std::min(view.type * (view.presenting ? for_the_last_row : 1.), largest_type);
}

bool close_one(ViewState& view) {
  if (view.writing) {
    view.writing.reset();
  } else if (view.help) {
    view.help = false;
  } else if (view.comparing) {
    view.comparing = false;
  } else if (view.following) {
    view.following.reset();
  } else if (view.selected_event || view.asked) {
    view.selected_event.reset();
    view.asked.reset();
  } else if (view.partition) {
    view.partition.reset();
  } else if (!view.producers.open.empty()) {
    view.producers = {};
  } else if (!view.consumers.open.empty()) {
    view.consumers = {};
  } else if (!view.span.whole()) {
    view.span = {};
  } else if (view.alone) {
    view.alone = false;
  } else if (view.presenting) {
    view.presenting = false;
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
  follow(view, duration);
  if (view.time == Time(duration)) view.playing = false;
}

void change_speed(ViewState& view, bool faster) {
  view.speed = std::clamp(faster ? view.speed * 2 : view.speed / 2, slowest, fastest);
}

}  // namespace brokerlab::viz
