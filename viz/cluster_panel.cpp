// The picture of the cluster: cards, the buses between them, and the messages on their way.
#include "viz/cluster_layout.h"
#include "viz/panels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace brokerlab::viz {
namespace {

constexpr float inner = 10;  // From a card's edge to its content.

void draw_cross(Ui& ui, const Rect& card, Color color) {
  ui.line({card.x + 3, card.y + 3}, {card.right() - 3, card.bottom() - 3}, color, 1.5F);
  ui.line({card.right() - 3, card.y + 3}, {card.x + 3, card.bottom() - 3}, color, 1.5F);
}

// A card's ground; a dead one is grey, crossed and outlined in red.
void draw_card(Ui& ui, const Rect& card, bool alive, Color edge = theme::card_edge) {
  ui.fill(card, alive ? theme::card : theme::dead_card, theme::radius);
  if (!alive) draw_cross(ui, card, faded(theme::wrong, 0.35F));
  ui.outline(card, alive ? edge : theme::wrong, theme::radius, alive ? 1.F : 2.F);
}

// The words over a dead card, on a ground of their own so that the cross does not run through.
void draw_obituary(Ui& ui, const Rect& card, Point center, std::string_view text) {
  const TextStyle style{Size::small, theme::wrong, true};
  const float w = std::min(ui.width_of(text, style) + 20, card.w - 8);
  const Rect band{center.x - w / 2, center.y - 12, w, 24};
  ui.fill(band, rgb(48, 24, 28), 5);
  ui.outline(band, theme::wrong, 5);
  ui.text_in(band.inset(3), text, style, Align::center);
}

void draw_crown(Ui& ui, Point at, Color color) {
  ui.fill({at.x, at.y + 8, 16, 3}, color, 1);
  ui.triangle({at.x, at.y}, {at.x, at.y + 7}, {at.x + 7, at.y + 7}, color);
  ui.triangle({at.x + 8, at.y - 2}, {at.x + 3, at.y + 7}, {at.x + 13, at.y + 7}, color);
  ui.triangle({at.x + 16, at.y}, {at.x + 9, at.y + 7}, {at.x + 16, at.y + 7}, color);
}

void draw_load_bar(Ui& ui, const Rect& row, std::string_view label,
                   const std::map<int, Series>& of_machine, int machine, Time t, bool alive) {
  const auto series = of_machine.find(machine);
  const auto value = series == of_machine.end() || !alive ? std::nullopt : series->second.at(t);
  ui.text_in({row.x, row.y, 54, row.h}, label, {Size::small, alive ? theme::dim : theme::faint});
  const Rect bar{row.x + 56, row.center().y - 3, row.w - 56 - 44, 6};
  ui.fill(bar, theme::track, 3);
  if (value) {
    const float share = std::clamp(static_cast<float>(*value), 0.F, 1.F);
    ui.fill({bar.x, bar.y, std::max(4.F, bar.w * share), bar.h}, theme::accent, 3);
  }
  ui.text_in(row, value ? fmt::format("{:.0f}%", *value * 100) : "-",
             {Size::small, alive ? theme::text : theme::faint}, Align::right);
}

enum class Chip { leader, follower, out_of_sync, offline };

void draw_chip(Ui& ui, const Rect& chip, std::string_view label, Chip kind) {
  Color ink = theme::on_color;
  switch (kind) {
    case Chip::leader:
      ui.fill(chip, theme::accent, 4);
      break;
    case Chip::follower:
      ui.fill(chip, rgb(42, 62, 80), 4);
      ink = theme::text;
      break;
    case Chip::out_of_sync:
      ui.fill(chip, theme::panel, 4);
      ui.outline(chip, theme::wrong, 4);
      ink = theme::wrong;
      break;
    case Chip::offline:
      ui.fill(chip, theme::wrong, 4);
      break;
  }
  ui.text_in(chip, label, {Size::small, ink, kind != Chip::follower}, Align::center);
}

// What of each partition is on this broker.
std::vector<std::pair<const recording::RecordedPartition*, Chip>> chips_of(
    const Scene& scene, const recording::RecordedProcess& broker) {
  std::vector<std::pair<const recording::RecordedPartition*, Chip>> chips;
  for (const auto& partition : scene.run.partitions) {
    const auto found = scene.moment.state.partitions.find(partition.id);
    if (found == scene.moment.state.partitions.end()) continue;
    const auto& state = found->second;
    const auto holds = [&](const std::vector<int>& list) {
      return std::find(list.begin(), list.end(), broker.number) != list.end();
    };
    if (!holds(state.replicas)) continue;
    Chip kind = holds(state.isr) ? Chip::follower : Chip::out_of_sync;
    if (state.leader == broker.number) {
      kind = scene.moment.running(broker) ? Chip::leader : Chip::offline;
    } else if (state.leader < 0 && holds(state.isr)) {
      kind = Chip::offline;
    }
    chips.emplace_back(&partition, kind);
  }
  return chips;
}

void draw_chips(Ui& ui, const Scene& scene, const recording::RecordedProcess& broker,
                const Rect& room) {
  const float size = 29;
  const float step = size + 5;
  const int in_row = std::max(1, static_cast<int>((room.w + 5) / step));
  const int rows = static_cast<int>((room.h + 5) / step);
  const auto chips = chips_of(scene, broker);
  const int fit = in_row * rows;
  const int count = static_cast<int>(chips.size());
  // When not all fit, the last place says how many more there are.
  const int shown = count <= fit ? count : std::max(0, fit - 2);
  int i = 0;
  for (; i < shown; ++i) {
    const auto& [partition, kind] = chips[static_cast<std::size_t>(i)];
    const Rect chip{room.x + static_cast<float>(i % in_row) * step,
                    room.y + static_cast<float>(i / in_row) * step, size, size};
    draw_chip(ui, chip, std::to_string(partition->number), kind);
    if (ui.hovered(chip)) ui.tooltip(partition->name());
  }
  if (shown < count && fit >= 2) {
    ui.text({room.x + static_cast<float>(i % in_row) * step + 2,
             room.y + static_cast<float>(i / in_row) * step + 4},
            fmt::format("+{}", count - shown), {Size::small, theme::dim});
  }
}

// Why a broker is not one of the cluster, or nothing when it is.
std::optional<Text> trouble_of(const Scene& scene, const recording::RecordedProcess& process) {
  if (!scene.moment.powered(process.machine)) return Text::powered_off;
  if (!scene.moment.running(process)) return Text::process_stopped;
  return {};
}

// A machine that runs, and yet something is wrong with it: a pill, the words when hovered.
void draw_ailments(Ui& ui, const Scene& scene, int machine, Point top_right) {
  std::string words = scene.run.ailing(machine, scene.moment.t, ui.language());
  if (words.empty()) return;
  const Rect pill = draw_badge(ui, top_right, "!", theme::control, Align::right);
  if (ui.hovered(pill)) ui.tooltip(std::move(words));
}

void draw_broker(Ui& ui, const Scene& scene, const recording::RecordedProcess& broker,
                 const Rect& card) {
  const auto trouble = trouble_of(scene, broker);
  const bool alive = !trouble;
  const auto found = scene.moment.state.brokers.find(broker.number);
  const bool told = found != scene.moment.state.brokers.end();
  const bool controller = told && found->second.controller;
  const bool registered = !told || found->second.registered;
  draw_card(ui, card, alive, controller ? theme::accent : theme::card_edge);

  const float x = card.x + inner;
  const float w = card.w - 2 * inner;
  float y = card.y + 9;
  const TextStyle name{Size::body, alive ? theme::text : theme::dim, true};
  const float name_width = ui.text({x, y}, broker.name, name, Align::left, w);
  const std::string number = fmt::format("id {}", broker.number);
  const TextStyle small{Size::small, theme::faint};
  if (name_width + 8 + ui.width_of(number, small) <= w) {  // On a small card the name goes first.
    ui.text({card.right() - inner, y + 1}, number, small, Align::right);
  }
  y += 25;
  if (trouble) {
    draw_obituary(ui, card, {card.center().x, y + 11}, ui.say(*trouble));
  } else if (controller) {
    draw_crown(ui, {x, y + 5}, theme::accent);
    ui.text_in({x + 23, y, w - 23, 22}, ui.say(Text::controller),
               {Size::small, theme::accent, true});
  } else if (!registered) {
    ui.text_in({x, y, w, 22}, ui.say(Text::not_registered), {Size::small, theme::control, true});
  }
  if (alive) draw_ailments(ui, scene, broker.machine, {card.right() - inner, y});
  y += 27;
  if (scene.run.scope.level == recording::Level::none) {
    ui.text_in({x, y, w, 20}, ui.say(Text::nothing_known), {Size::small, theme::faint});
    return;
  }
  if (card.h < 120) return;  // A large cluster: the name and the state, the rest is in the table.

  int leads = 0;
  for (const auto& [id, partition] : scene.moment.state.partitions) {
    const bool shown = std::any_of(scene.run.partitions.begin(), scene.run.partitions.end(),
                                   [&, id = id](const auto& p) { return p.id == id; });
    if (shown && partition.leader == broker.number && alive) ++leads;
  }
  ui.text_in({x, y, w, 20},
             fmt::format(fmt::runtime(ui.say(Text::leads)), leads, scene.run.partitions.size()),
             {Size::small, alive ? theme::text : theme::faint});
  y += 24;
  const Time t = scene.moment.t;
  draw_load_bar(ui, {x, y, w, 20}, ui.say(Text::network), scene.run.nic, broker.machine, t, alive);
  y += 22;
  draw_load_bar(ui, {x, y, w, 20}, ui.say(Text::disk), scene.run.disk, broker.machine, t, alive);
  y += 30;
  draw_chips(ui, scene, broker, {x, y, w, card.bottom() - inner - y});
}

void draw_zookeeper(Ui& ui, const Scene& scene, const recording::RecordedProcess& server,
                    const Rect& card) {
  const auto trouble = trouble_of(scene, server);
  const auto role = scene.moment.state.zookeeper_role.find(server.number);
  const std::string named = role == scene.moment.state.zookeeper_role.end() ? "" : role->second;
  const bool alive = !trouble && named != "down";
  draw_card(ui, card, alive);
  const float w = card.w - 2 * inner;
  ui.text({card.x + inner, card.y + 7}, server.name,
          {Size::small, alive ? theme::text : theme::dim, true}, Align::left, w);
  const Point at{card.x + inner, card.y + 29};
  if (alive) draw_ailments(ui, scene, server.machine, {card.right() - 4, card.y + 26});
  if (!alive) {
    ui.text(at, ui.say(trouble.value_or(Text::zookeeper_down)), {Size::small, theme::wrong, true});
  } else if (named == "leader") {
    ui.disc({at.x + 5, at.y + 8}, 5, theme::accent);
    ui.text({at.x + 17, at.y}, ui.say(Text::zookeeper_leader), {Size::small, theme::accent, true});
  } else if (named == "looking") {
    ui.ring({at.x + 5, at.y + 8}, 4.5F, theme::control, 1.5F);
    ui.text({at.x + 17, at.y}, ui.say(Text::zookeeper_looking), {Size::small, theme::control});
  } else if (named == "follower") {
    ui.ring({at.x + 5, at.y + 8}, 4.5F, theme::dim, 1.5F);
    ui.text({at.x + 17, at.y}, ui.say(Text::zookeeper_follower), {Size::small, theme::dim});
  }
}

bool group_is_empty(const Scene& scene, const Client& client) {
  for (const auto& [name, group] : scene.moment.state.groups) {
    if (client.process.name.starts_with(name + "-")) return group.state == "Empty";
  }
  return false;
}

void draw_client(Ui& ui, const Scene& scene, const Client& client, const Rect& card,
                 bool producing) {
  const bool alive = scene.moment.running(client.process);
  draw_card(ui, card, alive);
  const float x = card.x + inner;
  const float w = card.w - 2 * inner;
  ui.text({x, card.y + 8}, client.process.name,
          {Size::body, alive ? theme::text : theme::dim, true}, Align::left, w);
  if (!alive) {
    const auto trouble = trouble_of(scene, client.process);
    draw_obituary(ui, card, card.center(), ui.say(trouble.value_or(Text::stopped)));
    return;
  }
  draw_ailments(ui, scene, client.process.machine, {card.right() - 4, card.y + 4});
  const auto rate = client.rate.at(scene.moment.t);
  const float y = card.y + 30;
  const float number = ui.text({x, y}, rate ? short_number(*rate) : "-",
                               {Size::title, producing ? theme::produce : theme::consume, true});
  ui.text({x + number + 6, y + 5},
          ui.say(producing ? Text::sent_per_second : Text::read_per_second),
          {Size::small, theme::dim});
  const auto mine = scene.moment.state.assignment.find(client.process.name);
  if (card.h < 84) return;
  const Rect line{x, card.bottom() - 34, w, 26};
  ui.line({x, line.y - 3}, {x + w, line.y - 3}, theme::track);
  if (producing) {
    ui.text_in(line, ui.say(Text::producer), {Size::small, theme::dim});
    return;
  }
  if (mine == scene.moment.state.assignment.end()) return;
  // The partitions it reads, as small numbers; names when hovered.
  std::string list;
  std::string names;
  for (const auto& partition : scene.run.partitions) {
    if (std::find(mine->second.begin(), mine->second.end(), partition.id) == mine->second.end()) {
      continue;
    }
    list += (list.empty() ? "" : "  ") + std::to_string(partition.number);
    names += (names.empty() ? "" : " ") + partition.name();
  }
  if (ui.width_of(list, {Size::small}) > w) list = fmt::format("{} ...", list.substr(0, 16));
  // It reads on, as far as it knows, while its coordinator knows no member of the group.
  ui.text_in(line, list.empty() ? "-" : list,
             {Size::small, group_is_empty(scene, client) ? theme::faint : theme::text});
  if (ui.hovered(line) && !names.empty()) ui.tooltip(names);
}

std::pair<Text, Color> group_state(const std::string& state) {
  if (state == "Stable") return {Text::group_stable, theme::good};
  if (state == "Empty") return {Text::group_empty, theme::dim};
  if (state == "Dead") return {Text::group_dead, theme::wrong};
  return {Text::group_rebalancing, theme::control};
}

void draw_groups(Ui& ui, const Scene& scene, const Rect& above) {
  std::size_t shown = 0;
  for (const auto& [name, group] : scene.moment.state.groups) {
    if (group.state.empty() || ++shown > 1) continue;  // One has room; the plot shows all.
    const float y = above.y;
    ui.text({above.x, y}, fmt::format("{} {}", ui.say(Text::group), name),
            {Size::small, theme::text, true}, Align::left, above.w);
    const auto [text, color] = group_state(group.state);
    ui.disc({above.x + 5, y + 29}, 4, color);
    ui.text({above.x + 16, y + 20}, ui.say(text), {Size::small, color}, Align::left, above.w - 16);
    if (group.lag) {
      ui.text({above.x, y + 41},
              fmt::format("{} {}", ui.say(Text::lag), with_thousands(*group.lag)),
              {Size::small, theme::dim}, Align::left, above.w);
    }
  }
}

void draw_wires(Ui& ui, const ClusterLayout& layout) {
  for (const auto& [way, family] : layout.wires()) {
    ui.polyline(way, faded(color_of(family), 0.34F), 1.25F);
  }
}

void draw_messages(Ui& ui, const Scene& scene, const ClusterLayout& layout) {
  std::set<int> brokers;
  for (const auto& broker : scene.run.brokers) brokers.insert(broker.machine);
  for (const auto& message : scene.moment.flights) {
    const bool between = brokers.contains(message.source) && brokers.contains(message.destination);
    const Family family = family_of(message.kind, between);
    const Way way = layout.way(message.source, message.destination, family);
    if (way.empty() || scene.moment.minimum_flight <= Duration{}) continue;
    const Duration real = message.arrived ? *message.arrived - message.sent : Duration{};
    const Duration flight = std::max(real, scene.moment.minimum_flight);
    const auto share =
        static_cast<float>(to_seconds(scene.moment.t - message.sent) / to_seconds(flight));
    const Point at = along(way, share);
    if (!message.arrived) {  // It fades on its way into silence.
      const Color color = faded(theme::wrong, 1.F - 0.5F * std::clamp(share, 0.F, 1.F));
      ui.line({at.x - 4, at.y - 4}, {at.x + 4, at.y + 4}, color, 1.75F);
      ui.line({at.x + 4, at.y - 4}, {at.x - 4, at.y + 4}, color, 1.75F);
      continue;
    }
    const bool response = message.kind.ends_with("response");
    const float kib = static_cast<float>(message.size.count()) / 1024;
    const float radius = std::min(6.F, 3.2F + 0.7F * std::log2(1 + kib));
    if (response) {
      ui.ring(at, 3, color_of(family), 1.5F);
    } else {
      ui.disc(at, radius, color_of(family));
    }
  }
}

/// Why so few messages are seen, when that is the recording's doing; else how long they are.
std::string note_about_messages(Ui& ui, const Scene& scene) {
  const recording::Scope& scope = scene.run.scope;
  if (scope.level == recording::Level::all || scope.in_window(scene.moment.t)) {
    return fmt::format(fmt::runtime(ui.say(Text::flight_note)), theme::minimum_flight_ms);
  }
  if (scope.level == recording::Level::sampled) {
    return fmt::format(fmt::runtime(ui.say(Text::messages_sampled)), scope.sample);
  }
  const bool nothing = scope.level == recording::Level::none;
  return std::string(ui.say(nothing ? Text::nothing_kept : Text::messages_not_kept));
}

void draw_legend(Ui& ui, const Scene& scene, const Rect& rect) {
  const TextStyle style{Size::small, theme::dim};
  float x = rect.x;
  const float y = rect.y + 10;
  for (const auto& [text, family] : {std::pair{Text::produce_family, Family::produce},
                                     std::pair{Text::replicate_family, Family::replicate},
                                     std::pair{Text::consume_family, Family::consume},
                                     std::pair{Text::control_family, Family::control}}) {
    ui.disc({x + 4, y}, 4, color_of(family));
    x += 14 + ui.text({x + 14, y - 8}, ui.say(text), style) + 16;
  }
  ui.line({x, y - 4}, {x + 8, y + 4}, theme::wrong, 1.75F);
  ui.line({x + 8, y - 4}, {x, y + 4}, theme::wrong, 1.75F);
  ui.text({x + 14, y - 8}, ui.say(Text::lost_message), style);

  x = rect.right();
  for (const auto& [text, kind] : {std::pair{Text::chip_offline, Chip::offline},
                                   std::pair{Text::chip_out_of_sync, Chip::out_of_sync},
                                   std::pair{Text::chip_follower, Chip::follower},
                                   std::pair{Text::chip_leader, Chip::leader}}) {
    x -= ui.text({x, y - 8}, ui.say(text), style, Align::right) + 20;
    draw_chip(ui, {x, y - 7, 14, 14}, "", kind);
    x -= 14;
  }
  ui.text({rect.x, y + 14}, note_about_messages(ui, scene), {Size::small, theme::faint});
}

}  // namespace

void draw_cluster_panel(Ui& ui, const Scene& scene, const Rect& rect) {
  const Rect room = draw_panel(ui, rect, ui.say(Text::cluster));
  const float legend = 46;
  // The row of ZooKeeper starts beside the title: nothing else is in the middle up there.
  const Rect picture{room.x, rect.y + theme::padding, room.w, rect.h - 2 * theme::padding - legend};
  const ClusterLayout layout(scene.run, picture);
  draw_wires(ui, layout);
  for (std::size_t i = 0; i < layout.brokers.size(); ++i) {
    draw_broker(ui, scene, scene.run.brokers[i], layout.brokers[i]);
  }
  for (std::size_t i = 0; i < layout.zookeepers.size(); ++i) {
    draw_zookeeper(ui, scene, scene.run.zookeepers[i], layout.zookeepers[i]);
  }
  for (std::size_t i = 0; i < layout.producers.size(); ++i) {
    draw_client(ui, scene, scene.run.producers[i], layout.producers[i], true);
  }
  for (std::size_t i = 0; i < layout.consumers.size(); ++i) {
    draw_client(ui, scene, scene.run.consumers[i], layout.consumers[i], false);
  }
  draw_groups(ui, scene, layout.consumer_head);
  draw_messages(ui, scene, layout);
  draw_legend(ui, scene, {room.x, picture.bottom() + 12, room.w, legend});
}

}  // namespace brokerlab::viz
