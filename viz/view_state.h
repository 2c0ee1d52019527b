// What the watcher chose: everything of the viewer that is not in the recording. A plain struct, so
// that a screenshot or a test is a value, not a session of clicks.
#pragma once

#include "base/units.h"
#include "viz/text.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace brokerlab::viz {

/// A column of clients that are too many to show each.
struct ClientsView {
  std::string open{};  ///< The gathering whose members are listed; "": none.
  int first = 0;       ///< Scrolled past.

  bool operator==(const ClientsView&) const = default;
};

struct ViewState {
  Time time{};
  bool playing = false;
  double speed = 1;  ///< Simulated seconds a second of the watcher.
  Language language = Language::english;
  std::optional<std::int64_t> selected_event{};  ///< Its chain of causes is shown.
  float list_scroll = 0;           ///< Of the event list, away from where `time` would put it.
  std::optional<int> partition{};  ///< Its logs are shown.
  std::optional<bool> matrix{};    ///< Of the partitions, in place of the table; unset: when many.
  int table_first = 0;             ///< Partitions scrolled past in the table.
  ClientsView producers{};
  ClientsView consumers{};
  bool light = false;
  double type = 1;          ///< Size of everything: from 1 to largest_type.
  int tab = 0;              ///< The panel that is shown where there is room for one only.
  bool help = false;        ///< Its sheet lies over everything.
  bool slow_motion = true;  ///< Playing slows down around what matters.
  bool scrubbing = false;   ///< The mouse holds the play head.
  bool wants_quit = false;

  bool operator==(const ViewState&) const = default;
};

inline constexpr double slowest = 1.0 / 131072;
inline constexpr double fastest = 1024;
inline constexpr double largest_type = 2;

/// Moves to t, kept within the run.
void seek(ViewState& view, Time t, Duration duration);
/// Lets `elapsed` seconds of the watcher pass; stops at the end of the run. `moments`: what
/// matters, in order of time; in slow motion the second of the watcher before each, and that behind
/// it, are played at a quarter of the speed, at most in real time.
void advance(ViewState& view, double elapsed, Duration duration,
             std::span<const Time> moments = {});
/// The speed at which time runs now: view.speed, or less around what matters.
double speed_now(const ViewState& view, std::span<const Time> moments);
/// The next of the moments behind the present (or the last before it); the end (start) when there
/// is none.
Time step_to(const ViewState& view, std::span<const Time> moments, bool forward, Duration duration);
/// Closes what is open, one thing a call, the topmost first; false: nothing was.
bool close_one(ViewState& view);
/// One step faster or slower, by factors of two.
void change_speed(ViewState& view, bool faster);

}  // namespace brokerlab::viz
