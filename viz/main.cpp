// brokerlab-viz: the recording of a run, in a window or as one picture.
//
// Exit status: 0 fine, 3 what was asked cannot be done (the reason is on standard error).
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
  fmt::print(stderr, "brokerlab-viz: {}\n", message);
  return exit_error;
}

std::string environment_language() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
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

/// What only the recording can tell: the moment and the event are in it.
Status<std::string> check_against(const Arguments& arguments, const Viewer& viewer) {
  const Run& run = viewer.run();
  if (arguments.at && *arguments.at > Time(run.duration)) {
    return fail(fmt::format("--at {}: the run ends at {}",
                            to_text(arguments.at->time_since_epoch()), to_text(run.duration)));
  }
  if (arguments.why && !viewer.time_of(*arguments.why)) {
    return fail(fmt::format("--why {}: is no event of this recording", *arguments.why));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const std::span words(argv, static_cast<std::size_t>(argc));
  const auto arguments = parse_arguments(words.subspan(1), environment_language());
  if (!arguments) return complain(arguments.error() + "\n" + usage());
  if (arguments->help) {
    fmt::print("{}", usage());
    return 0;
  }
  auto viewer = Viewer::open(arguments->recording);
  if (!viewer) return complain(viewer.error());
  if (const auto there = check_against(*arguments, *viewer); !there) {
    return complain(there.error());
  }
  viewer->view().language = arguments->language;
  viewer->view().selected_event = arguments->why;
  const Time begin = arguments->why ? *viewer->time_of(*arguments->why) : Time{};
  seek(viewer->view(), arguments->at.value_or(begin), viewer->run().duration);

  if (arguments->screenshot) return take_screenshot(*viewer, *arguments);
  const auto shown = run_window(*viewer, arguments->width, arguments->height);
  if (shown) return 0;
  if (!shown.error().needs_display) return complain(shown.error().message);
  return complain(arguments->language == Language::korean
                      ? "화면이 없습니다. --screenshot out.png 로 그림을 저장하거나 ssh -X 로 "
                        "접속해 DISPLAY를 설정하세요."
                      : "there is no display; use --screenshot out.png for a picture, or ssh -X "
                        "(DISPLAY) for the window.");
}
