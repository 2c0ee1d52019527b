#include "log/partition/incoming.h"

#include "log/batch/batch_fields.h"

#include <fmt/format.h>

#include <limits>

namespace brokerlab::log {
namespace {

/// message.timestamp.before.max.ms and after.max.ms, by what the batch's header says of its
/// records.
Status<LogError> check_timestamps(const BatchView& batch, const LogConfig& config, Timestamp now) {
  if (config.message_timestamp_type == TimestampType::log_append_time) return {};
  for (const Timestamp timestamp : {batch.base_timestamp(), batch.max_timestamp()}) {
    if (timestamp < 0) continue;  // none
    const bool too_old = now - timestamp > config.message_timestamp_before_max_ms;
    const bool too_new = timestamp - now > config.message_timestamp_after_max_ms;
    if (!too_old && !too_new) continue;
    return refuse(
        LogError::Kind::invalid_timestamp,
        fmt::format("a record of {}, now is {}: more than {} of {} ms apart", timestamp, now,
                    too_old ? "message.timestamp.before.max.ms" : "message.timestamp.after.max.ms",
                    too_old ? config.message_timestamp_before_max_ms
                            : config.message_timestamp_after_max_ms));
  }
  return {};
}

/// What LogValidator.validateBatch forbids to clients, of bytes or of a phantom.
Status<LogError> check_producer_fields(std::int64_t producer_id, std::int32_t base_sequence,
                                       bool transactional) {
  if (producer_id == no_producer_id) {
    if (!transactional) return {};
    return refuse(LogError::Kind::invalid, "a transactional batch without a producer id");
  }
  if (base_sequence >= 0) return {};
  return refuse(LogError::Kind::invalid, fmt::format("producer {} sends no sequence", producer_id));
}

Status<LogError> check_as_client(const BatchView& batch) {
  if (batch.is_control()) {
    return refuse(LogError::Kind::invalid, "a client may not write control records");
  }
  return check_producer_fields(batch.producer_id(), batch.base_sequence(),
                               batch.is_transactional());
}

Status<LogError> check_size(std::int64_t size, const LogConfig& config) {
  if (size <= config.max_message_bytes) return {};
  return refuse(
      LogError::Kind::record_too_large,
      fmt::format("a batch of {} bytes, max.message.bytes is {}", size, config.max_message_bytes));
}

Status<LogError> check_records(const BatchView& batch, bool wants_keys) {
  ByteVector scratch;
  bool keyless = false;
  const auto decoded = for_each_record(batch, scratch, [&keyless](const RecordView& record) {
    keyless = keyless || !record.key;
    return true;
  });
  if (!decoded.ok()) return refuse(LogError::Kind::corrupt, decoded.error().message);
  if (wants_keys && keyless) {
    return refuse(LogError::Kind::invalid, "a record without a key in a compacted topic");
  }
  return {};
}

/// What Kafka's LogValidator asks of a batch beyond size and checksum: of the batch, then of its
/// records, and there of their times first (LogValidator.processRecordErrors).
Status<LogError> check_as_leader(const BatchView& batch, const LeaderAppend& append) {
  const std::int64_t offsets = batch.next_offset() - batch.base_offset();
  if (batch.record_count() == 0 || batch.record_count() != offsets) {
    return refuse(LogError::Kind::invalid,
                  fmt::format("{} records on {} offsets", batch.record_count(), offsets));
  }
  if (append.origin == AppendOrigin::client) {
    if (auto good = check_as_client(batch); !good.ok()) return good;
  }
  if (auto good = check_timestamps(batch, append.config, append.now); !good.ok()) return good;
  const bool wants_keys = append.config.cleanup_compact && !batch.is_control();
  return append.config.validate_records || wants_keys ? check_records(batch, wants_keys)
                                                      : Status<LogError>();
}

/// The batch at the front, if it may come in from a producer.
Result<BatchView, LogError> producers_batch(ByteView bytes, Offset next,
                                            const LeaderAppend& append) {
  const auto batch = BatchView::parse(bytes);
  if (!batch.ok()) return refuse(LogError::Kind::corrupt, batch.error().message);
  // UnifiedLog.analyzeAndValidateRecords: before the checksum.
  const auto size = static_cast<std::int64_t>(batch->size());
  if (auto good = check_size(size, append.config); !good.ok()) return fail(good.error());
  if (const auto good = validate(bytes); !good.ok()) {
    return refuse(LogError::Kind::corrupt, good.error().message);
  }
  if (batch->is_legacy()) {
    return refuse(LogError::Kind::corrupt,
                  fmt::format("message format {}, a producer sends 2", batch->magic()));
  }
  if (auto good = check_as_leader(*batch, append); !good.ok()) return fail(good.error());
  if (batch->record_count() > std::numeric_limits<Offset>::max() - next) {
    return refuse(LogError::Kind::invalid, fmt::format("no offsets are left behind {}", next));
  }
  return *batch;
}

}  // namespace

Incoming::OfProducer Incoming::OfProducer::of(const BatchView& batch) {
  return {ProducerBatch::of(batch), batch.is_control() ? batch.bytes() : ByteView()};
}

void Incoming::clear() {
  bytes_ = {};
  phantoms_ = {};
  batches_.clear();
  of_producers_.clear();
  info_ = {};
}

void Incoming::add(const BatchSummary& batch, std::int64_t records) {
  if (batches_.empty()) info_.first_offset = batch.base_offset;
  info_.last_offset = batch.last_offset;
  info_.last_leader_epoch = batch.leader_epoch;
  if (batch.max_timestamp > info_.max_timestamp) {
    info_.max_timestamp = batch.max_timestamp;
    info_.offset_of_max_timestamp = batch.last_offset;
  }
  ++info_.batches;
  info_.records += records;
  info_.bytes += batch.size;
  batches_.push_back(batch);
}

void Incoming::add_assigned(const BatchView& batch, Offset offset, const LeaderAppend& append) {
  BatchSummary summary = batch.summary();
  summary.base_offset = offset;
  summary.last_offset = offset + summary.record_count - 1;
  summary.leader_epoch = append.epoch;
  if (append.stamps()) summary.max_timestamp = append.now;
  add(summary, summary.record_count);
  if (batch.producer_id() == no_producer_id) return;
  OfProducer& of_producer = of_producers_.emplace_back(OfProducer::of(batch));
  of_producer.batch.base_offset = summary.base_offset;
  of_producer.batch.last_offset = summary.last_offset;
  of_producer.batch.max_timestamp = summary.max_timestamp;
}

void Incoming::add_phantom(const PhantomBatch& batch) {
  add(batch.summary(), batch.record_count);
  if (batch.producer_id != no_producer_id) of_producers_.push_back({ProducerBatch::of(batch), {}});
}

Status<LogError> Incoming::take_as_leader(MutableByteView bytes, const LeaderAppend& append) {
  clear();
  Offset next = append.next_offset;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto batch = producers_batch(bytes.subspan(at), next, append);
    if (!batch.ok()) return fail(batch.error());
    add_assigned(*batch, next, append);
    next += batch->record_count();
    at += batch->size();
  }
  // Only now, all being well, are the caller's bytes changed.
  MutableByteView rest = bytes;
  for (const BatchSummary& batch : batches_) {
    const MutableByteView own = rest.first(static_cast<std::size_t>(batch.size));
    assign_offsets(own, batch.base_offset, batch.leader_epoch);
    if (append.stamps()) assign_log_append_time(own, append.now);
    rest = rest.subspan(own.size());
  }
  if (append.stamps()) info_.log_append_time = append.now;
  bytes_ = bytes;
  return {};
}

Status<LogError> Incoming::take_as_leader(PhantomBatch& batch, const LeaderAppend& append) {
  clear();
  if (auto good = check_size(batch.size(), append.config); !good.ok()) return good;
  batch.base_offset = append.next_offset;
  batch.leader_epoch = append.epoch;
  if (auto good = check_phantom(batch); !good.ok()) {
    return refuse(LogError::Kind::invalid, good.error().message);
  }
  if (append.origin == AppendOrigin::client) {
    auto good =
        check_producer_fields(batch.producer_id, batch.base_sequence, batch.is_transactional());
    if (!good.ok()) return good;
  }
  if (append.config.cleanup_compact) {
    return refuse(LogError::Kind::invalid, "a record without a key in a compacted topic");
  }
  if (append.stamps()) {
    batch.attributes = static_cast<std::int16_t>(batch.attributes | log_append_time_bit);
    batch.max_timestamp = append.now;
  }
  add_phantom(batch);
  phantoms_ = {&batch, 1};
  if (append.stamps()) info_.log_append_time = append.now;
  return {};
}

Status<LogError> Incoming::take_as_follower(ByteView bytes, Offset next_offset) {
  clear();
  std::size_t size = 0;
  while (size < bytes.size()) {
    const auto batch = validate(bytes.subspan(size));
    if (!batch.ok()) {
      if (batch.error().kind == Corruption::Kind::incomplete) break;  // The fetch cut it off.
      return refuse(LogError::Kind::corrupt, batch.error().message);
    }
    if (batch->header_offset() < next_offset) {
      return refuse(LogError::Kind::unexpected_offset,
                    fmt::format("a batch at offset {}, expected {} or more", batch->header_offset(),
                                next_offset));
    }
    next_offset = batch->next_offset();
    add(batch->summary(), batch->record_count());
    if (batch->producer_id() != no_producer_id) of_producers_.push_back(OfProducer::of(*batch));
    size += batch->size();
  }
  bytes_ = bytes.first(size);
  return {};
}

Status<LogError> Incoming::take_as_follower(std::span<const PhantomBatch> batches,
                                            Offset next_offset) {
  clear();
  for (const PhantomBatch& batch : batches) {
    if (auto good = check_phantom(batch); !good.ok()) {
      return refuse(LogError::Kind::invalid, good.error().message);
    }
    if (batch.base_offset < next_offset) {
      return refuse(
          LogError::Kind::unexpected_offset,
          fmt::format("a batch at offset {}, expected {} or more", batch.base_offset, next_offset));
    }
    next_offset = batch.next_offset();
    add_phantom(batch);
  }
  phantoms_ = batches;
  return {};
}

}  // namespace brokerlab::log
