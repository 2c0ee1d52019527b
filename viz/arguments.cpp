#include "viz/arguments.h"

#include "base/integer_text.h"
#include "base/translation.h"
#include "recording/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace brokerlab::viz {
namespace {

Status<std::string> set_size(Arguments& arguments, std::string_view value) {
  const auto by = value.find('x');
  const auto width = parse_integer<int>(value.substr(0, by));
  const auto height =
      by == std::string_view::npos ? std::nullopt : parse_integer<int>(value.substr(by + 1));
  if (!width || !height || *width < 640 || *height < 360 || *width > 7680 || *height > 4320) {
    return fail(tr("--size {}: must be WIDTHxHEIGHT, from 640x360 to 7680x4320", value));
  }
  arguments.width = *width;
  arguments.height = *height;
  return {};
}

/// A picture is a PNG, so that is what its name may say.
Status<std::string> set_screenshot(Arguments& arguments, std::string_view value) {
  std::string name(value.substr(value.rfind('/') + 1));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name.size() <= 4 || !name.ends_with(".png")) {
    return fail(tr("--screenshot {}: the picture is a PNG; its name must end in .png", value));
  }
  arguments.screenshot = std::string(value);
  return {};
}

Status<std::string> set_option(Arguments& arguments, std::string_view name,
                               std::string_view value) {
  if (name == "--lang") {
    if (value != "en" && value != "ko") return fail(tr("--lang {}: en or ko", value));
    arguments.language = value == "ko" ? Language::korean : Language::english;
  } else if (name == "--at") {
    const auto at = parse_duration(value);
    // Times of day, and words, are looked up in the recording.
    if (!at && value.find_first_of("0123456789-") == 0 &&
        value.find(':') == std::string_view::npos) {
      return fail(fmt::format("--at {}: {}", value, at.error()));
    }
    if (at && *at < Duration{}) return fail(tr("--at {}: must not be negative", value));
    if (value.find_first_not_of(' ') == std::string_view::npos) {
      return fail(tr("--at: must be a moment, or words of an event"));
    }
    arguments.at = std::string(value);
  } else if (name == "--theme") {
    if (value != "dark" && value != "light") return fail(tr("--theme {}: dark or light", value));
    arguments.light = value == "light";
  } else if (name == "--type") {
    const auto percent = parse_integer<int>(value.substr(0, value.find('%')));
    if (!percent || *percent < 100 || *percent > 200) {
      return fail(tr("--type {}: must be a size from 100% to 200%", value));
    }
    arguments.type = *percent / 100.0;
  } else if (name == "--screenshot") {
    return set_screenshot(arguments, value);
  } else if (name == "--size") {
    return set_size(arguments, value);
  } else if (name == "--why") {
    if (value.find_first_not_of(' ') == std::string_view::npos) {
      return fail(tr("--why: must be the number of an event, or words of it"));
    }
    arguments.why = std::string(value);
  } else {
    return fail(tr("{}: no such option", name));
  }
  return {};
}

}  // namespace

std::string usage(Language language) {
  return tr_in(
      language,
      "Usage: brokerlab view FILE.run|SCENARIO [OPTIONS]\n"
      "Shows the recording of a run in a window, or draws one picture without any display.\n"
      "A scenario, by its name or file, is run first; its recording stays in NAME.run.\n\n"
      "Options:\n"
      "  --at 305s|09:00:46|WORDS  the moment to begin with, or of the picture: a time, start, "
      "end,\n"
      "                         first fault, or words of an event; else just before the first "
      "fault\n"
      "  --why EVENT|WORDS      select that event and show its causes\n"
      "  --screenshot P.png     draw a picture instead of a window\n"
      "  --size 1600x900        of the window or picture\n"
      "  --lang en|ko           language\n"
      "  --theme dark|light     colours\n"
      "  --type 100%..200%      size of the type\n\n"
      "Keys: space plays and stops, left and right move by 1 s (with shift by 10 s), home and "
      "end,\n"
      "      N and P go to the next and previous event, up and down change the speed, L the "
      "language,\n"
      "      ? shows all of them, Q closes.\n");
}

Result<Arguments, std::string> parse_arguments(std::span<const char* const> words,
                                               std::string_view environment_language) {
  Arguments arguments;
  if (environment_language.starts_with("ko")) arguments.language = Language::korean;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (word == "--help" || word == "-h") {
      arguments.help = true;  // in the language that may be named behind it
      continue;
    }
    if (!word.starts_with("--")) {
      if (!arguments.recording.empty()) {
        return fail(
            tr("{}: one recording at a time ({} was given too)", word, arguments.recording));
      }
      arguments.recording = std::string(word);
      continue;
    }
    std::string_view value;
    if (const auto equals = word.find('='); equals != std::string_view::npos) {
      value = word.substr(equals + 1);
      word = word.substr(0, equals);
    } else if (i + 1 < words.size()) {
      value = words[++i];
    } else {
      return fail(tr("{}: a value is missing", word));
    }
    if (arguments.help && word != "--lang") continue;
    if (const auto set = set_option(arguments, word, value); !set) return fail(set.error());
  }
  if (arguments.help) return arguments;
  if (arguments.recording.empty()) return fail(tr("which recording? (FILE.run)"));
  return arguments;
}

}  // namespace brokerlab::viz
