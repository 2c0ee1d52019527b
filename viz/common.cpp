// What several panels ask about the scene.
#include "viz/panels.h"

#include <algorithm>

namespace brokerlab::viz {

const recording::RecordedProcess* broker_by_number(const Run& run, int number) {
  const auto found = std::find_if(run.brokers.begin(), run.brokers.end(),
                                  [&](const auto& broker) { return broker.number == number; });
  return found == run.brokers.end() ? nullptr : &*found;
}

Leadership leadership(const Scene& scene, const recording::ClusterState::Partition& partition) {
  const auto* broker = broker_by_number(scene.run, partition.leader);
  if (broker == nullptr) return Leadership::none;
  if (!scene.moment.running(*broker)) return Leadership::dead;
  const auto paths = scene.moment.state.paths.find(broker->machine);
  const bool reached = paths == scene.moment.state.paths.end() ||
                       paths->second.clients != recording::ClusterState::Reach::none;
  return reached ? Leadership::alive : Leadership::unreachable;
}

std::string known_as(recording::MetricName::Kind kind, std::string_view name, Language language) {
  const recording::MetricName* known = recording::find_metric_name(kind, name);
  if (known == nullptr || (known->mbean.empty() && known->attribute.empty())) {
    return std::string(say(Text::no_jmx_name, language));
  }
  std::string all(known->attribute);
  if (known->mbean.empty()) return all;
  all += all.empty() ? "" : "\n";
  bool inside = false;
  for (const char letter : known->mbean) {
    if (letter == '{') all += '*';
    inside = letter == '{' || (inside && letter != '}');
    if (!inside && letter != '}') all += letter;
  }
  return all;
}

void name_when_hovered(Ui& ui, const Rect& rect, std::string_view series) {
  if (!ui.hovered(rect)) return;
  ui.tooltip(known_as(recording::MetricName::Kind::series, series, ui.language()));
}

void why_when_clicked(Ui& ui, const Scene& scene, const Rect& rect, const Asked& asked) {
  if (!ui.hovered(rect) || ui.shift()) return;
  const Rect around = rect.inset(-2);
  ui.outline(around, faded(theme::accent, 0.6F), 4);
  if (!ui.mouse_pressed()) return;
  scene.view.selected_event.reset();
  scene.view.asked = asked;
}

Color color_of(const recording::RecordedEvent& event) {
  static constexpr std::string_view wrong_kinds[] = {
      "machine.power_off",  "process.killed",           "process.exited",
      "zk.session_expired", "controller.broker_failed", "partition.leader_offline",
      "record.lost",        "invariant.violated",       "producer.record_failed"};
  if (std::find(std::begin(wrong_kinds), std::end(wrong_kinds), event.kind) !=
      std::end(wrong_kinds)) {
    return theme::wrong;
  }
  return event.level == recording::EventLevel::fault ? theme::control : theme::accent;
}

void draw_event_mark(Ui& ui, Point center, const recording::RecordedEvent& event, Color color) {
  if (event.level == recording::EventLevel::fault) {
    ui.fill({center.x - 4, center.y - 4, 8, 8}, color, 1);
  } else if (color_of(event) == theme::wrong) {
    ui.ring(center, 4.2F, color, 1.6F);
  } else {
    ui.disc(center, 4, color);
  }
}

const std::string& sentence(const recording::RecordedEvent& event, Language language) {
  return language == Language::korean && !event.ko.empty() ? event.ko : event.en;
}

}  // namespace brokerlab::viz
