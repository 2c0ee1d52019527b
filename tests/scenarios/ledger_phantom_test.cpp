// The same promises of phantom batches as of records with bytes (ledger_test.cpp), and the sketch
// that keeps how long they took.
#include "base/random.h"
#include "tests/scenarios/ledger_story.h"

#include <boost/histogram.hpp>
#include <catch2/catch.hpp>

#include <cmath>

using namespace brokerlab;
using namespace brokerlab::scenarios;

namespace {

/// Runs of a hundred records without bytes, each in a batch of its own.
class PhantomStory : public LedgerStory {
 public:
  using LedgerStory::LedgerStory;
  static constexpr std::int64_t size = 100;

  static model::RecordRun run(std::int64_t batch) { return {0, batch * size, size}; }
  static log::PhantomBatch phantom(std::int64_t batch) {
    log::PhantomBatch it;
    it.base_timestamp = it.max_timestamp = 0;
    it.record_count = static_cast<std::int32_t>(size);
    it.payload_size = 16 << 10;
    it.seed = static_cast<std::uint64_t>(batch) + 1;
    return it;
  }
  void send(std::int64_t batch) {
    ledger.on_sent({run(batch), world.now(), world.now() + 99ms, {}});
  }
  void append(int leader, std::int64_t batch) {
    const log::Offset first = replica(leader).log_end_offset();
    const log::PhantomBatch it = phantom(batch);
    REQUIRE(replica(leader).append_as_leader(it, model::Acks::leader, world.now(), 0).ok());
    ledger.on_leader_append(BrokerId(leader), partition, replica(leader).leader_epoch(), first,
                            first + size, it.size());
    const std::vector<model::RecordRun> runs{run(batch)};
    ledger.on_batch_appended({BrokerId(leader), partition, runs, first, {}, &it});
  }
  void acknowledge(std::int64_t batch, log::Offset first) {
    ledger.on_acknowledged(run(batch), partition, first);
  }
  void write(int leader, std::int64_t batch, log::Offset first) {
    send(batch);
    append(leader, batch);
    acknowledge(batch, first);
  }
  void copy(int leader, int follower) {
    model::Partition& to = replica(follower);
    const log::Offset end = replica(leader).log_end_offset();
    const auto data = replica(leader).log().read_records(to.log_end_offset(), 1 << 20, end, true);
    REQUIRE(data.ok());
    REQUIRE(data->is_phantom());
    model::FetchResponse::Partition fetched{partition};
    fetched.high_watermark = end;
    fetched.records = *data;
    REQUIRE(to.append_as_follower(fetched, 0).ok());
    ledger.on_log_end(BrokerId(follower), partition, to.log_end_offset());
  }
  /// Records of a batch that stands at `base`.
  void read(std::string_view who, const log::PhantomBatch& sent, log::Offset base,
            log::Offset first, std::int64_t count) {
    log::PhantomBatch batch = sent;
    batch.base_offset = base;
    ledger.on_consumed({.consumer = who,
                        .partition = partition,
                        .first = first,
                        .count = count,
                        .since = world.now(),
                        .value = {},
                        .phantom = &batch});
  }
};

std::int64_t lost_records(const Ledger& ledger) {
  std::int64_t records = 0;
  for (const LostRecord& lost : ledger.lost()) records += lost.record.count;
  return records;
}

}  // namespace

TEST_CASE("a story of phantom batches in which all is well keeps every promise", "[unit]") {
  PhantomStory story(true);
  story.lead(1, 0);
  story.write(1, 0, 0);
  story.write(1, 1, 100);
  story.copy(1, 2);
  story.copy(1, 3);
  story.commit_up_to(1, 200);
  story.read("reader", PhantomStory::phantom(0), 0, 0, 60);
  CHECK(story.ledger.unread("readers", {"t"}).records == 140);
  story.read("reader", PhantomStory::phantom(0), 0, 60, 40);
  story.read("reader", PhantomStory::phantom(1), 100, 100, 100);
  story.ledger.finish();
  for (const Invariant& one : story.ledger.invariants()) {
    INFO(one.name);
    CHECK(one.held());
    CHECK(one.exemptions.empty());
  }
  CHECK(story.ledger.sent() == 200);
  CHECK(story.ledger.acknowledged() == 200);
  CHECK(story.ledger.consumed() == 200);
  CHECK(story.ledger.groups().at("readers").consumed == 200);
  CHECK(story.ledger.unread("readers", {"t"}).records == 0);
  CHECK(story.ledger.latencies().produce.count() == 200);
  CHECK(story.ledger.latencies().end_to_end.count() == 200);
  CHECK(story.view().duplicates == 0);
}

TEST_CASE("phantom records that nobody sent, and offsets left out, break promises", "[unit]") {
  PhantomStory other_seed;
  other_seed.lead(1, 0);
  other_seed.write(1, 0, 0);
  other_seed.read("reader", PhantomStory::phantom(7), 0, 0, 100);
  CHECK(other_seed.promise("consumed_bytes_are_sent_bytes") == "broken");

  PhantomStory other_size;
  other_size.lead(1, 0);
  other_size.write(1, 0, 0);
  log::PhantomBatch larger = PhantomStory::phantom(0);
  larger.payload_size += 1;
  other_size.read("reader", larger, 0, 0, 100);
  CHECK(other_size.promise("consumed_bytes_are_sent_bytes") == "broken");

  PhantomStory gap;
  gap.lead(1, 0);
  gap.write(1, 0, 0);
  gap.read("reader", PhantomStory::phantom(0), 0, 0, 40);
  gap.read("reader", PhantomStory::phantom(0), 0, 41, 59);
  CHECK(gap.promise("consumed_offsets_have_no_gaps") == "broken");

  PhantomStory twice;
  twice.lead(1, 0);
  twice.write(1, 0, 0);
  twice.read("reader", PhantomStory::phantom(0), 0, 0, 100);
  twice.read("reader", PhantomStory::phantom(0), 0, 30, 70);
  CHECK(twice.promise("consumed_offsets_have_no_gaps") == "kept");
  CHECK(twice.ledger.redelivered() == 70);
}

TEST_CASE("committed phantom batches that go away, or change, break a promise", "[unit]") {
  const auto committed_then = [](const std::function<void(PhantomStory&)>& what) {
    PhantomStory story(true);
    story.lead(1, 0);
    story.write(1, 0, 0);
    story.commit_up_to(1, 100);
    what(story);
    story.ledger.finish();
    return story.promise("committed_records_survive") + ", " +
           story.promise("acknowledged_by_all_survive");
  };
  CHECK(committed_then([](PhantomStory&) {}) == "kept, kept");
  CHECK(committed_then([](PhantomStory& story) { story.lead(2, 1); }) == "broken, broken");
  CHECK(committed_then([](PhantomStory& story) {
          story.lead(2, 1);
          story.write(2, 1, 0);
        }) == "broken, broken");
  CHECK(committed_then([](PhantomStory& story) { story.truncate(1, 0); }) == "broken, broken");
}

TEST_CASE("a loss of phantom records is told once, with its first record and how many", "[unit]") {
  PhantomStory story(true);
  story.lead(1, 0);
  story.write(1, 0, 0);
  story.wait(1s);
  story.write(1, 1, 100);
  story.lead(2, 1);
  REQUIRE(story.ledger.lost().size() == 2);
  CHECK(lost_records(story.ledger) == 200);
  CHECK(story.ledger.lost()[1].label == "0/100");
  CHECK(story.ledger.lost()[1].offset == 100);
  CHECK(story.ledger.lost()[1].record.count == 100);
  story.ledger.finish();
  CHECK(story.promise("acknowledged_by_all_survive") == "broken");

  PhantomStory cut(true);  // inside of a run that was acknowledged
  cut.lead(1, 0);
  cut.write(1, 0, 0);
  cut.lead(2, 1, {2, 3});
  cut.write(1, 1, 100);
  cut.ledger.finish();
  CHECK(lost_records(cut.ledger) == 200);
}

TEST_CASE("phantom batches that retries write twice and out of order are counted", "[unit]") {
  PhantomStory story;
  story.lead(1, 0);
  for (int i = 0; i < 3; ++i) story.send(i);
  for (const int batch : {0, 2, 1, 2}) story.append(1, batch);
  story.ledger.finish();
  // All of the second stand behind the third, and all copies of the third but its last one.
  CHECK(story.view().reordered == 199);
  CHECK(story.view().duplicates == 100);
}

TEST_CASE("replicas whose phantom batches differ break a promise, at the first wrong one",
          "[unit]") {
  PhantomStory story;
  story.lead(1, 0, {1});
  story.write(1, 0, 0);
  story.copy(1, 2);
  story.copy(1, 3);
  story.write(1, 1, 100);
  story.copy(1, 2);
  story.send(2);
  story.take_up(3, 1, {3});
  story.append(3, 2);
  story.ledger.finish();
  CHECK(story.promise("replicas_agree") == "broken");
  for (const Invariant& one : story.ledger.invariants()) {
    if (one.name != "replicas_agree") continue;
    CHECK_THAT(one.violations.front().english, Catch::Contains("at or after offset 100"));
  }
}

TEST_CASE("what was wanted over a time is late by times that are spread as far", "[unit]") {
  PhantomStory story;
  story.lead(1, 0);
  story.send(0);
  story.append(1, 0);
  story.wait(1s);
  story.acknowledge(0, 0);
  const LatencySketch latency = story.ledger.latencies().produce;
  CHECK(latency.max() == 1s);
  CHECK(latency.percentile(0.01) < 905ms);
  CHECK(latency.percentile(0.01) > 900ms);
  CHECK(to_seconds(latency.mean()) == Approx(0.9505).epsilon(0.001));
}

TEST_CASE("percentiles of a sketch are within a thousandth; two can be added", "[unit]") {
  LatencySketch one;
  LatencySketch other;
  for (int i = 1; i <= 100'000; ++i) (i % 2 == 0 ? one : other).add(1us * i);
  one += other;
  CHECK(one.count() == 100'000);
  for (const double share : {0.001, 0.5, 0.95, 0.99, 0.999}) {
    CHECK(to_seconds(one.percentile(share)) == Approx(share * 0.1).epsilon(0.001));
  }
  CHECK(one.max() == 100ms);
  CHECK(one.percentile(1.0) == 100ms);
  CHECK(LatencySketch().percentile(0.5) == 0ns);
}

// The table in place of the logarithm: the same bins, at their edges and between.
TEST_CASE("a latency is counted in the bin of the logarithmic axis", "[unit]") {
  namespace bh = boost::histogram;
  const double width = std::log(1e13 / 1e3) / std::log1p(0.002);
  const bh::axis::regular<double, bh::axis::transform::log> axis(
      static_cast<unsigned>(std::ceil(width)), 1e3, 1e13);
  std::int64_t wrong = 0;
  const auto look = [&](std::int64_t nanoseconds) {
    const int exact = axis.index(static_cast<double>(nanoseconds));
    if (scenarios::LatencySketch::bin_of(Duration(nanoseconds)) != exact) ++wrong;
  };
  for (int bin = 0; bin <= axis.size(); ++bin) {
    const auto edge = static_cast<std::int64_t>(axis.value(bin));
    for (std::int64_t near = edge - 3; near <= edge + 3; ++near) look(near);
  }
  for (std::int64_t few = 1; few < 100'000; ++few) look(few);
  RandomStream random(1, "latencies");
  for (int i = 0; i < 200'000; ++i) {
    look(static_cast<std::int64_t>(std::exp(random.uniform() * std::log(2e13))));
  }
  CHECK(wrong == 0);
  CHECK(scenarios::LatencySketch::bin_of(Duration(0)) == -1);
  CHECK(scenarios::LatencySketch::bin_of(Duration::max()) == axis.size());
}
