// What a recovery of a partition's directory would do, tried on a copy of what would change.
// Nothing has changed on the disk then, so that who gives advice can say what would come of it.
#pragma once

#include "cli/log_command.h"
#include "log/env/overlay_env.h"

#include <memory>
#include <optional>
#include <string>

namespace brokerlab::cli {

/// The batches in what a recovery cuts, as far as their lengths lead from one to the next.
struct CutContents {
  std::int64_t batches = 0;
  std::int64_t records = 0;  ///< As the headers say.
  std::int64_t good_batches = 0;
  std::int64_t good_records = 0;
};

/// From offset 0 on, whatever a checkpoint says: who calls this trusts nothing.
Result<std::unique_ptr<log::Log>, log::LogError> open_to_recover(log::Env& env,
                                                                 const std::string& dir,
                                                                 log::Offset log_start_offset);

/// Of a recovery that ran in `env`, which kept what it cut.
Result<CutContents, log::IoError> contents_of_cuts(log::Env& env, const log::Log& log);

/// "3 batches with 3 records, of which 2 batches with 2 records are good"; empty without batches.
std::string to_text(const Context& context, const CutContents& contents);

/// What `brokerlab log recover` would do, for those who advise it.
struct RecoveryOutlook {
  std::optional<log::LogError> refusal;
  std::int64_t bytes_cut = 0;
  CutContents contents;
  std::int64_t damage_left = 0;  ///< Places that `log verify` would still find.
};
/// Reads all that a recovery and a verification read.
Result<RecoveryOutlook, log::IoError> foresee_recovery(log::Env& env, const std::string& dir);

}  // namespace brokerlab::cli
