// What the viewer shows, as a file to show elsewhere: a PNG of one moment, a GIF or MP4 of a span.
//
// The file is there whole or not at all (base/file_replacement.h). What stands at its place is
// replaced only when it is of the same kind; anything else is left alone.
//
// Threads: none. Errors: returned, one sentence.
#pragma once

#include "base/result.h"
#include "base/units.h"
#include "viz/offscreen.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::viz {

enum class ExportFormat { png, gif, mp4 };

/// By the end of the name, in either case; nothing when it is another.
std::optional<ExportFormat> export_format(std::string_view path);

/// Whether an export may be put there: nothing is, or something of the same kind.
Status<std::string> may_replace(const std::string& path, ExportFormat format);

/// A span of the run and how fast it passes.
struct FilmSpan {
  Time from{};
  Time to{};
  double speed = 1;  ///< Simulated seconds a second of the film.
};

inline constexpr int mp4_rate = 30;  ///< Pictures a second.
inline constexpr int gif_rate = 20;  ///< A GIF counts in hundredths of a second.
inline constexpr std::int64_t most_pictures = 100'000;

/// How many pictures the film has. The first shows `from`, the last `to`.
std::int64_t pictures_of(const FilmSpan& span, int rate);
/// What picture number i (from 0) shows.
Time shown_by(const FilmSpan& span, int rate, std::int64_t i);

/// `progress` is told of pictures done and of how many there will be.
using FilmProgress = std::function<void(std::int64_t done, std::int64_t all)>;

/// The viewer as it stands, at one moment.
Status<std::string> export_picture(Viewer& viewer, Offscreen& offscreen, const std::string& path);
/// GIF or MP4. The view's time is at `to` afterwards.
Status<std::string> export_film(Viewer& viewer, Offscreen& offscreen, const std::string& path,
                                const FilmSpan& span, const FilmProgress& progress = {});

}  // namespace brokerlab::viz
