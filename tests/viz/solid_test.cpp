// A large rectangle is cleared where it is plain and drawn at its rim: nobody may see a difference.
#include "viz/solid.h"

#include "tests/viz/sample_recording.h"
#include "viz/offscreen.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <imgui/imgui.h>

#include <functional>
#include <string>

using namespace brokerlab;
using namespace brokerlab::viz;

namespace {

// The first pixel that differs, or "".
std::string first_difference(const Picture& one, const Picture& other) {
  for (std::size_t i = 0; i < one.rgb.size(); ++i) {
    if (one.rgb[i] == other.rgb[i]) continue;
    const auto pixel = i / 3;
    const auto width = static_cast<std::size_t>(one.width);
    return fmt::format("at {},{}: {} and {}", pixel % width, pixel / width, one.rgb[i],
                       other.rgb[i]);
  }
  return "";
}

}  // namespace

TEST_CASE("a large rectangle looks the same, pixel by pixel, as ImGui draws it", "[unit]") {
  const SampleFile file;
  auto viewer = Viewer::open(file.path);
  REQUIRE(viewer.ok());
  auto screen = Offscreen::create(640, 480);
  REQUIRE(screen.ok());
  struct Case {
    ImVec2 from, to;
    float radius;
    ImU32 color;
    ImVec4 clip;
  };
  const ImVec4 all{0, 0, 640, 480};
  const Case cases[] = {
      {{0, 0}, {640, 480}, 0, 0xFF332211, all},
      {{14.5F, 22.06F}, {625.4F, 401.93F}, 8, 0xFF221A14, all},
      {{100.25F, 50}, {400, 300.75F}, 17.3F, 0xFF5E5EF3, all},
      {{100.25F, 50}, {400, 300.75F}, 8, 0x805E5EF3, all},         // Shines through.
      {{-50, -50}, {700, 500}, 8, 0xFF8A5D3E, all},                // Reaches beyond.
      {{20, 20}, {600, 440}, 8, 0xFF8A5D3E, {100, 80, 320, 300}},  // Of which a part is seen.
      {{20, 20}, {600, 440}, 8, 0xFF8A5D3E, {10, 10, 300, 300}},   // With a corner.
      {{20, 20}, {150, 40}, 8, 0xFF8A5D3E, all},                   // Small.
  };
  for (const Case& c : cases) {
    const auto drawn = [&](bool cleared) {
      auto picture = screen->paint(*viewer, [&](Ui&) {
        ImDrawList& draw = *ImGui::GetBackgroundDrawList();
        draw.PushClipRect({c.clip.x, c.clip.y}, {c.clip.z, c.clip.w}, true);
        if (cleared) {
          draw_rectangle(draw, {c.from.x, c.from.y, c.to.x, c.to.y}, c.color, c.radius);
        } else {
          draw.AddRectFilled(c.from, c.to, c.color, c.radius);
        }
        draw.AddRectFilled({30, 30}, {60, 60}, 0xFFFFFFFF);  // What comes after lies above.
        draw.PopClipRect();
      });
      REQUIRE(picture.ok());
      return *picture;
    };
    INFO(fmt::format("{},{} to {},{} radius {}", c.from.x, c.from.y, c.to.x, c.to.y, c.radius));
    CHECK(first_difference(drawn(true), drawn(false)) == "");
  }
}

TEST_CASE("a wash is what shines through on its ground", "[unit]") {
  CHECK(mixed(rgb(255, 0, 0, 255), rgb(0, 0, 255)) == rgb(255, 0, 0));
  CHECK(mixed(rgb(255, 0, 0, 0), rgb(0, 0, 255)) == rgb(0, 0, 255));
  CHECK(mixed(rgb(200, 100, 0, 51), rgb(100, 100, 100)) == rgb(120, 100, 80));
}
