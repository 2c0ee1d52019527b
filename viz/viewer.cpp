#include "viz/viewer.h"

#include "viz/panels.h"

#include <algorithm>

namespace brokerlab::viz {
namespace {

constexpr float top_bar_height = 58;
constexpr float time_height = 326;
constexpr float right_width = 604;

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

std::vector<std::string> Viewer::draw_frame(const Fonts& fonts, float scale) {
  Ui ui(fonts, scale, view_.language);
  const Scene scene{reader_, run_, moment(), view_};
  const Rect sheet = ui.sheet();
  ui.fill(sheet, theme::background);

  using namespace theme;
  const float top = margin + top_bar_height + gap;
  const float left_width = sheet.w - 2 * margin - gap - right_width;
  const float time_top = sheet.h - margin - time_height;
  const float right_x = margin + left_width + gap;
  // The table is as high as its rows, within reason; the story gets the rest.
  const float rows = static_cast<float>(std::clamp<std::size_t>(run_.partitions.size(), 3, 14));
  const float table_height = 38 + 26 + 28 + rows * 28 + padding;

  draw_top_bar(ui, scene, {margin, margin, sheet.w - 2 * margin, top_bar_height});
  draw_cluster_panel(ui, scene, {margin, top, left_width, time_top - gap - top});
  draw_partition_panel(ui, scene, {right_x, top, right_width, table_height});
  const float list_top = top + table_height + gap;
  draw_event_list(ui, scene, {right_x, list_top, right_width, sheet.h - margin - list_top});
  draw_time_panels(ui, scene, {margin, time_top, left_width, time_height});
  ui.finish();
  return ui.clipped();
}

float scale_for(int width, int height) {
  return std::min(static_cast<float>(width) / theme::design_width,
                  static_cast<float>(height) / theme::design_height);
}

}  // namespace brokerlab::viz
