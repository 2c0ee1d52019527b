// Thousands of partitions: a cell each, topic after topic, and how many stand how.
#include "viz/partitions/pieces.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace brokerlab::viz {
namespace {

constexpr float topic_line = 22;
constexpr float counts_line = 24;

using Partitions = std::vector<recording::RecordedPartition>;

int topics_of(const Partitions& all) {
  int topics = 0;
  for (std::size_t i = 0; i < all.size(); ++i) topics += i == 0 || all[i].topic != all[i - 1].topic;
  return topics;
}

// The height of all with cells of this size.
float height_with(const Partitions& all, float width, float cell, bool headings) {
  const int across = std::max(1, static_cast<int>(width / cell));
  float height = 0;
  int here = 0;
  for (std::size_t i = 0; i <= all.size(); ++i) {
    const bool ends = i == all.size() || (headings && i > 0 && all[i].topic != all[i - 1].topic);
    if (ends) {
      height +=
          static_cast<float>((here + across - 1) / across) * cell + (headings ? topic_line : 0);
      here = 0;
    }
    ++here;
  }
  return height;
}

void draw_counts(Ui& ui, const Scene& scene, const std::map<Standing, int>& counts,
                 const Rect& line) {
  float x = line.x;
  for (const auto& [standing, count] : counts) {
    const std::string words = fmt::format("{} {}", ui.say(word_of(standing)), count);
    const float width = ui.width_of(words, {Size::small});
    if (x + 18 + width > line.right()) break;
    draw_standing(ui, {x, line.center().y - 6, 12, 12}, standing);
    ui.text_in({x + 18, line.y, width + 1, line.h}, words, {Size::small, theme::dim});
    const Rect reach{x, line.y, 18 + width, line.h};
    why_when_clicked(ui, scene, reach, {Asked::Of::standing, 0, "", static_cast<int>(standing)});
    if (standing == Standing::offline) name_when_hovered(ui, reach, "OfflinePartitionsCount");
    if (standing == Standing::short_of_replicas) {
      name_when_hovered(ui, reach, "UnderReplicatedPartitions");
    }
    x += 18 + width + 16;
  }
}

}  // namespace

void draw_partition_matrix(Ui& ui, const Scene& scene, const Rect& rect) {
  const Partitions& all = scene.run.partitions;
  const Rect room{rect.x, rect.y + counts_line, rect.w, rect.h - counts_line};
  bool headings = static_cast<float>(topics_of(all)) * topic_line < room.h / 2;
  float cell = 4;
  for (const float size : {30.F, 24.F, 20.F, 17.F, 14.F, 12.F, 10.F, 8.F, 7.F, 6.F, 5.F}) {
    if (height_with(all, room.w, size, headings) > room.h) continue;
    cell = size;
    break;
  }
  if (cell <= 4) headings = false;
  const float gap = cell >= 10 ? 2 : 1;
  const int across = std::max(1, static_cast<int>(room.w / cell));
  std::map<Standing, int> counts;
  float y = room.y;
  int column = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Standing standing = standing_of(scene, all[i]);
    ++counts[standing];
    const bool new_topic = headings && (i == 0 || all[i].topic != all[i - 1].topic);
    if (new_topic || column == across) {
      if (i > 0) y += cell;
      column = 0;
    }
    if (new_topic) {
      ui.text_fit({room.x, y, room.w, topic_line}, {all[i].topic}, {Size::small, theme::accent});
      y += topic_line;
    }
    const Rect place{room.x + static_cast<float>(column) * cell, y, cell - gap, cell - gap};
    ++column;
    if (place.bottom() > room.bottom() + 1) continue;  // Counted all the same.
    draw_standing(ui, place, standing);
    if (scene.view.partition == all[i].id) ui.outline(place.inset(-1), theme::text, 1, 1.5F);
    const Rect reach{place.x, place.y, cell, cell};
    if (!ui.hovered(reach)) continue;
    ui.tooltip(fmt::format("{}: {}", all[i].name(), ui.say(word_of(standing))));
    if (!ui.clicked(reach)) continue;
    scene.view.partition = all[i].id;
    scene.view.selected_event.reset();
    scene.view.asked = Asked{Asked::Of::partition, all[i].id};
  }
  draw_counts(ui, scene, counts, {rect.x, rect.y, rect.w, counts_line - 4});
}

}  // namespace brokerlab::viz
