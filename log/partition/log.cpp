#include "log/partition/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace brokerlab::log {
namespace {

using Kind = LogError::Kind;

}  // namespace

Log::Log(Env& env, std::string dir, const LogConfig& config)
    : env_(&env), dir_(std::move(dir)), config_(std::make_unique<const LogConfig>(config)) {
  ENSURE(config.segment_bytes > 0 && config.segment_bytes <= INT32_MAX);
  ENSURE(config.index_interval_bytes >= 0 && config.max_message_bytes >= 0);
  ENSURE(config.segment_index_bytes >= 24, "an index must have room for two entries");
}

Log::~Log() = default;

std::string Log::epoch_file() const { return join_path(dir_, "leader-epoch-checkpoint"); }

LogError Log::go_offline(const IoError& error) {
  offline_ = storage_error(error);
  return *offline_;
}

/// The outcome of a change: an io error takes the log offline.
Status<LogError> Log::settle(const Status<IoError>& done) {
  if (!done.ok()) return fail(go_offline(done.error()));
  return {};
}

std::int64_t Log::size() const {
  std::int64_t bytes = 0;
  for (const auto& segment : segments_) bytes += segment->size();
  return bytes;
}

std::size_t Log::segment_index_for(Offset offset) const {
  const auto behind = std::partition_point(
      segments_.begin(), segments_.end(),
      [offset](const auto& segment) { return segment->base_offset() <= offset; });
  return behind == segments_.begin() ? 0 : static_cast<std::size_t>(behind - segments_.begin()) - 1;
}

Result<AppendInfo, LogError> Log::append_as_leader(MutableByteView batches, LeaderEpoch epoch,
                                                   Timestamp now, AppendOrigin origin) {
  if (offline_) return fail(*offline_);
  const LeaderAppend append{*config_, log_end_offset_, epoch, now, origin};
  return append_taken(incoming_.take_as_leader(batches, append), now, origin);
}

Result<AppendInfo, LogError> Log::append_phantom_as_leader(PhantomBatch batch, LeaderEpoch epoch,
                                                           Timestamp now) {
  if (offline_) return fail(*offline_);
  const LeaderAppend append{*config_, log_end_offset_, epoch, now, AppendOrigin::client};
  return append_taken(incoming_.take_as_leader(batch, append), now, append.origin);
}

Result<AppendInfo, LogError> Log::append_as_follower(ByteView batches, Timestamp now) {
  if (offline_) return fail(*offline_);
  return append_taken(incoming_.take_as_follower(batches, log_end_offset_), now,
                      AppendOrigin::replication);
}

Result<AppendInfo, LogError> Log::append_phantom_as_follower(const PhantomBatch& batch,
                                                             Timestamp now) {
  if (offline_) return fail(*offline_);
  return append_taken(incoming_.take_as_follower(batch, log_end_offset_), now,
                      AppendOrigin::replication);
}

/// What `incoming_` has, if it was taken.
Result<AppendInfo, LogError> Log::append_taken(const Status<LogError>& taken, Timestamp now,
                                               AppendOrigin origin) {
  if (!taken.ok()) return fail(taken.error());
  const AppendInfo& info = incoming_.info();
  if (info.batches == 0) return info;
  // All of them go into one segment.
  if (info.last_offset - info.first_offset > std::numeric_limits<std::int32_t>::max()) {
    return refuse(Kind::invalid, fmt::format("offsets {} to {} at once are too far apart",
                                             info.first_offset, info.last_offset));
  }
  if (info.bytes > config_->segment_bytes) {
    return refuse(Kind::batch_too_large, fmt::format("{} bytes at once, segment.bytes is {}",
                                                     info.bytes, config_->segment_bytes));
  }
  const auto producers = analyze_producers(incoming_.of_producers(), origin);
  if (!producers.ok()) return fail(producers.error());
  if (producers->duplicate) return info_of_duplicate(*producers->duplicate);
  auto written = write(now, *producers);
  if (!written.ok()) return fail(go_offline(written.error()));
  return std::move(written).value();
}

Result<AppendInfo, IoError> Log::write(Timestamp now, const ProducerChanges& producers) {
  AppendInfo info = incoming_.info();
  if (auto noted = note_epochs(incoming_.batches()); !noted.ok()) return fail(noted.error());
  if (auto begun = begin_write(info, now); !begun.ok()) return fail(begun.error());
  LogSegment& segment = *segments_.back();
  const auto appended = incoming_.phantom() != nullptr
                            ? segment.append_phantom(*incoming_.phantom())
                            : segment.append(incoming_.bytes(), incoming_.batches());
  if (!appended.ok()) return fail(appended.error());
  if (auto taken = take(producers, segment); !taken.ok()) return fail(taken.error());
  if (auto ended = end_write(info); !ended.ok()) return fail(ended.error());
  return info;
}

/// Makes sure that the active segment can take what `info` tells of, and notes where it will be.
Status<IoError> Log::begin_write(AppendInfo& info, Timestamp now) {
  last_now_ = now;
  if (segments_.back()->should_roll(info.bytes, info.max_timestamp, info.last_offset, now)) {
    const Offset base = std::max(info.first_offset, log_end_offset_);
    if (auto rolled = roll_at(base, now); !rolled.ok()) return rolled;
    info.rolled = true;
  }
  info.file = segments_.back()->file();
  info.position = segments_.back()->size();
  return {};
}

Status<IoError> Log::end_write(AppendInfo& info) {
  log_end_offset_ = info.last_offset + 1;
  producers_end_ = log_end_offset_;
  if (unflushed_records() >= config_->flush_messages) {
    if (auto flushed = sync_upto(log_end_offset_); !flushed.ok()) return flushed;
    info.flushed = true;
  }
  return {};
}

/// A new epoch is on disk before the first record of it.
Status<IoError> Log::note_epochs(std::span<const BatchSummary> batches) {
  bool changed = false;
  for (const BatchSummary& batch : batches) {
    if (batch.leader_epoch >= 0) {
      changed = epochs_.assign(batch.leader_epoch, batch.base_offset) || changed;
    } else if (batch.is_legacy() && !epochs_.empty()) {
      // A leader of an older format: epochs no longer tell where logs part (UnifiedLog.append).
      epochs_.clear();
      changed = true;
    }
  }
  return changed ? epochs_.flush(*env_, epoch_file()) : Status<IoError>();
}

Status<LogError> Log::assign_epoch_start(LeaderEpoch epoch, Offset start_offset) {
  if (offline_) return fail(*offline_);
  if (!epochs_.assign(epoch, start_offset)) return {};
  return settle(epochs_.flush(*env_, epoch_file()));
}

Result<std::int64_t, IoError> Log::end_position(std::size_t index, Offset upto) const {
  const LogSegment& segment = *segments_[index];
  // Behind the end there may be what a failed append has left.
  if (upto >= log_end_offset_ && !offline_) return segment.size();
  upto = std::min(upto, log_end_offset_);
  const std::size_t last = segment_index_for(upto);
  if (index != last) return index < last ? segment.size() : 0;
  const auto place = segment.find(upto);
  if (!place.ok()) return fail(place.error());
  return place.value() ? place.value()->position : segment.size();
}

Result<ReadResult, LogError> Log::read(Offset offset, std::int64_t max_bytes, Offset upto,
                                       bool min_one_batch) const {
  ENSURE(max_bytes >= 0, "read of {} bytes", max_bytes);
  if (segments_.empty()) return fail(*offline_);  // A change failed half way.
  if (offset < log_start_offset_ || offset > log_end_offset_) {
    return refuse(Kind::offset_out_of_range, fmt::format("offset {} is outside [{}, {}]", offset,
                                                         log_start_offset_, log_end_offset_));
  }
  ReadResult result;
  if (offset >= std::min(upto, log_end_offset_)) return result;
  for (std::size_t i = segment_index_for(offset); i < segments_.size(); ++i) {
    const LogSegment& segment = *segments_[i];
    const auto place = segment.find(offset);
    if (!place.ok()) return fail(storage_error(place.error()));
    if (!place.value()) continue;  // A gap: the next batch is in a later segment.
    const BatchPlace& first = *place.value();
    const auto end = end_position(i, upto);
    if (!end.ok()) return fail(storage_error(end.error()));
    if (end.value() <= first.position) return result;
    const std::int64_t limit = min_one_batch ? std::max(max_bytes, first.batch.size) : max_bytes;
    if (limit < first.batch.size) {
      result.first_batch_too_large = true;
      return result;
    }
    auto bytes = segment.read(first.position, std::min(limit, end.value() - first.position));
    if (!bytes.ok()) return fail(storage_error(bytes.error()));
    result.bytes = std::move(bytes).value();
    result.first_base_offset = first.batch.base_offset;
    result.file = segment.file();
    result.position = first.position;
    return result;
  }
  return result;
}

Result<bool, LogError> Log::truncate_to(Offset offset) {
  ENSURE(offset >= 0, "truncation to {}", offset);
  if (offline_) return fail(*offline_);
  if (offset >= log_end_offset_) {
    // A leader may have noted its epoch without ever appending.
    epochs_.truncate_from_end(log_end_offset_);
    return false;
  }
  if (segments_.front()->base_offset() > offset) {
    if (auto done = truncate_fully_and_start_at(offset); !done.ok()) return fail(done.error());
    return true;
  }
  const bool removes = segments_.back()->base_offset() > offset;
  while (segments_.back()->base_offset() > offset) {
    if (auto removed = remove_last_segment(); !removed.ok()) {
      return fail(go_offline(removed.error()));
    }
  }
  if (removes && config_->sync_in_order) {
    if (auto synced = env_->sync_dir(dir_); !synced.ok()) return fail(go_offline(synced.error()));
  }
  const auto cut = segments_.back()->truncate_to(offset, last_now_);
  if (!cut.ok()) return fail(go_offline(cut.error()));
  epochs_.truncate_from_end(offset);
  log_end_offset_ = offset;
  log_start_offset_ = std::min(log_start_offset_, offset);
  recovery_point_ = std::min(recovery_point_, offset);
  if (auto loaded = reload_producers(); !loaded.ok()) return fail(go_offline(loaded.error()));
  return true;
}

Status<LogError> Log::truncate_fully_and_start_at(Offset offset) {
  ENSURE(offset >= 0, "truncation to {}", offset);
  if (offline_) return fail(*offline_);
  return settle(start_empty_at(offset, last_now_));
}

Status<IoError> Log::start_empty_at(Offset offset, Timestamp now) {
  while (!segments_.empty()) {
    if (auto removed = remove_last_segment(); !removed.ok()) return removed;
  }
  auto segment = LogSegment::create(*env_, dir_, offset, *config_, now);
  if (!segment.ok()) return fail(segment.error());
  segments_.push_back(std::make_unique<LogSegment>(std::move(segment).value()));
  names_changed_ = true;
  epochs_.clear();
  producers_.clear();
  producers_end_ = offset;
  if (auto removed = snapshots_.remove_all(*env_); !removed.ok()) return removed;
  log_start_offset_ = offset;
  log_end_offset_ = offset;
  recovery_point_ = std::min(recovery_point_, offset);
  return epochs_.dirty() ? epochs_.flush(*env_, epoch_file()) : Status<IoError>();
}

Status<IoError> Log::remove_last_segment() {
  names_changed_ = true;
  auto removed = segments_.back()->remove_files();
  segments_.pop_back();
  return removed;
}

Status<LogError> Log::roll(Timestamp now) {
  if (offline_) return fail(*offline_);
  if (segments_.back()->size() == 0) return {};
  return settle(roll_at(log_end_offset_, now));
}

Status<IoError> Log::roll_at(Offset base_offset, Timestamp now) {
  last_now_ = now;
  LogSegment& old = *segments_.back();
  if (old.base_offset() == base_offset) {
    ENSURE(old.size() == 0, "{}: two segments at {}", dir_, base_offset);
    if (auto removed = remove_last_segment(); !removed.ok()) return removed;
  } else {
    if (auto finished = old.finish_time_index(); !finished.ok()) return finished;
    if (config_->sync_in_order) {
      if (auto synced = old.sync(); !synced.ok()) return synced;
    }
  }
  auto segment = LogSegment::create(*env_, dir_, base_offset, *config_, now);
  if (!segment.ok()) return fail(segment.error());
  segments_.push_back(std::make_unique<LogSegment>(std::move(segment).value()));
  names_changed_ = true;
  return snapshots_.take(*env_, producers_, base_offset);
}

Status<LogError> Log::flush_to(Offset upto) {
  if (offline_) return fail(*offline_);
  return settle(sync_upto(std::min(upto, log_end_offset_)));
}

Status<IoError> Log::sync_upto(Offset upto) {
  if (epochs_.dirty()) {
    if (auto flushed = epochs_.flush(*env_, epoch_file()); !flushed.ok()) return flushed;
  }
  if (upto <= recovery_point_) return {};
  for (std::size_t i = segment_index_for(recovery_point_); i < segments_.size(); ++i) {
    if (segments_[i]->base_offset() >= upto) break;
    if (auto synced = segments_[i]->sync(); !synced.ok()) return synced;
  }
  if (auto synced = snapshots_.sync(*env_); !synced.ok()) return synced;
  if (names_changed_) {
    if (auto synced = env_->sync_dir(dir_); !synced.ok()) return synced;
    names_changed_ = false;
  }
  recovery_point_ = upto;
  return {};
}

Status<LogError> Log::close() {
  if (offline_) return fail(*offline_);
  if (auto finished = segments_.back()->finish_time_index(); !finished.ok()) {
    return settle(finished);
  }
  // The active segment too when nothing in it is new: its files must be there.
  if (auto synced = segments_.back()->sync(); !synced.ok()) return settle(synced);
  if (auto taken = snapshots_.take(*env_, producers_, log_end_offset_); !taken.ok()) {
    return settle(taken);
  }
  if (auto synced = snapshots_.sync(*env_); !synced.ok()) return settle(synced);
  names_changed_ = true;
  if (auto flushed = flush(); !flushed.ok()) return flushed;
  if (!names_changed_) return {};
  names_changed_ = false;
  return settle(env_->sync_dir(dir_));
}

Result<std::optional<TimestampLookup>, LogError> Log::offset_for_timestamp(
    Timestamp timestamp) const {
  if (segments_.empty()) return fail(*offline_);
  for (const auto& segment : segments_) {
    if (segment->max_timestamp().timestamp < timestamp) continue;
    const auto found = segment->find_timestamp(timestamp, log_start_offset_);
    if (!found.ok()) return fail(storage_error(found.error()));
    if (!found.value()) break;
    const auto& record = *found.value();
    return std::optional<TimestampLookup>({record.timestamp, record.offset, record.leader_epoch});
  }
  return std::optional<TimestampLookup>();
}

}  // namespace brokerlab::log
