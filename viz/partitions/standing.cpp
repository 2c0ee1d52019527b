#include "viz/partitions/pieces.h"

#include <algorithm>

namespace brokerlab::viz {

Standing standing_of(const Scene& scene, const recording::RecordedPartition& partition) {
  if (scene.run.lost_of(partition.id, scene.moment.t) > 0) return Standing::lost;
  const auto found = scene.moment.state.partitions.find(partition.id);
  if (found == scene.moment.state.partitions.end()) return Standing::unknown;
  switch (leadership(scene, found->second)) {
    case Leadership::none:
    case Leadership::dead:
      return Standing::offline;
    case Leadership::unreachable:
      return Standing::unreachable;
    case Leadership::alive:
      break;
  }
  return found->second.isr.size() < found->second.replicas.size() ? Standing::short_of_replicas
                                                                  : Standing::well;
}

Text word_of(Standing standing) {
  switch (standing) {
    case Standing::lost:
      return Text::stands_lost;
    case Standing::offline:
      return Text::chip_offline;
    case Standing::unreachable:
      return Text::chip_unreachable;
    case Standing::short_of_replicas:
      return Text::stands_short;
    case Standing::well:
      return Text::stands_well;
    case Standing::unknown:
      break;
  }
  return Text::nothing_known;
}

void draw_standing(Ui& ui, const Rect& cell, Standing standing) {
  const float thick = std::max(1.F, cell.w / 7);
  switch (standing) {
    case Standing::lost:  // Crossed out.
      ui.fill(cell, theme::wrong);
      ui.line({cell.x + 1, cell.y + 1}, {cell.right() - 1, cell.bottom() - 1}, theme::on_color,
              thick);
      ui.line({cell.right() - 1, cell.y + 1}, {cell.x + 1, cell.bottom() - 1}, theme::on_color,
              thick);
      return;
    case Standing::offline:  // Half of it.
      return ui.triangle({cell.x, cell.y}, {cell.right(), cell.bottom()}, {cell.x, cell.bottom()},
                         theme::wrong);
    case Standing::unreachable: {  // In two halves.
      const float half = cell.w * 0.36F;
      ui.fill({cell.x, cell.y, half, cell.h}, theme::wrong);
      return ui.fill({cell.right() - half, cell.y, half, cell.h}, theme::wrong);
    }
    case Standing::short_of_replicas:  // Hollow.
      return ui.outline(cell.inset(thick / 2), theme::control, 0, thick * 1.3F);
    case Standing::well:
      return ui.fill(cell, faded(theme::accent, 0.45F));
    case Standing::unknown:
      return ui.disc(cell.center(), thick, theme::faint);
  }
}

}  // namespace brokerlab::viz
