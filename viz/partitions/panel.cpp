// The partitions: all of them above, the logs of the chosen one below.
#include "viz/partitions/pieces.h"

#include <algorithm>

namespace brokerlab::viz {
namespace {

constexpr float head_room = 38;   ///< What draw_panel() takes.
constexpr std::size_t many = 60;  ///< From here on a table is no overview.

bool as_matrix(const Scene& scene) {
  return scene.view.matrix.value_or(scene.run.partitions.size() > many);
}

// A button with a grid, or with lines, for the way it is not.
void draw_switch_of_kinds(Ui& ui, const Scene& scene, const Rect& button) {
  const bool matrix = as_matrix(scene);
  ui.fill(button, ui.hovered(button) ? theme::card_edge : theme::card, 4);
  for (int row = 0; row < 3; ++row) {
    const float y = button.y + 5 + 5 * static_cast<float>(row);
    if (matrix) {
      ui.fill({button.x + 5, y, 14, 2}, theme::text);
    } else {
      for (int i = 0; i < 3; ++i) {
        ui.fill({button.x + 5 + 5 * static_cast<float>(i), y, 3, 3}, theme::text);
      }
    }
  }
  if (ui.hovered(button)) {
    ui.tooltip(std::string(ui.say(matrix ? Text::as_table : Text::as_matrix)));
  }
  if (ui.clicked(button)) {
    scene.view.matrix = !matrix;
    scene.view.table_first = 0;
  }
}

}  // namespace

float partition_panel_height(const Scene& scene) {
  const float logs = scene.view.partition ? replica_logs_height(scene) : 0;
  return head_room + std::min(table_height(scene), scene.view.partition ? 300.F : 1000.F) + logs +
         theme::padding;
}

void draw_partition_panel(Ui& ui, const Scene& scene, const Rect& rect) {
  Rect room = draw_panel(ui, rect, ui.say(Text::partitions));
  const float title = ui.width_of(ui.say(Text::partitions), {Size::body, 0, true});
  draw_switch_of_kinds(ui, scene, {room.x + title + 12, rect.y + 9, 24, 21});
  if (scene.view.partition) {
    const float logs = std::min(replica_logs_height(scene), room.h * 0.6F);
    draw_replica_logs(ui, scene, {room.x, room.bottom() - logs, room.w, logs});
    room.h -= logs + 6;
  }
  if (as_matrix(scene)) {
    draw_partition_matrix(ui, scene, room);
  } else {
    draw_partition_table(ui, scene, room);
  }
}

}  // namespace brokerlab::viz
