// What lies in a partition's directory, for tools that look and never change: segments and the
// entries of their indexes, as they are, damaged ones too; producer snapshots; where the log
// starts.
//
// Log::open() would mend what it finds. Threads: none. Errors: those of the storage.
#pragma once

#include "log/batch/big_endian.h"
#include "log/segment/segment.h"
#include "log/segment/transaction_index.h"

#include <string>
#include <vector>

namespace brokerlab::log {

/// A segment by its files; an index's path is empty when it is not there.
struct SegmentFiles {
  Offset base_offset = 0;
  std::string log;
  std::string index;
  std::string time_index;
  std::string transaction_index;
};

/// All segments that have a .log file, by base offset. `not_found` when there is no directory.
Result<std::vector<SegmentFiles>, IoError> list_segments(const Env& env, const std::string& dir);

/// The entries of an index file.
template <class Entry>
struct IndexEntries {
  std::vector<Entry> entries;
  /// Bytes behind the last whole entry.
  std::int64_t odd_bytes = 0;
  /// Zeros at the end, which Kafka leaves in the index of a segment it did not close. Never in a
  /// transaction index.
  std::int64_t preallocated_bytes = 0;
};

Result<IndexEntries<OffsetPosition>, IoError> read_offset_index(Env& env, const std::string& path,
                                                                Offset base_offset);
Result<IndexEntries<TimestampOffset>, IoError> read_time_index(Env& env, const std::string& path,
                                                               Offset base_offset);

struct TransactionIndexEntry {
  static constexpr std::size_t entry_size = transaction_entry_size;

  std::int16_t version = 0;
  AbortedTransaction aborted;

  /// Its offsets are whole ones: not from the segment's base on.
  static TransactionIndexEntry load(const std::byte* from, Offset /*base_offset*/) {
    return {load_big_endian<std::int16_t>(from), decode_aborted_transaction(from)};
  }
};
Result<IndexEntries<TransactionIndexEntry>, IoError> read_transaction_index(
    Env& env, const std::string& path);

/// A producer snapshot by its file.
struct SnapshotFile {
  Offset offset = 0;  ///< As its name says.
  std::string path;
};

/// All of them, by offset. `not_found` when there is no directory.
Result<std::vector<SnapshotFile>, IoError> list_snapshots(const Env& env, const std::string& dir);

/// What the log-start-offset-checkpoint beside the partition directory `dir`, given without '/' at
/// its end, says of it; 0 where it says nothing.
Result<Offset, IoError> checkpointed_log_start(Env& env, const std::string& dir);

}  // namespace brokerlab::log
