// What sources give: sizes, keys, closed loops, records one by one and runs of them.
#include "base/settings.h"
#include "model/client/partitioner.h"
#include "scenarios/sources/source_runs.h"
#include "tests/scenarios/source_story.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <map>
#include <set>

using namespace brokerlab;
using namespace brokerlab::scenarios;
using namespace brokerlab::tests;

namespace {

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

TEST_CASE("sizes: the sum of some twenty spreads as twenty drawn singly do", "[unit]") {
  const RecordSizes sizes = RecordSizes::log_normal(600_B, 0.9, 1_GiB);
  RandomStream random(1, "sizes");
  double sum = 0;
  double squares = 0;
  constexpr int many = 50'000;
  for (int i = 0; i < many; ++i) {
    const auto bytes = static_cast<double>(sizes.draw_sum(random, 20).count());
    sum += bytes;
    squares += bytes * bytes;
  }
  const double mean = sum / many;
  const double deviation = std::sqrt(20) * sizes.deviation();
  CHECK(mean == Approx(20 * sizes.mean()).margin(5 * deviation / std::sqrt(many)));
  CHECK(std::sqrt(squares / many - mean * mean) == Approx(deviation).epsilon(0.03));
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
  const double exponent = GENERATE(0.3, 1.0, 1.1, 3.0);
  INFO(exponent);
  const RecordKeys zipf(
      keys(fmt::format(R"({{"zipf": {{"count": 1000, "exponent": {}}}}})", exponent)));
  double sum = 0;
  for (int k = 1; k <= 1000; ++k) sum += std::pow(k, -exponent);
  constexpr int many = 200'000;
  auto shares = drawn_shares(zipf, many);
  for (const std::int64_t k : {1, 2, 3, 10, 100}) {
    const double wanted = std::pow(static_cast<double>(k), -exponent) / sum;
    INFO("key-" << k);
    CHECK(shares[k] == Approx(wanted).margin(5 * std::sqrt(wanted / many) + 1.0 / many));
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

TEST_CASE("closed loop: who has an answer thinks while others have not begun", "[unit]") {
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

TEST_CASE("runs: an even record whose moment was rounded is not forgotten", "[unit]") {
  const Scenario scenario = with_source(
      R"("payload": "phantom", "arrivals": "even", "rate": "3/s", "record_size": "1KB")");
  const auto runs = runs_of(scenario);
  std::vector<model::FeedRun> taken;
  runs->take(Time(1'333'333'333ns), 8, taken);
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].count == 4);
  CHECK(taken[0].last_due == Time(1'333'333'333ns));
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
