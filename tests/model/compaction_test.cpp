// A broker's cleaner threads, told as stories of broker 1. Held against kafka.log.LogCleaner and
// kafka.log.LogCleanerManager (3.9).
#include "tests/model/replica_story.h"

#include <map>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

/// Each record has a segment of its own.
BrokerConfig compacting() {
  BrokerConfig config;
  config.topics.cleanup_policy = CleanupPolicy::compact;
  config.topics.message_timestamp_type = TimestampType::log_append_time;
  config.topics.segment_bytes = 100_B;
  config.log_cleaner_backoff = 15s;
  return config;
}

ErrorCode write(ReplicaStory& story, std::optional<std::string> key,
                std::optional<std::string> value) {
  log::BatchBuilder builder;
  builder.append(0, key ? std::optional(log::as_bytes(*key)) : std::nullopt,
                 value ? std::optional(log::as_bytes(*value)) : std::nullopt);
  const CallPtr call = story.produce(Acks::leader, builder.build());
  const auto response = call->responses().try_receive();
  REQUIRE(response);
  return dynamic_cast<const ProduceResponse&>(**response).partitions.at(0).error;
}

/// "0 a=1, 2 b=-": what the log holds.
std::string held(const Partition& partition) {
  std::string all;
  const log::Log& log = partition.log();
  for (Offset at = log.log_start_offset(); at < log.log_end_offset();) {
    const auto read = log.read(at, 1 << 20, log.log_end_offset(), true);
    REQUIRE(read.ok());
    if (read->bytes.empty()) break;
    log::ByteVector scratch;
    for (const log::BatchView& batch : log::Batches(read->bytes)) {
      (void)log::for_each_record(batch, scratch, [&](const log::RecordView& record) {
        all += fmt::format("{}{} {}={}", all.empty() ? "" : ", ", record.offset,
                           log::as_text(*record.key),
                           record.value ? log::as_text(*record.value) : "-");
        return true;
      });
      at = batch.next_offset();
    }
  }
  return all;
}

Offset cleaned(ReplicaStory& story) {
  const auto points = log::read_checkpoint(story.storage.dir(0).env(),
                                           log::join_path(log_root, log::cleaner_checkpoint_name));
  REQUIRE(points.ok());
  const auto point = points->find({story.name.topic, story.name.partition});
  return point == points->end() ? log::no_offset : point->second;
}

void lead(ReplicaStory& story, int epoch = 0, std::vector<int> isr = {1}) {
  const ErrorCode error = story.told({.leader = 1, .epoch = epoch, .isr = std::move(isr)});
  REQUIRE(error == ErrorCode::none);
}

}  // namespace

TEST_CASE("of every key the last record stays, but for the active segment", "[unit]") {
  ReplicaStory story(compacting());
  lead(story);
  for (const char* value : {"1", "2", "3"}) REQUIRE(write(story, "a", value) == ErrorCode::none);
  REQUIRE(write(story, "b", "4") == ErrorCode::none);
  REQUIRE(write(story, "a", "5") == ErrorCode::none);
  story.run_for(16s);
  CHECK(held(story.partition()) == "2 a=3, 3 b=4, 4 a=5");
  CHECK(cleaned(story) == 4);
  CHECK(story.partition().log_end_offset() == 5);
}

TEST_CASE("a record without a key is refused where logs are compacted", "[unit]") {
  ReplicaStory story(compacting());
  lead(story);
  CHECK(write(story, std::nullopt, "1") == ErrorCode::invalid_record);
  CHECK(write(story, "a", "1") == ErrorCode::none);
}

TEST_CASE("less than min.cleanable.dirty.ratio is left, unless max.compaction.lag.ms is over",
          "[unit]") {
  const auto cleaned_in_the_end = [](Duration most) {
    BrokerConfig config = compacting();
    config.topics.min_cleanable_dirty_ratio = 0.6;
    config.topics.max_compaction_lag = most;
    ReplicaStory story(config);
    lead(story);
    for (const char* key : {"a", "b", "c", "d"}) REQUIRE(write(story, key, "1") == ErrorCode::none);
    story.run_for(16s);
    REQUIRE(cleaned(story) == 3);
    REQUIRE(write(story, "a", "2") == ErrorCode::none);
    REQUIRE(write(story, "a", "3") == ErrorCode::none);  // d and a=2 are dirty: two of five
    story.run_for(20s);
    CHECK(cleaned(story) == 3);
    story.run_for(1min);
    return cleaned(story);
  };
  CHECK(cleaned_in_the_end(max_duration) == 3);
  CHECK(cleaned_in_the_end(60s) == 5);
}

TEST_CASE("what min.compaction.lag.ms protects, or is not committed, stays", "[unit]") {
  BrokerConfig config = compacting();
  config.topics.min_compaction_lag = 40s;
  ReplicaStory story(config);
  lead(story);
  for (const char* value : {"1", "2", "3"}) REQUIRE(write(story, "a", value) == ErrorCode::none);
  story.run_for(31s);
  CHECK(held(story.partition()) == "0 a=1, 1 a=2, 2 a=3");
  story.run_for(30s);
  CHECK(held(story.partition()) == "1 a=2, 2 a=3");

  ReplicaStory waiting(compacting());
  lead(waiting, 0, {1, 2});
  for (const char* value : {"1", "2", "3"}) REQUIRE(write(waiting, "a", value) == ErrorCode::none);
  waiting.fetched_by_2(1, 0);  // the high watermark is 1
  waiting.run_for(31s);
  CHECK(held(waiting.partition()) == "0 a=1, 1 a=2, 2 a=3");
}

TEST_CASE("a tombstone stays for delete.retention.ms, then its key is gone", "[unit]") {
  BrokerConfig config = compacting();
  config.topics.delete_retention = 60s;
  config.topics.min_cleanable_dirty_ratio = 0;
  ReplicaStory story(config);
  lead(story);
  REQUIRE(write(story, "a", "1") == ErrorCode::none);
  REQUIRE(write(story, "a", std::nullopt) == ErrorCode::none);
  REQUIRE(write(story, "b", "2") == ErrorCode::none);
  story.run_for(16s);
  CHECK(held(story.partition()) == "1 a=-, 2 b=2");
  REQUIRE(write(story, "c", "3") == ErrorCode::none);
  story.run_for(30s);
  CHECK(held(story.partition()) == "1 a=-, 2 b=2, 3 c=3");
  story.run_for(30s);
  REQUIRE(write(story, "d", "4") == ErrorCode::none);
  story.run_for(16s);
  CHECK(held(story.partition()) == "2 b=2, 3 c=3, 4 d=4");
}

TEST_CASE("a compacted log keeps what is old, unless it deletes, too", "[unit]") {
  BrokerConfig config = compacting();
  config.log_retention_ms = 20'000;
  config.topics.cleanup_policy =
      GENERATE(CleanupPolicy::compact, CleanupPolicy::compact_and_remove);
  ReplicaStory story(config);
  lead(story);
  for (const char* key : {"a", "b", "c"}) REQUIRE(write(story, key, "1") == ErrorCode::none);
  story.run_for(2min);
  const bool deletes = config.topics.cleanup_policy == CleanupPolicy::compact_and_remove;
  CHECK(held(story.partition()) == (deletes ? "" : "0 a=1, 1 b=1, 2 c=1"));
}

TEST_CASE("without a cleaner nothing is compacted", "[unit]") {
  BrokerConfig config = compacting();
  config.log_cleaner_enable = false;
  ReplicaStory story(config);
  lead(story);
  for (const char* value : {"1", "2", "3"}) REQUIRE(write(story, "a", value) == ErrorCode::none);
  story.run_for(2min);
  CHECK(held(story.partition()) == "0 a=1, 1 a=2, 2 a=3");
}

// Throttler: reading for the map, and reading and writing for the copy.
TEST_CASE("log.cleaner.io.max.bytes.per.second stretches a cleaning", "[unit]") {
  const auto seconds_until_clean = [](std::optional<double> rate) {
    BrokerConfig config = compacting();
    config.topics.segment_bytes = 20_KiB;
    config.log_cleaner_io_buffer_size = 8_KiB;
    config.log_cleaner_io_max_bytes_per_second = rate;
    ReplicaStory story(config);
    lead(story);
    const std::string value(4000, 'x');
    for (int i = 0; i < 30; ++i)
      REQUIRE(write(story, fmt::format("{}", i), value) == ErrorCode::none);
    int seconds = 0;
    while (cleaned(story) == log::no_offset && seconds < 200) {
      story.run_for(1s);
      ++seconds;
    }
    return seconds;
  };
  const int at_once = seconds_until_clean({});
  const int slowly = seconds_until_clean(4000);
  CHECK(at_once <= 16);
  CHECK(slowly - at_once >= 45);  // 100 KB and more, twice
  CHECK(slowly < 200);
}

// LogManager.truncateTo: the cleaning is aborted, and the checkpoint goes back.
TEST_CASE("a log that is cut is dirty from there on, and a cleaning of it ends", "[unit]") {
  BrokerConfig config = compacting();
  ReplicaStory story(config);
  lead(story);
  for (const char* value : {"1", "2", "3", "4"}) {
    REQUIRE(write(story, "a", value) == ErrorCode::none);
  }
  story.run_for(16s);
  REQUIRE(cleaned(story) == 3);
  story.peer.answer = [](const Request& request) -> ResponsePtr {
    const auto* fetch = dynamic_cast<const FetchRequest*>(&request);
    if (fetch == nullptr || fetch->partitions.empty() || fetch->partitions[0].fetch_offset == 1) {
      return nullptr;
    }
    auto response = std::make_unique<FetchResponse>();
    response->partitions.push_back({.partition = fetch->partitions[0].partition,
                                    .diverging_epoch = FetchResponse::DivergingEpoch{0, 1}});
    return response;
  };
  REQUIRE(story.told({.leader = 2, .epoch = 1}) == ErrorCode::none);
  story.run_for(1s);
  CHECK(story.partition().log_end_offset() == 1);
  CHECK(cleaned(story) == 1);
}

TEST_CASE("after a restart a log is clean up to where it was", "[unit]") {
  ReplicaStory story(compacting());
  lead(story);
  for (const char* value : {"1", "2", "3"}) REQUIRE(write(story, "a", value) == ErrorCode::none);
  story.run_for(16s);
  REQUIRE(cleaned(story) == 2);
  story.process.kill();
  story.process.start();
  story.run_for(1s);
  story.hear_of({1, 2});
  lead(story, 1);
  CHECK(held(story.partition()) == "1 a=2, 2 a=3");
  story.run_for(31s);
  CHECK(cleaned(story) == 2);
}

// LogManager.asyncDelete, deleteLogs.
TEST_CASE("the cleaner forgets a replica that is deleted, whose files go a little later",
          "[unit]") {
  BrokerConfig config = compacting();
  config.topics.file_delete_delay = 5s;
  ReplicaStory story(config);
  lead(story);
  for (const char* value : {"1", "2", "3"}) REQUIRE(write(story, "a", value) == ErrorCode::none);
  story.run_for(16s);
  REQUIRE(cleaned(story) == 2);
  REQUIRE(story.told_to_stop(StopReplicaRequest::epoch_during_delete, true) == ErrorCode::none);
  story.run_for(1s);
  CHECK(cleaned(story) == log::no_offset);
  const auto left = [&] {
    const auto names = story.storage.dir(0).env().list(log_root);
    REQUIRE(names.ok());
    return std::count_if(names->begin(), names->end(),
                         [](const std::string& name) { return name.ends_with("-delete"); });
  };
  CHECK(left() == 1);
  story.run_for(5s);
  CHECK(left() == 0);
}
