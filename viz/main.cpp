// brokerlab-viz: the recording of a run, in a window or as one picture.
//
// Exit status: 0 fine, 3 what was asked cannot be done (the reason is on standard error).
#include "base/translation.h"
#include "recording/search.h"
#include "viz/arguments.h"
#include "viz/offscreen.h"
#include "viz/window.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

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

int take_screenshot(Viewer& viewer, const Arguments& arguments) {
  auto offscreen = Offscreen::create(arguments.width, arguments.height);
  if (!offscreen) return complain(offscreen.error());
  const auto picture = offscreen->render(viewer);
  if (!picture) return complain(picture.error());
  const auto written = write_png(*picture, *arguments.screenshot);
  return written ? 0 : complain(written.error());
}

/// What only the recording can tell: when and which that is.
struct Place {
  std::optional<Time> at;
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

Result<Place, std::string> find_place(const Arguments& arguments, const Viewer& viewer) {
  Place place;
  if (arguments.at) {
    const auto at = find_time(viewer, *arguments.at);
    if (!at) return fail(fmt::format("--at {}: {}", *arguments.at, at.error()));
    const Duration run = viewer.run().duration;
    if (*at > Time(run)) {
      return fail(tr("--at {}: is not in the run, which goes from {}", *arguments.at,
                     recording::span_text(viewer.reader())));
    }
    place.at = *at;
  }
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

}  // namespace

int main(int argc, char** argv) {
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
  auto viewer = Viewer::open(arguments->recording);
  if (!viewer) return complain(viewer.error());
  const auto place = find_place(*arguments, *viewer);
  if (!place) return complain(place.error());
  viewer->view().language = arguments->language;
  viewer->view().selected_event = place->why;
  viewer->view().light = arguments->light;
  viewer->view().type = arguments->type;
  const Time opening = opening_moment(viewer->run());
  const Time begin = place->why ? *viewer->time_of(*place->why) : opening;
  seek(viewer->view(), place->at.value_or(begin), viewer->run().duration);

  if (arguments->screenshot) return take_screenshot(*viewer, *arguments);
  const auto shown = run_window(*viewer, arguments->width, arguments->height);
  if (shown) return 0;
  if (!shown.error().needs_display) return complain(shown.error().message);
  return complain(
      tr("there is no display; use --screenshot out.png for a picture, or ssh -X (DISPLAY) for the "
         "window."));
}
