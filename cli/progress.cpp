#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <string>

namespace brokerlab::cli {
namespace {

constexpr int bar_width = 30;
constexpr auto redraw_every = std::chrono::milliseconds(100);

double seconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace

Progress::Progress(std::ostream& err, bool terminal, Duration whole)
    : err_(err), terminal_(terminal), whole_(whole) {}

Progress::~Progress() {
  if (drawn_) err_ << "\r\033[K" << std::flush;
}

void Progress::show(Time now, std::uint64_t steps) {
  const auto wall = std::chrono::steady_clock::now();
  const double share = to_seconds(now) / std::max(to_seconds(whole_), 1e-9);
  const double spent = std::max(seconds(wall - begin_), 1e-3);
  const double left = share > 0 ? spent * (1 - share) / share : 0;
  const std::string figures = fmt::format(
      "{:.0f} of {:.0f} s simulated, {:.0f} times real time, {:.2f} M steps, {:.0f} s to go",
      to_seconds(now), to_seconds(whole_), to_seconds(now) / spent,
      static_cast<double>(steps) * 1e-6, left);
  if (terminal_) {
    if (wall - shown_ < redraw_every) return;
    shown_ = wall;
    const int filled = std::clamp(static_cast<int>(share * bar_width), 0, bar_width);
    err_ << "\r[" << std::string(static_cast<std::size_t>(filled), '#')
         << std::string(static_cast<std::size_t>(bar_width - filled), '.') << "] " << figures
         << "\033[K" << std::flush;
    drawn_ = true;
    return;
  }
  const int tenths = static_cast<int>(share * 10);
  if (tenths <= tenths_) return;
  tenths_ = tenths;
  err_ << figures << "\n" << std::flush;
}

}  // namespace brokerlab::cli
