#include "viz/cluster/condition.h"

#include <algorithm>
#include <array>

namespace brokerlab::viz {
namespace {

struct Look {
  Condition condition;
  Text word;
  Text brief;  ///< On a small card.
  Color color;
};

constexpr std::array looks = {
    Look{Condition::powered_off, Text::powered_off, Text::brief_off, theme::wrong},
    Look{Condition::stopped, Text::process_stopped, Text::stopped, theme::wrong},
    Look{Condition::not_started, Text::not_started, Text::brief_not_started, theme::dim},
    Look{Condition::paused, Text::paused, Text::brief_paused, theme::control},
    Look{Condition::cut_off, Text::cut_off, Text::cut_off, theme::wrong},
    Look{Condition::partly_cut, Text::partly_cut, Text::brief_partly_cut, theme::control},
    Look{Condition::fenced, Text::not_registered, Text::brief_not_registered, theme::control},
    Look{Condition::disk_failed, Text::disk_failed, Text::disk_failed, theme::wrong},
    Look{Condition::disk_full, Text::disk_full, Text::disk_full, theme::wrong},
    Look{Condition::card_slow, Text::card_slow, Text::card_slow, theme::control},
    Look{Condition::loss, Text::packet_loss, Text::packet_loss, theme::control},
    Look{Condition::delay, Text::packet_delay, Text::packet_delay, theme::control},
    Look{Condition::disk_slow, Text::disk_slow, Text::disk_slow, theme::control},
    Look{Condition::clock_wrong, Text::clock_wrong, Text::clock_wrong, theme::control},
    Look{Condition::disk_lies, Text::disk_lies, Text::disk_lies, theme::control},
};
static_assert(looks.size() == static_cast<std::size_t>(Condition::count_));

const Look& look_of(Condition condition) { return looks.at(static_cast<std::size_t>(condition)); }

// Shapes are drawn on a grid of 12 x 12.
class Pen {
 public:
  Pen(Ui& ui, const Rect& place, Color color)
      : ui_(ui),
        unit_(std::min(place.w, place.h) / 12),
        origin_{place.center().x - 6 * unit_, place.center().y - 6 * unit_},
        color_(color) {}

  void line(float x1, float y1, float x2, float y2, float thickness = 1.6F) {
    ui_.line(at(x1, y1), at(x2, y2), color_, thickness * unit_);
  }
  void box(float x, float y, float w, float h) {
    ui_.fill({at(x, y).x, at(x, y).y, w * unit_, h * unit_}, color_, unit_);
  }
  void frame(float x, float y, float w, float h) {
    ui_.outline({at(x, y).x, at(x, y).y, w * unit_, h * unit_}, color_, unit_, 1.4F * unit_);
  }
  void dot(float x, float y, float radius) { ui_.disc(at(x, y), radius * unit_, color_); }
  void ring(float x, float y, float radius) {
    ui_.ring(at(x, y), radius * unit_, color_, 1.5F * unit_);
  }
  void triangle(float x1, float y1, float x2, float y2, float x3, float y3) {
    ui_.triangle(at(x1, y1), at(x2, y2), at(x3, y3), color_);
  }
  void hourglass(float left, float top, float w, float h) {
    triangle(left, top, left + w, top, left + w / 2, top + h / 2);
    triangle(left, top + h, left + w / 2, top + h / 2, left + w, top + h);
  }

 private:
  Point at(float x, float y) const { return {origin_.x + x * unit_, origin_.y + y * unit_}; }

  Ui& ui_;
  float unit_;
  Point origin_;
  Color color_;
};

bool was_ever_running(const Scene& scene, const recording::RecordedProcess& process) {
  const auto started = scene.run.first_start.find(process.id);
  return started == scene.run.first_start.end() || started->second <= scene.moment.t;
}

}  // namespace

Text word_of(Condition condition) { return look_of(condition).word; }
Text brief_word_of(Condition condition) { return look_of(condition).brief; }
Color color_of(Condition condition) { return look_of(condition).color; }
bool is_down(Condition condition) { return condition <= Condition::not_started; }

void draw_glyph(Ui& ui, const Rect& place, Condition condition, Color color) {
  Pen pen(ui, place, color);
  switch (condition) {
    case Condition::powered_off:  // A cross.
      pen.line(1.5F, 1.5F, 10.5F, 10.5F, 2);
      pen.line(10.5F, 1.5F, 1.5F, 10.5F, 2);
      return;
    case Condition::stopped:  // As on a player.
      return pen.box(2, 2, 8, 8);
    case Condition::not_started:  // An empty place.
      for (const float x : {1.F, 5.F, 9.F}) {
        pen.line(x, 1.5F, x + 2, 1.5F, 1.2F);
        pen.line(x, 10.5F, x + 2, 10.5F, 1.2F);
        pen.line(1.5F, x, 1.5F, x + 2, 1.2F);
        pen.line(10.5F, x, 10.5F, x + 2, 1.2F);
      }
      return;
    case Condition::paused:
      pen.box(2, 1.5F, 3, 9);
      pen.box(7, 1.5F, 3, 9);
      return;
    case Condition::cut_off:  // A wire with a gap, its ends bare.
      pen.line(0, 6, 4, 6, 2);
      pen.line(4, 2, 4, 10, 1.6F);
      pen.line(8, 6, 12, 6, 2);
      pen.line(8, 2, 8, 10, 1.6F);
      return;
    case Condition::partly_cut:  // One of two wires.
      pen.line(0, 3, 12, 3, 1.6F);
      pen.line(0, 9, 4, 9, 1.6F);
      pen.line(8, 9, 12, 9, 1.6F);
      pen.line(4, 6.5F, 4, 11.5F, 1.4F);
      pen.line(8, 6.5F, 8, 11.5F, 1.4F);
      return;
    case Condition::fenced:  // No entry.
      pen.ring(6, 6, 5);
      pen.line(2.5F, 6, 9.5F, 6, 2);
      return;
    case Condition::disk_failed:
      pen.frame(1, 3, 10, 6);
      pen.line(3, 0.5F, 9, 11.5F, 1.8F);
      return;
    case Condition::disk_full:
      return pen.box(0.5F, 3, 11, 6);
    case Condition::card_slow:  // An hourglass between two wires.
      pen.line(0.7F, 1, 0.7F, 11, 1.4F);
      pen.line(11.3F, 1, 11.3F, 11, 1.4F);
      return pen.hourglass(3, 1, 6, 10);
    case Condition::loss:  // Three sent, two there.
      pen.dot(2, 6, 1.8F);
      pen.dot(10, 6, 1.8F);
      pen.line(4.5F, 4.2F, 7.5F, 7.8F, 1.3F);
      pen.line(7.5F, 4.2F, 4.5F, 7.8F, 1.3F);
      return;
    case Condition::delay:  // A long way.
      pen.line(0, 9, 9, 9, 1.5F);
      pen.triangle(8, 6, 12, 9, 8, 12);
      pen.ring(4.5F, 3.5F, 3);
      return;
    case Condition::disk_slow:  // An hourglass on a disk.
      pen.hourglass(3, 0, 6, 7);
      return pen.box(0.5F, 8.5F, 11, 3);
    case Condition::clock_wrong:
      pen.ring(6, 6, 5);
      pen.line(6, 6, 6, 2.5F, 1.4F);
      pen.line(6, 6, 9, 7.5F, 1.4F);
      return;
    case Condition::disk_lies:  // A mask.
      pen.frame(1, 3, 10, 6);
      pen.dot(4, 6, 1.2F);
      pen.dot(8, 6, 1.2F);
      return;
    case Condition::count_:
      return;
  }
}

std::vector<Condition> conditions_of(const Scene& scene,
                                     const recording::RecordedProcess& process) {
  std::vector<Condition> all;
  if (!scene.moment.powered(process.machine)) return {Condition::powered_off};
  if (!scene.moment.running(process)) {
    all.push_back(was_ever_running(scene, process) ? Condition::stopped : Condition::not_started);
  }
  const auto broker = scene.moment.state.brokers.find(process.number);
  if (all.empty() && process.kind == "broker" && broker != scene.moment.state.brokers.end() &&
      !broker->second.registered) {
    all.push_back(Condition::fenced);
  }
  const auto paths = scene.moment.state.paths.find(process.machine);
  if (paths != scene.moment.state.paths.end()) {
    using Reach = recording::ClusterState::Reach;
    const auto& [peers, clients, lossy, late] = paths->second;
    if (peers == Reach::none || clients == Reach::none) {
      all.push_back(Condition::cut_off);
    } else if (peers == Reach::some || clients == Reach::some) {
      all.push_back(Condition::partly_cut);
    }
    if (lossy) all.push_back(Condition::loss);
    if (late) all.push_back(Condition::delay);
  }
  for (const Condition one : scene.run.troubles(process.machine, scene.moment.t)) {
    if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace brokerlab::viz
