// FetchRequests: what followers and consumers read here: records, at once or when there is enough
// of them, and offsets.
//
// Lifetime: owned by the ReplicaManager. Threads: none.
// Source:   kafka.server.ReplicaManager (fetchMessages, fetchOffset), DelayedFetch.
#pragma once

#include "model/broker/call.h"
#include "model/broker/fetch_session.h"
#include "model/broker/hosted_replicas.h"
#include "model/broker/replication_quota.h"

namespace brokerlab::model {

class IsrChanges;

class FetchRequests {
 public:
  FetchRequests(const ReplicaContext& context, HostedReplicas& replicas, IsrChanges& isr_changes,
                ReplicationQuota& quota);

  sim::Task<> fetch(CallPtr call);
  const FetchSessionCache& sessions() const { return sessions_; }
  sim::Task<> list_offsets(CallPtr call);
  void offset_for_leader_epoch(const CallPtr& call);

 private:
  class DelayedFetch;
  struct Found {
    std::unique_ptr<FetchResponse> response;
    Bytes readable;
    bool answer_now = false;  ///< There is an error, or a log that parts from ours.
    std::size_t unknown = 0;
  };
  /// Grows whenever a partition is hosted or known here that was not, or no more.
  std::int64_t changes() const { return replicas_.changes() + context_.metadata.changes(); }
  /// The replica here; nullptr: there is none. (Kafka asks the metadata first, which hear of a new
  /// partition some tenths of a millisecond later.)
  Partition* hosted(CachedPartition& partition);
  /// A follower that is to wait (ReplicaManager.shouldLeaderThrottle).
  bool holds_back(const Partition& partition, const FetchRequest& request) {
    return request.from_follower() &&
           quota_.holds_back(partition, contains(partition.isr(), request.replica));
  }
  /// Nothing to tell the last time, and nothing has changed since.
  static bool stands_still(const CachedPartition& partition, const Partition& hosted) {
    return partition.nothing_while && *partition.nothing_while == hosted.standing();
  }
  Found read(const FetchRequest& request, FetchContext& context);
  /// What an answer may still hold.
  struct Room {
    Bytes left;
    bool min_one_batch = true;  ///< The first comes whole, or a large one would block for ever.
  };
  void read_one(CachedPartition& wanted, const FetchRequest& request, const FetchContext& context,
                Room& room, Found& found);
  bool chooses_replica(const FetchRequest& request) const {
    return context_.config.replica_selector_class && !request.from_follower() &&
           !request.rack.empty();
  }
  /// KIP-392: who should be asked instead; none: nobody.
  BrokerId preferred_replica(const Partition& partition, const FetchRequest& request,
                             Offset offset) const;
  void respond(Call& call, FetchContext& context, std::unique_ptr<FetchResponse> response);
  void count_throttled(const FetchResponse& response);
  void note_followers_fetch(const FetchRequest& request, FetchContext& context);
  ListOffsetsResponse::Partition find_offset(const ListOffsetsRequest::Partition& wanted,
                                             const ListOffsetsRequest& request) const;
  /// A consumer's fetch was answered at its fetch.max.wait.ms: there is less than fetch.min.bytes.
  void tell_held_back(const FetchRequest& request, Bytes found);

  const ReplicaContext& context_;
  HostedReplicas& replicas_;
  IsrChanges& isr_changes_;
  ReplicationQuota& quota_;
  FetchSessionCache sessions_;
  std::map<std::string, Time> held_back_;  ///< Consumers: when it was told.
};

}  // namespace brokerlab::model
