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
  static constexpr std::array<Duration, 12> steps = {1s,   5s,    10s,   30s, 1min, 2min,
                                                     5min, 10min, 30min, 1h,  3h,   6h};
  for (const Duration step : steps) {
    const auto px = static_cast<double>(axis.w) * to_seconds(step) / to_seconds(axis.duration);
    if (px >= 76) return step;
  }
  return 24h;
}

void draw_clock_axis(Ui& ui, const Scene& scene, const TimeAxis& axis, float y, float bottom) {
  const Duration step = tick_for(axis);
  // On round times of day, not of the run.
  const auto first = (step - scene.run.starts_at % step) % step;
  float free_from = axis.x;
  for (Duration t = first; t <= axis.duration; t += step) {
    const float x = axis.at(Time(t));
    ui.line({x, y}, {x, bottom}, faded(theme::track, 0.6F));
    const std::string clock = scene.run.wall_clock(Time(t));
    const std::string label = step < 1min ? clock : clock.substr(0, 5);
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

// The faults' names above their marks. Where there is no room for all, what kills goes first; the
// others keep their mark, their place in the list and their tooltip.
void name_faults(Ui& ui, const Scene& scene, const TimeAxis& axis, float y) {
  std::vector<const recording::RecordedEvent*> faults;
  for (const auto& event : scene.run.events) {
    if (event.level == recording::EventLevel::fault) faults.push_back(&event);
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
    const float from = axis.at(begin);
    ui.fill({from, top, std::max(1.F, axis.at(end) - from), bottom - top},
            faded(theme::wrong, 0.09F));
  }
}

void draw_play_head(Ui& ui, const TimeAxis& axis, Time t, float top, float bottom) {
  const float x = axis.at(t);
  ui.line({x, top}, {x, bottom}, theme::accent, 1.5F);
  ui.triangle({x - 7, top - 8}, {x + 7, top - 8}, {x, top + 2}, theme::accent);
}

}  // namespace

float time_panels_height(const Scene&) { return 326; }

void draw_time_panels(Ui& ui, const Scene& scene, const Rect& rect) {
  draw_panel(ui, rect, "");
  const TimeAxis axis{rect.x + theme::padding + label_width,
                      rect.w - 2 * theme::padding - label_width - 6, scene.run.duration};
  const Rect track{axis.x, rect.y + 38, axis.w, 26};
  const float clock_y = track.bottom() + 24;
  const Rect plots{rect.x + theme::padding, clock_y, rect.w - 2 * theme::padding,
                   rect.bottom() - 10 - clock_y};
  draw_outages(ui, scene, axis, track.y, plots.bottom());
  ui.fill({track.x, track.center().y - 2, track.w, 4}, theme::track, 2);
  const float now = axis.at(scene.view.time);
  ui.fill({track.x, track.center().y - 2, now - track.x, 4}, faded(theme::accent, 0.55F), 2);
  ui.text_in({rect.x + theme::padding, track.y, label_width - 6, track.h},
             ui.say(Text::time_of_day), {Size::small, theme::dim});
  draw_clock_axis(ui, scene, axis, clock_y, plots.bottom());
  const auto* event = draw_marks(ui, scene, axis, track);
  name_faults(ui, scene, axis, rect.y + 9);
  draw_play_head(ui, axis, scene.view.time, track.y, plots.bottom());
  draw_plots(ui, scene, plots, axis);

  const Rect reach{axis.x - 4, track.y - 6, axis.w + 8, plots.bottom() - track.y + 6};
  if (event != nullptr) {
    ui.tooltip(fmt::format("{}  {}", scene.run.wall_clock(event->t, true),
                           sentence(*event, ui.language())));
  }
  if (ui.mouse_pressed() && event != nullptr) {
    seek(scene.view, event->t, scene.run.duration);
    scene.view.selected_event = event->id;
  } else if (ui.clicked(reach)) {
    scene.view.scrubbing = true;
  }
  if (!ui.mouse_down()) scene.view.scrubbing = false;
  if (scene.view.scrubbing) seek(scene.view, axis.time_at(ui.mouse().x), scene.run.duration);
}

}  // namespace brokerlab::viz
