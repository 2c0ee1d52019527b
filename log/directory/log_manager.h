// LogManager: the partitions of one broker over several log directories (log.dirs).
//
// A new partition goes to the directory that holds the fewest, the first of equals; nothing is
// moved later. Source: Kafka's LogManager (nextLogDirs, loadLog's check for second copies).
//
// A directory whose storage fails at the start is left out, and the others go on (KIP-112); its
// partitions are then nowhere. All of them failing, or one that another process has, that belongs
// to another broker or that holds nonsense, refuses the whole start: that is for a person to mend.
//
// Lifetime, threads, errors: as LogDirectory.
#pragma once

#include "log/directory/log_directory.h"

namespace brokerlab::log {

class LogManager {
 public:
  /// A directory that is not served, and why.
  struct Offline {
    std::string path;
    DirectoryError error;
  };

  /// Locks all directories and reads their small files. `paths`: at least one.
  static Result<std::unique_ptr<LogManager>, DirectoryError> open(
      Env& env, const std::vector<std::string>& paths, const LogDirectory::Options& options);

  /// Opens every log. A partition that lies in two directories is an error naming both. A directory
  /// whose storage fails goes to offline(), unless it was the last.
  Status<DirectoryError> load_all();

  /// The partition, wherever it is; else a new one in next_directory(). With a directory offline
  /// that is an error, unless the caller knows that there never was one (`is_new`).
  Result<Log*, DirectoryError> create(const TopicPartition& name, std::optional<Uuid> topic_id,
                                      bool is_new = false);
  Log* find(const TopicPartition& name);                   ///< Null when no directory has it.
  LogDirectory* directory_of(const TopicPartition& name);  ///< Likewise.
  LogDirectory& next_directory();

  /// Stops all directories, each as LogDirectory::close_cleanly() does; the first error.
  Status<DirectoryError> close_cleanly(std::int64_t broker_epoch = -1);

  /// Those that are served.
  const std::vector<std::unique_ptr<LogDirectory>>& directories() const { return directories_; }
  const std::vector<Offline>& offline() const { return offline_; }

 private:
  std::vector<std::unique_ptr<LogDirectory>> directories_;
  std::vector<Offline> offline_;
};

}  // namespace brokerlab::log
