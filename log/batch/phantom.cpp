#include "log/batch/phantom.h"

#include "log/batch/batch_fields.h"
#include "log/batch/big_endian.h"
#include "log/batch/crc32c.h"
#include "log/batch/varint.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

namespace brokerlab::log {
namespace {

static_assert(std::endian::native == std::endian::little,
              "words of the payload are stored as such");

constexpr std::int64_t header_size = batch_header_size;
constexpr std::int64_t crc_covers_from = 21;
constexpr std::int64_t forcing_size = 4;    ///< The bytes that make the checksum right,
constexpr std::int64_t behind_forcing = 1;  ///< and the last record's header count behind them.
/// A record's attributes, null key and header count; each is one byte.
constexpr std::int64_t fixed_size = 3;
constexpr int codec_and_control_bits = 0x27;
/// No record needs more beside its value: three lengths or deltas of 5 bytes, one of 10.
constexpr std::int64_t most_framing = 3 * 5 + 10 + fixed_size + forcing_size;

std::int64_t size_of_varint(std::int64_t value) {
  return static_cast<std::int64_t>(varint_size(static_cast<std::int32_t>(value)));
}

/// Bytes for a length that, with what it counts, fills `room` bytes.
std::int64_t length_width(std::int64_t room) {
  std::int64_t width = 1;
  while (size_of_varint(room - width) > width) ++width;
  return width;
}

/// SplitMix64's output function (Steele, Lea and Flood, 2014).
std::uint64_t mix(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9ULL;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBULL;
  return bits ^ (bits >> 31);
}

/// Word `k` of the stream of a seed; any word without those before it.
std::uint64_t word(std::uint64_t seed, std::uint64_t k) {
  return mix(seed + (k + 1) * 0x9E3779B97F4A7C15ULL);
}

Timestamp last_timestamp_delta(const PhantomBatch& batch) {
  if ((batch.attributes & log_append_time_bit) != 0) return 0;
  return static_cast<Timestamp>(static_cast<std::uint64_t>(batch.max_timestamp) -
                                static_cast<std::uint64_t>(batch.base_timestamp));
}

std::int64_t smallest_last_record(const PhantomBatch& batch) {
  return 2 + fixed_size + static_cast<std::int64_t>(varlong_size(last_timestamp_delta(batch))) +
         size_of_varint(batch.record_count - 1) + forcing_size;
}

/// Copies what of `bytes`, which belong at `position`, falls into `out`, which begins at `from`.
void overlay(ByteView bytes, std::int64_t position, std::int64_t from, MutableByteView out) {
  const std::int64_t begin = std::max(position, from);
  const std::int64_t end = std::min(position + static_cast<std::int64_t>(bytes.size()),
                                    from + static_cast<std::int64_t>(out.size()));
  if (begin >= end) return;
  std::memcpy(out.data() + (begin - from), bytes.data() + (begin - position),
              static_cast<std::size_t>(end - begin));
}

/// A payload, but for the four bytes that make the checksum right. Positions count from its start.
class Payload {
 public:
  explicit Payload(const PhantomBatch& batch) : batch_(batch) {
    const std::int64_t others = batch.record_count - 1;
    if (others > 0) {
      record_size_ = std::min(batch.payload_size / (others + 1),
                              (batch.payload_size - smallest_last_record(batch)) / others);
    }
  }

  void read(std::int64_t from, MutableByteView out) const {
    if (out.empty()) return;
    fill(from, out);
    const std::int64_t last = batch_.record_count - 1;
    const std::int64_t end = from + static_cast<std::int64_t>(out.size());
    for (std::int64_t i = record_size_ == 0 ? last : std::min(last, from / record_size_);
         i <= last && i * record_size_ < end; ++i) {
      frame(i, from, out);
    }
  }

 private:
  /// The values, and what frame() writes over.
  void fill(std::int64_t from, MutableByteView out) const {
    auto k = static_cast<std::uint64_t>(from) / 8;
    std::byte* to = out.data();
    std::byte* const end = to + out.size();
    if (const auto skip = static_cast<std::size_t>(from % 8); skip > 0) {
      const std::uint64_t bits = word(batch_.seed, k++) >> (8 * skip);
      const std::size_t part = std::min(8 - skip, out.size());
      std::memcpy(to, &bits, part);
      to += part;
    }
    for (; end - to >= 8; to += 8) {
      const std::uint64_t bits = word(batch_.seed, k++);
      std::memcpy(to, &bits, 8);
    }
    const std::uint64_t bits = word(batch_.seed, k);
    if (end > to) std::memcpy(to, &bits, static_cast<std::size_t>(end - to));
  }

  /// Everything of record `i` but its value.
  void frame(std::int64_t i, std::int64_t from, MutableByteView out) const {
    const bool last = i == batch_.record_count - 1;
    const std::int64_t begin = i * record_size_;
    const std::int64_t size = last ? batch_.payload_size - begin : record_size_;
    const std::int64_t width = length_width(size);
    std::array<std::byte, 32> bytes{};
    std::byte* to = write_padded_varint(bytes.data(), static_cast<std::int32_t>(size - width),
                                        static_cast<std::size_t>(width));
    *to++ = std::byte{0};  // A record's attributes.
    to = write_varlong(to, last ? last_timestamp_delta(batch_) : 0);
    to = write_varint(to, static_cast<std::int32_t>(i));
    to = write_varint(to, -1);  // The null key.
    const std::int64_t room = size - (to - bytes.data()) - 1;
    const std::int64_t value_width = length_width(room);
    to = write_padded_varint(to, static_cast<std::int32_t>(room - value_width),
                             static_cast<std::size_t>(value_width));
    overlay(ByteView(bytes.data(), to), begin, from, out);
    overlay(ByteView(&no_headers, 1), begin + size - 1, from, out);
  }

  static constexpr std::byte no_headers{0};
  const PhantomBatch& batch_;
  std::int64_t record_size_ = 0;  ///< Of all but the last.
};

std::array<std::byte, batch_header_size> header_of(const PhantomBatch& batch) {
  std::array<std::byte, batch_header_size> bytes;
  std::byte* to = bytes.data();
  const auto put = [&to](auto value) {
    store_big_endian(to, value);
    to += sizeof value;
  };
  put(batch.base_offset);
  put(static_cast<std::int32_t>(batch.size() - static_cast<std::int64_t>(batch_overhead)));
  put(batch.leader_epoch);
  put(std::uint8_t{2});
  put(phantom_checksum(batch));
  put(batch.attributes);
  put(static_cast<std::int32_t>(batch.record_count - 1));
  put(batch.base_timestamp);
  put(batch.max_timestamp);
  put(batch.producer_id);
  put(batch.producer_epoch);
  put(batch.base_sequence);
  put(batch.record_count);
  ENSURE(to == bytes.data() + bytes.size());
  return bytes;
}

/// Of the bytes from the attributes to `end` of the payload. The first of the payload may be in
/// `known` already.
std::uint32_t crc_before(const PhantomBatch& batch, const Payload& payload, ByteView known,
                         std::int64_t end) {
  const auto header = header_of(batch);
  std::uint32_t crc = crc32c(ByteView(header).subspan(crc_covers_from));
  auto done = std::min(end, static_cast<std::int64_t>(known.size()));
  crc = crc32c(known.first(static_cast<std::size_t>(done)), crc);
  std::array<std::byte, 4096> block;
  while (done < end) {
    const auto part = std::min(end - done, static_cast<std::int64_t>(block.size()));
    const auto bytes = MutableByteView(block).first(static_cast<std::size_t>(part));
    payload.read(done, bytes);
    crc = crc32c(bytes, crc);
    done += part;
  }
  return crc;
}

void read_payload(const PhantomBatch& batch, std::int64_t from, MutableByteView out) {
  const Payload payload(batch);
  payload.read(from, out);
  const std::int64_t forcing = batch.payload_size - forcing_size - behind_forcing;
  const std::int64_t end = from + static_cast<std::int64_t>(out.size());
  if (from >= forcing + forcing_size || end <= forcing) return;
  const ByteView known = from == 0 ? ByteView(out) : ByteView();
  const auto bytes = crc32c_forcing_bytes(crc_before(batch, payload, known, forcing),
                                          phantom_checksum(batch), behind_forcing);
  overlay(bytes, forcing, from, out);
}

}  // namespace

std::uint32_t phantom_checksum(const PhantomBatch& batch) {
  return static_cast<std::uint32_t>(mix(batch.seed ^ 0xC3C3C3C3C3C3C3C3ULL));
}

std::int64_t PhantomPayload::growth(const Record& record, std::int64_t count) const {
  const std::int64_t key =
      size_of_varint(record.key_size) + std::max<std::int64_t>(0, record.key_size);
  const std::int64_t others = 2 + static_cast<std::int64_t>(varlong_size(record.timestamp_delta)) +
                              key + size_of_varint(record.value_size) + record.value_size;
  // The offset within the batch is all that differs; its varint grows at 64, 8,192 ...
  std::int64_t grown = 0;
  for (std::int64_t at = count_, left = count; left > 0;) {
    const std::int64_t width = size_of_varint(at);
    const std::int64_t part = std::min(left, (std::int64_t{1} << (7 * width - 1)) - at);
    const std::int64_t body = others + width;
    grown += part * (size_of_varint(body) + body);
    at += part;
    left -= part;
  }
  return grown;
}

std::int64_t smallest_phantom_payload(const PhantomBatch& batch) {
  const std::int64_t others = batch.record_count - 1;
  // Two lengths of one byte, and a timestamp delta of 0 in another.
  const std::int64_t other = others == 0 ? 0 : 3 + fixed_size + size_of_varint(others - 1);
  return others * other + smallest_last_record(batch);
}

Status<Corruption> check_phantom(const PhantomBatch& batch) {
  const auto wrong = [](Corruption::Kind kind, std::string message) {
    return fail(Corruption{kind, std::move(message)});
  };
  if (batch.record_count <= 0 || batch.base_offset < 0 ||
      batch.base_offset >= std::numeric_limits<Offset>::max() - batch.record_count) {
    return wrong(Corruption::Kind::bad_header,
                 fmt::format("{} records at offset {}", batch.record_count, batch.base_offset));
  }
  if ((batch.attributes & codec_and_control_bits) != 0) {
    return wrong(Corruption::Kind::bad_header,
                 fmt::format("attributes {:#x} of a phantom batch", batch.attributes));
  }
  const bool fits = batch.payload_size / most_framing >= batch.record_count ||
                    batch.payload_size >= smallest_phantom_payload(batch);
  if (!fits || batch.size() > std::numeric_limits<std::int32_t>::max()) {
    return wrong(
        Corruption::Kind::bad_size,
        fmt::format("a payload of {} bytes for {} records, which need {}", batch.payload_size,
                    batch.record_count, smallest_phantom_payload(batch)));
  }
  return {};
}

void read_phantom(const PhantomBatch& batch, std::int64_t position, MutableByteView out) {
  ENSURE(position >= 0 && position + static_cast<std::int64_t>(out.size()) <= batch.size(),
         "{} bytes from {} of a batch of {}", out.size(), position, batch.size());
  if (position < header_size) {
    const auto header = header_of(batch);
    overlay(header, 0, position, out);
    const auto part = std::min(out.size(), static_cast<std::size_t>(header_size - position));
    out = out.subspan(part);
    position = header_size;
  }
  if (!out.empty()) read_payload(batch, position - header_size, out);
}

ByteVector materialise(const PhantomBatch& batch) {
  ByteVector bytes(static_cast<std::size_t>(batch.size()));
  read_phantom(batch, 0, bytes);
  return bytes;
}

}  // namespace brokerlab::log
