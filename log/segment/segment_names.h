// SegmentNames: the names of the files that belong to one segment, and what is done to all of them.
//
//   00000000000000000042.log        batches (segment.h)
//   00000000000000000042.index      where they are, by offset (segment_indexes.h)
//   00000000000000000042.timeindex  and by time
//   00000000000000000042.txnindex   aborted transactions (transaction_index.h), when there are any
//
// A segment that does not count yet, or no longer, has one more suffix behind each name.
//
// Lifetime: borrows the Env. Threads: none. Errors: those of the storage.
#pragma once

#include "log/env/env.h"
#include "log/types.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace brokerlab::log {

/// "00000000000000000042" + suffix.
std::string segment_file_name(Offset base_offset, std::string_view suffix);
/// The base offset in a segment file's name; nothing when it is not one.
std::optional<Offset> base_offset_of(std::string_view file_name, std::string_view suffix);

inline constexpr std::string_view log_suffix = ".log";
inline constexpr std::string_view index_suffix = ".index";
inline constexpr std::string_view time_index_suffix = ".timeindex";
inline constexpr std::string_view cleaned_suffix = ".cleaned";
inline constexpr std::string_view swap_suffix = ".swap";
inline constexpr std::string_view deleted_suffix = ".deleted";

class SegmentNames {
 public:
  SegmentNames(Env& env, std::string dir, Offset base_offset, std::string_view file_suffix)
      : env_(&env), dir_(std::move(dir)), base_offset_(base_offset), file_suffix_(file_suffix) {}

  Env& env() const { return *env_; }
  Offset base_offset() const { return base_offset_; }
  std::string path(std::string_view suffix) const;
  bool exists(std::string_view suffix) const { return env_->exists(path(suffix)); }

  Result<std::unique_ptr<File>, IoError> open(std::string_view suffix) const;
  /// Empty: a left-over one of that name is removed first, as in Kafka.
  Result<std::unique_ptr<File>, IoError> create(std::string_view suffix) const;

  // Of .log, .index and .timeindex; the transaction index sees to its own file.

  Status<IoError> remove() const;
  /// Gives them another suffix, the .log first, as Kafka does: in each state between, a start knows
  /// what to do (start_files.h).
  Status<IoError> rename(std::string_view file_suffix);

 private:
  Env* env_;
  std::string dir_;
  Offset base_offset_;
  std::string file_suffix_;
};

}  // namespace brokerlab::log
