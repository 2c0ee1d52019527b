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
  const float twice = 2 * static_cast<float>(color >> 24U) * share;
  const auto alpha = static_cast<unsigned>((twice + 1) / 2);
  return (color & 0x00FFFFFFU) | (alpha > 255U ? 255U : alpha) << 24U;
}

/// What is seen of `color` on an opaque ground.
constexpr Color mixed(Color color, Color ground) {
  const unsigned share = color >> 24U;
  Color result = 0xFF000000U;
  for (unsigned part = 0; part < 24; part += 8) {
    const unsigned above = color >> part & 0xFFU;
    const unsigned below = ground >> part & 0xFFU;
    result |= (above * share + below * (255 - share) + 127) / 255 << part;
  }
  return result;
}

namespace theme {

inline constexpr Color background = rgb(13, 17, 23);
inline constexpr Color panel = rgb(20, 26, 34);
inline constexpr Color panel_edge = rgb(33, 41, 52);
inline constexpr Color card = rgb(29, 37, 48);
inline constexpr Color card_edge = rgb(58, 70, 87);
inline constexpr Color dead_card = rgb(27, 28, 32);
inline constexpr Color chip = rgb(42, 62, 80);   ///< A replica in sync.
inline constexpr Color track = rgb(44, 54, 68);  ///< Empty part of a bar, grid lines.

inline constexpr Color text = rgb(226, 232, 240);
inline constexpr Color dim = rgb(150, 163, 180);
inline constexpr Color faint = rgb(134, 146, 163);
inline constexpr Color on_color = rgb(10, 16, 22);  ///< Text on a bright fill.

inline constexpr Color accent = rgb(88, 182, 236);
inline constexpr Color wrong = rgb(243, 94, 94);
inline constexpr Color good = rgb(98, 202, 160);

inline constexpr Color produce = accent;
inline constexpr Color replicate = rgb(173, 150, 234);
inline constexpr Color consume = good;
inline constexpr Color control = rgb(220, 186, 116);

/// Dark is what the constants say; a light sheet takes the other of each pair for it, when it is
/// drawn (Ui). Words on their grounds keep a contrast of 4.5:1 in both (tests/viz/theme_test.cpp).
struct Pair {
  Color dark;
  Color light;
};
inline constexpr Pair palette[] = {
    {background, rgb(232, 236, 241)}, {panel, rgb(255, 255, 255)},
    {panel_edge, rgb(206, 213, 222)}, {card, rgb(243, 246, 250)},
    {card_edge, rgb(196, 205, 216)},  {dead_card, rgb(240, 234, 234)},
    {chip, rgb(206, 220, 234)},       {track, rgb(212, 219, 228)},
    {text, rgb(22, 28, 36)},          {dim, rgb(70, 80, 94)},
    {faint, rgb(92, 101, 113)},       {on_color, rgb(255, 255, 255)},
    {accent, rgb(0, 96, 158)},        {wrong, rgb(184, 26, 34)},
    {good, rgb(12, 108, 70)},         {replicate, rgb(104, 66, 190)},
    {control, rgb(132, 84, 0)},
};
/// A colour of the palette as it is on a light sheet; its opacity stays.
constexpr Color on_light(Color color) {
  for (const Pair& pair : palette) {
    if ((pair.dark & 0x00FFFFFFU) == (color & 0x00FFFFFFU)) {
      return (color & 0xFF000000U) | (pair.light & 0x00FFFFFFU);
    }
  }
  return color;
}

/// Words that are quiet elsewhere speak up before a class.
constexpr Color stronger(Color color) {
  const Color plain = color & 0x00FFFFFFU;
  const Color opacity = color & 0xFF000000U;
  if (plain == (faint & 0x00FFFFFFU)) return opacity | (dim & 0x00FFFFFFU);
  if (plain == (dim & 0x00FFFFFFU)) return opacity | (text & 0x00FFFFFFU);
  if (plain == (panel_edge & 0x00FFFFFFU)) return opacity | (card_edge & 0x00FFFFFFU);
  return color;
}

inline constexpr float margin = 14;
inline constexpr float gap = 10;
inline constexpr float radius = 8;
inline constexpr float padding = 14;

inline constexpr float design_width = 1600;
inline constexpr float design_height = 900;

/// Below this a sheet has room for one panel beside the bar: the type is large, or the window
/// small.
inline constexpr float least_width = 1240;
inline constexpr float least_height = 690;

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
