#include "log/batch/legacy_batch.h"

#include "log/batch/batch_fields.h"
#include "log/batch/big_endian.h"
#include "log/batch/codecs.h"

#include <algorithm>
#include <limits>
#include <zlib.h>

namespace brokerlab::log::legacy {
namespace {

using Kind = Corruption::Kind;

namespace at {  // Where each header field begins, in the batch.
constexpr std::size_t offset = 0;
constexpr std::size_t length = 8;
constexpr std::size_t record = 12;
constexpr std::size_t crc = 12;
constexpr std::size_t magic = 16;  // The first byte under the CRC.
constexpr std::size_t attributes = 17;
constexpr std::size_t timestamp = 18;
}  // namespace at

constexpr std::size_t size_bytes = 4;
/// Without offset and length: the checksum, magic, attributes, the sizes of key and value.
constexpr std::int32_t smallest_record = 14;

int magic_of(ByteView batch) { return field<std::int8_t>(batch, at::magic); }

/// Kafka reads whatever is not 0 as it reads 1.
std::size_t header_size(int magic) { return magic == 0 ? at::timestamp : at::timestamp + 8; }

std::uint32_t crc32_of(ByteView bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// Takes a size and so many bytes off `rest`. False: they are not there.
bool take_sized(ByteView& rest, std::optional<ByteView>& bytes) {
  bytes.reset();
  if (rest.size() < size_bytes) return false;
  const auto size = field<std::int32_t>(rest, 0);
  rest = rest.subspan(size_bytes);
  if (size < 0) return true;
  if (static_cast<std::size_t>(size) > rest.size()) return false;
  bytes = rest.first(static_cast<std::size_t>(size));
  rest = rest.subspan(bytes->size());
  return true;
}

/// The record in one batch, not looking inside a wrapper. Bytes behind its value nobody reads, as
/// in Kafka.
std::optional<StoredRecord> stored_in(ByteView batch) {
  StoredRecord stored;
  stored.magic = magic_of(batch);
  ByteView rest = batch;
  if (rest.size() < header_size(stored.magic)) return std::nullopt;
  rest = rest.subspan(header_size(stored.magic));
  if (!take_sized(rest, stored.record.key) || !take_sized(rest, stored.record.value)) {
    return std::nullopt;
  }
  stored.record.offset = field<Offset>(batch, at::offset);
  stored.record.timestamp = timestamp(batch);
  stored.checksum = checksum(batch);
  stored.checksum_ok = stored.checksum == computed_checksum(batch);
  return stored;
}

Codec codec_of(ByteView batch) {
  return static_cast<Codec>(field<std::int8_t>(batch, at::attributes) & codec_mask);
}

Status<CompressionError> unwrap(Codec codec, int magic, ByteView in, std::size_t most,
                                ByteVector& out) {
  // Kafka's own clients of that time wrote a wrong checksum of the lz4 header (KAFKA-3160).
  if (codec == Codec::lz4 && magic == 0) {
    return lz4_decompress(in, most, out, Lz4Header::unchecked);
  }
  return decompress(codec, in, most, out);
}

/// The entries inside a wrapper, one behind the other; a cut last one is none, as in Kafka.
class InnerEntries {
 public:
  explicit InnerEntries(ByteView plain) : rest_(plain) {}

  /// Nothing at the end, or when there was damage().
  std::optional<ByteView> next() {
    if (rest_.size() < at::record) return std::nullopt;
    const auto length = field<std::int32_t>(rest_, at::length);
    if (length < smallest_record) {
      damage_ = fmt::format("a record of {} bytes inside a wrapper", length);
      return std::nullopt;
    }
    const std::size_t size = at::record + static_cast<std::size_t>(length);
    if (size > rest_.size()) return std::nullopt;
    const ByteView entry = rest_.first(size);
    rest_ = rest_.subspan(size);
    return entry;
  }
  const std::string& damage() const { return damage_; }

 private:
  ByteView rest_;
  std::string damage_;
};

/// What the offsets inside a wrapper count from.
Result<Offset, Corruption> base_of(ByteView wrapper, ByteView plain) {
  InnerEntries entries(plain);
  std::optional<Offset> last;
  while (const auto entry = entries.next()) last = field<Offset>(*entry, at::offset);
  if (!entries.damage().empty()) return corrupt(Kind::bad_record, entries.damage());
  if (!last) return corrupt(Kind::bad_record, "a wrapper without records");
  const auto outer = field<Offset>(wrapper, at::offset);
  // Some versions of librdkafka sent 0.
  if (magic_of(wrapper) == 0 || outer == 0) return Offset{0};
  if (outer < *last) {
    return corrupt(Kind::bad_record, fmt::format("a wrapper's offset {} is below {}, its last "
                                                 "record's",
                                                 outer, *last));
  }
  return static_cast<Offset>(static_cast<std::uint64_t>(outer) - static_cast<std::uint64_t>(*last));
}

Result<ByteView, Corruption> unwrapped(ByteView wrapper, ByteVector& scratch, DecodeLimits limits) {
  const Codec codec = codec_of(wrapper);
  if (codec == Codec::zstd || !is_supported(codec)) {
    return corrupt(Kind::unsupported_codec,
                   fmt::format("codec {} ({}) in message format {}", static_cast<int>(codec),
                               to_text(codec), magic_of(wrapper)));
  }
  const auto outer = stored_in(wrapper);
  if (!outer) return corrupt(Kind::bad_record, "a wrapper contradicts its length");
  if (!outer->record.value) return corrupt(Kind::bad_record, "a wrapper without a value");
  const auto done =
      unwrap(codec, outer->magic, *outer->record.value, limits.max_uncompressed, scratch);
  if (done.ok()) return ByteView(scratch);
  if (done.error() == CompressionError::too_large) {
    return corrupt(Kind::too_large,
                   fmt::format("decompresses to more than {} bytes", limits.max_uncompressed));
  }
  return corrupt(Kind::bad_payload, std::string(to_text(done.error())));
}

}  // namespace

Result<BatchSummary, Corruption> read_header(ByteView bytes, std::int64_t size) {
  const int magic = magic_of(bytes);
  const std::size_t needed = header_size(magic);
  // The sizes of key and value follow.
  if (size < static_cast<std::int64_t>(needed + 2 * size_bytes)) {
    return corrupt(Kind::bad_size,
                   fmt::format("{} bytes have no room for a record of format {}", size, magic));
  }
  if (bytes.size() < needed) {
    return corrupt(Kind::incomplete, fmt::format("{} bytes of a batch", bytes.size()));
  }
  const auto offset = field<Offset>(bytes, at::offset);
  if (offset < 0 || offset == std::numeric_limits<Offset>::max()) {
    return corrupt(Kind::bad_header, fmt::format("offset {} is impossible", offset));
  }
  return BatchSummary{.size = size,
                      .base_offset = offset,
                      .last_offset = offset,
                      .record_count = 1,
                      .max_timestamp = timestamp(bytes),
                      .leader_epoch = no_epoch,
                      .magic = static_cast<std::int8_t>(magic)};
}

std::uint32_t checksum(ByteView batch) { return field<std::uint32_t>(batch, at::crc); }
std::uint32_t computed_checksum(ByteView batch) { return crc32_of(batch.subspan(at::magic)); }
std::int8_t attributes(ByteView batch) { return field<std::int8_t>(batch, at::attributes); }
Timestamp timestamp(ByteView batch) {
  return magic_of(batch) == 0 ? no_timestamp : field<Timestamp>(batch, at::timestamp);
}

ByteView payload(ByteView batch) {
  const auto stored = stored_in(batch);
  if (codec_of(batch) == Codec::none || !stored || !stored->record.value) {
    return batch.subspan(at::record);
  }
  return *stored->record.value;
}

Status<Corruption> for_each_stored(const BatchView& batch, ByteVector& scratch,
                                   const std::function<bool(const StoredRecord&)>& visit,
                                   DecodeLimits limits) {
  const ByteView bytes = batch.bytes();
  if (codec_of(bytes) == Codec::none) {
    const auto stored = stored_in(bytes);
    if (!stored) return corrupt(Kind::bad_record, "the record contradicts its length");
    (void)visit(*stored);
    return {};
  }
  const auto plain = unwrapped(bytes, scratch, limits);
  if (!plain.ok()) return fail(plain.error());
  const auto base = base_of(bytes, *plain);
  if (!base.ok()) return fail(base.error());
  const bool dated_by_wrapper = batch.timestamp_type() == TimestampType::log_append_time;
  InnerEntries entries(*plain);
  for (int i = 1; const auto entry = entries.next(); ++i) {
    auto stored = stored_in(*entry);
    if (!stored) {
      return corrupt(Kind::bad_record,
                     fmt::format("record {} of a wrapper contradicts its length", i));
    }
    if (codec_of(*entry) != Codec::none) {
      return corrupt(Kind::bad_record, fmt::format("record {} of a wrapper is one itself", i));
    }
    stored->record.offset = static_cast<Offset>(static_cast<std::uint64_t>(*base) +
                                                static_cast<std::uint64_t>(stored->record.offset));
    if (dated_by_wrapper && stored->magic == 1) stored->record.timestamp = timestamp(bytes);
    if (!visit(*stored)) break;
  }
  return {};
}

Extent extent_of(const BatchView& batch) {
  Extent told{batch.last_offset(), 1};
  if (batch.codec() == Codec::none) return told;
  thread_local ByteVector scratch;
  Extent found{no_offset, 0};
  const auto read = for_each_stored(batch, scratch, [&found](const StoredRecord& stored) {
    if (found.records++ == 0) found.first_offset = stored.record.offset;
    return true;
  });
  return read.ok() && found.first_offset >= 0 ? found : told;
}

// --- Building ---

namespace {

void put_sized(ByteVector& out, const std::optional<ByteVector>& bytes) {
  const std::size_t begin = out.size();
  out.resize(begin + size_bytes);
  store_big_endian(out.data() + begin, bytes ? static_cast<std::int32_t>(bytes->size()) : -1);
  if (bytes) out.insert(out.end(), bytes->begin(), bytes->end());
}

struct Entry {
  Offset offset = 0;
  Timestamp timestamp = no_timestamp;
  Codec codec = Codec::none;
};

void put_entry(ByteVector& out, const Entry& entry, const BuildOptions& options,
               const std::optional<ByteVector>& key, const std::optional<ByteVector>& value) {
  const std::size_t begin = out.size();
  out.resize(begin + header_size(options.magic));
  put_sized(out, key);
  put_sized(out, value);
  const auto batch = MutableByteView(out).subspan(begin);
  const bool appended = options.magic > 0 && options.log_append_time.has_value();
  store_big_endian(batch.data() + at::offset, entry.offset);
  store_big_endian(batch.data() + at::length, static_cast<std::int32_t>(batch.size() - at::record));
  store_big_endian(batch.data() + at::magic, static_cast<std::int8_t>(options.magic));
  store_big_endian(batch.data() + at::attributes,
                   static_cast<std::int8_t>(static_cast<int>(entry.codec) |
                                            (appended ? log_append_time_bit : 0)));
  if (options.magic > 0) store_big_endian(batch.data() + at::timestamp, entry.timestamp);
  store_big_endian(batch.data() + at::crc, computed_checksum(batch));
}

}  // namespace

ByteVector build(std::span<const Record> records, const BuildOptions& options) {
  ENSURE(!records.empty() && (options.magic == 0 || options.magic == 1));
  ENSURE(is_supported(options.codec) && options.codec != Codec::zstd);
  const bool wraps = options.codec != Codec::none;
  const Offset counted_from = wraps && options.magic == 1 ? records.front().offset : 0;
  Timestamp latest = no_timestamp;
  ByteVector plain;
  for (const Record& record : records) {
    const Timestamp timestamp = options.log_append_time.value_or(record.timestamp);
    latest = std::max(latest, timestamp);
    put_entry(plain, {.offset = record.offset - counted_from, .timestamp = timestamp}, options,
              record.key, record.value);
  }
  if (!wraps) return plain;
  ByteVector packed;
  const auto done = compress(options.codec, plain, packed);
  ENSURE(done.ok(), "{}", to_text(done.error()));
  if (options.codec == Codec::lz4 && options.magic == 0) break_lz4_header_checksum(packed);
  ByteVector wrapper;
  put_entry(wrapper,
            {.offset = records.back().offset,
             .timestamp = options.log_append_time.value_or(latest),
             .codec = options.codec},
            options, std::nullopt, packed);
  return wrapper;
}

}  // namespace brokerlab::log::legacy
