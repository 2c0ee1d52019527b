#include "viz/ui.h"

#include "viz/solid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <imgui.h>

namespace brokerlab::viz {
namespace {

// How many bytes the UTF-8 character that starts with this byte has.
std::size_t length_of(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

ImVec2 scaled(Point p, float scale) { return {p.x * scale, p.y * scale}; }

Pixels pixels_of(const Rect& rect, float scale) {
  return {rect.x * scale, rect.y * scale, rect.right() * scale, rect.bottom() * scale};
}

}  // namespace

Ui::Ui(const Fonts& fonts, float scale, Language language, bool light, bool strong)
    : fonts_(fonts),
      scale_(scale),
      language_(language),
      light_(light),
      strong_(strong),
      draw_(ImGui::GetBackgroundDrawList()) {
  const ImGuiIO& io = ImGui::GetIO();
  sheet_ = {0, 0, io.DisplaySize.x / scale, io.DisplaySize.y / scale};
  mouse_ = {io.MousePos.x / scale, io.MousePos.y / scale};
  pressed_ = io.MouseClicked[0];
  down_ = io.MouseDown[0];
  wheel_ = io.MouseWheel;
  side_wheel_ = io.MouseWheelH;
  shift_ = io.KeyShift;
}

void Ui::fill(const Rect& rect, Color color, float radius) {
  draw_rectangle(*draw_, pixels_of(rect, scale_), paint(color), radius * scale_);
}

void Ui::wash(const Rect& rect, Color color, Color ground, float radius) {
  draw_rectangle(*draw_, pixels_of(rect, scale_), mixed(paint(color), paint(ground)),
                 radius * scale_);
}

void Ui::outline(const Rect& rect, Color color, float radius, float thickness) {
  draw_->AddRect(scaled({rect.x, rect.y}, scale_), scaled({rect.right(), rect.bottom()}, scale_),
                 paint(color), radius * scale_, 0, thickness * scale_);
}

void Ui::line(Point from, Point to, Color color, float thickness) {
  draw_->AddLine(scaled(from, scale_), scaled(to, scale_), paint(color), thickness * scale_);
}

void Ui::polyline(std::span<const Point> points, Color color, float thickness) {
  for (const Point& p : points) draw_->PathLineTo(scaled(p, scale_));
  draw_->PathStroke(paint(color), 0, thickness * scale_);
}

void Ui::dashes(std::span<const Point> points, Color color, float thickness, float on, float off) {
  float done = 0;  // Of the dash and gap that has begun.
  for (std::size_t i = 1; i < points.size(); ++i) {
    const Point a = points[i - 1];
    const Point b = points[i];
    const float length = std::hypot(b.x - a.x, b.y - a.y);
    for (float at = 0; at < length;) {
      const float step = std::min(length - at, (done < on ? on : on + off) - done);
      if (done < on) {
        const float from = at / length;
        const float to = (at + step) / length;
        line({a.x + (b.x - a.x) * from, a.y + (b.y - a.y) * from},
             {a.x + (b.x - a.x) * to, a.y + (b.y - a.y) * to}, color, thickness);
      }
      at += std::max(step, 0.05F);
      done += std::max(step, 0.05F);
      if (done >= on + off) done = 0;
    }
  }
}

void Ui::area(std::span<const Point> points, float base, Color color) {
  // Column by column: the whole is not convex, and neighbours must not overlap with a see-through
  // colour.
  const ImDrawListFlags flags = draw_->Flags;
  draw_->Flags = flags & ~ImDrawListFlags_AntiAliasedFill;
  for (std::size_t i = 1; i < points.size(); ++i) {
    const Point a = points[i - 1];
    const Point b = points[i];
    draw_->AddQuadFilled(scaled(a, scale_), scaled(b, scale_), scaled({b.x, base}, scale_),
                         scaled({a.x, base}, scale_), paint(color));
  }
  draw_->Flags = flags;
}

void Ui::disc(Point center, float radius, Color color) {
  draw_->AddCircleFilled(scaled(center, scale_), radius * scale_, paint(color), 16);
}

void Ui::ring(Point center, float radius, Color color, float thickness) {
  draw_->AddCircle(scaled(center, scale_), radius * scale_, paint(color), 16, thickness * scale_);
}

void Ui::triangle(Point a, Point b, Point c, Color color) {
  draw_->AddTriangleFilled(scaled(a, scale_), scaled(b, scale_), scaled(c, scale_), paint(color));
}

void Ui::push_clip(const Rect& rect) {
  draw_->PushClipRect(scaled({rect.x, rect.y}, scale_),
                      scaled({rect.right(), rect.bottom()}, scale_), true);
}

void Ui::pop_clip() { draw_->PopClipRect(); }

float Ui::width_of(std::string_view text, const TextStyle& style) const {
  const ImFont* font = fonts_.of(style.size, style.bold);
  return font->CalcTextSizeA(font->FontSize, 1e9F, 0, text.data(), text.data() + text.size()).x /
         scale_;
}

float Ui::text(Point at, std::string_view text, const TextStyle& style, Align align,
               float max_width) {
  std::string shortened;
  float width = width_of(text, style);
  if (max_width > 0 && width > max_width + 0.5F) {
    clipped_.emplace_back(text);
    std::size_t end = 0;
    while (end < text.size()) {
      const auto next = end + length_of(text[end]);
      if (width_of(std::string(text.substr(0, next)) + "…", style) > max_width) break;
      end = next;
    }
    shortened = std::string(text.substr(0, end)) + "…";
    text = shortened;
    width = width_of(text, style);
  }
  if (align == Align::center) at.x -= width / 2;
  if (align == Align::right) at.x -= width;
  const ImFont* font = fonts_.of(style.size, style.bold);
  draw_->AddText(font, font->FontSize, scaled(at, scale_), paint(style.color), text.data(),
                 text.data() + text.size());
  remember(text, {at.x, at.y, width, font->FontSize / scale_});
  return width;
}

void Ui::remember(std::string_view text, const Rect& line) {
  // A line has room above and below its letters.
  const Rect ink{line.x, line.y + line.h * 0.14F, line.w, line.h * 0.76F};
  const ImVec2 low = draw_->GetClipRectMin();
  const ImVec2 high = draw_->GetClipRectMax();
  const Rect seen{low.x / scale_, low.y / scale_, (high.x - low.x) / scale_,
                  (high.y - low.y) / scale_};
  if (ink.w <= 0 || !seen.meets(ink)) return;
  const float slack = 0.75F;
  const bool cut = ink.x < seen.x - slack || ink.right() > seen.right() + slack ||
                   ink.y < seen.y - slack || ink.bottom() > seen.bottom() + slack;
  texts_.push_back({std::string(text), ink, cut, layer_});
}

float Ui::text_fit(const Rect& rect, std::initializer_list<std::string_view> wordings,
                   const TextStyle& style, Align align) {
  if (rect.h + 2 < pixels_of(style.size)) return 0;
  for (const std::string_view wording : wordings) {
    if (width_of(wording, style) <= rect.w + 0.5F) return text_in(rect, wording, style, align);
  }
  return 0;
}

float Ui::text_in(const Rect& rect, std::string_view text, const TextStyle& style, Align align) {
  const float x = align == Align::left     ? rect.x
                  : align == Align::center ? rect.center().x
                                           : rect.right();
  const float y = rect.center().y - pixels_of(style.size) * 0.54F;
  return this->text({x, y}, text, style, align, rect.w);
}

std::vector<std::string> Ui::wrap(std::string_view text, const TextStyle& style,
                                  float width) const {
  std::vector<std::string> lines;
  std::string line;
  const auto flush = [&] {
    if (!line.empty()) lines.push_back(std::move(line));
    line.clear();
  };
  while (!text.empty()) {
    const auto blank = text.find(' ');
    const std::string word(text.substr(0, blank));
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    if (!line.empty() && width_of(line + " " + word, style) > width) flush();
    if (!line.empty()) line += ' ';
    if (width_of(line + word, style) <= width) {
      line += word;
      continue;
    }
    for (std::size_t i = 0; i < word.size();) {  // A word wider than the line: anywhere.
      const auto character = word.substr(i, length_of(word[i]));
      if (!line.empty() && width_of(line + character, style) > width) flush();
      line += character;
      i += character.size();
    }
  }
  flush();
  return lines;
}

void Ui::finish() {
  if (tooltip_.empty()) return;
  raise();
  const TextStyle style{Size::small, theme::text};
  const auto lines = wrap(tooltip_, style, 470);
  float width = 0;
  for (const auto& line : lines) width = std::max(width, width_of(line, style));
  const float height = static_cast<float>(lines.size()) * 19 + 14;
  Rect box{mouse_.x + 14, mouse_.y + 16, width + 20, height};
  box.x = std::max(4.F, std::min(box.x, sheet_.w - box.w - 4));
  if (box.bottom() > sheet_.h) box.y = mouse_.y - box.h - 8;
  fill(box, theme::card, 6);
  outline(box, theme::card_edge, 6);
  float y = box.y + 7;
  for (const auto& line : lines) {
    text({box.x + 10, y}, line, style);
    y += 19;
  }
  lower();
}

std::vector<std::string> unreadable(const std::vector<DrawnText>& texts) {
  std::vector<std::string> wrong;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const DrawnText& one = texts[i];
    if (one.cut) wrong.push_back(fmt::format("\"{}\" is cut", one.text));
    for (std::size_t k = i + 1; k < texts.size(); ++k) {
      const DrawnText& other = texts[k];
      if (one.layer != other.layer || !one.ink.inset(0.5F).meets(other.ink.inset(0.5F))) continue;
      wrong.push_back(fmt::format("\"{}\" over \"{}\" at {:.0f},{:.0f}", other.text, one.text,
                                  one.ink.x, one.ink.y));
    }
  }
  return wrong;
}

Rect draw_panel(Ui& ui, const Rect& rect, std::string_view title) {
  ui.fill(rect, theme::panel, theme::radius);
  ui.outline(rect, theme::panel_edge, theme::radius);
  if (title.empty()) return rect.inset(theme::padding);
  ui.text({rect.x + theme::padding, rect.y + 10}, title, {Size::body, theme::text, true});
  return {rect.x + theme::padding, rect.y + 38, rect.w - 2 * theme::padding,
          rect.h - 38 - theme::padding};
}

Rect draw_badge(Ui& ui, Point at, std::string_view text, Color color, Align align, bool filled) {
  const TextStyle style{Size::small, filled ? theme::on_color : color, true};
  const float width = ui.width_of(text, style) + 16;
  const Rect pill{align == Align::right ? at.x - width : at.x, at.y, width, 22};
  if (filled) {
    ui.fill(pill, color, 5);
  } else {
    ui.fill(pill, faded(color, 0.12F), 5);
    ui.outline(pill, color, 5);
  }
  ui.text_in(pill.inset(2), text, style, Align::center);
  return pill;
}

std::string with_thousands(std::int64_t value) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  for (auto i = std::ssize(digits) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), ",");
  }
  return value < 0 ? "−" + digits : digits;
}

std::string short_number(double value) {
  const double size = std::abs(value);
  if (size >= 9.995e8) return fmt::format("{:.4g}G", value / 1e9);
  if (size >= 9.995e5) return fmt::format("{:.3g}M", value / 1e6);
  if (size >= 9995) return fmt::format("{:.3g}k", value / 1e3);
  if (size >= 9.95 || size == 0) return fmt::format("{:.0f}", value);
  return fmt::format("{:.1f}", value);
}

}  // namespace brokerlab::viz
