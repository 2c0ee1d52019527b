#include "viz/arguments.h"

#include "base/integer_text.h"
#include "base/translation.h"
#include "recording/search.h"
#include "viz/export/export.h"
#include "viz/view_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

namespace brokerlab::viz {
namespace {

/// In the order of ViewState::tab.
constexpr std::array<std::string_view, 4> panel_names{"cluster", "partitions", "events", "time"};

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
  if (export_format(value) != ExportFormat::png) {
    return fail(tr("--screenshot {}: the picture is a PNG; its name must end in .png", value));
  }
  arguments.export_to = std::string(value);
  return {};
}

Status<std::string> set_export(Arguments& arguments, std::string_view value) {
  if (!export_format(value)) {
    return fail(
        tr("--export {}: its name must end in .png (a picture), .gif or .mp4 (a film)", value));
  }
  arguments.export_to = std::string(value);
  return {};
}

/// "10", "10x", "0.5", "1/1000".
Status<std::string> set_speed(Arguments& arguments, std::string_view value) {
  std::string_view number = value.substr(0, value.find_last_not_of("x× ") + 1);
  const bool share = number.starts_with("1/");
  if (share) number.remove_prefix(2);
  const std::string digits(number);
  char* end = nullptr;
  const double parsed = std::strtod(digits.c_str(), &end);
  const bool plain = !digits.empty() && std::isdigit(static_cast<unsigned char>(digits[0])) != 0;
  const double speed = share && parsed > 0 ? 1 / parsed : parsed;
  if (!plain || *end != '\0' || !(speed >= slowest && speed <= fastest)) {
    return fail(
        tr("--speed {}: must be a speed from 1/131072 to 1024, such as 10 or 1/1000", value));
  }
  arguments.speed = speed;
  return {};
}

Status<std::string> set_panel(Arguments& arguments, std::string_view value) {
  for (std::size_t i = 0; i < panel_names.size(); ++i) {
    if (value == panel_names[i]) arguments.panel = static_cast<int>(i);
  }
  if (arguments.panel || value == "all") return {};
  return fail(tr("--panel {}: must be cluster, partitions, events, time or all", value));
}

/// A moment as far as it can be told without the recording.
Status<std::string> look_at_moment(std::string_view option, std::string_view value) {
  const auto at = parse_duration(value);
  // Times of day, and words, are looked up in the recording.
  if (!at && value.find_first_of("0123456789-") == 0 && value.find(':') == std::string_view::npos) {
    return fail(fmt::format("{} {}: {}", option, value, at.error()));
  }
  if (at && *at < Duration{}) return fail(tr("{} {}: must not be negative", option, value));
  if (value.find_first_not_of(' ') == std::string_view::npos) {
    return fail(tr("{}: must be a moment, or words of an event", option));
  }
  return {};
}

/// What options ask together.
Status<std::string> look_at_all(const Arguments& arguments) {
  const auto format = arguments.export_to ? export_format(*arguments.export_to) : std::nullopt;
  const bool film = format && *format != ExportFormat::png;
  if (arguments.live && (arguments.export_to || arguments.compare)) {
    return fail(tr("--live is a window: without --export, --screenshot and --compare"));
  }
  if ((arguments.from || arguments.to) && !film) {
    return fail(tr("--from and --to are of a film: --export FILE.mp4 or FILE.gif"));
  }
  if (arguments.at && film) {
    return fail(tr("--at is of a picture; a film goes --from one moment --to another"));
  }
  return {};
}

Status<std::string> set_option(Arguments& arguments, std::string_view name,
                               std::string_view value) {
  if (name == "--lang") {
    if (value != "en" && value != "ko") return fail(tr("--lang {}: en or ko", value));
    arguments.language = value == "ko" ? Language::korean : Language::english;
  } else if (name == "--at") {
    if (auto fine = look_at_moment(name, value); !fine) return fine;
    arguments.at = std::string(value);
  } else if (name == "--from" || name == "--to") {
    if (auto fine = look_at_moment(name, value); !fine) return fine;
    (name == "--to" ? arguments.to : arguments.from) = std::string(value);
  } else if (name == "--speed") {
    return set_speed(arguments, value);
  } else if (name == "--export") {
    return set_export(arguments, value);
  } else if (name == "--compare") {
    arguments.compare = std::string(value);
  } else if (name == "--panel") {
    return set_panel(arguments, value);
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
      "fault,\n"
      "                         or before what the scenario's lesson asks about\n"
      "  --why EVENT|WORDS      select that event and show its causes\n"
      "  --export FILE          in place of a window: a picture (.png) or a film (.mp4, .gif)\n"
      "  --from 300s --to 330s  the span of a film, as --at; else the whole run\n"
      "  --speed 10|1/1000      of a film: simulated seconds a second\n"
      "  --panel NAME           cluster, partitions, events or time alone\n"
      "  --compare OTHER.run    its curves beside this one's; C shows what differs\n"
      "  --live                 of a session of brokerlab live: what is simulated now\n"
      "  --present              before a class: larger, the future hidden, with questions\n"
      "  --screenshot P.png     the same as --export P.png\n"
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
    if (word == "--present") {
      arguments.present = true;
      continue;
    }
    if (word == "--live") {
      arguments.live = true;
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
  if (const auto fine = look_at_all(arguments); !fine) return fail(fine.error());
  return arguments;
}

}  // namespace brokerlab::viz
