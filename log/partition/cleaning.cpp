#include "log/partition/cleaning.h"

#include "log/batch/batch_filter.h"
#include "log/partition/cleaned_transactions.h"
#include "log/partition/offset_map.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::log {
namespace {

Failure<LogError> failed(const IoError& error) {
  const bool damaged = error.kind == IoErrorKind::malformed;
  return fail(LogError{.kind = damaged ? LogError::Kind::corrupt : LogError::Kind::io,
                       .message = error.text(),
                       .io = error});
}

/// Each batch of a segment, in order, its bytes read. What is damaged since it was written is
/// neither dropped nor given a new checksum: it is an error, malformed.
template <class Visit>
Status<IoError> for_each_batch(const std::string& dir, const LogSegment& segment,
                               const Visit& visit) {
  Offset next = segment.base_offset();
  for (std::int64_t position = 0; position < segment.size();) {
    const auto damaged = [&](std::string_view what) {
      return fail(IoError{IoErrorKind::malformed,
                          join_path(dir, segment_file_name(segment.base_offset(), log_suffix)),
                          fmt::format("damaged at position {}: {}", position, what)});
    };
    const auto place = segment.batch_at(position);
    if (!place.ok()) return fail(place.error());
    if (!*place) return damaged("no whole batch begins here");
    const auto bytes = segment.read(position, (*place)->batch.size);
    if (!bytes.ok()) return fail(bytes.error());
    const auto batch = validate(*bytes);
    if (!batch.ok()) return damaged(batch.error().message);
    if (batch->header_offset() < next || !segment.can_hold(batch->last_offset())) {
      return damaged(
          fmt::format("a batch at offset {}, {} or more expected", batch->header_offset(), next));
    }
    const auto going = visit(*batch);
    if (!going.ok()) return fail(going.error());
    if (!*going) break;
    next = batch->next_offset();
    position = (*place)->end();
  }
  return {};
}

std::optional<EndTransactionMarker> marker_in(const BatchView& batch) {
  const auto marker = read_marker(batch);
  return marker.ok() ? *marker : std::nullopt;
}

/// What a wrapper of an old format holds need not be in order, but what is built must.
bool offsets_grow(const std::vector<Record>& records) {
  return std::adjacent_find(records.begin(), records.end(), [](const Record& a, const Record& b) {
           return a.offset >= b.offset;
         }) == records.end();
}

}  // namespace

/// The map, then the copies.
class LogCleaning::Work {
 public:
  Work(Log& log, const CleanerConfig& config, Offset first_dirty, Offset first_uncleanable,
       Timestamp now)
      : log_(log),
        config_(config),
        now_(now),
        first_dirty_(first_dirty),
        first_uncleanable_(first_uncleanable),
        map_(config.dedupe_buffer_size, config.dedupe_buffer_load_factor) {
    stats_.first_dirty_offset = first_dirty;
    // A transaction may end in a later segment than its records.
    for (const auto& segment : log_.segments())
      transactions_.add(segment->transactions().entries());
  }

  /// Notes the keys in [from, upto); ends earlier when the map is full. The first offset not noted.
  Result<Offset, IoError> build_map(Offset from, Offset upto) {
    CleanedTransactions transactions;
    map_.note_latest(from - 1);
    for (const auto& segment : log_.segments()) {
      // The marker of one that was over before `from` may not be met: it would never end.
      std::vector<AbortedTransaction> aborted = segment->transactions().entries();
      std::erase_if(aborted, [from](const auto& one) { return one.last_offset < from; });
      transactions.add(aborted);
    }
    for (std::size_t i = 0; i < log_.segments().size(); ++i) {
      const LogSegment& segment = *log_.segments()[i];
      if (segment.base_offset() >= upto) break;
      const bool behind_from =
          i + 1 < log_.segments().size() && log_.segments()[i + 1]->base_offset() <= from;
      if (behind_from) continue;
      bool full = false;
      auto read =
          for_each_batch(log_.dir(), segment, [&](const BatchView& batch) -> Result<bool, IoError> {
            // Open transactions may begin in the middle of a segment: their records replace
            // nothing.
            if (batch.header_offset() >= upto) return false;
            full = !note(batch, from, transactions);
            if (!full) map_.note_latest(std::max(map_.latest_offset(), batch.last_offset()));
            return !full;
          });
      if (!read.ok()) return fail(read.error());
      if (full) break;
    }
    stats_.keys = map_.size();
    return map_.latest_offset() + 1;
  }

  Status<LogError> build_map() {
    const auto end = build_map(first_dirty_, first_uncleanable_);
    if (!end.ok()) return failed(end.error());
    groups_ = groups(*end);
    stats_.first_dirty_offset = *end;
    return {};
  }
  std::size_t groups_left() const { return groups_.size() - next_; }

  Result<bool, LogError> copy_next() {
    if (log_.offline()) return fail(*log_.offline());
    const auto first = place_of(groups_[next_]);
    if (!first) return false;
    auto copied = copy(*first, groups_[next_].size());
    if (!copied.ok()) return failed(copied.error());
    copy_ = std::move(copied).value();
    ++next_;
    return true;
  }
  std::vector<const LogSegment*> originals() const {
    std::vector<const LogSegment*> segments;
    const auto first = place_of(groups_[next_ - 1]);
    for (std::size_t i = 0; first && i < groups_[next_ - 1].size(); ++i) {
      segments.push_back(log_.segments()[*first + i].get());
    }
    return segments;
  }
  const LogSegment& copy() const { return *copy_; }
  Result<bool, LogError> put_in_place() {
    const std::vector<Offset>& group = groups_[next_ - 1];
    const auto first = place_of(group);
    if (!first) return false;
    auto replaced = log_.replace_segments(std::move(copy_), *first, group.size());
    if (!replaced.ok()) return fail(replaced.error());
    return true;
  }
  Status<LogError> drop_copy() {
    if (!copy_) return {};
    auto removed = copy_->remove_files();
    copy_.reset();
    if (!removed.ok()) return failed(removed.error());
    return {};
  }
  Offset end() const { return stats_.first_dirty_offset; }
  const CleanerStats& stats() const { return stats_; }

 private:
  /// Segments, by base offset, that make one together.
  using Group = std::vector<Offset>;

  /// The index of its first one; nothing when they are not together in the log any more.
  std::optional<std::size_t> place_of(const Group& group) const {
    const auto& segments = log_.segments();
    const auto first = std::find_if(segments.begin(), segments.end(), [&](const auto& segment) {
      return segment->base_offset() == group.front();
    });
    const auto left = static_cast<std::size_t>(segments.end() - first);
    if (left <= group.size()) return std::nullopt;  // the active one is never cleaned
    const bool same =
        std::equal(group.begin(), group.end(), first,
                   [](Offset base, const auto& segment) { return segment->base_offset() == base; });
    return same ? std::optional(static_cast<std::size_t>(first - segments.begin())) : std::nullopt;
  }

  /// Up to `upto`, in order.
  std::vector<Group> groups(Offset upto) const {
    std::vector<Group> groups;
    std::int64_t size = 0;
    std::int64_t entries = 0;
    Offset base = 0;
    const auto& segments = log_.segments();
    for (std::size_t i = 0; i + 1 < segments.size() && segments[i]->base_offset() < upto; ++i) {
      const auto own = static_cast<std::int64_t>(segments[i]->offset_index().size());
      const bool fits = !groups.empty() &&
                        size + segments[i]->size() <= log_.config().segment_bytes &&
                        8 * (entries + own) <= log_.config().segment_index_bytes &&
                        segments[i + 1]->base_offset() - 1 - base <= INT32_MAX;
      if (!fits) {
        groups.emplace_back();
        size = 0;
        entries = 0;
        base = segments[i]->base_offset();
      }
      groups.back().push_back(segments[i]->base_offset());
      size += segments[i]->size();
      entries += own;
    }
    return groups;
  }

  /// Copies what stays of the segments into a new one, which is synced.
  Result<std::unique_ptr<LogSegment>, IoError> copy(std::size_t first, std::size_t count) {
    const auto& segments = log_.segments();
    auto created = LogSegment::create(log_.env(), log_.dir(), segments[first]->base_offset(),
                                      log_.config(), now_, cleaned_suffix);
    if (!created.ok()) return fail(created.error());
    auto cleaned = std::make_unique<LogSegment>(std::move(created).value());
    for (std::size_t i = first; i < first + count; ++i) {
      ++stats_.segments_before;
      auto copied = for_each_batch(log_.dir(), *segments[i],
                                   [&](const BatchView& batch) -> Result<bool, IoError> {
                                     if (auto done = copy_batch(batch, *cleaned); !done.ok())
                                       return fail(done.error());
                                     return true;
                                   });
      if (!copied.ok()) return fail(copied.error());
    }
    if (auto finished = cleaned->finish_time_index(); !finished.ok()) return fail(finished.error());
    if (auto synced = cleaned->sync(); !synced.ok()) return fail(synced.error());
    ++stats_.segments_after;
    return cleaned;
  }

  /// False: the map is full.
  bool note(const BatchView& batch, Offset from, CleanedTransactions& transactions) {
    if (batch.is_control()) {
      transactions.on_marker(batch, marker_in(batch));
      return true;
    }
    if (transactions.on_batch(batch)) return true;
    // All of it or nothing: what cannot be read to its end must not replace what can.
    keys_.clear();
    const auto read = for_each_record(batch, scratch_, [&](const RecordView& record) {
      if (record.key && record.offset >= from) keys_.push_back({*record.key, record.offset});
      return true;
    });
    if (!read.ok()) return true;
    for (const NotedKey& noted : keys_) {
      if (!map_.put(noted.key, noted.offset)) return false;
    }
    return true;
  }

  /// What remembers an active producer: its last data batch, or else the marker of its epoch.
  bool is_last_of_producer(const BatchView& batch) const {
    const ProducerState* producer = log_.producers().find(batch.producer_id());
    if (producer == nullptr) return false;
    if (producer->last_offset() != no_offset) return producer->last_offset() == batch.last_offset();
    return batch.is_control() && batch.producer_epoch() == producer->epoch;
  }

  bool stays(const Record& record, const BatchView& batch) {
    if (record.offset > map_.latest_offset()) return true;
    if (!record.key) {
      ++stats_.records_without_key;
      return false;
    }
    if (record.offset < map_.get(*record.key).value_or(no_offset)) return false;
    // Formats 0 and 1 have no place for a horizon: their tombstones stay. (Kafka goes by the age of
    // the file when there is a clean part.)
    const auto horizon = batch.delete_horizon();
    return record.value.has_value() || !horizon || now_ < *horizon;
  }

  Status<IoError> copy_batch(const BatchView& batch, LogSegment& cleaned) {
    stats_.bytes_read += static_cast<std::int64_t>(batch.size());
    stats_.records_read += batch.record_count();
    bool discard = false;
    bool marker_without_records = false;
    if (batch.is_control()) {
      const auto marker = transactions_.on_marker(batch, marker_in(batch));
      if (marker.aborted) {
        auto noted = cleaned.transactions().append(log_.env(), *marker.aborted);
        if (!noted.ok()) return noted;
      }
      marker_without_records = marker.without_records;
      const auto horizon = batch.delete_horizon();
      discard = marker_without_records && horizon && *horizon <= now_;
    } else {
      discard = transactions_.on_batch(batch);
    }
    const bool last = batch.producer_id() != no_producer_id && is_last_of_producer(batch);
    if (discard && !last) return {};

    std::vector<Record> kept;
    bool all = true;
    bool tombstones = false;
    if (!discard) {
      auto records = decode_records(batch);
      if (!records.ok()) return append(batch.bytes(), cleaned, batch.record_count());
      for (Record& record : *records) {
        if (!batch.is_control() && !stays(record, batch)) {
          all = false;
          continue;
        }
        tombstones = tombstones || (!batch.is_control() && !record.value);
        kept.push_back(std::move(record));
      }
    } else {
      all = false;
    }
    if (kept.empty() && !last) return {};
    const auto horizon = batch.delete_horizon();
    const bool set_horizon =
        !batch.is_legacy() && (tombstones || marker_without_records) && !horizon && !kept.empty();
    const auto count = static_cast<std::int64_t>(kept.size());
    if (all && !set_horizon) return append(batch.bytes(), cleaned, count);
    if (batch.is_legacy() && !offsets_grow(kept)) {  // Kafka's cleaner fails here.
      return append(batch.bytes(), cleaned, batch.record_count());
    }
    const auto until = set_horizon ? std::optional(now_ + config_.delete_retention_ms) : horizon;
    return append(filter_batch(batch, kept, until), cleaned, count);
  }

  Status<IoError> append(ByteView bytes, LogSegment& cleaned, std::int64_t records) {
    stats_.records_kept += records;
    stats_.bytes_kept += static_cast<std::int64_t>(bytes.size());
    const BatchSummary batch = BatchView::parse(bytes).value().summary();
    return cleaned.append(bytes, {&batch, 1});
  }

  struct NotedKey {
    ByteView key;  ///< In the batch or in scratch_.
    Offset offset = 0;
  };

  Log& log_;
  const CleanerConfig config_;
  const Timestamp now_;
  const Offset first_dirty_;
  const Offset first_uncleanable_;
  std::vector<Group> groups_;
  std::size_t next_ = 0;              ///< Of the groups: not copied yet.
  std::unique_ptr<LogSegment> copy_;  ///< Of the one before, not in place yet.
  OffsetMap map_;
  std::vector<NotedKey> keys_;
  CleanedTransactions transactions_;
  ByteVector scratch_;
  CleanerStats stats_;
};

LogCleaning::LogCleaning(Log& log, const CleanerConfig& config, Offset first_dirty,
                         Offset first_uncleanable, Timestamp now)
    : work_(std::make_unique<Work>(log, config, first_dirty, first_uncleanable, now)) {}
LogCleaning::~LogCleaning() = default;
LogCleaning::LogCleaning(LogCleaning&&) noexcept = default;

Status<LogError> LogCleaning::build_map() { return work_->build_map(); }
std::size_t LogCleaning::groups_left() const { return work_->groups_left(); }
Result<bool, LogError> LogCleaning::copy_next() { return work_->copy_next(); }
std::vector<const LogSegment*> LogCleaning::originals() const { return work_->originals(); }
const LogSegment& LogCleaning::copy() const { return work_->copy(); }
Result<bool, LogError> LogCleaning::put_in_place() { return work_->put_in_place(); }
Status<LogError> LogCleaning::drop_copy() { return work_->drop_copy(); }
Offset LogCleaning::end() const { return work_->end(); }
const CleanerStats& LogCleaning::stats() const { return work_->stats(); }

}  // namespace brokerlab::log
