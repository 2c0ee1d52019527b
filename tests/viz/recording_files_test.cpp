// What the viewer makes of the file: any moment is the same however one comes to it, and a file
// that is damaged is told of.
#include "tests/moment_text.h"
#include "tests/viz/large_recording.h"
#include "tests/viz/sample_recording.h"
#include "viz/offscreen.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace brokerlab;
using namespace brokerlab::viz;

namespace {

struct Temporary {
  std::string path = fmt::format("{}/brokerlab_files_{}.run",
                                 std::filesystem::temp_directory_path().string(), getpid());
  ~Temporary() { std::filesystem::remove(path); }
};

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

void put_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
}

}  // namespace

TEST_CASE("a moment is the same scrubbed to as played to", "[unit]") {
  const std::vector<std::function<void(const std::string&)>> files{
      write_sample_recording, [](const std::string& path) { write_large_recording(path, {}); },
      [](const std::string& path) {
        write_large_recording(path, {.brokers = 30, .partitions = 90, .zones = 2});
      }};
  for (std::size_t i = 0; i < files.size(); ++i) {
    INFO("recording " << i);
    const Temporary file;
    files[i](file.path);
    CHECK(tests::unlike_when_played(file.path, RandomStream(3, fmt::format("{}", i))).empty());
  }
}

TEST_CASE("a damaged recording is refused, or shown as far as it goes; nothing stops", "[unit]") {
  const Temporary file;
  write_large_recording(
      file.path, {.brokers = 3, .producers = 2, .consumers = 2, .groups = 1, .partitions = 6});
  const std::string whole = bytes_of(file.path);
  REQUIRE(whole.size() > 50'000);
  auto screen = Offscreen::create(1280, 720);
  REQUIRE(screen.ok());
  RandomStream random(7, "damage");
  int refused = 0;
  int shown = 0;
  for (int i = 0; i < 120; ++i) {
    std::string bytes = whole;
    const auto place = [&] {
      return static_cast<std::size_t>(random.uniform(0, static_cast<double>(bytes.size() - 1)));
    };
    if (i % 3 == 0) bytes.resize(place());
    const int wounds = bytes.size() < 2 ? 0 : i % 3 == 0 ? 0 : 1 << (i % 11);
    for (int k = 0; k < wounds; ++k) {
      bytes[place()] = static_cast<char>(random.uniform(0, 255));
    }
    put_bytes(file.path, bytes);
    INFO("damage " << i);
    auto viewer = Viewer::open(file.path);
    if (!viewer.ok()) {
      ++refused;
      CHECK(viewer.error().size() > 10);
      continue;
    }
    ++shown;
    for (const Duration at : {0s, 20s, 60s}) {
      seek(viewer->view(), Time(at), viewer->run().duration);
      CHECK(screen->compose(*viewer).ok());
    }
  }
  CHECK(refused > 20);
  CHECK(shown > 20);
}

TEST_CASE("a file that is none, or of another format, is refused with its reason", "[unit]") {
  const Temporary file;
  put_bytes(file.path, "PNG, or whatever else there is");
  CHECK_THAT(Viewer::open(file.path).error(), Catch::Contains(file.path));
  CHECK_THAT(Viewer::open("/nowhere/at/all.run").error(), Catch::Contains("/nowhere/at/all.run"));
  std::filesystem::remove(file.path);
  auto newer = recording::Recording::create(file.path);
  REQUIRE(newer.ok());
  newer->meta("format", "99");
  REQUIRE(newer->finish().ok());
  CHECK_THAT(Viewer::open(file.path).error(), Catch::Contains("99"));
}
