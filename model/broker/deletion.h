// Deletion: how records leave the logs of a broker for good: old segments by retention.ms and
// retention.bytes, looked for every log.retention.check.interval.ms, and what a DeleteRecords
// request names. A log then begins later; its followers hear of it in Fetch responses.
//
// The files of a segment stay for file.delete.delay.ms. Removing them costs no time.
//
// Lifetime: owned by the ReplicaManager. Threads: none.
// Source:   kafka.log.LogManager (cleanupLogs), kafka.server.ReplicaManager (deleteRecords),
//           DelayedDeleteRecords.
#pragma once

#include "model/broker/call.h"
#include "model/broker/hosted_replicas.h"

namespace brokerlab::model {

class Deletion {
 public:
  Deletion(const ReplicaContext& context, HostedReplicas& replicas)
      : context_(context), replicas_(replicas) {}

  /// The background work.
  sim::Task<> run();
  /// What is old, or too much, of one log.
  void apply_retention(Partition& partition);
  sim::Task<> delete_records(CallPtr call);

 private:
  class DelayedDeleteRecords;
  /// One partition's part of a request: its answer, and what it waits for.
  struct Part {
    DeleteRecordsResponse::Partition answer;
    Offset required = log::no_offset;  ///< Of the low watermark; no_offset: it waits for nothing.
  };
  Part delete_from(const DeleteRecordsRequest::Partition& wanted);
  sim::Task<> remove_files_later(TopicPartition name, std::size_t segments, Duration delay);

  const ReplicaContext& context_;
  HostedReplicas& replicas_;
};

}  // namespace brokerlab::model
