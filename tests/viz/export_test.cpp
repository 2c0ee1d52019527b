// Pictures and films: what is in them, and what happens to the file when something goes wrong.
#include "viz/export/export.h"

#include "tests/pictures.h"
#include "tests/temporary.h"
#include "tests/viz/sample_recording.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace brokerlab;
using namespace brokerlab::viz;
namespace fs = std::filesystem;

namespace {

constexpr int film_width = 640;
constexpr int film_height = 361;  // Odd: an MP4 wants even sides.

// A folder with the sample recording, opened and ready to be drawn.
struct Studio {
  fs::path folder = tests::temporary_path("export");
  std::optional<Viewer> viewer;
  std::optional<Offscreen> screen;

  Studio() {
    fs::create_directories(folder);
    write_sample_recording((folder / "sample.run").string());
    auto opened = Viewer::open((folder / "sample.run").string());
    if (!opened.ok()) FAIL(opened.error());
    viewer.emplace(std::move(opened).value());
    auto made = Offscreen::create(film_width, film_height);
    if (!made.ok()) FAIL(made.error());
    screen.emplace(std::move(made).value());
  }
  Studio(const Studio&) = delete;
  Studio& operator=(const Studio&) = delete;
  ~Studio() { fs::remove_all(folder); }

  std::string path(const std::string& name) const { return (folder / name).string(); }
  Status<std::string> film(const std::string& name, const FilmSpan& span,
                           const FilmProgress& progress = {}) {
    return export_film(*viewer, *screen, path(name), span, progress);
  }
  Picture picture_at(Time t, double speed) {
    viewer->view().speed = speed;
    seek(viewer->view(), t, viewer->run().duration);
    const auto picture = screen->render(*viewer);
    if (!picture.ok()) FAIL(picture.error());
    return *picture;
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(folder)) {
      names.push_back(file.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
};

bool has_ffmpeg() {
  const bool has = std::system("ffprobe -version >/dev/null 2>&1") == 0;
  if (!has) WARN("skipped: ffmpeg is not installed");
  return has;
}

std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 256> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) text += buffer.data();
  pclose(pipe);
  return text;
}

// Picture number i of a film, as a player sees it.
Picture frame_of(const Studio& studio, const std::string& film, std::int64_t i) {
  const std::string png = studio.path("frame.png");
  const std::string command =
      fmt::format("ffmpeg -v error -y -i '{}' -vf 'select=eq(n\\,{})' -vframes 1 '{}'",
                  studio.path(film), i, png);
  REQUIRE(std::system(command.c_str()) == 0);
  auto picture = read_png(png);
  if (!picture.ok()) FAIL(picture.error());
  fs::remove(png);
  if (picture->height == film_height + 1) {  // The row that makes it even.
    picture->height = film_height;
    picture->rgb.resize(3UL * film_width * film_height);
  }
  return *picture;
}

class PathVariable {
 public:
  explicit PathVariable(const std::string& value) : before_(std::getenv("PATH")) {
    setenv("PATH", value.c_str(), 1);
  }
  PathVariable(const PathVariable&) = delete;
  PathVariable& operator=(const PathVariable&) = delete;
  ~PathVariable() { setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

const FilmSpan around_the_crash{Time(329s), Time(332s), 2};

}  // namespace

TEST_CASE("a film's first picture shows its begin, its last its end", "[unit]") {
  CHECK(pictures_of({Time(300s), Time(330s), 1}, 30) == 901);
  CHECK(pictures_of({Time(300s), Time(330s), 10}, 30) == 91);
  CHECK(pictures_of({Time(5s), Time(5s), 1}, 30) == 1);
  const FilmSpan odd{Time(10s), Time(11s), 0.7};
  const std::int64_t all = pictures_of(odd, 20);
  CHECK(all == 30);
  CHECK(shown_by(odd, 20, 0) == Time(10s));
  CHECK(shown_by(odd, 20, 10) == Time(10'350ms));
  CHECK(shown_by(odd, 20, all - 1) == Time(11s));
  CHECK(shown_by(odd, 20, all - 2) < Time(11s));
  CHECK(pictures_of({Time{}, Time(10h), slowest}, 30) > most_pictures);
}

TEST_CASE("a film has the pictures of its span, in its size", "[unit]") {
  if (!has_ffmpeg()) return;
  Studio studio;
  for (const auto& [name, rate] : {std::pair{"a.mp4", mp4_rate}, std::pair{"a.gif", gif_rate}}) {
    INFO(name);
    std::int64_t told = 0;
    const auto done = studio.film(name, around_the_crash, [&](std::int64_t n, std::int64_t all) {
      CHECK(n == ++told);
      CHECK(all == pictures_of(around_the_crash, rate));
    });
    if (!done.ok()) FAIL(done.error());
    const std::int64_t all = pictures_of(around_the_crash, rate);
    CHECK(told == all);
    const std::string seen =
        output_of(fmt::format("ffprobe -v error -count_frames -select_streams v -show_entries "
                              "stream=width,height,r_frame_rate,nb_read_frames -of csv=p=0 '{}'",
                              studio.path(name)));
    const int even = rate == mp4_rate ? film_height + 1 : film_height;
    CHECK(seen == fmt::format("{},{},{}/1,{}\n", film_width, even, rate, all));
    const auto unlike = [&](std::int64_t i, Time t) {
      return tests::difference(frame_of(studio, name, i), studio.picture_at(t, 2)).pixels;
    };
    CHECK(unlike(0, around_the_crash.from) < 0.004);
    CHECK(unlike(all - 1, around_the_crash.to) < 0.004);
    CHECK(unlike(all - 1, around_the_crash.from) > 0.01);
  }
  CHECK(studio.files() == std::vector<std::string>{"a.gif", "a.mp4", "sample.run"});
}

TEST_CASE("an export replaces its own kind, and nothing else", "[unit]") {
  Studio studio;
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(studio.path(name), std::ios::binary) << text;
  };
  write("notes.png", "my notes");
  const auto refused = export_picture(*studio.viewer, *studio.screen, studio.path("notes.png"));
  REQUIRE_FALSE(refused.ok());
  CHECK_THAT(refused.error(), Catch::Contains("is there and is no PNG: it was left as it is"));
  CHECK(fs::file_size(studio.path("notes.png")) == 8);
  write("film.mp4", "\x89PNG\r\n\x1a\n");
  CHECK_FALSE(studio.film("film.mp4", around_the_crash).ok());
  fs::create_directories(studio.path("folder.gif"));
  CHECK_FALSE(studio.film("folder.gif", around_the_crash).ok());
  for (int i = 0; i < 2; ++i) {  // The second replaces the first.
    CHECK(export_picture(*studio.viewer, *studio.screen, studio.path("mine.png")).ok());
  }
  CHECK(may_replace("/dev/null", ExportFormat::png).ok() == false);
  const auto nowhere = export_picture(*studio.viewer, *studio.screen, studio.path("no/x.png"));
  REQUIRE_FALSE(nowhere.ok());
  CHECK_THAT(nowhere.error(), Catch::Contains("there is no folder"));
}

TEST_CASE("without ffmpeg, or when it is killed, there is a word and no file", "[unit]") {
  Studio studio;
  const auto told = [&] {
    const auto done = studio.film("a.mp4", around_the_crash);
    return done.ok() ? std::string("fine") : done.error();
  };
  {
    const PathVariable none(studio.path("no_programs"));
    CHECK_THAT(told(), Catch::Contains("ffmpeg, which is not installed"));
  }
  fs::create_directories(studio.path("bin"));
  const auto ffmpeg_is = [&](const std::string& script) {
    std::ofstream(studio.path("bin/ffmpeg")) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(studio.path("bin/ffmpeg"), fs::perms::owner_all);
  };
  const PathVariable ours(studio.path("bin") + ":" + std::getenv("PATH"));
  ffmpeg_is("head -c 1000000 > /dev/null; kill -9 $$");
  CHECK_THAT(told(), Catch::Contains("ffmpeg was ended by signal 9"));
  ffmpeg_is("cat > /dev/null; echo 'No space left on device' >&2; exit 1");
  CHECK_THAT(told(), Catch::Contains("ffmpeg failed: No space left on device"));
  ffmpeg_is("exit 0");
  CHECK_THAT(told(), Catch::Contains("ffmpeg ended before its film did"));
  CHECK(studio.files() == std::vector<std::string>{"bin", "sample.run"});
}

TEST_CASE("a full disk ends a film with ffmpeg's own word for it", "[unit]") {
  if (!has_ffmpeg()) return;
  Studio studio;
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 4000;  // Bytes a file: the nearest thing to a full disk that a test has.
  setrlimit(RLIMIT_FSIZE, &small);
  const auto done = studio.film("a.gif", around_the_crash);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  REQUIRE_FALSE(done.ok());
  CHECK_THAT(done.error(), Catch::Contains("cannot write") && Catch::Contains("File too large"));
  CHECK(studio.files() == std::vector<std::string>{"sample.run"});
}
