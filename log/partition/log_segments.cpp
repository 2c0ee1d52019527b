// Segments that go or are replaced: deletion, retention, cleaned copies (log.h).
#include "log/partition/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace brokerlab::log {

Status<LogError> Log::advance_log_start_offset(Offset offset) {
  if (offline_) return fail(*offline_);
  if (offset > log_end_offset_) {
    return fail(LogError{
        .kind = LogError::Kind::offset_out_of_range,
        .message = fmt::format("log start {} behind the end {}", offset, log_end_offset_)});
  }
  if (offset <= log_start_offset_) return {};
  log_start_offset_ = offset;
  epochs_.truncate_from_start(offset);
  producers_.on_log_start_offset(offset);
  return {};
}

Result<std::int32_t, LogError> Log::delete_old_segments() {
  if (offline_) return fail(*offline_);
  std::int32_t removed = 0;
  while (segments_.size() > 1 && segments_[1]->base_offset() <= log_start_offset_) {
    names_changed_ = true;
    const Offset base = segments_.front()->base_offset();
    auto gone = segments_.front()->remove_files();
    segments_.erase(segments_.begin());
    if (gone.ok()) gone = snapshots_.remove_at(*env_, base);
    if (!gone.ok()) return fail(go_offline(gone.error()));
    ++removed;
  }
  return removed;
}

Result<std::int32_t, LogError> Log::apply_retention(Timestamp now, Offset high_watermark) {
  if (offline_) return fail(*offline_);
  if (!config_->cleanup_delete) return delete_old_segments();
  std::int64_t excess = config_->retention_bytes < 0 ? 0 : size() - config_->retention_bytes;
  Offset start = log_start_offset_;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const LogSegment& segment = *segments_[i];
    const bool active = i + 1 == segments_.size();
    const Offset end = active ? log_end_offset_ : segments_[i + 1]->base_offset();
    if (high_watermark < end || (active && segment.size() == 0)) break;
    const bool old = config_->retention_ms >= 0 && segment.max_timestamp().timestamp >= 0 &&
                     now - segment.max_timestamp().timestamp > config_->retention_ms;
    const bool beyond = config_->retention_bytes >= 0 && excess - segment.size() >= 0;
    if (!old && !beyond && end > log_start_offset_) break;
    excess -= segment.size();
    start = std::max(start, end);
  }
  if (start == log_end_offset_ && segments_.back()->size() > 0) {
    if (auto rolled = roll(now); !rolled.ok()) return fail(rolled.error());
  }
  if (auto moved = advance_log_start_offset(start); !moved.ok()) return fail(moved.error());
  return delete_old_segments();
}

Status<LogError> Log::replace_segments(std::unique_ptr<LogSegment> cleaned, std::size_t first,
                                       std::size_t count) {
  if (offline_) return fail(*offline_);
  ENSURE(count > 0 && first + count < segments_.size(), "the active segment is never replaced");
  return settle(replace(std::move(cleaned), first, count));
}

Status<IoError> Log::replace(std::unique_ptr<LogSegment> cleaned, std::size_t first,
                             std::size_t count) {
  if (auto named = cleaned->rename_files(swap_suffix); !named.ok()) return named;
  if (auto synced = env_->sync_dir(dir_); !synced.ok()) return synced;
  const auto begin = segments_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto end = begin + static_cast<std::ptrdiff_t>(count);
  // What is served from here on is the copy, whatever the rest answers.
  LogSegment& copy = *cleaned;
  std::vector<std::unique_ptr<LogSegment>> originals(std::make_move_iterator(begin),
                                                     std::make_move_iterator(end));
  *begin = std::move(cleaned);
  segments_.erase(std::next(begin), end);
  for (const auto& segment : originals) {
    if (auto removed = segment->remove_files(); !removed.ok()) return removed;
  }
  if (auto named = copy.rename_files({}); !named.ok()) return named;
  return env_->sync_dir(dir_);
}

}  // namespace brokerlab::log
