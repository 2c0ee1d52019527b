// BatchBuilder: records in, one batch out (record_batch.h).
#include "log/batch/big_endian.h"
#include "log/batch/crc32c.h"
#include "log/batch/record_batch.h"
#include "log/batch/varint.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace brokerlab::log {
namespace {

/// Kafka's COMPRESSION_RATE_ESTIMATION_FACTOR: guess a little too large.
constexpr double estimation_margin = 1.05;

std::int32_t as_length(std::size_t size) {
  ENSURE(size <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()),
         "{} bytes do not fit in a record", size);
  return static_cast<std::int32_t>(size);
}

/// A length, then the bytes; -1 alone for null.
std::size_t sized_bytes_size(const std::optional<ByteView>& bytes) {
  return bytes ? varint_size(as_length(bytes->size())) + bytes->size() : varint_size(-1);
}

std::byte* write_raw(std::byte* out, ByteView bytes) {
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

std::byte* write_sized_bytes(std::byte* out, const std::optional<ByteView>& bytes) {
  if (!bytes) return write_varint(out, -1);
  return write_raw(write_varint(out, as_length(bytes->size())), *bytes);
}

std::size_t headers_size(std::span<const RecordView::Header> headers) {
  std::size_t size = varint_size(as_length(headers.size()));
  for (const auto& header : headers) {
    size += varint_size(as_length(header.key.size())) + header.key.size();
    size += sized_bytes_size(header.value);
  }
  return size;
}

std::optional<ByteView> view_of(const std::optional<ByteVector>& bytes) {
  return bytes ? std::optional<ByteView>(*bytes) : std::nullopt;
}

RecordView view_of(const Record& record, std::vector<RecordView::Header>& headers) {
  for (const auto& header : record.headers) headers.push_back({header.key, view_of(header.value)});
  return {0, record.timestamp, view_of(record.key), view_of(record.value), headers};
}

}  // namespace

std::size_t record_size_upper_bound(std::optional<ByteView> key, std::optional<ByteView> value,
                                    std::span<const RecordView::Header> headers) {
  // Length, attributes, timestamp delta and offset delta at their longest (21 bytes in Kafka).
  return max_varint_size + 1 + max_varlong_size + max_varint_size + sized_bytes_size(key) +
         sized_bytes_size(value) + headers_size(headers);
}

BatchBuilder::BatchBuilder(Options options) : options_(options) {
  ENSURE(is_supported(options_.codec), "codec {} is not supported", to_text(options_.codec));
  ENSURE(options_.base_offset >= 0);
}

namespace {

std::int64_t delta_between(Timestamp timestamp, Timestamp base) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(timestamp) -
                                   static_cast<std::uint64_t>(base));
}

/// Behind its length.
std::size_t body_size(const RecordView& record, std::int64_t timestamp_delta,
                      std::int32_t offset_delta) {
  return 1 + varlong_size(timestamp_delta) + varint_size(offset_delta) +
         sized_bytes_size(record.key) + sized_bytes_size(record.value) +
         headers_size(record.headers);
}

}  // namespace

std::size_t BatchBuilder::next_record_size(Timestamp timestamp, std::optional<ByteView> key,
                                           std::optional<ByteView> value) const {
  const std::int64_t delta = count_ == 0 ? 0 : delta_between(timestamp, base_timestamp_);
  const std::size_t body =
      body_size(RecordView{0, timestamp, key, value, {}}, delta, last_delta_ + 1);
  return varint_size(as_length(body)) + body;
}

void BatchBuilder::append(const RecordView& record) {
  ENSURE(last_delta_ < std::numeric_limits<std::int32_t>::max());
  append(record, last_delta_ + 1);
}

void BatchBuilder::append_at_its_offset(const Record& record) {
  const Offset delta = record.offset - options_.base_offset;
  ENSURE(delta > last_delta_ && delta <= std::numeric_limits<std::int32_t>::max(),
         "offset {} in a batch from {}", record.offset, options_.base_offset);
  header_scratch_.clear();
  append(view_of(record, header_scratch_), static_cast<std::int32_t>(delta));
}

void BatchBuilder::append(const RecordView& record, std::int32_t offset_delta) {
  if (count_ == 0) {
    base_timestamp_ = options_.delete_horizon.value_or(record.timestamp);
    max_timestamp_ = record.timestamp;
  }
  last_delta_ = offset_delta;
  max_timestamp_ = std::max(max_timestamp_, record.timestamp);

  const std::int64_t timestamp_delta = delta_between(record.timestamp, base_timestamp_);
  const std::size_t body = body_size(record, timestamp_delta, offset_delta);
  const std::size_t before = records_.size();
  records_.resize(before + varint_size(as_length(body)) + body);

  std::byte* out = write_varint(records_.data() + before, as_length(body));
  *out++ = std::byte{0};  // A record's attributes: none are defined.
  out = write_varlong(out, timestamp_delta);
  out = write_varint(out, offset_delta);
  out = write_sized_bytes(out, record.key);
  out = write_sized_bytes(out, record.value);
  out = write_varint(out, as_length(record.headers.size()));
  for (const auto& header : record.headers) {
    out = write_varint(out, as_length(header.key.size()));
    out = write_raw(out, as_bytes(header.key));
    out = write_sized_bytes(out, header.value);
  }
  ENSURE(out == records_.data() + records_.size(), "a record's size was computed wrong");
  ++count_;
}

void BatchBuilder::append(const Record& record) {
  header_scratch_.clear();
  append(view_of(record, header_scratch_));
}

void BatchBuilder::append(Timestamp timestamp, std::optional<ByteView> key,
                          std::optional<ByteView> value) {
  append(RecordView{0, timestamp, key, value, {}});
}

std::size_t BatchBuilder::estimated_size(double compression_ratio) const {
  return estimated_batch_size(records_.size(), options_.codec, compression_ratio);
}

std::size_t estimated_batch_size(std::size_t records, Codec codec, double compression_ratio) {
  if (codec == Codec::none) return batch_header_size + records;
  return batch_header_size + static_cast<std::size_t>(static_cast<double>(records) *
                                                      compression_ratio * estimation_margin);
}

void BatchBuilder::set_producer_state(std::int64_t id, std::int16_t epoch,
                                      std::int32_t base_sequence) {
  options_.producer_id = id;
  options_.producer_epoch = epoch;
  options_.base_sequence = base_sequence;
}

ByteVector BatchBuilder::build() {
  ENSURE(count_ > 0 || options_.last_offset, "a batch of no records");
  // Without records there is nothing to compress: a header alone
  // (DefaultRecordBatch.writeEmptyHeader).
  const Codec codec = count_ > 0 ? options_.codec : Codec::none;
  if (count_ == 0) {
    base_timestamp_ = options_.delete_horizon.value_or(no_timestamp);
    max_timestamp_ = options_.max_timestamp_when_empty;
  }
  ByteVector batch(batch_header_size);
  if (codec == Codec::none) batch.reserve(batch_header_size + records_.size());
  const auto compressed = compress(codec, records_, batch, options_.compression_level);
  ENSURE(compressed.ok(), "{}", to_text(compressed.error()));

  const int attributes = static_cast<int>(codec) | (options_.log_append_time ? 0x08 : 0) |
                         (options_.transactional ? 0x10 : 0) | (options_.control ? 0x20 : 0) |
                         (options_.delete_horizon ? 0x40 : 0);
  const Offset last_offset = options_.last_offset.value_or(options_.base_offset + last_delta_);
  std::byte* out = batch.data();
  const auto put = [&out](auto value) {
    store_big_endian(out, value);
    out += sizeof value;
  };
  put(options_.base_offset);
  put(as_length(batch.size() - batch_overhead));
  put(options_.leader_epoch);
  put(std::int8_t{2});
  std::byte* const checksum = out;
  put(std::uint32_t{0});
  const std::byte* const covered = out;
  put(static_cast<std::int16_t>(attributes));
  put(static_cast<std::int32_t>(last_offset - options_.base_offset));
  put(base_timestamp_);
  put(options_.log_append_time.value_or(max_timestamp_));
  put(options_.producer_id);
  put(options_.producer_epoch);
  put(options_.base_sequence);
  put(count_);
  store_big_endian(checksum, crc32c(ByteView(covered, batch.data() + batch.size())));

  records_.clear();
  count_ = 0;
  last_delta_ = -1;
  max_timestamp_ = no_timestamp;
  return batch;
}

}  // namespace brokerlab::log
