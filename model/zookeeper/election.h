// Fast leader election: how a server of a ZooKeeper ensemble finds out who leads. A pure state
// machine: messages and dates in, messages and a winner out.
//
// Everybody votes for itself first, then for the best candidate it has heard of: highest epoch,
// then highest zxid (so that no committed transaction is lost), then highest id. Whoever sees a
// majority for its own vote waits finalize_wait for a better one, then is done. Servers that are
// not looking answer with the leader they follow, so that a late one joins without a new round.
//
//   ZkElection election(1, 3, 200ms);
//   election.start(epoch, zxid, now);
//   loop: send election.notification() to each of election.take_recipients();
//         receive(n, now) on a message, tick(now) at wake_at(); until election.winner()
//
// Lifetime: a value. Threads: none. Errors: none; strange messages are ignored.
// Source:   org.apache.zookeeper.server.quorum.FastLeaderElection.
#pragma once

#include "base/units.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace brokerlab::model {

enum class ZkRole { looking, following, leading };
std::string_view to_text(ZkRole role);

struct ZkVote {
  std::int64_t epoch = 0;  ///< Of the proposed leader's history (currentEpoch).
  std::int64_t zxid = 0;   ///< Its last logged transaction.
  int leader = 0;          ///< Its myid.
  /// Better votes are greater.
  auto operator<=>(const ZkVote&) const = default;
};

struct ZkNotification {
  int from = 0;
  ZkRole state = ZkRole::looking;
  ZkVote vote;
  std::int64_t round = 0;  ///< electionEpoch: which election the vote belongs to.
};

class ZkElection {
 public:
  /// Servers have the ids 1..servers.
  ZkElection(int myid, int servers, Duration finalize_wait);

  /// Begins a new round, voting for itself.
  void start(std::int64_t epoch, std::int64_t zxid, Time now);
  void receive(const ZkNotification& notification, Time now);
  void tick(Time now);
  /// When tick() is due; `never` once there is a winner.
  Time wake_at() const;
  /// The vote that won; stays until the next start().
  const std::optional<ZkVote>& winner() const { return winner_; }
  /// The winner's epoch is established: what late servers are told from now on.
  void set_epoch(std::int64_t epoch);

  ZkNotification notification() const;
  /// Peers that must be sent notification() now.
  std::set<int> take_recipients();

 private:
  static constexpr Duration max_notification_interval = 60s;

  bool is_quorum(int votes) const { return votes > servers_ / 2; }
  void tell_everyone();
  void receive_looking(const ZkNotification& notification, Time now);
  void receive_settled(const ZkNotification& notification);
  bool has_majority(const std::map<int, ZkNotification>& heard, const ZkNotification& like) const;
  bool leader_says_so(const std::map<int, ZkNotification>& heard, int leader,
                      std::int64_t round) const;
  void count_votes(Time now);

  const int myid_;
  const int servers_;
  const Duration finalize_wait_;
  std::int64_t round_ = 0;
  ZkVote own_;
  ZkVote vote_;
  std::map<int, ZkNotification> heard_;    ///< Votes of this round.
  std::map<int, ZkNotification> settled_;  ///< Of servers that are not looking, any round.
  std::set<int> recipients_;
  std::optional<ZkVote> winner_;
  Time final_at_ = never;
  Time resend_at_ = never;
  Duration resend_interval_{0};
};

}  // namespace brokerlab::model
