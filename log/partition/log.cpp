#include "log/partition/log.h"

#include "log/partition/log_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace brokerlab::log {
namespace {

AppendInfo info_of_duplicate(const AppendedBatch& known) {
  AppendInfo then;
  then.duplicate = true;
  then.first_offset = known.first_offset();
  then.last_offset = known.last_offset;
  then.max_timestamp = known.timestamp;
  then.offset_of_max_timestamp = known.last_offset;
  return then;
}

}  // namespace

Result<std::unique_ptr<Log>, LogError> Log::open(Env& env, const std::string& dir,
                                                 const LogConfig& config, OpenOptions options) {
  ENSURE(config.segment_bytes > 0 && config.segment_bytes <= INT32_MAX);
  ENSURE(config.index_interval_bytes >= 0 && config.max_message_bytes >= 0);
  ENSURE(config.segment_index_bytes >= 24, "an index must have room for two entries");
  auto own_config = std::make_unique<LogConfig>(config);
  LogLoader loader(env, dir, *own_config, options);
  if (auto loaded = loader.load(); !loaded.ok()) {
    LogError error = storage_error(loaded.error());
    if (loader.refused()) error.kind = LogError::Kind::corrupt;
    return fail(std::move(error));
  }
  return std::unique_ptr<Log>(
      new Log(std::move(own_config), loader.take_state(), loader.take_recovery()));
}

Log::~Log() = default;

LogError Log::go_offline(const IoError& error) {
  offline_ = storage_error(error);
  return *offline_;
}

/// The outcome of a change: an io error takes the log offline.
Status<LogError> Log::settle(const Status<IoError>& done) {
  if (!done.ok()) return fail(go_offline(done.error()));
  return {};
}

// --- Appending ---

Result<AppendInfo, LogError> Log::append_as_leader(MutableByteView batches, LeaderEpoch epoch,
                                                   Timestamp now, AppendOrigin origin) {
  if (offline_) return fail(*offline_);
  const LeaderAppend append{*config_, log_end_offset(), epoch, now, origin};
  return append_taken(incoming_.take_as_leader(batches, append), now, origin);
}

Result<AppendInfo, LogError> Log::append_phantom_as_leader(PhantomBatch batch, LeaderEpoch epoch,
                                                           Timestamp now) {
  if (offline_) return fail(*offline_);
  const LeaderAppend append{*config_, log_end_offset(), epoch, now, AppendOrigin::client};
  return append_taken(incoming_.take_as_leader(batch, append), now, append.origin);
}

Result<AppendInfo, LogError> Log::append_as_follower(ByteView batches, Timestamp now) {
  if (offline_) return fail(*offline_);
  return append_taken(incoming_.take_as_follower(batches, log_end_offset()), now,
                      AppendOrigin::replication);
}

Result<AppendInfo, LogError> Log::append_records_as_follower(const Records& records,
                                                             Timestamp now) {
  if (!records.is_phantom()) return append_as_follower(records.bytes().view(), now);
  if (offline_) return fail(*offline_);
  return append_taken(incoming_.take_as_follower(records.phantoms(), log_end_offset()), now,
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
    return refuse(LogError::Kind::invalid, fmt::format("offsets {} to {} at once are too far apart",
                                                       info.first_offset, info.last_offset));
  }
  if (info.bytes > config_->segment_bytes) {
    return refuse(
        LogError::Kind::batch_too_large,
        fmt::format("{} bytes at once, segment.bytes is {}", info.bytes, config_->segment_bytes));
  }
  LogProducers::Changes changes;
  if (!incoming_.of_producers().empty()) {
    auto producers = state_.producers.analyze(incoming_.of_producers(), origin);
    if (!producers.ok()) return fail(producers.error());
    if (producers->duplicate) return info_of_duplicate(*producers->duplicate);
    changes = std::move(producers).value();
  }
  Result<AppendInfo, LogError> written(info);
  if (auto done = write(now, changes, *written); !done.ok()) return fail(go_offline(done.error()));
  return written;
}

/// Adds to `info` what only the writing tells.
Status<IoError> Log::write(Timestamp now, const LogProducers::Changes& producers,
                           AppendInfo& info) {
  state_.last_now = now;
  if (auto noted = note_epochs(incoming_.batches()); !noted.ok()) return noted;
  if (state_.local.should_roll(info, now)) {
    auto rolled = roll_at(std::max(info.first_offset, log_end_offset()), now);
    if (!rolled.ok()) return rolled;
    info.rolled = true;
  }
  if (auto done = state_.local.append(incoming_, info); !done.ok()) return done;
  const Offset end = info.last_offset + 1;
  auto taken = state_.producers.take(producers, state_.local.active(), end);
  if (!taken.ok()) return taken;
  state_.local.end_at(end);
  tell_ends_moved();
  if (unflushed_records() >= config_->flush_messages) {
    if (auto flushed = sync_upto(end); !flushed.ok()) return flushed;
    info.flushed = true;
  }
  return {};
}

/// A new epoch is on disk before the first record of it.
Status<IoError> Log::note_epochs(std::span<const BatchSummary> batches) {
  bool changed = false;
  for (const BatchSummary& batch : batches) {
    if (batch.leader_epoch >= 0) {
      changed = state_.epochs.assign(batch.leader_epoch, batch.base_offset) || changed;
    } else if (batch.is_legacy() && !state_.epochs.empty()) {
      // A leader of an older format: epochs no longer tell where logs part (UnifiedLog.append).
      state_.epochs.clear();
      changed = true;
    }
  }
  return changed ? state_.flush_epochs() : Status<IoError>();
}

Status<LogError> Log::assign_epoch_start(LeaderEpoch epoch, Offset start_offset) {
  if (offline_) return fail(*offline_);
  if (!state_.epochs.assign(epoch, start_offset)) return {};
  return settle(state_.flush_epochs());
}

Status<LogError> Log::roll(Timestamp now) {
  if (offline_) return fail(*offline_);
  if (active_segment().size() == 0) return {};
  return settle(roll_at(log_end_offset(), now));
}

Status<IoError> Log::roll_at(Offset base_offset, Timestamp now) {
  state_.last_now = now;
  if (auto rolled = state_.local.roll(base_offset, now); !rolled.ok()) return rolled;
  return state_.producers.take_snapshot(base_offset);
}

// --- Reading ---

bool Log::holds(Offset offset) const {
  return offset >= log_start_offset() && offset <= log_end_offset() && !segments().empty();
}

/// Why what is not held is not.
Failure<LogError> Log::not_held(Offset offset) const {
  if (segments().empty()) return fail(*offline_);  // A change failed half way.
  return refuse(
      LogError::Kind::offset_out_of_range,
      fmt::format("offset {} is outside [{}, {}]", offset, log_start_offset(), log_end_offset()));
}

Result<Readable, LogError> Log::readable(Offset offset, Offset upto) const {
  if (!holds(offset)) return not_held(offset);
  const auto found = state_.local.readable(offset, upto);
  if (!found.ok()) return fail(storage_error(found.error()));
  return found.value();
}

Result<ReadResult, LogError> Log::read(Offset offset, std::int64_t max_bytes, Offset upto,
                                       bool min_one_batch) const {
  ENSURE(max_bytes >= 0, "read of {} bytes", max_bytes);
  if (!holds(offset)) return not_held(offset);
  Result<ReadResult, LogError> result(ReadResult{});
  const auto done = state_.local.read(offset, max_bytes, upto, min_one_batch, *result);
  if (!done.ok()) return fail(storage_error(done.error()));
  return result;
}

Result<Records, LogError> Log::read_records(Offset offset, std::int64_t max_bytes, Offset upto,
                                            bool min_one_batch) const {
  ENSURE(max_bytes >= 0, "read of {} bytes", max_bytes);
  if (!holds(offset)) return not_held(offset);
  Result<Records, LogError> result(Records{});
  const auto done = state_.local.read_records(offset, max_bytes, upto, min_one_batch, *result);
  if (!done.ok()) return fail(storage_error(done.error()));
  return result;
}

Result<std::optional<TimestampLookup>, LogError> Log::offset_for_timestamp(
    Timestamp timestamp) const {
  if (segments().empty()) return fail(*offline_);
  const auto found = state_.local.find_timestamp(timestamp, log_start_offset());
  if (!found.ok()) return fail(storage_error(found.error()));
  if (!found.value()) return std::optional<TimestampLookup>();
  const FoundRecord& record = *found.value();
  return std::optional<TimestampLookup>({record.timestamp, record.offset, record.leader_epoch});
}

// --- Dropping ---

Result<bool, LogError> Log::truncate_to(Offset offset) {
  ENSURE(offset >= 0, "truncation to {}", offset);
  if (offline_) return fail(*offline_);
  if (offset >= log_end_offset()) {
    // A leader may have noted its epoch without ever appending.
    state_.epochs.truncate_from_end(log_end_offset());
    return false;
  }
  if (segments().front()->base_offset() > offset) {
    if (auto done = truncate_fully_and_start_at(offset); !done.ok()) return fail(done.error());
    return true;
  }
  auto cut = state_.local.truncate_to(offset, state_.last_now);
  if (!cut.ok()) return fail(go_offline(cut.error()));
  state_.epochs.truncate_from_end(offset);
  state_.start_offset = std::min(state_.start_offset, offset);
  tell_ends_moved();
  if (auto done = state_.reload_producers(); !done.ok()) return fail(go_offline(done.error()));
  return true;
}

Status<LogError> Log::truncate_fully_and_start_at(Offset offset) {
  ENSURE(offset >= 0, "truncation to {}", offset);
  if (offline_) return fail(*offline_);
  const Status<IoError> emptied = state_.start_empty_at(offset);
  tell_ends_moved();
  return settle(emptied);
}

Status<LogError> Log::advance_log_start_offset(Offset offset) {
  if (offline_) return fail(*offline_);
  if (offset > log_end_offset()) {
    return refuse(LogError::Kind::offset_out_of_range,
                  fmt::format("log start {} behind the end {}", offset, log_end_offset()));
  }
  if (offset <= log_start_offset()) return {};
  state_.start_offset = offset;
  tell_ends_moved();
  state_.epochs.truncate_from_start(offset);
  state_.producers.states().on_log_start_offset(offset);
  return {};
}

Result<std::int32_t, LogError> Log::delete_old_segments() {
  if (offline_) return fail(*offline_);
  std::int32_t removed = 0;
  while (segment_count() > 1 && segments()[1]->base_offset() <= log_start_offset()) {
    const Offset base = segments().front()->base_offset();
    auto gone = state_.local.remove_first();
    if (gone.ok()) gone = state_.producers.remove_snapshot(base);
    if (!gone.ok()) return fail(go_offline(gone.error()));
    ++removed;
  }
  return removed;
}

Result<std::int32_t, LogError> Log::apply_retention(Timestamp now, Offset high_watermark) {
  if (offline_) return fail(*offline_);
  const Expired gone = expired(now, high_watermark);
  if (static_cast<std::size_t>(gone.segments) == segment_count()) {
    if (auto rolled = roll(now); !rolled.ok()) return fail(rolled.error());
  }
  if (auto moved = advance_log_start_offset(gone.start); !moved.ok()) return fail(moved.error());
  return delete_old_segments();
}

Expired Log::expired(Timestamp now, Offset high_watermark) const {
  if (offline_) return {.start = log_start_offset()};
  return find_expired(state_.local, log_start_offset(), now, high_watermark);
}

Status<LogError> Log::remove_condemned(std::size_t count) {
  if (offline_) return fail(*offline_);
  return settle(state_.local.remove_condemned(count));
}

Status<LogError> Log::replace_segments(std::unique_ptr<LogSegment> cleaned, std::size_t first,
                                       std::size_t count) {
  if (offline_) return fail(*offline_);
  return settle(state_.local.replace(std::move(cleaned), first, count));
}

// --- Syncing ---

Status<LogError> Log::flush_to(Offset upto) {
  if (offline_) return fail(*offline_);
  return settle(sync_upto(std::min(upto, log_end_offset())));
}

Status<IoError> Log::sync_upto(Offset upto) {
  if (state_.epochs.dirty()) {
    if (auto flushed = state_.flush_epochs(); !flushed.ok()) return flushed;
  }
  if (upto <= recovery_point()) return {};
  if (auto synced = state_.local.sync_segments(upto); !synced.ok()) return synced;
  if (auto synced = state_.producers.sync(); !synced.ok()) return synced;
  if (auto synced = state_.local.sync_names(); !synced.ok()) return synced;
  state_.local.set_recovery_point(upto);
  return {};
}

Status<LogError> Log::close() {
  if (offline_) return fail(*offline_);
  return settle(write_end());
}

Status<IoError> Log::write_end() {
  LogSegment& active = state_.local.active();
  if (auto finished = active.finish_time_index(); !finished.ok()) return finished;
  // The active segment too when nothing in it is new: its files must be there.
  if (auto synced = active.sync(); !synced.ok()) return synced;
  if (auto taken = state_.producers.take_snapshot(log_end_offset()); !taken.ok()) return taken;
  if (auto synced = state_.producers.sync(); !synced.ok()) return synced;
  state_.local.note_changed_names();
  if (auto flushed = sync_upto(log_end_offset()); !flushed.ok()) return flushed;
  return state_.local.sync_names();
}

}  // namespace brokerlab::log
