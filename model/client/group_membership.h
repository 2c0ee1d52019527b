// GroupMembership: a member of a group, whatever the group is for.
//
// It joins and syncs, sends heartbeats in the background, from the JoinGroup's answer on, and
// leaves. A member that is told of a rebalance, or is no longer known, joins again at the next
// join_if_needed(); one whose application has not polled for max.poll.interval.ms leaves. A static
// member never says that it leaves: it stops its heartbeats. What joining is for is behind Hooks.
//
// While a JoinGroup waits nothing else is sent: a coordinator that has fallen silent is noticed
// when max.poll.interval.ms and 5 s are over, not before.
//
// Lifetime: part of a ConsumerCoordinator; borrows process, setup, network, finder and hooks.
// Threads:  none.
// Source:   org.apache.kafka.clients.consumer.internals.{AbstractCoordinator, Heartbeat}.
#pragma once

#include "model/client/consumer.h"
#include "model/client/coordinator_finder.h"
#include "model/events.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace brokerlab::model {

class GroupMembership {
 public:
  class Hooks {
   public:
    virtual ~Hooks() = default;
    /// In the poll() that begins a rebalance, before it hands out anything: what is handed out
    /// later is none of the old generation's.
    virtual void begin_to_join() = 0;
    /// Once before each rebalance: gives up what the old generation owned. Source: onJoinPrepare.
    virtual sim::Task<> prepare_join() = 0;
    /// What it says of itself, for each way of assigning that it knows. Source: metadata().
    virtual std::vector<GroupProtocol> protocols() = 0;
    /// This member leads the group: who gets what? Source: onLeaderElected.
    virtual std::vector<SyncGroupRequest::Assignment> assign(const JoinGroupResponse& group) = 0;
    /// A generation begins. Source: onJoinComplete.
    virtual sim::Task<> joined(std::string protocol, std::vector<TopicPartition> partitions) = 0;
  };

  GroupMembership(sim::Process& process, const ConsumerSetup& setup, ClientNetwork& network,
                  CoordinatorFinder& finder, Hooks& hooks);
  GroupMembership(const GroupMembership&) = delete;
  GroupMembership& operator=(const GroupMembership&) = delete;

  /// Begins the heartbeats.
  void start() { process_.spawn(heartbeats()); }
  /// The application is alive.
  void note_poll() { last_poll_ = world_.now(); }
  /// Takes over the assignment that has come since the last poll(), if there is one.
  sim::Task<> complete_join();
  /// Begins to join when that is needed; does not wait for it.
  void join_if_needed();
  void request_rejoin() { rejoin_needed_ = true; }
  /// A fatal error: the next poll() throws its exception.
  void fail_application(ApiKey api, ErrorCode error);
  /// What an error code of any group request means for the membership.
  void note_error(ErrorCode error);
  /// Ends heartbeats and joins, and leaves the group.
  sim::Task<> close(Time deadline);

  /// What poll() must throw now, once: it was fenced, or cannot join.
  std::optional<ConsumerFailure> take_failure() { return std::exchange(failure_, std::nullopt); }

  /// A member of the current generation, as far as we know.
  bool stable() const { return state_ == State::stable; }
  /// Between two generations. Source: rebalanceInProgress.
  bool rebalancing() const { return state_ == State::preparing || state_ == State::completing; }
  bool joining() const { return joining_; }
  bool closed() const { return closed_; }
  bool leads() const { return leader_ && stable(); }
  /// That generation is the current one, and none follows it yet.
  bool is_current(int generation) const {
    return !closed_ && !needs_join() && generation == generation_;
  }
  const std::string& member_id() const { return member_id_; }
  int generation() const { return generation_; }  ///< -1: none.

 private:
  using NodePtr = CoordinatorFinder::NodePtr;

  /// MemberState.
  enum class State {
    unjoined,
    preparing,   ///< Its JoinGroup waits for an answer: no heartbeats.
    completing,  ///< Its SyncGroup does.
    stable,
  };

  bool needs_join() const { return rejoin_needed_ || !stable(); }
  sim::Task<> join();
  sim::Task<> join_once();
  sim::Task<ErrorCode> sync(NodePtr node, const JoinGroupResponse& joined);
  void begin_heartbeats();
  void begin_generation(SyncGroupResponse& response);
  sim::Task<> leave(Phrase why, Time deadline);
  sim::Task<> heartbeats();
  sim::Task<> send_heartbeat();
  void heartbeat_failed();
  void need_rejoin();
  void forget_membership(Phrase why, bool keep_member_id);
  Time session_ends() const {
    return std::max(last_heard_, finder_.found_at()) + config_.session_timeout;
  }

  sim::Process& process_;
  sim::World& world_;
  const ConsumerSetup& setup_;
  const ConsumerConfig& config_;
  ClientNetwork& network_;
  CoordinatorFinder& finder_;
  Hooks& hooks_;
  std::optional<events::Wait> waited_;  ///< What the next event of ours waited for.
  State state_ = State::unjoined;
  bool rejoin_needed_ = true;
  bool joining_ = false;   ///< A join is under way, over several poll()s perhaps.
  bool prepared_ = false;  ///< Nothing is left to be given up for it.
  /// What the group has assigned, until poll() comes to take it.
  struct Assigned {
    std::string protocol;
    std::vector<TopicPartition> partitions;
    sim::EventId cause;
  };
  std::optional<Assigned> assigned_;
  bool leader_ = false;
  bool closed_ = false;
  std::optional<ConsumerFailure> failure_;
  bool failed_ = false;  ///< It neither joins nor sends heartbeats any more.
  std::string member_id_;
  int generation_ = -1;
  Time last_poll_{};
  Time last_heard_{};  ///< Last answer to a heartbeat, or the join.
  Time next_heartbeat_{};
  int failed_heartbeats_ = 0;
};

}  // namespace brokerlab::model
