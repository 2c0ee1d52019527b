// The lines between the cards, the messages on their way, and what the marks mean.
#include "viz/cluster/pieces.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace brokerlab::viz {
namespace {

constexpr std::size_t most_single = 500;  ///< More messages than these are gathered.

struct Mark {
  Point at;
  Family family = Family::control;
  bool lost = false;
  bool response = false;
  float radius = 3;
  float share = 0;
  int count = 1;
};

void draw_mark(Ui& ui, const Mark& mark) {
  if (mark.lost) {  // It fades on its way into silence.
    const Color color = faded(theme::wrong, 1.F - 0.5F * std::clamp(mark.share, 0.F, 1.F));
    ui.line({mark.at.x - 4, mark.at.y - 4}, {mark.at.x + 4, mark.at.y + 4}, color, 1.75F);
    ui.line({mark.at.x + 4, mark.at.y - 4}, {mark.at.x - 4, mark.at.y + 4}, color, 1.75F);
  } else {
    const bool hollow = mark.response && mark.count == 1;
    draw_family_mark(ui, mark.at, mark.family, hollow ? 3 : mark.radius, hollow);
  }
}

// A stream: of those that are close together one mark, the larger the more they are.
std::vector<Mark> gathered(const std::vector<Mark>& marks) {
  constexpr float cell = 7;
  std::map<std::tuple<int, int, Family, bool>, Mark> streams;
  for (const Mark& mark : marks) {
    const auto key = std::tuple(static_cast<int>(mark.at.x / cell),
                                static_cast<int>(mark.at.y / cell), mark.family, mark.lost);
    const auto [found, fresh] = streams.emplace(key, mark);
    if (!fresh) ++found->second.count;
  }
  std::vector<Mark> few;
  for (auto& [key, mark] : streams) {
    mark.radius = std::min(5.F, 2.2F + 0.7F * std::log2(static_cast<float>(mark.count)));
    few.push_back(mark);
  }
  return few;
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

// Two rows where one has no room for both halves.
float legend_width(const Ui& ui, std::initializer_list<Text> texts, float each) {
  float width = 0;
  for (const Text text : texts) width += ui.width_of(ui.say(text), {Size::small}) + each;
  return width;
}

}  // namespace

void draw_family_mark(Ui& ui, Point at, Family family, float radius, bool hollow) {
  const Color color = color_of(family);
  const float r = radius;
  switch (family) {
    case Family::produce:
      hollow ? ui.ring(at, r, color, 1.5F) : ui.disc(at, r, color);
      return;
    case Family::replicate: {
      const float half = 0.88F * r;
      const Rect box{at.x - half, at.y - half, 2 * half, 2 * half};
      hollow ? ui.outline(box, color, 0, 1.5F) : ui.fill(box, color);
      return;
    }
    case Family::consume: {
      const float far = 1.3F * r;
      const std::vector<Point> corners{{at.x, at.y - far},
                                       {at.x + far, at.y},
                                       {at.x, at.y + far},
                                       {at.x - far, at.y},
                                       {at.x, at.y - far}};
      if (hollow) return ui.polyline(corners, color, 1.5F);
      ui.triangle(corners[0], corners[1], corners[3], color);
      ui.triangle(corners[1], corners[2], corners[3], color);
      return;
    }
    case Family::control: {
      const float far = 1.25F * r;
      const std::vector<Point> corners{{at.x, at.y - far},
                                       {at.x + far, at.y + 0.8F * far},
                                       {at.x - far, at.y + 0.8F * far},
                                       {at.x, at.y - far}};
      if (hollow) return ui.polyline(corners, color, 1.5F);
      ui.triangle(corners[0], corners[1], corners[2], color);
      return;
    }
  }
}

void draw_wires(Ui& ui, const Ways& ways) {
  for (const auto& [way, family] : ways.wires()) {
    ui.polyline(way, faded(color_of(family), 0.34F), 1.25F);
  }
}

void draw_messages(Ui& ui, const Scene& scene, const Ways& ways) {
  if (scene.moment.minimum_flight <= Duration{}) return;
  std::set<int> brokers;
  for (const auto& broker : scene.run.brokers) brokers.insert(broker.machine);
  std::vector<Mark> marks;
  for (const auto& message : scene.moment.flights) {
    const bool between = brokers.contains(message.source) && brokers.contains(message.destination);
    Mark mark;
    mark.family = family_of(message.kind, between);
    const Way way = ways.way(message.source, message.destination, mark.family);
    if (way.empty()) continue;
    const Duration real = message.arrived ? *message.arrived - message.sent : Duration{};
    const Duration flight = std::max(real, scene.moment.minimum_flight);
    mark.share = static_cast<float>(to_seconds(scene.moment.t - message.sent) / to_seconds(flight));
    mark.at = along(way, mark.share);
    mark.lost = !message.arrived;
    mark.response = message.kind.ends_with("response");
    const float kib = static_cast<float>(message.size.count()) / 1024;
    mark.radius = std::min(6.F, 3.2F + 0.7F * std::log2(1 + kib));
    marks.push_back(mark);
  }
  if (marks.size() > most_single) marks = gathered(marks);
  for (const Mark& mark : marks) draw_mark(ui, mark);
}

void draw_legend(Ui& ui, const Scene& scene, const Rect& rect) {
  const TextStyle style{Size::small, theme::dim};
  float x = rect.x;
  const float y = rect.y + 10;
  for (const auto& [text, family] : {std::pair{Text::produce_family, Family::produce},
                                     std::pair{Text::replicate_family, Family::replicate},
                                     std::pair{Text::consume_family, Family::consume},
                                     std::pair{Text::control_family, Family::control}}) {
    draw_family_mark(ui, {x + 4, y}, family, 4, false);
    x += 14 + ui.text({x + 14, y - 8}, ui.say(text), style) + 16;
  }
  ui.line({x, y - 4}, {x + 8, y + 4}, theme::wrong, 1.75F);
  ui.line({x + 8, y - 4}, {x, y + 4}, theme::wrong, 1.75F);
  ui.text({x + 14, y - 8}, ui.say(Text::lost_message), style);

  const float left = x + 14 + ui.width_of(ui.say(Text::lost_message), style);
  const float right = legend_width(ui,
                                   {Text::chip_unreachable, Text::chip_offline,
                                    Text::chip_out_of_sync, Text::chip_follower, Text::chip_leader},
                                   34);
  const bool two_rows = left + 16 + right > rect.right();
  const float row = two_rows ? y + 22 : y;
  x = two_rows ? std::min(rect.x + right - 14, rect.right()) : rect.right();
  for (const auto& [text, kind] : {std::pair{Text::chip_unreachable, Chip::unreachable},
                                   std::pair{Text::chip_offline, Chip::offline},
                                   std::pair{Text::chip_out_of_sync, Chip::out_of_sync},
                                   std::pair{Text::chip_follower, Chip::follower},
                                   std::pair{Text::chip_leader, Chip::leader}}) {
    x -= ui.text({x, row - 8}, ui.say(text), style, Align::right) + 20;
    draw_chip(ui, {x, row - 7, 14, 14}, "", kind);
    x -= 14;
  }
  if (!two_rows) {
    ui.text_fit({rect.x, rect.y + 24, rect.w, 18}, {note_about_messages(ui, scene)},
                {Size::small, theme::faint});
  }
}

}  // namespace brokerlab::viz
