// LogManager: the partitions of one broker over several log directories (log.dirs).
//
// A new partition goes to the directory that holds the fewest, the first of equals; nothing is
// moved later. Source: Kafka's LogManager (nextLogDirs, loadLog's check for second copies).
//
// Unlike Kafka, which goes on without a directory that fails, one that cannot be opened refuses
// the whole start; the error tells all that is wrong with it.
//
// Lifetime, threads, errors: as LogDirectory.
#pragma once

#include "log/log_directory.h"

namespace brokerlab::log {

class LogManager {
 public:
  /// Locks all directories and reads their small files. `paths`: at least one.
  static Result<std::unique_ptr<LogManager>, DirectoryError> open(
      Env& env, const std::vector<std::string>& paths, const LogDirectory::Options& options);

  /// Opens every log. A partition that lies in two directories is an error naming both.
  Status<DirectoryError> load_all();

  /// The partition, wherever it is; else a new one in next_directory().
  Result<Log*, DirectoryError> create(const TopicPartition& name, std::optional<Uuid> topic_id);
  Log* find(const TopicPartition& name);                   ///< Null when no directory has it.
  LogDirectory* directory_of(const TopicPartition& name);  ///< Likewise.
  LogDirectory& next_directory();

  /// Stops all directories, each as LogDirectory::close_cleanly() does; the first error.
  Status<DirectoryError> close_cleanly(std::int64_t broker_epoch = -1);

  const std::vector<std::unique_ptr<LogDirectory>>& directories() const { return directories_; }

 private:
  std::vector<std::unique_ptr<LogDirectory>> directories_;
};

}  // namespace brokerlab::log
