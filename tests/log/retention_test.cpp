// Old records go: by time, by size, by request; never above the high watermark.
#include "tests/log/partition_story.h"

#include <algorithm>
#include <string_view>

namespace brokerlab::log {
namespace {

using test::PartitionStory;

/// Ten segments of one batch each, at 0, 1000, ... 9000 ms.
void fill(PartitionStory& story) {
  story.config.segment_bytes = 100;
  story.open();
  for (int i = 0; i < 10; ++i) {
    BatchBuilder builder;
    builder.append(i * 1000, as_bytes("key"), as_bytes(std::string(17, 'a')));
    ByteVector batch = builder.build();
    REQUIRE(story.log().append_as_leader(batch, 0, i * 1000).ok());
  }
  REQUIRE(story.log().segment_count() == 10);
}

std::int32_t removed(PartitionStory& story, Timestamp now, Offset high_watermark = 10) {
  const auto count = story.log().apply_retention(now, high_watermark);
  REQUIRE(count.ok());
  return *count;
}

}  // namespace

TEST_CASE("segments whose newest record is older than retention.ms go", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.config.retention_ms = 5000;
  fill(story);
  CHECK(removed(story, 5000) == 0);
  CHECK(removed(story, 8500) == 4);
  CHECK(story.log().log_start_offset() == 4);
  CHECK(story.fetch(4).first_base_offset == 4);
  CHECK(story.log().read(3, 100, 10, true).error().kind == LogError::Kind::offset_out_of_range);
  // All of it is old: the active segment goes, too, behind a new one.
  CHECK(removed(story, 60'000) == 6);
  CHECK(story.log().log_start_offset() == 10);
  CHECK(story.log().segment_count() == 1);
  story.reopen_clean();
  CHECK(story.log().log_start_offset() == 10);
  CHECK(story.produce({"on"}).first_offset == 10);
}

TEST_CASE("the oldest segments go until retention.bytes are left", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.config.retention_ms = -1;
  story.config.retention_bytes = 350;
  fill(story);
  const std::int64_t one = story.log().segments().front()->size();
  const std::int32_t gone = removed(story, 0);
  CHECK(story.log().size() >= 350);
  CHECK(story.log().size() - one < 350);
  CHECK(gone == static_cast<std::int32_t>(10 - story.log().segment_count()));
}

TEST_CASE("what the high watermark has not passed stays", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.config.retention_ms = 0;
  fill(story);
  CHECK(removed(story, 60'000, 3) == 3);
  CHECK(story.log().log_start_offset() == 3);
}

TEST_CASE("a deleted segment's files stay until they are removed, or a start finds them",
          "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.config.retention_ms = 5000;
  story.config.file_delete_delay_ms = 60'000;
  fill(story);
  const auto files = [&](std::string_view suffix) {
    const auto names = env.list(story.dir());
    REQUIRE(names.ok());
    return std::count_if(names->begin(), names->end(),
                         [&](const std::string& name) { return name.ends_with(suffix); });
  };
  CHECK(removed(story, 8500) == 4);
  CHECK(story.log().condemned() == 4);
  CHECK(files(".log.deleted") == 4);
  CHECK(files(".log") == 6);
  CHECK(story.log().read(3, 100, 10, true).error().kind == LogError::Kind::offset_out_of_range);
  REQUIRE(story.log().remove_condemned(3).ok());
  CHECK(files(".log.deleted") == 1);
  CHECK(files(".index.deleted") == 1);
  story.reopen_unclean();
  CHECK(files(".deleted") == 0);
  CHECK(story.log().condemned() == 0);
  CHECK(story.log().log_start_offset() == 4);
}

TEST_CASE("a log that begins at its end by request keeps its active segment", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  fill(story);
  REQUIRE(story.log().advance_log_start_offset(10).ok());
  CHECK(removed(story, 9500) == 9);
  CHECK(story.log().segment_count() == 1);
  CHECK(story.log().active_segment().base_offset() == 9);
}

TEST_CASE("a compacted topic keeps old segments unless it deletes, too", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.config.retention_ms = 0;
  story.config.cleanup_delete = false;
  story.config.cleanup_compact = true;
  fill(story);
  CHECK(removed(story, 60'000) == 0);
}

TEST_CASE("records too far from the present are refused", "[unit]") {
  MemoryEnv env;
  PartitionStory story(env);
  story.config.message_timestamp_before_max_ms = 10'000;
  story.config.message_timestamp_after_max_ms = 1'000;
  story.open();
  const auto at = [&](Timestamp timestamp) {
    ByteVector batch = test::batch_of({"x"}, timestamp);
    const auto appended = story.log().append_as_leader(batch, 0, 100'000);
    return appended.ok() ? std::string("fine") : std::string(to_text(appended.error().kind));
  };
  CHECK(at(100'000) == "fine");
  CHECK(at(90'000) == "fine");
  CHECK(at(89'999) == "invalid timestamp");
  CHECK(at(101'000) == "fine");
  CHECK(at(101'001) == "invalid timestamp");
}

}  // namespace brokerlab::log
