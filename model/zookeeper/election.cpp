#include "model/zookeeper/election.h"

#include <algorithm>
#include <utility>

namespace brokerlab::model {

std::string_view to_text(ZkRole role) {
  switch (role) {
    case ZkRole::looking:
      return "looking";
    case ZkRole::following:
      return "following";
    case ZkRole::leading:
      return "leading";
  }
  UNREACHABLE();
}

ZkElection::ZkElection(int myid, int servers, Duration finalize_wait)
    : myid_(myid), servers_(servers), finalize_wait_(finalize_wait) {
  ENSURE(myid >= 1 && myid <= servers, "myid {} of {}", myid, servers);
}

void ZkElection::start(std::int64_t epoch, std::int64_t zxid, Time now) {
  ++round_;
  own_ = vote_ = ZkVote{epoch, zxid, myid_};
  heard_.clear();
  settled_.clear();
  winner_.reset();
  final_at_ = never;
  resend_interval_ = std::max(finalize_wait_, Duration{1ms});
  resend_at_ = now + resend_interval_;
  tell_everyone();
  count_votes(now);
}

Time ZkElection::wake_at() const {
  if (winner_) return never;
  // While a winner is waiting to become final nothing is sent.
  return final_at_ != never ? final_at_ : resend_at_;
}

void ZkElection::tell_everyone() {
  for (int peer = 1; peer <= servers_; ++peer) {
    if (peer != myid_) recipients_.insert(peer);
  }
}

std::set<int> ZkElection::take_recipients() { return std::exchange(recipients_, {}); }

ZkNotification ZkElection::notification() const {
  ZkRole state = ZkRole::looking;
  if (winner_) state = winner_->leader == myid_ ? ZkRole::leading : ZkRole::following;
  return {myid_, state, vote_, round_};
}

void ZkElection::set_epoch(std::int64_t epoch) {
  ENSURE(winner_.has_value(), "an epoch without a leader");
  vote_.epoch = epoch;
}

void ZkElection::receive(const ZkNotification& notification, Time now) {
  if (notification.from == myid_) return;
  if (winner_) {
    if (notification.state == ZkRole::looking) recipients_.insert(notification.from);
    return;
  }
  if (notification.state == ZkRole::looking) {
    receive_looking(notification, now);
  } else {
    receive_settled(notification);
  }
}

void ZkElection::receive_looking(const ZkNotification& n, Time now) {
  if (n.round < round_) {
    recipients_.insert(n.from);
    return;
  }
  if (n.round > round_) {
    round_ = n.round;
    heard_.clear();
    final_at_ = never;
    vote_ = std::max(n.vote, own_);
    tell_everyone();
  } else if (n.vote > vote_) {
    vote_ = n.vote;
    final_at_ = never;
    tell_everyone();
  } else if (final_at_ != never) {
    // The quiet time begins again with every message that does not change the vote.
    heard_[n.from] = n;
    final_at_ = now + finalize_wait_;
    return;
  }
  heard_[n.from] = n;
  count_votes(now);
}

void ZkElection::count_votes(Time now) {
  int votes = 1;  // its own
  for (const auto& [from, n] : heard_) {
    if (n.vote == vote_ && n.round == round_) ++votes;
  }
  if (is_quorum(votes)) final_at_ = now + finalize_wait_;
}

bool ZkElection::has_majority(const std::map<int, ZkNotification>& heard,
                              const ZkNotification& like) const {
  int votes = 0;
  for (const auto& [from, n] : heard) {
    const bool same = n.vote.leader == like.vote.leader && n.vote.epoch == like.vote.epoch;
    if (same && (n.state != ZkRole::looking || n.round == like.round)) ++votes;
  }
  return is_quorum(votes);
}

bool ZkElection::leader_says_so(const std::map<int, ZkNotification>& heard, int leader,
                                std::int64_t round) const {
  if (leader == myid_) return round == round_;
  const auto found = heard.find(leader);
  return found != heard.end() && found->second.state == ZkRole::leading;
}

void ZkElection::receive_settled(const ZkNotification& n) {
  const auto accept = [&] {
    round_ = n.round;
    vote_ = n.vote;
    winner_ = n.vote;
    final_at_ = never;
  };
  if (n.round == round_) {
    heard_[n.from] = n;
    // Its own vote counts when it is the same.
    std::map<int, ZkNotification> votes = heard_;
    votes[myid_] = notification();
    if (has_majority(votes, n) && leader_says_so(heard_, n.vote.leader, n.round)) {
      accept();
      return;
    }
  }
  settled_[n.from] = n;
  if (has_majority(settled_, n) && leader_says_so(settled_, n.vote.leader, n.round)) accept();
}

void ZkElection::tick(Time now) {
  if (winner_) return;
  if (final_at_ != never && now >= final_at_) {
    winner_ = vote_;
    final_at_ = never;
    return;
  }
  if (final_at_ == never && now >= resend_at_) {
    tell_everyone();
    resend_interval_ = std::min(2 * resend_interval_, max_notification_interval);
    resend_at_ = now + resend_interval_;
  }
}

}  // namespace brokerlab::model
