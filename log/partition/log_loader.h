// LogLoader: opens the directory of one partition, or makes it, and recovers what may not have
// reached the disk.
//
// In this order: replacements that a crash has interrupted are finished (start_files.h); segments
// are opened, and those whose indexes are lost or wrong are read; without a clean stop the segments
// from the recovery point on are scanned, the log is cut at the first bad batch, and later segments
// go, like those that begin before the end of the one before; leader epochs and producers are
// brought in line with what is left. Whatever is about to be cut, the CutGuard is asked.
//
// Lifetime: borrows the Env and the LogConfig; used once. Threads: none. Errors: those of the
// storage, and what the CutGuard refuses. Source: Kafka's LogLoader.
#pragma once

#include "log/partition/cut_guard.h"
#include "log/partition/log_recovery.h"
#include "log/partition/log_state.h"

#include <string>
#include <vector>

namespace brokerlab::log {

class LogLoader {
 public:
  LogLoader(Env& env, const std::string& dir, const LogConfig& config,
            const LogOpenOptions& options);

  Status<IoError> load();
  /// Whether load() failed because OpenOptions::cutting forbids what was to be done.
  bool refused() const { return guard_.refused(); }

  // After load(), once:
  LogState take_state() { return std::move(state_); }
  LogRecovery take_recovery();

 private:
  Env& env() { return local_.env(); }
  std::string path(const std::string& name) const { return join_path(local_.dir(), name); }

  // Files.
  Status<IoError> finish_swaps();
  Result<Offset, IoError> end_of_copy(Offset base);
  Status<IoError> load_segments();
  Status<IoError> remove_without_segment(const std::string& name);
  bool is_file(const std::string& name);
  void note_removed_snapshots(const std::vector<Offset>& before);

  // Their contents.
  Status<IoError> load_contents();
  Status<IoError> recover_damaged(const std::vector<Offset>& bases);
  Status<IoError> recover_unflushed();
  Status<IoError> recover_from(std::size_t first);
  Status<IoError> check_end();
  Result<std::int64_t, IoError> recover_segment(LogSegment& segment, bool believed = false);
  Status<IoError> drop_segments_from(std::size_t first, const std::string& why);
  Status<IoError> start_anew();
  void settle_offsets();

  const LogOpenOptions options_;
  LogState state_;
  LocalLog& local_;  ///< Of state_.
  CutGuard guard_;
  LogRecovery recovery_;
};

}  // namespace brokerlab::log
