// What a crash may leave half done among the files of a partition, and what a start makes of it.
//
//   <offset>.log.deleted    was to be removed                  removed
//   <offset>.log.cleaned    an unfinished copy                 removed
//   <offset>.log.swap       a finished copy of what begins     takes the place of those, unless a
//                           in its range of offsets            .cleaned begins at or before it:
//                           then
//                                                              it is part of an unfinished split
//                                                              (KAFKA-6264), and removed
//   <offset>.index.swap     ... whose .log has its last name   gets its own
//
// The same for .index, .timeindex, .txnindex and .snapshot. In a range of copies all that begins
// there and has no .swap goes, producer snapshots too. Left alone are directories, whatever their
// names, and files of other people: Kafka goes by the end of a name, we ask for the 20 digits.
//
// A broker does just that. A tool (Cutting::kept, Cutting::never) looks at the bytes first, of
// every file with a name of these, and changes nothing before all are judged:
//
//                                                     never               kept
//   a .log that goes, with bytes that are no Kafka's  refused             refused
//   a .log that goes, with a record that no file      refused             put aside
//     has that stays, or with a damaged batch
//   a .log that goes, any other                       removed             put aside
//   an index or snapshot that cannot be read, even    refused             put aside
//     where it would have stayed
//   a snapshot that another would replace             refused             put aside
//
// Put aside is: renamed to "cut-from-..." (cut_bytes.h), every byte kept.
//
// Where a start of ours is interrupted, or a replacement (Log::replace_segments()), what it leaves
// is right for Kafka's start, too: as in Kafka the .log is renamed before its indexes. Source:
// LogLoader.load (its first three passes), LogLoader.removeTempFilesAndCollectSwapFiles. Private to
// this folder. Threads: none. Errors: those of the storage; `malformed` for what is refused.
#pragma once

#include "log/env/env.h"
#include "log/types.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::log {

/// What a start may do with bytes that its recovery would take away.
enum class Cutting {
  as_kafka,  ///< Takes them away. Also what Kafka does not look at: offsets that go back.
  kept,   ///< Takes away what Kafka does and what looks like Kafka's, and keeps it beside the log
          ///< (cut_bytes.h); refuses anything else.
  never,  ///< Refuses.
};

/// The name of a file of a segment, or of a producer snapshot, in its parts.
struct PartitionFileName {
  Offset offset = 0;
  std::string_view suffix;  ///< ".log", ".index", ...
  std::string_view state;   ///< "", ".cleaned", ".swap" or ".deleted".
};
/// Nothing for what is none; the views are of constants.
std::optional<PartitionFileName> parse_partition_file(std::string_view name);

/// A file that a start gives another name, or removes.
struct FileChange {
  std::string name;
  std::string now;      ///< Empty: it goes.
  std::string why;      ///< It goes.
  std::string kept_as;  ///< The name under which its bytes are kept, if they are.
};

/// Brings the files of `dir` in order. `end_of_copy` looks into the copy that begins at an offset:
/// one past its last offset, or an error where it must not be taken.
using EndOfCopy = std::function<Result<Offset, IoError>(Offset base)>;
Result<std::vector<FileChange>, IoError> finish_replacements(Env& env, const std::string& dir,
                                                             Cutting cutting,
                                                             const EndOfCopy& end_of_copy);

}  // namespace brokerlab::log
