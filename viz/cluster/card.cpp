// The ground of a card, and what is wrong with whom it stands for.
#include "viz/cluster/pieces.h"

#include <algorithm>

namespace brokerlab::viz {

void draw_card(Ui& ui, const Rect& card, const std::vector<Condition>& conditions, Color edge) {
  const bool down = !conditions.empty() && is_down(conditions.front());
  const float radius = std::min(theme::radius, std::min(card.w, card.h) / 4);
  ui.fill(card, down ? theme::dead_card : theme::card, radius);
  if (down && conditions.front() != Condition::not_started && card.h >= 100) {  // Seen from afar.
    const Color cross = faded(theme::wrong, 0.35F);
    ui.line({card.x + 3, card.y + 3}, {card.right() - 3, card.bottom() - 3}, cross, 2);
    ui.line({card.right() - 3, card.y + 3}, {card.x + 3, card.bottom() - 3}, cross, 2);
  }
  if (conditions.empty()) return ui.outline(card, edge, radius);
  const Color color = color_of(conditions.front());
  const bool bad = color == theme::wrong;
  ui.outline(card, color, radius, bad ? 2.F : 1.5F);
}

void draw_conditions(Ui& ui, const Scene& scene, const Rect& line, int machine,
                     const std::vector<Condition>& conditions, Align align) {
  if (conditions.empty()) return;
  constexpr float shape = 14;
  const Condition worst = conditions.front();
  const auto count = static_cast<float>(conditions.size());
  const TextStyle style{Size::small, color_of(worst), true};
  const float others = (count - 1) * (shape + 4);
  const float room = line.w - shape - 5 - others;
  std::string_view word = ui.say(word_of(worst));
  if (ui.width_of(word, style) > room + 0.5F) word = ui.say(brief_word_of(worst));
  const float wide = ui.width_of(word, style);
  const bool words = wide <= room + 0.5F && line.h + 2 >= pixels_of(style.size);
  const float all = shape + (words ? 5 + wide : 0) + others;
  float x = align == Align::left     ? line.x
            : align == Align::center ? line.center().x - std::min(all, line.w) / 2
                                     : line.right() - std::min(all, line.w);
  std::string told;
  for (const Condition one : conditions) {
    if (x + shape > line.right() + 0.5F) break;
    draw_glyph(ui, {x, line.y, shape, line.h}, one, color_of(one));
    x += shape + 4;
    if (one == worst && words) {
      x += 1 + ui.text_in({x + 1, line.y, wide + 1, line.h}, word, style) + 4;
    }
  }
  if (!ui.hovered(line)) return;
  for (const Condition one : conditions) {
    told += (told.empty() ? "" : "\n") + std::string(ui.say(word_of(one)));
  }
  const std::string sentences = scene.run.ailing(machine, scene.moment.t, ui.language());
  ui.tooltip(sentences.empty() ? told : told + "\n" + sentences);
}

}  // namespace brokerlab::viz
