// Reassignments: partitions that get other replicas while they are in use (KIP-455): new ones are
// added, and when all that are wanted are in sync, the old ones leave.
//
// What is under way is written with the topic (its Moving), so a new controller goes on with it.
//
// Lifetime: owned by the Controller, which gives each call its turn among its events; borrows the
// term and the deletions. Threads: none. Errors: in the responses.
// Source:   kafka.controller.KafkaController (onPartitionReassignment and what it calls),
//           ReplicaAssignment.
#pragma once

#include "model/controller/term.h"
#include "model/controller/topic_deletions.h"
#include "model/wire/admin_protocol.h"

#include <functional>
#include <vector>

namespace brokerlab::model {

class Reassignments {
 public:
  Reassignments(ControllerTerm& term, TopicDeletions& deletions)
      : term_(term), deletions_(deletions) {}

  sim::Task<> alter(const AlterPartitionReassignmentsRequest& request,
                    AlterPartitionReassignmentsResponse& response);
  /// Goes on with those that a new controller finds, or that get a replica on one of these brokers.
  sim::Task<> resume_all();
  sim::Task<> resume_on(std::set<BrokerId> started);
  /// Ends those of these that are complete: an ISR has grown.
  sim::Task<> maybe_complete(std::vector<TopicPartition> partitions);

 private:
  ErrorCode judge(const AlterPartitionReassignmentsRequest::Partition& asked) const;
  sim::Task<> resume(std::vector<TopicPartition> partitions);
  /// What is wanted is written and begun; when nothing is missing, it is ended, too.
  sim::Task<> go_on(TopicPartition name, ReplicaAssignment wanted);
  sim::Task<> end(TopicPartition name, ReplicaAssignment moved);
  sim::Task<bool> is_complete(TopicPartition name, ReplicaAssignment assignment);
  sim::Task<> stop_removed(TopicPartition name, std::vector<BrokerId> removed);
  sim::Task<> write_assignment(std::string topic);

  ControllerTerm& term_;
  TopicDeletions& deletions_;
};

}  // namespace brokerlab::model
