// What lies in a partition's directory, for tools that look and never change: segments and the
// entries of their indexes, as they are, damaged ones too.
//
// Log::open() would mend what it finds. Threads: none. Errors: those of the storage.
#pragma once

#include "log/segment.h"

#include <string>
#include <vector>

namespace brokerlab::log {

/// A segment by its files; an index's path is empty when it is not there.
struct SegmentFiles {
  Offset base_offset = 0;
  std::string log;
  std::string index;
  std::string time_index;
};

/// All segments that have a .log file, by base offset. `not_found` when there is no directory.
Result<std::vector<SegmentFiles>, IoError> list_segments(const Env& env, const std::string& dir);

/// The entries of an index file.
template <class Entry>
struct IndexEntries {
  std::vector<Entry> entries;
  /// Bytes behind the last whole entry.
  std::int64_t odd_bytes = 0;
  /// Zeros at the end, which Kafka leaves in the index of a segment it did not close.
  std::int64_t preallocated_bytes = 0;
};

Result<IndexEntries<OffsetPosition>, IoError> read_offset_index(Env& env, const std::string& path,
                                                                Offset base_offset);
Result<IndexEntries<TimestampOffset>, IoError> read_time_index(Env& env, const std::string& path,
                                                               Offset base_offset);

}  // namespace brokerlab::log
