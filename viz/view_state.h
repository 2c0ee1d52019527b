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

/// The part of the run that the time line shows; from == to: all of it.
struct Span {
  Time from{};
  Time to{};

  bool whole() const { return from == to; }
  bool operator==(const Span&) const = default;
};

/// What a click asked why about.
struct Asked {
  enum class Of {
    machine,
    card,
    disk,
    partition,
    group,
    throughput,
    replica,         ///< Of a partition on a broker: where its log ends.
    high_watermark,  ///< Of a partition.
    lag,             ///< Of a partition.
    standing,        ///< All partitions that stand so.
    state,           ///< What holds now: the badge.
    verdict,         ///< Of the whole run, and its harm.
    place,           ///< A switch or an area.
  };
  Of of = Of::machine;
  int id = 0;          ///< Of the machine or partition.
  std::string name{};  ///< Of the group, switch or area.
  int number = 0;      ///< Of the replica's broker; the Standing.

  bool operator==(const Asked&) const = default;
};

struct ViewState {
  Time time{};
  Span span{};
  double speed = 1;                              ///< Simulated seconds a second of the watcher.
  double type = 1;                               ///< Size of everything: from 1 to largest_type.
  std::optional<std::int64_t> selected_event{};  ///< Its chain of causes is shown.
  std::optional<Asked> asked{};                  ///< Its answer stands above that chain.
  ClientsView producers{};
  ClientsView consumers{};
  std::optional<Time> following{};       ///< The first record sent from then on is followed.
  std::optional<std::string> writing{};  ///< The note of a bookmark at `time`, as it is typed.
  std::string act{};                     ///< A fault as JSON, asked for by a button or key.
  std::string notice{};                  ///< Said once, until the next key or click.
  Language language = Language::english;
  std::optional<int> partition{};  ///< Its logs are shown.
  float list_scroll = 0;           ///< Of the event list, away from where `time` would put it.
  int table_first = 0;             ///< Partitions scrolled past in the table.
  int help_first = 0;              ///< Keys scrolled past.
  int tab = 0;                     ///< The panel that is shown where there is room for one only.
  std::optional<bool> matrix{};    ///< Of the partitions, in place of the table; unset: when many.
  bool playing = false;
  bool at_edge = false;  ///< Live: time goes with the recording that grows.
  bool light = false;
  bool alone = false;       ///< The panel of `tab` fills the window.
  bool help = false;        ///< Its sheet lies over everything.
  bool slow_motion = true;  ///< Playing slows down around what matters.
  bool scrubbing = false;   ///< The mouse holds the play head.
  bool panning = false;     ///< Or the strip below, which moves the span.
  bool presenting = false;  ///< Before a class: larger, stronger, and the future is hidden.
  bool comparing = false;   ///< The sheet of what differs from the other run lies over everything.
  int compare_first = 0;    ///< Its lines scrolled past.
  bool wants_picture = false;  ///< The window is to save itself as a PNG.
  bool wants_quit = false;

  bool operator==(const ViewState&) const = default;
};

inline constexpr double slowest = 1.0 / 131072;
inline constexpr double fastest = 1024;
inline constexpr double largest_type = 2;

/// No closer: a message's way takes that long.
inline constexpr Duration shortest_span = 100us;

/// What the time line shows, the whole run spelt out.
Span shown_span(const ViewState& view, Duration duration);
/// Shows `factor` times as much, with `around` staying where it is; all of the run at most.
void zoom(ViewState& view, double factor, Time around, Duration duration);
/// Moves the span by a share of its length, kept within the run.
void pan(ViewState& view, double share, Duration duration);
/// Moves to t, kept within the run; the time line follows.
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
/// Size of everything, a presenter's included.
double type_of(const ViewState& view);
/// Closes what is open, one thing a call, the topmost first; false: nothing was.
bool close_one(ViewState& view);
/// One step faster or slower, by factors of two.
void change_speed(ViewState& view, bool faster);

}  // namespace brokerlab::viz
