// brokerlab-viz: the recording of a run, in a window or as one picture.
//
// Exit status: 0 fine, 3 what was asked cannot be done (the reason is on standard error).
#include "base/file_replacement.h"
#include "base/translation.h"
#include "recording/search.h"
#include "viz/arguments.h"
#include "viz/export/export.h"
#include "viz/offscreen.h"
#include "viz/window.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace {

using namespace brokerlab;
using namespace brokerlab::viz;

constexpr int exit_error = 3;

int complain(const std::string& message) {
  fmt::print(stderr, "brokerlab view: {}\n", message);
  return exit_error;
}

std::string environment_language() {
  for (const char* name : {"BROKERLAB_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

/// What only the recording can tell: when and which that is.
struct Place {
  std::optional<Time> at;
  FilmSpan film;
  std::optional<std::int64_t> why;
};

/// A time of the run or of day, "start", "end", "first fault", or words of an event.
Result<Time, std::string> find_time(const Viewer& viewer, const std::string& words) {
  const Run& run = viewer.run();
  if (words == "start") return Time{};
  if (words == "end") return Time(run.duration);
  if (words == "first fault") {
    if (run.first_fault) return *run.first_fault;
    return fail(tr("there is no fault in this run"));
  }
  auto at = recording::find_moment(viewer.reader(), words);
  const bool digits = words.find_first_of("0123456789") == 0 || words.starts_with('-');
  if (at.ok() || digits) return at;
  const auto found = recording::find_events(viewer.reader(), words);
  if (found.empty()) {
    return fail(tr("is no time, and matches no event; see brokerlab trace"));
  }
  return found.front().t;
}

/// The moment that an option asks for.
Result<Time, std::string> moment_of(const Viewer& viewer, const char* option,
                                    const std::string& words) {
  auto at = find_time(viewer, words);
  if (!at) return fail(fmt::format("{} {}: {}", option, words, at.error()));
  if (*at > Time(viewer.run().duration)) {
    return fail(tr("{} {}: is not in the run, which goes from {}", option, words,
                   recording::span_text(viewer.reader())));
  }
  return at;
}

Result<FilmSpan, std::string> find_film(const Arguments& arguments, const Viewer& viewer) {
  const auto from = moment_of(viewer, "--from", arguments.from.value_or("start"));
  if (!from) return fail(from.error());
  const auto to = moment_of(viewer, "--to", arguments.to.value_or("end"));
  if (!to) return fail(to.error());
  if (*from > *to) {
    return fail(tr("{} {}: comes after the end, {}", "--from", *arguments.from,
                   arguments.to.value_or("end")));
  }
  return FilmSpan{*from, *to, arguments.speed};
}

Result<Place, std::string> find_place(const Arguments& arguments, const Viewer& viewer) {
  Place place;
  if (arguments.at) {
    const auto at = moment_of(viewer, "--at", *arguments.at);
    if (!at) return fail(at.error());
    place.at = *at;
  }
  auto film = find_film(arguments, viewer);
  if (!film) return fail(film.error());
  place.film = *film;
  if (!arguments.why) return place;
  place.why = recording::event_number(*arguments.why);
  if (place.why && !viewer.time_of(*place.why)) {
    return fail(tr("--why {}: is no event of this recording", *arguments.why));
  }
  if (place.why) return place;
  const auto found = recording::find_events(viewer.reader(), *arguments.why);
  if (found.empty()) {
    return fail(tr("--why {}: matches no event; see brokerlab trace", *arguments.why));
  }
  place.why = found.front().id;
  return place;
}

/// A line that is drawn over on a terminal; elsewhere one for each tenth of the way. What takes
/// less than a second says nothing.
class Pictures {
 public:
  void show(std::int64_t done, std::int64_t all) {
    const auto now = std::chrono::steady_clock::now();
    const std::int64_t tenths = 10 * done / all;
    const bool due = terminal_ ? now - shown_ > 100ms || done == all : tenths > tenths_;
    if (now - begin_ < 1s || !due) return;
    shown_ = now;
    tenths_ = tenths;
    fmt::print(stderr, "{}{}{}", terminal_ ? "\r" : "", tr("{} of {} pictures", done, all),
               terminal_ && done < all ? "" : "\n");
    std::fflush(stderr);
  }

 private:
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_{};
  std::int64_t tenths_ = 0;
};

int export_to_file(Viewer& viewer, const Arguments& arguments, const FilmSpan& film) {
  const std::string& path = *arguments.export_to;
  const ExportFormat format = *export_format(path);
  if (const auto may = may_replace(path, format); !may) return complain(may.error());
  auto offscreen = Offscreen::create(arguments.width, arguments.height);
  if (!offscreen) return complain(offscreen.error());
  Pictures pictures;
  const auto written =
      format == ExportFormat::png
          ? export_picture(viewer, *offscreen, path)
          : export_film(viewer, *offscreen, path, film,
                        [&](std::int64_t done, std::int64_t all) { pictures.show(done, all); });
  return written ? 0 : complain(written.error());
}

}  // namespace

int main(int argc, char** argv) {
  remove_unfinished_files_on_signals();
  const std::span words(argv, static_cast<std::size_t>(argc));
  const std::string code = environment_language();
  speak(language_of(code));
  for (const std::string_view word : words) {  // A mistake may stand before --lang.
    if (word == "--lang=ko" || word == "ko") speak(Language::korean);
  }
  const auto arguments = parse_arguments(words.subspan(1), code);
  if (!arguments) return complain(arguments.error() + "\n" + usage(spoken()));
  speak(arguments->language);
  if (arguments->help) {
    fmt::print("{}", usage(arguments->language));
    return 0;
  }
  auto viewer = arguments->live ? Viewer::open_live(arguments->recording)
                                : Viewer::open(arguments->recording);
  if (!viewer) return complain(viewer.error());
  const auto place = find_place(*arguments, *viewer);
  if (!place) return complain(place.error());
  viewer->view().language = arguments->language;
  viewer->view().selected_event = place->why;
  viewer->view().light = arguments->light;
  viewer->view().presenting = arguments->present;
  if (arguments->compare) {
    const auto compared = viewer->compare_with(*arguments->compare);
    if (!compared) return complain(compared.error());
  }
  viewer->view().type = arguments->type;
  const Time opening = opening_moment(viewer->run());
  const Time begin = place->why ? *viewer->time_of(*place->why) : opening;
  if (!arguments->live || place->at || place->why) {
    seek(viewer->view(), place->at.value_or(begin), viewer->run().duration);
  }

  viewer->view().tab = arguments->panel.value_or(0);
  viewer->view().alone = arguments->panel.has_value();

  if (arguments->export_to) return export_to_file(*viewer, *arguments, place->film);
  const auto shown = run_window(*viewer, arguments->width, arguments->height);
  if (shown) return 0;
  if (!shown.error().needs_display) return complain(shown.error().message);
  return complain(
      tr("there is no display; use --screenshot out.png for a picture, or ssh -X (DISPLAY) for the "
         "window."));
}
