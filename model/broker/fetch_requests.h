// FetchRequests: what followers and consumers read here: records, at once or when there is enough
// of them, and offsets.
//
// Lifetime: owned by the ReplicaManager. Threads: none.
// Source:   kafka.server.ReplicaManager (fetchMessages, fetchOffset), DelayedFetch.
#pragma once

#include "model/broker/call.h"
#include "model/broker/hosted_replicas.h"

namespace brokerlab::model {

class IsrChanges;

class FetchRequests {
 public:
  FetchRequests(const ReplicaContext& context, HostedReplicas& replicas, IsrChanges& isr_changes)
      : context_(context), replicas_(replicas), isr_changes_(isr_changes) {}

  sim::Task<> fetch(CallPtr call);
  sim::Task<> list_offsets(CallPtr call);
  void offset_for_leader_epoch(CallPtr call);

 private:
  class DelayedFetch;
  struct Found {
    std::unique_ptr<FetchResponse> response;
    Bytes readable;
    bool answer_now = false;  ///< There is an error, or a log that parts from ours.
  };
  Found read(const FetchRequest& request);
  void note_followers_fetch(const FetchRequest& request, const FetchResponse& response);
  ListOffsetsResponse::Partition find_offset(const ListOffsetsRequest::Partition& wanted,
                                             bool from_follower) const;
  /// A consumer's fetch was answered at its fetch.max.wait.ms: there is less than fetch.min.bytes.
  void tell_held_back(const FetchRequest& request, Bytes found);

  const ReplicaContext& context_;
  HostedReplicas& replicas_;
  IsrChanges& isr_changes_;
  std::map<std::string, Time> held_back_;  ///< Consumers: when it was told.
};

}  // namespace brokerlab::model
