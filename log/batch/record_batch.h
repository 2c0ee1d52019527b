// Record batches of Kafka's message format 2: build, check, look into, decode.
//
// A batch is a 61-byte header and its records, the latter compressed as a whole. Big-endian:
//
//   byte  field                 byte  field                  byte  field
//      0  base offset      i64    21  attributes        i16    43  producer id     i64
//      8  length from 12   i32    23  last offset delta i32    51  producer epoch  i16
//     12  leader epoch     i32    27  base timestamp    i64    53  base sequence   i32
//     16  magic = 2        i8     35  max timestamp     i64    57  record count    i32
//     17  crc32c from 21   u32                                 61  records
//
// Base offset and leader epoch lie outside the CRC, so that a leader assigns them in place. Grammar
// and a worked example: docs/log_format.md. Source: KIP-98; Kafka's DefaultRecordBatch.
//
// Batches of formats 0 and 1 are viewed and decoded, too (legacy_batch.h); only format 2 is
// written.
//
// Errors: malformed bytes are a returned Corruption, never an over-read or a huge allocation.
// Threads: values; none are shared.
#pragma once

#include "base/result.h"
#include "log/batch/compression.h"
#include "log/types.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::log {

inline constexpr std::size_t batch_header_size = 61;
/// Base offset and length: what must be read to know where the next batch begins.
inline constexpr std::size_t batch_overhead = 12;

/// What is wrong with some bytes that should be batches.
struct Corruption {
  enum class Kind {
    incomplete,  ///< The bytes end inside the batch: a torn write, or a read that was cut off.
    bad_size,    ///< The length field is impossible.
    bad_magic,   ///< None of the formats 0, 1 and 2.
    bad_checksum,
    bad_header,   ///< Counts or offsets contradict each other.
    bad_payload,  ///< The compressed bytes are not what the codec writes.
    bad_record,   ///< A record inside contradicts its length or the header.
    unsupported_codec,
    too_large,  ///< Decompresses to more than the limit.
  };
  Kind kind = Kind::incomplete;
  std::string message;
  bool operator==(const Corruption&) const = default;
};

struct RecordHeader {
  std::string key;
  std::optional<ByteVector> value;
  bool operator==(const RecordHeader&) const = default;
};

/// A record with its own copy of everything.
struct Record {
  Offset offset = 0;  ///< Ignored by BatchBuilder, which counts from its base offset.
  Timestamp timestamp = no_timestamp;
  std::optional<ByteVector> key;
  std::optional<ByteVector> value;
  std::vector<RecordHeader> headers;
  bool operator==(const Record&) const = default;
};

/// A record whose bytes are borrowed from the batch, or from the scratch buffer it was
/// decompressed into.
struct RecordView {
  struct Header {
    std::string_view key;
    std::optional<ByteView> value;
  };
  Offset offset = 0;
  Timestamp timestamp = no_timestamp;
  std::optional<ByteView> key;
  std::optional<ByteView> value;
  std::span<const Header> headers;
};

/// Collects records and writes them as one batch. Reusable after build().
class BatchBuilder {
 public:
  struct Options {
    Codec codec = Codec::none;
    std::optional<int> compression_level;  ///< Nothing: the default of the codec.
    Offset base_offset = 0;
    LeaderEpoch leader_epoch = no_epoch;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    bool transactional = false;
    bool control = false;
    // What a cleaned batch keeps of the original (batch_filter.h); not set by producers.
    std::optional<Offset> last_offset = {};         ///< Else that of the last record.
    std::optional<Timestamp> log_append_time = {};  ///< The type bit, and the maximum timestamp.
    Timestamp max_timestamp_when_empty = no_timestamp;  ///< Of a batch without records.
    std::optional<Timestamp> delete_horizon =
        {};  ///< KIP-534; takes the place of the base timestamp.
  };

  explicit BatchBuilder(Options options);
  BatchBuilder() : BatchBuilder(Options{}) {}

  void append(const RecordView& record);
  void append(const Record& record);
  void append(Timestamp timestamp, std::optional<ByteView> key, std::optional<ByteView> value);
  /// At its own offset, behind those before: cleaned batches have gaps.
  void append_at_its_offset(const Record& record);

  std::int32_t record_count() const { return count_; }
  bool empty() const { return count_ == 0; }
  /// Exact for Codec::none. Otherwise Kafka's guess: header + records * ratio * 1.05
  /// (MemoryRecordsBuilder.estimatedBytesWritten); the producer learns the ratio.
  std::size_t estimated_size(double compression_ratio = 1.0) const;
  Codec codec() const { return options_.codec; }
  /// What one more record would add before compression (DefaultRecord.sizeInBytes).
  std::size_t next_record_size(Timestamp timestamp, std::optional<ByteView> key,
                               std::optional<ByteView> value) const;
  /// The records before compression, without the batch header.
  std::size_t uncompressed_records_size() const { return records_.size(); }

  /// The finished batch; the builder is then empty with the same options. At least one record,
  /// unless the last offset was given. The codec must be supported (a user's choice is checked
  /// where it is read).
  ByteVector build();
  /// For a producer that assigns its sequence when it drains the batch.
  void set_producer_state(std::int64_t id, std::int16_t epoch, std::int32_t base_sequence);
  void set_transactional(bool transactional) { options_.transactional = transactional; }

 private:
  Options options_;
  ByteVector records_;
  void append(const RecordView& record, std::int32_t offset_delta);

  std::vector<RecordView::Header> header_scratch_;
  std::int32_t count_ = 0;
  std::int32_t last_delta_ = -1;
  Timestamp base_timestamp_ = no_timestamp;
  Timestamp max_timestamp_ = no_timestamp;
};

/// BatchBuilder::estimated_size() of so many bytes of records.
std::size_t estimated_batch_size(std::size_t records, Codec codec, double compression_ratio);

/// Bytes one more record would take before compression, batch header not included; an upper bound
/// whatever its place in the batch (DefaultRecordBatch.estimateBatchSizeUpperBound is this plus
/// 61).
std::size_t record_size_upper_bound(std::optional<ByteView> key, std::optional<ByteView> value,
                                    std::span<const RecordView::Header> headers = {});

struct BatchSummary;

/// The header of one whole batch, checked, over borrowed bytes. What formats 0 and 1 do not have is
/// none: no producer, no epoch, no control.
class BatchView {
 public:
  /// The batch at the front of `bytes`, which may go on behind it. Checks sizes, magic, counts and
  /// offsets, not the checksum.
  static Result<BatchView, Corruption> parse(ByteView bytes);

  int magic() const;  ///< The message format: 0, 1 or 2.
  bool is_legacy() const { return magic() < 2; }
  /// A decompression for a compressed batch of format 0 or 1; so is record_count().
  Offset base_offset() const;
  /// base_offset() as far as the header tells: that of the last record in formats 0 and 1.
  Offset header_offset() const;
  Offset last_offset() const;  ///< Base offset + last offset delta: gaps of compaction included.
  Offset next_offset() const { return last_offset() + 1; }
  std::int32_t record_count() const;
  BatchSummary summary() const;
  LeaderEpoch leader_epoch() const;
  std::uint32_t checksum() const;
  std::int16_t attributes() const;
  Codec codec() const;
  TimestampType timestamp_type() const;
  bool is_transactional() const;
  bool is_control() const;
  Timestamp base_timestamp() const;
  Timestamp max_timestamp() const;
  /// When tombstones and markers in it may go; none before a cleaner met them (KIP-534).
  std::optional<Timestamp> delete_horizon() const;
  std::int64_t producer_id() const;
  std::int16_t producer_epoch() const;
  std::int32_t base_sequence() const;
  std::size_t size() const { return bytes_.size(); }
  ByteView bytes() const { return bytes_; }
  /// The records as they are stored.
  ByteView payload() const;

  bool checksum_ok() const;

 private:
  explicit BatchView(ByteView bytes) : bytes_(bytes) {}
  ByteView bytes_;
};

/// parse() and the checksum; with it every byte of the batch but offset and epoch is known good.
Result<BatchView, Corruption> validate(ByteView bytes);

/// What the first 61 bytes of a batch say, for walking a file without reading payloads. Of formats
/// 0 and 1 the first offset is that of the last record, and the count 1 (legacy_batch.h).
struct BatchSummary {
  std::int64_t size = 0;
  Offset base_offset = 0;
  Offset last_offset = 0;
  std::int32_t record_count = 0;
  Timestamp max_timestamp = no_timestamp;
  LeaderEpoch leader_epoch = no_epoch;
  std::int8_t magic = 2;

  bool is_legacy() const { return magic < 2; }
};
/// Checks what BatchView::parse() checks, the payload being elsewhere.
Result<BatchSummary, Corruption> read_batch_header(ByteView bytes);

/// Size of the batch at the front, from its first 12 bytes; nothing when there are fewer. May be
/// any number, bad ones included.
std::optional<std::int64_t> batch_size_at_front(ByteView bytes);

/// The whole batches in some bytes, front to back, for range-for. Stops before the first that is
/// incomplete or malformed: a fetch may cut its last batch, as in Kafka. rest() tells which.
///
///   for (const BatchView& batch : Batches(result.bytes)) ...
class Batches {
 public:
  explicit Batches(ByteView bytes) : bytes_(bytes) {}

  class Iterator {
   public:
    using value_type = BatchView;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(ByteView rest);
    const BatchView& operator*() const { return *current_; }
    const BatchView* operator->() const { return &*current_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !current_.has_value(); }

   private:
    ByteView rest_;
    std::optional<BatchView> current_;
  };

  Iterator begin() const { return Iterator(bytes_); }
  std::default_sentinel_t end() const { return {}; }

  /// Bytes in whole batches. Walks over all of them.
  std::size_t valid_size() const;

 private:
  ByteView bytes_;
};

struct DecodeLimits {
  std::size_t max_uncompressed = std::size_t{128} << 20;
};

/// Calls `visit` for each record of a batch, in order; it returns false to stop early. `scratch`
/// holds decompressed records and is reused from call to call. Records visited before a corruption
/// was found have been visited: use decode_records() where all or nothing matters.
Status<Corruption> for_each_record(const BatchView& batch, ByteVector& scratch,
                                   const std::function<bool(const RecordView&)>& visit,
                                   DecodeLimits limits = {});

/// Every record of one batch.
Result<std::vector<Record>, Corruption> decode_records(const BatchView& batch,
                                                       DecodeLimits limits = {});
/// Every record of every whole batch in `bytes`, checksums checked; a cut last batch is left out,
/// any other damage is the error.
Result<std::vector<Record>, Corruption> decode_all(ByteView bytes, DecodeLimits limits = {});

/// Writes base offset and leader epoch into a batch that parse() accepts. No checksum changes.
void assign_offsets(MutableByteView batch, Offset base_offset, LeaderEpoch epoch);
/// message.timestamp.type=LogAppendTime: sets the type bit and the maximum timestamp, which all
/// records then report, and computes the checksum anew.
void assign_log_append_time(MutableByteView batch, Timestamp now);
/// A producer that counts anew: writes id, epoch and sequence, and computes the checksum anew.
void assign_producer(MutableByteView batch, std::int64_t id, std::int16_t epoch,
                     std::int32_t base_sequence);

}  // namespace brokerlab::log
