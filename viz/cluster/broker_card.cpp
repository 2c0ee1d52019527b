// A broker: as much of it as its place has room for.
#include "viz/cluster/pieces.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::viz {
namespace {

void draw_crown(Ui& ui, Point at, Color color) {
  ui.fill({at.x, at.y + 8, 16, 3}, color, 1);
  ui.triangle({at.x, at.y}, {at.x, at.y + 7}, {at.x + 7, at.y + 7}, color);
  ui.triangle({at.x + 8, at.y - 2}, {at.x + 3, at.y + 7}, {at.x + 13, at.y + 7}, color);
  ui.triangle({at.x + 16, at.y}, {at.x + 9, at.y + 7}, {at.x + 16, at.y + 7}, color);
}

std::optional<double> load_of(const std::map<int, Series>& of_machine, int machine, Time t) {
  const auto series = of_machine.find(machine);
  return series == of_machine.end() ? std::nullopt : series->second.at(t);
}

void fill_bar(Ui& ui, const Rect& bar, std::optional<double> value) {
  ui.fill(bar, theme::track, bar.h / 2);
  if (!value) return;
  const float share = std::clamp(static_cast<float>(*value), 0.F, 1.F);
  ui.fill({bar.x, bar.y, std::max(bar.h, bar.w * share), bar.h}, theme::accent, bar.h / 2);
}

void draw_load_bar(Ui& ui, const Rect& row, std::string_view label, std::optional<double> value,
                   bool alive) {
  if (!alive) value.reset();
  ui.text_fit({row.x, row.y, 54, row.h}, {label}, {Size::small, alive ? theme::dim : theme::faint});
  const bool number = row.w >= 130;  // On a small card the bar says it alone.
  fill_bar(ui, {row.x + 56, row.center().y - 3, row.w - 56 - (number ? 44.F : 0.F), 6}, value);
  if (!number) return;
  ui.text_in(row, value ? fmt::format("{:.0f}%", *value * 100) : "-",
             {Size::small, alive ? theme::text : theme::faint}, Align::right);
}

void draw_chips(Ui& ui, const Scene& scene, const Holdings& holdings, const Rect& room) {
  const float size = 29;
  const float step = size + 5;
  const int in_row = std::max(1, static_cast<int>((room.w + 5) / step));
  const int rows = static_cast<int>((room.h + 5) / step);
  const auto& chips = holdings.chips;
  const int fit = in_row * rows;
  const int count = static_cast<int>(chips.size());
  // When not all fit, the last place says how many more there are.
  const int shown = count <= fit ? count : std::max(0, fit - 2);
  int i = 0;
  int row = 0;
  for (; i < shown; ++i) {
    row = i / in_row;
    const auto& [partition, kind] = chips[static_cast<std::size_t>(i)];
    const Rect chip{room.x + static_cast<float>(i % in_row) * step,
                    room.y + static_cast<float>(row) * step, size, size};
    draw_chip(ui, chip, std::to_string(partition->number), kind);
    why_when_clicked(ui, scene, chip, {Asked::Of::partition, partition->id});
    if (ui.hovered(chip)) ui.tooltip(partition->name());
  }
  if (shown < count && fit >= 2) {
    row = i / in_row;
    const float x = room.x + static_cast<float>(i % in_row) * step + 2;
    ui.text_fit({x, room.y + static_cast<float>(row) * step, room.right() - x, size},
                {fmt::format("+{}", count - shown)}, {Size::small, theme::dim});
  }
}

// Name, state, and below what there is room for: bars with their numbers and chips, or bars alone.
void draw_whole(Ui& ui, const Scene& scene, const recording::RecordedProcess& broker,
                const Holdings& holdings, const std::vector<Condition>& conditions, bool controller,
                const Rect& card) {
  const bool alive = conditions.empty() || !is_down(conditions.front());
  const float inset = card.w < 130 ? 7 : card_inner;
  const float x = card.x + inset;
  const float w = card.w - 2 * inset;
  const bool low = card.h < 60;
  float y = card.y + (low ? 3.F : card.h < 100 ? 6.F : 9.F);
  const std::string number = fmt::format("id {}", broker.number);
  const TextStyle name{Size::body, alive ? theme::text : theme::dim, true};
  const TextStyle small{Size::small, theme::faint};
  const float name_width =
      ui.text_fit({x, y, w, 19}, {broker.name, fmt::format("{}", broker.number)}, name);
  // On a small card the name goes first.
  ui.text_fit({x + name_width + 8, y, w - name_width - 8, 19}, {number}, small, Align::right);
  y += low ? 20 : 25;
  if (card.bottom() - y < 16) return;
  const Rect line{x, y, w, std::min(22.F, card.bottom() - y - 2)};
  if (!conditions.empty()) {
    draw_conditions(ui, scene, line, broker.machine, conditions);
  } else if (controller) {
    draw_crown(ui, {x, y + 5}, theme::accent);
    ui.text_fit({x + 23, y, w - 23, 22}, {ui.say(Text::controller)},
                {Size::small, theme::accent, true});
  } else if (card.h < 100) {
    ui.text_fit(line, {fmt::format(fmt::runtime(ui.say(Text::leads_short)), holdings.leads)},
                {Size::small, theme::dim});
  }
  y += 27;
  const Time t = scene.moment.t;
  const auto nic = alive ? load_of(scene.run.nic, broker.machine, t) : std::nullopt;
  const auto disk = alive ? load_of(scene.run.disk, broker.machine, t) : std::nullopt;
  if (scene.run.scope.level == recording::Level::none) {
    ui.text_fit({x, y, w, 20}, {ui.say(Text::nothing_known)}, small);
    return;
  }
  if (card.h < 150 || card.w < 108) {
    if (card.bottom() - y < 10) return;
    const float step = std::min(10.F, (card.bottom() - y - 4) / 2);
    fill_bar(ui, {x, y, w, 4}, nic);
    fill_bar(ui, {x, y + step, w, 4}, disk);
    return;
  }
  ui.text_fit(
      {x, y, w, 20},
      {fmt::format(fmt::runtime(ui.say(Text::leads)), holdings.leads, scene.run.partitions.size()),
       fmt::format(fmt::runtime(ui.say(Text::leads_short)), holdings.leads)},
      {Size::small, alive ? theme::text : theme::faint});
  y += 24;
  draw_load_bar(ui, {x, y, w, 20}, ui.say(Text::network), nic, alive);
  why_when_clicked(ui, scene, {x, y, w, 20}, {Asked::Of::card, broker.machine});
  name_when_hovered(ui, {x, y, w, 20}, "nic-utilisation");
  y += 22;
  draw_load_bar(ui, {x, y, w, 20}, ui.say(Text::disk), disk, alive);
  why_when_clicked(ui, scene, {x, y, w, 20}, {Asked::Of::disk, broker.machine});
  name_when_hovered(ui, {x, y, w, 20}, "disk-utilisation");
  y += card.h < 215 ? 22.F : 30.F;
  draw_chips(ui, scene, holdings, {x, y, w, card.bottom() - inset - y});
}

// A tile or a mark: its number where there is room, or the shape of what is wrong with it.
void draw_tile(Ui& ui, const recording::RecordedProcess& broker, const Holdings& holdings,
               const std::vector<Condition>& conditions, bool controller, const Rect& card) {
  const bool alive = conditions.empty() || !is_down(conditions.front());
  const std::string number = std::to_string(broker.number);
  const TextStyle style{Size::small, alive ? theme::text : theme::dim, true};
  const float wide = ui.width_of(number, style);
  const float shape = std::min({14.F, card.w - 2, card.h - 2});
  if (conditions.empty()) {
    if (ui.text_fit(card, {number}, style, Align::center) == 0) {
      ui.disc(card.center(), std::min(3.F, shape / 3), theme::dim);
    }
    if (controller && card.h >= 34)
      draw_crown(ui, {card.center().x - 8, card.y + 4}, theme::accent);
  } else if (card.w >= wide + shape + 8) {
    ui.text_fit({card.x + 4, card.y, wide + 1, card.h}, {number}, style);
    draw_glyph(ui, {card.right() - shape - 3, card.center().y - shape / 2, shape, shape},
               conditions.front(), color_of(conditions.front()));
  } else {
    draw_glyph(ui, {card.center().x - shape / 2, card.center().y - shape / 2, shape, shape},
               conditions.front(), color_of(conditions.front()));
  }
  if (holdings.unwell > 0 && alive && card.h >= 12) {  // A corner turned up.
    ui.triangle({card.right() - 7, card.bottom()}, {card.right(), card.bottom() - 7},
                {card.right(), card.bottom()}, theme::wrong);
  }
}

}  // namespace

std::map<int, Holdings> count_holdings(const Scene& scene) {
  std::map<int, bool> runs;
  std::map<int, bool> reached;
  std::map<int, Holdings> all;
  for (const auto& broker : scene.run.brokers) {
    runs[broker.number] = scene.moment.running(broker);
    const auto paths = scene.moment.state.paths.find(broker.machine);
    reached[broker.number] = paths == scene.moment.state.paths.end() ||
                             paths->second.clients != recording::ClusterState::Reach::none;
    all[broker.number];
  }
  for (const auto& partition : scene.run.partitions) {
    const auto found = scene.moment.state.partitions.find(partition.id);
    if (found == scene.moment.state.partitions.end()) continue;
    const auto& state = found->second;
    for (const int replica : state.replicas) {
      const auto it = all.find(replica);
      if (it == all.end()) continue;
      const bool in_sync =
          std::find(state.isr.begin(), state.isr.end(), replica) != state.isr.end();
      Chip kind = in_sync ? Chip::follower : Chip::out_of_sync;
      if (state.leader == replica) {
        kind = !runs[replica]      ? Chip::offline
               : !reached[replica] ? Chip::unreachable
                                   : Chip::leader;
      } else if (state.leader < 0 && in_sync) {
        kind = Chip::offline;
      }
      it->second.leads += kind == Chip::leader || kind == Chip::unreachable;
      it->second.unwell += kind != Chip::leader && kind != Chip::follower;
      it->second.chips.emplace_back(&partition, kind);
    }
  }
  return all;
}

void draw_chip(Ui& ui, const Rect& chip, std::string_view label, Chip kind) {
  Color ink = theme::on_color;
  // Each has a shape of its own: a bar below, plain, hollow, a corner less, hollow with a gap.
  switch (kind) {
    case Chip::leader:
      ui.fill(chip, theme::accent, 4);
      ui.fill({chip.x + 3, chip.bottom() - 4, chip.w - 6, 2}, theme::on_color, 1);
      break;
    case Chip::follower:
      ui.fill(chip, theme::chip, 4);
      ink = theme::text;
      break;
    case Chip::out_of_sync:
      ui.fill(chip, theme::panel, 4);
      ui.outline(chip, theme::wrong, 4);
      ink = theme::wrong;
      break;
    case Chip::offline:
      ui.fill(chip, theme::wrong, 4);
      ui.triangle({chip.x + chip.w / 2, chip.y}, {chip.right(), chip.y},
                  {chip.right(), chip.y + chip.h / 2}, theme::on_color);
      break;
    case Chip::unreachable:
      ui.outline(chip, theme::wrong, 4, 1.5F);
      for (const float edge : {chip.y - 1, chip.bottom() - 2}) {
        ui.fill({chip.x + chip.w / 4, edge, chip.w / 2, 3}, theme::card);
        for (const float end : {chip.x + chip.w / 4, chip.right() - chip.w / 4}) {  // Bare ends.
          ui.fill({end - 1, edge - 1, 2, 5}, theme::wrong);
        }
      }
      ink = theme::wrong;
      break;
  }
  ui.text_fit(chip.inset(1), {label}, {Size::small, ink, kind != Chip::follower}, Align::center);
}

void draw_broker(Ui& ui, const Scene& scene, const recording::RecordedProcess& broker,
                 const Holdings& holdings, const Rect& card) {
  const std::vector<Condition> conditions = conditions_of(scene, broker);
  const auto found = scene.moment.state.brokers.find(broker.number);
  const bool controller = found != scene.moment.state.brokers.end() && found->second.controller;
  draw_card(ui, card, conditions, controller ? theme::accent : theme::card_edge);
  // What is on it asks of itself, after this.
  why_when_clicked(ui, scene, card, {Asked::Of::machine, broker.machine});
  if (card.w >= 88 && card.h >= 40) {
    draw_whole(ui, scene, broker, holdings, conditions, controller, card);
    return;
  }
  draw_tile(ui, broker, holdings, conditions, controller, card);
  if (!ui.hovered(card)) return;
  std::string told = fmt::format("{} (id {})", broker.name, broker.number);
  if (controller) told += fmt::format("\n{}", ui.say(Text::controller));
  for (const Condition one : conditions) told += fmt::format("\n{}", ui.say(word_of(one)));
  told += "\n" + fmt::format(fmt::runtime(ui.say(Text::leads)), holdings.leads,
                             scene.run.partitions.size());
  const std::string ails = scene.run.ailing(broker.machine, scene.moment.t, ui.language());
  ui.tooltip(ails.empty() ? told : told + "\n" + ails);
}

}  // namespace brokerlab::viz
