// Whose the bytes are that a file of a partition has, for those who must not take away what they do
// not understand (start_files.h).
//
// An index, a transaction index and a producer snapshot can be made anew from the log: what can be
// read as one is nobody's loss. Zeros at the end are Kafka's preallocation, or a power loss.
//
// Private to this folder. Threads: none. Errors: those of the storage.
#pragma once

#include "log/env/env.h"
#include "log/partition/start_files.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::log {

/// Why a file's bytes are not what its name says.
struct Misfit {
  std::int64_t position = 0;
  std::string why;
};
/// Of an index or snapshot; nothing for a good one, an empty one, and the torn end of a good index.
Result<std::optional<Misfit>, IoError> judge_derived(File& file, const PartitionFileName& name);

/// Records that are about to go with their files: whether each is in a file that stays, at the same
/// offset.
/// Cost: 24 bytes of memory a record that goes; every byte of those files is read, and decoded.
class GoingRecords {
 public:
  /// What in the file is no record of a segment that begins at `base`, if anything.
  Result<std::optional<Misfit>, IoError> add(File& log, Offset base, std::size_t number);
  Status<IoError> found_in(File& log, Offset base);

  struct Lost {
    std::size_t number = 0;  ///< Of the file.
    Offset offset = 0;
  };
  std::optional<Lost> first_lost() const;

 private:
  struct Entry {
    Offset offset = 0;
    std::uint64_t hash = 0;
    std::uint32_t number = 0;
    bool stays = false;
  };
  void sort();

  std::vector<Entry> entries_;
  bool sorted_ = false;
};

}  // namespace brokerlab::log
