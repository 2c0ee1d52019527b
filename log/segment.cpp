#include "log/segment.h"

#include "log/big_endian.h"
#include "log/checkpoint_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace brokerlab::log {
namespace {

constexpr std::size_t index_entry_size = 8;
constexpr std::size_t time_entry_size = 12;
constexpr std::size_t file_number_digits = 20;
/// Bytes between two index entries up to which batches are looked at several in a read.
constexpr std::int64_t most_walked = 8192;
constexpr std::size_t walk_size = 4096;

Result<std::unique_ptr<File>, IoError> create_anew(Env& env, const std::string& path) {
  if (env.exists(path)) {
    if (auto removed = env.remove(path); !removed.ok()) return fail(removed.error());
  }
  return env.create(path);
}

Result<ByteVector, IoError> read_whole(File& file) {
  ByteVector bytes(static_cast<std::size_t>(file.size()));
  const auto got = file.read_at(0, bytes);
  if (!got.ok()) return fail(got.error());
  bytes.resize(got.value());
  return bytes;
}

std::int32_t relative(Offset offset, Offset base) {
  return static_cast<std::int32_t>(offset - base);
}

void put_entry(std::byte* out, Offset base, const OffsetPosition& entry) {
  store_big_endian(out, relative(entry.offset, base));
  store_big_endian(out + 4, static_cast<std::int32_t>(entry.position));
}

void put_entry(std::byte* out, Offset base, const TimestampOffset& entry) {
  store_big_endian(out, entry.timestamp);
  store_big_endian(out + 8, relative(entry.offset, base));
}

template <class Entry>
Status<IoError> rewrite(BufferedFile& file, Offset base, const std::vector<Entry>& entries,
                        std::size_t entry_size) {
  if (auto cut = file.truncate(0); !cut.ok()) return cut;
  ByteVector bytes(entries.size() * entry_size);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    put_entry(bytes.data() + i * entry_size, base, entries[i]);
  }
  if (auto appended = file.append(bytes); !appended.ok()) return appended;
  return file.flush();
}

template <class Entry>
auto first_at_or_behind(const std::vector<Entry>& entries, Offset offset) {
  return std::partition_point(entries.begin(), entries.end(),
                              [offset](const Entry& entry) { return entry.offset < offset; });
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
  return parse_number<Offset>(digits);
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
  segment.index_ = BufferedFile(std::move(index).value());
  segment.time_index_file_ = BufferedFile(std::move(time_index).value());
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
  bool complete = true;
  const auto open_or_create = [&](std::string_view suffix) {
    const std::string name = segment.path(suffix);
    if (env.exists(name)) return env.open(name);
    complete = false;
    return env.create(name);
  };
  auto index = open_or_create(index_suffix);
  if (!index.ok()) return fail(index.error());
  segment.index_ = BufferedFile(std::move(index).value());
  auto time_index = open_or_create(time_index_suffix);
  if (!time_index.ok()) return fail(time_index.error());
  segment.time_index_file_ = BufferedFile(std::move(time_index).value());

  const auto loaded = segment.load_indexes();
  if (!loaded.ok()) return fail(loaded.error());
  const auto aborted = segment.transactions_.load(env);
  if (!aborted.ok()) return fail(aborted.error());
  const auto first = segment.batch_at(0);
  if (!first.ok()) return fail(first.error());
  if (first.value()) segment.first_timestamp_ = first.value()->batch.max_timestamp;
  return Opened{std::move(segment), complete && loaded.value() && aborted.value()};
}

/// False when the bytes cannot be indexes of this log.
Result<bool, IoError> LogSegment::load_indexes() {
  const auto offsets = read_whole(index_.file());
  if (!offsets.ok()) return fail(offsets.error());
  const auto times = read_whole(time_index_file_.file());
  if (!times.ok()) return fail(times.error());
  if (offsets.value().size() % index_entry_size != 0) return false;
  if (times.value().size() % time_entry_size != 0) return false;

  std::vector<OffsetPosition> offset_entries;
  // Of an offset that no log can reach nothing is added up.
  const auto is_possible = [this](std::int32_t relative_offset) {
    return relative_offset >= 0 &&
           base_offset_ <= std::numeric_limits<Offset>::max() - relative_offset;
  };
  OffsetPosition before{base_offset_ - 1, -1};
  for (std::size_t i = 0; i < offsets.value().size(); i += index_entry_size) {
    const std::byte* from = offsets.value().data() + i;
    const auto relative_offset = load_big_endian<std::int32_t>(from);
    if (!is_possible(relative_offset)) return false;
    const OffsetPosition entry{base_offset_ + relative_offset,
                               load_big_endian<std::int32_t>(from + 4)};
    if (entry.offset <= before.offset || entry.position <= before.position) return false;
    offset_entries.push_back(entry);
    before = entry;
  }
  if (before.position >= size()) return false;

  std::vector<TimestampOffset> time_entries;
  TimestampOffset last{no_timestamp, base_offset_};
  for (std::size_t i = 0; i < times.value().size(); i += time_entry_size) {
    const std::byte* from = times.value().data() + i;
    const auto relative_offset = load_big_endian<std::int32_t>(from + 8);
    if (!is_possible(relative_offset)) return false;
    const TimestampOffset entry{load_big_endian<Timestamp>(from), base_offset_ + relative_offset};
    if (entry.timestamp <= last.timestamp || entry.offset < last.offset) return false;
    time_entries.push_back(entry);
    last = entry;
  }
  offset_index_ = std::move(offset_entries);
  time_index_ = std::move(time_entries);
  // A segment that was closed or rolled had its largest timestamp written last.
  if (!time_index_.empty()) max_timestamp_ = time_index_.back();
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
  const auto max_entries =
      config_->segment_index_bytes / static_cast<std::int64_t>(index_entry_size);
  const auto max_time_entries =
      config_->segment_index_bytes / static_cast<std::int64_t>(time_entry_size);
  return size() > config_->segment_bytes - incoming_size ||
         (size() > 0 && age > config_->segment_ms) ||
         static_cast<std::int64_t>(offset_index_.size()) >= max_entries ||
         static_cast<std::int64_t>(time_index_.size()) >= max_time_entries - 1 ||
         !can_hold(incoming_last_offset);
}

Status<IoError> LogSegment::append(ByteView batches, Offset last_offset) {
  ENSURE(can_hold(last_offset), "offset {} in the segment of {}", last_offset, base_offset_);
  std::int64_t position = size();
  if (auto appended = log_->append(batches); !appended.ok()) return appended;
  for (const BatchView& batch : Batches(batches)) {
    const BatchPlace place{
        position,
        {static_cast<std::int64_t>(batch.size()), batch.base_offset(), batch.last_offset(),
         batch.record_count(), batch.max_timestamp(), batch.leader_epoch()}};
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
    if (auto added = add_offset_entry(batch.last_offset, place.position); !added.ok()) return added;
    if (auto added = maybe_add_time_entry(); !added.ok()) return added;
    bytes_since_index_entry_ = 0;
    recent_.clear();
  }
  bytes_since_index_entry_ += batch.size;
  recent_.push_back(place);
  return {};
}

Status<IoError> LogSegment::add_offset_entry(Offset offset, std::int64_t position) {
  std::array<std::byte, index_entry_size> bytes{};
  offset_index_.push_back({offset, position});
  put_entry(bytes.data(), base_offset_, offset_index_.back());
  return index_.append(bytes);
}

Status<IoError> LogSegment::maybe_add_time_entry() {
  const Timestamp last = time_index_.empty() ? no_timestamp : time_index_.back().timestamp;
  if (max_timestamp_.timestamp <= last) return {};
  std::array<std::byte, time_entry_size> bytes{};
  time_index_.push_back(max_timestamp_);
  put_entry(bytes.data(), base_offset_, time_index_.back());
  return time_index_file_.append(bytes);
}

Status<IoError> LogSegment::finish_time_index() { return maybe_add_time_entry(); }

std::int64_t LogSegment::floor_position(Offset offset) const {
  const auto behind = std::partition_point(
      offset_index_.begin(), offset_index_.end(),
      [offset](const OffsetPosition& entry) { return entry.offset <= offset; });
  return behind == offset_index_.begin() ? 0 : std::prev(behind)->position;
}

Result<std::optional<BatchPlace>, IoError> LogSegment::batch_at(std::int64_t position) const {
  std::array<std::byte, batch_header_size> bytes{};
  if (position >= size()) return std::optional<BatchPlace>();
  const auto got = log_->read_at(position, bytes);
  if (!got.ok()) return fail(got.error());
  const auto header = read_batch_header(ByteView(bytes).first(got.value()));
  if (!header.ok() || header.value().size > size() - position) return std::optional<BatchPlace>();
  return std::optional<BatchPlace>({position, header.value()});
}

Result<std::optional<BatchPlace>, IoError> LogSegment::find(Offset offset) const {
  if (!recent_.empty() && offset >= recent_.front().batch.base_offset) {
    const auto found = std::partition_point(
        recent_.begin(), recent_.end(),
        [offset](const BatchPlace& place) { return place.batch.last_offset < offset; });
    return found == recent_.end() ? std::optional<BatchPlace>() : *found;
  }
  // Entries close to each other tell of small batches: many of them are looked at in one read.
  const bool small = size() / static_cast<std::int64_t>(offset_index_.size() + 1) < most_walked;
  std::int64_t position = floor_position(offset);
  while (true) {
    auto place = small ? walk(position, offset) : batch_at(position);
    if (!place.ok() || !place.value() || place.value()->batch.last_offset >= offset) return place;
    position = place.value()->end();
  }
}

/// The same for a place whose neighbours are small: one read for many headers. What it comes to is
/// the batch that holds `offset`, or the last one whose header was read.
Result<std::optional<BatchPlace>, IoError> LogSegment::walk(std::int64_t position,
                                                            Offset offset) const {
  std::array<std::byte, walk_size> bytes;
  const auto got = log_->read_at(position, bytes);
  if (!got.ok()) return fail(got.error());
  const ByteView piece = ByteView(bytes).first(got.value());
  std::optional<BatchPlace> place;
  for (std::size_t at = 0; at + batch_header_size <= piece.size();) {
    const auto header = read_batch_header(piece.subspan(at, batch_header_size));
    const std::int64_t begin = position + static_cast<std::int64_t>(at);
    if (!header.ok() || header->size > size() - begin) return std::optional<BatchPlace>();
    place = {begin, *header};
    if (header->last_offset >= offset) break;
    at += static_cast<std::size_t>(header->size);
  }
  return place;
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
  const auto behind = std::partition_point(
      time_index_.begin(), time_index_.end(),
      [target](const TimestampOffset& entry) { return entry.timestamp <= target; });
  const Offset hint = behind == time_index_.begin() ? base_offset_ : std::prev(behind)->offset;
  auto place = batch_at(floor_position(std::max(hint, from)));
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
  auto place = batch_at(offset_index_.empty() ? 0 : offset_index_.back().position);
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
  const auto offsets_end = first_at_or_behind(offset_index_, offset);
  if (offsets_end != offset_index_.end()) {
    offset_index_.erase(offsets_end, offset_index_.end());
    const auto size = static_cast<std::int64_t>(offset_index_.size() * index_entry_size);
    if (auto cut = index_.truncate(size); !cut.ok()) return cut;
  }
  const auto times_end = first_at_or_behind(time_index_, offset);
  if (times_end != time_index_.end()) {
    time_index_.erase(times_end, time_index_.end());
    const auto size = static_cast<std::int64_t>(time_index_.size() * time_entry_size);
    if (auto cut = time_index_file_.truncate(size); !cut.ok()) return cut;
  }
  return {};
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
  auto place = batch_at(floor_position(max_timestamp_.offset));
  for (; place.ok() && place.value(); place = batch_at(place.value()->end())) {
    const BatchSummary& batch = place.value()->batch;
    if (batch.max_timestamp > max_timestamp_.timestamp) {
      max_timestamp_ = {batch.max_timestamp, batch.last_offset};
    }
  }
  if (!place.ok()) return fail(place.error());
  return {};
}

Status<IoError> LogSegment::rewrite_indexes() {
  auto offsets = rewrite(index_, base_offset_, offset_index_, index_entry_size);
  if (!offsets.ok()) return offsets;
  return rewrite(time_index_file_, base_offset_, time_index_, time_entry_size);
}

Status<IoError> LogSegment::sync() {
  if (auto synced = log_->sync(); !synced.ok()) return synced;
  if (auto synced = index_.sync(); !synced.ok()) return synced;
  if (auto synced = transactions_.sync(*env_); !synced.ok()) return synced;
  return time_index_file_.sync();
}

Status<IoError> LogSegment::rename_files(std::string_view file_suffix) {
  if (auto flushed = index_.flush(); !flushed.ok()) return flushed;
  if (auto flushed = time_index_file_.flush(); !flushed.ok()) return flushed;
  const std::string before = std::exchange(file_suffix_, std::string(file_suffix));
  if (auto moved = transactions_.rename(*env_, path(transaction_index_suffix)); !moved.ok()) {
    return moved;
  }
  for (const std::string_view suffix : {time_index_suffix, index_suffix, log_suffix}) {
    const std::string from = join_path(dir_, segment_file_name(base_offset_, suffix) + before);
    if (auto moved = env_->rename(from, path(suffix)); !moved.ok()) return moved;
  }
  return {};
}

Status<IoError> LogSegment::remove_files() {
  log_.reset();
  index_.close();
  time_index_file_.close();
  for (const std::string_view suffix : {log_suffix, index_suffix, time_index_suffix}) {
    if (auto removed = env_->remove(path(suffix)); !removed.ok()) return removed;
  }
  return transactions_.reset(*env_);
}

}  // namespace brokerlab::log
