// How a log is opened, and what opening it found and did: for a broker's start-up story, and for
// tools. Threads: values.
#pragma once

#include "log/partition/start_files.h"
#include "log/types.h"

#include <cstdint>
#include <string>
#include <vector>

namespace brokerlab::log {

struct LogOpenOptions {
  /// Everything below is known to be synced (recovery-point-offset-checkpoint).
  Offset recovery_point = 0;
  /// From log-start-offset-checkpoint.
  Offset log_start_offset = 0;
  /// The broker stopped cleanly: nothing is scanned, unless the log ends in something that is
  /// no batch.
  bool clean = false;
  Timestamp now = 0;  ///< Age of segments for segment.ms counts from here.
  /// What is refused is an error of kind `corrupt`. Other segments may have been cut by then, with
  /// a copy kept, and indexes rebuilt. Who wants nothing changed tries on an OverlayEnv first.
  Cutting cutting = Cutting::as_kafka;
};

struct LogRecovery {
  std::int32_t segments_scanned = 0;
  std::int64_t bytes_scanned = 0;
  std::int64_t bytes_cut = 0;  ///< Of the log, index files aside.
  std::int32_t segments_removed = 0;
  /// Scanned segments that begin behind the end of the one before: records are missing there,
  /// or compaction took them. A power loss leaves such a hole when a new segment reached the
  /// disk before the old one's last bytes did. Kafka does not look, and carries on; so do we.
  /// LogConfig::sync_in_order prevents it.
  std::int32_t gaps = 0;
  struct Cut {
    std::string file;           ///< Its name, in the directory.
    std::int64_t position = 0;  ///< From there to the end; 0 for a segment that was removed.
    std::int64_t bytes = 0;
    std::string why;
    std::string kept_as;  ///< The name under which they are kept, if they are.
  };
  std::vector<Cut> cuts;  ///< What bytes_cut is made of.
  /// What an interrupted replacement or removal had left, and files without a segment.
  std::vector<FileChange> files;
};

}  // namespace brokerlab::log
