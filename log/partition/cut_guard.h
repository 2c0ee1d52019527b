// CutGuard: asked before recovery cuts a segment or removes it. It notes what goes, keeps a copy
// where that is wanted, and refuses what must not go (Cutting; whose the bytes are: cut_bytes.h).
//
// Private to the loader. Lifetime: borrows the Env. Threads: none. Errors: those of the storage;
// `malformed`, and refused(), for what must not go.
#pragma once

#include "log/partition/log_recovery.h"
#include "log/segment/segment.h"

#include <string>
#include <vector>

namespace brokerlab::log {

class CutGuard {
 public:
  CutGuard(Env& env, std::string dir, Cutting cutting)
      : env_(&env), dir_(std::move(dir)), cutting_(cutting) {}

  Cutting cutting() const { return cutting_; }
  /// An error is about to be returned, or was, because of cutting() and not of the storage.
  bool refused() const { return refused_; }
  std::vector<LogRecovery::Cut>& cuts() { return cuts_; }

  /// What begins at `position` is no good.
  Status<IoError> before_cut(const LogSegment& segment, std::int64_t position, std::string why);
  Status<IoError> before_removal(const LogSegment& segment, std::string why);
  Failure<IoError> refuse_cut(const LogSegment& segment, std::int64_t position, std::string why);
  /// An error of somebody else's is a refusal.
  void note_refusal() { refused_ = true; }

 private:
  Status<IoError> note_cut(const LogSegment& segment, std::int64_t position, std::string why);

  Env* env_;
  std::string dir_;
  Cutting cutting_;
  bool refused_ = false;
  std::vector<LogRecovery::Cut> cuts_;
};

}  // namespace brokerlab::log
