// What sources are: their rates as curves, which of them are phantoms, their files, their examples.
#include "base/settings.h"
#include "scenarios/copy.h"
#include "scenarios/sources/source_rate.h"
#include "tests/scenarios/source_story.h"
#include "tests/temporary.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>

using namespace brokerlab;
using namespace brokerlab::scenarios;
using namespace brokerlab::tests;
namespace fs = std::filesystem;

namespace {

RateCurve curve_of(const std::string& rate, const Setting& setting = {}) {
  const Scenario scenario =
      with_source(R"("payload": "phantom", "record_size": "1KB", "rate": )" + rate, setting);
  const auto curve = rate_curve(scenario, scenario.sources[0]);
  REQUIRE(curve.ok());
  return *curve;
}

}  // namespace

// --- Rates ---

TEST_CASE("rate: a bare rate is constant, a bare list is of steps", "[unit]") {
  const RateCurve constant = curve_of(R"("50/s")");
  CHECK(constant.at(Time(3s)).count() == 50);
  CHECK(constant.between(Time(1s), Time(3s)) == Approx(100));
  CHECK(constant.total() == Approx(5000));
  const RateCurve steps =
      curve_of(R"([{"from": "10s", "rate": "20/s"}, {"from": "30s", "rate": "1/s"}])");
  CHECK(steps.at(Time(9s)).count() == 0);
  CHECK(steps.at(Time(10s)).count() == 20);
  CHECK(steps.total() == Approx(20 * 20 + 70));
  CHECK(steps.when(1) == Time(10s + 50ms));
  CHECK(steps.after(Time(29s + 500ms), 11) == Time(31s));
  CHECK_FALSE(steps.after(Time(31s), 70).has_value());
  CHECK(steps.at(Time(100s)).count() == 0);
}

TEST_CASE("rate: what is written reads back the same, in its short form", "[unit]") {
  for (const char* rate :
       {R"("50/s")", R"([{"from":"10s","rate":"20/s"}])", R"({"file":"x.csv"})",
        R"({"bursts":{"base":"1/s","rate":"9/s","at":["5s"],"for":"1s"}})",
        R"({"daily":{"mean":"1/s","peak":"2/s","peak_at":"20:00:00","sharpness":2.0}})"}) {
    SettingsReport report;
    const RateSpec spec = RateSpec::settings().read(Json::parse(rate), report);
    REQUIRE(report.ok());
    Json written;
    RateSpec::settings().to_json(spec, written);
    if (written.is_object() && written.contains("bursts")) written["bursts"].erase("every");
    CHECK(written.dump() == rate);
  }
}

TEST_CASE("rate: a day has its mean and its peak, at its hour", "[unit]") {
  const Setting week{.duration = "7d"};
  for (const char* shape :
       {R"("mean": "100/s", "peak": "180/s")", R"("mean": "100/s", "peak": "350/s")",
        R"("mean": "100/s", "peak": "900/s")",
        R"("mean": "100/s", "peak": "180/s", "sharpness": 4)"}) {
    INFO(shape);
    const RateCurve day =
        curve_of(fmt::format(R"({{"daily": {{{}, "peak_at": "20:30:00"}}}})", shape), week);
    CHECK(day.total() / (7 * 86'400) == Approx(100).epsilon(1e-4));
    // The run starts at eight.
    const double peak = day.at(Time(std::chrono::hours(12) + 30min)).count();
    CHECK_THAT(shape, Catch::Contains(fmt::format("\"peak\": \"{:.0f}/s\"", peak)));
    double lowest = peak;
    for (Time at{}; at < day.end(); at += 10min) {
      CHECK(day.at(at).count() <= peak * 1.0001);
      lowest = std::min(lowest, day.at(at).count());
      CHECK(
          day.at(at).count() ==
          Approx(day.at(at + 24h - (at + 24h < day.end() ? 0h : 24h)).count()).margin(peak * 2e-4));
    }
    CHECK(lowest == day.at(Time(std::chrono::hours(30 - 30) + 30min)).count());
    if (std::string(shape).find("sharpness") == std::string::npos) CHECK(lowest >= 9.99);
  }
}

TEST_CASE("rate: bursts come every so often, or when they are told to", "[unit]") {
  const RateCurve often =
      curve_of(R"({"bursts": {"base": "10/s", "rate": "100/s", "every": "30s", "for": "5s"}})");
  CHECK(often.at(Time(1s)).count() == 10);
  CHECK(often.at(Time(30s)).count() == 100);
  CHECK(often.at(Time(35s)).count() == 10);
  CHECK(often.at(Time(92s)).count() == 100);
  CHECK(often.total() == Approx(10 * 100 + 3 * 5 * 90));
  const RateCurve told = curve_of(
      R"({"bursts": {"base": "0/s", "rate": "100/s", "at": ["0s", "5s", "99s"], "for": "5s"}})");
  CHECK(told.at(Time(0s)).count() == 100);
  CHECK(told.total() == Approx(1100));
}

TEST_CASE("rate: a file's points are joined by straight lines, and may jump", "[unit]") {
  const std::string folder = tests::temporary_path("rate_file");
  fs::create_directories(folder);
  std::ofstream(folder + "/rates.csv") << "\xEF\xBB\xBFtime, rate\r\n10, 0\r\n20, 100\r\n"
                                          "00:00:20,1k/s\r\n\r\n30.5,0.5k/s\r\n";
  const RateCurve curve = curve_of(R"({"file": "rates.csv"})", {.folder = folder});
  fs::remove_all(folder);
  CHECK(curve.at(Time(5s)).count() == 0);
  CHECK(curve.at(Time(15s)).count() == Approx(50));
  CHECK(curve.at(Time(20s)).count() == Approx(1000));
  CHECK(curve.at(Time(50s)).count() == Approx(500));
  CHECK(curve.before(Time(20s)) == Approx(500));
  CHECK(curve.total() == Approx(500 + 750 * 10.5 + 500 * 69.5));
  // Where the rate grows, records come ever faster: n after the square root of n.
  CHECK(to_seconds(*curve.when(5)) == Approx(11));
  CHECK(to_seconds(*curve.after(Time(10s), 20)) == Approx(12));
}

TEST_CASE("rate: the moment of a record and the records by a moment agree", "[unit]") {
  const RateCurve day =
      curve_of(R"({"daily": {"mean": "100/s", "peak": "300/s", "peak_at": "09:00:00"}})",
               {.duration = "1d"});
  for (std::int64_t number = 1; number < 8'000'000; number = number * 17 / 10 + 1) {
    const auto records = static_cast<double>(number);
    const auto moment = day.when(records);
    REQUIRE(moment.has_value());
    CHECK(day.before(*moment) == Approx(records).margin(1e-5));
    CHECK(*day.after(Time(1h), records) >= *moment);
  }
  CHECK_FALSE(day.when(day.total() * 1.001).has_value());
}

TEST_CASE("rate: people are told of changes, not of every point", "[unit]") {
  const Scenario scenario = with_source(
      R"("payload": "phantom", "record_size": "1KB",
         "rate": {"daily": {"mean": "100/s", "peak": "180/s", "peak_at": "20:30:00"}})",
      {.duration = "1d"});
  const auto changes =
      load_changes(scenario.sources[0], *rate_curve(scenario, scenario.sources[0]));
  CHECK(changes.size() > 10);
  CHECK(changes.size() < 40);
  CHECK(changes.front().first == Time{});
}

// --- Payload ---

TEST_CASE("payload: auto is real while all sources together are few", "[unit]") {
  const auto phantoms = [](const std::string& sources) {
    const Loaded loaded = load_with(sources);
    INFO(to_text(loaded.errors));
    REQUIRE(loaded.scenario.has_value());
    std::string said;
    for (const SourceSpec& source : loaded.scenario->sources) said += source.phantom ? "p" : "r";
    return said;
  };
  const auto drawn = [](const std::string& name, const std::string& fields) {
    return fmt::format(R"({{"name": "{}", "record_size": "1KB", {}}})", name, fields);
  };
  CHECK(phantoms(drawn("s", R"("rate": "1k/s")")) == "r");
  CHECK(phantoms(drawn("s", R"("rate": "1001/s")")) == "p");
  CHECK(phantoms(drawn("s", R"("rate": "900/s")") + "," + drawn("b", R"("rate": "200/s")")) ==
        "pp");
  CHECK(phantoms(drawn("s", R"("rate": "900/s", "payload": "real")") + "," +
                 drawn("b", R"("rate": "200/s")")) == "rp");
  CHECK(phantoms(drawn("s", R"("rate": "1/s", "payload": "phantom")")) == "p");
  CHECK(phantoms(drawn("s", R"("loop": {"closed": {"users": 10, "think_time": "5ms"}})")) == "r");
  CHECK(phantoms(drawn("s", R"("loop": {"closed": {"users": 11, "think_time": "5ms"}})")) == "p");
}

// --- Copies ---

TEST_CASE("sources: a copy of a scenario takes the files of rates and sizes along", "[unit]") {
  const std::string folder = tests::temporary_path("copy_of_sources");
  fs::create_directories(folder + "/data");
  std::ofstream(folder + "/data/rates.csv") << "time,rate\n0,20\n";
  std::ofstream(folder + "/data/sizes.csv") << "size,share\n1200,1\n";
  std::ofstream(folder + "/one.json")
      << text_with(R"({"name": "s", "rate": {"file": "data/rates.csv"},
                       "record_size": {"file": "data/sizes.csv"}})");
  const auto copy = copy_scenario(folder + "/one.json", folder + "/other");
  INFO((copy ? std::string() : to_text(copy.error())));
  REQUIRE(copy.ok());
  CHECK(fs::exists(folder + "/other/data/rates.csv"));
  CHECK(fs::exists(folder + "/other/data/sizes.csv"));
  CHECK(load_scenario(folder + "/other/other.json").scenario.has_value());
  fs::remove_all(folder);
}

// --- Documentation ---

TEST_CASE("sources: every example of the reference is a source", "[unit]") {
  const std::string folder = tests::temporary_path("examples");
  fs::create_directories(folder + "/data");
  std::ofstream(folder + "/data/rates.csv") << "time,rate\n0,20\n";
  std::ofstream(folder + "/data/sizes.csv") << "size,share\n1200,1\n";
  fs::copy_file(std::string(BROKERLAB_SOURCE_DIR) + "/scenarios/library/data/wifi_auth.csv",
                folder + "/data/wifi_auth.csv");
  const std::string docs = scenario_docs();
  std::size_t at = docs.find("### Source\n");
  const std::size_t end = docs.find("###", at + 3);
  int examples = 0;
  while ((at = docs.find("```json\n", at)) < end) {
    at += 8;
    std::string source = docs.substr(at, docs.find("```", at) - at);
    INFO(source);
    Json json = Json::parse(source);
    json["name"] = "s";
    const Loaded loaded = load_with(json.dump(), {.duration = "10min", .folder = folder});
    CHECK(to_text(loaded.errors) == "");
    ++examples;
  }
  CHECK(examples == 7);
  fs::remove_all(folder);
}
