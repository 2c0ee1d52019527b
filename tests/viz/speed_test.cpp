// How long a frame takes. Not part of the tests: brokerlab_tests_viz "[bench]" prints it.
#include "tests/viz/large_recording.h"
#include "viz/offscreen.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <functional>
#include <unistd.h>
#include <vector>

using namespace brokerlab;
using namespace brokerlab::viz;

namespace {

// Of the processor's time, so that others on the machine do not count.
double median_ms(int times, const std::function<void(int)>& work) {
  std::vector<double> all;
  for (int i = 0; i < times; ++i) {
    const std::clock_t begin = std::clock();
    work(i);
    all.push_back(1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

}  // namespace

TEST_CASE("what a frame costs", "[.][bench]") {
  const std::string path = fmt::format("{}/brokerlab_speed_{}.run",
                                       std::filesystem::temp_directory_path().string(), getpid());
  for (const int partitions : {24, 1000}) {
    const bool small = partitions < 100;
    write_large_recording(path, small ? LargeCluster{.brokers = 3,
                                                     .producers = 1,
                                                     .consumers = 2,
                                                     .groups = 1,
                                                     .partitions = 6}
                                      : LargeCluster{.brokers = 100,
                                                     .producers = 500,
                                                     .consumers = 500,
                                                     .groups = 20,
                                                     .partitions = 1000,
                                                     .zones = 3,
                                                     .racks_a_zone = 4});
    auto viewer = Viewer::open(path);
    REQUIRE(viewer.ok());
    auto screen = Offscreen::create(1600, 900);
    REQUIRE(screen.ok());
    const double open = median_ms(3, [&](int) { REQUIRE(Viewer::open(path).ok()); });
    seek(viewer->view(), Time(30s), viewer->run().duration);
    REQUIRE(screen->render(*viewer).ok());
    const double build = median_ms(100, [&](int) { REQUIRE(screen->compose(*viewer).ok()); });
    const double whole = median_ms(20, [&](int) { REQUIRE(screen->render(*viewer).ok()); });
    const double scrub = median_ms(100, [&](int i) {
      seek(viewer->view(), Time(i * 577ms), viewer->run().duration);
      viewer->moment();
    });
    fmt::print(
        "{} brokers: open {:.1f} ms, UI build {:.2f} ms, with software GL {:.1f} ms, "
        "scrub {:.2f} ms\n",
        small ? 3 : 100, open, build, whole, scrub);
  }
  std::filesystem::remove(path);
}
