// The oracle of "nothing may be lost": what a Kafka 3.9 keeps of a segment when it starts after a
// crash, and what a consumer reads of it, for all message formats. Written from Kafka's source and
// apart from the engine, of which it takes nothing but the codecs; tests/kafka_interop holds it
// against Kafka's own classes.
//
// Sources: FileLogInputStream.nextBatch, LogSegment.recover, LegacyRecord.ensureValid,
// DefaultRecordBatch.ensureValid, AbstractLegacyRecordBatch.DeepRecordsIterator,
// DefaultRecord.readFrom. Not judged: batches of producers with an id.
#pragma once

#include "log/batch/compression.h"
#include "log/types.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::log::test {

struct KafkaRecord {
  Offset offset = 0;
  Timestamp timestamp = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  bool operator==(const KafkaRecord&) const = default;
};

struct KafkaVerdict {
  std::int64_t kept = 0;  ///< Bytes of the segment's .log after recovery.
  std::string fails;      ///< Why recovery ends in an exception that it does not catch; then `kept`
                          ///< means nothing.
  std::vector<std::int64_t> batches;  ///< Where those kept begin.
};

namespace judge {

inline std::uint32_t crc(ByteView bytes, std::uint32_t polynomial) {
  std::uint32_t value = 0xffffffff;
  for (const std::byte byte : bytes) {
    value ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? polynomial : 0);
  }
  return ~value;
}
inline std::uint32_t crc32(ByteView bytes) { return crc(bytes, 0xedb88320); }
inline std::uint32_t crc32c_slowly(ByteView bytes) { return crc(bytes, 0x82f63b78); }

/// A cursor that turns bad when asked for what is not there.
class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}
  bool bad() const { return bad_; }
  std::size_t left() const { return rest_.size(); }

  std::int64_t number(std::size_t size) {
    std::uint64_t value = 0;
    const ByteView taken = bytes(size);
    for (const std::byte byte : taken) value = value << 8 | std::to_integer<std::uint64_t>(byte);
    const std::size_t unused = 64 - 8 * size;
    return static_cast<std::int64_t>(value << unused) >> unused;
  }
  ByteView bytes(std::size_t size) {
    if (size > rest_.size()) bad_ = true;
    if (bad_) return {};
    const ByteView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  /// At most `most` bytes of seven bits, zigzag.
  std::int64_t varint(int most) {
    std::uint64_t value = 0;
    for (int i = 0; i < most; ++i) {
      const ByteView byte = bytes(1);
      if (bad_) return 0;
      const auto bits = std::to_integer<std::uint64_t>(byte[0]);
      value |= (bits & 0x7f) << (7 * i);
      if ((bits & 0x80) == 0) {
        if (most == 5) value &= 0xffffffff;
        return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
      }
    }
    bad_ = true;
    return 0;
  }
  std::optional<std::string> text(std::int64_t size) {
    if (size < 0) return std::nullopt;
    const ByteView taken = bytes(static_cast<std::size_t>(size));
    return std::string(as_text(taken));
  }

 private:
  ByteView rest_;
  bool bad_ = false;
};

inline std::int64_t number_at(ByteView bytes, std::size_t at, std::size_t size) {
  return Reader(bytes.subspan(at)).number(size);
}

using MaybeRecords = std::optional<std::vector<KafkaRecord>>;

struct Legacy {
  std::int64_t magic = 0;
  std::int64_t attributes = 0;
  KafkaRecord record;
};

inline std::optional<Legacy> legacy_record(ByteView entry) {
  Reader in(entry);
  Legacy read;
  read.record.offset = in.number(8);
  in.number(4);
  const auto checksum = static_cast<std::uint32_t>(in.number(4));
  read.magic = in.number(1);
  read.attributes = in.number(1);
  read.record.timestamp = read.magic == 0 ? -1 : in.number(8);
  read.record.key = in.text(in.number(4));
  read.record.value = in.text(in.number(4));
  // A consumer checks each record (CompletedFetch.maybeEnsureValid).
  if (in.bad() || checksum != crc32(entry.subspan(16))) return std::nullopt;
  return read;
}

inline std::optional<ByteVector> decompressed(std::int64_t codec, bool old_lz4, ByteVector bytes) {
  constexpr std::size_t limit = std::size_t{1} << 24;
  // The header checksum that clients before format 1 wrote wrongly is not looked at: put it right.
  for (int guess = 0; guess < 256; ++guess) {
    if (old_lz4 && bytes.size() > 6) bytes[6] = static_cast<std::byte>(guess);
    ByteVector out;
    if (decompress(static_cast<Codec>(codec), bytes, limit, out).ok()) return out;
    if (!old_lz4) break;
  }
  return std::nullopt;
}

inline MaybeRecords read_legacy(ByteView batch) {
  const auto outer = legacy_record(batch);
  if (!outer) return std::nullopt;
  const std::int64_t codec = outer->attributes & 7;
  if (codec == 0) return std::vector{outer->record};
  if (codec > 3 || !outer->record.value) return std::nullopt;
  const ByteView packed = as_bytes(*outer->record.value);
  const auto plain = decompressed(codec, codec == 3 && outer->magic == 0,
                                  ByteVector(packed.begin(), packed.end()));
  if (!plain) return std::nullopt;
  std::vector<KafkaRecord> records;
  std::vector<bool> wraps;
  for (ByteView rest(*plain); rest.size() >= 12;) {
    const std::int64_t size = number_at(rest, 8, 4);
    if (size < 14) return std::nullopt;
    if (static_cast<std::size_t>(size) > rest.size() - 12) break;
    const auto inner = legacy_record(rest.first(static_cast<std::size_t>(size) + 12));
    if (!inner || (inner->attributes & 7) != 0) return std::nullopt;
    records.push_back(inner->record);
    if (inner->magic == 1 && outer->magic == 1 && (outer->attributes & 8) != 0) {
      records.back().timestamp = outer->record.timestamp;
    }
    rest = rest.subspan(static_cast<std::size_t>(size) + 12);
  }
  if (records.empty()) return std::nullopt;
  if (outer->magic == 1 && outer->record.offset != 0) {
    const Offset last = records.back().offset;
    if (outer->record.offset < last) return std::nullopt;
    for (KafkaRecord& record : records) record.offset += outer->record.offset - last;
  }
  return records;
}

inline MaybeRecords read_default(ByteView batch) {
  const Offset base = number_at(batch, 0, 8);
  const std::int64_t attributes = number_at(batch, 21, 2);
  const Timestamp first_time = number_at(batch, 27, 8);
  const Timestamp last_time = number_at(batch, 35, 8);
  const std::int64_t count = number_at(batch, 57, 4);
  if (count < 0) return std::nullopt;
  if (count == 0) return std::vector<KafkaRecord>();
  ByteVector plain(batch.begin() + 61, batch.end());
  if ((attributes & 7) > 4) return std::nullopt;
  if ((attributes & 7) != 0) {
    auto unpacked = decompressed(attributes & 7, false, plain);
    if (!unpacked) return std::nullopt;
    plain = std::move(*unpacked);
  }
  Reader in(plain);
  std::vector<KafkaRecord> records;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t size = in.varint(5);
    if (in.bad() || size < 0) return std::nullopt;
    Reader one(in.bytes(static_cast<std::size_t>(size)));
    if (in.bad()) return std::nullopt;
    one.number(1);
    KafkaRecord record;
    record.timestamp = first_time + one.varint(10);
    if ((attributes & 8) != 0) record.timestamp = last_time;
    record.offset = base + one.varint(5);
    record.key = one.text(one.varint(5));
    record.value = one.text(one.varint(5));
    const std::int64_t headers = one.varint(5);
    if (headers < 0) return std::nullopt;
    for (std::int64_t h = 0; h < headers && !one.bad(); ++h) {
      const std::int64_t name = one.varint(5);
      if (name < 0) return std::nullopt;
      one.text(name);
      one.text(one.varint(5));
    }
    if (one.bad() || one.left() > 0) return std::nullopt;
    records.push_back(std::move(record));
  }
  if (in.left() > 0) return std::nullopt;
  return records;
}

}  // namespace judge

/// LogSegment.recover of a segment that begins at `base`, with index.interval.bytes of `interval`.
inline KafkaVerdict kafka_recovers(ByteView file, Offset base, std::int64_t interval = 4096) {
  using judge::number_at;
  KafkaVerdict verdict;
  const auto size = static_cast<std::int64_t>(file.size());
  std::int64_t last_indexed = 0;
  std::optional<Offset> indexed;
  const auto fails = [&verdict](std::string why) {
    verdict.fails = std::move(why);
    return verdict;
  };
  while (size - verdict.kept > 17) {
    const ByteView rest = file.subspan(static_cast<std::size_t>(verdict.kept));
    const std::int64_t length = number_at(rest, 8, 4);
    if (length < 14 || length + 12 > static_cast<std::int64_t>(rest.size())) break;
    const ByteView batch = rest.first(static_cast<std::size_t>(length) + 12);
    const std::int64_t magic = number_at(batch, 16, 1);
    Offset last = number_at(batch, 0, 8);
    if (magic < 2) {
      if (static_cast<std::uint32_t>(number_at(batch, 12, 4)) != judge::crc32(batch.subspan(16))) {
        break;
      }
      if (magic < 0) return fails("invalid magic");
    } else {
      if (batch.size() < 61) break;
      if (static_cast<std::uint32_t>(number_at(batch, 17, 4)) !=
          judge::crc32c_slowly(batch.subspan(21))) {
        break;
      }
      last = static_cast<Offset>(static_cast<std::uint64_t>(last) +
                                 static_cast<std::uint64_t>(number_at(batch, 23, 4)));
    }
    if (last < base || last - base > INT32_MAX) return fails("offset overflow");
    if (verdict.kept - last_indexed > interval) {
      if (indexed && last <= *indexed) return fails("invalid offset");
      indexed = last;
      last_indexed = verdict.kept;
    }
    verdict.batches.push_back(verdict.kept);
    verdict.kept += length + 12;
  }
  return verdict;
}

/// The records of the batch at the front; nothing when reading it ends in an exception.
inline judge::MaybeRecords kafka_reads(ByteView bytes) {
  const auto size = static_cast<std::size_t>(judge::number_at(bytes, 8, 4)) + 12;
  const ByteView batch = bytes.first(size);
  return judge::number_at(batch, 16, 1) < 2 ? judge::read_legacy(batch)
                                            : judge::read_default(batch);
}

}  // namespace brokerlab::log::test
