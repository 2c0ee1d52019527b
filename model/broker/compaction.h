// Compaction: the broker's cleaner threads. Each takes the log with the largest part of dirty bytes
// of those that are due, cleans it (log/partition/cleaner.h) and begins anew; when none is due it
// sleeps for log.cleaner.backoff.ms. What they read, write and reckon is charged to the disks, the
// page cache and a core, in pieces of their buffer, below log.cleaner.io.max.bytes.per.second.
//
// A log that is truncated meanwhile is let go at once, and is dirty from there on. (In Kafka who
// truncates waits until the cleaner has let go.) One whose cleaning fails is not cleaned any more.
//
// Lifetime: owned by the ReplicaManager. Threads: none.
// Source:   kafka.log.LogCleaner (CleanerThread), kafka.log.LogCleanerManager.
#pragma once

#include "log/partition/cleaner.h"
#include "model/broker/hosted_replicas.h"

#include <map>
#include <set>

namespace brokerlab::model {

class Deletion;
class LogManager;

class Compaction {
 public:
  Compaction(const ReplicaContext& context, HostedReplicas& replicas, LogManager& logs,
             Deletion& deletion)
      : context_(context), replicas_(replicas), logs_(logs), deletion_(deletion) {}

  void start();
  /// log.cleaner.threads has changed.
  void resize();
  /// The replica is no longer compacted: what goes on of it is dropped.
  void abort(const TopicPartition& partition) {
    if (in_progress_.contains(partition)) aborted_.insert(partition);
  }
  /// Before the logs are closed.
  void stop() { stopped_ = true; }
  /// The log of the replica ends, or begins anew, at `offset` (maybeTruncateCheckpoint).
  void on_truncated(const Partition& partition, Offset offset);

 private:
  struct Found {
    Partition* partition = nullptr;
    log::LogCleaner::Range range;
  };
  sim::Task<> run();
  /// Whether there was one.
  sim::Task<bool> clean_filthiest();
  Found find_filthiest();
  sim::Task<> clean(TopicPartition name, log::LogCleaner::Range range);
  /// Whether the cleaning of the replica may go on.
  bool goes_on(const TopicPartition& name, const Partition* partition) const;
  void forsake(const TopicPartition& name, const log::LogError& error);
  log::CleanerConfig config_of(const Partition& partition) const;
  /// Waits for what was read and written since the last time, and for a core to have looked at it.
  sim::Task<> spend(std::int64_t records);
  sim::Task<> throttle(Bytes bytes);
  sim::Task<> spend_part(BrokerStorage::Traffic part, Bytes bytes, std::int64_t records);

  const ReplicaContext& context_;
  HostedReplicas& replicas_;
  LogManager& logs_;
  Deletion& deletion_;
  std::set<TopicPartition> in_progress_;
  std::set<TopicPartition> aborted_;      ///< Of those in progress.
  std::set<TopicPartition> uncleanable_;  ///< Their cleaning has failed.
  Time next_io_{};                        ///< When the throttle lets the next bytes through.
  int threads_ = 0;                       ///< That run.
  bool started_ = false;
  bool stopped_ = false;
};

}  // namespace brokerlab::model
