#include "log/partition/segment.h"

#include "base/integer_text.h"
#include "log/partition/checkpoint_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace brokerlab::log {
namespace {

constexpr std::size_t file_number_digits = 20;

Result<std::unique_ptr<File>, IoError> create_anew(Env& env, const std::string& path) {
  if (env.exists(path)) {
    if (auto removed = env.remove(path); !removed.ok()) return fail(removed.error());
  }
  return env.create(path);
}

}  // namespace

std::string segment_file_name(Offset base_offset, std::string_view suffix) {
  return fmt::format("{:020d}{}", base_offset, suffix);
}

std::optional<Offset> base_offset_of(std::string_view file_name, std::string_view suffix) {
  if (file_name.size() != file_number_digits + suffix.size() || !file_name.ends_with(suffix)) {
    return std::nullopt;
  }
  const auto digits = file_name.substr(0, file_number_digits);
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return parse_integer<Offset>(digits);
}

LogSegment::LogSegment(Env& env, std::string dir, Offset base_offset, const LogConfig& config,
                       std::string_view file_suffix)
    : env_(&env),
      dir_(std::move(dir)),
      base_offset_(base_offset),
      config_(&config),
      file_suffix_(file_suffix),
      transactions_(path(transaction_index_suffix)) {}

std::string LogSegment::path(std::string_view suffix) const {
  return join_path(dir_, segment_file_name(base_offset_, suffix) + file_suffix_);
}

Result<LogSegment, IoError> LogSegment::create(Env& env, const std::string& dir, Offset base_offset,
                                               const LogConfig& config, Timestamp now,
                                               std::string_view file_suffix) {
  LogSegment segment(env, dir, base_offset, config, file_suffix);
  auto log = create_anew(env, segment.path(log_suffix));
  if (!log.ok()) return fail(log.error());
  auto index = create_anew(env, segment.path(index_suffix));
  if (!index.ok()) return fail(index.error());
  auto time_index = create_anew(env, segment.path(time_index_suffix));
  if (!time_index.ok()) return fail(time_index.error());
  segment.log_ = std::move(log).value();
  segment.offset_index_ = {std::move(index).value(), base_offset};
  segment.time_index_ = {std::move(time_index).value(), base_offset};
  segment.created_ = now;
  if (auto none = segment.transactions_.reset(env); !none.ok()) return fail(none.error());
  return segment;
}

Result<LogSegment::Opened, IoError> LogSegment::open(Env& env, const std::string& dir,
                                                     Offset base_offset, const LogConfig& config,
                                                     Timestamp now, std::string_view file_suffix) {
  LogSegment segment(env, dir, base_offset, config, file_suffix);
  segment.created_ = now;
  auto log = env.open(segment.path(log_suffix));
  if (!log.ok()) return fail(log.error());
  segment.log_ = std::move(log).value();
  // A missing index is made by recover() only: an empty one would be taken for whole if the process
  // died now.
  bool complete =
      env.exists(segment.path(index_suffix)) && env.exists(segment.path(time_index_suffix));
  if (complete) {
    auto index = env.open(segment.path(index_suffix));
    if (!index.ok()) return fail(index.error());
    segment.offset_index_ = {std::move(index).value(), base_offset};
    auto time_index = env.open(segment.path(time_index_suffix));
    if (!time_index.ok()) return fail(time_index.error());
    segment.time_index_ = {std::move(time_index).value(), base_offset};
    const auto loaded = segment.load_indexes();
    if (!loaded.ok()) return fail(loaded.error());
    complete = loaded.value();
  }
  const auto aborted = segment.transactions_.load(env);
  if (!aborted.ok()) return fail(aborted.error());
  const auto first = segment.batch_at(0);
  if (!first.ok()) return fail(first.error());
  if (first.value()) segment.first_timestamp_ = first.value()->batch.max_timestamp;
  return Opened{std::move(segment), complete && aborted.value()};
}

/// False, and no entries, when the bytes cannot be indexes of this log.
Result<bool, IoError> LogSegment::load_indexes() {
  const auto offsets_loaded = offset_index_.load();
  if (!offsets_loaded.ok()) return fail(offsets_loaded.error());
  const auto times_loaded = time_index_.load();
  if (!times_loaded.ok()) return fail(times_loaded.error());
  if (!*offsets_loaded || !*times_loaded || !indexes_grow()) {
    offset_index_.clear();
    time_index_.clear();
    return false;
  }
  // A segment that was closed or rolled had its largest timestamp written last.
  if (!time_index_.empty()) max_timestamp_ = time_index_.back();
  return true;
}

bool LogSegment::indexes_grow() const {
  OffsetPosition before{base_offset_ - 1, -1};
  for (std::size_t i = 0; i < offset_index_.size(); ++i) {
    const OffsetPosition entry = offset_index_[i];
    if (entry.offset <= before.offset || entry.position <= before.position) return false;
    before = entry;
  }
  if (before.position >= size()) return false;
  TimestampOffset last{no_timestamp, base_offset_};
  for (std::size_t i = 0; i < time_index_.size(); ++i) {
    const TimestampOffset entry = time_index_[i];
    if (entry.timestamp <= last.timestamp || entry.offset < last.offset) return false;
    last = entry;
  }
  return true;
}

bool LogSegment::can_hold(Offset last_offset) const {
  return last_offset >= base_offset_ &&
         last_offset - base_offset_ <= std::numeric_limits<std::int32_t>::max();
}

bool LogSegment::should_roll(std::int64_t incoming_size, Timestamp incoming_max_timestamp,
                             Offset incoming_last_offset, Timestamp now) const {
  // Age counts in the records' own time where they have one.
  const bool dated = first_timestamp_.value_or(no_timestamp) >= 0;
  // What is older than the first record makes it no older, however far back it is.
  const std::int64_t age =
      dated ? std::max(incoming_max_timestamp, *first_timestamp_) - *first_timestamp_
            : now - created_;
  const auto index_bytes = static_cast<std::size_t>(config_->segment_index_bytes);
  return size() > config_->segment_bytes - incoming_size ||
         (size() > 0 && age > config_->longest_active_ms()) ||
         offset_index_.size() >= index_bytes / OffsetPosition::entry_size ||
         time_index_.size() + 1 >= index_bytes / TimestampOffset::entry_size ||
         !can_hold(incoming_last_offset);
}

Status<IoError> LogSegment::append(ByteView bytes, std::span<const BatchSummary> batches) {
  ENSURE(can_hold(batches.back().last_offset), "offset {} in the segment of {}",
         batches.back().last_offset, base_offset_);
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
  ENSURE(can_hold(last_offset), "offset {} in the segment of {}", last_offset, base_offset_);
  const std::int64_t position = size();
  if (auto appended = log_->append_phantom(batch); !appended.ok()) return appended;
  return index_batch({position, batch.summary()});
}

Status<IoError> LogSegment::index_batch(const BatchPlace& place) {
  const BatchSummary& batch = place.batch;
  if (place.position == 0) first_timestamp_ = batch.max_timestamp;
  if (batch.max_timestamp > max_timestamp_.timestamp) {
    max_timestamp_ = {batch.max_timestamp, batch.last_offset};
  }
  if (bytes_since_index_entry_ > config_->index_interval_bytes) {
    const OffsetPosition entry{batch.last_offset, place.position};
    if (auto added = offset_index_.append(entry); !added.ok()) return added;
    if (auto added = maybe_add_time_entry(); !added.ok()) return added;
    bytes_since_index_entry_ = 0;
    recent_.clear();
  }
  bytes_since_index_entry_ += batch.size;
  recent_.push_back(place);
  return {};
}

Status<IoError> LogSegment::maybe_add_time_entry() {
  const Timestamp last = time_index_.empty() ? no_timestamp : time_index_.back().timestamp;
  if (max_timestamp_.timestamp <= last) return {};
  return time_index_.append(max_timestamp_);
}

Status<IoError> LogSegment::finish_time_index() { return maybe_add_time_entry(); }

Result<std::optional<BatchPlace>, IoError> LogSegment::batch_at(std::int64_t position) const {
  if (position >= size()) return std::optional<BatchPlace>();
  std::array<std::byte, batch_header_size> bytes;
  ByteView piece = log_->mapped();
  if (!piece.empty()) {
    piece = piece.subspan(static_cast<std::size_t>(position));
    piece = piece.first(std::min(piece.size(), batch_header_size));
  } else {
    const auto got = log_->read_at(position, bytes);
    if (!got.ok()) return fail(got.error());
    piece = ByteView(bytes).first(got.value());
  }
  const auto header = read_batch_header(piece);
  if (!header.ok() || header->size > size() - position) return std::optional<BatchPlace>();
  return std::optional<BatchPlace>({position, *header});
}

/// Batches of a kind make the offsets of index entries grow evenly.
std::size_t LogSegment::guess_entry(Offset offset) const {
  if (offset_index_.empty() || offset <= base_offset_) return 0;
  const Offset last = offset_index_.back().offset;
  if (offset >= last) return offset_index_.size();
  const double part =
      static_cast<double>(offset - base_offset_) / static_cast<double>(last - base_offset_);
  return static_cast<std::size_t>(static_cast<double>(offset_index_.size()) * part);
}

/// The last batch that the index knows of up to `offset`, or the first of all. Entries are hints:
/// those that lead to no batch of theirs are passed over.
Result<std::optional<BatchPlace>, IoError> LogSegment::indexed_batch_before(Offset offset) const {
  std::size_t known = offset_index_.count_while(
      [offset](const OffsetPosition& entry) { return entry.offset <= offset; },
      guess_entry(offset));
  for (; known > 0; --known) {
    const OffsetPosition entry = offset_index_[known - 1];
    auto place = batch_at(entry.position);
    if (!place.ok()) return place;
    if (!place.value()) continue;
    const Offset found = place.value()->batch.base_offset;
    if (found >= base_offset_ && found <= entry.offset) return place;
  }
  return batch_at(0);
}

Result<std::optional<BatchPlace>, IoError> LogSegment::find(Offset offset) const {
  if (!recent_.empty() && offset >= recent_.front().batch.base_offset) {
    const auto found = std::partition_point(
        recent_.begin(), recent_.end(),
        [offset](const BatchPlace& place) { return place.batch.last_offset < offset; });
    return found == recent_.end() ? std::optional<BatchPlace>() : *found;
  }
  auto place = indexed_batch_before(offset);
  if (place.ok() && place.value()) prefetch_headers(*place.value(), offset);
  while (place.ok() && place.value() && place.value()->batch.last_offset < offset) {
    place = batch_at(place.value()->end());
  }
  return place;
}

/// Each header tells where the next one is: memory is waited for as often as there are batches on
/// the way to `offset`. Neighbours are often alike, so all are asked for where they should be.
void LogSegment::prefetch_headers(const BatchPlace& first, Offset offset) const {
  constexpr Offset most = 32;
  const ByteView mapped = log_->mapped();
  const BatchSummary& batch = first.batch;
  const Offset steps = (offset - batch.base_offset) / (batch.last_offset - batch.base_offset + 1);
  for (Offset step = 1; step <= std::min(steps, most); ++step) {
    const auto at = static_cast<std::size_t>(first.position + step * batch.size);
    if (at >= mapped.size()) break;
    __builtin_prefetch(mapped.data() + at);
    __builtin_prefetch(mapped.data() + at + batch_header_size - 1);
  }
}

Result<ByteSlice, IoError> LogSegment::read(std::int64_t position, std::int64_t size) const {
  ENSURE(position >= 0 && size > 0);
  const auto wanted = static_cast<std::size_t>(size);
  auto bytes = bytes_to_fill(wanted);
  const auto got = log_->read_at(position, {bytes.get(), wanted});
  if (!got.ok()) return fail(got.error());
  return ByteSlice(std::move(bytes), got.value());
}

Result<std::optional<LogSegment::FoundRecord>, IoError> LogSegment::find_timestamp(
    Timestamp target, Offset from) const {
  const std::size_t before = time_index_.count_while(
      [target](const TimestampOffset& entry) { return entry.timestamp <= target; });
  const Offset hint = before == 0 ? base_offset_ : time_index_[before - 1].offset;
  auto place = indexed_batch_before(std::max(hint, from));
  ByteVector scratch;
  for (; place.ok() && place.value(); place = batch_at(place.value()->end())) {
    const BatchSummary& summary = place.value()->batch;
    if (summary.max_timestamp < target || summary.last_offset < from) continue;
    const auto bytes = read(place.value()->position, summary.size);
    if (!bytes.ok()) return fail(bytes.error());
    const auto batch = BatchView::parse(bytes.value());
    if (!batch.ok()) break;
    std::optional<FoundRecord> found;
    const auto scanned = for_each_record(*batch, scratch, [&](const RecordView& record) {
      if (record.timestamp < target || record.offset < from) return true;
      found = FoundRecord{record.timestamp, record.offset, summary.leader_epoch};
      return false;
    });
    if (found) return found;
    if (!scanned.ok()) break;  // Damaged on disk since it was checked; recovery's business.
  }
  if (!place.ok()) return fail(place.error());
  return std::optional<FoundRecord>();
}

Result<std::optional<BatchPlace>, IoError> LogSegment::last_batch() const {
  if (!recent_.empty()) return std::optional<BatchPlace>(recent_.back());
  std::optional<BatchPlace> last;
  auto place = indexed_batch_before(std::numeric_limits<Offset>::max());
  for (; place.ok() && place.value(); place = batch_at(place.value()->end())) {
    const BatchSummary& batch = place.value()->batch;
    if (batch.base_offset < base_offset_ || !can_hold(batch.last_offset)) break;
    last = place.value();
  }
  if (!place.ok()) return fail(place.error());
  return last;
}

Result<Offset, IoError> LogSegment::read_next_offset() const {
  const auto last = last_batch();
  if (!last.ok()) return fail(last.error());
  return last.value() ? last.value()->batch.last_offset + 1 : base_offset_;
}

Result<bool, IoError> LogSegment::ends_with_a_batch() const {
  const auto last = last_batch();
  if (!last.ok()) return fail(last.error());
  return (last.value() ? last.value()->end() : 0) == size();
}

Status<IoError> LogSegment::cut_indexes(Offset offset) {
  const auto is_kept = [offset](const auto& entry) { return entry.offset < offset; };
  auto cut = offset_index_.cut(offset_index_.count_while(is_kept));
  if (!cut.ok()) return cut;
  return time_index_.cut(time_index_.count_while(is_kept));
}

Result<std::int64_t, IoError> LogSegment::truncate_to(Offset offset, Timestamp now) {
  if (auto cut = transactions_.truncate_to(*env_, offset); !cut.ok()) return fail(cut.error());
  // Look it up while the index still helps.
  const auto place = find(offset);
  if (!place.ok()) return fail(place.error());
  if (auto cut = cut_indexes(offset); !cut.ok()) return fail(cut.error());
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
  bytes_since_index_entry_ = 0;
  if (auto found = find_max_timestamp(); !found.ok()) return fail(found.error());
  return bytes_cut;
}

/// The last time index entry, unless a batch behind it has a larger timestamp.
Status<IoError> LogSegment::find_max_timestamp() {
  max_timestamp_ =
      time_index_.empty() ? TimestampOffset{no_timestamp, base_offset_} : time_index_.back();
  auto place = indexed_batch_before(max_timestamp_.offset);
  for (; place.ok() && place.value(); place = batch_at(place.value()->end())) {
    const BatchSummary& batch = place.value()->batch;
    if (batch.max_timestamp > max_timestamp_.timestamp) {
      max_timestamp_ = {batch.max_timestamp, batch.last_offset};
    }
  }
  if (!place.ok()) return fail(place.error());
  return {};
}

Status<IoError> LogSegment::sync() {
  if (auto synced = log_->sync(); !synced.ok()) return synced;
  if (auto synced = offset_index_.sync(); !synced.ok()) return synced;
  if (auto synced = transactions_.sync(*env_); !synced.ok()) return synced;
  return time_index_.sync();
}

Status<IoError> LogSegment::rename_files(std::string_view file_suffix) {
  if (auto flushed = offset_index_.flush(); !flushed.ok()) return flushed;
  if (auto flushed = time_index_.flush(); !flushed.ok()) return flushed;
  const std::string before = std::exchange(file_suffix_, std::string(file_suffix));
  const auto move = [&](std::string_view suffix) -> Status<IoError> {
    const std::string from = join_path(dir_, segment_file_name(base_offset_, suffix) + before);
    return env_->exists(from) ? env_->rename(from, path(suffix)) : Status<IoError>();
  };
  for (const std::string_view suffix : {log_suffix, index_suffix, time_index_suffix}) {
    if (auto moved = move(suffix); !moved.ok()) return moved;
  }
  return transactions_.rename(*env_, path(transaction_index_suffix));
}

/// What is not believed is written into the files that are there, as Kafka does. Otherwise, where
/// there is an offset index its time index must be whole: so the first goes before, and comes
/// after, the other is written. (A beginning of an offset index does no harm, one of a time index
/// hides the largest timestamps.)
Status<IoError> LogSegment::rewrite_indexes(const std::vector<OffsetPosition>& offsets,
                                            const std::vector<TimestampOffset>& times,
                                            bool believed) {
  if (!believed && offset_index_.is_open() && time_index_.is_open()) {
    if (auto written = offset_index_.replace(offsets); !written.ok()) return written;
    return time_index_.replace(times);
  }
  offset_index_.close();
  time_index_.close();
  for (const std::string_view suffix : {index_suffix, time_index_suffix}) {
    if (!env_->exists(path(suffix))) continue;
    if (auto removed = env_->remove(path(suffix)); !removed.ok()) return removed;
  }
  auto time_index = env_->create(path(time_index_suffix));
  if (!time_index.ok()) return fail(time_index.error());
  time_index_ = {std::move(time_index).value(), base_offset_};
  if (auto written = time_index_.replace(times); !written.ok()) return written;
  if (believed) {
    if (auto synced = time_index_.sync(); !synced.ok()) return synced;
  }
  auto index = env_->create(path(index_suffix));
  if (!index.ok()) return fail(index.error());
  offset_index_ = {std::move(index).value(), base_offset_};
  return offset_index_.replace(offsets);
}

Status<IoError> LogSegment::remove_files() {
  log_.reset();
  offset_index_.close();
  time_index_.close();
  for (const std::string_view suffix : {log_suffix, index_suffix, time_index_suffix}) {
    if (auto removed = env_->remove(path(suffix)); !removed.ok()) return removed;
  }
  return transactions_.reset(*env_);
}

}  // namespace brokerlab::log
