// The time line of the whole run with the incident's events; the plots stand on the same axis.
#include "base/json_text.h"
#include "viz/panels.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace brokerlab::viz {
namespace {

constexpr float label_width = 52;  // Left of the axis, for the plots' numbers.

// What a fault of the network is about: the switch, the rack, or who is cut off.
std::string network_place(const recording::RecordedEvent& event) {
  const auto detail = json_from(event.detail);
  if (!detail.is_object()) return {};
  for (const char* key : {"switch", "area"}) {
    if (detail.contains(key)) return detail.value(key, "");
  }
  return detail.contains("from") && detail.contains("to")
             ? fmt::format("{} > {}", detail.value("from", ""), detail.value("to", ""))
             : std::string();
}

Text short_name(const std::string& kind) {
  if (kind == "machine.power_off") return Text::fault_power_off;
  if (kind == "machine.power_on") return Text::fault_power_on;
  if (kind == "process.killed") return Text::fault_killed;
  if (kind == "process.exited") return Text::fault_exited;
  if (kind == "process.terminated") return Text::fault_stopped;
  if (kind == "process.paused") return Text::fault_paused;
  if (kind.starts_with("disk.") || kind.starts_with("log.")) return Text::fault_disk;
  if (kind.starts_with("machine.clock")) return Text::fault_clock;
  if (kind.starts_with("network.") || kind.starts_with("nic.")) return Text::fault_network;
  if (kind == "process.started") return Text::fault_started;
  if (kind == "load.changed") return Text::fault_load;
  return Text::fault_other;
}

// The distance of ticks: the first of these that leaves room for a clock label.
Duration tick_for(const TimeAxis& axis) {
  static constexpr std::array<Duration, 24> steps = {
      10us,  20us,  50us,  100us, 200us, 500us, 1ms, 2ms,  5ms,  10ms, 20ms,  50ms,
      100ms, 200ms, 500ms, 1s,    5s,    10s,   30s, 1min, 2min, 5min, 10min, 30min};
  static constexpr std::array<Duration, 3> hours = {1h, 3h, 6h};
  const auto room = [&](Duration step) {
    const double px = static_cast<double>(axis.w) * to_seconds(step) / to_seconds(axis.length());
    return px >= (step < 1ms ? 128 : step < 1s ? 104 : 76);
  };
  for (const Duration step : steps) {
    if (room(step)) return step;
  }
  for (const Duration step : hours) {
    if (room(step)) return step;
  }
  return 24h;
}

// "09:00", "09:00:30", "09:00:30.250": as fine as the ticks are.
std::string tick_label(const Run& run, Time t, Duration step) {
  std::string clock = run.wall_clock(t);
  if (step >= 1min) return clock.substr(0, 5);
  if (step >= 1s) return clock;
  const auto below = (run.starts_at + t.time_since_epoch()) % 1s;
  if (step < 1ms) return fmt::format("{}.{:06}", clock, below / 1us);
  return fmt::format("{}.{:03}", clock, below / 1ms);
}

void draw_clock_axis(Ui& ui, const Scene& scene, const TimeAxis& axis, float y, float bottom) {
  const Duration step = tick_for(axis);
  // On round times of day, not of the run.
  const auto first =
      (step - (scene.run.starts_at + axis.span.from.time_since_epoch()) % step) % step;
  float free_from = axis.x;
  for (Time t = axis.span.from + first; t <= axis.span.to; t += step) {
    const float x = axis.at(t);
    ui.line({x, y}, {x, bottom}, faded(theme::track, 0.6F));
    const std::string label = tick_label(scene.run, t, step);
    const float half = ui.width_of(label, {Size::small}) / 2;
    const float middle = std::clamp(x, axis.x + half, axis.x + axis.w - half);
    // Those at the ends are moved inwards, and may meet their neighbours.
    if (middle - half < free_from) continue;
    ui.text({middle, y - 18}, label, {Size::small, theme::dim}, Align::center);
    free_from = middle + half + 4;
  }
}

// Marks at the events; returns the one under the mouse.
const recording::RecordedEvent* draw_marks(Ui& ui, const Scene& scene, const TimeAxis& axis,
                                           const Rect& track) {
  const recording::RecordedEvent* under_mouse = nullptr;
  float nearest = 7;
  const float middle = track.center().y;
  for (const auto& event : scene.run.events) {
    if (!axis.shows(event.t) || scene.hides(event.t)) continue;
    const float x = axis.at(event.t);
    const bool fault = event.level == recording::EventLevel::fault;
    const float half = fault ? 11.F : 6.F;
    ui.line({x, middle - half}, {x, middle + half}, faded(color_of(event), fault ? 1.F : 0.6F),
            fault ? 2.5F : 1.5F);
    if (ui.hovered(track) && std::abs(ui.mouse().x - x) < nearest) {
      nearest = std::abs(ui.mouse().x - x);
      under_mouse = &event;
    }
  }
  return under_mouse;
}

// Faults of the run that this one is compared with, below the track.
void draw_other_faults(Ui& ui, const Scene& scene, const TimeAxis& axis, const Rect& track) {
  if (scene.other == nullptr) return;
  for (const auto& event : scene.other->events) {
    if (event.level != recording::EventLevel::fault || !axis.shows(event.t)) continue;
    if (scene.hides(event.t)) continue;
    const float x = axis.at(event.t);
    ui.line({x, track.bottom() - 4}, {x, track.bottom() + 3}, theme::replicate, 2);
  }
}

// Bookmarks as flags, and a bar where a breakpoint stops. Returns what the one under the mouse
// says.
std::string draw_notes(Ui& ui, const Scene& scene, const TimeAxis& axis, const Rect& track) {
  std::string said;
  const auto near = [&](Time t) {
    return ui.hovered(track) && std::abs(ui.mouse().x - axis.at(t)) < 6;
  };
  for (const Stop& stop : scene.stops) {
    if (!axis.shows(stop.t) || scene.hides(stop.t)) continue;
    const float x = axis.at(stop.t);
    ui.fill({x - 3, track.bottom() - 5, 6, 6}, theme::text, 1);
    ui.fill({x - 2, track.bottom() - 4, 1.5F, 4}, theme::panel);
    ui.fill({x + 0.5F, track.bottom() - 4, 1.5F, 4}, theme::panel);
    if (near(stop.t)) said = fmt::format(fmt::runtime(ui.say(Text::will_stop)), stop.words);
  }
  if (scene.notebook == nullptr) return said;
  for (const Bookmark& one : scene.notebook->notes().bookmarks) {
    if (!axis.shows(one.t) || scene.hides(one.t)) continue;
    const float x = axis.at(one.t);
    ui.line({x, track.y - 5}, {x, track.bottom()}, theme::good, 1.5F);
    ui.triangle({x, track.y - 5}, {x + 9, track.y - 1.5F}, {x, track.y + 2}, theme::good);
    if (!near(one.t)) continue;
    said = fmt::format("{}  {}", scene.run.wall_clock(one.t, true), one.note);
    if (ui.mouse_pressed()) seek(scene.view, one.t, scene.run.duration);
  }
  return said;
}

// The faults' names above their marks. Where there is no room for all, what kills goes first; the
// others keep their mark, their place in the list and their tooltip.
void name_faults(Ui& ui, const Scene& scene, const TimeAxis& axis, float y) {
  std::vector<const recording::RecordedEvent*> faults;
  for (const auto& event : scene.run.events) {
    if (event.level == recording::EventLevel::fault && axis.shows(event.t) &&
        !scene.hides(event.t)) {
      faults.push_back(&event);
    }
  }
  std::stable_partition(faults.begin(), faults.end(),
                        [](const auto* event) { return color_of(*event) == theme::wrong; });
  std::vector<std::pair<float, float>> taken;
  for (const auto* event : faults) {
    std::string label(ui.say(short_name(event->kind)));
    const auto* machine = event->machine ? scene.run.machine(*event->machine) : nullptr;
    if (machine != nullptr && event->kind != "load.changed") {
      label = fmt::format("{} {}", machine->name, label);
    } else if (const std::string place = network_place(*event); !place.empty()) {
      label = fmt::format("{} {}", place, label);
    }
    const TextStyle style{Size::small, color_of(*event)};
    const float w = ui.width_of(label, style);
    const float x = axis.at(event->t);
    // To the right of the mark, or else to the left of it.
    for (float left : {x - 2, x + 2 - w}) {
      left = std::clamp(left, axis.x, axis.x + axis.w - w);
      const bool free = std::none_of(taken.begin(), taken.end(), [&](const auto& other) {
        return left < other.second + 14 && left + w + 14 > other.first;
      });
      if (!free) continue;
      ui.text({left, y}, label, style);
      taken.emplace_back(left, left + w);
      break;
    }
  }
}

// Where several overlap they are one.
void draw_outages(Ui& ui, const Scene& scene, const TimeAxis& axis, float top, float bottom) {
  std::vector<std::pair<Time, Time>> spans;
  for (const auto& outage : scene.run.outages) spans.emplace_back(outage.from, outage.to);
  std::sort(spans.begin(), spans.end());
  for (std::size_t i = 0; i < spans.size();) {
    const auto [begin, first_end] = spans[i];
    Time end = first_end;
    for (; i < spans.size() && spans[i].first <= end; ++i) end = std::max(end, spans[i].second);
    if (begin > axis.span.to || end < axis.span.from || scene.hides(begin)) continue;
    if (scene.hides(end)) end = scene.view.time;
    const float from = axis.within(begin);
    ui.wash({from, top, std::max(1.F, axis.within(end) - from), bottom - top},
            faded(theme::wrong, 0.09F), theme::panel);
  }
}

void draw_play_head(Ui& ui, const TimeAxis& axis, Time t, float top, float bottom) {
  if (!axis.shows(t)) return;
  const float x = axis.at(t);
  ui.line({x, top}, {x, bottom}, theme::accent, 1.5F);
  ui.triangle({x - 7, top - 8}, {x + 7, top - 8}, {x, top + 2}, theme::accent);
}

// Which part of the run is shown, below everything; a drag moves it.
void draw_overview(Ui& ui, const Scene& scene, const Rect& strip) {
  ViewState& view = scene.view;
  if (view.span.whole()) return;
  const TimeAxis all{strip.x, strip.w, {Time{}, Time(scene.run.duration)}};
  ui.fill(strip, theme::track, 2);
  const float from = all.at(view.span.from);
  const float width = std::max(6.F, all.at(view.span.to) - from);
  ui.fill({std::min(from, strip.right() - width), strip.y - 1, width, strip.h + 2}, theme::dim, 3);
  const float now = all.at(view.time);
  ui.fill({now - 1, strip.y - 2, 2, strip.h + 4}, theme::accent);
  const Rect reach{strip.x - 4, strip.y - 5, strip.w + 8, strip.h + 10};
  if (ui.clicked(reach)) view.panning = true;
  if (!ui.mouse_down()) view.panning = false;
  if (!view.panning) return;
  const Duration length = view.span.to - view.span.from;
  const Duration away = all.time_at(ui.mouse().x) - (view.span.from + length / 2);
  pan(view, to_seconds(away) / to_seconds(length), scene.run.duration);
}

// The wheel zooms around the mouse; with shift, or turned sideways, it moves along.
void turn_wheel(const Ui& ui, const Scene& scene, const TimeAxis& axis, const Rect& reach) {
  if (!ui.hovered(reach)) return;
  const float along = ui.shift() ? ui.wheel() : ui.side_wheel();
  if (along != 0) pan(scene.view, -0.15 * static_cast<double>(along), scene.run.duration);
  if (ui.shift() || ui.wheel() == 0) return;
  zoom(scene.view, std::pow(0.8, static_cast<double>(ui.wheel())), axis.time_at(ui.mouse().x),
       scene.run.duration);
}

}  // namespace

float time_panels_height(const Scene& scene) { return scene.view.presenting ? 178 : 326; }

void draw_time_panels(Ui& ui, const Scene& scene, const Rect& rect) {
  draw_panel(ui, rect, "");
  const TimeAxis axis{rect.x + theme::padding + label_width,
                      rect.w - 2 * theme::padding - label_width - 6,
                      shown_span(scene.view, scene.run.duration)};
  const Rect track{axis.x, rect.y + 38, axis.w, 26};
  const float clock_y = track.bottom() + 24;
  const Rect plots{rect.x + theme::padding, clock_y, rect.w - 2 * theme::padding,
                   rect.bottom() - 14 - clock_y};
  draw_outages(ui, scene, axis, track.y, plots.bottom());
  ui.fill({track.x, track.center().y - 2, track.w, 4}, theme::track, 2);
  const float now = axis.within(scene.view.time);
  ui.fill({track.x, track.center().y - 2, now - track.x, 4}, faded(theme::accent, 0.55F), 2);
  ui.text_in({rect.x + theme::padding, track.y, label_width - 6, track.h},
             ui.say(Text::time_of_day), {Size::small, theme::dim});
  draw_clock_axis(ui, scene, axis, clock_y, plots.bottom());
  const auto* event = draw_marks(ui, scene, axis, track);
  name_faults(ui, scene, axis, rect.y + 9);
  draw_other_faults(ui, scene, axis, track);
  const std::string note = draw_notes(ui, scene, axis, track);
  draw_play_head(ui, axis, scene.view.time, track.y, plots.bottom());
  draw_plots(ui, scene, plots, axis);
  draw_overview(ui, scene, {axis.x, rect.bottom() - 9, axis.w, 4});

  const Rect reach{axis.x - 4, track.y - 6, axis.w + 8, plots.bottom() - track.y + 6};
  if (!note.empty()) {
    ui.tooltip(note);
  } else if (event != nullptr) {
    ui.tooltip(fmt::format("{}  {}", scene.run.wall_clock(event->t, true),
                           sentence(*event, ui.language())));
  }
  turn_wheel(ui, scene, axis, {rect.x, rect.y, rect.w, rect.h});
  if (ui.shift()) return;  // A click with shift is the plots'.
  if (ui.mouse_pressed() && event != nullptr) {
    seek(scene.view, event->t, scene.run.duration);
    scene.view.selected_event = event->id;
    scene.view.asked.reset();
  } else if (ui.clicked(reach)) {
    scene.view.scrubbing = true;
  }
  if (!ui.mouse_down()) scene.view.scrubbing = false;
  if (scene.view.scrubbing) seek(scene.view, axis.time_at(ui.mouse().x), scene.run.duration);
}

}  // namespace brokerlab::viz
