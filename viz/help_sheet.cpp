// The help: keys on the left, what the shapes mean on the right. F1 or ? opens it, Esc closes it.
#include "viz/cluster/condition.h"
#include "viz/panels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace brokerlab::viz {
namespace {

constexpr float help_row = 22;

constexpr std::array keys = {
    std::pair{std::string_view("Space"), Text::help_play},
    std::pair{std::string_view("← →"), Text::help_step},
    std::pair{std::string_view("Shift ← →"), Text::help_leap},
    std::pair{std::string_view("N  P"), Text::help_events},
    std::pair{std::string_view("F"), Text::help_fault},
    std::pair{std::string_view("Home  End"), Text::help_ends},
    std::pair{std::string_view("↑ ↓"), Text::help_speed},
    std::pair{std::string_view("S"), Text::help_slow},
    std::pair{std::string_view("Z  Shift Z"), Text::help_zoom},
    std::pair{std::string_view(",  ."), Text::help_pan},
    std::pair{std::string_view("0"), Text::help_whole},
    std::pair{std::string_view("B"), Text::help_bookmark},
    std::pair{std::string_view("Shift N  P"), Text::help_bookmarks},
    std::pair{std::string_view("K"), Text::help_stop},
    std::pair{std::string_view("Shift K"), Text::help_stop_kind},
    std::pair{std::string_view("Shift+click"), Text::help_stop_plot},
    std::pair{std::string_view("R"), Text::help_follow},
    std::pair{std::string_view("X  Shift X"), Text::help_kill},
    std::pair{std::string_view("1 … 8"), Text::help_deeds},
    std::pair{std::string_view("W"), Text::help_save},
    std::pair{std::string_view("C"), Text::help_compare},
    std::pair{std::string_view("V"), Text::help_swap},
    std::pair{std::string_view("E"), Text::help_picture},
    std::pair{std::string_view("Shift E"), Text::help_film},
    std::pair{std::string_view("M"), Text::help_present},
    std::pair{std::string_view("PgDn PgUp"), Text::help_page},
    std::pair{std::string_view("F11"), Text::help_screen},
    std::pair{std::string_view("O"), Text::help_alone},
    std::pair{std::string_view("L"), Text::help_language},
    std::pair{std::string_view("T"), Text::help_theme},
    std::pair{std::string_view("Ctrl + -"), Text::help_type},
    std::pair{std::string_view("Tab"), Text::help_tab},
    std::pair{std::string_view("?  F1"), Text::help_help},
    std::pair{std::string_view("Esc"), Text::help_close},
    std::pair{std::string_view("Q"), Text::help_quit},
};

}  // namespace

void draw_help(Ui& ui, const Scene& scene) {
  ui.raise();
  const Rect sheet = ui.sheet();
  ui.fill(sheet, faded(theme::background, 0.72F));
  const float w = std::min(sheet.w - 24, 900.F);
  const float h = std::min(sheet.h - 16, 56 + help_row * static_cast<float>(keys.size() + 1));
  // With large type not all have room: the wheel shows the others.
  const int rows = static_cast<int>((h - 56) / help_row);
  const int last = std::max(0, static_cast<int>(keys.size()) - rows);
  if (ui.wheel() != 0) scene.view.help_first += ui.wheel() < 0 ? 3 : -3;
  scene.view.help_first = std::clamp(scene.view.help_first, 0, last);
  const auto first = static_cast<std::size_t>(scene.view.help_first);
  const std::size_t end = std::min(keys.size(), first + static_cast<std::size_t>(rows));
  const Rect box{sheet.center().x - w / 2, sheet.center().y - h / 2, w, h};
  ui.fill(box, theme::panel, theme::radius);
  ui.outline(box, theme::accent, theme::radius, 1.5F);
  ui.text({box.x + 20, box.y + 12}, ui.say(Text::help), {Size::body, theme::text, true});
  const float half = w * 0.56F;
  float y = box.y + 44;
  for (std::size_t i = first; i < end; ++i) {
    const auto& [key, text] = keys[i];
    ui.text_in({box.x + 20, y, 92, help_row}, key, {Size::small, theme::accent, true});
    ui.text_fit({box.x + 118, y, half - 124, help_row}, {ui.say(text)}, {Size::small, theme::text});
    y += help_row;
  }
  if (last > 0) {
    const std::string shown = fmt::format("{}-{} / {}", first + 1, end, keys.size());
    ui.text({box.x + half - 12, box.y + 13}, shown, {Size::small, theme::dim}, Align::right);
  }
  y = box.y + 44;
  const float x = box.x + half + 8;
  ui.text({x, box.y + 13}, ui.say(Text::help_shapes), {Size::small, theme::dim, true});
  for (int i = 0; i < std::min(rows, static_cast<int>(Condition::count_)); ++i) {
    const auto condition = static_cast<Condition>(i);
    draw_glyph(ui, {x, y + 3, 15, 15}, condition, color_of(condition));
    ui.text_fit({x + 25, y, box.right() - x - 32, help_row}, {ui.say(word_of(condition))},
                {Size::small, theme::text});
    y += help_row;
  }
  ui.lower();
  if (ui.mouse_pressed() && !box.holds(ui.mouse())) scene.view.help = false;
}

}  // namespace brokerlab::viz
