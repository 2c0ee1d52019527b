#include "log/batch/record_batch.h"

#include "log/batch/batch_fields.h"
#include "log/batch/big_endian.h"
#include "log/batch/crc32c.h"
#include "log/batch/legacy_batch.h"

#include <limits>

namespace brokerlab::log {
namespace {

namespace at {  // Where each header field begins.
constexpr std::size_t base_offset = 0;
constexpr std::size_t length = 8;
constexpr std::size_t leader_epoch = 12;
constexpr std::size_t magic = 16;
constexpr std::size_t crc = 17;
constexpr std::size_t attributes = 21;  // The first byte under the CRC.
constexpr std::size_t last_offset_delta = 23;
constexpr std::size_t base_timestamp = 27;
constexpr std::size_t max_timestamp = 35;
constexpr std::size_t producer_id = 43;
constexpr std::size_t producer_epoch = 51;
constexpr std::size_t base_sequence = 53;
constexpr std::size_t record_count = 57;
}  // namespace at

/// The bytes of a batch at least; before its magic byte is there, of any format.
std::int64_t smallest_size(ByteView bytes) {
  return static_cast<std::int64_t>(bytes.size() > at::magic ? batch_header_size
                                                            : legacy::smallest_batch);
}

/// The magic byte is there, and not 2.
Result<BatchSummary, Corruption> read_other_header(ByteView bytes, std::int64_t size) {
  const auto magic = field<std::int8_t>(bytes, at::magic);
  if (size < static_cast<std::int64_t>(legacy::smallest_batch)) {
    return corrupt(Corruption::Kind::bad_size,
                   fmt::format("{} bytes have no room for a header", size));
  }
  if (magic == 0 || magic == 1) return legacy::read_header(bytes, size);
  return corrupt(Corruption::Kind::bad_magic,
                 fmt::format("message format {}, only 0, 1 and 2 are known", magic));
}

}  // namespace

std::optional<std::int64_t> batch_size_at_front(ByteView bytes) {
  if (bytes.size() < batch_overhead) return std::nullopt;
  return std::int64_t{field<std::int32_t>(bytes, at::length)} +
         static_cast<std::int64_t>(batch_overhead);
}

Result<BatchSummary, Corruption> read_batch_header(ByteView bytes) {
  using Kind = Corruption::Kind;
  const auto size = batch_size_at_front(bytes);
  if (!size) return corrupt(Kind::incomplete, fmt::format("{} bytes of a batch", bytes.size()));
  // The magic byte decides what the rest means, so look at it first if it is there.
  if (bytes.size() > at::magic && field<std::int8_t>(bytes, at::magic) != 2) [[unlikely]] {
    return read_other_header(bytes, *size);
  }
  if (*size < smallest_size(bytes)) {
    return corrupt(Kind::bad_size, fmt::format("{} bytes have no room for a header", *size));
  }
  if (bytes.size() < batch_header_size) {
    return corrupt(Kind::incomplete, fmt::format("{} bytes of a batch", bytes.size()));
  }
  const auto base = field<Offset>(bytes, at::base_offset);
  const auto delta = field<std::int32_t>(bytes, at::last_offset_delta);
  if (base < 0 || delta < 0 || base >= std::numeric_limits<Offset>::max() - delta) {
    return corrupt(Kind::bad_header, fmt::format("offsets {} + {} are impossible", base, delta));
  }
  // Compaction may leave fewer records than offsets, even none, but never more.
  const auto count = field<std::int32_t>(bytes, at::record_count);
  if (count < 0 || count > std::int64_t{delta} + 1) {
    return corrupt(Kind::bad_header,
                   fmt::format("{} records on {} offsets", count, std::int64_t{delta} + 1));
  }
  return BatchSummary{*size,
                      base,
                      base + delta,
                      count,
                      field<Timestamp>(bytes, at::max_timestamp),
                      field<LeaderEpoch>(bytes, at::leader_epoch)};
}

Result<BatchView, Corruption> BatchView::parse(ByteView bytes) {
  const auto header = read_batch_header(bytes);
  if (!header.ok()) return fail(header.error());
  if (static_cast<std::uint64_t>(header.value().size) > bytes.size()) {
    return corrupt(Corruption::Kind::incomplete,
                   fmt::format("{} of {} bytes of a batch", bytes.size(), header.value().size));
  }
  return BatchView(bytes.first(static_cast<std::size_t>(header.value().size)));
}

int BatchView::magic() const { return field<std::int8_t>(bytes_, at::magic); }
Offset BatchView::header_offset() const { return field<Offset>(bytes_, at::base_offset); }
Offset BatchView::base_offset() const {
  return is_legacy() ? legacy::extent_of(*this).first_offset : header_offset();
}
Offset BatchView::last_offset() const {
  return header_offset() + (is_legacy() ? 0 : field<std::int32_t>(bytes_, at::last_offset_delta));
}
std::int32_t BatchView::record_count() const {
  return is_legacy() ? legacy::extent_of(*this).records
                     : field<std::int32_t>(bytes_, at::record_count);
}
LeaderEpoch BatchView::leader_epoch() const {
  return is_legacy() ? no_epoch : field<LeaderEpoch>(bytes_, at::leader_epoch);
}
std::uint32_t BatchView::checksum() const {
  return is_legacy() ? legacy::checksum(bytes_) : field<std::uint32_t>(bytes_, at::crc);
}
std::int16_t BatchView::attributes() const {
  return is_legacy() ? legacy::attributes(bytes_) : field<std::int16_t>(bytes_, at::attributes);
}
Codec BatchView::codec() const { return static_cast<Codec>(attributes() & codec_mask); }
TimestampType BatchView::timestamp_type() const {
  return magic() != 0 && (attributes() & log_append_time_bit) != 0 ? TimestampType::log_append_time
                                                                   : TimestampType::create_time;
}
bool BatchView::is_transactional() const {
  return !is_legacy() && (attributes() & transactional_bit) != 0;
}
bool BatchView::is_control() const { return !is_legacy() && (attributes() & control_bit) != 0; }
Timestamp BatchView::base_timestamp() const {
  return is_legacy() ? legacy::timestamp(bytes_) : field<Timestamp>(bytes_, at::base_timestamp);
}
Timestamp BatchView::max_timestamp() const {
  return is_legacy() ? legacy::timestamp(bytes_) : field<Timestamp>(bytes_, at::max_timestamp);
}
std::optional<Timestamp> BatchView::delete_horizon() const {
  if (is_legacy() || (attributes() & delete_horizon_bit) == 0) return std::nullopt;
  return base_timestamp();
}
std::int64_t BatchView::producer_id() const {
  return is_legacy() ? -1 : field<std::int64_t>(bytes_, at::producer_id);
}
std::int16_t BatchView::producer_epoch() const {
  return is_legacy() ? std::int16_t{-1} : field<std::int16_t>(bytes_, at::producer_epoch);
}
std::int32_t BatchView::base_sequence() const {
  return is_legacy() ? -1 : field<std::int32_t>(bytes_, at::base_sequence);
}
ByteView BatchView::payload() const {
  return is_legacy() ? legacy::payload(bytes_) : bytes_.subspan(batch_header_size);
}

BatchSummary BatchView::summary() const {
  const bool legacy = is_legacy();
  return {static_cast<std::int64_t>(bytes_.size()),
          header_offset(),
          last_offset(),
          legacy ? 1 : record_count(),
          max_timestamp(),
          leader_epoch(),
          static_cast<std::int8_t>(magic())};
}

namespace {

std::uint32_t computed_checksum(const BatchView& batch) {
  return batch.is_legacy() ? legacy::computed_checksum(batch.bytes())
                           : crc32c(batch.bytes().subspan(at::attributes));
}

}  // namespace

bool BatchView::checksum_ok() const { return computed_checksum(*this) == checksum(); }

Result<BatchView, Corruption> validate(ByteView bytes) {
  auto batch = BatchView::parse(bytes);
  if (batch.ok() && !batch->checksum_ok()) {
    return corrupt(Corruption::Kind::bad_checksum,
                   fmt::format("checksum {:08x}, computed {:08x}", batch->checksum(),
                               computed_checksum(*batch)));
  }
  return batch;
}

void assign_offsets(MutableByteView batch, Offset base_offset, LeaderEpoch epoch) {
  ENSURE(batch.size() >= batch_header_size);
  store_big_endian(batch.data() + at::base_offset, base_offset);
  store_big_endian(batch.data() + at::leader_epoch, epoch);
}

void assign_log_append_time(MutableByteView batch, Timestamp now) {
  ENSURE(batch.size() >= batch_header_size);
  const auto old = field<std::int16_t>(batch, at::attributes);
  store_big_endian(batch.data() + at::attributes,
                   static_cast<std::int16_t>(old | log_append_time_bit));
  store_big_endian(batch.data() + at::max_timestamp, now);
  store_big_endian(batch.data() + at::crc, crc32c(batch.subspan(at::attributes)));
}

void assign_producer(MutableByteView batch, std::int64_t id, std::int16_t epoch,
                     std::int32_t base_sequence) {
  ENSURE(batch.size() >= batch_header_size);
  store_big_endian(batch.data() + at::producer_id, id);
  store_big_endian(batch.data() + at::producer_epoch, epoch);
  store_big_endian(batch.data() + at::base_sequence, base_sequence);
  store_big_endian(batch.data() + at::crc, crc32c(batch.subspan(at::attributes)));
}

Batches::Iterator::Iterator(ByteView rest) : rest_(rest) { ++*this; }

Batches::Iterator& Batches::Iterator::operator++() {
  if (current_) rest_ = rest_.subspan(current_->size());
  auto next = BatchView::parse(rest_);
  if (next.ok()) {
    current_ = *next;
  } else {
    current_.reset();
  }
  return *this;
}

std::size_t Batches::valid_size() const {
  std::size_t size = 0;
  for (const BatchView& batch : *this) size += batch.size();
  return size;
}

}  // namespace brokerlab::log
