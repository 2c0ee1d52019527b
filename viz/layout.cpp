#include "viz/layout.h"

#include <algorithm>

namespace brokerlab::viz {
namespace {

void insert(const Place& place, const Scene& scene, const Rect& rect, float gap,
            std::vector<Placed>& placed) {
  if (place.kind == Place::Kind::panel) {
    placed.push_back({place.draw, rect});
    return;
  }
  const bool rows = place.kind == Place::Kind::rows;
  const float gaps = gap * static_cast<float>(place.parts.size() - 1);
  float left = std::max((rows ? rect.h : rect.w) - gaps, 0.0F);
  std::vector<float> lengths(place.parts.size(), 0);
  std::size_t sharing = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (place.parts[i].wants == nullptr) {
      ++sharing;
      continue;
    }
    lengths[i] = std::clamp(place.parts[i].wants(scene), 0.0F, left);
    left -= lengths[i];
  }
  float at = rows ? rect.y : rect.x;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const Place& part = place.parts[i];
    const float length = part.wants == nullptr ? left / static_cast<float>(sharing) : lengths[i];
    insert(part, scene, rows ? Rect{rect.x, at, rect.w, length} : Rect{at, rect.y, length, rect.h},
           gap, placed);
    at += length + gap;
  }
}

}  // namespace

std::vector<Placed> lay_out(const Place& place, const Scene& scene, const Rect& rect, float gap) {
  std::vector<Placed> placed;
  insert(place, scene, rect, gap, placed);
  return placed;
}

}  // namespace brokerlab::viz
