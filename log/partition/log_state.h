// LogState: what a log is made of. The loader brings it about (log_loader.h), then the Log changes
// it.
//
// Lifetime: borrows the Env and the LogConfig. Threads: none. Errors: those of the storage.
#pragma once

#include "log/partition/leader_epoch_cache.h"
#include "log/partition/local_log.h"
#include "log/partition/log_producers.h"

#include <string>

namespace brokerlab::log {

struct LogState {
  LogState(Env& env, const std::string& dir, const LogConfig& config)
      : local(env, dir, config), producers(env) {}

  LocalLog local;
  LeaderEpochCache epochs;
  LogProducers producers;
  Offset start_offset = 0;
  Timestamp last_now = 0;  ///< The latest time anyone told.

  Status<IoError> flush_epochs() {
    return epochs.flush(local.env(), join_path(local.dir(), leader_epoch_checkpoint_name));
  }
  Status<IoError> reload_producers() { return producers.reload(local, start_offset, last_now); }
  /// Everything goes; the log starts and ends at `offset`.
  Status<IoError> start_empty_at(Offset offset);
};

}  // namespace brokerlab::log
