// The typefaces: NanumGothic from the package fonts-nanum, in the sizes of the theme.
//
// Only the glyphs that can occur are rasterised (Hangul has 11,172 syllables): the viewer's own
// texts, ASCII, and the text that the recording brings.
//
// Lifetime: the fonts belong to the current ImGui context. Errors: returned, one sentence.
#pragma once

#include "base/result.h"
#include "viz/theme.h"

#include <array>
#include <functional>
#include <set>
#include <string>
#include <string_view>

struct ImFont;

namespace brokerlab::viz {

/// The characters that texts need beyond ASCII, each once; grows.
class Glyphs {
 public:
  void add(std::string_view text);
  const std::string& text() const { return text_; }

 private:
  std::set<std::string, std::less<>> known_;
  std::string text_;
};

struct Fonts {
  std::array<ImFont*, 4> regular{};  ///< By Size.
  std::array<ImFont*, 4> bold{};

  ImFont* of(Size size, bool is_bold) const {
    return (is_bold ? bold : regular)[static_cast<std::size_t>(size)];
  }
};

/// Replaces the fonts of the current ImGui context. The renderer's texture is the caller's to
/// rebuild. `more_text`: UTF-8 whose characters must be drawable.
Result<Fonts, std::string> load_fonts(float scale, std::string_view more_text);

/// The first character of the text that the fonts cannot draw, or "" when they can draw all.
std::string missing_glyph(const Fonts& fonts, std::string_view text);

}  // namespace brokerlab::viz
