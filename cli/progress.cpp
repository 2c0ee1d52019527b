#include "cli/progress.h"

#include "base/translation.h"
#include "cli/columns.h"
#include "scenarios/report.h"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cmath>
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

/// Whole letters, up to so many columns.
std::string cut_to(int columns, const std::string& text) {
  std::size_t end = 0;
  while (end < text.size() && (columns -= columns_of(text[end])) >= 0) ++end;
  return text.substr(0, end);
}

}  // namespace

int progress_columns() {
  const char* term = std::getenv("TERM");
  if (isatty(STDERR_FILENO) == 0 || term == nullptr || std::string_view(term) == "dumb") return 0;
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

ProgressLine::ProgressLine(std::ostream& err, int columns) : err_(err), columns_(columns) {}

void ProgressLine::clear() {
  if (drawn_) err_ << "\r\033[K" << std::flush;
  drawn_ = false;
}

double ProgressLine::seconds_spent() const {
  return std::max(seconds(std::chrono::steady_clock::now() - begin_), 1e-3);
}

bool ProgressLine::due(double share) {
  if (columns_ == 0) return static_cast<int>(share * 10) > tenths_;
  return std::chrono::steady_clock::now() - shown_ >= redraw_every;
}

void ProgressLine::draw(double share, std::string figures, const std::string& brief,
                        const std::string& tail) {
  if (columns_ == 0) {
    tenths_ = static_cast<int>(share * 10);
    err_ << figures << tail << "\n" << std::flush;
    return;
  }
  shown_ = std::chrono::steady_clock::now();
  // A line that wraps could not be drawn over: the bar takes what the figures leave.
  const int room = columns_ - 1;
  if (columns_of(figures) > room) figures = brief;
  const int width = std::min(bar_width, room - columns_of(figures) - 3);
  std::string line;
  if (width >= 8) {
    const int filled = std::clamp(static_cast<int>(share * width), 0, width);
    line = "[" + std::string(static_cast<std::size_t>(filled), '#') +
           std::string(static_cast<std::size_t>(width - filled), '.') + "] ";
  }
  line += figures;
  err_ << "\r" << cut_to(std::max(room, 0), line) << "\033[K" << std::flush;
  drawn_ = true;
}

void Progress::show(Time now) {
  const double share = to_seconds(now) / std::max(to_seconds(whole_), 1e-9);
  if (!line_.due(share)) return;
  const double spent = line_.seconds_spent();
  const double left = share > 0 ? spent * (1 - share) / share : 0;
  const double speed = to_seconds(now) / spent;
  line_.draw(share,
             tr("{:.0f} of {:.0f} s simulated, {} times real time, {:.0f} s to go", to_seconds(now),
                to_seconds(whole_),
                speed < 10 ? fmt::format("{:.1f}", speed) : fmt::format("{:.0f}", speed), left),
             tr("{:.0f} of {:.0f} s, {:.0f} s to go", to_seconds(now), to_seconds(whole_), left),
             "");
}

void ProgressLine::count(std::int64_t done, std::int64_t whole, Unit unit) {
  const double spent = seconds_spent();
  if (whole <= 0 || spent < 1) return;
  const double share = std::min(static_cast<double>(done) / static_cast<double>(whole), 1.0);
  if (!due(share)) return;
  const double left = spent * (1 - share) / std::max(share, 1e-9);
  const double rate = static_cast<double>(done) / spent;
  constexpr double mega = 1e-6;
  draw(share,
       unit == Unit::rows
           ? tr("{} of {} rows, {} rows/s, {:.0f} s to go", scenarios::with_commas(done),
                scenarios::with_commas(whole), scenarios::with_commas(std::llround(rate)), left)
           : tr("{:.1f} of {:.1f} MB read, {:.0f} MB/s, {:.0f} s to go",
                static_cast<double>(done) * mega, static_cast<double>(whole) * mega, rate * mega,
                left),
       tr("{:.0f} %, {:.0f} s to go", share * 100, left), "");
}

void RowProgress::add(std::int64_t rows) {
  done_ += rows;
  line_.count(done_, whole_, ProgressLine::Unit::rows);
}

void ByteProgress::add(std::int64_t bytes) {
  done_ += bytes;
  line_.count(done_, whole_, ProgressLine::Unit::bytes);
}

}  // namespace brokerlab::cli
