#include "log/batch/control_record.h"

#include "log/batch/big_endian.h"

#include <fmt/format.h>

#include <array>

namespace brokerlab::log {
namespace {

constexpr std::size_t key_size = 4;
constexpr std::size_t value_size = 6;
constexpr std::int16_t abort_type = 0;
constexpr std::int16_t commit_type = 1;

Failure<Corruption> bad(std::string message) {
  return fail(Corruption{Corruption::Kind::bad_record, std::move(message)});
}

}  // namespace

ByteVector build_marker(std::int64_t producer_id, std::int16_t producer_epoch, Timestamp timestamp,
                        const EndTransactionMarker& marker) {
  std::array<std::byte, key_size> key{};
  store_big_endian<std::int16_t>(
      key.data() + 2, marker.result == TransactionResult::commit ? commit_type : abort_type);
  std::array<std::byte, value_size> value{};
  store_big_endian(value.data() + 2, marker.coordinator_epoch);
  BatchBuilder builder({.producer_id = producer_id,
                        .producer_epoch = producer_epoch,
                        .transactional = true,
                        .control = true});
  builder.append(timestamp, ByteView(key), ByteView(value));
  return builder.build();
}

Result<std::optional<EndTransactionMarker>, Corruption> read_marker(const BatchView& batch) {
  ENSURE(batch.is_control(), "no control batch at offset {}", batch.base_offset());
  const auto records = decode_records(batch);
  if (!records.ok()) return fail(records.error());
  if (records.value().empty()) return std::optional<EndTransactionMarker>();
  if (records.value().size() != 1) {
    return bad(fmt::format("a control batch of {} records", records.value().size()));
  }
  const Record& record = records.value().front();
  if (!record.key || record.key->size() < key_size) return bad("a control record without its key");
  const auto version = load_big_endian<std::int16_t>(record.key->data());
  if (version < 0) return bad(fmt::format("a control record of version {}", version));
  const auto type = load_big_endian<std::int16_t>(record.key->data() + 2);
  if (type != abort_type && type != commit_type) return std::optional<EndTransactionMarker>();
  if (!record.value || record.value->size() < value_size) {
    return bad("a control record without its value");
  }
  return std::optional<EndTransactionMarker>(
      {type == commit_type ? TransactionResult::commit : TransactionResult::abort,
       load_big_endian<std::int32_t>(record.value->data() + 2)});
}

}  // namespace brokerlab::log
