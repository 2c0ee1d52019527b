// Looking for damage in one partition's directory. Reads every byte, changes nothing.
//
//  - every batch: size, header, checksum, each record inside, offsets that grow;
//  - indexes: whole entries that grow, each pointing at a batch that agrees with it;
//  - leader-epoch-checkpoint and partition.metadata, against what the batches say;
//  - the checkpoints of the log directory around it, where there are any: a recovery point or log
//    start behind the log's end means that records are missing.
//
// No damage, since Kafka lives with it: gaps between batches or segments (compaction leaves them),
// a missing index (it is rebuilt), zeros at an index's end, left-over temporary files.
// Threads: none. Errors: an io error; what the bytes say is a finding.
#pragma once

#include "log/env.h"
#include "log/types.h"

#include <string>
#include <vector>

namespace brokerlab::log {

struct Damage {
  std::string file;
  /// The byte of the file where it begins; for a text file 0, the reason names the line.
  std::int64_t position = 0;
  std::string reason;
};

struct Verification {
  std::vector<Damage> damage;     ///< File by file, at most `most_listed` for each.
  std::int64_t damage_count = 0;  ///< Those left out too.
  std::int64_t segments = 0;
  std::int64_t batches = 0;
  std::int64_t records = 0;
  std::int64_t bytes = 0;  ///< Of the .log files.
  std::int64_t index_entries = 0;
  Offset first_offset = no_offset;  ///< no_offset: there are no records.
  Offset end_offset = 0;

  static constexpr std::size_t most_listed = 20;
};

Result<Verification, IoError> verify_partition(Env& env, const std::string& dir);

}  // namespace brokerlab::log
