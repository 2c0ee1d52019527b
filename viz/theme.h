// How the viewer looks: colours, type sizes and distances, all in this file.
//
// Calm and dark; one accent colour for what can be used and what is current; red only for what is
// dead or wrong. Distances are design units: the frame is composed on a 1600 x 900 sheet and
// scaled to the window.
#pragma once

#include <cstdint>

namespace brokerlab::viz {

/// 0xAABBGGRR, as OpenGL's byte order and Dear ImGui want it.
using Color = std::uint32_t;

constexpr Color rgb(unsigned red, unsigned green, unsigned blue, unsigned alpha = 255) {
  return alpha << 24U | blue << 16U | green << 8U | red;
}
/// The same colour with its opacity multiplied by `share` (0..1).
constexpr Color faded(Color color, float share) {
  const auto alpha = static_cast<unsigned>(static_cast<float>(color >> 24U) * share + 0.5F);
  return (color & 0x00FFFFFFU) | (alpha > 255U ? 255U : alpha) << 24U;
}

namespace theme {

inline constexpr Color background = rgb(13, 17, 23);
inline constexpr Color panel = rgb(20, 26, 34);
inline constexpr Color panel_edge = rgb(33, 41, 52);
inline constexpr Color card = rgb(29, 37, 48);
inline constexpr Color card_edge = rgb(58, 70, 87);
inline constexpr Color dead_card = rgb(27, 28, 32);
inline constexpr Color track = rgb(44, 54, 68);  ///< Empty part of a bar, grid lines.

inline constexpr Color text = rgb(226, 232, 240);
inline constexpr Color dim = rgb(150, 163, 180);
inline constexpr Color faint = rgb(100, 113, 130);
inline constexpr Color on_color = rgb(10, 16, 22);  ///< Text on a bright fill.

inline constexpr Color accent = rgb(88, 182, 236);
inline constexpr Color wrong = rgb(238, 84, 84);
inline constexpr Color good = rgb(98, 202, 160);

inline constexpr Color produce = accent;
inline constexpr Color replicate = rgb(173, 150, 234);
inline constexpr Color consume = good;
inline constexpr Color control = rgb(220, 186, 116);

inline constexpr float margin = 14;
inline constexpr float gap = 10;
inline constexpr float radius = 8;
inline constexpr float padding = 14;

inline constexpr float design_width = 1600;
inline constexpr float design_height = 900;

/// A dot on its way is drawn for at least this long, in milliseconds of the watcher's time.
inline constexpr int minimum_flight_ms = 400;

}  // namespace theme

enum class Size { small, body, title, clock };

constexpr float pixels_of(Size size) {
  switch (size) {
    case Size::small:
      return 14;
    case Size::body:
      return 16;
    case Size::title:
      return 20;
    case Size::clock:
      return 27;
  }
  return 16;
}

}  // namespace brokerlab::viz
