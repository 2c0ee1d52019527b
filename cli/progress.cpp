#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <string>
#include <unistd.h>

namespace brokerlab::cli {
namespace {

constexpr int bar_width = 30;
constexpr auto redraw_every = std::chrono::milliseconds(100);

double seconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace

int progress_columns() {
  const char* term = std::getenv("TERM");
  if (isatty(STDERR_FILENO) == 0 || term == nullptr || std::string_view(term) == "dumb") return 0;
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

Progress::Progress(std::ostream& err, int columns, Duration whole)
    : err_(err), columns_(columns), whole_(whole) {}

Progress::~Progress() {
  if (drawn_) err_ << "\r\033[K" << std::flush;
}

void Progress::show(Time now, std::uint64_t steps) {
  const auto wall = std::chrono::steady_clock::now();
  const double share = to_seconds(now) / std::max(to_seconds(whole_), 1e-9);
  const double spent = std::max(seconds(wall - begin_), 1e-3);
  const double left = share > 0 ? spent * (1 - share) / share : 0;
  const std::string figures =
      fmt::format("{:.0f} of {:.0f} s simulated, {:.0f} times real time, {:.0f} s to go",
                  to_seconds(now), to_seconds(whole_), to_seconds(now) / spent, left);
  if (columns_ > 0) {
    if (wall - shown_ < redraw_every) return;
    shown_ = wall;
    // A line that wraps could not be drawn over: the bar takes what the figures leave.
    const int room = columns_ - 1;
    const int width = std::min(bar_width, room - static_cast<int>(figures.size()) - 3);
    std::string line;
    if (width > 0) {
      const int filled = std::clamp(static_cast<int>(share * width), 0, width);
      line = "[" + std::string(static_cast<std::size_t>(filled), '#') +
             std::string(static_cast<std::size_t>(width - filled), '.') + "] ";
    }
    line += figures;
    line.resize(std::min(line.size(), static_cast<std::size_t>(std::max(room, 0))));
    err_ << "\r" << line << "\033[K" << std::flush;
    drawn_ = true;
    return;
  }
  const int tenths = static_cast<int>(share * 10);
  if (tenths <= tenths_) return;
  tenths_ = tenths;
  err_ << fmt::format("{}, {:.2f} M steps", figures, static_cast<double>(steps) * 1e-6) << "\n"
       << std::flush;
}

}  // namespace brokerlab::cli
