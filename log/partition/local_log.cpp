#include "log/partition/local_log.h"

#include <algorithm>
#include <iterator>

namespace brokerlab::log {

std::int64_t LocalLog::size() const {
  std::int64_t bytes = 0;
  for (const auto& segment : segments_) bytes += segment->size();
  return bytes;
}

std::size_t LocalLog::index_for(Offset offset) const {
  const auto behind = std::partition_point(
      segments_.begin(), segments_.end(),
      [offset](const auto& segment) { return segment->base_offset() <= offset; });
  return behind == segments_.begin() ? 0 : static_cast<std::size_t>(behind - segments_.begin()) - 1;
}

// --- Appending ---

bool LocalLog::should_roll(const AppendInfo& info, Timestamp now) const {
  return active().should_roll(info.bytes, info.max_timestamp, info.last_offset, now);
}

Status<IoError> LocalLog::create_segment(Offset base, Timestamp now) {
  auto segment = LogSegment::create(*env_, dir_, base, *config_, now);
  if (!segment.ok()) return fail(segment.error());
  add(std::move(segment).value());
  names_changed_ = true;
  return {};
}

Status<IoError> LocalLog::roll(Offset base, Timestamp now) {
  LogSegment& old = active();
  if (old.base_offset() == base) {
    ENSURE(old.size() == 0, "{}: two segments at {}", dir_, base);
    if (auto removed = remove_last(); !removed.ok()) return removed;
  } else {
    if (auto finished = old.finish_time_index(); !finished.ok()) return finished;
    if (config_->sync_in_order) {
      if (auto synced = old.sync(); !synced.ok()) return synced;
    }
  }
  return create_segment(base, now);
}

Status<IoError> LocalLog::append(const Incoming& incoming, AppendInfo& info) {
  info.file = active().file();
  info.position = active().size();
  unfinished_ = true;
  for (const PhantomBatch& batch : incoming.phantoms()) {
    if (auto done = active().append_phantom(batch); !done.ok()) return done;
  }
  return incoming.bytes().empty() ? Status<IoError>()
                                  : active().append(incoming.bytes(), incoming.batches());
}

void LocalLog::end_at(Offset offset) {
  end_ = offset;
  unfinished_ = false;
}

// --- Reading ---

/// Where in a segment a read up to `upto` must end.
Result<std::int64_t, IoError> LocalLog::end_position(std::size_t index, Offset upto) const {
  const LogSegment& segment = *segments_[index];
  if (reaches_end(upto)) return segment.size();
  upto = std::min(upto, end_);
  const std::size_t last = index_for(upto);
  if (index != last) return index < last ? segment.size() : 0;
  const auto place = segment.find(upto);
  if (!place.ok()) return fail(place.error());
  return place.value() ? place.value()->position : segment.size();
}

Status<IoError> LocalLog::find_extent(Offset offset, Offset upto, Extent& extent) const {
  if (offset >= std::min(upto, end_)) return {};
  if (reaches_end(upto)) {
    if (const BatchPlace* last = active().last_if_holds(offset)) {
      extent.begin_with(segments_.size() - 1, *last, active().size());
      return {};
    }
  }
  for (std::size_t i = index_for(offset); i < segments_.size(); ++i) {
    const auto place = segments_[i]->find(offset);
    if (!place.ok()) return fail(place.error());
    if (!*place) continue;  // A gap: the next batch is in a later segment.
    const auto end = end_position(i, upto);
    if (!end.ok()) return fail(end.error());
    if (*end > (*place)->position) extent.begin_with(i, **place, *end);
    break;
  }
  return {};
}

Status<IoError> LocalLog::read(Offset offset, std::int64_t max_bytes, Offset upto,
                               bool min_one_batch, ReadResult& result) const {
  Extent extent;
  if (auto found = find_extent(offset, upto, extent); !found.ok()) return found;
  const std::int64_t size = part_of(extent, max_bytes, min_one_batch);
  result.first_batch_too_large = size == 0 && extent.size() > 0;
  if (size == 0) return {};
  const LogSegment& segment = *segments_[extent.segment];
  auto bytes = segment.read(extent.begin, size);
  if (!bytes.ok()) return fail(bytes.error());
  result.bytes = std::move(bytes).value();
  result.first_base_offset = extent.first_base_offset;
  result.file = segment.file();
  result.position = extent.begin;
  return {};
}

Status<IoError> LocalLog::read_records(Offset offset, std::int64_t max_bytes, Offset upto,
                                       bool min_one_batch, Records& result) const {
  Extent extent;
  if (auto found = find_extent(offset, upto, extent); !found.ok()) return found;
  const std::int64_t size = part_of(extent, max_bytes, min_one_batch);
  if (size == 0) return {};
  auto records = segments_[extent.segment]->read_records(extent.begin, size);
  if (!records.ok()) return fail(records.error());
  result = std::move(records).value();
  return {};
}

Result<Readable, IoError> LocalLog::readable(Offset offset, Offset upto) const {
  Extent extent;
  if (auto found = find_extent(offset, upto, extent); !found.ok()) return fail(found.error());
  if (extent.size() == 0) return Readable{};
  return Readable{extent.size(), extent.segment < index_for(std::min(upto, end_))};
}

Result<std::optional<FoundRecord>, IoError> LocalLog::find_timestamp(Timestamp timestamp,
                                                                     Offset from) const {
  for (const auto& segment : segments_) {
    if (segment->max_timestamp().timestamp >= timestamp) {
      return segment->find_timestamp(timestamp, from);
    }
  }
  return std::optional<FoundRecord>();
}

std::vector<AbortedTransaction> LocalLog::aborted_transactions(Offset from, Offset upto) const {
  std::vector<AbortedTransaction> found;
  for (std::size_t i = index_for(from); i < segments_.size(); ++i) {
    if (segments_[i]->transactions().collect(from, upto, found)) break;
  }
  return found;
}

// --- Removing ---

Status<IoError> LocalLog::truncate_to(Offset offset, Timestamp now) {
  const bool removes = active().base_offset() > offset;
  while (active().base_offset() > offset) {
    if (auto removed = remove_last(); !removed.ok()) return removed;
  }
  if (removes && config_->sync_in_order) {
    if (auto synced = env_->sync_dir(dir_); !synced.ok()) return synced;
  }
  if (auto cut = active().truncate_to(offset, now); !cut.ok()) return fail(cut.error());
  end_ = offset;
  recovery_point_ = std::min(recovery_point_, offset);
  return {};
}

Status<IoError> LocalLog::start_empty_at(Offset offset, Timestamp now) {
  while (!segments_.empty()) {
    if (auto removed = remove_last(); !removed.ok()) return removed;
  }
  if (auto created = create_segment(offset, now); !created.ok()) return created;
  end_ = offset;
  recovery_point_ = std::min(recovery_point_, offset);
  return {};
}

Status<IoError> LocalLog::remove_first() {
  names_changed_ = true;
  const bool at_once = config_->file_delete_delay_ms == 0;
  auto removed = at_once ? first().remove_files() : first().rename_files(deleted_suffix);
  if (!at_once) condemned_.push_back(std::move(segments_.front()));
  segments_.erase(segments_.begin());
  return removed;
}

Status<IoError> LocalLog::remove_condemned(std::size_t count) {
  names_changed_ = true;
  for (count = std::min(count, condemned_.size()); count > 0; --count) {
    auto removed = condemned_.front()->remove_files();
    condemned_.erase(condemned_.begin());
    if (!removed.ok()) return removed;
  }
  return {};
}

Status<IoError> LocalLog::remove_last() {
  names_changed_ = true;
  auto removed = active().remove_files();
  segments_.pop_back();
  return removed;
}

Status<IoError> LocalLog::replace(std::unique_ptr<LogSegment> cleaned, std::size_t first,
                                  std::size_t count) {
  ENSURE(count > 0 && first + count < segments_.size(), "the active segment is never replaced");
  if (auto named = cleaned->rename_files(swap_suffix); !named.ok()) return named;
  if (auto synced = env_->sync_dir(dir_); !synced.ok()) return synced;
  const auto begin = segments_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto end = begin + static_cast<std::ptrdiff_t>(count);
  // What is served from here on is the copy, whatever the rest answers.
  LogSegment& copy = *cleaned;
  Segments originals(std::make_move_iterator(begin), std::make_move_iterator(end));
  *begin = std::move(cleaned);
  segments_.erase(std::next(begin), end);
  for (const auto& segment : originals) {
    if (auto removed = segment->remove_files(); !removed.ok()) return removed;
  }
  if (auto named = copy.rename_files({}); !named.ok()) return named;
  return env_->sync_dir(dir_);
}

// --- Syncing ---

Status<IoError> LocalLog::sync_segments(Offset upto) {
  for (std::size_t i = index_for(recovery_point_); i < segments_.size(); ++i) {
    if (segments_[i]->base_offset() >= upto) break;
    if (auto synced = segments_[i]->sync(); !synced.ok()) return synced;
  }
  return {};
}

Status<IoError> LocalLog::sync_names() {
  if (!names_changed_) return {};
  if (auto synced = env_->sync_dir(dir_); !synced.ok()) return synced;
  names_changed_ = false;
  return {};
}

}  // namespace brokerlab::log
