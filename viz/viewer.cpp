#include "viz/viewer.h"

#include "viz/layout.h"
#include "viz/panels.h"

#include <algorithm>

namespace brokerlab::viz {
namespace {

/// The bar on top; below it the cluster above its time line on the left, tables on the right.
const Place& sheet_of_panels() {
  using Kind = Place::Kind;
  const auto bar = [](const Scene&) { return 58.0F; };
  const auto tables = [](const Scene&) { return 604.0F; };
  static const Place sheet{
      .kind = Kind::rows,
      .parts = {
          {.wants = bar, .draw = draw_top_bar},
          {.kind = Kind::columns,
           .parts = {{.kind = Kind::rows,
                      .parts = {{.draw = draw_cluster_panel},
                                {.wants = time_panels_height, .draw = draw_time_panels}}},
                     {.kind = Kind::rows,
                      .wants = tables,
                      .parts = {{.wants = partition_panel_height, .draw = draw_partition_panel},
                                {.draw = draw_event_list}}}}}}};
  return sheet;
}

}  // namespace

Result<Viewer, std::string> Viewer::open(const std::string& path) {
  auto reader = recording::Reader::open(path);
  if (!reader) return fail(reader.error());
  return Viewer(std::move(reader).value());
}

Viewer::Viewer(recording::Reader reader) : reader_(std::move(reader)), run_(read_run(reader_)) {}

const Moment& Viewer::moment() {
  if (moment_speed_ != view_.speed || moment_.t != view_.time) {
    moment_ = read_moment(reader_, view_.time, view_.speed);
    moment_speed_ = view_.speed;
  }
  return moment_;
}

void Viewer::press(Key key, bool shift) {
  const Duration step = shift ? 10s : 1s;
  switch (key) {
    case Key::space:
      if (!view_.playing && view_.time == Time(run_.duration)) seek(view_, Time{}, run_.duration);
      view_.playing = !view_.playing;
      return;
    case Key::left:
      return seek(view_, view_.time - step, run_.duration);
    case Key::right:
      return seek(view_, view_.time + step, run_.duration);
    case Key::home:
      return seek(view_, Time{}, run_.duration);
    case Key::end:
      return seek(view_, Time(run_.duration), run_.duration);
    case Key::language:
      view_.language = view_.language == Language::english ? Language::korean : Language::english;
      return;
    case Key::faster:
      return change_speed(view_, true);
    case Key::slower:
      return change_speed(view_, false);
  }
}

Frame Viewer::draw_frame(const Fonts& fonts, float scale) {
  Ui ui(fonts, scale, view_.language);
  const Scene scene{reader_, run_, moment(), view_};
  const Rect sheet = ui.sheet();
  ui.fill(sheet, theme::background);

  const Rect inside{theme::margin, theme::margin, sheet.w - 2 * theme::margin,
                    sheet.h - 2 * theme::margin};
  for (const Placed& panel : lay_out(sheet_of_panels(), scene, inside, theme::gap)) {
    panel.draw(ui, scene, panel.rect);
  }
  ui.finish();
  return {ui.clipped(), ui.texts()};
}

float scale_for(int width, int height) {
  return std::min(static_cast<float>(width) / theme::design_width,
                  static_cast<float>(height) / theme::design_height);
}

}  // namespace brokerlab::viz
