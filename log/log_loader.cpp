// Opening a log: loading its segments and recovering what may not have reached the disk (log.h).
// Source of the order of things: Kafka's LogLoader.
#include "log/log.h"

#include <algorithm>

namespace brokerlab::log {
namespace {

/// Files a crash left half deleted or half cleaned.
bool is_left_over(std::string_view name) {
  return name.ends_with(".deleted") || name.ends_with(".cleaned") || name.ends_with(".tmp");
}

}  // namespace

Result<std::unique_ptr<Log>, LogError> Log::open(Env& env, const std::string& dir,
                                                 const LogConfig& config, OpenOptions options) {
  std::unique_ptr<Log> log(new Log(env, dir, config));
  if (auto loaded = log->load(options); !loaded.ok()) {
    return fail(LogError{LogError::Kind::io, loaded.error().text(), loaded.error()});
  }
  return log;
}

Status<IoError> Log::load(const OpenOptions& options) {
  last_now_ = options.now;
  if (auto made = env_->make_dir(dir_); !made.ok()) return made;
  auto epochs = LeaderEpochCache::load(*env_, epoch_file());
  if (!epochs.ok()) return fail(epochs.error());
  epochs_ = std::move(epochs).value();
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
  recovery_point_ =
      options.clean ? log_end_offset_ : std::min(options.recovery_point, log_end_offset_);
  log_start_offset_ = std::max(options.log_start_offset, segments_.front()->base_offset());
  epochs_.truncate_from_end(log_end_offset_);
  epochs_.truncate_from_start(log_start_offset_);
  return {};
}

Status<IoError> Log::load_segments(const OpenOptions& options) {
  const auto names = env_->list(dir_);
  if (!names.ok()) return fail(names.error());
  for (const std::string& name : names.value()) {
    auto orphan = base_offset_of(name, index_suffix);
    if (!orphan) orphan = base_offset_of(name, time_index_suffix);
    const bool useless =
        is_left_over(name) ||
        (orphan && !env_->exists(join_path(dir_, segment_file_name(*orphan, log_suffix))));
    if (useless) {
      if (auto removed = env_->remove(join_path(dir_, name)); !removed.ok()) return removed;
    }
    const auto base_offset = base_offset_of(name, log_suffix);
    if (!base_offset) continue;
    auto opened = LogSegment::open(*env_, dir_, *base_offset, *config_, options.now);
    if (!opened.ok()) return fail(opened.error());
    segments_.push_back(std::make_unique<LogSegment>(std::move(opened.value().segment)));
    if (!opened.value().usable) {
      const auto recovered = recover_segment(*segments_.back());
      if (!recovered.ok()) return fail(recovered.error());
    }
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

Result<std::int64_t, IoError> Log::recover_segment(LogSegment& segment) {
  ++recovery_.segments_scanned;
  recovery_.bytes_scanned += segment.size();
  const auto cut = segment.recover([this](const BatchPlace& place) {
    const LeaderEpoch epoch = place.batch.leader_epoch;
    if (epoch >= 0 && epoch > epochs_.latest_epoch().value_or(no_epoch)) {
      epochs_.assign(epoch, place.batch.base_offset);
    }
  });
  if (cut.ok()) recovery_.bytes_cut += cut.value();
  return cut;
}

Status<IoError> Log::recover_unflushed(const OpenOptions& options) {
  if (segments_.empty()) return {};
  for (std::size_t i = segment_index_for(options.recovery_point); i < segments_.size(); ++i) {
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
