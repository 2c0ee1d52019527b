// One term of a ZooKeeper leader: from winning the election to losing the majority.
//
//   discovery        a majority of followers says which epochs it has accepted; the new epoch is
//                    one above all of them, and nobody who accepted it follows an older leader
//   synchronisation  each follower is brought to the leader's history: cut back, sent what it
//                    lacks, or sent the whole tree
//   broadcast        once a majority has that on disk: number writes, propose them, commit what a
//                    majority has on disk, in order
//
// Every half tick it pings its followers; once a tick it looks whether a majority was heard of
// within syncLimit, and otherwise gives up. Its followers' pings say which sessions are alive.
//
// Lifetime: shared by the coroutines of the term; the server makes one a term. Threads: none.
// Source:   org.apache.zookeeper.server.quorum.Leader, LearnerHandler; Junqueira, Reed, Serafini:
//           "Zab: High-performance broadcast for primary-backup systems" (DSN 2011).
#pragma once

#include "model/zookeeper/frontend.h"
#include "model/zookeeper/replica.h"
#include "model/zookeeper/sessions.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace brokerlab::model {

/// What every part of one server shares.
struct ZkContext {
  sim::Process& process;
  const ZooKeeperConfig& config;
  const int myid;
  const std::vector<sim::MachineId>& machines;  ///< Of the servers 1, 2, ...
  ZkReplica& replica;
  ZkFrontend& frontend;
  ZkElection& election;
  ZkSessionNotes& notes;

  sim::World& world() const { return process.world(); }
  bool is_quorum(std::size_t servers) const { return servers > machines.size() / 2; }
  sim::MachineId machine_of(int id) const { return machines[static_cast<std::size_t>(id - 1)]; }
};

class ZkLeader : public ZkUpstream, public std::enable_shared_from_this<ZkLeader> {
 public:
  explicit ZkLeader(ZkContext& context);

  /// Leads until the term is over.
  sim::Task<> run();
  /// A follower has connected.
  void welcome(sim::SocketPtr socket);
  bool established() const { return established_; }

  void submit(ZkTransaction transaction) override;
  void revalidate(SessionId session, Duration timeout) override;
  void touch(SessionId session) override;

 private:
  /// CPU of numbering and proposing a write that a follower forwards.
  static constexpr Duration forward_cost = 20us;

  struct Learner {
    int id = 0;
    sim::SocketPtr socket;
    bool synced = false;  ///< Has the history of the epoch's begin on disk.
    Time heard{};
  };
  using LearnerPtr = std::shared_ptr<Learner>;
  struct Proposal {
    ZkTransactionPtr transaction;
    std::set<int> acks;
  };
  using Self = std::shared_ptr<ZkLeader>;

  sim::Task<bool> discover(Time deadline);
  void establish();
  sim::Task<> keep_majority();
  sim::Task<> expire_sessions(Self self);
  void expire(const ZkSessionTracker::Expired& expired);
  sim::EventId why_silent(SessionId session) const;
  Phrase granted_as(Duration timeout) const;
  void end(Phrase why, sim::EventId cause);

  // One follower (LearnerHandler).
  sim::Task<> attend(Self self, sim::SocketPtr socket);
  sim::Task<bool> discover_with(Learner& learner);
  sim::Task<std::unique_ptr<ZkPeerMessage>> receive(Learner& learner, int ticks);
  void note_accepted_epoch(int id, std::int64_t epoch);
  void synchronise(Learner& learner, const ZkPeerMessage& its_state);
  sim::Task<> listen(LearnerPtr learner);
  void handle(Learner& learner, ZkPeerMessage& message);
  void lose(Learner& learner);

  void acknowledge_new_leader(int id);
  void acknowledge(int id, Zxid zxid);
  void commit_what_a_majority_has();
  void send(Learner& learner, std::unique_ptr<ZkPeerMessage> message);
  void send(Learner& learner, ZkPeerMessage::Type type, Zxid zxid);
  void broadcast(const ZkPeerMessage& message);

  ZkContext& context_;
  sim::World& world_;
  const Duration tick_;
  std::map<int, std::int64_t> accepted_epochs_;
  std::optional<std::int64_t> epoch_;
  bool epoch_saved_ = false;
  const std::int64_t old_epoch_;
  std::set<int> epoch_acks_;
  std::set<int> new_leader_acks_;
  std::vector<sim::SocketPtr> attended_;  ///< Connections of all followers, in any phase.
  std::map<int, LearnerPtr> learners_;    ///< Synchronised or being so: they get every proposal.
  std::deque<Proposal> outstanding_;
  Zxid next_zxid_ = 0;
  Zxid committed_ = 0;
  ZkSessionTracker sessions_;
  sim::Signal changed_;
  sim::Signal session_added_;
  sim::EventId last_loss_;
  sim::EventId ending_;  ///< The event that told of the end of its term.
  bool established_ = false;
  bool ended_ = false;
};

}  // namespace brokerlab::model
