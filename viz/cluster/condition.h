// What can be wrong with a machine or its process, and how each is told apart: a shape and a word,
// never the colour alone. The same on a broker, a ZooKeeper server, a client and in the help.
//
// Threads: none. Errors: none; what the recording does not tell is not wrong.
#pragma once

#include "viz/panels.h"
#include "viz/trouble.h"

#include <vector>

namespace brokerlab::viz {

Text word_of(Condition condition);
Text brief_word_of(Condition condition);  ///< Where that has no room.
Color color_of(Condition condition);
/// Whether nothing can be had of it now.
bool is_down(Condition condition);
/// Its shape, in the middle of `place`; a square of 12 units and more is enough.
void draw_glyph(Ui& ui, const Rect& place, Condition condition, Color color);

/// The worst first; empty: all is well.
std::vector<Condition> conditions_of(const Scene& scene, const recording::RecordedProcess& process);

}  // namespace brokerlab::viz
