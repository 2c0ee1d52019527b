// A leader's side of the conversation with one follower (ZooKeeper's LearnerHandler).

#include "model/events.h"
#include "model/zookeeper/leader.h"

#include <algorithm>
#include <limits>

namespace brokerlab::model {

void ZkLeader::welcome(sim::SocketPtr socket) {
  context_.process.spawn(attend(shared_from_this(), std::move(socket)));
}

sim::Task<std::unique_ptr<ZkPeerMessage>> ZkLeader::receive(Learner& learner, int ticks) {
  std::optional<sim::Message> message =
      co_await learner.socket->receive(world_.now() + ticks * tick_);
  if (!message || ended_) co_return nullptr;
  std::unique_ptr<ZkPeerMessage> received = message->take<ZkPeerMessage>();
  world_.set_cause(received->cause);
  learner.heard = world_.now();
  co_return std::move(received);
}

sim::Task<> ZkLeader::attend(Self /*kept alive*/, sim::SocketPtr socket) {
  const LearnerPtr learner = std::make_shared<Learner>();
  learner->socket = socket;
  attended_.push_back(socket);
  const bool discovered = co_await discover_with(*learner);
  if (discovered) {
    LearnerPtr& place = learners_[learner->id];
    if (place) place->socket->close();  // found out only now that it is dead
    place = learner;
    co_await listen(learner);
    lose(*learner);
  }
  socket->close();
  std::erase(attended_, socket);
}

sim::Task<bool> ZkLeader::discover_with(Learner& learner) {
  const int init_limit = context_.config.init_limit;
  const Time deadline = world_.now() + init_limit * tick_;
  const std::unique_ptr<ZkPeerMessage> hello = co_await receive(learner, init_limit);
  if (!hello) co_return false;
  learner.id = hello->from;
  note_accepted_epoch(learner.id, hello->epoch);
  while (!ended_ && !epoch_saved_ && world_.now() < deadline) co_await changed_.wait(deadline);
  if (ended_ || !epoch_saved_) co_return false;
  send(learner, ZkPeerMessage::Type::leader_info, first_zxid_of(*epoch_));
  const std::unique_ptr<ZkPeerMessage> state = co_await receive(learner, init_limit);
  if (!state) co_return false;
  const std::pair<std::int64_t, Zxid> theirs{state->epoch, state->zxid};
  const std::pair<std::int64_t, Zxid> ours{old_epoch_, context_.replica.last_zxid()};
  if (!established_ && theirs > ours) {
    end({"a follower has a newer history", "팔로워의 기록이 더 새롭다"}, {});
    co_return false;
  }
  if (state->epoch >= 0) epoch_acks_.insert(learner.id);
  changed_.notify_all();
  while (!ended_ && !context_.is_quorum(epoch_acks_.size()) && world_.now() < deadline) {
    co_await changed_.wait(deadline);
  }
  if (ended_ || !context_.is_quorum(epoch_acks_.size())) co_return false;
  synchronise(learner, *state);
  co_return true;
}

/// Brings the follower to this leader's history. From here on it also gets every new proposal.
void ZkLeader::synchronise(Learner& learner, const ZkPeerMessage& its_state) {
  const ZkReplica& replica = context_.replica;
  const std::deque<ZkTransactionPtr>& history = replica.history();
  const auto after = [&history](Zxid zxid) {
    return std::upper_bound(history.begin(), history.end(), zxid,
                            [](Zxid z, const ZkTransactionPtr& t) { return z < t->zxid; });
  };
  auto missing = after(its_state.zxid);
  Bytes size{0};
  for (auto it = missing; it != history.end(); ++it) size += (*it)->size();
  // A short log is cheaper than the tree (commitLogCount, snapshotSizeFactor).
  const bool too_much = history.end() - missing > 500 && 3 * size > replica.tree().size();
  if (its_state.wants_snapshot || its_state.zxid < replica.base_zxid() || too_much) {
    auto snapshot = std::make_unique<ZkPeerMessage>();
    snapshot->type = ZkPeerMessage::Type::snapshot;
    snapshot->tree = std::make_shared<const ZkTree>(replica.tree());
    missing = after(replica.tree().zxid());
    send(learner, std::move(snapshot));
  } else {
    // The last transaction they have in common: a follower may have what nobody committed.
    const Zxid common = missing == history.begin() ? replica.base_zxid() : (*(missing - 1))->zxid;
    if (common != its_state.zxid) send(learner, ZkPeerMessage::Type::truncate, common);
  }
  auto diff = std::make_unique<ZkPeerMessage>();
  diff->type = ZkPeerMessage::Type::diff;
  const Zxid first_outstanding = outstanding_.empty() ? std::numeric_limits<Zxid>::max()
                                                      : outstanding_.front().transaction->zxid;
  for (; missing != history.end() && (*missing)->zxid < first_outstanding; ++missing) {
    diff->transactions.push_back(*missing);
  }
  send(learner, std::move(diff));
  send(learner, ZkPeerMessage::Type::new_leader, first_zxid_of(*epoch_));
  // What is not committed yet it acknowledges one by one, after the synchronisation.
  for (; missing != history.end(); ++missing) {
    auto proposal = std::make_unique<ZkPeerMessage>();
    proposal->type = ZkPeerMessage::Type::proposal;
    proposal->zxid = (*missing)->zxid;
    proposal->transactions = {*missing};
    send(learner, std::move(proposal));
  }
}

sim::Task<> ZkLeader::listen(LearnerPtr learner) {
  while (!ended_) {
    const int ticks = learner->synced ? context_.config.sync_limit : context_.config.init_limit;
    std::unique_ptr<ZkPeerMessage> message = co_await receive(*learner, ticks);
    if (!message) co_return;
    if (message->type == ZkPeerMessage::Type::request) {
      const sim::EventId cause = message->cause;
      co_await context_.process.machine().cpu().run(forward_cost);
      if (ended_) co_return;
      world_.set_cause(cause);
    }
    handle(*learner, *message);
  }
}

void ZkLeader::handle(Learner& learner, ZkPeerMessage& message) {
  switch (message.type) {
    case ZkPeerMessage::Type::ack:
      if (!learner.synced) {
        learner.synced = true;
        acknowledge_new_leader(learner.id);
        if (established_) send(learner, ZkPeerMessage::Type::up_to_date, committed_);
      } else {
        acknowledge(learner.id, message.zxid);
      }
      break;
    case ZkPeerMessage::Type::ping:
      for (const SessionId session : message.touched) touch(session);
      break;
    case ZkPeerMessage::Type::request:
      submit(*message.transactions.front());
      break;
    case ZkPeerMessage::Type::revalidate: {
      auto answer = std::make_unique<ZkPeerMessage>();
      answer->type = ZkPeerMessage::Type::revalidate;
      answer->session = message.session;
      answer->valid = sessions_.touch(message.session, world_.now());
      if (answer->valid) answer->timeout = sessions_.timeout(message.session);
      send(learner, std::move(answer));
      break;
    }
    default:
      UNREACHABLE("a follower sent {}", message.kind());
  }
}

void ZkLeader::acknowledge_new_leader(int id) {
  if (ended_) return;
  new_leader_acks_.insert(id);
  changed_.notify_all();
}

void ZkLeader::lose(Learner& learner) {
  const auto mine = learners_.find(learner.id);
  // It may have come back over a new connection before this one was found dead.
  if (mine == learners_.end() || mine->second.get() != &learner) return;
  learners_.erase(mine);
  if (ended_) return;
  if (!established_) {
    new_leader_acks_.erase(learner.id);
    return;
  }
  const sim::MachineId machine = context_.machine_of(learner.id);
  sim::Trace::About about{.machine = context_.process.machine().id()};
  sim::EventId trouble = learner.socket->trouble();
  if (!trouble) {
    trouble = context_.process.network().silence(context_.process.machine().id(), machine);
  }
  if (trouble) about.cause = trouble;
  last_loss_ =
      world_.trace().record(events::zk_follower_lost, about,
                            {{"follower", std::string(world_.trace().machine_name(machine))}});
}

}  // namespace brokerlab::model
