// Clients: a card each, or gathered, or as lines of a gathering that was opened.
#include "viz/cluster/pieces.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::viz {
namespace {

using Clients = std::vector<Client>;

std::pair<Text, Color> group_state(const std::string& state) {
  if (state == "Stable") return {Text::group_stable, theme::good};
  if (state == "Empty") return {Text::group_empty, theme::dim};
  if (state == "Dead") return {Text::group_dead, theme::wrong};
  return {Text::group_rebalancing, theme::control};
}

bool group_is_empty(const Scene& scene, const Client& client) {
  const auto group = scene.moment.state.groups.find(client.gang);
  return group != scene.moment.state.groups.end() && group->second.state == "Empty";
}

// The partitions it reads, as small numbers; names when hovered.
void draw_assignment(Ui& ui, const Scene& scene, const Client& client, const Rect& line) {
  const auto mine = scene.moment.state.assignment.find(client.process.name);
  if (mine == scene.moment.state.assignment.end()) return;
  std::string list;
  std::string names;
  int count = 0;
  for (const auto& partition : scene.run.partitions) {
    if (std::find(mine->second.begin(), mine->second.end(), partition.id) == mine->second.end()) {
      continue;
    }
    ++count;
    list += (list.empty() ? "" : "  ") + std::to_string(partition.number);
    names += (names.empty() ? "" : " ") + partition.name();
  }
  // It reads on, as far as it knows, while its coordinator knows no member of the group.
  ui.text_fit(line,
              {list.empty() ? "-" : list,
               fmt::format("{} ...", list.substr(0, list.rfind(' ', 16))), std::to_string(count)},
              {Size::small, group_is_empty(scene, client) ? theme::faint : theme::text});
  if (ui.hovered(line) && !names.empty()) ui.tooltip(names);
}

void draw_rate(Ui& ui, const Rect& line, std::optional<double> rate, bool producing) {
  const Color color = producing ? theme::produce : theme::consume;
  const std::string text = rate ? short_number(*rate) : "-";
  const bool high = line.h >= 22;
  const float number = ui.text_fit(line, {text}, {high ? Size::title : Size::small, color, true});
  ui.text_fit({line.x + number + 6, line.y + (high ? 2.F : 0.F), line.w - number - 6, line.h},
              {ui.say(producing ? Text::sent_per_second : Text::read_per_second),
               ui.say(Text::records_per_second), "/s"},
              {Size::small, theme::dim});
}

// The beginning of a name, and that there is more of it; the whole is told when hovered.
std::string shortened(const Ui& ui, const std::string& name, const TextStyle& style, float width) {
  std::string begin = name;
  while (!begin.empty() && ui.width_of(begin + "…", style) > width) {
    do begin.pop_back();
    while (!begin.empty() && (static_cast<unsigned char>(begin.back()) & 0xC0) == 0x80);
  }
  return begin + "…";
}

// Name and rate, or the shape of what is wrong, in a line.
void draw_slim(Ui& ui, const Scene& scene, const Client& client,
               const std::vector<Condition>& conditions, const Rect& card, bool producing) {
  const bool alive = conditions.empty() || !is_down(conditions.front());
  const Rect line{card.x + 6, card.y, card.w - 12, card.h};
  const auto rate = client.rate.at(scene.moment.t);
  const std::string number = !alive ? "" : rate ? short_number(*rate) : "-";
  const TextStyle loud{Size::small, producing ? theme::produce : theme::consume, true};
  float wide = alive ? ui.width_of(number, loud) : 0;
  if (alive) ui.text_in({line.right() - wide - 1, line.y, wide + 1, line.h}, number, loud);
  if (!conditions.empty()) {
    const float left = line.right() - wide - (wide > 0 ? 5.F : 0.F) - 14;
    draw_glyph(ui, {left, line.y, 14, line.h}, conditions.front(), color_of(conditions.front()));
    wide = line.right() - left;
  }
  const TextStyle name{Size::small, alive ? theme::text : theme::dim, true};
  const Rect head{line.x, line.y, line.w - wide - 4, line.h};
  if (ui.text_fit(head, {client.process.name}, name) == 0) {
    ui.text_fit(head, {shortened(ui, client.process.name, name, head.w)}, name);
  }
  if (!ui.hovered(card)) return;
  std::string told = client.process.name;
  for (const Condition one : conditions) told += fmt::format("\n{}", ui.say(word_of(one)));
  ui.tooltip(told);
}

void draw_one(Ui& ui, const Scene& scene, const Client& client, const Rect& card, bool producing) {
  const std::vector<Condition> conditions = conditions_of(scene, client.process);
  const bool alive = conditions.empty() || !is_down(conditions.front());
  draw_card(ui, card, conditions);
  why_when_clicked(ui, scene, card, {Asked::Of::machine, client.process.machine});
  if (card.h < 38) return draw_slim(ui, scene, client, conditions, card, producing);
  const float x = card.x + card_inner;
  const float w = card.w - 2 * card_inner;
  const bool low = card.h < 60;
  const float shapes =
      alive && !conditions.empty() ? 18 * static_cast<float>(conditions.size()) : 0;
  const TextStyle name{Size::body, alive ? theme::text : theme::dim, true};
  const TextStyle smaller{Size::small, name.color, true};
  const bool tight = card.h < 48;
  const Rect head{x,
                  card.y + (tight ? (card.h - 37) / 2
                            : low ? 4.F
                                  : 8.F),
                  w - std::min(shapes, w / 2), 19};
  if (ui.text_fit(head, {client.process.name}, name) == 0 &&
      ui.text_fit(head, {client.process.name}, smaller) == 0) {
    const std::string number = std::to_string(client.process.number);
    const float left = head.w - ui.width_of(number, smaller);
    ui.text_fit(head, {shortened(ui, client.process.name, smaller, left) + number}, smaller);
  }
  if (shapes > 0) {
    draw_conditions(ui, scene, {head.right(), head.y, card.right() - 6 - head.right(), head.h},
                    client.process.machine, {conditions.front()}, Align::right);
  }
  const Rect line{x, head.bottom() + (tight ? 0.F : 3.F), w, tight ? 18.F : low ? 20.F : 26.F};
  if (!alive) {
    draw_conditions(ui, scene, line, client.process.machine, conditions);
    return;
  }
  draw_rate(ui, line, client.rate.at(scene.moment.t), producing);
  name_when_hovered(ui, line, producing ? "record-send-rate" : "records-consumed-rate");
  if (ui.hovered(head)) ui.tooltip(client.process.name);
  if (card.h < 84) return;
  const Rect last{x, card.bottom() - 34, w, 26};
  ui.line({x, last.y - 3}, {x + w, last.y - 3}, theme::track);
  if (producing) {
    ui.text_fit(last, {ui.say(Text::producer)}, {Size::small, theme::dim});
    return;
  }
  draw_assignment(ui, scene, client, last);
}

double rate_of(const Scene& scene, const Clients& clients, const std::vector<std::size_t>& which) {
  double sum = 0;
  for (const std::size_t i : which) sum += clients[i].rate.at(scene.moment.t).value_or(0);
  return sum;
}

// How many, how many of them run, their rate together, and the shapes of what is wrong with some.
void draw_gang(Ui& ui, const Scene& scene, const Clients& clients, const ClientPlace& place,
               ClientsView& view, bool producing) {
  std::map<Condition, int> wrong;
  int running = 0;
  for (const std::size_t i : place.members) {
    const std::vector<Condition> conditions = conditions_of(scene, clients[i].process);
    running += conditions.empty() || !is_down(conditions.front());
    for (const Condition one : conditions) ++wrong[one];
  }
  const Rect& card = place.rect;
  const int count = static_cast<int>(place.members.size());
  for (int i = 2; i >= 1; --i) {  // A pile of cards.
    const float off = 3 * static_cast<float>(i);
    ui.outline({card.x + off, card.y + off, card.w - 6, card.h - 6}, theme::card_edge,
               theme::radius);
  }
  const Rect top{card.x, card.y, card.w - 6, card.h - 6};
  ui.fill(top, ui.hovered(card) ? theme::track : theme::card, theme::radius);
  const bool some_wrong = !wrong.empty();
  ui.outline(top, some_wrong ? color_of(wrong.begin()->first) : theme::card_edge, theme::radius,
             some_wrong ? 1.5F : 1.F);
  const float x = top.x + 8;
  const float w = top.w - 16;
  const Rect head{x, top.y + 3, w, 19};
  if (ui.text_fit(head, {place.gang}, {Size::body, theme::text, true}) == 0) {
    ui.text_fit(head, {place.gang, shortened(ui, place.gang, {Size::small, 0, true}, w)},
                {Size::small, theme::text, true});
  }
  draw_rate(ui, {x, top.y + 21, w, 18}, rate_of(scene, clients, place.members), producing);
  const std::string times = fmt::format("×{}", count);
  const float times_width = ui.width_of(times, {Size::small, theme::dim, true});
  ui.text_fit({x, top.y + 38, w, 17}, {times}, {Size::small, theme::dim, true}, Align::right);
  const Rect last{x, top.y + 38, w - times_width - 6, 17};
  if (some_wrong) {
    float at = last.x;
    for (const auto& [condition, number] : wrong) {
      const std::string told = std::to_string(number);
      const float wide = ui.width_of(told, {Size::small, 0, true});
      if (at + 17 + wide > last.right()) break;
      draw_glyph(ui, {at, last.y + 2, 13, 13}, condition, color_of(condition));
      at += 16 +
            ui.text_in({at + 16, last.y, wide + 1, last.h}, told,
                       {Size::small, color_of(condition), true}) +
            8;
    }
  } else if (const auto group = scene.moment.state.groups.find(place.gang);
             !producing && group != scene.moment.state.groups.end()) {
    const auto [text, color] = group_state(group->second.state);
    ui.disc({last.x + 4, last.center().y}, 4, color);
    ui.text_fit({last.x + 13, last.y, last.w - 13, last.h}, {ui.say(text)}, {Size::small, color});
  } else {
    ui.text_fit(last, {fmt::format(fmt::runtime(ui.say(Text::of_them_run)), running, count)},
                {Size::small, theme::dim});
  }
  if (ui.hovered(card)) {
    std::string told = fmt::format("{} ×{}", place.gang, count);
    for (const auto& [condition, number] : wrong) {
      told += fmt::format("\n{}: {}", ui.say(word_of(condition)), number);
    }
    ui.tooltip(told);
  }
  if (ui.clicked(card)) view = {place.gang, 0};
}

void draw_open_head(Ui& ui, const ClientPlace& place, ClientsView& view) {
  const Rect& bar = place.rect;
  ui.fill(bar, ui.hovered(bar) ? theme::card_edge : theme::card, 6);
  ui.triangle({bar.x + 14, bar.y + 8}, {bar.x + 14, bar.bottom() - 8}, {bar.x + 7, bar.center().y},
              theme::accent);
  ui.text_fit({bar.x + 22, bar.y, bar.w - 26, bar.h},
              {fmt::format("{} ×{}", place.gang, place.members.size()), place.gang},
              {Size::small, theme::text, true});
  if (ui.clicked(bar)) view = {};
}

void draw_line(Ui& ui, const Scene& scene, const Client& client, const Rect& line, bool producing) {
  const std::vector<Condition> conditions = conditions_of(scene, client.process);
  const bool alive = conditions.empty() || !is_down(conditions.front());
  const auto rate = client.rate.at(scene.moment.t);
  const std::string number = rate && alive ? short_number(*rate) : "-";
  const TextStyle style{Size::small, producing ? theme::produce : theme::consume, true};
  const float wide = ui.width_of(number, style);
  if (!conditions.empty()) {
    draw_glyph(ui, {line.x + 1, line.y + 4, 13, 13}, conditions.front(),
               color_of(conditions.front()));
  } else {
    ui.disc({line.x + 7, line.center().y}, 3, theme::good);
  }
  ui.text_fit({line.x + 18, line.y, line.w - 18 - wide - 6, line.h},
              {client.process.name, fmt::format("#{}", client.process.number)},
              {Size::small, alive ? theme::text : theme::dim});
  ui.text_in({line.right() - wide - 1, line.y, wide + 1, line.h}, number, style);
  why_when_clicked(ui, scene, line, {Asked::Of::machine, client.process.machine});
  if (!ui.hovered(line)) return;
  std::string told = client.process.name;
  for (const Condition one : conditions) told += fmt::format("\n{}", ui.say(word_of(one)));
  ui.tooltip(told);
}

// Which of them are shown, and whether somebody who is not is in trouble.
void draw_more(Ui& ui, const Scene& scene, const Clients& clients, const ClientColumn& column,
               const Rect& line) {
  std::vector<bool> seen(clients.size(), false);
  for (const ClientPlace& place : column.places) {
    for (const std::size_t i : place.members) seen[i] = true;
  }
  std::map<Condition, int> wrong;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    if (seen[i]) continue;
    for (const Condition one : conditions_of(scene, clients[i].process)) ++wrong[one];
  }
  const std::string which =
      fmt::format("{}–{} / {}", column.first + 1, column.first + column.shown, column.total);
  if (wrong.empty()) {
    ui.text_fit(line, {which}, {Size::small, theme::dim}, Align::center);
    return;
  }
  const auto& [worst, number] = *wrong.begin();
  const TextStyle loud{Size::small, color_of(worst), true};
  const std::string count = std::to_string(number);
  const float wide = 17 + ui.width_of(count, loud);
  ui.text_fit({line.x, line.y, line.w - wide - 8, line.h}, {which}, {Size::small, theme::dim},
              Align::center);
  draw_glyph(ui, {line.right() - wide, line.y, 13, line.h}, worst, loud.color);
  ui.text_in({line.right() - wide + 16, line.y, wide - 15, line.h}, count, loud);
  if (!ui.hovered(line)) return;
  std::string told;
  for (const auto& [condition, many] : wrong) {
    told += fmt::format("{}{}: {}", told.empty() ? "" : "\n", ui.say(word_of(condition)), many);
  }
  ui.tooltip(told);
}

}  // namespace

void draw_clients(Ui& ui, const Scene& scene, const Clients& clients, const ClientColumn& column,
                  ClientsView& view, bool producing) {
  for (const ClientPlace& place : column.places) {
    switch (place.kind) {
      case ClientPlace::Kind::one:
        draw_one(ui, scene, clients[place.members.front()], place.rect, producing);
        break;
      case ClientPlace::Kind::gang:
        draw_gang(ui, scene, clients, place, view, producing);
        break;
      case ClientPlace::Kind::open:
        draw_open_head(ui, place, view);
        break;
      case ClientPlace::Kind::line:
        draw_line(ui, scene, clients[place.members.front()], place.rect, producing);
        break;
      case ClientPlace::Kind::more:
        draw_more(ui, scene, clients, column, place.rect);
        break;
    }
  }
  if (ui.hovered(column.room) && ui.wheel() != 0 && column.shown < column.total) {
    view.first =
        std::clamp(column.first - static_cast<int>(ui.wheel() * 3), 0, column.total - column.shown);
  }
}

void draw_group(Ui& ui, const Scene& scene, const Rect& above) {
  // One has room, the one that is furthest behind; the plot shows all.
  const auto& groups = scene.moment.state.groups;
  auto most = groups.end();
  for (auto it = groups.begin(); it != groups.end(); ++it) {
    if (it->second.state.empty()) continue;
    if (most == groups.end() || it->second.lag.value_or(-1) > most->second.lag.value_or(-1)) {
      most = it;
    }
  }
  if (most != groups.end()) {
    const auto& [name, group] = *most;
    const float y = above.y;
    ui.text_fit({above.x, y, above.w, 18}, {fmt::format("{} {}", ui.say(Text::group), name), name},
                {Size::small, theme::text, true});
    const auto [text, color] = group_state(group.state);
    ui.disc({above.x + 5, y + 29}, 4, color);
    ui.text_fit({above.x + 16, y + 20, above.w - 16, 18}, {ui.say(text)}, {Size::small, color});
    if (group.lag) {
      const std::string lag = with_thousands(*group.lag);
      ui.text_fit({above.x, y + 41, above.w, 18},
                  {fmt::format("{} {}", ui.say(Text::lag), lag), lag}, {Size::small, theme::dim});
    }
    why_when_clicked(ui, scene, {above.x, y, above.w, 60}, {Asked::Of::group, 0, name});
    name_when_hovered(ui, {above.x, y + 41, above.w, 18}, "group-lag");
  }
}

}  // namespace brokerlab::viz
