#include "log/partition/leader_epoch_cache.h"

#include "base/integer_text.h"
#include "log/partition/checkpoint_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::log {
namespace {

/// The first entry whose epoch is larger than `epoch`.
auto above(const std::vector<EpochEntry>& entries, LeaderEpoch epoch) {
  return std::upper_bound(entries.begin(), entries.end(), epoch,
                          [](LeaderEpoch e, const EpochEntry& entry) { return e < entry.epoch; });
}

}  // namespace

bool LeaderEpochCache::assign(LeaderEpoch epoch, Offset offset) {
  ENSURE(epoch >= 0 && offset >= 0, "epoch {} at offset {}", epoch, offset);
  if (!entries_.empty() && entries_.back().epoch == epoch &&
      entries_.back().start_offset <= offset) {
    return false;
  }
  // A new leader's word counts: what it contradicts was never committed.
  while (!entries_.empty() &&
         (entries_.back().epoch >= epoch || entries_.back().start_offset >= offset)) {
    entries_.pop_back();
  }
  entries_.push_back({epoch, offset});
  dirty_ = true;
  return true;
}

EpochEndOffset LeaderEpochCache::end_offset_for(LeaderEpoch requested,
                                                Offset log_end_offset) const {
  if (requested == no_epoch) return {};
  if (!entries_.empty() && entries_.back().epoch == requested) return {requested, log_end_offset};
  const auto next = above(entries_, requested);
  if (next == entries_.end()) return {};  // An epoch from the future, or nothing known at all.
  // Before the first known epoch the log has been cut away: whoever asks starts where we start.
  if (next == entries_.begin()) return {requested, next->start_offset};
  return {std::prev(next)->epoch, next->start_offset};
}

std::optional<LeaderEpoch> LeaderEpochCache::epoch_for(Offset offset) const {
  const auto next =
      std::upper_bound(entries_.begin(), entries_.end(), offset,
                       [](Offset o, const EpochEntry& entry) { return o < entry.start_offset; });
  if (next == entries_.begin()) return std::nullopt;
  return std::prev(next)->epoch;
}

void LeaderEpochCache::truncate_from_end(Offset end_offset) {
  while (!entries_.empty() && entries_.back().start_offset >= end_offset) {
    entries_.pop_back();
    dirty_ = true;
  }
}

void LeaderEpochCache::truncate_from_start(Offset start_offset) {
  const auto behind = std::find_if(
      entries_.begin(), entries_.end(),
      [start_offset](const EpochEntry& entry) { return entry.start_offset > start_offset; });
  if (behind == entries_.begin()) return;
  const auto covering = std::prev(behind);
  if (covering == entries_.begin() && covering->start_offset == start_offset) return;
  covering->start_offset = start_offset;
  entries_.erase(entries_.begin(), covering);
  dirty_ = true;
}

void LeaderEpochCache::clear() {
  dirty_ = dirty_ || !entries_.empty();
  entries_.clear();
}

std::optional<LeaderEpoch> LeaderEpochCache::latest_epoch() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.back().epoch;
}

std::optional<LeaderEpoch> LeaderEpochCache::previous_epoch(LeaderEpoch epoch) const {
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), epoch,
                       [](const EpochEntry& entry, LeaderEpoch e) { return entry.epoch < e; });
  if (at == entries_.begin()) return std::nullopt;
  return std::prev(at)->epoch;
}

Status<IoError> LeaderEpochCache::flush(Env& env, const std::string& path) {
  std::string text = fmt::format("0\n{}\n", entries_.size());
  for (const EpochEntry& entry : entries_) {
    text += fmt::format("{} {}\n", entry.epoch, entry.start_offset);
  }
  auto written = write_text_atomically(env, path, text);
  if (written.ok()) dirty_ = false;
  return written;
}

Result<LeaderEpochCache, IoError> LeaderEpochCache::load(Env& env, const std::string& path) {
  LeaderEpochCache cache;
  if (!env.exists(path)) return cache;
  const auto text = read_text(env, path);
  if (!text.ok()) return fail(text.error());
  const auto lines = parse_checkpoint(path, *text, 2);
  if (!lines.ok()) return fail(lines.error());
  for (std::size_t i = 0; i < lines->size(); ++i) {
    const auto epoch = parse_integer<LeaderEpoch>((*lines)[i][0]);
    const auto offset = parse_integer<Offset>((*lines)[i][1]);
    if (!epoch || *epoch < 0 || !offset || *offset < 0) {
      return fail(malformed_checkpoint(path, i + 3, (*lines)[i][0]));
    }
    cache.assign(*epoch, *offset);
  }
  cache.dirty_ = false;
  return cache;
}

}  // namespace brokerlab::log
