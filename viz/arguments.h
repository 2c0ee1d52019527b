// What the command line of brokerlab-viz asks for.
#pragma once

#include "base/result.h"
#include "base/units.h"
#include "viz/text.h"

#include <optional>
#include <span>
#include <string>

namespace brokerlab::viz {

struct Arguments {
  std::string recording;
  Language language = Language::english;
  /// A moment, "305s" or "09:00:46", or words; unset: the event of `why`, or before the first
  /// fault.
  std::optional<std::string> at{};
  /// A picture or a film in place of a window: .png, .gif or .mp4 (viz/export/export.h).
  std::optional<std::string> export_to{};
  std::optional<std::string> from{};  ///< Of a film, as `at`; unset: the run's start.
  std::optional<std::string> to{};    ///< Unset: the run's end.
  double speed = 1;                   ///< Simulated seconds a second of the film.
  std::optional<int> panel{};         ///< This panel alone (ViewState::tab).
  int width = 1600;
  int height = 900;
  bool light = false;
  double type = 1;  ///< 1 to 2
  /// The event whose causes are shown from the start: its number, or words that it contains.
  std::optional<std::string> why{};
  std::optional<std::string> compare{};  ///< Another recording, shown beside it.
  bool present = false;                  ///< Before a class.
  bool live = false;                     ///< The recording is simulated now (`brokerlab live`).
  bool help = false;
};

std::string usage(Language language = Language::english);  ///< And the keys.
/// Without the program's name. `environment_language`: LC_ALL or LANG, the default language.
Result<Arguments, std::string> parse_arguments(std::span<const char* const> words,
                                               std::string_view environment_language);

}  // namespace brokerlab::viz
