#include "viz/solid.h"

#include <GL/gl.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <imgui.h>

namespace brokerlab::viz {
namespace {

// Below so many pixels the commands that replace one cost more than they save.
constexpr float worth_clearing = 10'000;

bool whole_pixels() {
  const ImVec2 scale = ImGui::GetIO().DisplayFramebufferScale;
  return scale.x == std::floor(scale.x) && scale.y == std::floor(scale.y);
}

// An ImDrawCallback: clears the command's clip rectangle, of whole pixels, to the color in its
// data.
void clear(const ImDrawList* /*list*/, const ImDrawCmd* command) {
  const auto color =
      static_cast<ImU32>(reinterpret_cast<std::uintptr_t>(command->UserCallbackData));
  const ImVec4 value = ImGui::ColorConvertU32ToFloat4(color);
  const ImDrawData& data = *ImGui::GetDrawData();
  const ImVec2 scale = data.FramebufferScale;
  const ImVec4& part = command->ClipRect;
  glScissor(static_cast<GLint>(part.x * scale.x),
            static_cast<GLint>((data.DisplaySize.y - part.w) * scale.y),
            static_cast<GLint>((part.z - part.x) * scale.x),
            static_cast<GLint>((part.w - part.y) * scale.y));
  glClearColor(value.x, value.y, value.z, value.w);
  glClear(GL_COLOR_BUFFER_BIT);
}

// Where a rectangle is cut along one axis, within what may be drawn on: its soft edges lie outside
// `straight` and `straight_end`, its corners outside `inner` and `inner_end`.
struct Cuts {
  float first, straight, inner, inner_end, straight_end, last;

  Cuts(float from, float to, float radius, float least, float most)
      : first(least),
        straight(std::clamp(std::ceil(from), least, most)),
        inner(std::clamp(std::ceil(from + radius + 1), least, most)),
        inner_end(std::clamp(std::floor(to - radius - 1), least, most)),
        straight_end(std::clamp(std::floor(to), least, most)),
        last(most) {}
};

}  // namespace

void draw_rectangle(ImDrawList& draw, const Pixels& where, unsigned color, float radius) {
  const ImVec2 from{where.left, where.top};
  const ImVec2 to{where.right, where.bottom};
  const ImVec2 least = draw.GetClipRectMin();
  const ImVec2 most = draw.GetClipRectMax();
  const Cuts x(from.x, to.x, radius, least.x, most.x);
  const Cuts y(from.y, to.y, radius, least.y, most.y);
  const float width = x.inner_end - x.inner;
  const float height = y.inner_end - y.inner;
  const bool opaque = color >> IM_COL32_A_SHIFT == 0xFF;
  if (!opaque || !whole_pixels() || width <= 0 || height <= 0 || width * height < worth_clearing) {
    draw.AddRectFilled(from, to, color, radius);
    return;
  }
  const auto within = [&](float left, float top, float right, float bottom, bool ground) {
    if (left >= right || top >= bottom) return;
    draw.PushClipRect({left, top}, {right, bottom}, true);
    if (ground) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): ImGui carries a pointer, we have a color.
      draw.AddCallback(&clear, reinterpret_cast<void*>(static_cast<std::uintptr_t>(color)));
    } else {
      draw.AddRectFilled(from, to, color, radius);
    }
    draw.PopClipRect();
  };
  within(x.first, y.first, x.inner, y.inner, false);
  within(x.inner_end, y.first, x.last, y.inner, false);
  within(x.first, y.inner_end, x.inner, y.last, false);
  within(x.inner_end, y.inner_end, x.last, y.last, false);
  within(x.inner, y.first, x.inner_end, y.straight, false);
  within(x.inner, y.straight_end, x.inner_end, y.last, false);
  within(x.first, y.inner, x.straight, y.inner_end, false);
  within(x.straight_end, y.inner, x.last, y.inner_end, false);
  within(x.inner, y.straight, x.inner_end, y.inner, true);
  within(x.inner, y.inner_end, x.inner_end, y.straight_end, true);
  within(x.straight, y.inner, x.straight_end, y.inner_end, true);
}

}  // namespace brokerlab::viz
