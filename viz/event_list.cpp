// What happened, in sentences, around the current time; and why, for the one that is clicked.
#include "recording/search.h"
#include "viz/deeds.h"
#include "viz/panels.h"
#include "viz/why.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace brokerlab::viz {
namespace {

constexpr float line_height = 20;
constexpr float row_gap = 8;
constexpr float time_width = 88;

void lay_out(const Ui& ui, const std::vector<recording::RecordedEvent>& events, float width,
             EventRows& to) {
  const float letter = ui.width_of("가M", {Size::body});
  const bool same = to.language == ui.language() && to.width == width && to.letter == letter;
  if (same && to.rows.size() == events.size()) return;
  to = {{}, ui.language(), width, letter};
  to.rows.reserve(events.size());
  float y = 0;
  for (const auto& event : events) {
    EventRow row{&event, ui.wrap(sentence(event, ui.language()), {Size::body}, width), y, 0};
    row.h = static_cast<float>(std::max<std::size_t>(row.lines.size(), 1)) * line_height + row_gap;
    y += row.h;
    to.rows.push_back(std::move(row));
  }
}

void draw_row(Ui& ui, const Scene& scene, const EventRow& row, const Rect& rect) {
  const auto& event = *row.event;
  const bool future = event.t > scene.view.time;
  const bool selected = scene.view.selected_event == event.id;
  if (selected) {
    ui.fill({rect.x - 6, rect.y - 3, rect.w + 12, rect.h - 2}, faded(theme::accent, 0.16F), 4);
  } else if (ui.hovered(rect)) {
    ui.fill({rect.x - 6, rect.y - 3, rect.w + 12, rect.h - 2}, theme::card, 4);
  }
  // What is still to come is pale, and can be read all the same.
  ui.text({rect.x, rect.y + 1}, scene.run.wall_clock(event.t, true),
          {Size::small, future ? theme::faint : theme::dim});
  draw_event_mark(ui, {rect.x + time_width - 8, rect.y + 9}, event,
                  faded(color_of(event), future ? 0.45F : 1.F));
  float y = rect.y;
  const bool fault = event.level == recording::EventLevel::fault;
  for (const auto& line : row.lines) {
    ui.text({rect.x + time_width + 6, y}, line,
            {Size::body, future ? theme::faint : theme::text, fault});
    y += line_height;
  }
}

// How long behind its cause it came, and for what: that is what one asks why for.
std::string wait_text(const Ui& ui, const recording::RecordedEvent& event, Duration apart) {
  const std::string waited = recording::waited_for(event, ui.language());
  std::string text;
  if (apart > Duration{}) {
    text = fmt::format(fmt::runtime(ui.say(Text::after)), to_rounded_text(apart));
  }
  if (waited.empty()) return text;
  const std::string what = event.kind == "record.lost"
                               ? waited
                               : fmt::format(fmt::runtime(ui.say(Text::waited_for)), waited);
  return text.empty() ? what : text + " · " + what;
}

// What was clicked, in words. Returns where it ends.
float draw_answer(Ui& ui, const Answer& answer, const Rect& rect) {
  float y = rect.y + 34;
  for (const std::string& one : answer.lines) {
    const auto lines = ui.wrap(one, {Size::body}, rect.w - 8);
    if (y + static_cast<float>(lines.size()) * line_height > rect.bottom()) break;
    for (const std::string& line : lines) {
      ui.text({rect.x, y}, line, {Size::body});
      y += line_height;
    }
  }
  return y + 8;
}

// What can be done to the machine that was asked about, now (live) or from this moment on (a fork);
// in as many rows as it takes. Returns where it ends.
float draw_deeds(Ui& ui, const Scene& scene, const Rect& row, float bottom) {
  const std::vector<Deed> deeds = deeds_for(scene);
  float x = row.x;
  float y = row.y;
  if (deeds.empty() || y + row.h > bottom) return y;
  for (const Deed& deed : deeds) {
    const std::string words = fmt::format("{} {}", deed.key, ui.say(deed.name));
    const float w = ui.width_of(words, {Size::small}) + 18;
    if (x + w > row.right()) {
      x = row.x;
      y += row.h;
      if (y + row.h > bottom) return y;
    }
    const Rect button{x, y + 1, w, 24};
    const bool hot = ui.hovered(button);
    ui.fill(button, hot ? theme::card_edge : theme::card, 6);
    ui.outline(button, theme::control, 6);
    ui.text_in(button, words, {Size::small, theme::text}, Align::center);
    if (hot) {
      ui.tooltip(std::string(ui.say(scene.live == nullptr ? Text::act_forks : Text::act_now)));
    }
    if (ui.clicked(button)) scene.view.act = deed.json;
    x += w + 8;
  }
  return y + row.h + 6;
}

// The chain from the selected event up to its root, indented step by step.
void draw_causes(Ui& ui, const Scene& scene, const Rect& rect) {
  ui.line({rect.x, rect.y}, {rect.right(), rect.y}, theme::track);
  ui.text({rect.x, rect.y + 8}, ui.say(Text::causes), {Size::body, theme::accent, true});
  const Rect close{rect.right() - 24, rect.y + 6, 24, 24};
  const Color cross = ui.hovered(close) ? theme::text : theme::dim;
  ui.line({close.x + 7, close.y + 7}, {close.x + 17, close.y + 17}, cross, 1.5F);
  ui.line({close.x + 17, close.y + 7}, {close.x + 7, close.y + 17}, cross, 1.5F);

  if (scene.answer != nullptr) {
    const float why = ui.width_of(ui.say(Text::causes), {Size::body, 0, true});
    ui.text_fit({rect.x + why + 12, rect.y + 8, rect.w - why - 100, 19}, {scene.answer->title},
                {Size::body, theme::text, true});
  }
  ui.push_clip({rect.x - 6, rect.y + 30, rect.w + 12, rect.h - 30});
  float y = rect.y + 34;
  float indent = 0;
  if (scene.answer != nullptr) y = draw_answer(ui, *scene.answer, rect);
  if (scene.answer != nullptr) y = draw_deeds(ui, scene, {rect.x, y, rect.w, 28}, rect.bottom());
  const auto chain = scene.view.selected_event ? scene.reader.causes(*scene.view.selected_event)
                                               : std::vector<recording::RecordedEvent>{};
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const auto& event = chain[i];
    const float x = rect.x + indent;
    // Whole sentences only: a longer chain goes on when the wheel turns.
    const auto lines_of_it = [&] {
      const float room = rect.right() - x - time_width - 6;
      const Duration before = i + 1 < chain.size() ? event.t - chain[i + 1].t : Duration{};
      return ui.wrap(sentence(event, ui.language()), {Size::body}, room).size() +
             ui.wrap(wait_text(ui, event, before), {Size::small}, room).size() +
             (i + 1 == chain.size() && i > 0 ? 1 : 0);
    };
    if (y + static_cast<float>(lines_of_it()) * line_height > rect.bottom()) {
      ui.text_fit({rect.x, rect.y + 8, rect.w - 30, 19}, {fmt::format("+{}", chain.size() - i)},
                  {Size::small, theme::dim}, Align::right);
      break;
    }
    if (i > 0) {
      ui.polyline(std::vector<Point>{{x - 12, y - 8}, {x - 12, y + 9}, {x - 4, y + 9}},
                  theme::faint);
    }
    ui.text({x, y + 1}, scene.run.wall_clock(event.t, true), {Size::small, theme::dim});
    draw_event_mark(ui, {x + time_width - 8, y + 9}, event, color_of(event));
    const float width = rect.right() - x - time_width - 6;
    for (const auto& line : ui.wrap(sentence(event, ui.language()), {Size::body}, width)) {
      ui.text({x + time_width + 6, y}, line,
              {Size::body, theme::text, event.level == recording::EventLevel::fault});
      y += line_height;
    }
    const Duration apart = i + 1 < chain.size() ? event.t - chain[i + 1].t : Duration{};
    for (const auto& line : ui.wrap(wait_text(ui, event, apart), {Size::small}, width)) {
      ui.text({x + time_width + 6, y}, line, {Size::small, theme::accent});
      y += line_height;
    }
    if (i + 1 == chain.size() && i > 0) {
      ui.text({x + time_width + 6, y}, ui.say(Text::root_cause), {Size::small, theme::dim});
    }
    y += 6;
    indent = std::min(indent + 18, 90.F);
  }
  ui.pop_clip();
  if (!ui.clicked(close)) return;
  scene.view.selected_event.reset();
  scene.view.asked.reset();
}

}  // namespace

void draw_event_list(Ui& ui, const Scene& scene, const Rect& rect) {
  Rect room = draw_panel(ui, rect, ui.say(Text::events));
  if (scene.run.events.empty()) {
    ui.text({room.x, room.y}, ui.say(Text::no_events_yet), {Size::body, theme::dim});
    return;
  }
  if (scene.view.selected_event || scene.answer != nullptr) {
    const float share = room.h * (scene.answer != nullptr ? 0.62F : 0.52F);
    draw_causes(ui, scene, {room.x, room.bottom() - share, room.w, share});
    room.h -= share + 8;
  } else {
    ui.text({rect.right() - theme::padding, rect.y + 11}, ui.say(Text::select_event_hint),
            {Size::small, theme::faint}, Align::right);
  }

  EventRows own;
  EventRows& laid = scene.event_rows == nullptr ? own : *scene.event_rows;
  lay_out(ui, scene.run.events, room.w - time_width - 8, laid);
  const std::vector<EventRow>& rows = laid.rows;
  const float total = rows.back().y + rows.back().h;
  // The present is two thirds down: what led here above it, a glimpse of what comes below.
  float present = 0;
  for (const auto& row : rows) {
    if (row.event->t <= scene.view.time) present = row.y + row.h;
  }
  if (ui.hovered(room) && ui.wheel() != 0) scene.view.list_scroll -= ui.wheel() * 60;
  const float wanted = std::clamp(present - room.h * 0.68F, 0.F, std::max(0.F, total - room.h));
  // The list begins with a whole sentence.
  const auto first = std::find_if(rows.begin(), rows.end(),
                                  [&](const EventRow& row) { return row.y >= wanted - 1; });
  const float natural = first == rows.end() ? 0 : first->y;
  const float top =
      std::clamp(natural + scene.view.list_scroll, 0.F, std::max(natural, total - room.h));
  scene.view.list_scroll = top - natural;

  ui.push_clip({room.x - 8, room.y - 3, room.w + 16, room.h + 3});
  for (const auto& row : rows) {
    const Rect place{room.x, room.y + row.y - top, room.w, row.h};
    if (scene.hides(row.event->t)) break;
    // Whole sentences only.
    if (place.y < room.y - 1 || place.bottom() > room.bottom() + row_gap) continue;
    draw_row(ui, scene, row, place);
    if (!ui.clicked(place) || !ui.hovered(room)) continue;
    scene.view.selected_event = row.event->id;
    scene.view.asked.reset();
  }
  const float now = room.y + present - top - row_gap / 2 - 1;
  ui.line({room.x - 8, now}, {room.right() + 8, now}, faded(theme::accent, 0.7F));
  ui.pop_clip();
}

}  // namespace brokerlab::viz
