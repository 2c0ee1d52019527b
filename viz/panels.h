// The panels of the window, one file each. A panel draws one rectangle of the sheet from the run
// and the moment, and changes nothing but the view state (seek, select, play).
//
// Threads: none. Errors: none; what the recording does not tell is drawn as a dash.
#pragma once

#include "recording/comparison.h"
#include "recording/live_channel.h"
#include "recording/metric_names.h"
#include "viz/event_rows.h"
#include "viz/notes.h"
#include "viz/run_data.h"
#include "viz/ui.h"
#include "viz/view_state.h"

#include <algorithm>
#include <span>

namespace brokerlab::viz {

using recording::Comparison;
struct Answer;   // why.h
struct Journey;  // follow.h

/// What every panel is given.
struct Scene {
  const recording::Reader& reader;
  const Run& run;
  const Moment& moment;
  ViewState& view;
  bool narrow = false;                     ///< There is room for one panel beside the bar.
  EventRows* event_rows = nullptr;         ///< Kept from frame to frame; null: laid out anew.
  Notebook* notebook = nullptr;            ///< Null: there are no notes.
  std::span<const Stop> stops{};           ///< Of its breakpoints.
  const Answer* answer = nullptr;          ///< To view.asked, as of when it was asked.
  const Run* other = nullptr;              ///< Compared with it, on the same clock.
  const Comparison* comparison = nullptr;  ///< With that one.
  /// What a presenter's class must not see yet.
  bool hides(Time t) const { return view.presenting && t > view.time; }
  const Journey* journey = nullptr;            ///< Of view.following.
  const recording::LiveState* live = nullptr;  ///< Of a run that is simulated now.
};

void draw_top_bar(Ui& ui, const Scene& scene, const Rect& rect);  // top_bar.cpp
float top_bar_height(const Scene& scene);
/// The moment and the title, below a panel that stands alone.
void draw_caption(Ui& ui, const Scene& scene, const Rect& rect);  // top_bar.cpp
/// The names of the panels, where only one of them is shown.
void draw_tabs(Ui& ui, const Scene& scene, const Rect& rect);  // top_bar.cpp
/// Over everything: the note that is being written, and what is said once. notices.cpp
void draw_notices(Ui& ui, const Scene& scene);
void draw_comparison(Ui& ui, const Scene& scene);  ///< Over everything. compare_sheet.cpp
void draw_follow(Ui& ui, const Scene& scene);      ///< Over everything. follow_sheet.cpp
/// Over everything: keys, and what the shapes mean.
void draw_help(Ui& ui, const Scene& scene);                               // help_sheet.cpp
void draw_cluster_panel(Ui& ui, const Scene& scene, const Rect& rect);    // cluster/panel.cpp
void draw_partition_panel(Ui& ui, const Scene& scene, const Rect& rect);  // partitions/panel.cpp
float partition_panel_height(const Scene& scene);  ///< That of its rows, within reason.
void draw_event_list(Ui& ui, const Scene& scene, const Rect& rect);  // event_list.cpp

/// The strip of a panel that shows a span of the run, from its begin (x) to its end (x + w).
struct TimeAxis {
  float x = 0;
  float w = 0;
  Span span{};

  Duration length() const { return span.to - span.from; }
  bool shows(Time t) const { return t >= span.from && t <= span.to; }
  /// What lies outside stays close, so that lines to it can be drawn.
  float at(Time t) const {
    const double share = to_seconds(t - span.from) / to_seconds(length());
    return x + w * static_cast<float>(std::clamp(share, -9., 10.));
  }
  float within(Time t) const { return std::clamp(at(t), x, x + w); }
  Time time_at(float px) const {
    return span.from + from_seconds(static_cast<double>((px - x) / w) * to_seconds(length()));
  }
};

/// The time line with the plots below it, on one axis; drags seek anywhere on it.
void draw_time_panels(Ui& ui, const Scene& scene, const Rect& rect);  // timeline_panel.cpp
float time_panels_height(const Scene& scene);
void draw_plots(Ui& ui, const Scene& scene, const Rect& rect,
                const TimeAxis& axis);  // plots_panel.cpp

/// The leader of a partition: whether its broker's process is alive, and clients reach it.
enum class Leadership { alive, unreachable, dead, none };
Leadership leadership(const Scene& scene, const recording::ClusterState::Partition& partition);
const recording::RecordedProcess* broker_by_number(const Run& run, int number);

/// The name by which an operator meets a metric or fact (docs/reference_metrics.md): its attribute,
/// and in a line of its own the MBean, with * for what the viewer adds up. Where Kafka has none,
/// the tool that tells it, or that only brokerlab does.
std::string known_as(recording::MetricName::Kind kind, std::string_view name, Language language);
/// The same of a series, as a tooltip where the mouse is.
void name_when_hovered(Ui& ui, const Rect& rect, std::string_view series);

/// A click there asks why; hovered, it is seen that it would.
void why_when_clicked(Ui& ui, const Scene& scene, const Rect& rect, const Asked& asked);

/// Red for what kills, otherwise by level.
Color color_of(const recording::RecordedEvent& event);
/// A square for a fault, a ring for what went wrong after it, a disc for the rest.
void draw_event_mark(Ui& ui, Point center, const recording::RecordedEvent& event, Color color);
const std::string& sentence(const recording::RecordedEvent& event, Language language);

}  // namespace brokerlab::viz
