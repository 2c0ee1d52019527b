#include "log/partition/log_loader.h"

#include "log/segment/batch_scanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace brokerlab::log {
namespace {

constexpr const char* no_segment = "no segment begins there";

}  // namespace

LogLoader::LogLoader(Env& env, const std::string& dir, const LogConfig& config,
                     const LogOpenOptions& options)
    : options_(options),
      state_(env, dir, config),
      local_(state_.local),
      guard_(env, dir, options.cutting) {
  state_.last_now = options.now;
}

Status<IoError> LogLoader::load() {
  if (auto made = env().make_dir(local_.dir()); !made.ok()) return made;
  if (auto finished = finish_swaps(); !finished.ok()) return finished;
  auto epochs = LeaderEpochCache::load(env(), path(leader_epoch_checkpoint_name));
  if (!epochs.ok()) return fail(epochs.error());
  state_.epochs = std::move(epochs).value();
  if (auto loaded = state_.producers.load_snapshots(local_.dir()); !loaded.ok()) return loaded;
  const std::vector<Offset> snapshots = state_.producers.snapshot_offsets();
  if (auto loaded = load_contents(); !loaded.ok()) return loaded;
  note_removed_snapshots(snapshots);
  return {};
}

LogRecovery LogLoader::take_recovery() {
  recovery_.cuts = std::move(guard_.cuts());
  return std::move(recovery_);
}

// --- Files ---

Status<IoError> LogLoader::finish_swaps() {
  auto changes = finish_replacements(env(), local_.dir(), guard_.cutting(),
                                     [this](Offset base) { return end_of_copy(base); });
  if (!changes.ok()) {
    if (changes.error().kind == IoErrorKind::malformed) guard_.note_refusal();
    return fail(changes.error());
  }
  recovery_.files = std::move(changes).value();
  return {};
}

/// Kafka believes a copy. Who must not lose anything reads it first: it takes the originals' place.
Result<Offset, IoError> LogLoader::end_of_copy(Offset base) {
  auto opened =
      LogSegment::open(env(), local_.dir(), base, local_.config(), options_.now, swap_suffix);
  if (!opened.ok()) return fail(opened.error());
  if (guard_.cutting() != Cutting::as_kafka) {
    BatchScanner scanner(opened->segment.log_file());
    while (true) {
      const auto batch = scanner.next();
      if (!batch.ok()) return fail(batch.error());
      if (!*batch) break;
      scanner.accept(**batch);
    }
    if (scanner.damage()) {
      const std::string name = segment_file_name(base, log_suffix) + std::string(swap_suffix);
      return fail(IoError{
          IoErrorKind::malformed, path(name),
          fmt::format("is to take the place of segments, but is damaged at byte {}: {}; nothing "
                      "was changed",
                      scanner.position(), scanner.damage()->message)});
    }
  }
  return opened->segment.read_next_offset();
}

bool LogLoader::is_file(const std::string& name) { return !env().list(path(name)).ok(); }

Status<IoError> LogLoader::load_segments() {
  std::vector<Offset> damaged;
  const auto names = env().list(local_.dir());
  if (!names.ok()) return fail(names.error());
  for (const std::string& name : names.value()) {
    if (auto removed = remove_without_segment(name); !removed.ok()) return removed;
    const auto base_offset = base_offset_of(name, log_suffix);
    if (!base_offset) continue;
    auto opened =
        LogSegment::open(env(), local_.dir(), *base_offset, local_.config(), options_.now);
    // As in Kafka a directory is no segment, whatever its name.
    if (!opened.ok() && !is_file(name)) continue;
    if (!opened.ok()) return fail(opened.error());
    local_.add(std::move(opened->segment));
    if (!opened->usable) damaged.push_back(*base_offset);
  }
  return recover_damaged(damaged);
}

/// An index of no segment.
Status<IoError> LogLoader::remove_without_segment(const std::string& name) {
  auto base = base_offset_of(name, index_suffix);
  if (!base) base = base_offset_of(name, time_index_suffix);
  if (!base) base = base_offset_of(name, transaction_index_suffix);
  if (!base || env().exists(path(segment_file_name(*base, log_suffix))) || !is_file(name)) {
    return {};
  }
  if (auto removed = env().remove(path(name)); !removed.ok()) return removed;
  recovery_.files.push_back({name, {}, no_segment, {}});
  return {};
}

void LogLoader::note_removed_snapshots(const std::vector<Offset>& before) {
  const std::vector<Offset>& now = state_.producers.snapshot_offsets();
  const auto& segments = local_.segments();
  for (const Offset offset : before) {
    if (std::binary_search(now.begin(), now.end(), offset)) continue;
    const bool of_segment = std::any_of(segments.begin(), segments.end(), [&](const auto& one) {
      return one->base_offset() == offset;
    });
    const char* why = offset > local_.end() ? "the log ends before it"
                      : of_segment          ? "cannot be used"
                                            : no_segment;
    recovery_.files.push_back({segment_file_name(offset, snapshot_suffix), {}, why, {}});
  }
}

// --- Their contents ---

Status<IoError> LogLoader::load_contents() {
  state_.start_offset = options_.log_start_offset;
  if (auto loaded = load_segments(); !loaded.ok()) return loaded;
  const auto recovered = options_.clean ? check_end() : recover_unflushed();
  if (!recovered.ok()) return recovered;
  if (local_.empty()) return state_.start_empty_at(options_.log_start_offset);
  const auto end = local_.active().read_next_offset();
  if (!end.ok()) return fail(end.error());
  local_.end_at(*end);
  if (*end < options_.log_start_offset) return start_anew();
  settle_offsets();
  if (auto removed = state_.producers.remove_stray_snapshots(local_); !removed.ok()) {
    return removed;
  }
  return state_.producers.load(local_, state_.start_offset, state_.last_now, options_.clean);
}

/// The files ended before what was deleted on request: they are of no use to anyone.
Status<IoError> LogLoader::start_anew() {
  const std::string why = fmt::format("the log ends at offset {}, its start is noted as {}",
                                      local_.end(), options_.log_start_offset);
  for (const auto& segment : local_.segments()) {
    if (auto heard = guard_.before_removal(*segment, why); !heard.ok()) return heard;
  }
  recovery_.segments_removed += static_cast<std::int32_t>(local_.segments().size());
  return state_.start_empty_at(options_.log_start_offset);
}

void LogLoader::settle_offsets() {
  const Offset first = local_.first().base_offset();
  if (options_.clean) {
    local_.set_recovery_point(local_.end());
  } else if (options_.recovery_point <= local_.end()) {
    local_.set_recovery_point(options_.recovery_point);
  } else {  // What was scanned instead of believed (recover_unflushed()) is yet to be synced.
    local_.set_recovery_point(first);
  }
  state_.start_offset = std::max(options_.log_start_offset, first);
  state_.epochs.truncate_from_end(local_.end());
  state_.epochs.truncate_from_start(state_.start_offset);
}

/// Segments whose indexes are lost or wrong. In order, since each builds on the producers before
/// it. No later recovery looks at flushed ones: what is rebuilt of them must survive.
Status<IoError> LogLoader::recover_damaged(const std::vector<Offset>& bases) {
  const Offset flushed =
      options_.clean ? std::numeric_limits<Offset>::max() : options_.recovery_point;
  for (const Offset base : bases) {
    const std::size_t index = local_.index_for(base);
    LogSegment& segment = *local_.segments()[index];
    const bool believed = index < local_.index_for(flushed);
    const auto recovered = recover_segment(segment, believed);
    if (!recovered.ok()) return fail(recovered.error());
    local_.note_changed_names();  // Its indexes.
    if (!believed) continue;
    if (auto synced = segment.sync(); !synced.ok()) return synced;
  }
  return {};
}

/// Even after a clean stop: appending behind bytes that are no batch would lose what is appended.
/// (Kafka does not look.)
Status<IoError> LogLoader::check_end() {
  if (local_.empty()) return {};
  const auto whole = local_.active().ends_with_a_batch();
  if (!whole.ok()) return fail(whole.error());
  if (whole.value()) return {};
  const auto recovered = recover_segment(local_.active());
  if (!recovered.ok()) return fail(recovered.error());
  return {};
}

Status<IoError> LogLoader::recover_unflushed() {
  if (local_.empty()) return {};
  const std::size_t first = local_.index_for(options_.recovery_point);
  if (auto recovered = recover_from(first); !recovered.ok()) return recovered;
  if (first == 0) return {};
  const auto end = local_.active().read_next_offset();
  if (!end.ok()) return fail(end.error());
  // A point beyond the end is of before a truncation: nothing is known of what came since. (Kafka
  // does not look.)
  return options_.recovery_point > *end ? recover_from(0) : Status<IoError>();
}

Status<IoError> LogLoader::recover_from(std::size_t first) {
  const auto& segments = local_.segments();
  for (std::size_t i = first; i < segments.size(); ++i) {
    if (i > 0) {
      const auto end = segments[i - 1]->read_next_offset();
      if (!end.ok()) return fail(end.error());
      if (end.value() < segments[i]->base_offset()) ++recovery_.gaps;
      // Offsets go back: segments whose removal the crash undid, older than what came after it.
      // (Kafka does not look.)
      if (end.value() > segments[i]->base_offset()) {
        const std::string why = fmt::format(
            "begins at offset {}, but the segment before it goes on to {}; Kafka keeps both",
            segments[i]->base_offset(), end.value());
        if (guard_.cutting() != Cutting::as_kafka) return guard_.refuse_cut(*segments[i], 0, why);
        return drop_segments_from(i, why);
      }
    }
    const auto cut = recover_segment(*segments[i]);
    if (!cut.ok()) return fail(cut.error());
    // What lies behind a hole cannot be trusted, and no follower could have it either.
    if (cut.value() > 0) return drop_segments_from(i + 1, "stands behind a cut");
  }
  return {};
}

Result<std::int64_t, IoError> LogLoader::recover_segment(LogSegment& segment, bool believed) {
  ++recovery_.segments_scanned;
  recovery_.bytes_scanned += segment.size();
  auto brought = state_.producers.bring_to(segment.base_offset(), local_, state_.start_offset,
                                           state_.last_now);
  if (!brought.ok()) return fail(brought.error());
  auto cut = segment.recover(
      [this, &segment](const BatchPlace& place, const BatchView& batch) -> Status<IoError> {
        const LeaderEpoch epoch = place.batch.leader_epoch;
        if (epoch >= 0 && epoch > state_.epochs.latest_epoch().value_or(no_epoch)) {
          state_.epochs.assign(epoch, place.batch.base_offset);
        }
        return state_.producers.replay(batch, segment);
      },
      [this, &segment](std::int64_t position, const std::string& why) {
        return guard_.before_cut(segment, position, why);
      },
      believed);
  if (cut.ok()) recovery_.bytes_cut += cut.value();
  return cut;
}

Status<IoError> LogLoader::drop_segments_from(std::size_t first, const std::string& why) {
  const auto& segments = local_.segments();
  if (segments.size() <= first) return {};
  for (std::size_t i = first; i < segments.size(); ++i) {
    if (auto heard = guard_.before_removal(*segments[i], why); !heard.ok()) return heard;
  }
  while (segments.size() > first) {
    recovery_.bytes_cut += local_.active().size();
    ++recovery_.segments_removed;
    if (auto removed = local_.remove_last(); !removed.ok()) return removed;
  }
  // Were the removals not durable, as the cut before them is, the next crash would bring back
  // segments that look whole behind it. (Kafka does not sync here.)
  return env().sync_dir(local_.dir());
}

}  // namespace brokerlab::log
