// Damage of every kind, made on purpose and looked for.
#include "log/verify.h"

#include "log/partition_files.h"
#include "tests/log/partition_story.h"

namespace brokerlab::log {
namespace {

using test::numbered;
using test::PartitionStory;

constexpr const char* dir = "/data/orders-0";

/// A partition of several segments, closed.
class DamageStory {
 public:
  DamageStory() : story_(env_, dir) {
    story_.config.segment_bytes = 1500;
    story_.config.index_interval_bytes = 150;
    story_.open();
    for (int i = 0; i < 60; ++i) story_.produce(numbered(i, i + 1));
    REQUIRE(story_.log().close().ok());
    story_.forget();
    REQUIRE(verify().damage.empty());
  }

  Verification verify() {
    auto result = verify_partition(env_, dir);
    if (!result.ok()) FAIL(result.error().text());
    return std::move(result).value();
  }

  std::string only_damage() {
    const Verification result = verify();
    INFO(result.damage.size() << " findings");
    REQUIRE(result.damage_count == 1);
    const Damage& damage = result.damage[0];
    return fmt::format("{} at {}: {}", damage.file.substr(damage.file.rfind('/') + 1),
                       damage.position, damage.reason);
  }

  std::string read(const std::string& path) { return read_text(env_, path).value(); }
  void write(const std::string& path, std::string_view text) {
    if (env_.exists(path)) REQUIRE(env_.remove(path).ok());
    auto file = env_.create(path);
    REQUIRE(file.ok());
    REQUIRE((*file)->append(as_bytes(text)).ok());
  }
  void flip(const std::string& path, std::size_t position) {
    std::string text = read(path);
    text[position] = static_cast<char>(text[position] ^ 1);
    write(path, text);
  }
  SegmentFiles segment(std::size_t i) { return list_segments(env_, dir).value().at(i); }

 private:
  MemoryEnv env_;
  PartitionStory story_;
};

}  // namespace

TEST_CASE("a whole partition verifies, with its figures", "[unit]") {
  DamageStory story;
  const Verification result = story.verify();
  CHECK(result.segments == 3);
  CHECK(result.batches == 60);
  CHECK(result.records == 60);
  CHECK(result.first_offset == 0);
  CHECK(result.end_offset == 60);
  CHECK(result.index_entries > 20);
}

TEST_CASE("damage in a log file is told with its place", "[unit]") {
  DamageStory story;
  const std::string path = story.segment(1).log;
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::string whole = story.read(path);
  const auto size = batch_size_at_front(as_bytes(whole)).value();
  SECTION("a flipped bit in a payload: the batch, and nothing behind it") {
    story.flip(path, static_cast<std::size_t>(size) * 2 - 1);
    CHECK_THAT(story.only_damage(), Catch::StartsWith(fmt::format(
                                        "{} at {}: batch at offset 22: checksum ", name, size)));
  }
  SECTION("a torn tail") {
    story.write(path, std::string_view(whole).substr(0, static_cast<std::size_t>(size) + 20));
    const Verification result = story.verify();
    REQUIRE(result.damage_count > 1);  // The indexes point behind the end too.
    CHECK(result.damage[0].position == size);
    CHECK(result.damage[0].reason == "20 bytes of a batch; 20 bytes from here on cannot be read");
    CHECK(result.damage.size() <= 2 * Verification::most_listed + 1);
  }
  SECTION("a segment twice") {
    story.write(story.segment(2).log, whole);
    const Verification result = story.verify();
    CHECK_THAT(result.damage[0].reason, Catch::Contains("stands where"));
  }
}

TEST_CASE("damage in an index is told with its entry", "[unit]") {
  DamageStory story;
  const SegmentFiles segment = story.segment(0);
  SECTION("a position where no batch begins") {
    story.flip(segment.index, 7);
    CHECK_THAT(story.only_damage(), Catch::Contains("index at 0: entry (offset ") &&
                                        Catch::Contains("no batch begins there"));
  }
  SECTION("half an entry") {
    story.write(segment.index, story.read(segment.index) + "abc");
    CHECK_THAT(story.only_damage(), Catch::Contains("3 bytes behind the last whole entry"));
  }
  SECTION("the zeros that Kafka preallocates are none") {
    story.write(segment.index, story.read(segment.index) + std::string(800, '\0'));
    story.write(segment.time_index, story.read(segment.time_index) + std::string(1200, '\0'));
    CHECK(story.verify().damage_count == 0);
  }
  SECTION("a timestamp that no batch has") {
    story.flip(segment.time_index, 7);
    CHECK_THAT(story.only_damage(), Catch::Contains("timeindex at 0: entry (timestamp ") &&
                                        Catch::Contains("the largest timestamp up to there is"));
  }
}

TEST_CASE("damage in the small files around is told too", "[unit]") {
  DamageStory story;
  const std::string epochs = join_path(dir, "leader-epoch-checkpoint");
  SECTION("an unreadable epoch checkpoint") {
    story.write(epochs, "0\n1\nzero 0\n");
    CHECK(story.only_damage() == "leader-epoch-checkpoint at 0: malformed: line 3: \"zero\"");
  }
  SECTION("epochs that the batches contradict") {
    story.write(epochs, "0\n1\n4 0\n");
    CHECK_THAT(story.only_damage(),
               Catch::Contains("has leader epoch 0, leader-epoch-checkpoint says 4"));
  }
  SECTION("partition.metadata") {
    story.write(join_path(dir, "partition.metadata"), "version: 0\n");
    CHECK_THAT(story.only_damage(), Catch::StartsWith("partition.metadata at 0: line 2"));
  }
  SECTION("a recovery point behind the end: records are missing") {
    story.write("/data/recovery-point-offset-checkpoint", "0\n1\norders 0 75\n");
    CHECK(story.only_damage() ==
          "recovery-point-offset-checkpoint at 0: says that everything below offset 75 is on the "
          "disk, but orders-0 ends at 60");
  }
}

}  // namespace brokerlab::log
