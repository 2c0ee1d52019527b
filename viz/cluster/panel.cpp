// The picture of the cluster: cards, the buses between them, and the messages on their way.
#include "viz/cluster/pieces.h"

namespace brokerlab::viz {

void draw_cluster_panel(Ui& ui, const Scene& scene, const Rect& rect) {
  const Rect room = draw_panel(ui, rect, ui.say(Text::cluster));
  const float legend = 46;
  // The row of ZooKeeper starts beside the title: nothing else is in the middle up there.
  const Rect picture{room.x, rect.y + theme::padding, room.w, rect.h - 2 * theme::padding - legend};
  const ClusterLayout layout(scene.run, scene.view, picture);
  const Ways ways(scene.run, layout);
  const std::map<int, Holdings> holdings = count_holdings(scene);
  draw_areas(ui, scene, layout);
  draw_wires(ui, ways);
  draw_area_heads(ui, scene, layout);
  for (std::size_t i = 0; i < layout.brokers.size(); ++i) {
    const auto& broker = scene.run.brokers[i];
    draw_broker(ui, scene, broker, holdings.at(broker.number), layout.brokers[i]);
  }
  for (std::size_t i = 0; i < layout.zookeepers.size(); ++i) {
    draw_zookeeper(ui, scene, scene.run.zookeepers[i], layout.zookeepers[i]);
  }
  draw_clients(ui, scene, scene.run.producers, layout.producers, scene.view.producers, true);
  draw_clients(ui, scene, scene.run.consumers, layout.consumers, scene.view.consumers, false);
  if (layout.consumer_head.w > 0) draw_group(ui, scene, layout.consumer_head);
  draw_messages(ui, scene, ways);
  draw_legend(ui, scene, {room.x, picture.bottom() + 12, room.w, legend});
}

}  // namespace brokerlab::viz
