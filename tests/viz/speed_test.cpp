// How long a frame takes. Not part of the tests: brokerlab_tests_viz "[bench]" prints it.
#include "recording/recording.h"
#include "tests/viz/large_recording.h"
#include "viz/offscreen.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
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
    const double whole = median_ms(20, [&](int) { REQUIRE(screen->draw(*viewer).ok()); });
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

namespace {

// Ten million events of an hour, nearly all of them details; messages, facts and metrics beside.
void write_long_recording(const std::string& path) {
  constexpr int events = 10'000'000;
  auto recording = recording::Recording::create(path);
  REQUIRE(recording.ok());
  const Duration hour = 1h;
  recording->meta("title_en", "An hour");
  recording->meta("duration_ns", std::to_string(hour.count()));
  for (int i = 1; i <= 30; ++i) {
    recording->machine(i, fmt::format("broker-{}", i), "broker");
    recording->process(i, i, fmt::format("broker-{}", i), "broker", i);
  }
  for (int i = 0; i < 300; ++i) recording->partition(i, "events", i, false);
  const int lag = recording->metric("group-lag", "records", "readers");
  Time told{};
  for (int i = 0; i < events; ++i) {
    const Time t(hour / events * i);
    const bool control = i % 1000 == 0;
    recording->event(
        {.t = t,
         .kind = control ? "partition.isr_shrunk" : "replica.became_follower",
         .level = control ? recording::EventLevel::control : recording::EventLevel::detail,
         .machine = 1 + i % 30,
         .partition = i % 300,
         .cause = i > 0 ? std::optional<std::int64_t>(i) : std::nullopt,
         .en = "broker-1 follows broker-2 for events-17",
         .ko = "broker-1이 broker-2를 따른다"});
    if (i % 10 == 0) {
      recording->message({.sent = t,
                          .arrived = t + 1ms,
                          .source = 1 + i % 30,
                          .destination = 1 + i / 30 % 30,
                          .kind = "Fetch",
                          .size = Bytes(100),
                          .exchange = i});
    }
    if (t < told) continue;
    told += 100ms;
    for (int p = 0; p < 300; p += 7) {
      const std::string subject = fmt::format("partition/{}", p);
      recording->fact(t, subject, "leader", std::to_string(1 + (i / 100'000 + p) % 30));
      recording->fact(t, subject, "hw", std::to_string(i));
      recording->fact(t, subject, "isr", "1,2,3");
    }
    if (i % 1000 < 100) recording->sample(lag, t, i % 5000);
  }
  REQUIRE(recording->finish().ok());
}

double resident_mb() {
  std::ifstream in("/proc/self/statm");
  long pages = 0;
  long resident = 0;
  in >> pages >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / 1e6;
}

double milliseconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

}  // namespace

// Wall clock: that is what the watcher waits for. $BROKERLAB_LONG_RUN keeps the file.
TEST_CASE("what a recording of ten million events costs", "[.][bench]") {
  const char* kept = std::getenv("BROKERLAB_LONG_RUN");
  const std::string path =
      kept != nullptr ? kept
                      : fmt::format("{}/brokerlab_long_{}.run",
                                    std::filesystem::temp_directory_path().string(), getpid());
  if (!std::filesystem::exists(path)) write_long_recording(path);
  const double before = resident_mb();
  std::optional<Viewer> viewer;
  const double open = milliseconds([&] {
    auto opened = Viewer::open(path);
    REQUIRE(opened.ok());
    viewer.emplace(std::move(opened).value());
  });
  std::vector<double> scrubs;
  std::uint64_t random = 1;
  for (int i = 0; i < 300; ++i) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    const auto part = static_cast<double>(random >> 40U) / (1 << 24);
    seek(viewer->view(), at_seconds(part * 3600), viewer->run().duration);
    scrubs.push_back(milliseconds([&] { viewer->moment(); }));
  }
  std::sort(scrubs.begin(), scrubs.end());
  auto screen = Offscreen::create(1600, 900);
  REQUIRE(screen.ok());
  REQUIRE(screen->render(*viewer).ok());
  const double build = median_ms(50, [&](int) { REQUIRE(screen->compose(*viewer).ok()); });
  fmt::print(
      "10 million events, {:.0f} MB: open {:.0f} ms, scrub {:.1f} ms (worst {:.1f} ms), UI build "
      "{:.2f} ms, memory {:.0f} MB\n",
      static_cast<double>(std::filesystem::file_size(path)) / 1e6, open, scrubs[150], scrubs.back(),
      build, resident_mb() - before);
  if (kept == nullptr) std::filesystem::remove(path);
}
