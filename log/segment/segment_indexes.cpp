#include "log/segment/segment_indexes.h"

namespace brokerlab::log {

Status<IoError> SegmentIndexes::create(const SegmentNames& names) {
  auto offsets = names.create(index_suffix);
  if (!offsets.ok()) return fail(offsets.error());
  auto times = names.create(time_index_suffix);
  if (!times.ok()) return fail(times.error());
  offsets_ = {std::move(offsets).value(), base_offset_};
  times_ = {std::move(times).value(), base_offset_};
  return {};
}

Result<bool, IoError> SegmentIndexes::open(const SegmentNames& names, std::int64_t log_size) {
  if (!names.exists(index_suffix) || !names.exists(time_index_suffix)) return false;
  auto offsets = names.open(index_suffix);
  if (!offsets.ok()) return fail(offsets.error());
  offsets_ = {std::move(offsets).value(), base_offset_};
  auto times = names.open(time_index_suffix);
  if (!times.ok()) return fail(times.error());
  times_ = {std::move(times).value(), base_offset_};
  const auto offsets_loaded = offsets_.load();
  if (!offsets_loaded.ok()) return fail(offsets_loaded.error());
  const auto times_loaded = times_.load();
  if (!times_loaded.ok()) return fail(times_loaded.error());
  if (!*offsets_loaded || !*times_loaded || !grow(log_size)) {
    offsets_.clear();
    times_.clear();
    return false;
  }
  // A segment that was closed or rolled had its largest timestamp written last.
  if (!times_.empty()) max_timestamp_ = times_.back();
  return true;
}

bool SegmentIndexes::grow(std::int64_t log_size) const {
  OffsetPosition before{base_offset_ - 1, -1};
  for (std::size_t i = 0; i < offsets_.size(); ++i) {
    const OffsetPosition entry = offsets_[i];
    if (entry.offset <= before.offset || entry.position <= before.position) return false;
    before = entry;
  }
  if (before.position >= log_size) return false;
  TimestampOffset last{no_timestamp, base_offset_};
  for (std::size_t i = 0; i < times_.size(); ++i) {
    const TimestampOffset entry = times_[i];
    if (entry.timestamp <= last.timestamp || entry.offset < last.offset) return false;
    last = entry;
  }
  return true;
}

bool SegmentIndexes::full() const {
  const auto most = static_cast<std::size_t>(config_->segment_index_bytes);
  return offsets_.size() >= most / OffsetPosition::entry_size ||
         times_.size() + 1 >= most / TimestampOffset::entry_size;
}

void SegmentIndexes::raise_max_timestamp(const BatchSummary& batch) {
  if (batch.max_timestamp > max_timestamp_.timestamp) {
    max_timestamp_ = {batch.max_timestamp, batch.last_offset};
  }
}

Result<bool, IoError> SegmentIndexes::note(const BatchPlace& place) {
  raise_max_timestamp(place.batch);
  const bool due = bytes_since_entry_ > config_->index_interval_bytes;
  if (due) {
    auto added = offsets_.append({place.batch.last_offset, place.position});
    if (!added.ok()) return fail(added.error());
    if (auto finished = finish_times(); !finished.ok()) return fail(finished.error());
    bytes_since_entry_ = 0;
  }
  bytes_since_entry_ += place.batch.size;
  return due;
}

Status<IoError> SegmentIndexes::finish_times() {
  const Timestamp last = times_.empty() ? no_timestamp : times_.back().timestamp;
  return max_timestamp_.timestamp > last ? times_.append(max_timestamp_) : Status<IoError>();
}

Status<IoError> SegmentIndexes::cut(Offset offset) {
  const auto is_kept = [offset](const auto& entry) { return entry.offset < offset; };
  if (auto cut = offsets_.cut(offsets_.count_while(is_kept)); !cut.ok()) return cut;
  if (auto cut = times_.cut(times_.count_while(is_kept)); !cut.ok()) return cut;
  return {};
}

void SegmentIndexes::fall_back_to_last_time_entry() {
  bytes_since_entry_ = 0;
  max_timestamp_ = times_.empty() ? TimestampOffset{no_timestamp, base_offset_} : times_.back();
}

/// What is not believed is written into the files that are there, as Kafka does. Otherwise, where
/// there is an offset index its time index must be whole: so the first goes before, and comes
/// after, the other is written. (A beginning of an offset index does no harm, one of a time index
/// hides the largest timestamps.)
Status<IoError> SegmentIndexes::rewrite(const SegmentNames& names, const Contents& contents,
                                        bool believed) {
  max_timestamp_ = contents.max_timestamp;
  bytes_since_entry_ = contents.bytes_since_entry;
  if (!believed && offsets_.is_open() && times_.is_open()) {
    if (auto written = offsets_.replace(contents.offsets); !written.ok()) return written;
    return times_.replace(contents.times);
  }
  close();
  for (const std::string_view suffix : {index_suffix, time_index_suffix}) {
    if (!names.exists(suffix)) continue;
    if (auto removed = names.env().remove(names.path(suffix)); !removed.ok()) return removed;
  }
  auto times = names.create(time_index_suffix);
  if (!times.ok()) return fail(times.error());
  times_ = {std::move(times).value(), base_offset_};
  if (auto written = times_.replace(contents.times); !written.ok()) return written;
  if (believed) {
    if (auto synced = times_.sync(); !synced.ok()) return synced;
  }
  auto offsets = names.create(index_suffix);
  if (!offsets.ok()) return fail(offsets.error());
  offsets_ = {std::move(offsets).value(), base_offset_};
  return offsets_.replace(contents.offsets);
}

Status<IoError> SegmentIndexes::flush() {
  if (auto flushed = offsets_.flush(); !flushed.ok()) return flushed;
  return times_.flush();
}

void SegmentIndexes::close() {
  offsets_.close();
  times_.close();
}

}  // namespace brokerlab::log
