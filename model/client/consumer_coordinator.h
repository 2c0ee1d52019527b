// ConsumerCoordinator: what a consumer makes of its membership: the partitions it is assigned, and
// the offsets it commits and begins at.
//
// Computes the assignment when its member leads the group, gives up the old one before a join or,
// if all its assignors are cooperative, after it what moves elsewhere; fetches committed offsets,
// and commits.
//
// Lifetime: part of a KafkaConsumer; borrows the rest of it. Threads: none.
// Source:   org.apache.kafka.clients.consumer.internals.ConsumerCoordinator.
#pragma once

#include "model/client/assignor.h"
#include "model/client/consumer.h"
#include "model/client/consumer_outages.h"
#include "model/client/coordinator_finder.h"
#include "model/client/group_membership.h"
#include "model/client/subscription_state.h"

#include <memory>
#include <string>
#include <vector>

namespace brokerlab::model {

class ConsumerCoordinator final : private GroupMembership::Hooks {
 public:
  struct Parts {
    ClientNetwork& network;
    SubscriptionState& subscriptions;
    ConsumerOutages& outages;
  };
  ConsumerCoordinator(sim::Process& process, const ConsumerSetup& setup, const Parts& parts,
                      ClusterContext& context);

  /// Begins the heartbeats.
  void start() { membership_.start(); }

  /// What poll() does first: finds the coordinator, begins to join when needed, fetches committed
  /// offsets, commits when auto.commit.interval.ms has passed. Waits until the deadline at most,
  /// and not for the join. False: positions are not to be looked after now.
  sim::Task<bool> poll(Time deadline);
  sim::Task<ErrorCode> commit(std::vector<OffsetCommitRequest::Partition> offsets, Time deadline);
  /// One attempt, in the order of the calls; nobody waits for it.
  void commit_async(std::vector<OffsetCommitRequest::Partition> offsets);
  /// Until those are answered (awaitPendingRequests).
  sim::Task<> await_commits(Time deadline);
  /// Ends heartbeats and joins, and leaves the group. poll() must not follow.
  sim::Task<> close(Time deadline) { return membership_.close(deadline); }
  /// When poll() has to be here again (auto.commit.interval.ms), whatever else happens.
  Time next_poll() const;

  std::optional<ConsumerFailure> take_failure() { return membership_.take_failure(); }

  const std::vector<TopicPartition>& assignment() const { return assignment_; }
  const std::string& member_id() const { return membership_.member_id(); }
  int generation() const { return membership_.generation(); }

 private:
  void begin_to_join() override;
  sim::Task<> prepare_join() override;
  std::vector<GroupProtocol> protocols() override;
  std::vector<SyncGroupRequest::Assignment> assign(const JoinGroupResponse& group) override;
  sim::Task<> joined(std::string protocol, std::vector<TopicPartition> partitions) override;

  sim::Task<> commit_before_join();
  sim::Task<> fetch_committed(Time deadline);
  bool all_stable(const OffsetFetchResponse& response) const;
  sim::Task<ErrorCode> commit_once(const std::vector<OffsetCommitRequest::Partition>& offsets,
                                   Time deadline);
  sim::Task<> auto_commit(std::vector<OffsetCommitRequest::Partition> offsets);
  sim::Task<> commit_in_background(std::vector<OffsetCommitRequest::Partition> offsets);
  GroupTopics topics() const;
  Assignor& assignor(const std::string& protocol);
  void watch_topics();
  void tell(const sim::EventKind& kind, const std::vector<TopicPartition>& partitions);

  sim::Process& process_;
  sim::World& world_;
  const ConsumerSetup& setup_;
  const ConsumerConfig& config_;
  ClientNetwork& network_;
  SubscriptionState& subscriptions_;
  ClusterContext& context_;
  CoordinatorFinder finder_;
  GroupMembership membership_;
  std::vector<std::unique_ptr<Assignor>> assignors_;
  bool cooperative_ = false;
  bool fetching_committed_ = false;  ///< An OffsetFetch is under way, over several poll()s perhaps.
  std::vector<TopicPartition> assignment_;
  GroupTopics assigned_topics_;    ///< As they were when the leader assigned them.
  std::int64_t topics_seen_ = -1;  ///< The metadata's version when they were compared.
  Time next_auto_commit_ = never;
  /// What the application had processed when the rebalance began, or, while that is not committed,
  /// at its last poll().
  std::vector<OffsetCommitRequest::Partition> last_words_;
  bool preparing_ = false;     ///< They are being committed.
  int commits_in_flight_ = 0;  ///< That nobody waits for.
};

}  // namespace brokerlab::model
