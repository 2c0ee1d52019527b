// Appends of phantom batches (log.h, phantom.h): what log.cpp does, from fields instead of bytes.
#include "log/batch/batch_fields.h"
#include "log/partition/log.h"

#include <fmt/format.h>

namespace brokerlab::log {
namespace {

using Kind = LogError::Kind;

AppendInfo account_of(const PhantomBatch& batch) {
  AppendInfo info;
  info.first_offset = batch.base_offset;
  info.last_offset = batch.last_offset();
  info.max_timestamp = batch.max_timestamp;
  if (batch.max_timestamp > no_timestamp) info.offset_of_max_timestamp = batch.last_offset();
  info.last_leader_epoch = batch.leader_epoch;
  info.batches = 1;
  info.records = batch.record_count;
  info.bytes = batch.size();
  return info;
}

}  // namespace

Result<AppendInfo, LogError> Log::append_phantom_as_leader(PhantomBatch batch, LeaderEpoch epoch,
                                                           Timestamp now) {
  if (offline_) return fail(*offline_);
  if (batch.size() > config_->max_message_bytes) {
    return refuse(Kind::record_too_large,
                  fmt::format("a batch of {} bytes, max.message.bytes is {}", batch.size(),
                              config_->max_message_bytes));
  }
  batch.base_offset = log_end_offset_;
  batch.leader_epoch = epoch;
  if (auto good = check_phantom(batch); !good.ok()) {
    return refuse(Kind::invalid, good.error().message);
  }
  const bool stamp = config_->message_timestamp_type == TimestampType::log_append_time;
  if (stamp) {
    batch.attributes = static_cast<std::int16_t>(batch.attributes | log_append_time_bit);
    batch.max_timestamp = now;
  }
  AppendInfo info = account_of(batch);
  if (stamp) info.log_append_time = now;
  return append_phantom(batch, info, now, AppendOrigin::client);
}

Result<AppendInfo, LogError> Log::append_phantom_as_follower(const PhantomBatch& batch,
                                                             Timestamp now) {
  if (offline_) return fail(*offline_);
  if (auto good = check_phantom(batch); !good.ok()) {
    return refuse(Kind::invalid, good.error().message);
  }
  if (batch.base_offset < log_end_offset_) {
    return refuse(Kind::unexpected_offset, fmt::format("a batch at offset {}, expected {} or more",
                                                       batch.base_offset, log_end_offset_));
  }
  return append_phantom(batch, account_of(batch), now, AppendOrigin::replication);
}

Result<AppendInfo, LogError> Log::append_phantom(const PhantomBatch& batch, AppendInfo info,
                                                 Timestamp now, AppendOrigin origin) {
  if (origin == AppendOrigin::client) {
    if (batch.producer_id != no_producer_id && batch.base_sequence < 0) {
      return refuse(Kind::invalid, fmt::format("producer {} sends no sequence", batch.producer_id));
    }
    if (batch.is_transactional() && batch.producer_id == no_producer_id) {
      return refuse(Kind::invalid, "a transactional batch without a producer id");
    }
    if (config_->cleanup_compact) {
      return refuse(Kind::invalid, "a record without a key in a compacted topic");
    }
  }
  if (info.bytes > config_->segment_bytes) {
    return refuse(Kind::batch_too_large, fmt::format("{} bytes at once, segment.bytes is {}",
                                                     info.bytes, config_->segment_bytes));
  }
  ProducerChanges producers;
  if (batch.producer_id != no_producer_id) {
    auto analyzed = analyze_producer(producers, ProducerBatch::of(batch), std::nullopt, origin);
    if (!analyzed.ok()) return fail(analyzed.error());
    if (producers.duplicate) return info_of_duplicate(*producers.duplicate);
  }
  if (auto written = write_phantom(batch, info, now, producers); !written.ok()) {
    return fail(go_offline(written.error()));
  }
  return info;
}

Status<IoError> Log::write_phantom(const PhantomBatch& batch, AppendInfo& info, Timestamp now,
                                   const ProducerChanges& producers) {
  // As in note_epochs(): a new epoch is on disk before the first record of it.
  if (batch.leader_epoch >= 0 && epochs_.assign(batch.leader_epoch, batch.base_offset)) {
    if (auto flushed = epochs_.flush(*env_, epoch_file()); !flushed.ok()) return flushed;
  }
  if (auto begun = begin_write(info, now); !begun.ok()) return begun;
  if (auto appended = segments_.back()->append_phantom(batch); !appended.ok()) return appended;
  if (auto taken = take(producers, *segments_.back()); !taken.ok()) return taken;
  return end_write(info);
}

}  // namespace brokerlab::log
