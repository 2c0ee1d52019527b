#include "viz/viewer.h"

#include "viz/layout.h"
#include "viz/panels.h"

#include <algorithm>
#include <array>

namespace brokerlab::viz {
namespace {

/// The bar on top; below it the cluster above its time line on the left, tables on the right.
const Place& sheet_of_panels() {
  using Kind = Place::Kind;
  const auto tables = [](const Scene&) { return 604.0F; };
  static const Place sheet{
      .kind = Kind::rows,
      .parts = {
          {.wants = top_bar_height, .draw = draw_top_bar},
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

/// With large type, or in a small window: the bar, and one of the panels.
Place sheet_of_one(int tab) {
  static constexpr std::array panels = {draw_cluster_panel, draw_partition_panel, draw_event_list,
                                        draw_time_panels};
  const auto tabs = [](const Scene&) { return 28.0F; };
  return {.kind = Place::Kind::rows,
          .parts = {{.wants = top_bar_height, .draw = draw_top_bar},
                    {.wants = tabs, .draw = draw_tabs},
                    {.draw = panels[static_cast<std::size_t>(std::clamp(tab, 0, 3))]}}};
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
    case Key::next:
    case Key::previous:
      view_.playing = false;
      return seek(view_, step_to(view_, run_.moments, key == Key::next, run_.duration),
                  run_.duration);
    case Key::first_fault:
      return seek(view_, opening_moment(run_), run_.duration);
    case Key::slow_motion:
      view_.slow_motion = !view_.slow_motion;
      return;
    case Key::theme:
      view_.light = !view_.light;
      return;
    case Key::larger:
      view_.type = std::min(view_.type + 0.1, largest_type);
      return;
    case Key::smaller:
      view_.type = std::max(view_.type - 0.1, 1.0);
      return;
    case Key::tab:
      view_.tab = (view_.tab + (shift ? 3 : 1)) % 4;
      return;
    case Key::help:
      view_.help = !view_.help;
      return;
    case Key::escape:
      close_one(view_);
      return;
  }
}

Frame Viewer::draw_frame(const Fonts& fonts, float scale) {
  Ui ui(fonts, scale, view_.language, view_.light);
  const Rect sheet = ui.sheet();
  const bool narrow = sheet.w < theme::least_width || sheet.h < theme::least_height;
  const Scene scene{reader_, run_, moment(), view_, narrow, &event_rows_};
  ui.fill(sheet, theme::background);

  const Rect inside{theme::margin, theme::margin, sheet.w - 2 * theme::margin,
                    sheet.h - 2 * theme::margin};
  const Place one = narrow ? sheet_of_one(view_.tab) : Place{};
  for (const Placed& panel : lay_out(narrow ? one : sheet_of_panels(), scene, inside, theme::gap)) {
    panel.draw(ui, scene, panel.rect);
  }
  if (view_.help) draw_help(ui, scene);
  ui.finish();
  return {ui.clipped(), ui.texts()};
}

Time opening_moment(const Run& run) {
  if (!run.first_fault) return Time{};
  return std::max(Time{}, *run.first_fault - 1s);
}

float scale_for(int width, int height) {
  return std::min(static_cast<float>(width) / theme::design_width,
                  static_cast<float>(height) / theme::design_height);
}

}  // namespace brokerlab::viz
