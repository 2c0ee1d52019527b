// Large opaque rectangles, drawn cheaply. ImGui mixes every pixel of a shape with what is below it,
// and looks each up in a texture, which a software OpenGL pays for pixel by pixel: most of all for
// grounds and panels. What lies inside such a rectangle is cleared instead; its rim, with round
// corners and soft edges, is drawn as before. Not a pixel differs.
//
// Threads: that of the window. The clearing happens while ImGui's commands are carried out, in
// order.
#pragma once

struct ImDrawList;

namespace brokerlab::viz {

/// In pixels of the screen; ImGui's colours.
struct Pixels {
  float left = 0, top = 0, right = 0, bottom = 0;
};

/// A small rectangle, or one that shines through, is drawn by ImGui alone.
void draw_rectangle(ImDrawList& draw, const Pixels& where, unsigned color, float radius);

}  // namespace brokerlab::viz
