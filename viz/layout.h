// Where each panel is: the sheet is divided into rows and columns, and a panel names its place
// among them (viewer.cpp has the tree). A new panel is a file, a line in panels.h and its place in
// the tree; nobody else's numbers change.
//
// Lifetime: values. Threads: none.
#pragma once

#include "viz/ui.h"

#include <vector>

namespace brokerlab::viz {

struct Scene;

/// A panel, or rows or columns of others.
struct Place {
  enum class Kind { panel, rows, columns };
  Kind kind = Kind::panel;
  /// How much it wants of the direction in which it stands beside others, in units of the sheet;
  /// null: an equal share of what the others leave.
  float (*wants)(const Scene& scene) = nullptr;
  void (*draw)(Ui& ui, const Scene& scene, const Rect& rect) = nullptr;  ///< Of a panel.
  std::vector<Place> parts = {};                                         ///< Of the others.
};

struct Placed {
  void (*draw)(Ui& ui, const Scene& scene, const Rect& rect) = nullptr;
  Rect rect;
};

/// Every panel below `place`, which has this rectangle; `gap` units lie between neighbours. Who
/// wants more than there is gets what there is.
std::vector<Placed> lay_out(const Place& place, const Scene& scene, const Rect& rect, float gap);

}  // namespace brokerlab::viz
