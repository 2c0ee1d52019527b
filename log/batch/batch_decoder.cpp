// From a batch back to its records (record_batch.h).
#include "log/batch/batch_fields.h"
#include "log/batch/legacy_batch.h"
#include "log/batch/record_batch.h"
#include "log/batch/varint.h"

#include <limits>

namespace brokerlab::log {
namespace {

/// Steps through the fields of one record; the first that does not fit turns it bad for good.
class FieldReader {
 public:
  explicit FieldReader(ByteView bytes) : rest_(bytes) {}

  bool good() const { return good_; }
  bool at_end() const { return rest_.empty(); }

  std::int32_t varint() { return take(read_varint(rest_)); }
  std::int64_t varlong() { return take(read_varlong(rest_)); }

  ByteView bytes(std::int32_t size) {
    if (size < 0 || static_cast<std::size_t>(size) > rest_.size()) good_ = false;
    if (!good_) return {};
    const ByteView taken = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

  /// A length, then bytes; any negative length is null, as Kafka reads it.
  std::optional<ByteView> nullable_bytes() {
    const std::int32_t size = varint();
    if (!good_ || size < 0) return std::nullopt;
    return bytes(size);
  }

 private:
  template <class Integer>
  Integer take(std::optional<Integer> value) {
    if (!value) good_ = false;
    return good_ ? *value : Integer{};
  }

  ByteView rest_;
  bool good_ = true;
};

class RecordReader {
 public:
  RecordReader(const BatchView& batch, ByteView records)
      : batch_(batch),
        rest_(records),
        base_offset_(batch.base_offset()),
        base_timestamp_(batch.base_timestamp()) {
    if (batch.timestamp_type() == TimestampType::log_append_time) {
      append_time_ = batch.max_timestamp();
    }
  }

  bool at_end() const { return rest_.empty(); }

  /// Nothing when the bytes are not a record of this batch.
  std::optional<RecordView> next() {
    const auto size = read_varint(rest_);
    if (!size || *size < 0 || static_cast<std::size_t>(*size) > rest_.size()) return std::nullopt;
    FieldReader fields(rest_.first(static_cast<std::size_t>(*size)));
    rest_ = rest_.subspan(static_cast<std::size_t>(*size));

    RecordView record;
    fields.bytes(1);  // Attributes: none are defined.
    const std::int64_t timestamp_delta = fields.varlong();
    const std::int32_t offset_delta = fields.varint();
    record.key = fields.nullable_bytes();
    record.value = fields.nullable_bytes();
    const std::int32_t header_count = fields.varint();
    headers_.clear();
    // A header takes two bytes at least, so a lying count ends with the bytes.
    for (std::int32_t i = 0; i < header_count && fields.good(); ++i) {
      RecordView::Header header;
      header.key = as_text(fields.bytes(fields.varint()));
      header.value = fields.nullable_bytes();
      headers_.push_back(header);
    }
    if (!fields.good() || !fields.at_end() || header_count < 0 || !place(record, offset_delta)) {
      return std::nullopt;
    }
    record.timestamp = date(timestamp_delta);
    record.headers = headers_;
    return record;
  }

 private:
  bool place(RecordView& record, std::int32_t offset_delta) {
    if (offset_delta <= last_delta_ || offset_delta > batch_.last_offset() - base_offset_) {
      return false;
    }
    record.offset = base_offset_ + offset_delta;
    last_delta_ = offset_delta;
    return true;
  }

  /// Wraps around as the builder's difference does, so that any two timestamps survive.
  Timestamp date(std::int64_t timestamp_delta) const {
    if (append_time_) return *append_time_;
    return static_cast<Timestamp>(static_cast<std::uint64_t>(base_timestamp_) +
                                  static_cast<std::uint64_t>(timestamp_delta));
  }

  const BatchView& batch_;
  ByteView rest_;
  Offset base_offset_;
  Timestamp base_timestamp_;
  std::optional<Timestamp> append_time_;
  std::int32_t last_delta_ = -1;
  std::vector<RecordView::Header> headers_;
};

std::optional<ByteVector> owned(const std::optional<ByteView>& bytes) {
  if (!bytes) return std::nullopt;
  return ByteVector(bytes->begin(), bytes->end());
}

Record owned(const RecordView& view) {
  Record record{view.offset, view.timestamp, owned(view.key), owned(view.value), {}};
  record.headers.reserve(view.headers.size());
  for (const auto& header : view.headers) {
    record.headers.push_back({std::string(header.key), owned(header.value)});
  }
  return record;
}

/// The records of `batch` uncompressed: in the batch itself, or in `scratch`.
Result<ByteView, Corruption> plain_records(const BatchView& batch, ByteVector& scratch,
                                           DecodeLimits limits) {
  if (batch.codec() == Codec::none) return batch.payload();
  if (!is_supported(batch.codec())) {
    return corrupt(
        Corruption::Kind::unsupported_codec,
        fmt::format("codec {} ({})", static_cast<int>(batch.codec()), to_text(batch.codec())));
  }
  const auto done = decompress(batch.codec(), batch.payload(), limits.max_uncompressed, scratch);
  if (done.ok()) return ByteView(scratch);
  if (done.error() == CompressionError::too_large) {
    return corrupt(Corruption::Kind::too_large,
                   fmt::format("decompresses to more than {} bytes", limits.max_uncompressed));
  }
  return corrupt(Corruption::Kind::bad_payload, std::string(to_text(done.error())));
}

/// As a consumer reads: each record of an old format has a checksum of its own.
Status<Corruption> for_each_legacy_record(const BatchView& batch, ByteVector& scratch,
                                          const std::function<bool(const RecordView&)>& visit,
                                          DecodeLimits limits) {
  std::optional<Offset> damaged;
  const auto read = legacy::for_each_stored(
      batch, scratch,
      [&](const legacy::StoredRecord& stored) {
        if (!stored.checksum_ok) damaged = stored.record.offset;
        return stored.checksum_ok && visit(stored.record);
      },
      limits);
  if (!read.ok()) return read;
  if (!damaged) return {};
  return corrupt(Corruption::Kind::bad_record,
                 fmt::format("the record at offset {} fails its checksum", *damaged));
}

}  // namespace

Status<Corruption> for_each_record(const BatchView& batch, ByteVector& scratch,
                                   const std::function<bool(const RecordView&)>& visit,
                                   DecodeLimits limits) {
  if (batch.is_legacy()) return for_each_legacy_record(batch, scratch, visit, limits);
  if (batch.record_count() == 0) return {};  // As in Kafka nobody looks at what it holds.
  const auto plain = plain_records(batch, scratch, limits);
  if (!plain.ok()) return fail(plain.error());
  RecordReader reader(batch, *plain);
  for (std::int32_t i = 0; i < batch.record_count(); ++i) {
    const auto record = reader.next();
    if (!record) {
      return corrupt(Corruption::Kind::bad_record,
                     fmt::format("record {} of {} is malformed", i + 1, batch.record_count()));
    }
    if (!visit(*record)) return {};
  }
  if (!reader.at_end()) {
    return corrupt(Corruption::Kind::bad_record,
                   fmt::format("bytes behind the last of {} records", batch.record_count()));
  }
  return {};
}

Result<std::vector<Record>, Corruption> decode_records(const BatchView& batch,
                                                       DecodeLimits limits) {
  std::vector<Record> records;
  thread_local ByteVector scratch;
  const auto done = for_each_record(
      batch, scratch,
      [&records](const RecordView& record) {
        records.push_back(owned(record));
        return true;
      },
      limits);
  if (!done.ok()) return fail(done.error());
  return records;
}

Result<std::vector<Record>, Corruption> decode_all(ByteView bytes, DecodeLimits limits) {
  std::vector<Record> all;
  while (!bytes.empty()) {
    const auto batch = validate(bytes);
    if (!batch.ok()) {
      if (batch.error().kind == Corruption::Kind::incomplete) break;
      return fail(batch.error());
    }
    auto records = decode_records(*batch, limits);
    if (!records.ok()) return fail(records.error());
    for (Record& record : *records) all.push_back(std::move(record));
    bytes = bytes.subspan(batch->size());
  }
  return all;
}

}  // namespace brokerlab::log
