// ConsumerCoordinator: a consumer's membership in its group.
//
// Finds the coordinator, joins and syncs (computing the range assignment when it leads the group),
// sends heartbeats in the background, commits and fetches offsets. A member that is told of a
// rebalance, or is no longer known, joins again at the next poll; a member whose application has
// not polled for max.poll.interval.ms leaves.
//
// Lifetime: part of a KafkaConsumer; borrows the rest of it. Threads: none.
// Source:   org.apache.kafka.clients.consumer.internals.{AbstractCoordinator, ConsumerCoordinator,
//           Heartbeat}.
#pragma once

#include "model/client/consumer.h"
#include "model/client/consumer_outages.h"
#include "model/client/subscription_state.h"
#include "model/cluster_context.h"
#include "model/events.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace brokerlab::model {

class ConsumerCoordinator {
 public:
  ConsumerCoordinator(sim::Process& process, const ConsumerSetup& setup, ClientNetwork& network,
                      SubscriptionState& subscriptions, ConsumerOutages& outages,
                      ClusterContext& context);

  /// Begins the heartbeats.
  void start();

  /// What poll() does first: finds the coordinator, begins to join when needed, fetches committed
  /// offsets, commits when auto.commit.interval.ms has passed. Waits until the deadline at most,
  /// and not for the join.
  sim::Task<> poll(Time deadline);
  sim::Task<ErrorCode> commit(std::vector<OffsetCommitRequest::Partition> offsets, Time deadline);
  /// Ends heartbeats and joins, and leaves the group. poll() must not follow.
  sim::Task<> close(Time deadline);
  /// When poll() has to be here again (auto.commit.interval.ms), whatever else happens.
  Time next_poll() const;

  const std::vector<TopicPartition>& assignment() const { return assignment_; }
  const std::string& member_id() const { return member_id_; }
  int generation() const { return generation_; }

 private:
  using NodePtr = std::shared_ptr<NodeConnection>;

  sim::Task<bool> find_coordinator(Time deadline);
  sim::Task<> look_up(Time deadline);
  void check_coordinator();
  bool needs_join() const { return rejoin_needed_ || !stable_; }
  sim::Task<> join();
  sim::Task<> join_once();
  sim::Task<ErrorCode> sync(NodePtr node, const JoinGroupResponse& joined);
  void joined(const std::vector<TopicPartition>& partitions);
  sim::Task<> leave(Phrase why, Time deadline);
  sim::Task<> fetch_committed(Time deadline);
  sim::Task<ErrorCode> commit_once(const std::vector<OffsetCommitRequest::Partition>& offsets,
                                   Time deadline);
  sim::Task<> auto_commit();
  sim::Task<> heartbeats();
  sim::Task<> send_heartbeat();
  void lose_coordinator(const RpcFailure* failure, ErrorCode error = ErrorCode::none);
  void tell_lost(const RpcFailure* failure, ErrorCode error);
  /// It has done what it was asked.
  void note_served(const NodeConnection& node, bool by_heartbeat = false);
  void need_rejoin();
  void forget_membership(Phrase why, bool keep_member_id);
  void heartbeat_failed();
  void note_error(ErrorCode error);
  template <class T>
  void note_outcome(ApiKey api, const Result<std::unique_ptr<T>, RpcFailure>& result);
  std::map<std::string, int> partition_counts() const;
  Duration backoff(int attempts);

  sim::Process& process_;
  sim::World& world_;
  const ConsumerSetup& setup_;
  const ConsumerConfig& config_;
  ClientNetwork& network_;
  SubscriptionState& subscriptions_;
  ConsumerOutages& outages_;
  ClusterContext& context_;
  RandomStream random_;
  sim::EventId coordinator_lost_;  ///< The event, until one serves again.
  bool lost_by_error_ = false;
  std::optional<events::Wait> waited_;          ///< What the next event of ours waited for.
  std::optional<events::Wait> look_up_waited_;  ///< What the last look-up in vain waited for.
  NodePtr coordinator_;
  bool finding_ = false;
  bool stable_ = false;  ///< A member of the current generation, as far as we know.
  bool rejoin_needed_ = true;
  bool revoked_ = true;              ///< The old assignment was given up for the join under way.
  bool joining_ = false;             ///< A join is under way, over several poll()s perhaps.
  bool fetching_committed_ = false;  ///< As is an OffsetFetch.
  bool leader_ = false;
  bool closed_ = false;
  int attempts_ = 0;  ///< Failures in a row, for the backoff.
  std::string member_id_;
  int generation_ = -1;
  std::vector<TopicPartition> assignment_;
  std::map<std::string, int> counts_;  ///< Of partitions, when the leader assigned them.
  Time last_poll_{};
  Time last_heard_{};  ///< Last answer to a heartbeat, or the join.
  Time next_heartbeat_{};
  int failed_heartbeats_ = 0;
  Time next_auto_commit_ = never;
  sim::Signal state_changed_;
};

}  // namespace brokerlab::model
