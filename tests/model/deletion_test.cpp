// How records leave a broker's logs, told as stories of broker 1. Held against kafka.log.LogManager
// (cleanupLogs), kafka.server.ReplicaManager (deleteRecords) and kafka.cluster.Partition (3.9).
#include "tests/model/replica_story.h"

#include <algorithm>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

/// Each record has a segment of its own, and the time at which it came.
BrokerConfig deleting() {
  BrokerConfig config;
  config.topics.message_timestamp_type = TimestampType::log_append_time;
  config.topics.segment_bytes = 100_B;
  config.log_initial_task_delay = 30s;
  config.log_retention_check_interval = 20s;
  return config;
}

Offset start(ReplicaStory& story) { return story.partition().log().log_start_offset(); }

/// A record every ten seconds, and the last of them ten seconds ago.
void produce(ReplicaStory& story, int records) {
  for (int i = 0; i < records; ++i) {
    story.produce(Acks::leader);
    story.run_for(10s - 100ms);
  }
}

/// Broker 1 has heard of t-0, and of nobody else who is alive.
void alone(ReplicaStory& story) {
  story.hear_of({1}, {{story.name, {BrokerId(1), 0, {BrokerId(1)}, 0}, {BrokerId(1)}}});
}

std::ptrdiff_t files(ReplicaStory& story, std::string_view suffix) {
  const auto names = story.storage.dir(0).env().list(log::join_path(log_root, story.name.name()));
  REQUIRE(names.ok());
  return std::count_if(names->begin(), names->end(),
                       [&](const std::string& name) { return name.ends_with(suffix); });
}

}  // namespace

TEST_CASE("old segments go when the broker looks for them, first after its initial delay",
          "[unit]") {
  BrokerConfig config = deleting();
  config.log_retention_ms = 5000;
  ReplicaStory story(config);
  REQUIRE(story.told({.leader = 1, .epoch = 0, .isr = {1}}) == ErrorCode::none);
  produce(story, 2);  // at 2 s and 12 s
  CHECK(start(story) == 0);
  story.run_for(9s);  // until 31 s
  CHECK(start(story) == 2);
  produce(story, 1);  // at 31 s
  CHECK(start(story) == 2);
  story.run_for(8s);  // the broker looks at 50 s
  CHECK(start(story) == 2);
  story.run_for(2s);
  CHECK(start(story) == 3);
  CHECK(story.partition().log_end_offset() == 3);
}

TEST_CASE("what is young, or not yet committed, stays", "[unit]") {
  BrokerConfig config = deleting();
  config.log_retention_ms = 25'000;
  ReplicaStory story(config);
  REQUIRE(story.told({.leader = 1, .epoch = 0, .isr = {1}}) == ErrorCode::none);
  produce(story, 2);
  story.run_for(9s);  // 31 s: of 29 s and 19 s one is old
  CHECK(start(story) == 1);

  ReplicaStory waiting(config);
  REQUIRE(waiting.told({.leader = 1, .epoch = 0}) == ErrorCode::none);
  produce(waiting, 2);
  waiting.fetched_by_2(1, 0);  // the high watermark is 1
  waiting.run_for(2min);
  CHECK(start(waiting) == 1);
}

TEST_CASE("the oldest segments go while retention.bytes are left behind them", "[unit]") {
  BrokerConfig config = deleting();
  config.topics.retention_bytes = 150;
  ReplicaStory story(config);
  REQUIRE(story.told({.leader = 1, .epoch = 0, .isr = {1}}) == ErrorCode::none);
  produce(story, 6);
  story.run_for(20s);
  CHECK(story.partition().log().size() >= 150);
  CHECK(story.partition().log().size() - story.partition().log().segments().front()->size() < 150);
}

TEST_CASE("the files of a deleted segment stay for file.delete.delay.ms", "[unit]") {
  BrokerConfig config = deleting();
  config.log_retention_ms = 5000;
  config.topics.file_delete_delay = 60s;
  ReplicaStory story(config);
  REQUIRE(story.told({.leader = 1, .epoch = 0, .isr = {1}}) == ErrorCode::none);
  produce(story, 2);
  story.run_for(10s);
  REQUIRE(start(story) == 2);
  CHECK(files(story, ".log.deleted") == 2);
  story.run_for(57s);
  CHECK(files(story, ".log.deleted") == 2);
  story.run_for(2s);
  CHECK(files(story, ".deleted") == 0);
  CHECK(files(story, ".log") == 1);
}

TEST_CASE("a log begins where it did after a clean stop, or when that was saved", "[unit]") {
  ReplicaStory story(deleting());
  alone(story);
  REQUIRE(story.told({.leader = 1, .epoch = 0, .isr = {1}}) == ErrorCode::none);
  produce(story, 3);
  CHECK(story.answer_to(story.delete_records(story.name, 2)) == "NONE 2");
  story.run_for(100ms);
  story.stop_cleanly();
  story.process.start();
  story.run_for(1s);
  alone(story);
  REQUIRE(story.told({.leader = 1, .epoch = 1, .isr = {1}}) == ErrorCode::none);
  CHECK(start(story) == 2);
  CHECK(story.answer_to(story.delete_records(story.name, 3)) == "NONE 3");
  SECTION("saved, after log.initial.task.delay.ms") {
    story.run_for(35s);
    story.process.kill();
    story.process.start();
    story.run_for(1s);
    alone(story);
    REQUIRE(story.told({.leader = 1, .epoch = 2, .isr = {1}}) == ErrorCode::none);
    CHECK(start(story) == 3);
  }
  SECTION("not saved: what was asked for is forgotten") {
    story.process.kill();
    story.process.start();
    story.run_for(1s);
    alone(story);
    REQUIRE(story.told({.leader = 1, .epoch = 2, .isr = {1}}) == ErrorCode::none);
    CHECK(start(story) == 2);
  }
}

// deleteRecordsOnLocalLog, deleteRecordsOnLeader.
TEST_CASE("a DeleteRecords request is refused for these reasons, in this order", "[unit]") {
  ReplicaStory story(deleting());
  const TopicPartition offsets{offsets_topic, 0};
  CHECK(story.answer_to(story.delete_records(story.name, 0)) == "UNKNOWN_TOPIC_OR_PARTITION -1");
  story.hear_of({1, 2}, {{offsets, {BrokerId(1), 0, {BrokerId(1)}, 0}, {BrokerId(1)}},
                         {story.name, {BrokerId(2), 0, {BrokerId(2)}, 0}, {BrokerId(2)}}});
  CHECK(story.answer_to(story.delete_records(offsets, 0)) == "INVALID_TOPIC_EXCEPTION -1");
  CHECK(story.answer_to(story.delete_records(story.name, 0)) == "NOT_LEADER_OR_FOLLOWER -1");
  REQUIRE(story.told({.leader = 2, .epoch = 0}) == ErrorCode::none);
  CHECK(story.answer_to(story.delete_records(story.name, 0)) == "NOT_LEADER_OR_FOLLOWER -1");
  REQUIRE(story.told({.leader = 1, .epoch = 1, .isr = {1}}) == ErrorCode::none);
  produce(story, 2);
  CHECK(story.answer_to(story.delete_records(story.name, 3)) == "OFFSET_OUT_OF_RANGE -1");
  CHECK(story.answer_to(story.delete_records(story.name, -2)) == "OFFSET_OUT_OF_RANGE -1");
}

// lowWatermarkIfLeader, DelayedDeleteRecords.
TEST_CASE("records are deleted when the logs of all live replicas begin behind them", "[unit]") {
  ReplicaStory story(deleting());
  story.hear_of({1, 2}, {{story.name, {BrokerId(1), 0, {BrokerId(1)}, 0}, {BrokerId(1)}}});
  REQUIRE(story.told({.leader = 1, .epoch = 0}) == ErrorCode::none);
  produce(story, 3);
  story.fetched_by_2(3, 0, 0);  // it has them all: the high watermark is 3
  const CallPtr asked = story.delete_records(story.name, up_to_high_watermark);
  CHECK(start(story) == 3);
  CHECK(story.answer_to(asked) == "waits");
  story.fetched_by_2(3, 0, 2);
  CHECK(story.answer_to(asked) == "waits");
  story.fetched_by_2(3, 0, 3);
  CHECK(story.answer_to(asked) == "NONE 3");

  produce(story, 1);
  story.fetched_by_2(4, 0, 3);
  const CallPtr again = story.delete_records(story.name, up_to_high_watermark, 5s);
  story.run_for(5s);
  CHECK(story.answer_to(again) == "REQUEST_TIMED_OUT 3");
  story.hear_of({1});  // who is dead is not waited for
  CHECK(story.answer_to(story.delete_records(story.name, 4)) == "NONE 4");
}

TEST_CASE("a consumer below the log's start is told that its offset is out of range", "[unit]") {
  ReplicaStory story(deleting());
  alone(story);
  REQUIRE(story.told({.leader = 1, .epoch = 0, .isr = {1}}) == ErrorCode::none);
  produce(story, 2);
  REQUIRE(story.answer_to(story.delete_records(story.name, 1)) == "NONE 1");
  CHECK(story.answer_to_fetch_of(story.name).error == ErrorCode::offset_out_of_range);
  CHECK(story.list_offsets({story.name, log::no_epoch, earliest_timestamp}).offset == 1);
}

// AbstractFetcherThread.processFetchRequest: the leader's log start comes with the records.
TEST_CASE("a follower's log begins where its leader's does", "[unit]") {
  ReplicaStory story;
  story.peer.answer = [told = false](const Request& request) mutable -> ResponsePtr {
    if (dynamic_cast<const FetchRequest*>(&request) == nullptr || std::exchange(told, true)) {
      return nullptr;
    }
    log::BatchBuilder builder;
    for (int i = 0; i < 5; ++i) builder.append(0, std::nullopt, log::as_bytes("a record"));
    auto response = std::make_unique<FetchResponse>();
    response->partitions.push_back({.partition = {"t", 0},
                                    .high_watermark = 5,
                                    .log_start_offset = 2,
                                    .records = log::ByteSlice::copy_of(builder.build())});
    return response;
  };
  REQUIRE(story.told({.leader = 2, .epoch = 0}) == ErrorCode::none);
  story.run_for(1s);
  CHECK(story.partition().log_end_offset() == 5);
  CHECK(start(story) == 2);
  REQUIRE(story.peer.all<FetchRequest>().size() >= 2);
  CHECK(story.peer.all<FetchRequest>().back()->partitions.at(0).log_start_offset == 2);
}
