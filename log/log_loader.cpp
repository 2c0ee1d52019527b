// Opening a log: loading its segments and recovering what may not have reached the disk (log.h).
// Source of the order of things: Kafka's LogLoader.
#include "log/log.h"

#include <algorithm>
#include <limits>

namespace brokerlab::log {
namespace {

/// Files a crash left half deleted or half cleaned.
bool is_left_over(std::string_view name) {
  return name.ends_with(".deleted") || name.ends_with(cleaned_suffix) || name.ends_with(".tmp");
}

}  // namespace

Result<std::unique_ptr<Log>, LogError> Log::open(Env& env, const std::string& dir,
                                                 const LogConfig& config, OpenOptions options) {
  std::unique_ptr<Log> log(new Log(env, dir, config));
  if (auto loaded = log->load(options); !loaded.ok()) {
    return fail(LogError{
        .kind = LogError::Kind::io, .message = loaded.error().text(), .io = loaded.error()});
  }
  return log;
}

Status<IoError> Log::load(const OpenOptions& options) {
  last_now_ = options.now;
  if (auto made = env_->make_dir(dir_); !made.ok()) return made;
  auto epochs = LeaderEpochCache::load(*env_, epoch_file());
  if (!epochs.ok()) return fail(epochs.error());
  epochs_ = std::move(epochs).value();
  auto snapshots = ProducerSnapshots::load(*env_, dir_);
  if (!snapshots.ok()) return fail(snapshots.error());
  snapshots_ = std::move(snapshots).value();
  log_start_offset_ = options.log_start_offset;
  if (auto finished = finish_swaps(options); !finished.ok()) return finished;
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
  return load_producers(options.clean);
}

/// A cleaned segment whose .log.swap is there takes the place of those it was made of, which begin
/// in its range of offsets; a .swap without its log is of no use. Source: LogLoader.load.
Status<IoError> Log::finish_swaps(const OpenOptions& options) {
  const auto names = env_->list(dir_);
  if (!names.ok()) return fail(names.error());
  const std::string log_swap = std::string(log_suffix) + std::string(swap_suffix);
  for (const std::string& name : *names) {
    const auto base = base_offset_of(name, log_swap);
    if (!base) continue;
    if (auto back = take_back_renames(*base); !back.ok()) return back;
    auto opened = LogSegment::open(*env_, dir_, *base, *config_, options.now, swap_suffix);
    if (!opened.ok()) return fail(opened.error());
    LogSegment& cleaned = opened->segment;
    const auto end = cleaned.read_next_offset();
    if (!end.ok()) return fail(end.error());
    for (const std::string& old : *names) {
      for (const std::string_view suffix :
           {log_suffix, index_suffix, time_index_suffix, transaction_index_suffix}) {
        const auto begins = base_offset_of(old, suffix);
        if (!begins || *begins < *base || (*begins >= *end && *begins != *base)) continue;
        const std::string path = join_path(dir_, old);
        if (!env_->exists(path)) continue;  // It was taken back.
        if (auto removed = env_->remove(path); !removed.ok()) return removed;
      }
    }
    if (auto named = cleaned.rename_files({}); !named.ok()) return named;
    if (auto synced = env_->sync_dir(dir_); !synced.ok()) return synced;
  }
  return {};
}

/// The last renames of a replacement (LogSegment::rename_files()) may have been begun: what has its
/// last name already belongs to the copy, and is not one of the originals' files.
Status<IoError> Log::take_back_renames(Offset base) {
  const auto name = [&](std::string_view suffix) {
    return join_path(dir_, segment_file_name(base, suffix));
  };
  const auto is_renamed = [&](std::string_view suffix) {
    return !env_->exists(name(suffix) + std::string(swap_suffix)) && env_->exists(name(suffix));
  };
  std::vector<std::string_view> renamed;
  if (is_renamed(time_index_suffix)) renamed.push_back(time_index_suffix);
  if (is_renamed(index_suffix)) {
    renamed.push_back(index_suffix);
    // A copy without aborted transactions has no such file: only behind the index it is ours.
    if (is_renamed(transaction_index_suffix)) renamed.push_back(transaction_index_suffix);
  }
  for (const std::string_view suffix : renamed) {
    auto back = env_->rename(name(suffix), name(suffix) + std::string(swap_suffix));
    if (!back.ok()) return back;
  }
  return {};
}

Status<IoError> Log::load_segments(const OpenOptions& options) {
  std::vector<Offset> damaged;
  const auto names = env_->list(dir_);
  if (!names.ok()) return fail(names.error());
  for (const std::string& name : names.value()) {
    auto orphan = base_offset_of(name, index_suffix);
    if (!orphan) orphan = base_offset_of(name, time_index_suffix);
    if (!orphan) orphan = base_offset_of(name, transaction_index_suffix);
    const bool useless =
        is_left_over(name) || name.ends_with(swap_suffix) ||
        (orphan && !env_->exists(join_path(dir_, segment_file_name(*orphan, log_suffix))));
    if (useless) {
      if (auto removed = env_->remove(join_path(dir_, name)); !removed.ok()) return removed;
    }
    const auto base_offset = base_offset_of(name, log_suffix);
    if (!base_offset) continue;
    auto opened = LogSegment::open(*env_, dir_, *base_offset, *config_, options.now);
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
      if (end.value() > segments_[i]->base_offset()) return drop_segments_from(i);
    }
    const auto cut = recover_segment(*segments_[i]);
    if (!cut.ok()) return fail(cut.error());
    // What lies behind a hole cannot be trusted, and no follower could have it either.
    if (cut.value() > 0) return drop_segments_from(i + 1);
  }
  return {};
}

Status<IoError> Log::drop_segments_from(std::size_t first) {
  if (segments_.size() <= first) return {};
  while (segments_.size() > first) {
    recovery_.bytes_cut += segments_.back()->size();
    ++recovery_.segments_removed;
    if (auto removed = remove_last_segment(); !removed.ok()) return removed;
  }
  // Were the removals not durable, as the cut before them is, the next crash would bring back
  // segments that look whole behind it. (Kafka does not sync here.)
  return env_->sync_dir(dir_);
}

}  // namespace brokerlab::log
