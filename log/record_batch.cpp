#include "log/record_batch.h"

#include "log/big_endian.h"
#include "log/crc32c.h"

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

constexpr int codec_mask = 0x07;
constexpr int log_append_time_bit = 0x08;
constexpr int transactional_bit = 0x10;
constexpr int control_bit = 0x20;
constexpr int delete_horizon_bit = 0x40;

template <class Integer>
Integer field(ByteView bytes, std::size_t position) {
  return load_big_endian<Integer>(bytes.data() + position);
}

Failure<Corruption> corrupt(Corruption::Kind kind, std::string message) {
  return fail(Corruption{kind, std::move(message)});
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
  if (*size < static_cast<std::int64_t>(batch_header_size)) {
    return corrupt(Kind::bad_size, fmt::format("{} bytes have no room for a header", *size));
  }
  // The magic byte decides what the rest means, so look at it first if it is there.
  if (bytes.size() > at::magic && field<std::int8_t>(bytes, at::magic) != 2) {
    return corrupt(Kind::bad_magic, fmt::format("message format {}, only 2 is known",
                                                field<std::int8_t>(bytes, at::magic)));
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

Offset BatchView::base_offset() const { return field<Offset>(bytes_, at::base_offset); }
Offset BatchView::last_offset() const {
  return base_offset() + field<std::int32_t>(bytes_, at::last_offset_delta);
}
std::int32_t BatchView::record_count() const {
  return field<std::int32_t>(bytes_, at::record_count);
}
LeaderEpoch BatchView::leader_epoch() const { return field<LeaderEpoch>(bytes_, at::leader_epoch); }
std::uint32_t BatchView::checksum() const { return field<std::uint32_t>(bytes_, at::crc); }
std::int16_t BatchView::attributes() const { return field<std::int16_t>(bytes_, at::attributes); }
Codec BatchView::codec() const { return static_cast<Codec>(attributes() & codec_mask); }
TimestampType BatchView::timestamp_type() const {
  return (attributes() & log_append_time_bit) != 0 ? TimestampType::log_append_time
                                                   : TimestampType::create_time;
}
bool BatchView::is_transactional() const { return (attributes() & transactional_bit) != 0; }
bool BatchView::is_control() const { return (attributes() & control_bit) != 0; }
Timestamp BatchView::base_timestamp() const { return field<Timestamp>(bytes_, at::base_timestamp); }
Timestamp BatchView::max_timestamp() const { return field<Timestamp>(bytes_, at::max_timestamp); }
std::optional<Timestamp> BatchView::delete_horizon() const {
  if ((attributes() & delete_horizon_bit) == 0) return std::nullopt;
  return base_timestamp();
}
std::int64_t BatchView::producer_id() const { return field<std::int64_t>(bytes_, at::producer_id); }
std::int16_t BatchView::producer_epoch() const {
  return field<std::int16_t>(bytes_, at::producer_epoch);
}
std::int32_t BatchView::base_sequence() const {
  return field<std::int32_t>(bytes_, at::base_sequence);
}

bool BatchView::checksum_ok() const { return crc32c(bytes_.subspan(at::attributes)) == checksum(); }

Result<BatchView, Corruption> validate(ByteView bytes) {
  auto batch = BatchView::parse(bytes);
  if (batch.ok() && !batch->checksum_ok()) {
    return corrupt(Corruption::Kind::bad_checksum,
                   fmt::format("checksum {:08x}, computed {:08x}", batch->checksum(),
                               crc32c(batch->bytes().subspan(at::attributes))));
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
