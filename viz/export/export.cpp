#include "viz/export/export.h"

#include "base/check.h"
#include "base/file_replacement.h"
#include "base/translation.h"
#include "viz/export/ffmpeg.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <fstream>

namespace brokerlab::viz {
namespace {

// How files of these kinds begin; an MP4's first four bytes are the length of its first box.
bool begins_as(std::string_view head, ExportFormat format) {
  switch (format) {
    case ExportFormat::png:
      return head.starts_with("\x89PNG\r\n\x1a\n");
    case ExportFormat::gif:
      return head.starts_with("GIF87a") || head.starts_with("GIF89a");
    case ExportFormat::mp4:
      return head.size() >= 8 && head.substr(4, 4) == "ftyp";
  }
  return false;
}

const char* name_of(ExportFormat format) {
  return format == ExportFormat::png ? "PNG" : format == ExportFormat::gif ? "GIF" : "MP4";
}

double pictures_between(const FilmSpan& span, int rate) {
  return to_seconds(span.to - span.from) * rate / span.speed;
}

}  // namespace

std::optional<ExportFormat> export_format(std::string_view path) {
  std::string name(path.substr(path.rfind('/') + 1));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name.size() <= 4) return {};
  if (name.ends_with(".png")) return ExportFormat::png;
  if (name.ends_with(".gif")) return ExportFormat::gif;
  if (name.ends_with(".mp4")) return ExportFormat::mp4;
  return {};
}

Status<std::string> may_replace(const std::string& path, ExportFormat format) {
  std::error_code ignored;
  const auto there = std::filesystem::status(path, ignored);
  if (!std::filesystem::exists(there)) return {};
  if (!std::filesystem::is_regular_file(there)) {
    return fail(tr("{} is there and is no file; choose another name", path));
  }
  std::array<char, 16> head{};
  std::ifstream in(path, std::ios::binary);
  in.read(head.data(), head.size());
  const std::string_view begin(head.data(), static_cast<std::size_t>(in.gcount()));
  if (begin.empty() && in.eof()) return {};
  if (begins_as(begin, format)) return {};
  return fail(
      tr("{} is there and is no {}: it was left as it is; remove it, or choose another name", path,
         name_of(format)));
}

std::int64_t pictures_of(const FilmSpan& span, int rate) {
  const double between = pictures_between(span, rate);
  if (between > static_cast<double>(2 * most_pictures)) return 2 * most_pictures;
  return static_cast<std::int64_t>(std::ceil(between - 1e-6)) + 1;
}

Time shown_by(const FilmSpan& span, int rate, std::int64_t i) {
  const double since = static_cast<double>(i) * span.speed / rate;
  return std::min(span.to, span.from + from_seconds(since));
}

Status<std::string> export_picture(Viewer& viewer, Offscreen& offscreen, const std::string& path) {
  if (auto may = may_replace(path, ExportFormat::png); !may) return may;
  const auto picture = offscreen.render(viewer);
  if (!picture) return fail(picture.error());
  return write_png(*picture, path);
}

Status<std::string> export_film(Viewer& viewer, Offscreen& offscreen, const std::string& path,
                                const FilmSpan& span, const FilmProgress& progress) {
  const auto format = export_format(path);
  ENSURE(format && *format != ExportFormat::png, "a film is a GIF or an MP4");
  if (auto may = may_replace(path, *format); !may) return may;
  const bool mp4 = *format == ExportFormat::mp4;
  const int rate = mp4 ? mp4_rate : gif_rate;
  const std::int64_t all = pictures_of(span, rate);
  if (all > most_pictures) {
    return fail(
        tr("this film would have more than {} pictures; make the span shorter, or the "
           "speed higher",
           most_pictures));
  }
  auto file = FileReplacement::begin(path);
  if (!file) return fail(file.error());
  std::optional<Ffmpeg> ffmpeg;
  viewer.view().playing = false;
  viewer.view().speed = span.speed;  // How long a message stays to be seen follows it.
  for (std::int64_t i = 0; i < all; ++i) {
    seek(viewer.view(), shown_by(span, rate, i), viewer.run().duration);
    const auto picture = offscreen.render(viewer);
    if (!picture) return fail(picture.error());
    if (!ffmpeg) {
      auto started = Ffmpeg::start(file->writing_path(), {mp4 ? VideoFormat::mp4 : VideoFormat::gif,
                                                          picture->width, picture->height, rate});
      if (!started) return fail(started.error());
      ffmpeg.emplace(std::move(*started));
    }
    if (const auto fed = ffmpeg->feed(*picture); !fed) {
      return fail(tr("cannot write {}: {}", path, fed.error()));
    }
    if (progress) progress(i + 1, all);
  }
  if (const auto done = ffmpeg->finish(); !done) {
    return fail(tr("cannot write {}: {}", path, done.error()));
  }
  return file->commit();
}

}  // namespace brokerlab::viz
