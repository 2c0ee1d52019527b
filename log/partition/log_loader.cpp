// Opening a log: loading its segments and recovering what may not have reached the disk (log.h).
// Source of the order of things: Kafka's LogLoader.
#include "log/partition/batch_scanner.h"
#include "log/partition/cut_bytes.h"
#include "log/partition/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace brokerlab::log {
namespace {

constexpr const char* no_segment = "no segment begins there";

}  // namespace

Result<std::unique_ptr<Log>, LogError> Log::open(Env& env, const std::string& dir,
                                                 const LogConfig& config, OpenOptions options) {
  std::unique_ptr<Log> log(new Log(env, dir, config));
  if (auto loaded = log->load(options); !loaded.ok()) {
    return fail(LogError{.kind = log->refused_ ? LogError::Kind::corrupt : LogError::Kind::io,
                         .message = loaded.error().text(),
                         .io = loaded.error()});
  }
  return log;
}

Status<IoError> Log::load(const OpenOptions& options) {
  last_now_ = options.now;
  cutting_ = options.cutting;
  if (auto made = env_->make_dir(dir_); !made.ok()) return made;
  if (auto finished = finish_swaps(options); !finished.ok()) return finished;
  auto epochs = LeaderEpochCache::load(*env_, epoch_file());
  if (!epochs.ok()) return fail(epochs.error());
  epochs_ = std::move(epochs).value();
  auto snapshots = ProducerSnapshots::load(*env_, dir_);
  if (!snapshots.ok()) return fail(snapshots.error());
  snapshots_ = std::move(snapshots).value();
  const std::vector<Offset> before = snapshots_.offsets();
  if (auto loaded = load_files(options); !loaded.ok()) return loaded;
  note_removed_snapshots(before);
  return {};
}

Status<IoError> Log::load_files(const OpenOptions& options) {
  log_start_offset_ = options.log_start_offset;
  if (auto loaded = load_segments(options); !loaded.ok()) return loaded;
  if (!options.clean) {
    if (auto recovered = recover_unflushed(options); !recovered.ok()) return recovered;
  } else if (auto checked = check_end(); !checked.ok()) {
    return checked;
  }
  if (segments_.empty()) return start_empty_at(options.log_start_offset, options.now);

  const auto end = segments_.back()->read_next_offset();
  if (!end.ok()) return fail(end.error());
  log_end_offset_ = end.value();
  // The files ended before what was deleted on request: they are of no use to anyone.
  if (log_end_offset_ < options.log_start_offset) {
    for (const auto& segment : segments_) {
      auto heard = before_removal(*segment,
                                  fmt::format("the log ends at offset {}, its start is noted as {}",
                                              log_end_offset_, options.log_start_offset));
      if (!heard.ok()) return heard;
    }
    recovery_.segments_removed += static_cast<std::int32_t>(segments_.size());
    return start_empty_at(options.log_start_offset, options.now);
  }
  if (options.clean) {
    recovery_point_ = log_end_offset_;
  } else if (options.recovery_point <= log_end_offset_) {
    recovery_point_ = options.recovery_point;
  } else {  // What was scanned instead of believed (recover_unflushed()) is yet to be synced.
    recovery_point_ = segments_.front()->base_offset();
  }
  log_start_offset_ = std::max(options.log_start_offset, segments_.front()->base_offset());
  epochs_.truncate_from_end(log_end_offset_);
  epochs_.truncate_from_start(log_start_offset_);
  if (auto removed = remove_stray_snapshots(); !removed.ok()) return removed;
  return load_producers(options.clean);
}

void Log::note_removed_snapshots(const std::vector<Offset>& before) {
  const std::vector<Offset>& now = snapshots_.offsets();
  for (const Offset offset : before) {
    if (std::binary_search(now.begin(), now.end(), offset)) continue;
    const bool of_segment = std::any_of(segments_.begin(), segments_.end(), [&](const auto& one) {
      return one->base_offset() == offset;
    });
    const char* why = offset > log_end_offset_ ? "the log ends before it"
                      : of_segment             ? "cannot be used"
                                               : no_segment;
    recovery_.files.push_back({segment_file_name(offset, snapshot_suffix), {}, why, {}});
  }
}

Status<IoError> Log::finish_swaps(const OpenOptions& options) {
  auto changes = finish_replacements(*env_, dir_, cutting_,
                                     [&](Offset base) { return end_of_copy(base, options); });
  if (!changes.ok()) {
    refused_ = changes.error().kind == IoErrorKind::malformed;
    return fail(changes.error());
  }
  recovery_.files = std::move(changes).value();
  return {};
}

/// Kafka believes a copy. Who must not lose anything reads it first: it takes the originals' place.
Result<Offset, IoError> Log::end_of_copy(Offset base, const OpenOptions& options) {
  auto opened = LogSegment::open(*env_, dir_, base, *config_, options.now, swap_suffix);
  if (!opened.ok()) return fail(opened.error());
  if (cutting_ != Cutting::as_kafka) {
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
          IoErrorKind::malformed, join_path(dir_, name),
          fmt::format("is to take the place of segments, but is damaged at byte {}: {}; nothing "
                      "was changed",
                      scanner.position(), scanner.damage()->message)});
    }
  }
  return opened->segment.read_next_offset();
}

Status<IoError> Log::load_segments(const OpenOptions& options) {
  std::vector<Offset> damaged;
  const auto names = env_->list(dir_);
  if (!names.ok()) return fail(names.error());
  const auto is_file = [this](const std::string& name) {
    return !env_->list(join_path(dir_, name)).ok();
  };
  for (const std::string& name : names.value()) {
    auto orphan = base_offset_of(name, index_suffix);
    if (!orphan) orphan = base_offset_of(name, time_index_suffix);
    if (!orphan) orphan = base_offset_of(name, transaction_index_suffix);
    const bool useless =
        orphan && !env_->exists(join_path(dir_, segment_file_name(*orphan, log_suffix)));
    if (useless && is_file(name)) {
      if (auto removed = env_->remove(join_path(dir_, name)); !removed.ok()) return removed;
      recovery_.files.push_back({name, {}, no_segment, {}});
    }
    const auto base_offset = base_offset_of(name, log_suffix);
    if (!base_offset) continue;
    auto opened = LogSegment::open(*env_, dir_, *base_offset, *config_, options.now);
    // As in Kafka a directory is no segment, whatever its name.
    if (!opened.ok() && !is_file(name)) continue;
    if (!opened.ok()) return fail(opened.error());
    segments_.push_back(std::make_unique<LogSegment>(std::move(opened.value().segment)));
    if (!opened.value().usable) damaged.push_back(*base_offset);
  }
  // No later recovery looks at flushed segments: what is rebuilt of them must survive.
  return recover_damaged(
      damaged, options.clean ? std::numeric_limits<Offset>::max() : options.recovery_point);
}

/// Segments whose indexes are lost or wrong. In order, since each builds on the producers before
/// it.
Status<IoError> Log::recover_damaged(const std::vector<Offset>& bases, Offset flushed) {
  for (const Offset base : bases) {
    const std::size_t index = segment_index_for(base);
    const bool believed = index < segment_index_for(flushed);
    const auto recovered = recover_segment(*segments_[index], believed);
    if (!recovered.ok()) return fail(recovered.error());
    names_changed_ = true;  // Its indexes.
    if (!believed) continue;
    if (auto synced = segments_[index]->sync(); !synced.ok()) return synced;
  }
  return {};
}

/// Even after a clean stop: appending behind bytes that are no batch would lose what is appended.
/// (Kafka does not look.)
Status<IoError> Log::check_end() {
  if (segments_.empty()) return {};
  const auto whole = segments_.back()->ends_with_a_batch();
  if (!whole.ok()) return fail(whole.error());
  if (whole.value()) return {};
  const auto recovered = recover_segment(*segments_.back());
  if (!recovered.ok()) return fail(recovered.error());
  return {};
}

Result<std::int64_t, IoError> Log::recover_segment(LogSegment& segment, bool believed) {
  ++recovery_.segments_scanned;
  recovery_.bytes_scanned += segment.size();
  if (auto brought = bring_producers_to(segment.base_offset()); !brought.ok()) {
    return fail(brought.error());
  }
  auto cut = segment.recover(
      [this, &segment](const BatchPlace& place, const BatchView& batch) -> Status<IoError> {
        const LeaderEpoch epoch = place.batch.leader_epoch;
        if (epoch >= 0 && epoch > epochs_.latest_epoch().value_or(no_epoch)) {
          epochs_.assign(epoch, place.batch.base_offset);
        }
        return replay_producers(segment, batch);
      },
      [this, &segment](std::int64_t position, const std::string& why) {
        return before_cut(segment, position, why);
      },
      believed);
  if (cut.ok()) recovery_.bytes_cut += cut.value();
  return cut;
}

Status<IoError> Log::recover_unflushed(const OpenOptions& options) {
  if (segments_.empty()) return {};
  const std::size_t first = segment_index_for(options.recovery_point);
  if (auto recovered = recover_from(first); !recovered.ok()) return recovered;
  if (first == 0) return {};
  const auto end = segments_.back()->read_next_offset();
  if (!end.ok()) return fail(end.error());
  // A point beyond the end is of before a truncation: nothing is known of what came since. (Kafka
  // does not look.)
  return options.recovery_point > *end ? recover_from(0) : Status<IoError>();
}

Status<IoError> Log::recover_from(std::size_t first) {
  for (std::size_t i = first; i < segments_.size(); ++i) {
    if (i > 0) {
      const auto end = segments_[i - 1]->read_next_offset();
      if (!end.ok()) return fail(end.error());
      if (end.value() < segments_[i]->base_offset()) ++recovery_.gaps;
      // Offsets go back: segments whose removal the crash undid, older than what came after it.
      // (Kafka does not look.)
      if (end.value() > segments_[i]->base_offset()) {
        const std::string why = fmt::format(
            "begins at offset {}, but the segment before it goes on to {}; Kafka keeps both",
            segments_[i]->base_offset(), end.value());
        if (cutting_ != Cutting::as_kafka) return refuse_cut(*segments_[i], 0, why);
        return drop_segments_from(i, why);
      }
    }
    const auto cut = recover_segment(*segments_[i]);
    if (!cut.ok()) return fail(cut.error());
    // What lies behind a hole cannot be trusted, and no follower could have it either.
    if (cut.value() > 0) return drop_segments_from(i + 1, "stands behind a cut");
  }
  return {};
}

Status<IoError> Log::drop_segments_from(std::size_t first, const std::string& why) {
  if (segments_.size() <= first) return {};
  for (std::size_t i = first; i < segments_.size(); ++i) {
    if (auto heard = before_removal(*segments_[i], why); !heard.ok()) return heard;
  }
  while (segments_.size() > first) {
    recovery_.bytes_cut += segments_.back()->size();
    ++recovery_.segments_removed;
    if (auto removed = remove_last_segment(); !removed.ok()) return removed;
  }
  // Were the removals not durable, as the cut before them is, the next crash would bring back
  // segments that look whole behind it. (Kafka does not sync here.)
  return env_->sync_dir(dir_);
}

// --- What may be cut ---

Failure<IoError> Log::refuse_cut(const LogSegment& segment, std::int64_t position,
                                 std::string why) {
  refused_ = true;
  return fail(IoError{IoErrorKind::malformed,
                      join_path(dir_, segment_file_name(segment.base_offset(), log_suffix)),
                      fmt::format("at byte {}: {}", position, why)});
}

Status<IoError> Log::before_cut(const LogSegment& segment, std::int64_t position, std::string why) {
  if (cutting_ == Cutting::as_kafka) return note_cut(segment, position, std::move(why));
  const auto judged = judge_cut(segment.log_file(), position, segment.base_offset());
  if (!judged.ok()) return fail(judged.error());
  switch (judged->claim) {
    case CutClaim::not_kafkas:
      return refuse_cut(segment, position,
                        fmt::format("what stands here {}: it is not ours to cut", judged->why));
    case CutClaim::kept_by_kafka:
      return refuse_cut(segment, position,
                        fmt::format("{}, but {}: it is not ours to cut", why, judged->why));
    case CutClaim::cut_by_kafka:
      return note_cut(segment, position, std::move(why));
  }
  UNREACHABLE();
}

Status<IoError> Log::before_removal(const LogSegment& segment, std::string why) {
  if (cutting_ != Cutting::as_kafka) {
    const auto judged = judge_removal(segment.log_file(), segment.base_offset());
    if (!judged.ok()) return fail(judged.error());
    if (judged->claim == CutClaim::not_kafkas) {
      return refuse_cut(segment, 0,
                        fmt::format("{}, but {}: it is not ours to remove", why, judged->why));
    }
  }
  return note_cut(segment, 0, std::move(why));
}

Status<IoError> Log::note_cut(const LogSegment& segment, std::int64_t position, std::string why) {
  if (cutting_ == Cutting::never) {
    return refuse_cut(segment, position,
                      fmt::format("{}; {} bytes would be cut off, which only a recovery may do",
                                  why, segment.size() - position));
  }
  Recovery::Cut cut{.file = segment_file_name(segment.base_offset(), log_suffix),
                    .position = position,
                    .bytes = segment.size() - position,
                    .why = std::move(why),
                    .kept_as = {}};
  if (cutting_ == Cutting::kept && cut.bytes > 0) {
    auto kept = keep_bytes(*env_, dir_, segment.base_offset(), segment.log_file(), position);
    if (!kept.ok()) return fail(kept.error());
    cut.kept_as = std::move(kept).value();
  }
  recovery_.cuts.push_back(std::move(cut));
  return {};
}

}  // namespace brokerlab::log
