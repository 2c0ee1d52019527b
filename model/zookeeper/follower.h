// One term of a ZooKeeper follower: from choosing a leader to losing it.
//
// Lifetime: shared by the coroutines of the term; the server makes one a term. Threads: none.
// Source:   org.apache.zookeeper.server.quorum.Learner, Follower, LearnerSessionTracker.
#pragma once

#include "model/zookeeper/leader.h"

#include <memory>
#include <set>

namespace brokerlab::model {

class ZkFollower : public ZkUpstream, public std::enable_shared_from_this<ZkFollower> {
 public:
  /// `ignores_history`: its own history does not fit the leader's; it asks for the whole tree.
  ZkFollower(ZkContext& context, int leader, bool& ignores_history);

  /// Follows until the leader is lost. Returns what broke the connection; none when unknown.
  sim::Task<sim::EventId> run();

  void submit(ZkTransaction transaction) override;
  void revalidate(SessionId session, Duration timeout) override;
  void touch(SessionId session) override { touched_.insert(session); }

 private:
  /// CPU of taking a proposal into the log.
  static constexpr Duration proposal_cost = 20us;
  static constexpr int connect_tries = 5;           // Learner.connectToLeader
  static constexpr Duration connect_retry = 100ms;  // leaderConnectDelayDuringRetryMs

  sim::Task<std::unique_ptr<ZkPeerMessage>> receive(int ticks);
  sim::Task<bool> join();
  sim::Task<bool> agree_on_epoch(const ZkPeerMessage& leader_info);
  sim::Task<bool> handle(ZkPeerMessage& message);
  void begin_serving(const ZkPeerMessage& up_to_date);
  void send(std::unique_ptr<ZkPeerMessage> message);
  void acknowledge(Zxid zxid);
  void answer_ping();

  ZkContext& context_;
  sim::World& world_;
  const int leader_;
  bool& ignores_history_;
  sim::SocketPtr socket_;
  std::set<SessionId> touched_;
  std::int64_t epoch_ = 0;
  Zxid committed_ = 0;
  bool serving_ = false;
};

}  // namespace brokerlab::model
