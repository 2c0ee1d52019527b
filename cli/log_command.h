// What the commands under `brokerlab log` share. DIR is one partition's directory on this machine.
//
// dump, verify, stats and read look and change nothing, not even a lock file, so they may run
// beside a writer; what it writes meanwhile may look torn. append, recover and compact lock.
// extract is of a recording, and writes a broker's whole log directory.
#pragma once

#include "base/translation.h"
#include "cli/command_line.h"
#include "cli/metered_env.h"
#include "cli/moment.h"
#include "log/directory/checkpoint.h"
#include "log/directory/partition_files.h"
#include "log/partition/log.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace brokerlab::cli {

/// Arguments that all of them take.
struct LogTarget {
  std::string dir;
  bool json = false;  ///< One JSON object a line on standard output, nothing else there.
};
void add_target(
    Command command, LogTarget& target,
    const std::string& meaning = tr("A partition's directory, such as /var/lib/kafka/orders-0"));

// One for each .cpp: adds the command to `log`.
void add_log_dump(Command log, Context& context);
void add_log_verify(Command log, Context& context);
void add_log_stats(Command log, Context& context);
void add_log_append(Command log, Context& context);
void add_log_read(Command log, Context& context);
void add_log_recover(Command log, Context& context);
void add_log_compact(Command log, Context& context);
void add_log_extract(Command log, Context& context);

/// Prints the error and returns the exit status: bad input where the user named something that is
/// not there, else trouble.
int report(Context& context, const log::IoError& error);
int report(Context& context, const log::LogError& error);  ///< The same; always trouble.

/// Milliseconds since 1970, by this machine's clock.
log::Timestamp wall_clock();

/// It is there, and no directory.
bool is_file(const std::string& path);

/// The segments of an existing partition directory; on failure it has been reported, context.status
/// is set, and nothing is returned.
std::optional<std::vector<log::SegmentFiles>> segments_of(Context& context, log::Env& env,
                                                          const LogTarget& target);
std::int64_t bytes_of(log::Env& env, const std::vector<log::SegmentFiles>& segments);

/// The directory without '/' at its end, and with its own name where the user wrote "." or "..":
/// the partition and the log directory around it are in the name.
std::string named_path(const std::string& dir);

/// The locks a writer of one partition holds: the partition's own, and that of the log directory
/// around it, so that no broker runs there. A mark of a clean stop in it is taken away while we
/// write: until writing ended well it would be a lie.
class PartitionLock {
 public:
  /// `dir` exists.
  static Result<PartitionLock, log::IoError> take(log::Env& env, const std::string& dir);
  /// The log is closed and synced and ends at `log_end`: lowers a recovery point above it, which
  /// would spare what comes next from recovery; puts the mark back, when there was one.
  Status<log::IoError> release_cleanly(log::Offset log_end);
  /// Nothing was written: puts the mark back, when there was one.
  Status<log::IoError> release_unchanged();

  // What the log directory around it knows; zeros where there is none.
  log::Offset recovery_point() const;
  log::Offset log_start_offset() const { return log_start_offset_; }
  bool was_clean() const { return had_mark_; }

 private:
  log::Env* env_ = nullptr;
  std::unique_ptr<log::FileLock> partition_;
  std::unique_ptr<log::FileLock> directory_;
  std::string mark_;
  std::optional<std::int64_t> mark_epoch_;
  bool had_mark_ = false;
  std::string points_path_;
  log::OffsetCheckpoint points_;
  log::OffsetCheckpoint::key_type key_;
  log::Offset log_start_offset_ = 0;
};

/// No command but `recover` cuts anything: whether the log can be opened without, tried on a copy
/// of what would change, so that nothing has when it cannot. What is in the way has been said then,
/// and context.status set. Reads what opening reads.
bool opens_without_a_cut(Context& context, log::Env& env, const std::string& dir,
                         const log::LogConfig& config, log::Log::OpenOptions options);

std::string with_separators(std::int64_t number);  ///< "1,234,567".
std::string bytes_text(std::int64_t bytes);        ///< "512 bytes", "1.2 MB".
/// "1 batch", "2 batches".
std::string count_text(std::int64_t count, std::string_view one, std::string_view many);

/// What log commands count, in both languages.
struct Noun {
  std::string_view one;
  std::string_view many;
  std::string_view korean;
};
inline constexpr Noun record_noun{"record", "records", "레코드"};
inline constexpr Noun batch_noun{"batch", "batches", "배치"};
inline constexpr Noun segment_noun{"segment", "segments", "세그먼트"};
inline constexpr Noun key_noun{"key", "keys", "키"};
/// "2 batches", "배치 2개".
std::string count_text(const Context& context, std::int64_t count, const Noun& noun);
bool is_utf8(std::string_view text);
/// Text as it is, all that would move the cursor or is no UTF-8 as \xNN.
std::string printable(std::string_view text);

}  // namespace brokerlab::cli
