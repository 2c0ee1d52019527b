// What the watcher chose: everything of the viewer that is not in the recording. A plain struct, so
// that a screenshot or a test is a value, not a session of clicks.
#pragma once

#include "base/units.h"
#include "viz/text.h"

#include <cstdint>
#include <optional>
#include <string>

namespace brokerlab::viz {

/// A column of clients that are too many to show each.
struct ClientsView {
  std::string open{};  ///< The gathering whose members are listed; "": none.
  int first = 0;       ///< Scrolled past.
};

struct ViewState {
  Time time{};
  bool playing = false;
  double speed = 1;  ///< Simulated seconds a second of the watcher.
  Language language = Language::english;
  std::optional<std::int64_t> selected_event{};  ///< Its chain of causes is shown.
  float list_scroll = 0;  ///< Of the event list, away from where `time` would put it.
  int table_first = 0;    ///< Partitions scrolled past in the table.
  ClientsView producers{};
  ClientsView consumers{};
  bool scrubbing = false;  ///< The mouse holds the play head.
  bool wants_quit = false;
};

inline constexpr double slowest = 1.0 / 8;
inline constexpr double fastest = 128;

/// Moves to t, kept within the run.
void seek(ViewState& view, Time t, Duration duration);
/// Lets `elapsed` seconds of the watcher pass; stops at the end of the run.
void advance(ViewState& view, double elapsed, Duration duration);
/// One step faster or slower, by factors of two.
void change_speed(ViewState& view, bool faster);

}  // namespace brokerlab::viz
