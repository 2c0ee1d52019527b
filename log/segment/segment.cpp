#include "log/segment/segment.h"

#include "base/random.h"

#include <algorithm>

namespace brokerlab::log {

LogSegment::LogSegment(SegmentNames names, const LogConfig& config, Timestamp now)
    : names_(std::move(names)),
      config_(&config),
      indexes_(names_.base_offset(), config),
      transactions_(names_.path(transaction_index_suffix)),
      created_(now) {
  if (config.segment_jitter_ms <= 0) return;
  // Chance enough: another number for each segment, and for its replicas, made at other times.
  const std::uint64_t hash = stable_hash(names_.path(log_suffix), static_cast<std::uint64_t>(now));
  const std::int64_t most = std::min(config.segment_jitter_ms, config.segment_ms);
  roll_jitter_ms_ = static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(most));
}

Result<LogSegment, IoError> LogSegment::create(Env& env, const std::string& dir, Offset base_offset,
                                               const LogConfig& config, Timestamp now,
                                               std::string_view file_suffix) {
  LogSegment segment(SegmentNames(env, dir, base_offset, file_suffix), config, now);
  auto log = segment.names_.create(log_suffix);
  if (!log.ok()) return fail(log.error());
  segment.log_ = std::move(log).value();
  auto indexed = segment.indexes_.create(segment.names_);
  if (!indexed.ok()) return fail(indexed.error());
  if (auto none = segment.transactions_.reset(env); !none.ok()) return fail(none.error());
  return segment;
}

Result<LogSegment::Opened, IoError> LogSegment::open(Env& env, const std::string& dir,
                                                     Offset base_offset, const LogConfig& config,
                                                     Timestamp now, std::string_view file_suffix) {
  LogSegment segment(SegmentNames(env, dir, base_offset, file_suffix), config, now);
  auto log = segment.names_.open(log_suffix);
  if (!log.ok()) return fail(log.error());
  segment.log_ = std::move(log).value();
  const auto indexed = segment.indexes_.open(segment.names_, segment.size());
  if (!indexed.ok()) return fail(indexed.error());
  const auto aborted = segment.transactions_.load(env);
  if (!aborted.ok()) return fail(aborted.error());
  const auto first = segment.batch_at(0);
  if (!first.ok()) return fail(first.error());
  if (first.value()) segment.first_timestamp_ = first.value()->batch.max_timestamp;
  return Opened{std::move(segment), *indexed && *aborted};
}

// --- Appending ---

bool LogSegment::should_roll(std::int64_t incoming_size, Timestamp incoming_max_timestamp,
                             Offset incoming_last_offset, Timestamp now) const {
  // Age counts in the records' own time where they have one.
  const bool dated = first_timestamp_.value_or(no_timestamp) >= 0;
  // What is older than the first record makes it no older, however far back it is.
  const std::int64_t age =
      dated ? std::max(incoming_max_timestamp, *first_timestamp_) - *first_timestamp_
            : now - created_;
  return size() > config_->segment_bytes - incoming_size ||
         (size() > 0 && age > config_->longest_active_ms() - roll_jitter_ms_) || indexes_.full() ||
         !can_hold(incoming_last_offset);
}

Status<IoError> LogSegment::append(ByteView bytes, std::span<const BatchSummary> batches) {
  const Offset last_offset = batches.back().last_offset;
  ENSURE(can_hold(last_offset), "offset {} in the segment of {}", last_offset, base_offset());
  std::int64_t position = size();
  if (auto appended = log_->append(bytes); !appended.ok()) return appended;
  for (const BatchSummary& batch : batches) {
    const BatchPlace place{position, batch};
    if (auto indexed = index_batch(place); !indexed.ok()) return indexed;
    position = place.end();
  }
  return {};
}

Status<IoError> LogSegment::append_phantom(const PhantomBatch& batch) {
  const Offset last_offset = batch.last_offset();
  ENSURE(can_hold(last_offset), "offset {} in the segment of {}", last_offset, base_offset());
  const std::int64_t position = size();
  if (auto appended = log_->append_phantom(batch); !appended.ok()) return appended;
  return index_batch({position, batch.summary()});
}

Status<IoError> LogSegment::index_batch(const BatchPlace& place) {
  if (place.position == 0) first_timestamp_ = place.batch.max_timestamp;
  const auto got_entry = indexes_.note(place);
  if (!got_entry.ok()) return fail(got_entry.error());
  if (*got_entry) recent_.clear();
  recent_.push_back(place);
  return {};
}

Status<IoError> LogSegment::sync() {
  if (auto synced = log_->sync(); !synced.ok()) return synced;
  if (auto synced = indexes_.sync_offsets(); !synced.ok()) return synced;
  if (auto synced = transactions_.sync(names_.env()); !synced.ok()) return synced;
  return indexes_.sync_times();
}

// --- Reading ---

Result<Offset, IoError> LogSegment::read_next_offset() const {
  const auto last = reader().last_batch();
  if (!last.ok()) return fail(last.error());
  return last.value() ? last.value()->batch.last_offset + 1 : base_offset();
}

Result<bool, IoError> LogSegment::ends_with_a_batch() const {
  const auto last = reader().last_batch();
  if (!last.ok()) return fail(last.error());
  return (last.value() ? last.value()->end() : 0) == size();
}

// --- Cutting ---

Result<std::int64_t, IoError> LogSegment::truncate_to(Offset offset, Timestamp now) {
  auto forgotten = transactions_.truncate_to(names_.env(), offset);
  if (!forgotten.ok()) return fail(forgotten.error());
  // Look it up while the index still helps.
  const auto place = find(offset);
  if (!place.ok()) return fail(place.error());
  if (auto cut = indexes_.cut(offset); !cut.ok()) return fail(cut.error());
  std::int64_t bytes_cut = 0;
  if (place.value()) {
    bytes_cut = size() - place.value()->position;
    if (auto cut = log_->truncate(place.value()->position); !cut.ok()) return fail(cut.error());
  }
  const auto gone = std::find_if(recent_.begin(), recent_.end(), [this](const BatchPlace& recent) {
    return recent.position >= size();
  });
  recent_.erase(gone, recent_.end());
  if (size() == 0) {
    created_ = now;
    first_timestamp_.reset();
  }
  if (auto found = find_max_timestamp(); !found.ok()) return fail(found.error());
  return bytes_cut;
}

/// The last time index entry, unless a batch behind it has a larger timestamp.
Status<IoError> LogSegment::find_max_timestamp() {
  indexes_.fall_back_to_last_time_entry();
  auto place = reader().indexed_batch_before(max_timestamp().offset);
  for (; place.ok() && place.value(); place = batch_at(place.value()->end())) {
    indexes_.raise_max_timestamp(place.value()->batch);
  }
  if (!place.ok()) return fail(place.error());
  return {};
}

Result<std::int64_t, IoError> LogSegment::recover(const OnGoodBatch& on_batch, const OnCut& on_cut,
                                                  bool believed) {
  if (auto reset = transactions_.reset(names_.env()); !reset.ok()) return fail(reset.error());
  recent_.clear();
  const auto scan = scan_segment(*log_, base_offset(), config_->index_interval_bytes, on_batch);
  if (!scan.ok()) return fail(scan.error());
  first_timestamp_ = scan->first_timestamp;
  const std::int64_t bytes_cut = size() - scan->good_size;
  if (bytes_cut > 0) {
    if (auto heard = on_cut(scan->good_size, scan->why); !heard.ok()) return fail(heard.error());
    if (auto cut = log_->truncate(scan->good_size); !cut.ok()) return fail(cut.error());
  }
  auto rewritten = indexes_.rewrite(names_, scan->indexes, believed);
  if (!rewritten.ok()) return fail(rewritten.error());
  return bytes_cut;
}

Status<IoError> LogSegment::remove_files() {
  log_.reset();
  indexes_.close();
  if (auto removed = names_.remove(); !removed.ok()) return removed;
  return transactions_.reset(names_.env());
}

Status<IoError> LogSegment::rename_files(std::string_view file_suffix) {
  if (auto flushed = indexes_.flush(); !flushed.ok()) return flushed;
  if (auto moved = names_.rename(file_suffix); !moved.ok()) return moved;
  return transactions_.rename(names_.env(), names_.path(transaction_index_suffix));
}

}  // namespace brokerlab::log
