// The drawing board of the panels: shapes, text and the mouse, in design units (viz/theme.h).
//
// The only place, with fonts, window and offscreen, where Dear ImGui is used; panels see none of
// it. Text that does not fit its width is shortened with an ellipsis and reported in clipped(),
// which the tests demand to be empty.
//
// Lifetime: one Ui a frame; borrows the fonts and the current ImGui frame. Threads: none.
#pragma once

#include "viz/fonts.h"
#include "viz/text.h"
#include "viz/theme.h"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct ImDrawList;

namespace brokerlab::viz {

struct Point {
  float x = 0;
  float y = 0;
};

struct Rect {
  float x = 0;
  float y = 0;
  float w = 0;
  float h = 0;

  float right() const { return x + w; }
  float bottom() const { return y + h; }
  Point center() const { return {x + w / 2, y + h / 2}; }
  Rect inset(float by) const { return {x + by, y + by, w - 2 * by, h - 2 * by}; }
  bool holds(Point p) const { return p.x >= x && p.x < right() && p.y >= y && p.y < bottom(); }
  bool meets(const Rect& other) const {
    return x < other.right() && other.x < right() && y < other.bottom() && other.y < bottom();
  }
};

enum class Align { left, center, right };

struct TextStyle {
  Size size = Size::body;
  Color color = theme::text;
  bool bold = false;
};

/// A text as it reached the screen, for who checks that all can be read.
struct DrawnText {
  std::string text;
  Rect ink;          ///< What its letters cover.
  bool cut = false;  ///< The edge of a panel, or of the sheet, runs through it.
  int layer = 0;  ///< What is drawn over everything else has a higher one, and a ground of its own.
};

/// "a" over "b", or "c" is cut: what cannot be read of a frame; empty when all can.
std::vector<std::string> unreadable(const std::vector<DrawnText>& texts);

class Ui {
 public:
  /// Begins drawing into the ImGui frame that has begun. `scale`: pixels a design unit.
  /// `light`: every colour of the theme becomes its light one.
  /// `strong`: with more contrast, for a projector.
  Ui(const Fonts& fonts, float scale, Language language, bool light = false, bool strong = false);

  Language language() const { return language_; }
  std::string_view say(Text text) const { return viz::say(text, language_); }
  Rect sheet() const { return sheet_; }  ///< The whole window.

  void fill(const Rect& rect, Color color, float radius = 0);
  /// A color that shines through, where only `ground` lies below: filled with what both give.
  void wash(const Rect& rect, Color color, Color ground, float radius = 0);
  void outline(const Rect& rect, Color color, float radius = 0, float thickness = 1);
  void line(Point from, Point to, Color color, float thickness = 1);
  void polyline(std::span<const Point> points, Color color, float thickness = 1);
  /// In dashes of `on` units, `off` apart.
  void dashes(std::span<const Point> points, Color color, float thickness, float on, float off);
  /// The area between the points (in order of x) and a horizontal line at `base`.
  void area(std::span<const Point> points, float base, Color color);
  void disc(Point center, float radius, Color color);
  void ring(Point center, float radius, Color color, float thickness = 1);
  void triangle(Point a, Point b, Point c, Color color);
  void push_clip(const Rect& rect);
  void pop_clip();

  float width_of(std::string_view text, const TextStyle& style) const;
  static float height_of(Size size) { return pixels_of(size) * 1.16F; }
  /// One line with its top at y; x is the left, middle or right by `align`. Returns its width.
  /// Longer than max_width (when positive): shortened.
  float text(Point at, std::string_view text, const TextStyle& style, Align align = Align::left,
             float max_width = 0);
  /// One line in the middle of the rectangle's height.
  float text_in(const Rect& rect, std::string_view text, const TextStyle& style,
                Align align = Align::left);
  /// The first of the wordings that fits into the rectangle; none, when even the last is too wide
  /// or the rectangle too low. Returns the width drawn.
  float text_fit(const Rect& rect, std::initializer_list<std::string_view> wordings,
                 const TextStyle& style, Align align = Align::left);
  /// Breaks text into lines no wider than `width`, at blanks where there are any.
  std::vector<std::string> wrap(std::string_view text, const TextStyle& style, float width) const;

  Point mouse() const { return mouse_; }
  bool hovered(const Rect& rect) const { return rect.holds(mouse_); }
  bool clicked(const Rect& rect) const { return pressed_ && rect.holds(mouse_); }
  bool mouse_pressed() const { return pressed_; }  ///< In this frame.
  void take_click() { pressed_ = false; }          ///< What is drawn later has none.
  bool mouse_down() const { return down_; }
  float wheel() const { return wheel_; }
  float side_wheel() const { return side_wheel_; }
  bool shift() const { return shift_; }  ///< Held.

  /// Shown beside the mouse, over everything, by finish().
  void tooltip(std::string text) { tooltip_ = std::move(text); }
  void finish();

  const std::vector<std::string>& clipped() const { return clipped_; }
  const std::vector<DrawnText>& texts() const { return texts_; }
  /// From now on over everything that was drawn before, until lower().
  void raise() { ++layer_; }
  void lower() { --layer_; }

 private:
  Color paint(Color color) const {
    if (strong_) color = theme::stronger(color);
    return light_ ? theme::on_light(color) : color;
  }
  void remember(std::string_view text, const Rect& line);

  const Fonts& fonts_;
  const float scale_;
  const Language language_;
  const bool light_;
  const bool strong_;
  ImDrawList* draw_;
  Rect sheet_;
  Point mouse_;
  bool pressed_ = false;
  bool down_ = false;
  float wheel_ = 0;
  float side_wheel_ = 0;
  bool shift_ = false;
  std::string tooltip_;
  std::vector<std::string> clipped_;
  std::vector<DrawnText> texts_;
  int layer_ = 0;
};

// Pieces that several panels share.

/// A panel's background and title; returns the room below the title.
Rect draw_panel(Ui& ui, const Rect& rect, std::string_view title);
/// A filled pill with text; its width follows the text. Returns its rectangle. `at` is the top
/// left, or the top right with Align::right.
Rect draw_badge(Ui& ui, Point at, std::string_view text, Color color, Align align = Align::left,
                bool filled = true);

/// "12,345"
std::string with_thousands(std::int64_t value);
/// Rounded: "9.5", "198", "9800", "12.3k", "3.4M", "1.235G".
std::string short_number(double value);

}  // namespace brokerlab::viz
