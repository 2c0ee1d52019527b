// One record's way, over everything: a space-time diagram on the left (machines across, time
// downwards), its stages with their lengths on the right. R opens and closes it.
#include "base/korean.h"
#include "viz/cluster/ways.h"
#include "viz/follow.h"
#include "viz/panels.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace brokerlab::viz {
namespace {

constexpr float stage_row = 40;

Color color_of(Spent on) {
  return on == Spent::wait ? theme::control : on == Spent::work ? theme::good : theme::accent;
}

Text word_of(Spent on) {
  return on == Spent::wait   ? Text::spent_wait
         : on == Spent::work ? Text::spent_work
                             : Text::spent_way;
}

std::string name_of(const Scene& scene, int machine) {
  const auto* named = scene.run.machine(machine);
  return named == nullptr ? "?" : named->name;
}

// Waiting is hatched, work is full, so that it is not the colour alone that tells.
void draw_spent(Ui& ui, const Rect& bar, Spent on) {
  const Color color = color_of(on);
  if (on == Spent::work) return ui.fill(bar, color, 2);
  if (on == Spent::way) return ui.fill({bar.x, bar.center().y - 1.5F, bar.w, 3}, color, 1);
  ui.outline(bar, color, 2);
  const int strokes = static_cast<int>((bar.w - 5) / 6) + 1;
  for (int i = 0; i < strokes && bar.w > 5; ++i) {
    const float x = bar.x + 4 + 6 * static_cast<float>(i);
    ui.line({x, bar.y + 1}, {x, bar.bottom() - 1}, color);
  }
}

// Where a moment lies, from 0 to 1. A consumer may come long after the acknowledgment: then what is
// behind that has the last quarter for itself.
class Scale {
 public:
  explicit Scale(const Journey& journey) : from_(journey.from), to_(journey.to) {
    const Time told = std::max(journey.acknowledged.value_or(journey.from),
                               journey.committed.value_or(journey.from));
    if (told > from_ && (to_ - told) > (told - from_)) middle_ = told;
  }
  float of(Time t) const {
    if (middle_) {
      return t <= *middle_ ? 0.75F * part(t, from_, *middle_)
                           : 0.75F + 0.25F * part(t, *middle_, to_);
    }
    return part(t, from_, to_);
  }
  const std::optional<Time>& middle() const { return middle_; }

 private:
  static float part(Time t, Time from, Time to) {
    return static_cast<float>(to_seconds(t - from) / std::max(to_seconds(to - from), 1e-9));
  }
  Time from_;
  Time to_;
  std::optional<Time> middle_;
};

void draw_diagram(Ui& ui, const Scene& scene, const Journey& journey, const Rect& room) {
  const auto count = static_cast<float>(journey.machines.size());
  const float lane = room.w / count;
  std::map<int, float> x_of;
  for (std::size_t i = 0; i < journey.machines.size(); ++i) {
    const float x = room.x + lane * (static_cast<float>(i) + 0.5F);
    x_of[journey.machines[i]] = x;
    const std::string name = name_of(scene, journey.machines[i]);
    ui.text_fit({x - lane / 2 + 3, room.y, lane - 6, 18},
                {name, name.substr(name.find_last_of('-') + 1)}, {Size::small, theme::text, true},
                Align::center);
    ui.line({x, room.y + 24}, {x, room.bottom()}, theme::card_edge);
  }
  const Rect field{room.x, room.y + 30, room.w, room.h - 40};
  const Scale scale(journey);
  const auto y_of = [&](Time t) { return field.y + field.h * scale.of(t); };
  if (scale.middle()) {  // Below it time passes faster.
    const float y = y_of(*scale.middle());
    ui.dashes(std::vector<Point>{{field.x, y}, {field.right(), y}}, theme::faint, 1, 3, 5);
  }
  for (const Stage& stage : journey.stages) {
    if (stage.on == Spent::way || !x_of.contains(stage.machine)) continue;
    const float top = y_of(stage.from);
    const float h = std::max(2.F, y_of(stage.to) - top);
    const float width = stage.on == Spent::wait ? 8 : 5;
    const Rect bar{x_of[stage.machine] - width / 2, top, width, h};
    ui.fill(bar, color_of(stage.on), 1);
    if (stage.on == Spent::wait) ui.fill({bar.x + 2, bar.y + 1, 4, bar.h - 2}, theme::panel);
  }
  std::set<int> brokers;
  for (const auto& broker : scene.run.brokers) brokers.insert(broker.machine);
  for (const auto& message : journey.messages) {
    const Point from{x_of[message.source], y_of(message.sent)};
    const bool arrives = message.arrived.has_value();
    const Point to{x_of[message.destination], y_of(message.arrived.value_or(journey.to))};
    const Family family = family_of(
        message.kind, brokers.contains(message.source) && brokers.contains(message.destination));
    const Color color = arrives ? color_of(family) : theme::wrong;
    ui.line(from, to, color, 1.75F);
    if (arrives) {
      draw_family_mark(ui, to, family, 3.5F, message.kind.ends_with("response"));
    } else {
      ui.line({to.x - 5, to.y - 5}, {to.x + 5, to.y + 5}, theme::wrong, 1.75F);
      ui.line({to.x + 5, to.y - 5}, {to.x - 5, to.y + 5}, theme::wrong, 1.75F);
    }
  }
}

void draw_stages(Ui& ui, const Scene& scene, const Journey& journey, const Rect& room) {
  const Scale scale(journey);
  float y = room.y;
  for (std::size_t i = 0; i < journey.stages.size(); ++i) {
    const Stage& stage = journey.stages[i];
    if (y + 2 * stage_row > room.bottom() && i + 1 < journey.stages.size()) {
      ui.text_fit({room.x, y, room.w, 18}, {fmt::format("+{}", journey.stages.size() - i)},
                  {Size::small, theme::dim});
      return;
    }
    const std::string length = to_rounded_text(stage.to - stage.from);
    const TextStyle number{Size::small, theme::text, true};
    const float wide = ui.width_of(length, number);
    ui.text({room.right(), y}, length, number, Align::right);
    const std::string what = with_particles(
        fmt::format(fmt::runtime(ui.say(stage.what)), name_of(scene, stage.machine)));
    ui.text_fit({room.x, y, room.w - wide - 10, 18}, {what}, {Size::small, theme::text});
    const auto at = [&](Time t) { return room.x + room.w * scale.of(t); };
    const float left = std::min(at(stage.from), room.right() - 3);
    draw_spent(ui, {left, y + 21, std::max(3.F, at(stage.to) - left), 8}, stage.on);
    y += stage_row;
  }
}

}  // namespace

void draw_follow(Ui& ui, const Scene& scene) {
  ui.raise();
  const Rect sheet = ui.sheet();
  ui.fill(sheet, faded(theme::background, 0.72F));
  const Rect box{std::max(8.F, sheet.center().x - 560), std::max(8.F, sheet.center().y - 330),
                 std::min(sheet.w - 16, 1120.F), std::min(sheet.h - 16, 660.F)};
  ui.fill(box, theme::panel, theme::radius);
  ui.outline(box, theme::accent, theme::radius, 1.5F);
  const Rect inside = box.inset(18);
  ui.text_fit({inside.x, inside.y - 6, inside.w * 0.5F, 22}, {ui.say(Text::follow)},
              {Size::body, theme::text, true});
  if (scene.journey == nullptr) {
    ui.text_fit({inside.x, inside.y + 30, inside.w, 20}, {ui.say(Text::follow_nobody)},
                {Size::body, theme::dim});
    ui.lower();
    return;
  }
  const Journey& journey = *scene.journey;
  const std::string begin = fmt::format("{}   {}", scene.run.wall_clock(journey.from, true),
                                        to_rounded_text(journey.to - journey.from));
  ui.text({inside.right(), inside.y - 5}, begin, {Size::body, theme::accent, true}, Align::right);
  const Rect left{inside.x, inside.y + 30, inside.w * 0.52F - 12, inside.h - 62};
  const Rect right{inside.x + inside.w * 0.52F + 12, left.y, inside.w * 0.48F - 12, left.h};
  draw_diagram(ui, scene, journey, left);
  const auto since = [&](const std::optional<Time>& t) {
    return t ? to_rounded_text(*t - journey.from) : std::string("-");
  };
  const std::string sums = fmt::format(
      fmt::runtime(ui.say(journey.waited_for_replicas ? Text::follow_sum_all : Text::follow_sum)),
      since(journey.committed), since(journey.acknowledged));
  float y = right.y;
  for (const std::string& line : ui.wrap(sums, {Size::small, theme::text, true}, right.w)) {
    ui.text({right.x, y}, line, {Size::small, theme::text, true});
    y += 19;
  }
  draw_stages(ui, scene, journey, {right.x, y + 10, right.w, right.bottom() - y - 10});
  float x = inside.x;
  for (const Spent on : {Spent::way, Spent::work, Spent::wait}) {
    const float needs = 34 + ui.width_of(ui.say(word_of(on)), {Size::small}) + 20;
    if (x + needs > inside.right()) break;
    draw_spent(ui, {x, inside.bottom() - 14, 28, 8}, on);
    ui.text({x + 34, inside.bottom() - 19}, ui.say(word_of(on)), {Size::small, theme::dim});
    x += needs;
  }
  ui.text_fit({x, inside.bottom() - 20, inside.right() - x, 18}, {ui.say(Text::follow_note)},
              {Size::small, theme::faint}, Align::right);
  ui.lower();
  if (ui.mouse_pressed() && !box.holds(ui.mouse())) scene.view.following.reset();
}

}  // namespace brokerlab::viz
