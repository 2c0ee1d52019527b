// What lies over the panels for a while: a note that is being written, and what is said once.
#include "viz/elapsed.h"
#include "viz/panels.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::viz {
namespace {

void draw_writing(Ui& ui, const Scene& scene) {
  const Rect sheet = ui.sheet();
  const float w = std::min(sheet.w - 24, 760.F);
  const TextStyle style{Size::body};
  const auto lines = ui.wrap(*scene.view.writing + "_", style, w - 40);
  const float h = 74 + 22 * static_cast<float>(lines.size());
  const Rect box{sheet.center().x - w / 2, sheet.center().y - h / 2, w, h};
  ui.fill(box, theme::panel, theme::radius);
  ui.outline(box, theme::accent, theme::radius, 1.5F);
  const std::string when = fmt::format(fmt::runtime(ui.say(Text::note_here)),
                                       scene.run.wall_clock(scene.view.time, true));
  ui.text({box.x + 20, box.y + 12}, when, {Size::body, theme::accent, true});
  float y = box.y + 40;
  for (const std::string& line : lines) {
    ui.text({box.x + 20, y}, line, style);
    y += 22;
  }
  ui.text_fit({box.x + 20, box.bottom() - 28, w - 40, 20}, {ui.say(Text::note_keys)},
              {Size::small, theme::dim});
}

void draw_notice(Ui& ui, const Scene& scene) {
  const Rect sheet = ui.sheet();
  // A question before a class is read from the last row.
  const bool large = scene.view.presenting;
  const TextStyle style{large ? Size::clock : Size::body, theme::text, true};
  const float row_of_notice = large ? 36 : 22;
  const auto lines = ui.wrap(scene.view.notice, style, std::min(sheet.w - 60, 900.F));
  float widest = 0;
  for (const std::string& line : lines) widest = std::max(widest, ui.width_of(line, style));
  const float h = 16 + row_of_notice * static_cast<float>(lines.size());
  const Rect box{sheet.center().x - widest / 2 - 18, sheet.bottom() - 40 - h, widest + 36, h};
  ui.fill(box, theme::card, theme::radius);
  ui.outline(box, theme::accent, theme::radius, 1.5F);
  float y = box.y + 8;
  for (const std::string& line : lines) {
    ui.text({sheet.center().x, y}, line, style, Align::center);
    y += row_of_notice;
  }
  if (ui.mouse_pressed()) scene.view.notice.clear();
}

}  // namespace

void draw_notices(Ui& ui, const Scene& scene) {
  ui.raise();
  ui.raise();  // A help sheet may lie below.
  if (!scene.view.notice.empty()) draw_notice(ui, scene);
  if (scene.view.writing) {
    ui.raise();
    draw_writing(ui, scene);
    ui.lower();
  }
  ui.lower();
  ui.lower();
}

}  // namespace brokerlab::viz
