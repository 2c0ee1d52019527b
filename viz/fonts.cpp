#include "viz/fonts.h"

#include "base/translation.h"
#include "viz/text.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <imgui.h>
#include <imgui_freetype.h>

namespace brokerlab::viz {
namespace {

constexpr const char* folder = "/usr/share/fonts/truetype/nanum/";

std::string own_texts() {
  std::string all = "…−×·—–→←↑↓µ°%‘’“”「」";
  for (int i = 0; i < static_cast<int>(Text::count_); ++i) {
    all += say(static_cast<Text>(i), Language::english);
    all += say(static_cast<Text>(i), Language::korean);
  }
  return all;
}

}  // namespace

void Glyphs::add(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    const auto glyph = text.substr(at, end - at);
    at = end;
    if (glyph.size() == 1 || known_.contains(glyph)) continue;
    known_.emplace(glyph);
    text_ += glyph;
  }
}

Result<Fonts, std::string> load_fonts(float scale, std::string_view more_text) {
  const std::string regular = std::string(folder) + "NanumGothic.ttf";
  const std::string bold = std::string(folder) + "NanumGothicBold.ttf";
  for (const auto& path : {regular, bold}) {
    if (!std::filesystem::exists(path)) {
      return fail(tr("the font {} is missing; install the package fonts-nanum", path));
    }
  }
  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  atlas.Clear();
  atlas.FontBuilderIO = ImGuiFreeType::GetBuilderForFreeType();
  // Any hinting moves Nanum's full stop below the line in some sizes.
  atlas.FontBuilderFlags = ImGuiFreeTypeBuilderFlags_NoHinting;

  // The ranges must live until Build(), which is below.
  ImFontGlyphRangesBuilder builder;
  builder.AddRanges(atlas.GetGlyphRangesDefault());
  const std::string own = own_texts();
  builder.AddText(own.data(), own.data() + own.size());
  builder.AddText(more_text.data(), more_text.data() + more_text.size());
  ImVector<ImWchar> ranges;
  builder.BuildRanges(&ranges);

  Fonts fonts;
  for (const Size size : {Size::small, Size::body, Size::title, Size::clock}) {
    const auto slot = static_cast<std::size_t>(size);
    const float pixels = pixels_of(size) * scale;
    fonts.regular[slot] = atlas.AddFontFromFileTTF(regular.c_str(), pixels, nullptr, ranges.Data);
    fonts.bold[slot] = atlas.AddFontFromFileTTF(bold.c_str(), pixels, nullptr, ranges.Data);
  }
  if (!atlas.Build()) return fail(tr("the fonts in {} cannot be read", folder));
  return fonts;
}

std::string missing_glyph(const Fonts& fonts, std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    const auto character = text.substr(i, length);
    unsigned code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < character.size(); ++k) {
      code = code << 6U | (static_cast<unsigned char>(character[k]) & 0x3FU);
    }
    i += length;
    if (code < 0x20) continue;
    for (const auto& family : {fonts.regular, fonts.bold}) {
      if (code > 0xFFFF || family[0]->FindGlyphNoFallback(static_cast<ImWchar>(code)) == nullptr) {
        return std::string(character);
      }
    }
  }
  return {};
}

}  // namespace brokerlab::viz
