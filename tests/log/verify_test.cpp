// Damage of every kind, made on purpose and looked for.
#include "log/directory/verify.h"

#include "log/batch/big_endian.h"
#include "log/batch/crc32c.h"
#include "log/directory/partition_files.h"
#include "log/segment/transaction_index.h"
#include "tests/log/partition_story.h"

namespace brokerlab::log {
namespace {

using test::numbered;
using test::PartitionStory;

constexpr const char* orders = "/data/orders-0";

/// A partition of several segments, closed.
class DamageStory {
 public:
  DamageStory() : story_(env_, orders) {
    story_.config.segment_bytes = 1500;
    story_.config.index_interval_bytes = 150;
    story_.open();
    for (int i = 0; i < 60; ++i) story_.produce(numbered(i, i + 1));
    REQUIRE(story_.log().close().ok());
    story_.forget();
    REQUIRE(verify().damage.empty());
  }

  Verification verify() {
    auto result = verify_partition(env_, orders);
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
  SegmentFiles segment(std::size_t i) { return list_segments(env_, orders).value().at(i); }

 private:
  MemoryEnv env_;
  PartitionStory story_;
};

/// A partition with transactions, closed: producer 1 aborts at 3, producer 2 commits at 4, producer
/// 3 aborts at 7; the next segment begins at 8, where producer 4 leaves a transaction open.
class TransactionStory {
 public:
  TransactionStory() : story_(env_, orders) {
    records(1, 2);
    records(2, 1);
    end(1, TransactionResult::abort);
    end(2, TransactionResult::commit);
    records(3, 2);
    end(3, TransactionResult::abort);
    REQUIRE(story_.log().roll(1000).ok());
    records(4, 2);
    REQUIRE(story_.log().close().ok());
    story_.forget();
    REQUIRE(verify().damage.empty());
  }

  Verification verify() { return verify_partition(env_, orders).value(); }
  std::vector<std::string> damage() {
    std::vector<std::string> lines;
    for (const Damage& damage : verify().damage) {
      lines.push_back(fmt::format("{} at {}: {}", damage.file.substr(damage.file.rfind('/') + 1),
                                  damage.position, damage.reason));
    }
    return lines;
  }

  std::string file(Offset offset, std::string_view suffix) const {
    return join_path(orders, segment_file_name(offset, suffix));
  }
  std::string read(const std::string& path) { return read_text(env_, path).value(); }
  void write(const std::string& path, std::string_view text) {
    if (env_.exists(path)) REQUIRE(env_.remove(path).ok());
    auto file = env_.create(path);
    REQUIRE(file.ok());
    REQUIRE((*file)->append(as_bytes(text)).ok());
  }
  void remove(const std::string& path) { REQUIRE(env_.remove(path).ok()); }
  /// Writes a number into a snapshot and makes its checksum right again.
  template <class Integer>
  void patch_snapshot(Offset offset, std::size_t position, Integer value) {
    const std::string path = file(offset, ".snapshot");
    std::string text = read(path);
    auto* bytes = reinterpret_cast<std::byte*>(text.data());
    store_big_endian(bytes + position, value);
    store_big_endian(bytes + 2, crc32c(as_bytes(text).subspan(6)));
    write(path, text);
  }

 private:
  void append(ByteVector batch, AppendOrigin origin) {
    REQUIRE(story_.log().append_as_leader(batch, 0, 1000, origin).ok());
  }
  void records(std::int64_t producer, int count) {
    BatchBuilder builder(
        {.producer_id = producer, .producer_epoch = 0, .base_sequence = 0, .transactional = true});
    for (int i = 0; i < count; ++i) builder.append(1000, std::nullopt, as_bytes("v"));
    append(builder.build(), AppendOrigin::client);
  }
  void end(std::int64_t producer, TransactionResult result) {
    append(build_marker(producer, 0, 1000, {result, 0}), AppendOrigin::coordinator);
  }

  MemoryEnv env_;
  PartitionStory story_;
};

using Lines = std::vector<std::string>;

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
  SECTION("an offset, which no checksum covers: its batch, and nothing that points at it") {
    story.flip(path, static_cast<std::size_t>(size) + 5);
    CHECK_THAT(story.only_damage(),
               Catch::StartsWith(fmt::format("{} at {}: batch at offset 65558 stands where 22 "
                                             "should come: the next one begins at 23",
                                             name, size)));
  }
  SECTION("the offset of a segment's last batch, behind which the next segment begins") {
    story.flip(path, whole.size() - static_cast<std::size_t>(size) + 5);
    CHECK_THAT(story.only_damage(), Catch::Contains("stands where 41 should come"));
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
  const std::string epochs = join_path(orders, "leader-epoch-checkpoint");
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
    story.write(join_path(orders, "partition.metadata"), "version: 0\n");
    CHECK_THAT(story.only_damage(), Catch::StartsWith("partition.metadata at 0: line 2"));
  }
  SECTION("a recovery point behind the end: records are missing") {
    story.write("/data/recovery-point-offset-checkpoint", "0\n1\norders 0 75\n");
    CHECK(story.only_damage() ==
          "recovery-point-offset-checkpoint at 0: says that everything below offset 75 is on the "
          "disk, but orders-0 ends at 60");
  }
}

TEST_CASE("damage in a transaction index is told with its entry", "[unit]") {
  TransactionStory story;
  const std::string path = story.file(0, ".txnindex");
  const std::string whole = story.read(path);
  std::vector<AbortedTransaction> entries{{1, 0, 3, 2}, {3, 5, 7, 8}};
  REQUIRE(whole == as_text(encode(entries)));
  const auto write = [&] { story.write(path, as_text(encode(entries))); };
  SECTION("half an entry, another version") {
    std::string text = whole + "abc";
    text[1] = 1;
    story.write(path, text);
    CHECK(story.damage() ==
          Lines{"00000000000000000000.txnindex at 0: entry (producer 1, offsets 0 to 3): version "
                "1, must be 0",
                "00000000000000000000.txnindex at 68: 3 bytes behind the last whole entry"});
  }
  SECTION("out of order") {
    std::swap(entries[0], entries[1]);
    write();
    CHECK(story.damage() == Lines{"00000000000000000000.txnindex at 34: entry (producer 1, offsets "
                                  "0 to 3): does not grow"});
  }
  SECTION("what the segment cannot hold") {
    entries[0] = {1, 4, 3, 2};
    entries.push_back({4, 8, 9, 10});
    entries[1].last_stable_offset = 9;
    write();
    CHECK(story.damage() ==
          Lines{"00000000000000000000.txnindex at 0: entry (producer 1, offsets 4 to 3): ends "
                "before it begins",
                "00000000000000000000.txnindex at 34: entry (producer 3, offsets 5 to 7): last "
                "stable offset 9 cannot be when 7 is the last one",
                "00000000000000000000.txnindex at 68: entry (producer 4, offsets 8 to 9): ends "
                "outside of its segment, which has offsets 0 to 7"});
  }
  SECTION("what was committed, or is another's, was not aborted") {
    entries.insert(entries.begin() + 1, {2, 2, 4, 5});
    entries[2].producer_id = 1;
    write();
    CHECK(story.damage() ==
          Lines{"00000000000000000000.txnindex at 34: entry (producer 2, offsets 2 to 4): at its "
                "last offset is a COMMIT marker of producer 2",
                "00000000000000000000.txnindex at 68: entry (producer 1, offsets 5 to 7): at its "
                "last offset is an ABORT marker of producer 3",
                "00000000000000000000.txnindex at 102: has no entry for the transaction of "
                "producer 3 at offsets 5 to 7, which was aborted"});
  }
  SECTION("gone: consumers would be given what was aborted") {
    story.remove(path);
    REQUIRE(story.damage().size() == 2);
    CHECK(story.damage()[0] ==
          "00000000000000000000.txnindex at 0: is missing: no entry for the transaction of "
          "producer 1 at offsets 0 to 3, which was aborted");
  }
}

TEST_CASE("damage in a producer snapshot is told with its producer", "[unit]") {
  TransactionStory story;
  const std::string name = "00000000000000000010.snapshot";
  CHECK(story.verify().snapshots == 2);
  CHECK(story.verify().index_entries == 4);  // Two of time, two of transactions.
  SECTION("bytes that are no snapshot") {
    const std::string whole = story.read(story.file(10, ".snapshot"));
    story.write(story.file(10, ".snapshot"), whole.substr(0, 9));
    CHECK(story.damage() == Lines{name + " at 9: only 9 bytes, a snapshot has 10 at least"});
    story.write(story.file(10, ".snapshot"), "\x01" + whole.substr(1));
    CHECK(story.damage() == Lines{name + " at 0: version 257, must be 1"});
    std::string flipped = whole;
    flipped.back() = 0;
    story.write(story.file(10, ".snapshot"), flipped);
    REQUIRE(story.damage().size() == 1);
    CHECK_THAT(story.damage()[0], Catch::StartsWith(name + " at 2: checksum "));
    story.patch_snapshot(10, 6, std::int32_t{7});
    CHECK(story.damage() == Lines{name + " at 6: 7 producers in 194 bytes"});
    story.write(story.file(10, ".snapshot"), "");
    CHECK(story.damage().size() == 1);
  }
  SECTION("as of an offset that the log does not reach") {
    story.write(story.file(12, ".snapshot"), story.read(story.file(10, ".snapshot")));
    CHECK(story.damage() ==
          Lines{"00000000000000000012.snapshot at 0: is as of offset 12, but the log ends at 10"});
  }
  SECTION("producers that know of records behind it") {
    story.write(story.file(8, ".snapshot"), story.read(story.file(10, ".snapshot")));
    CHECK(story.damage() == Lines{"00000000000000000008.snapshot at 148: producer 4: its last "
                                  "offset 9 is not below 8, which the snapshot is as of"});
  }
  SECTION("producers that the log contradicts") {
    story.patch_snapshot(10, 10, std::int64_t{5});                 // producer 1 is called 5
    story.patch_snapshot(10, 10 + 46 + 10, std::int32_t{3});       // last sequence of producer 2
    story.patch_snapshot(10, 10 + 2 * 46 + 14, std::int64_t{5});   // last offset of producer 3
    story.patch_snapshot(10, 10 + 3 * 46 + 38, std::int64_t{11});  // transaction of producer 4
    CHECK(story.damage() ==
          Lines{name + " at 10: producer 5: the batch at its last offset 1 holds records of "
                       "producer 1",
                name + " at 56: producer 2: its last sequence is 3, but the batch there ends with "
                       "0",
                name + " at 102: producer 3: its last offset is 5, but the batch there goes on to "
                       "6",
                name + " at 148: producer 4: its transaction begins at 11, not below 10, which "
                       "the snapshot is as of"});
    story.patch_snapshot(10, 10, std::int64_t{2});
    CHECK(story.damage() == Lines{name + " at 56: producer 2: is there twice"});
  }
}

TEST_CASE("every flipped bit and every cut of a snapshot is found, and none stops verify",
          "[unit]") {
  TransactionStory story;
  for (const std::string& path : {story.file(10, ".snapshot"), story.file(0, ".txnindex")}) {
    const bool has_checksum = path.ends_with(".snapshot");
    const std::string whole = story.read(path);
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::string flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      story.write(path, flipped);
      if (story.verify().damage_count == 0 && has_checksum) FAIL("bit " << bit << " of " << path);
    }
    for (std::size_t size = 0; size < whole.size(); ++size) {
      story.write(path, std::string_view(whole).substr(0, size));
      if (story.verify().damage_count == 0) FAIL(size << " bytes of " << path);
    }
    story.write(path, whole);
  }
  CHECK(story.verify().damage_count == 0);
}

}  // namespace brokerlab::log
