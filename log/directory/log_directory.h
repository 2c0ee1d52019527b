// LogDirectory: one of a broker's log.dirs: its partitions, their checkpoints, its identity.
//
//   PosixEnv env;
//   auto dir = LogDirectory::open(env, "/var/lib/orders", {}).value();
//   dir->load_all();                                  // recovers what an unclean stop left
//   Log& log = *dir->create({"orders", 0}, {}).value();
//   log.append_as_leader(batch, epoch, now);
//   dir->close_cleanly();                             // the next start reads no data
//
//   .lock                              held as long as this lives
//   meta.properties                    broker.id and cluster.id: whose directory it is
//   recovery-point-offset-checkpoint   below it every record is on the disk
//   log-start-offset-checkpoint        where DeleteRecords moved a start into a segment
//   replication-offset-checkpoint      high watermarks; their meaning is the caller's
//   .kafka_cleanshutdown               the last stop was clean; gone while we run
//   orders-0/, orders-1.<id>-delete/   partitions (partition_dir.h), each with partition.metadata
//
// What must be durable before what, by file and directory syncs. Where Kafka differs it is said:
//   start     the lock; every small file read and judged, so that a refused start changed nothing;
//             meta.properties; then the mark of the clean stop removed and the directory synced,
//             before any log is opened: a mark that a power loss brought back would vouch for
//             appends that never reached the disk. (Kafka removes it first too, KAFKA-10471, but
//             does not sync, and reads the checkpoints afterwards.)
//   create    the directory and its partition.metadata, and the directory's name, before the
//             first append can be acknowledged. (Kafka: metadata with the first append.)
//   flush     log and indexes before a recovery point above them is written (Log::flush_to()).
//   truncate  the log first, then the recovery points anew (LogManager.truncateTo): a point above
//             the cut would spare what is appended there next from recovery. Then the log starts,
//             of which the same is true; Kafka leaves them to the next round of checkpoints.
//   delete    the new name synced before the first file goes: else a power loss could bring back
//             a partition with holes. Then the checkpoints without it (LogManager.asyncDelete).
//   stop      each log: last time index entry, log, indexes, names; then recovery points, then
//             log start offsets; last the mark, and the directory that names it
//             (LogManager.shutdown; Kafka leaves the last sync out). No mark when a log could not
//             be closed or was not loaded: the next start then recovers.
//
// One class over 400 lines: start, partitions and stop share the lock, the checkpoints as they were
// read, and what is not loaded yet.
// Lifetime: borrows the Env. Destroying without close_cleanly() is a process that died: nothing is
// lost, and the next start recovers. Threads: none.
// Errors: a DirectoryError. One of the storage while loading, creating or writing leaves everything
// as it was or half done in a way the next call or start completes. Source: Kafka's LogManager.
#pragma once

#include "base/problem.h"
#include "log/directory/checkpoint.h"
#include "log/directory/directory_files.h"
#include "log/directory/partition_dir.h"
#include "log/partition/log.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::log {

struct DirectoryError {
  enum class Kind {
    io,            ///< The storage failed.
    locked,        ///< Another process, or another LogDirectory, has it open.
    malformed,     ///< A small file is not what Kafka writes, or a name is no partition's.
    inconsistent,  ///< broker.id, cluster.id or a topic id are not what was expected.
    invalid,       ///< What was asked for cannot be: a bad topic name, a second copy.
  };
  Kind kind = Kind::io;
  Problems problems;  ///< At least one; file and line where they apply.

  std::string text() const;  ///< One line a problem, without a last newline.
};
std::string_view to_text(DirectoryError::Kind kind);

class LogDirectory {
 public:
  struct Options {
    /// Whose directory it must be. What is set is compared, and written where it is missing.
    std::optional<std::int32_t> broker_id;
    std::optional<std::string> cluster_id;
    /// The settings of a topic; without it those of LogConfig{}.
    std::function<LogConfig(const std::string& topic)> config_of;
    Timestamp now = 0;  ///< As in Log::OpenOptions.
    /// Kafka's way with a checkpoint that cannot be read: begin without it and say so in
    /// warnings(). A lost recovery point costs time, a lost log start offset shows records again
    /// that were deleted. Without it such a directory is refused.
    bool reset_bad_checkpoints = false;
  };

  struct Partition {
    TopicPartition name;
    std::optional<Uuid> topic_id;
    std::unique_ptr<Log> log;
  };
  using Partitions = std::map<TopicPartition, Partition>;

  /// Locks, reads the small files, removes the mark of a clean stop. Makes the directory when
  /// missing. No log is opened yet.
  static Result<std::unique_ptr<LogDirectory>, DirectoryError> open(Env& env, std::string path,
                                                                    Options options);
  ~LogDirectory();
  LogDirectory(const LogDirectory&) = delete;
  LogDirectory& operator=(const LogDirectory&) = delete;

  /// Opens one more of the partitions found, with recovery where it is due. False when there was
  /// none left. A failed one is tried again by the next call.
  Result<bool, DirectoryError> load_next();
  Status<DirectoryError> load_all();
  std::size_t left_to_load() const { return to_load_.size(); }

  /// A new partition, or the one that is there. A `topic_id` is written, or must be the same.
  Result<Log*, DirectoryError> create(const TopicPartition& name, std::optional<Uuid> topic_id);
  Log* find(const TopicPartition& name);  ///< Null when it is not here, or not loaded.
  const Partitions& partitions() const { return partitions_; }
  /// Copies that are to replace those in other directories ("-future").
  const Partitions& futures() const { return futures_; }
  /// "-stray" directories, which are left alone.
  const std::vector<std::string>& strays() const { return strays_; }
  /// All this directory holds, future ones too: LogManager puts new ones where it is smallest.
  std::size_t size() const { return partitions_.size() + futures_.size() + to_load_.size(); }

  /// Drops the partition's records from `offset` on, and checkpoints that. Whether any went.
  Result<bool, DirectoryError> truncate_to(const TopicPartition& name, Offset offset);
  /// Drops all of them; the log goes on at `offset`. Checkpointed, too.
  Status<DirectoryError> truncate_fully_and_start_at(const TopicPartition& name, Offset offset);

  /// Takes the partition away; its files go with remove_deleted(), where Kafka waits for
  /// file.delete.delay.ms. It stays deleted whatever happens from here on.
  Status<DirectoryError> delete_partition(const TopicPartition& name);
  std::size_t deleted() const { return deleted_.size(); }  ///< Waiting for remove_deleted().
  Status<DirectoryError> remove_deleted();

  Status<DirectoryError> write_recovery_points();
  Status<DirectoryError> write_log_start_offsets();
  Status<DirectoryError> write_high_watermarks(const OffsetCheckpoint& offsets);
  /// As read at start, or last written.
  const OffsetCheckpoint& high_watermarks() const { return high_watermarks_; }

  /// Flushes and closes all logs, writes checkpoints and mark, unlocks. `broker_epoch` goes into
  /// the mark (KIP-966). With an error there is no mark, and the logs are closed all the same.
  Status<DirectoryError> close_cleanly(std::int64_t broker_epoch = -1);

  const std::string& path() const { return path_; }
  const MetaProperties& identity() const { return identity_; }
  bool was_clean() const { return clean_.has_value(); }  ///< The stop before this start.
  /// From the mark, when there was one with an epoch in it.
  std::optional<std::int64_t> last_broker_epoch() const;
  const Problems& warnings() const { return warnings_; }
  /// What loading found and did, over all logs loaded.
  Log::Recovery recovery() const;

 private:
  struct Found {
    std::string dir_name;
    PartitionDirName name;
  };

  LogDirectory(Env& env, std::string path, Options options);

  Status<DirectoryError> prepare();
  Status<DirectoryError> read_small_files();
  Status<DirectoryError> read_checkpoint_into(const char* name, OffsetCheckpoint& offsets);
  Status<DirectoryError> check_identity(bool& changed);
  Status<DirectoryError> find_partitions();
  Result<bool, IoError> is_directory(const std::string& path) const;
  Result<Partition, DirectoryError> open_partition(const TopicPartition& name,
                                                   const std::string& dir_name, bool clean) const;
  Status<DirectoryError> write_checkpoints();
  Status<DirectoryError> close_logs();
  std::string in_root(std::string_view name) const { return join_path(path_, name); }
  std::string unused_deleted_name(const TopicPartition& name) const;
  OffsetCheckpoint collect(const OffsetCheckpoint& read,
                           const std::function<std::optional<Offset>(const Log&)>& of) const;

  Env* env_;
  std::string path_;
  Options options_;
  std::unique_ptr<FileLock> lock_;
  MetaProperties identity_;
  std::optional<CleanShutdown> clean_;
  OffsetCheckpoint recovery_points_;  ///< As read; for partitions that are yet to be loaded.
  OffsetCheckpoint log_starts_;       ///< As read, like them.
  OffsetCheckpoint high_watermarks_;
  std::vector<Found> to_load_;  ///< The last is the next.
  std::vector<std::string> deleted_;
  std::vector<std::string> strays_;
  Partitions partitions_;
  Partitions futures_;
  Problems warnings_;
};

/// Removes a directory with all that is in it.
Status<IoError> remove_tree(Env& env, const std::string& path);

}  // namespace brokerlab::log
