// A ZooKeeper server: its name and its part in the ensemble.
#include "viz/cluster/pieces.h"

#include <fmt/format.h>

namespace brokerlab::viz {

void draw_zookeeper(Ui& ui, const Scene& scene, const recording::RecordedProcess& server,
                    const Rect& card) {
  std::vector<Condition> conditions = conditions_of(scene, server);
  const auto role = scene.moment.state.zookeeper_role.find(server.number);
  const std::string named = role == scene.moment.state.zookeeper_role.end() ? "" : role->second;
  if (conditions.empty() && named == "down") conditions.push_back(Condition::stopped);
  const bool alive = conditions.empty() || !is_down(conditions.front());
  draw_card(ui, card, conditions);
  why_when_clicked(ui, scene, card, {Asked::Of::machine, server.machine});
  const float inset = card.w < 100 ? 6 : card_inner;
  const float x = card.x + inset;
  const float w = card.w - 2 * inset;
  ui.text_fit({x, card.y + 6, w, 18},
              {server.name, fmt::format("zk {}", server.number), fmt::format("{}", server.number)},
              {Size::small, alive ? theme::text : theme::dim, true});
  const Rect line{x, card.y + 27, w, 20};
  if (!conditions.empty()) return draw_conditions(ui, scene, line, server.machine, conditions);
  const auto tell = [&](Text text, Color color, bool filled, bool bold) {
    const Point dot{line.x + 5, line.center().y};
    filled ? ui.disc(dot, 5, color) : ui.ring(dot, 4.5F, color, 1.5F);
    ui.text_fit({line.x + 17, line.y, line.w - 17, line.h}, {ui.say(text)},
                {Size::small, color, bold});
  };
  if (named == "leader") {
    tell(Text::zookeeper_leader, theme::accent, true, true);
  } else if (named == "looking") {
    tell(Text::zookeeper_looking, theme::control, false, false);
  } else if (named == "follower") {
    tell(Text::zookeeper_follower, theme::dim, false, false);
  }
}

}  // namespace brokerlab::viz
