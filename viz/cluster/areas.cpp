// Zones, racks and switches: where the brokers stand, and what of it is out of order.
#include "viz/cluster/pieces.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::viz {
namespace {

constexpr float switch_width = 15;

const Area& area_of(const Scene& scene, int area) {
  return scene.run.topology.areas[static_cast<std::size_t>(area)];
}

// A box with ports; a dead one is crossed out.
void draw_switch(Ui& ui, const Scene& scene, const Switch& one, const Rect& place) {
  const bool dead = scene.run.switch_is_dead(one.name, scene.moment.t);
  ui.fill(place, dead ? theme::dead_card : theme::track, 2);
  ui.outline(place, dead ? theme::wrong : theme::dim, 2, dead ? 1.5F : 1.F);
  if (dead) {
    ui.line({place.x - 1, place.y - 2}, {place.right() + 1, place.bottom() + 2}, theme::wrong, 2);
    ui.line({place.right() + 1, place.y - 2}, {place.x - 1, place.bottom() + 2}, theme::wrong, 2);
  } else {
    for (const float share : {0.25F, 0.5F, 0.75F}) {
      ui.disc({place.x + place.w * share, place.center().y}, 1.2F, theme::dim);
    }
  }
  if (ui.hovered(place.inset(-2))) {  // There are hundreds: only this one's name is copied.
    why_when_clicked(ui, scene, place, {Asked::Of::place, 0, one.name});
    ui.tooltip(dead ? fmt::format("{}: {}", one.name, ui.say(Text::switch_dead)) : one.name);
  }
}

// Its name and switches in one line; a word when one is dead or the area is cut off. Returns the
// width.
float draw_head(Ui& ui, const Scene& scene, int index, const Rect& line, Color color,
                std::string_view behind = "") {
  const Area& area = area_of(scene, index);
  const auto count = static_cast<float>(area.switches.size());
  const bool dead = std::any_of(area.switches.begin(), area.switches.end(), [&](int at) {
    return scene.run.switch_is_dead(scene.run.topology.switches[static_cast<std::size_t>(at)].name,
                                    scene.moment.t);
  });
  const bool cut = scene.run.area_is_cut(area.name, scene.moment.t);
  const float switches = std::min(count, 8.F) * (switch_width + 4);
  const TextStyle style{Size::small, color};
  const std::string name(area.name);
  const float room = line.w - switches - 3;
  const std::string more = name + std::string(behind);
  const float wide = ui.width_of(more, style) <= room   ? ui.width_of(more, style)
                     : ui.width_of(name, style) <= room ? ui.width_of(name, style)
                                                        : 0;
  if (wide > 0) ui.fill({line.x - 2, line.y + 1, wide + 4, line.h - 2}, theme::panel, 3);
  ui.text_fit({line.x, line.y, room, line.h}, {more, name}, style);
  if (wide > 0 && ui.hovered({line.x, line.y, wide, line.h})) {
    why_when_clicked(ui, scene, {line.x, line.y, wide, line.h}, {Asked::Of::place, 0, name});
  }
  float x = line.x + wide + (wide > 0 ? 5 : 0);
  for (std::size_t i = 0; i < area.switches.size() && i < 8; ++i) {
    if (x + switch_width > line.right() + 0.5F) break;
    const auto at = static_cast<std::size_t>(area.switches[i]);
    draw_switch(ui, scene, scene.run.topology.switches[at],
                {x, line.center().y - 5, switch_width, 10});
    x += switch_width + 4;
  }
  if (dead || cut) {
    const std::string_view word = ui.say(cut ? Text::cut_off : Text::switch_dead);
    const TextStyle loud{Size::small, theme::wrong, true};
    const float length = ui.width_of(word, loud);
    if (x + 2 + length <= line.right()) {
      ui.fill({x, line.y + 1, length + 4, line.h - 2}, theme::panel, 3);
      x += 2 + ui.text_fit({x + 2, line.y, length + 1, line.h}, {word}, loud) + 2;
    }
  }
  return x - line.x;
}

bool out_of_order(const Scene& scene, int index) {
  const Area& area = area_of(scene, index);
  if (scene.run.area_is_cut(area.name, scene.moment.t)) return true;
  return !area.switches.empty() &&
         std::all_of(area.switches.begin(), area.switches.end(), [&](int at) {
           return scene.run.switch_is_dead(
               scene.run.topology.switches[static_cast<std::size_t>(at)].name, scene.moment.t);
         });
}

void draw_edge(Ui& ui, const Rect& box, bool broken) {
  if (!broken) return ui.outline(box, theme::panel_edge, 6);
  // Dashed: nothing gets through its edge.
  constexpr float dash = 7;
  for (float x = box.x; x < box.right(); x += 2 * dash) {
    const float end = std::min(x + dash, box.right());
    ui.line({x, box.y}, {end, box.y}, theme::wrong, 1.75F);
    ui.line({x, box.bottom()}, {end, box.bottom()}, theme::wrong, 1.75F);
  }
  for (float y = box.y; y < box.bottom(); y += 2 * dash) {
    const float end = std::min(y + dash, box.bottom());
    ui.line({box.x, y}, {box.x, end}, theme::wrong, 1.75F);
    ui.line({box.right(), y}, {box.right(), end}, theme::wrong, 1.75F);
  }
}

}  // namespace

void draw_areas(Ui& ui, const Scene& scene, const ClusterLayout& layout) {
  for (const ZoneBox& zone : layout.zones) {
    ui.wash(zone.box, faded(theme::card, 0.35F), theme::panel, 6);
    draw_edge(ui, zone.box, out_of_order(scene, zone.area));
  }
  for (const RackBox& rack : layout.racks) {
    if (rack.area < 0) continue;
    ui.fill(rack.box, faded(theme::background, 0.7F), 6);
    draw_edge(ui, rack.box, out_of_order(scene, rack.area));
    for (const ZoneBox& zone : layout.zones) {  // The uplink to the zone's spines.
      if (zone.area != rack.zone) continue;
      const float x = rack.box.right() - 2 * theme::radius;
      const bool broken = out_of_order(scene, rack.area);
      const bool first_row = rack.box.y < zone.head.bottom() + 1;
      ui.line({x, first_row ? zone.head.bottom() - 6 : rack.box.y - theme::radius},
              {x, rack.head.y + 5}, broken ? theme::wrong : theme::faint, broken ? 2.F : 1.25F);
    }
  }
}

void draw_area_heads(Ui& ui, const Scene& scene, const ClusterLayout& layout) {
  for (const ZoneBox& zone : layout.zones) {
    Rect line = zone.head;
    line.x += 14;
    line.w -= 14;
    draw_head(ui, scene, zone.area, line, theme::dim);
  }
  for (const RackBox& rack : layout.racks) {
    if (rack.area >= 0) draw_head(ui, scene, rack.area, rack.head, theme::faint);
  }
  float x = layout.others.x;
  for (std::size_t i = 0; i < layout.other_areas.size(); ++i) {
    const Area& area = area_of(scene, layout.other_areas[i]);
    const std::size_t left = layout.other_areas.size() - i;
    const std::string behind =
        area.machines.empty() ? "" : fmt::format(" ({})", area.machines.size());
    const float needs = ui.width_of(area.name + behind, {Size::small}) + 12 +
                        std::min(8.F, static_cast<float>(area.switches.size())) * 19;
    if (x + needs + (left > 1 ? 34 : 0) > layout.others.right()) {
      ui.text_fit({x, layout.others.y, layout.others.right() - x, layout.others.h},
                  {fmt::format("+{}", left)}, {Size::small, theme::dim});
      return;
    }
    const float room = layout.others.right() - x - (left > 1 ? 34 : 0);
    x += draw_head(ui, scene, layout.other_areas[i], {x, layout.others.y, room, layout.others.h},
                   theme::dim, behind) +
         14;
  }
}

}  // namespace brokerlab::viz
