// LeaderEpochCache: at which offset each leader epoch begins, for one partition.
//
// Followers and consumers ask for the end of an epoch to find where their log and the leader's part
// ways (KIP-101, KIP-279, KIP-320). Epochs and start offsets grow strictly from entry to entry.
// Source of the rules: Kafka's LeaderEpochFileCache.
//
// The decisions are pure; flush() writes `leader-epoch-checkpoint` ("0\n", the number of entries,
// then "epoch offset" lines). As in Kafka, a new epoch must be written at once and a truncation may
// wait: stale entries are cut when the log is opened. Threads: none.
#pragma once

#include "log/env/env.h"
#include "log/types.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::log {

inline constexpr const char* leader_epoch_checkpoint_name = "leader-epoch-checkpoint";

struct EpochEntry {
  LeaderEpoch epoch = no_epoch;
  Offset start_offset = 0;
  bool operator==(const EpochEntry&) const = default;
};

struct EpochEndOffset {
  LeaderEpoch epoch = no_epoch;   ///< The largest known epoch not above the one asked for.
  Offset end_offset = no_offset;  ///< Where it ends; no_offset when nothing is known.
  bool operator==(const EpochEndOffset&) const = default;
};

class LeaderEpochCache {
 public:
  LeaderEpochCache() = default;

  /// Notes that `epoch` begins at `offset`, and drops entries that contradict it. Returns whether
  /// anything changed. Both must be >= 0.
  bool assign(LeaderEpoch epoch, Offset offset);

  EpochEndOffset end_offset_for(LeaderEpoch requested, Offset log_end_offset) const;
  /// The epoch of the record at `offset`.
  std::optional<LeaderEpoch> epoch_for(Offset offset) const;

  /// Drops entries that begin at or behind `end_offset`.
  void truncate_from_end(Offset end_offset);
  /// Drops entries that end at or before `start_offset`; the one that covers it begins there now.
  void truncate_from_start(Offset start_offset);
  void clear();

  std::optional<LeaderEpoch> latest_epoch() const;
  std::optional<LeaderEpoch> previous_epoch(LeaderEpoch epoch) const;
  const std::vector<EpochEntry>& entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }

  bool dirty() const { return dirty_; }  ///< Changed since the last flush() or load().
  Status<IoError> flush(Env& env, const std::string& path);
  /// An absent file is an empty cache. Malformed text is an IoError that names the line.
  static Result<LeaderEpochCache, IoError> load(Env& env, const std::string& path);

 private:
  std::vector<EpochEntry> entries_;
  bool dirty_ = false;
};

}  // namespace brokerlab::log
