// What sources are and give: rates as curves, sizes, keys, closed loops, records and runs of them.
#include "base/settings.h"
#include "model/client/partitioner.h"
#include "scenarios/copy.h"
#include "scenarios/loader.h"
#include "scenarios/sources/source_rate.h"
#include "scenarios/sources/source_runs.h"
#include "tests/temporary.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

using namespace brokerlab;
using namespace brokerlab::scenarios;
namespace fs = std::filesystem;

namespace {

constexpr const char* lone_source = R"json({
  "name": "one", "starts_at": "08:00:00", "duration": "DURATION", "brokers": {"count": 1},
  "topics": [{"name": "t", "partitions": 8, "replication.factor": 1}],
  "sources": [SOURCES],
  "producers": [{"name": "p", "source": "s", "topic": "t"KEY,
    "config": {"acks": "1", "enable.idempotence": falseCONFIG}}]})json";

struct Setting {
  std::string duration = "100s";
  std::string key = {};
  std::string config = {};
  std::string folder = {};
};

Loaded load_with(std::string source, const Setting& setting = {}) {
  std::string text = lone_source;
  const auto put = [&text](const std::string& blank, const std::string& what) {
    text.replace(text.find(blank), blank.size(), what);
  };
  put("DURATION", setting.duration);
  put("SOURCES", source);
  put("KEY", setting.key);
  put("CONFIG", setting.config);
  return parse_scenario(text, "one.json", setting.folder);
}

/// A scenario with one source named s: `fields` of it.
Scenario with_source(const std::string& fields, const Setting& setting = {}) {
  const Loaded loaded = load_with(R"({"name": "s", )" + fields + "}", setting);
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return *loaded.scenario;
}

RateCurve curve_of(const std::string& rate, const Setting& setting = {}) {
  const Scenario scenario =
      with_source(R"("payload": "phantom", "record_size": "1KB", "rate": )" + rate, setting);
  const auto curve = rate_curve(scenario, scenario.sources[0]);
  REQUIRE(curve.ok());
  return *curve;
}

std::unique_ptr<SourceFeed> feed_of(const Scenario& scenario, std::uint64_t seed = 1) {
  auto feed = SourceFeed::open(scenario, scenario.producers[0], SourceStreams(seed, "p"));
  REQUIRE(feed.ok());
  return std::move(feed).value();
}

std::unique_ptr<SourceRuns> runs_of(const Scenario& scenario, std::uint64_t seed = 1) {
  auto runs = SourceRuns::open(scenario, scenario.producers[0], SourceStreams(seed, "p"));
  REQUIRE(runs.ok());
  return std::move(runs).value();
}

std::string text_of(const log::ByteVector& bytes) { return std::string(log::as_text(bytes)); }

KeysSpec keys(const std::string& json) {
  SettingsReport report;
  const KeysSpec spec = KeysSpec::settings().read(Json::parse(json), report);
  REQUIRE(report.ok());
  return spec;
}

/// The share of each key of `many` drawn ones, by number.
std::map<std::int64_t, double> drawn_shares(const RecordKeys& drawn, int many) {
  RandomStream random(3, "keys");
  std::map<std::int64_t, double> shares;
  for (int i = 0; i < many; ++i) shares[drawn.draw(random)] += 1.0 / many;
  return shares;
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
  for (double records = 1; records < day.total(); records *= 1.7) {
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

// --- Sizes ---

TEST_CASE("sizes: log-normal ones have the mean that their median and sigma give", "[unit]") {
  const RecordSizes sizes = RecordSizes::log_normal(600_B, 0.8, 1_GiB);
  CHECK(sizes.mean() == Approx(600 * std::exp(0.32)));
  CHECK(sizes.deviation() == Approx(600 * std::exp(0.32) * std::sqrt(std::exp(0.64) - 1)));
  RandomStream random(1, "sizes");
  double sum = 0;
  int below = 0;
  constexpr int many = 100'000;
  for (int i = 0; i < many; ++i) {
    const Bytes size = sizes.draw(random);
    sum += static_cast<double>(size.count());
    if (size < 600_B) ++below;
  }
  CHECK(sum / many == Approx(sizes.mean()).margin(5 * sizes.deviation() / std::sqrt(many)));
  CHECK(below == Approx(many / 2).margin(5 * std::sqrt(many) / 2));
}

TEST_CASE("sizes: what is cut off at a largest size has the mean that is left", "[unit]") {
  const RecordSizes sizes = RecordSizes::log_normal(1_KB, 1.5, 5_KB);
  RandomStream random(1, "sizes");
  double sum = 0;
  constexpr int many = 100'000;
  for (int i = 0; i < many; ++i) {
    const Bytes size = sizes.draw(random);
    CHECK_FALSE(size > 5_KB);
    sum += static_cast<double>(size.count());
  }
  CHECK(sum / many == Approx(sizes.mean()).margin(5 * sizes.deviation() / std::sqrt(many)));
}

TEST_CASE("sizes: a file's come in proportion to their shares", "[unit]") {
  const RecordSizes sizes = RecordSizes::listed({{100_B, 3}, {1000_B, 1}});
  CHECK(sizes.mean() == Approx(325));
  RandomStream random(1, "sizes");
  int small = 0;
  for (int i = 0; i < 10'000; ++i) small += sizes.draw(random) == 100_B ? 1 : 0;
  CHECK(small == Approx(7500).margin(5 * std::sqrt(10'000 * 0.75 * 0.25)));
}

// --- Keys ---

TEST_CASE("keys: Zipf's first key has the share that the harmonic sum gives it", "[unit]") {
  const RecordKeys zipf(keys(R"({"zipf": {"count": 1000, "exponent": 1.1}})"));
  double sum = 0;
  for (int k = 1; k <= 1000; ++k) sum += std::pow(k, -1.1);
  constexpr int many = 200'000;
  const auto shares = drawn_shares(zipf, many);
  for (const std::int64_t k : {1, 2, 3, 10, 100}) {
    const double wanted = std::pow(static_cast<double>(k), -1.1) / sum;
    INFO("key-" << k);
    CHECK(shares.at(k) == Approx(wanted).margin(5 * std::sqrt(wanted / many)));
  }
  CHECK(shares.rbegin()->first <= 1000);
  CHECK(shares.begin()->first == 1);
}

TEST_CASE("keys: a hot key has its share, the others have equal parts", "[unit]") {
  constexpr int many = 100'000;
  const auto hot = drawn_shares(RecordKeys(keys(R"({"hot": {"share": 0.4, "count": 11}})")), many);
  CHECK(hot.size() == 11);
  CHECK(hot.at(1) == Approx(0.4).margin(5 * std::sqrt(0.24 / many)));
  for (int k = 2; k <= 11; ++k) CHECK(hot.at(k) == Approx(0.06).margin(5 * std::sqrt(0.06 / many)));
  const auto all = drawn_shares(RecordKeys(keys(R"({"uniform": {"count": 10}})")), many);
  CHECK(all.size() == 10);
  for (const auto& [k, share] : all) CHECK(share == Approx(0.1).margin(5 * std::sqrt(0.1 / many)));
}

TEST_CASE("keys: a partition's share is that of the keys that murmur2 sends there", "[unit]") {
  const RecordKeys hot(keys(R"({"hot": {"share": 0.5, "count": 3}})"));
  const RecordKeys::Partitions parts = hot.partitions(4);
  std::vector<double> wanted(4);
  const std::vector<std::pair<std::string, double>> all{
      {"key-1", 0.5}, {"key-2", 0.25}, {"key-3", 0.25}};
  for (const auto& [key, share] : all) {
    const int partition = model::partition_for_key(log::as_bytes(key), 4);
    wanted[static_cast<std::size_t>(partition)] += share;
  }
  CHECK(parts.shares == wanted);
  CHECK(parts.key_bytes == 5);
}

TEST_CASE("keys: ten million of them are spread over partitions in a moment", "[unit]") {
  const RecordKeys zipf(keys(R"({"zipf": {"count": 10000000, "exponent": 0.9}})"));
  const RecordKeys::Partitions parts = zipf.partitions(100);
  double sum = 0;
  for (const double share : parts.shares) sum += share;
  CHECK(sum == Approx(1));
  CHECK(parts.key_bytes > 8);
  CHECK(parts.key_bytes < 12);
}

// --- Closed loops ---

TEST_CASE("closed loop: who waits for an answer sends nothing", "[unit]") {
  ClosedUsers users({4, 1s}, Time(100s));
  CHECK(users.next() == Time{});
  CHECK(users.take(Time(500ms), 100).count == 3);  // At 0, 250 and 500 ms.
  CHECK(users.next() == Time(750ms));
  CHECK(users.take(Time(10s), 100).count == 1);
  CHECK(users.next() == never);
  users.done(3, Time(11s));
  CHECK(users.next() == Time(12s));
  CHECK(users.take(Time(12s), 2).count == 2);
  CHECK(users.take(Time(12s), 2).count == 1);
  CHECK(users.next() == never);
  users.all_done(Time(99s + 500ms));
  CHECK_FALSE(users.next().has_value());
  CHECK(users.take(Time(200s), 100).count == 0);
}

TEST_CASE("closed loop: a fast answer overtakes users who have not begun", "[unit]") {
  ClosedUsers users({100, 10s}, Time(100s));
  CHECK(users.take(Time(0s), 1000).count == 1);
  users.done(1, Time(1ms));
  CHECK(users.take(Time(9s + 990ms), 1000).count == 99);
  CHECK(users.next() == Time(10s + 1ms));
}

TEST_CASE("closed loop: a feed waits for what became of its records", "[unit]") {
  const Scenario scenario =
      with_source(R"("record_size": "100B", "loop": {"closed": {"users": 2, "think_time": "1s"}})");
  const auto feed = feed_of(scenario);
  CHECK(feed->take().intended == Time{});
  CHECK(feed->take().intended == Time(500ms));
  CHECK(feed->next_due() == never);
  feed->on_done(1, Time(2s));
  CHECK(feed->take().intended == Time(3s));
  CHECK(feed->next_due() == never);
  feed->on_forgotten(Time(50s));
  CHECK(feed->take().intended == Time(51s));
  const auto runs = runs_of(scenario);
  std::vector<model::FeedRun> taken;
  runs->take(Time(10s), 8, taken);
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].count == 2);
  CHECK(taken[0].bytes == 200_B);
  CHECK(runs->next_due() == never);
  runs->on_done(2, Time(20s));
  CHECK(runs->next_due() == Time(21s));
}

// --- Records ---

TEST_CASE("records: a drawn one is JSON of exactly its size, and like no other", "[unit]") {
  std::set<std::string> seen;
  for (const Bytes size : {least_real_size("clicks"), 100_B, 1234_B, 100_KB}) {
    for (const std::int64_t number : {0LL, 1LL, 99'999'999LL}) {
      const std::string value = drawn_value("clicks", number, size);
      CHECK(value.size() == static_cast<std::size_t>(size.count()));
      CHECK(value.find('\n') == std::string::npos);
      const Json json = Json::parse(value);
      CHECK(json["id"] == number);
      CHECK(json["source"] == "clicks");
      CHECK(json["padding"].is_string());
      CHECK(seen.insert(value).second);
    }
  }
}

TEST_CASE("records: a feed draws arrivals, sizes and keys by themselves", "[unit]") {
  const std::string fields = R"("payload": "real", "rate": "50/s", "record_size": )";
  const Scenario plain = with_source(fields + R"("200B")");
  const Scenario sized = with_source(fields + R"({"median": "200B", "sigma": 1})");
  const Scenario keyed = with_source(fields + R"("200B", "keys": {"uniform": {"count": 9}})");
  const auto a = feed_of(plain);
  const auto b = feed_of(sized);
  const auto c = feed_of(keyed);
  std::set<std::size_t> sizes;
  for (int i = 0; i < 200; ++i) {
    const auto of_plain = a->take();
    const auto of_sized = b->take();
    const auto of_keyed = c->take();
    CHECK(of_sized.intended == of_plain.intended);
    CHECK(of_keyed.intended == of_plain.intended);
    CHECK((of_keyed.value == of_plain.value));
    CHECK_FALSE(of_plain.key.has_value());
    REQUIRE(of_keyed.key.has_value());
    CHECK_THAT(text_of(*of_keyed.key), Catch::StartsWith("key-"));
    CHECK(of_plain.value.size() == 200);
    sizes.insert(of_sized.value.size());
  }
  CHECK(sizes.size() > 100);
}

TEST_CASE("records: nothing comes after until, wherever later steps lie", "[unit]") {
  const Scenario scenario = with_source(
      R"("record_size": "200B", "until": "10s", "arrivals": "even",
         "rate": [{"from": "0s", "rate": "0.3/s"}, {"from": "50s", "rate": "9/s"}])");
  const auto feed = feed_of(scenario);
  Time last{};
  while (feed->next_due()) last = feed->take().intended;
  CHECK(last <= Time(10s));
  CHECK(feed->taken() == 3);
}

// --- Runs ---

TEST_CASE("runs: of equal sizes and even arrivals everything is exact", "[unit]") {
  const Scenario scenario = with_source(
      R"("payload": "phantom", "arrivals": "even", "rate": "1000/s", "record_size": "1KB")");
  const auto runs = runs_of(scenario);
  std::vector<model::FeedRun> taken;
  CHECK(runs->next_due() == Time(1ms));
  runs->take(Time(999us), 8, taken);
  CHECK(taken.empty());
  runs->take(Time(1s), 8, taken);
  runs->take(Time(1s + 1ms), 8, taken);
  REQUIRE(taken.size() == 2);
  CHECK(taken[0].first == 0);
  CHECK(taken[0].count == 1000);
  CHECK(taken[0].lane == 0);
  CHECK(taken[0].first_due == Time(1ms));
  CHECK(taken[0].last_due == Time(1s));
  CHECK(taken[0].bytes == 1_MB);
  CHECK(taken[0].key_bytes == 0_B);
  CHECK(taken[1].first == 1000);
  CHECK(taken[1].count == 1);
  CHECK(taken[1].first_due == Time(1s + 1ms));
}

TEST_CASE("runs: an hour of a million records a second is one run a partition", "[unit]") {
  const Scenario scenario = with_source(
      R"("rate": "1M/s", "record_size": {"median": "600B", "sigma": 0.8},
         "keys": {"zipf": {"count": 100000}})",
      {.duration = "1h"});
  CHECK(scenario.sources[0].phantom);
  const auto runs = runs_of(scenario);
  std::vector<model::FeedRun> taken;
  runs->take(Time(1h), 8, taken);
  REQUIRE(taken.size() == 8);
  std::int64_t count = 0;
  Time first = never;
  for (const model::FeedRun& run : taken) {
    count += run.count;
    CHECK(run.lane >= 1);
    CHECK(run.first == 0);
    CHECK(run.first_due < run.last_due);
    CHECK(run.last_due <= Time(1h));
    CHECK(run.key_bytes > 6_B);
    first = std::min(first, run.first_due);
    CHECK(static_cast<double>(run.bytes.count()) / static_cast<double>(run.count) ==
          Approx(600 * std::exp(0.32)).epsilon(0.001));
  }
  CHECK(count == Approx(3.6e9).epsilon(1e-4));
  CHECK(count == runs->taken());
  CHECK(first < Time(1ms));
  CHECK_FALSE(runs->next_due().has_value());
}

TEST_CASE("runs: same seed, same runs", "[unit]") {
  const Scenario scenario = with_source(
      R"("payload": "phantom", "rate": "100/s", "record_size": {"median": "600B", "sigma": 0.8},
         "keys": {"hot": {"share": 0.4, "count": 100}})");
  const auto told = [&](std::uint64_t seed) {
    const auto runs = runs_of(scenario, seed);
    std::vector<model::FeedRun> taken;
    for (int i = 1; i < 100; ++i) runs->take(Time(i * 130ms), 8, taken);
    std::string text;
    for (const auto& run : taken) {
      text += fmt::format("{} {} {} {} {}\n", run.lane, run.first, run.count, run.bytes.count(),
                          run.first_due.time_since_epoch().count());
    }
    return text;
  };
  CHECK(told(1) == told(1));
  CHECK(told(1) != told(2));
}

TEST_CASE("runs: a producer that spreads by no key gets one lane, with keys", "[unit]") {
  const Scenario scenario = with_source(
      R"("payload": "phantom", "rate": "100/s", "record_size": "1KB",
         "keys": {"hot": {"share": 0.4, "count": 9}})",
      {.config = R"(, "partitioner.ignore.keys": true)"});
  const auto runs = runs_of(scenario);
  std::vector<model::FeedRun> taken;
  runs->take(Time(10s), 8, taken);
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].lane == 0);
  CHECK(taken[0].key_bytes == 5_B);
}

TEST_CASE("runs: of a file's rows they have the times, sizes and keys of the real records",
          "[unit]") {
  const std::string data = std::string(BROKERLAB_SOURCE_DIR) + "/scenarios/library/data";
  const Scenario scenario =
      with_source(R"("file": "wifi_auth.csv", "payload": "phantom", "rate": "20/s")",
                  {.key = R"(, "key": "username")", .folder = data});
  const auto feed = feed_of(scenario);
  const auto runs = runs_of(scenario);
  std::vector<model::FeedRun> taken;
  for (int second = 1; second <= 100; ++second) runs->take(Time(second * 1s), 8, taken);
  CHECK(taken.size() > 1000);
  std::vector<std::int64_t> of_lane(9);
  for (const model::FeedRun& run : taken) {
    const model::FeedRecord record = feed->take();
    CHECK(run.count == 1);
    CHECK(run.first_due == record.intended);
    CHECK(run.last_due == record.intended);
    CHECK(run.bytes.count() == static_cast<std::int64_t>(record.value.size()));
    CHECK(run.key_bytes.count() == static_cast<std::int64_t>(record.key->size()));
    CHECK(run.lane == 1 + model::partition_for_key(*record.key, 8));
    CHECK(run.first == of_lane[static_cast<std::size_t>(run.lane)]++);
  }
  CHECK_FALSE(feed->next_due().has_value());
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
  std::string text = lone_source;
  for (const auto& [blank, what] :
       std::map<std::string, std::string>{{"DURATION", "10s"},
                                          {"SOURCES",
                                           R"({"name": "s", "rate": {"file": "data/rates.csv"},
                "record_size": {"file": "data/sizes.csv"}})"},
                                          {"KEY", ""},
                                          {"CONFIG", ""}}) {
    text.replace(text.find(blank), blank.size(), what);
  }
  std::ofstream(folder + "/one.json") << text;
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
