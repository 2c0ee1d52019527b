// Batches of the message formats 0 and 1, which Kafka wrote before 0.11, keeps, and reads to this
// day. Nothing is ever converted: what an old cluster has left stays as it is, byte by byte.
//
//   byte  field                     byte  field (format 0)     byte  field (format 1)
//      0  offset of the last  i64     18  key, value             18  timestamp         i64
//      8  length from 12      i32                                26  key, value
//     12  crc32 from 16       u32
//     16  magic = 0 or 1      i8    key, value := size:i32 (-1: null)  bytes
//     17  attributes          i8
//
// Each record stands for itself; there are no batches but wrappers: a record whose attributes name
// a codec (gzip, snappy or lz4), and whose value is more records of this form, compressed. A
// wrapper has the offset of its last record. Those inside are numbered as the partition is (format
// 0), or from 0 on for the wrapper's first record (format 1), so where a wrapper begins is known
// only to who decompresses it. Format 1 dates records; a wrapper with LogAppendTime (bit 3) dates
// all in it.
//
// BatchView shows such batches too; this file is what it turns to. Grammar: docs/log_format.md.
// Source: Kafka's LegacyRecord, AbstractLegacyRecordBatch, KIP-31, KIP-32.
// Threads: values. Errors: malformed bytes are a returned Corruption.
#pragma once

#include "log/batch/record_batch.h"

#include <functional>
#include <span>

namespace brokerlab::log::legacy {

/// Bytes up to and with the attributes: what says how to read on.
inline constexpr std::size_t prefix_size = 18;
/// The smallest batch: format 0, null key, null value.
inline constexpr std::size_t smallest_batch = 26;

/// What the header says of the batch at the front, which is of format 0 or 1 and `size` bytes long.
/// Its first offset and number of records are not in the header of a wrapper: the first is given as
/// the last, the second as 1.
Result<BatchSummary, Corruption> read_header(ByteView bytes, std::int64_t size);

// Of one whole batch that read_header() accepts:
std::uint32_t checksum(ByteView batch);
std::uint32_t computed_checksum(ByteView batch);
std::int8_t attributes(ByteView batch);
Timestamp timestamp(ByteView batch);  ///< no_timestamp in format 0.
/// The compressed records of a wrapper, the whole record of another.
ByteView payload(ByteView batch);

/// A record as it is stored, which has a checksum of its own.
struct StoredRecord {
  RecordView record;
  int magic =
      0;  ///< Of the record; KAFKA-4298 left wrappers of one format with records of another.
  std::uint32_t checksum = 0;
  bool checksum_ok = false;
};
/// Calls `visit` for each record of a batch, in order; it returns false to stop early. As Kafka's
/// DeepRecordsIterator: all of a wrapper is read before the first record is visited, and nothing
/// is asked of the order of offsets.
Status<Corruption> for_each_stored(const BatchView& batch, ByteVector& scratch,
                                   const std::function<bool(const StoredRecord&)>& visit,
                                   DecodeLimits limits = {});

/// Offset of the first record and number of records, which takes a decompression; those of the
/// header where the wrapper cannot be read.
struct Extent {
  Offset first_offset = no_offset;
  std::int32_t records = 0;
};
Extent extent_of(const BatchView& batch);

/// The batches of `records` in an old format: one each, or one wrapper. At least one record, whose
/// offsets grow; headers are lost. Source: MemoryRecordsBuilder.
struct BuildOptions {
  int magic = 1;
  Codec codec = Codec::none;                      ///< Not zstd.
  std::optional<Timestamp> log_append_time = {};  ///< Format 1 only.
};
ByteVector build(std::span<const Record> records, const BuildOptions& options);

}  // namespace brokerlab::log::legacy
