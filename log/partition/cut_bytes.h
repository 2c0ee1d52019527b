// What recovery cuts off a log: whose bytes they are, and where they are kept.
//
// Kafka cuts a segment at the first batch that it finds bad (LogSegment.recover), whatever those
// bytes are: a torn write, but also a text file of the segment's name. A tool must know better:
// what does not look like Kafka's is not ours to cut, and what Kafka would keep is nobody's.
//
// Kept bytes lie beside the log, in "cut-from-<offset>.log-at-<position>" (of other files that go
// whole, "cut-from-<name>-at-0"): a name that neither
// Kafka nor we take for a segment's, nor for one of a number (LogLoader.load removes those in a
// range). Private to this folder. Threads: none. Errors: those of the storage.
#pragma once

#include "log/env/env.h"
#include "log/types.h"

#include <string>

namespace brokerlab::log {

enum class CutClaim {
  cut_by_kafka,   ///< Looks like a batch of this log, but is no good one; or zeros; or too short.
  kept_by_kafka,  ///< A good batch to Kafka, which reads or splits what we cannot.
  not_kafkas,     ///< An unknown message format, or offsets that this log cannot have.
};

struct JudgedCut {
  CutClaim claim = CutClaim::cut_by_kafka;
  std::string why;
};
/// Of what begins at `position` of a segment's .log, where no batch that we take does.
Result<JudgedCut, IoError> judge_cut(File& log, std::int64_t position, Offset segment_base);
/// Of a whole segment that is to go: not_kafkas when an unknown format is in it, or no batch at
/// all.
Result<JudgedCut, IoError> judge_removal(File& log, Offset segment_base);
Result<bool, IoError> is_zero_from(File& log, std::int64_t position);

/// A name under which what begins at `position` of `file` can be kept.
std::string name_for_kept(Env& env, const std::string& dir, const std::string& file,
                          std::int64_t position);

/// Copies what begins at `position`, and syncs it and its name. Returns the name.
Result<std::string, IoError> keep_bytes(Env& env, const std::string& dir, Offset segment_base,
                                        File& log, std::int64_t position);

}  // namespace brokerlab::log
