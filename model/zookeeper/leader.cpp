#include "model/zookeeper/leader.h"

#include "model/events.h"

#include <algorithm>

namespace brokerlab::model {

ZkLeader::ZkLeader(ZkContext& context)
    : context_(context),
      world_(context.world()),
      tick_(context.config.tick_time),
      old_epoch_(context.replica.current_epoch()),
      sessions_(context.config.tick_time),
      changed_(world_),
      session_added_(world_) {}

sim::Task<> ZkLeader::run() {
  const Self self = shared_from_this();
  const sim::EventId cause = world_.cause();
  const Time deadline = world_.now() + context_.config.init_limit * tick_;
  const bool discovered = co_await discover(deadline);
  if (discovered) {
    context_.replica.when_durable([self] { self->acknowledge_new_leader(self->context_.myid); });
    while (!ended_ && !context_.is_quorum(new_leader_acks_.size()) && world_.now() < deadline) {
      co_await changed_.wait(deadline);
    }
  }
  if (!ended_ && context_.is_quorum(new_leader_acks_.size())) {
    world_.set_cause(cause);  // not that of the last acknowledgement
    establish();
    context_.process.spawn(expire_sessions(self));
    co_await keep_majority();
  } else {
    end({"too few servers followed it within initLimit", "initLimit 안에 따르는 서버가 모자랐다"},
        {});
  }
  if (ending_) world_.set_cause(ending_);
  context_.frontend.stop_serving();
}

sim::Task<bool> ZkLeader::discover(Time deadline) {
  note_accepted_epoch(context_.myid, context_.replica.accepted_epoch());
  while (!ended_ && !epoch_ && world_.now() < deadline) co_await changed_.wait(deadline);
  if (ended_ || !epoch_) co_return false;
  co_await context_.replica.save_epochs(*epoch_, old_epoch_);
  epoch_saved_ = true;
  epoch_acks_.insert(context_.myid);
  changed_.notify_all();
  while (!ended_ && !context_.is_quorum(epoch_acks_.size()) && world_.now() < deadline) {
    co_await changed_.wait(deadline);
  }
  if (ended_ || !context_.is_quorum(epoch_acks_.size())) co_return false;
  co_await context_.replica.save_epochs(*epoch_, *epoch_);
  co_return true;
}

void ZkLeader::note_accepted_epoch(int id, std::int64_t epoch) {
  if (epoch_) return;
  accepted_epochs_[id] = epoch;
  if (!context_.is_quorum(accepted_epochs_.size())) return;
  std::int64_t highest = 0;
  for (const auto& [server, accepted] : accepted_epochs_) highest = std::max(highest, accepted);
  epoch_ = highest + 1;
  changed_.notify_all();
}

void ZkLeader::establish() {
  established_ = true;
  committed_ = context_.replica.last_zxid();
  next_zxid_ = first_zxid_of(*epoch_);
  context_.replica.commit_to(committed_);
  context_.election.set_epoch(*epoch_);
  // Whoever had a session gets its full timeout again.
  for (const auto& [session, timeout] : context_.replica.tree().sessions()) {
    sessions_.add(session, timeout, world_.now());
  }
  world_.trace().record(events::zk_leader_elected, {.machine = context_.process.machine().id()},
                        {{"epoch", fmt::format("{}", *epoch_)}});
  for (const auto& [id, learner] : learners_) {
    if (learner->synced) send(*learner, ZkPeerMessage::Type::up_to_date, committed_);
  }
  context_.frontend.serve(*this);
  changed_.notify_all();
}

sim::Task<> ZkLeader::keep_majority() {
  bool whole_tick = false;
  while (!ended_) {
    const Time next = world_.now() + tick_ / 2;
    while (!ended_ && world_.now() < next) co_await changed_.wait(next);
    if (ended_) break;
    if (whole_tick) {
      std::size_t synced = 1;
      for (const auto& [id, learner] : learners_) {
        const Duration silence = world_.now() - learner->heard;
        if (learner->synced && silence <= context_.config.sync_limit * tick_) ++synced;
      }
      if (!context_.is_quorum(synced)) {
        end({"it cannot reach a majority", "과반수와 연결이 끊겼다"}, last_loss_);
        break;
      }
    }
    whole_tick = !whole_tick;
    ZkPeerMessage ping;
    ping.zxid = committed_;
    broadcast(ping);
  }
}

void ZkLeader::end(Phrase why, sim::EventId cause) {
  if (ended_) return;
  ended_ = true;
  if (established_) {
    sim::Trace::About about{.machine = context_.process.machine().id()};
    if (cause) about.cause = cause;
    ending_ = world_.trace().record(events::zk_leader_lost, about,
                                    {sim::Detail::of("why", std::move(why))});
  }
  // Whose connections end now lose them for that.
  const sim::World::KeepCause keep(world_);
  if (ending_) world_.set_cause(ending_);
  for (const sim::SocketPtr& socket : attended_) socket->close();
  learners_.clear();
  changed_.notify_all();
  session_added_.notify_all();
}

// --- Writes ---

void ZkLeader::submit(ZkTransaction transaction) {
  if (!established_ || ended_) return;
  if (transaction.type == ZkTransaction::Type::create_session) {
    sessions_.add(transaction.session, transaction.timeout, world_.now());
    session_added_.notify_all();
  }
  if (transaction.type == ZkTransaction::Type::close_session) {
    sessions_.remove(transaction.session);
  }
  transaction.zxid = ++next_zxid_;
  transaction.cause = world_.cause();
  auto numbered = std::make_shared<const ZkTransaction>(std::move(transaction));
  outstanding_.push_back({numbered, {}});
  ZkPeerMessage proposal;
  proposal.type = ZkPeerMessage::Type::proposal;
  proposal.zxid = numbered->zxid;
  proposal.transactions = {numbered};
  broadcast(proposal);
  context_.replica.append(numbered, [self = shared_from_this(), zxid = numbered->zxid] {
    self->acknowledge(self->context_.myid, zxid);
  });
}

void ZkLeader::acknowledge(int id, Zxid zxid) {
  if (ended_ || outstanding_.empty()) return;
  const Zxid first = outstanding_.front().transaction->zxid;
  if (zxid < first) return;  // committed before this server's disk was done
  const auto index = static_cast<std::size_t>(zxid - first);
  ENSURE(index < outstanding_.size(), "an ack of {:#x}, never proposed", zxid);
  outstanding_[index].acks.insert(id);
  commit_what_a_majority_has();
}

void ZkLeader::commit_what_a_majority_has() {
  while (!outstanding_.empty() && context_.is_quorum(outstanding_.front().acks.size())) {
    const ZkTransactionPtr next = outstanding_.front().transaction;
    outstanding_.pop_front();
    committed_ = next->zxid;
    const sim::EventId before = world_.cause();
    world_.set_cause(next->cause);
    ZkPeerMessage commit;
    commit.type = ZkPeerMessage::Type::commit;
    commit.zxid = committed_;
    broadcast(commit);
    context_.replica.commit_to(committed_);
    world_.set_cause(before);
  }
}

void ZkLeader::send(Learner& learner, std::unique_ptr<ZkPeerMessage> message) {
  message->from = context_.myid;
  zk_send(*learner.socket, std::move(message), world_.cause());
}

void ZkLeader::send(Learner& learner, ZkPeerMessage::Type type, Zxid zxid) {
  auto message = std::make_unique<ZkPeerMessage>();
  message->type = type;
  message->zxid = zxid;
  message->epoch = epoch_.value_or(0);
  send(learner, std::move(message));
}

void ZkLeader::broadcast(const ZkPeerMessage& message) {
  for (const auto& [id, learner] : learners_) {
    auto copy = std::make_unique<ZkPeerMessage>();
    copy->type = message.type;
    copy->zxid = message.zxid;
    copy->transactions = message.transactions;
    send(*learner, std::move(copy));
  }
}

// --- Sessions ---

void ZkLeader::touch(SessionId session) { sessions_.touch(session, world_.now()); }

void ZkLeader::revalidate(SessionId session, Duration timeout) {
  const bool valid = sessions_.touch(session, world_.now());
  context_.frontend.revalidated(session, valid, valid ? sessions_.timeout(session) : timeout);
}

sim::Task<> ZkLeader::expire_sessions(Self /*kept alive*/) {
  while (!ended_) {
    const Time next = sessions_.next();
    if (next > world_.now()) {
      co_await session_added_.wait(next);
      continue;
    }
    for (const auto& expired : sessions_.expire(world_.now())) expire(expired);
  }
}

/// The leader follows a session from the moment it is asked for (PrepRequestProcessor), so one may
/// expire before a majority has it on disk: its client has gone elsewhere and never had it.
void ZkLeader::expire(const ZkSessionTracker::Expired& expired) {
  const auto note = context_.notes.find(expired.session);
  // Without forceSync a majority may have forgotten the close of a session: it comes back to life.
  sim::Detail owner{"owner", "a client of the past", "이전 클라이언트"};
  if (note != context_.notes.end() && note->second.client != nullptr) {
    const sim::MachineId machine = note->second.client->machine().id();
    owner = {"owner", std::string(world_.trace().machine_name(machine))};
  }
  const bool used = note == context_.notes.end() || note->second.confirmed;
  const sim::EventId cause = used ? why_silent(expired.session) : sim::EventId{};
  const std::string of = owner.value;
  world_.trace().record(
      used ? events::zk_session_expired : events::zk_session_abandoned,
      {.machine = context_.process.machine().id(), .cause = cause},
      events::with_wait(
          {{"session", fmt::format("{:#x}", expired.session.value())},
           std::move(owner),
           {"timeout", brokerlab::to_text(expired.timeout), to_korean_text(expired.timeout)}},
          {"zookeeper.session.timeout.ms", expired.timeout, of, granted_as(expired.timeout)}));
  ZkTransaction transaction;
  transaction.type = ZkTransaction::Type::close_session;
  transaction.session = expired.session;
  submit(std::move(transaction));
}

/// ZooKeeper grants no session shorter or longer than it allows, whatever a client asks for.
Phrase ZkLeader::granted_as(Duration timeout) const {
  if (timeout == context_.config.min_granted_session()) {
    return {"the shortest that ZooKeeper grants", "주키퍼가 허용하는 가장 짧은 값"};
  }
  if (timeout == context_.config.max_granted_session()) {
    return {"the longest that ZooKeeper grants", "주키퍼가 허용하는 가장 긴 값"};
  }
  return {};
}

sim::EventId ZkLeader::why_silent(SessionId session) const {
  const auto found = context_.notes.find(session);
  if (found == context_.notes.end() || found->second.client == nullptr) return {};
  const ZkSessionNote& note = found->second;
  const sim::Machine& machine = note.client->machine();
  // What came first of all that may have silenced it: what is wrong now, and whatever ended the
  // life that held the session, though another one has begun since.
  sim::EventId first;
  const auto consider = [&first](sim::EventId event) {
    if (event.valid() && (!first.valid() || event < first)) first = event;
  };
  consider(machine.down_cause());
  consider(context_.process.network().silence(note.server, machine.id()));
  consider(note.client->down_cause());
  consider(note.trouble);
  sim::EventId last_pause;
  const std::vector<sim::Event>& events = world_.trace().events();
  for (auto event = events.rbegin(); event != events.rend() && event->time >= note.since; ++event) {
    if (event->machine != machine.id() && event->machine != machine.host().id()) continue;
    if (event->kind == &sim::events::power_off || event->kind == &sim::events::process_killed ||
        event->kind == &sim::events::process_exited) {
      consider(event->id);
    } else if (event->kind == &sim::events::process_paused && !last_pause.valid()) {
      last_pause = event->id;
    }
  }
  // It is back already, or was never seen to go.
  if (!first.valid()) first = last_pause;
  return first.valid() ? first
                       : context_.process.network().trouble(note.server, machine.id(), note.since);
}

}  // namespace brokerlab::model
