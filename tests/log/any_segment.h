// Bytes that may lie in a segment's file: good batches of all formats and codecs, then damaged in
// the ways that disks, crashes, programs and people do. The same seed, the same bytes.
#pragma once

#include "base/random.h"
#include "log/batch/big_endian.h"
#include "log/batch/crc32c.h"
#include "log/batch/legacy_batch.h"
#include "log/batch/record_batch.h"
#include "tests/log/kafka_judge.h"

#include <algorithm>
#include <string>
#include <vector>

namespace brokerlab::log::test {

class AnySegment {
 public:
  AnySegment(std::uint64_t seed, Offset base) : random_(seed, "any segment"), next_(base) {}

  /// Where the next batch would begin.
  Offset end() const { return next_; }

  ByteVector good(std::int64_t most_batches) {
    ByteVector bytes;
    for (std::int64_t i = random_.below(most_batches + 1); i > 0; --i) {
      const ByteVector one = batch();
      bytes.insert(bytes.end(), one.begin(), one.end());
    }
    return bytes;
  }

  ByteVector damaged(ByteVector bytes) {
    for (std::int64_t i = random_.below(3); i > 0; --i) damage(bytes);
    return bytes;
  }

  /// Of every key, and of none, so that compaction has something to do.
  ByteVector batch() {
    const auto count = 1 + random_.below(6);
    std::vector<Record> records;
    for (std::int64_t i = 0; i < count; ++i) {
      Record record;
      record.offset = next_;
      next_ += random_.chance(0.1) ? 3 : 1;
      record.timestamp = 1'700'000'000'000 + random_.below(100'000);
      record.key = text(fmt::format("k{}", random_.below(8)));
      if (random_.chance(0.85)) {
        record.value = text(std::string(static_cast<std::size_t>(random_.below(40)), 'v') +
                            std::to_string(record.offset));
      }
      records.push_back(std::move(record));
    }
    const auto magic = static_cast<int>(random_.below(3));
    const auto codec = static_cast<Codec>(random_.below(magic == 2 ? 5 : 4));
    const bool stamped = magic > 0 && random_.chance(0.3);
    const auto now = stamped ? std::optional<Timestamp>(1'700'000'500'000) : std::nullopt;
    if (magic < 2) {
      return legacy::build(records, {.magic = magic, .codec = codec, .log_append_time = now});
    }
    BatchBuilder builder({.codec = codec,
                          .base_offset = records.front().offset,
                          .leader_epoch = 0,
                          .log_append_time = now});
    for (const Record& record : records) builder.append_at_its_offset(record);
    return builder.build();
  }

  ByteVector noise(std::int64_t most) {
    ByteVector bytes(static_cast<std::size_t>(random_.below(most)));
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_.bits());
    return bytes;
  }

 private:
  static ByteVector text(const std::string& words) {
    const ByteView bytes = as_bytes(words);
    return {bytes.begin(), bytes.end()};
  }
  std::size_t place(const ByteVector& bytes) {
    return static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(bytes.size())));
  }
  static void insert(ByteVector& bytes, std::size_t at, const ByteVector& more) {
    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
  }
  /// Where some batch begins.
  std::size_t some_batch(const ByteVector& bytes) {
    const auto starts = kafka_recovers(bytes, 0).batches;
    if (starts.empty()) return 0;
    return static_cast<std::size_t>(
        starts[static_cast<std::size_t>(random_.below(std::ssize(starts)))]);
  }

  void damage(ByteVector& bytes) {
    if (bytes.empty()) return bytes.swap(held_ = noise(200));
    const std::size_t at = place(bytes);
    switch (random_.below(12)) {
      case 0:  // A rotten bit.
        bytes[at] ^= static_cast<std::byte>(1 << random_.below(8));
        return;
      case 1:  // A torn write.
        bytes.resize(at);
        return;
      case 2:  // What a power loss leaves of a file whose size was written before its bytes.
        bytes.resize(bytes.size() + static_cast<std::size_t>(random_.below(100)));
        return;
      case 3:
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                  bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), at + 64)),
                  std::byte{0});
        return;
      case 4:
        return insert(bytes, bytes.size(), noise(100));
      case 5:
        return insert(bytes, at, noise(30));
      case 6: {  // A format of another time.
        const std::size_t begin = some_batch(bytes);
        if (begin + 16 < bytes.size()) bytes[begin + 16] = static_cast<std::byte>(random_.below(5));
        return;
      }
      case 7: {  // A text file.
        std::string story = "it was a dark and stormy night;";
        while (random_.chance(0.5)) story += " the rain fell in torrents, except ";
        bytes = text(story);
        return;
      }
      case 8: {  // Offsets that go back, or far ahead: both lie outside the checksum.
        const std::size_t begin = some_batch(bytes);
        if (begin + 8 > bytes.size()) return;
        const std::int64_t to = random_.chance(0.5) ? random_.below(50) : random_.bits() >> 1;
        store_big_endian(bytes.data() + begin, to);
        return;
      }
      case 9:  // Twice the same.
        return insert(bytes, bytes.size(), ByteVector(bytes));
      default:
        return mend(bytes, some_batch(bytes), at);
    }
  }

  /// Damage under a right checksum: what a client got wrong.
  void mend(ByteVector& bytes, std::size_t begin, std::size_t at) {
    if (bytes.size() - begin < 26) return;
    const std::int64_t length = judge::number_at(bytes, begin + 8, 4);
    if (length < 14 || static_cast<std::size_t>(length) + 12 > bytes.size() - begin) return;
    const auto batch = MutableByteView(bytes).subspan(begin, static_cast<std::size_t>(length) + 12);
    const auto magic = std::to_integer<unsigned>(batch[16]);
    const std::size_t covered = magic < 2 ? 18 : 61;
    if (batch.size() <= covered) return;
    batch[covered + at % (batch.size() - covered)] ^= static_cast<std::byte>(1 << random_.below(8));
    if (magic < 2) {
      store_big_endian(batch.data() + 12, judge::crc32(batch.subspan(16)));
    } else {
      store_big_endian(batch.data() + 17, judge::crc32c_slowly(batch.subspan(21)));
    }
  }

  RandomStream random_;
  Offset next_;
  ByteVector held_;
};

}  // namespace brokerlab::log::test
