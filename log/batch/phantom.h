// Phantom batches: whole record batches of which only the header's fields, the payload's size and a
// seed are kept. For loads whose payload nobody looks at and no memory could hold.
//
// A phantom batch means exact bytes, the same on every machine, that any reader of the format
// accepts: read_phantom() makes any part of them, materialise() all. Its records, not compressed,
// have equal sizes but for the last, which has the remainder; null keys, no headers, values of
// pseudo-random bytes drawn from the seed by their position. All have the base timestamp, the last
// one the max timestamp (with LogAppendTime the base too). Where no minimal varint gives a record
// its size (there is no record of 65 bytes), the length is padded by one byte, as readers allow.
//
// The header costs nothing to make, however large the payload: its checksum is drawn from the seed,
// and the last four bytes of the last value are chosen so that it is right. So only who asks for
// those four bytes pays for a pass over the payload.
//
// Threads: values. Cost: read_phantom() about 0.3 ns a byte and 15 ns a record, and as much again
// for what lies before the part when the last four value bytes are in it.
#pragma once

#include "log/batch/record_batch.h"

namespace brokerlab::log {

inline constexpr std::int16_t transactional_attribute = 0x10;

struct PhantomBatch {
  Offset base_offset = 0;
  LeaderEpoch leader_epoch = no_epoch;
  std::int16_t attributes = 0;  ///< No codec, no control batch.
  Timestamp base_timestamp = no_timestamp;
  Timestamp max_timestamp = no_timestamp;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int32_t record_count = 1;  ///< Offsets have no gaps.
  std::int32_t payload_size = 0;  ///< At least smallest_phantom_payload().
  std::uint64_t seed = 0;         ///< Batches of one seed and size differ only in the header.
  /// Of the batch that it stands for, as large as that is compressed: for who reckons what it
  /// costs. Its own bytes are not compressed, and do not tell.
  Codec codec = Codec::none;

  std::int64_t size() const { return std::int64_t{batch_header_size} + payload_size; }
  Offset last_offset() const { return base_offset + record_count - 1; }
  Offset next_offset() const { return base_offset + record_count; }
  bool is_transactional() const { return (attributes & transactional_attribute) != 0; }
  BatchSummary summary() const {
    return {size(), base_offset, last_offset(), record_count, max_timestamp, leader_epoch};
  }
  bool operator==(const PhantomBatch&) const = default;
};

/// For the batch's record count and timestamps, whatever its payload_size: seven bytes a record, or
/// more where the offset needs a longer varint, and at least four more for the last one.
std::int64_t smallest_phantom_payload(const PhantomBatch& batch);

/// Whether the fields can be a batch.
Status<Corruption> check_phantom(const PhantomBatch& batch);

/// As the header has it.
std::uint32_t phantom_checksum(const PhantomBatch& batch);

/// What a phantom batch's payload grows by with records that are like each other: what a
/// BatchBuilder would write for them, to the byte.
class PhantomPayload {
 public:
  struct Record {
    std::int64_t key_size = -1;  ///< -1: no key.
    std::int64_t value_size = 0;
    Timestamp timestamp_delta = 0;
  };
  std::int32_t record_count() const { return count_; }
  std::int64_t size() const { return size_; }
  /// What `count` more would add. Their values have `value_size` on the average.
  std::int64_t growth(const Record& record, std::int64_t count) const;
  /// `beside`: what their values have more than that together.
  void add(const Record& record, std::int64_t count, std::int64_t beside = 0) {
    size_ += growth(record, count) + beside;
    count_ += static_cast<std::int32_t>(count);
  }

 private:
  std::int32_t count_ = 0;
  std::int64_t size_ = 0;
};

/// Bytes [position, position + out.size()) of a batch that check_phantom() accepts.
void read_phantom(const PhantomBatch& batch, std::int64_t position, MutableByteView out);
ByteVector materialise(const PhantomBatch& batch);

}  // namespace brokerlab::log
