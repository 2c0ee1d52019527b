// Looking for damage in one partition's directory. Reads every byte, changes nothing.
//
//  - every batch: size, header, checksum, each record inside, offsets that grow;
//  - indexes: whole entries that grow, each pointing at a batch that agrees with it;
//  - transaction indexes: whole entries that grow, each ending at an abort marker of its producer,
//    and one for every aborted transaction that has records here;
//  - producer snapshots: checksum, version, size, an offset that the log reaches, producers whose
//    last batch the log does not contradict;
//  - leader-epoch-checkpoint and partition.metadata, against what the batches say;
//  - the checkpoints of the log directory around it, where there are any: a recovery point or log
//    start behind the log's end means that records are missing.
//
// No damage, since Kafka lives with it: gaps between batches or segments (compaction leaves them),
// a missing .index or .timeindex (it is rebuilt), zeros at the end of those, left-over temporary
// files, no snapshot or one from before the log's start.
// Threads: none. Errors: an io error; what the bytes say is a finding.
#pragma once

#include "log/env/env.h"
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
  std::int64_t bytes = 0;           ///< Of the .log files.
  std::int64_t index_entries = 0;   ///< Of all three kinds of index.
  std::int64_t snapshots = 0;       ///< Of producers.
  Offset first_offset = no_offset;  ///< no_offset: there are no records.
  Offset end_offset = 0;

  static constexpr std::size_t most_listed = 20;
};

Result<Verification, IoError> verify_partition(Env& env, const std::string& dir);

}  // namespace brokerlab::log
