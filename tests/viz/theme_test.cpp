// Whether everybody can tell things apart: contrast of words, and meanings in the eyes of the
// colour-blind and on a grey printer.
#include "tests/viz/sample_recording.h"
#include "viz/cluster/pieces.h"
#include "viz/offscreen.h"
#include "viz/partitions/pieces.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <functional>

using namespace brokerlab;
using namespace brokerlab::viz;

namespace {

using Rgb = std::array<double, 3>;  // 0..1

Rgb to_rgb(Color color) {
  return {(color & 255U) / 255.0, (color >> 8U & 255U) / 255.0, (color >> 16U & 255U) / 255.0};
}

double linear(double value) {
  return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}

double luminance(const Rgb& c) {
  return 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
}

// WCAG 2.1.
double contrast(Color a, Color b) {
  const double one = luminance(to_rgb(a)) + 0.05;
  const double other = luminance(to_rgb(b)) + 0.05;
  return std::max(one, other) / std::min(one, other);
}

using Matrix = std::array<std::array<double, 3>, 3>;

// Source of the first three: Machado, Oliveira, Fernandes 2009, severity 1.0.
const std::vector<std::pair<const char*, Matrix>>& eyes() {
  static const std::vector<std::pair<const char*, Matrix>> all{
      {"protanopia",
       {{{0.152286, 1.052583, -0.204868},
         {0.114503, 0.786281, 0.099216},
         {-0.003882, -0.048116, 1.051998}}}},
      {"deuteranopia",
       {{{0.367322, 0.860646, -0.227968},
         {0.280085, 0.672501, 0.047413},
         {-0.011820, 0.042940, 0.968881}}}},
      {"tritanopia",
       {{{1.255528, -0.076749, -0.178779},
         {-0.078411, 0.930809, 0.147602},
         {0.004733, 0.691367, 0.303900}}}},
      {"grey", {{{0.2126, 0.7152, 0.0722}, {0.2126, 0.7152, 0.0722}, {0.2126, 0.7152, 0.0722}}}}};
  return all;
}

Rgb seen(const Rgb& c, const Matrix& eye) {
  Rgb to{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) to[i] += eye[i][k] * c[k];
    to[i] = std::clamp(to[i], 0.0, 1.0);
  }
  return to;
}

struct Meaning {
  std::string name;
  std::function<void(Ui&, const Rect&)> draw;
};

// Pairs that look alike to somebody; "" when there are none. Each is drawn in a square of its own.
std::string confused(const std::vector<Meaning>& meanings, bool light) {
  const SampleFile file;
  auto viewer = Viewer::open(file.path);
  if (!viewer.ok()) FAIL(viewer.error());
  viewer->view().light = light;
  auto screen = Offscreen::create(1600, 900);
  if (!screen.ok()) FAIL(screen.error());
  constexpr int side = 20;
  const auto picture = screen->paint(*viewer, [&](Ui& ui) {
    for (std::size_t i = 0; i < meanings.size(); ++i) {
      meanings[i].draw(ui, {static_cast<float>(i) * side + 2, 2, side - 4, side - 4});
    }
  });
  if (!picture.ok()) FAIL(picture.error());
  const auto pixel = [&](std::size_t cell, int x, int y) {
    const auto at = static_cast<std::size_t>(3 * (y * picture->width + x)) + 3 * side * cell;
    return Rgb{picture->rgb[at] / 255.0, picture->rgb[at + 1] / 255.0,
               picture->rgb[at + 2] / 255.0};
  };
  std::string alike;
  for (const auto& [eye, matrix] : eyes()) {
    for (std::size_t a = 0; a < meanings.size(); ++a) {
      for (std::size_t b = a + 1; b < meanings.size(); ++b) {
        int differ = 0;
        for (int y = 0; y < side; ++y) {
          for (int x = 0; x < side; ++x) {
            const Rgb one = seen(pixel(a, x, y), matrix);
            const Rgb other = seen(pixel(b, x, y), matrix);
            double most = 0;
            for (std::size_t k = 0; k < 3; ++k) most = std::max(most, std::abs(one[k] - other[k]));
            differ += most > 0.18;
          }
        }
        if (differ < 18) {
          alike += fmt::format("{} and {} ({}: {} pixels)\n", meanings[a].name, meanings[b].name,
                               eye, differ);
        }
      }
    }
  }
  return alike;
}

}  // namespace

TEST_CASE("words stand out from their ground, on a dark sheet and on a light one", "[unit]") {
  using namespace theme;
  const std::vector<Color> inks{text, dim, faint, accent, wrong, good, replicate, control};
  const std::vector<Color> fills{accent, wrong, good, control};
  std::string weak;
  const auto look = [&](const char* what, Color ink, Color ground) {
    for (const bool light : {false, true}) {
      const double is = light ? contrast(on_light(ink), on_light(ground)) : contrast(ink, ground);
      if (is >= 4.5) continue;
      weak += fmt::format("{} {:08x} on {:08x}{}: {:.2f}\n", what, ink, ground,
                          light ? " (light)" : "", is);
    }
  };
  for (const Color ink : inks) {
    for (const Color ground : {background, panel, card, dead_card}) look("ink", ink, ground);
  }
  for (const Color fill : fills) look("fill", on_color, fill);
  for (const Color ground : {chip, track, card_edge}) look("text", text, ground);
  CHECK(weak == "");
}

TEST_CASE("a colour of the theme has one light one, and keeps its opacity", "[unit]") {
  CHECK(theme::on_light(theme::panel) == rgb(255, 255, 255));
  CHECK(theme::on_light(faded(theme::panel, 0.5F)) == rgb(255, 255, 255, 128));
  for (const auto& one : theme::palette) {
    for (const auto& other : theme::palette) CHECK((&one == &other || one.dark != other.dark));
  }
}

TEST_CASE("no two meanings become one to the colour-blind, or in grey", "[unit]") {
  std::vector<Meaning> conditions;
  for (int i = 0; i < static_cast<int>(Condition::count_); ++i) {
    const auto one = static_cast<Condition>(i);
    conditions.push_back(
        {std::string(say(word_of(one), Language::english)),
         [one](Ui& ui, const Rect& place) { draw_glyph(ui, place, one, color_of(one)); }});
  }
  std::vector<Meaning> chips;
  for (const auto& [name, kind] :
       {std::pair{"leader", Chip::leader}, std::pair{"follower", Chip::follower},
        std::pair{"out of sync", Chip::out_of_sync}, std::pair{"offline", Chip::offline},
        std::pair{"unreachable", Chip::unreachable}}) {
    chips.push_back({name, [kind](Ui& ui, const Rect& place) { draw_chip(ui, place, "", kind); }});
  }
  std::vector<Meaning> standings;
  for (int i = 0; i <= static_cast<int>(Standing::unknown); ++i) {
    const auto one = static_cast<Standing>(i);
    standings.push_back(
        {std::string(say(word_of(one), Language::english)),
         [one](Ui& ui, const Rect& place) { draw_standing(ui, place.inset(2), one); }});
  }
  std::vector<Meaning> marks;
  for (const auto& [name, family] :
       {std::pair{"produce", Family::produce}, std::pair{"replicate", Family::replicate},
        std::pair{"consume", Family::consume}, std::pair{"control", Family::control}}) {
    for (const bool hollow : {false, true}) {
      marks.push_back({fmt::format("{}{}", name, hollow ? " response" : ""),
                       [family, hollow](Ui& ui, const Rect& place) {
                         draw_family_mark(ui, place.center(), family, 5.5F, hollow);
                       }});
    }
  }
  std::vector<Meaning> events;
  recording::RecordedEvent fault;
  fault.level = recording::EventLevel::fault;
  recording::RecordedEvent loss;
  loss.level = recording::EventLevel::control;
  loss.kind = "record.lost";
  recording::RecordedEvent plain = loss;
  plain.kind = "controller.elected";
  for (const auto& [name, event] :
       {std::pair{"fault", fault}, std::pair{"loss", loss}, std::pair{"event", plain}}) {
    events.push_back({name, [event](Ui& ui, const Rect& place) {
                        draw_event_mark(ui, place.center(), event, color_of(event));
                      }});
  }
  for (const bool light : {false, true}) {
    INFO((light ? "light" : "dark"));
    CHECK(confused(conditions, light) == "");
    CHECK(confused(chips, light) == "");
    CHECK(confused(standings, light) == "");
    CHECK(confused(marks, light) == "");
    CHECK(confused(events, light) == "");
  }
}

TEST_CASE("what is told by colour alone is found", "[unit]") {
  const auto disc = [](Color color) {
    return [color](Ui& ui, const Rect& place) { ui.disc(place.center(), 6, color); };
  };
  // The red and green of old.
  CHECK(confused({{"red", disc(rgb(200, 80, 60))}, {"green", disc(rgb(110, 120, 60))}}, false) !=
        "");
}
