// Phantom batches: a header, a size and a seed that read as a whole batch.
#include "log/batch/phantom.h"

#include "log/batch/crc32c.h"
#include "log/batch/varint.h"
#include "tests/log/partition_story.h"

#include <malloc.h>
#include <set>

namespace brokerlab::log {
namespace {

/// The smallest batch of so many records, and `extra` bytes.
PhantomBatch phantom(std::int32_t records, std::int64_t extra = 0, std::uint64_t seed = 7) {
  PhantomBatch batch;
  batch.record_count = records;
  batch.base_timestamp = 1000;
  batch.max_timestamp = 1000;
  batch.seed = seed;
  batch.payload_size = static_cast<std::int32_t>(smallest_phantom_payload(batch) + extra);
  return batch;
}

/// "" or why the bytes are not the batch that the fields promise.
std::string disagreement(const PhantomBatch& batch) {
  const ByteVector bytes = materialise(batch);
  const auto view = validate(bytes);
  if (!view.ok()) return view.error().message;
  if (view->size() != bytes.size()) return "its size";
  if (view->base_offset() != batch.base_offset || view->last_offset() != batch.last_offset() ||
      view->record_count() != batch.record_count || view->leader_epoch() != batch.leader_epoch ||
      view->attributes() != batch.attributes || view->max_timestamp() != batch.max_timestamp ||
      view->base_timestamp() != batch.base_timestamp || view->producer_id() != batch.producer_id ||
      view->producer_epoch() != batch.producer_epoch ||
      view->base_sequence() != batch.base_sequence) {
    return "a field of its header";
  }
  const auto records = decode_records(view.value());
  if (!records.ok()) return records.error().message;
  if (static_cast<std::int32_t>(records.value().size()) != batch.record_count) return "its records";
  if (records.value().back().timestamp != batch.max_timestamp) return "its last timestamp";
  return "";
}

ByteVector file_bytes(File& file) {
  ByteVector bytes(static_cast<std::size_t>(file.size()));
  REQUIRE(file.read_at(0, bytes).value() == bytes.size());
  return bytes;
}

}  // namespace

TEST_CASE("four bytes bend a checksum to any value", "[unit]") {
  RandomStream random(1, "crc");
  for (std::size_t zeros = 0; zeros < 4; ++zeros) {
    const std::string text = "some bytes";
    const auto wanted = static_cast<std::uint32_t>(random.bits());
    ByteVector bytes(as_bytes(text).begin(), as_bytes(text).end());
    const auto forcing = crc32c_forcing_bytes(crc32c(bytes), wanted, zeros);
    bytes.insert(bytes.end(), forcing.begin(), forcing.end());
    bytes.resize(bytes.size() + zeros);
    CHECK(crc32c(bytes) == wanted);
  }
}

TEST_CASE("a padded varint reads as what it is", "[unit]") {
  for (const std::int32_t value : {0, -1, 63, 8191}) {
    for (std::size_t width = varint_size(value); width <= max_varint_size; ++width) {
      ByteVector bytes(width);
      CHECK(write_padded_varint(bytes.data(), value, width) == bytes.data() + width);
      ByteView in(bytes);
      CHECK(read_varint(in) == value);
      CHECK(in.empty());
    }
  }
}

TEST_CASE("a phantom of any size is a valid batch of its records", "[property]") {
  for (const std::int32_t records : {1, 2, 3, 64, 65, 66, 200}) {
    for (std::int64_t extra = 0; extra < 700; ++extra) {
      const std::string wrong = disagreement(phantom(records, extra));
      if (!wrong.empty()) FAIL(records << " records, " << extra << " bytes more: " << wrong);
    }
  }
  // Around the sizes where a length needs one byte more.
  for (const std::int64_t size : {8'170, 1'048'540}) {
    for (std::int64_t extra = size; extra < size + 50; ++extra) {
      REQUIRE(disagreement(phantom(1, extra)).empty());
    }
  }
  REQUIRE(disagreement(phantom(20'000, 5)).empty());
}

TEST_CASE("a phantom has the fields and timestamps it is given", "[unit]") {
  PhantomBatch batch = phantom(3);
  batch.base_offset = 1'000'000'000'000;
  batch.leader_epoch = 17;
  batch.producer_id = 4000;
  batch.producer_epoch = 3;
  batch.base_sequence = 12;
  batch.attributes = 0x10;  // Transactional.
  batch.base_timestamp = 1'700'000'000'000;
  batch.max_timestamp = batch.base_timestamp + 1'000'000'000;
  batch.payload_size = static_cast<std::int32_t>(smallest_phantom_payload(batch));
  CHECK(disagreement(batch).empty());
  batch.attributes = 0x08;  // LogAppendTime.
  batch.max_timestamp = 5;
  CHECK(disagreement(batch).empty());
}

TEST_CASE("records are equal but for the last, which has the remainder", "[unit]") {
  const PhantomBatch batch = phantom(4, 403);
  const auto records = decode_all(materialise(batch)).value();
  std::set<std::size_t> sizes;
  for (std::size_t i = 0; i < 3; ++i) sizes.insert(records[i].value->size());
  CHECK(sizes.size() == 1);
  CHECK(records[3].value->size() >= *sizes.begin());
  CHECK(records[3].value->size() <= *sizes.begin() + 3);
  CHECK(records[0].value != records[1].value);
}

TEST_CASE("what cannot be a phantom is refused", "[unit]") {
  PhantomBatch batch = phantom(3);
  CHECK(check_phantom(batch).ok());
  --batch.payload_size;
  CHECK(check_phantom(batch).error().kind == Corruption::Kind::bad_size);
  CHECK_FALSE(check_phantom(PhantomBatch{.record_count = 0, .payload_size = 100}).ok());
  CHECK_FALSE(check_phantom(PhantomBatch{.attributes = 1, .payload_size = 100}).ok());
  CHECK_FALSE(check_phantom(PhantomBatch{.attributes = 0x20, .payload_size = 100}).ok());
  MemoryEnv env;
  auto log = Log::open(env, "/t-0", LogConfig{}, {}).value();
  CHECK(log->append_phantom_as_leader(batch, 0, 0).error().kind == LogError::Kind::invalid);
  CHECK(log->append_phantom_as_leader(phantom(1, 2 << 20), 0, 0).error().kind ==
        LogError::Kind::record_too_large);
  CHECK(log->append_records_as_follower(phantom(1), 0).ok());
  CHECK(log->append_records_as_follower(phantom(1), 0).error().kind ==
        LogError::Kind::unexpected_offset);
}

TEST_CASE("the log keeps account of a phantom's producer as of any other", "[unit]") {
  MemoryEnv env;
  auto log = Log::open(env, "/t-0", LogConfig{}, {}).value();
  PhantomBatch batch = phantom(3);
  batch.producer_id = 7;
  batch.producer_epoch = 1;
  batch.base_sequence = 0;
  batch.attributes = 0x10;  // Transactional.
  const auto first = log->append_phantom_as_leader(batch, 0, 1000);
  REQUIRE(first.ok());
  const auto again = log->append_phantom_as_leader(batch, 0, 1000);
  REQUIRE(again.ok());
  CHECK(again->duplicate);
  CHECK(again->last_offset == 2);
  CHECK(log->log_end_offset() == 3);
  batch.base_sequence = 4;
  const auto gap = log->append_phantom_as_leader(batch, 0, 1000);
  REQUIRE_FALSE(gap.ok());
  CHECK(gap.error().producer == ProducerError::Kind::out_of_order);
  batch.base_sequence = 3;
  batch.producer_epoch = 0;
  CHECK(log->append_phantom_as_leader(batch, 0, 1000).error().producer ==
        ProducerError::Kind::invalid_epoch);
  batch.producer_epoch = 1;
  REQUIRE(log->append_phantom_as_leader(batch, 0, 1000).ok());
  CHECK(log->last_stable_offset(6) == 0);

  batch.base_sequence = -1;
  CHECK(log->append_phantom_as_leader(batch, 0, 1000).error().kind == LogError::Kind::invalid);
  batch.producer_id = -1;
  CHECK(log->append_phantom_as_leader(batch, 0, 1000).error().kind == LogError::Kind::invalid);

  // Recovery reads the same from the bytes.
  const auto known = log->producers().all();
  log = Log::open(env, "/t-0", LogConfig{}, {.now = 1000}).value();
  CHECK(log->producers().all() == known);
  CHECK(log->last_stable_offset(6) == 0);
}

TEST_CASE("the content of a phantom is the same for ever", "[unit]") {
  CHECK(crc32c(materialise(phantom(5, 1000, 42))) == 0x7962f24d);
}

TEST_CASE("any part of a file of bytes and phantoms is the part of the whole", "[property]") {
  RandomStream random(11, "parts");
  MemoryEnv env;
  auto file = env.create("/f").value();
  ByteVector expected;
  for (int step = 0; step < 2000; ++step) {
    const auto dice = random.below(100);
    if (dice < 50) {
      const PhantomBatch batch =
          phantom(1 + static_cast<std::int32_t>(random.below(5)), random.below(300), random.bits());
      const ByteVector bytes = materialise(batch);
      REQUIRE(file->append_phantom(batch).ok());
      expected.insert(expected.end(), bytes.begin(), bytes.end());
    } else if (dice < 60) {
      const ByteVector bytes(static_cast<std::size_t>(random.below(200)), std::byte{9});
      REQUIRE(file->append(bytes).ok());
      expected.insert(expected.end(), bytes.begin(), bytes.end());
    } else if (dice < 65) {
      const auto size = static_cast<std::int64_t>(expected.size());
      const auto kept = size - random.below(std::min<std::int64_t>(size, 3000) + 1);
      REQUIRE(file->truncate(kept).ok());
      expected.resize(static_cast<std::size_t>(kept));
    } else {
      const auto from = random.below(static_cast<std::int64_t>(expected.size()) + 1);
      ByteVector part(static_cast<std::size_t>(random.below(2000)));
      const std::size_t got = file->read_at(from, part).value();
      REQUIRE(std::equal(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(got),
                         expected.begin() + from));
    }
    REQUIRE(file->size() == static_cast<std::int64_t>(expected.size()));
  }
  CHECK(file_bytes(*file) == expected);
  CHECK(env.total_size() == static_cast<std::int64_t>(expected.size()));
}

TEST_CASE("phantoms of any fields are read as they were written, wherever and however often cut",
          "[property]") {
  RandomStream random(12, "fields");
  MemoryEnv env;
  auto file = env.create("/f").value();
  std::vector<PhantomBatch> written;
  std::vector<std::int64_t> begins{0};  // and the end of the last
  for (int step = 0; step < 4000; ++step) {
    const auto dice = random.below(1000);
    if (dice < 900) {
      PhantomBatch batch = phantom(1 + static_cast<std::int32_t>(random.below(20)),
                                   random.below(5000), random.bits() >> random.below(64));
      batch.base_offset = random.below(1 << 30) << random.below(20);
      batch.leader_epoch = static_cast<LeaderEpoch>(random.bits());
      batch.attributes = static_cast<std::int16_t>(random.chance(0.5) ? 0x10 : 0);
      batch.base_timestamp = static_cast<Timestamp>(random.bits());
      batch.max_timestamp = static_cast<Timestamp>(random.bits());
      batch.producer_id = static_cast<std::int64_t>(random.bits());
      batch.producer_epoch = static_cast<std::int16_t>(random.bits());
      batch.base_sequence = static_cast<std::int32_t>(random.bits());
      batch.codec = random.chance(0.5) ? Codec::none : Codec::zstd;
      batch.payload_size += 200;
      REQUIRE(file->append_phantom(batch).ok());
      written.push_back(batch);
      begins.push_back(begins.back() + batch.size());
    } else if (dice < 905) {
      const auto left =
          written.size() -
          static_cast<std::size_t>(random.below(static_cast<std::int64_t>(written.size()) / 3 + 1));
      written.resize(left);
      begins.resize(left + 1);
      REQUIRE(file->truncate(begins.back()).ok());
    }
    if (written.empty() || step % 4 != 0) continue;
    const auto from =
        static_cast<std::size_t>(random.below(static_cast<std::int64_t>(written.size())));
    const std::size_t to =
        std::min(written.size(), from + 1 + static_cast<std::size_t>(random.below(200)));
    std::vector<PhantomBatch> found;
    REQUIRE(file->read_phantoms(begins[from], begins[to] - begins[from], found).value() ==
            begins[to] - begins[from]);
    REQUIRE(std::equal(found.begin(), found.end(),
                       written.begin() + static_cast<std::ptrdiff_t>(from),
                       written.begin() + static_cast<std::ptrdiff_t>(to)));
  }
}

TEST_CASE("both environments read the same bytes", "[unit]") {
  const test::TemporaryFolder folder;
  MemoryEnv memory;
  PosixEnv disk;
  auto in_memory = memory.create("/f").value();
  auto on_disk = disk.create(folder.path() + "/f").value();
  for (int i = 0; i < 5; ++i) {
    const PhantomBatch batch = phantom(i + 1, std::int64_t{100} * i);
    REQUIRE(in_memory->append_phantom(batch).ok());
    REQUIRE(on_disk->append_phantom(batch).ok());
  }
  CHECK(file_bytes(*in_memory) == file_bytes(*on_disk));
}

TEST_CASE("a million phantoms of some 16 KiB take at most ten bytes of memory each", "[unit]") {
  MemoryEnv env;
  auto file = env.create("/f").value();
  constexpr std::int64_t count = 1'000'000;
  // As ten producers send them to a partition, each of whose batches are a bit different.
  RandomStream random(3, "phantoms");
  std::int64_t total = 0;
  PhantomBatch batch = phantom(16);
  for (std::int64_t i = 0; i < count; ++i) {
    batch.base_offset = batch.next_offset();
    batch.record_count = 12 + static_cast<std::int32_t>(random.below(8));
    batch.payload_size = batch.record_count * 1000 + static_cast<std::int32_t>(random.below(50));
    batch.base_timestamp = batch.max_timestamp + random.below(30);
    batch.max_timestamp = batch.base_timestamp + random.below(6);
    batch.seed = static_cast<std::uint64_t>(random.below(10) << 32 | (60 * i + random.below(1000)));
    total += batch.size();
    if (!file->append_phantom(batch).ok()) FAIL("batch " << i);
  }
  CHECK(file->size() == total);
  const double each = static_cast<double>(env.footprint()) / count;
  fmt::print("{:.1f} bytes of memory for a phantom batch of {}\n", each, batch.size());
  CHECK(each <= 10.0);

  ByteVector last(static_cast<std::size_t>(batch.size()));
  REQUIRE(file->read_at(total - batch.size(), last).ok());
  CHECK(last == materialise(batch));
}

TEST_CASE("replicas that have the same phantoms share them, wherever their files begin", "[unit]") {
  const auto fill = [](MemoryEnv& env, int begin) {
    auto file = env.create("/f").value();
    PhantomBatch batch = phantom(16);
    for (int i = 0; i < 20'000; ++i) {
      batch.base_offset = batch.next_offset();
      batch.payload_size = 10'000 + i * 7919 % 5000;
      ++batch.seed;
      if (i >= begin) REQUIRE(file->append_phantom(batch).ok());
    }
  };
  MemoryEnv leader;
  MemoryEnv follower;
  const auto before = mallinfo2().uordblks;
  fill(leader, 0);
  const auto alone = mallinfo2().uordblks - before;
  fill(follower, 17);
  const auto both = mallinfo2().uordblks - before;
  CHECK(both <= alone + alone / 2);  // A sanitizer counts nothing.
}

TEST_CASE("a torn, a broken off and a rotten phantom are what their bytes would be", "[unit]") {
  MemoryEnv env;
  RandomStream random(2, "phantom");
  const PhantomBatch batch = phantom(2, 1000);
  const ByteVector bytes = materialise(batch);
  auto file = env.create("/f").value();
  SECTION("torn") {
    REQUIRE(file->append_phantom(batch).ok());
    env.mark_durable(file->id(), 0, 100);
    env.lose_unsynced(random);
    CHECK(file_bytes(*env.open("/f").value()) == ByteVector(bytes.begin(), bytes.begin() + 100));
  }
  SECTION("broken off") {
    env.faults().crash_at_call(1, 61);
    CHECK_FALSE(file->append_phantom(batch).ok());
    env.kill_process();
    CHECK(file_bytes(*env.open("/f").value()) == ByteVector(bytes.begin(), bytes.begin() + 61));
  }
  SECTION("rotten") {
    REQUIRE(file->append_phantom(batch).ok());
    env.flip_bit("/f", 500, 3);
    CHECK(validate(file_bytes(*file)).error().kind == Corruption::Kind::bad_checksum);
  }
}

TEST_CASE("a log of phantoms is the log of their bytes", "[unit]") {
  LogConfig config;
  config.segment_bytes = 5000;
  config.index_interval_bytes = 600;
  config.flush_messages = 40;
  config.message_timestamp_type =
      GENERATE(TimestampType::create_time, TimestampType::log_append_time);
  MemoryEnv phantoms;
  MemoryEnv copies;
  MemoryEnv real;
  auto leader = Log::open(phantoms, "/t-0", config, {}).value();
  auto follower = Log::open(copies, "/t-0", config, {}).value();
  auto other = Log::open(real, "/t-0", config, {}).value();
  for (int i = 0; i < 60; ++i) {
    PhantomBatch batch = phantom(1 + i % 4, std::int64_t{10} * i, static_cast<std::uint64_t>(i));
    batch.base_timestamp = batch.max_timestamp = 1000 + 7 * i;
    const auto info = leader->append_phantom_as_leader(batch, i / 20, 5000 + i).value();
    // What the leader stamped is in the bytes that it holds; a follower's log gets the fields.
    PhantomBatch stamped = batch;
    stamped.base_offset = info.first_offset;
    stamped.leader_epoch = i / 20;
    if (info.log_append_time != no_timestamp) {
      stamped.attributes = 0x08;
      stamped.max_timestamp = info.log_append_time;
    }
    REQUIRE(follower->append_records_as_follower(stamped, 5000 + i).ok());
    const ByteVector bytes = materialise(stamped);
    const auto same = other->append_as_follower(bytes, 5000 + i).value();
    REQUIRE(info.rolled == same.rolled);
    REQUIRE(info.flushed == same.flushed);
    REQUIRE(info.position == same.position);
    REQUIRE(info.offset_of_max_timestamp == same.offset_of_max_timestamp);
  }
  REQUIRE(leader->segment_count() > 3);
  for (auto* log : {&leader, &follower, &other}) REQUIRE((*log)->close().ok());
  const auto names = real.list("/t-0").value();
  CHECK(phantoms.list("/t-0").value() == names);
  CHECK(copies.list("/t-0").value() == names);
  for (const std::string& name : names) {
    const std::string path = "/t-0/" + name;
    const std::string bytes = read_text(real, path).value();
    CHECK(read_text(phantoms, path).value() == bytes);
    CHECK(read_text(copies, path).value() == bytes);
  }
}

TEST_CASE("what is read is of one kind, up to where the other begins", "[unit]") {
  MemoryEnv env;
  test::PartitionStory story(env);
  story.open();
  // Two phantoms, two with bytes, one phantom, one with bytes: as two producers send them.
  for (const char* kind : {"p", "p", "b", "b", "p", "b"}) {
    if (*kind == 'p') {
      REQUIRE(story.log().append_phantom_as_leader(phantom(3, 500), 0, 1000).ok());
    } else {
      story.produce({"a", "b"});
    }
  }
  MemoryEnv other_env;
  test::PartitionStory follower(other_env);
  std::string kinds;
  Offset at = 0;
  while (at < story.log().log_end_offset()) {
    const Records got = story.log().read_records(at, 1'000'000, 1'000'000, true).value();
    for_each_mark(got, [&](const BatchMark& mark) {
      kinds += got.is_phantom() ? "p" : "b";
      at = mark.last_offset + 1;
    });
    kinds += " ";
    REQUIRE(follower.log().append_records_as_follower(got, 1000).ok());
  }
  CHECK(kinds == "pp bb p b ");
  CHECK(follower.consume_all() == story.consume_all());
}

TEST_CASE("a log of phantoms recovers, truncates, and is copied by its bytes", "[unit]") {
  MemoryEnv env;
  test::PartitionStory story(env);
  story.config.segment_bytes = 100'000;
  story.open();
  for (int i = 0; i < 100; ++i) {
    REQUIRE(story.log().append_phantom_as_leader(phantom(4, 2000 + i), 0, 1000).ok());
  }
  story.produce({"a real one among them"});
  story.reopen_unclean();
  CHECK(story.log().recovery().bytes_cut == 0);
  CHECK(story.log().log_end_offset() == 401);
  story.truncate_to(40);
  CHECK(story.log().log_end_offset() == 40);

  MemoryEnv other_env;
  test::PartitionStory follower(other_env);
  while (follower.log().log_end_offset() < 40) {
    follower.replicate(story.fetch(follower.log().log_end_offset(), 5000).bytes);
  }
  CHECK(follower.consume_all() == story.consume_all());
  CHECK(follower.consume_all().size() == 40);
}

}  // namespace brokerlab::log
