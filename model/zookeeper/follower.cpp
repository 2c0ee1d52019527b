#include "model/zookeeper/follower.h"

#include <algorithm>

namespace brokerlab::model {

ZkFollower::ZkFollower(ZkContext& context, int leader, bool& ignores_history)
    : context_(context),
      world_(context.world()),
      leader_(leader),
      ignores_history_(ignores_history) {}

sim::Task<sim::EventId> ZkFollower::run() {
  const std::shared_ptr<ZkFollower> self = shared_from_this();
  const bool joined = co_await join();
  if (joined) {
    while (true) {
      const int ticks = serving_ ? context_.config.sync_limit : context_.config.init_limit;
      const std::unique_ptr<ZkPeerMessage> message = co_await receive(ticks);
      if (!message) break;
      const bool goes_on = co_await handle(*message);
      if (!goes_on) break;
    }
  }
  sim::EventId trouble = socket_ ? socket_->trouble() : sim::EventId{};
  if (!trouble) {
    const Duration patience = context_.config.sync_limit * context_.config.tick_time;
    trouble = context_.process.network().trouble(
        context_.process.machine().id(), context_.machine_of(leader_), world_.now() - patience);
  }
  // Whose connections end now lose them for that, not for what we did last.
  world_.set_cause(trouble);
  context_.frontend.stop_serving();
  if (socket_) socket_->close();
  co_return trouble;
}

/// Connects and agrees on the epoch. The chosen leader may learn of its election a little later
/// than we do, and hangs up or refuses until then.
sim::Task<bool> ZkFollower::join() {
  const Time deadline = world_.now() + context_.config.init_limit * context_.config.tick_time;
  for (int attempt = 0; attempt < connect_tries && world_.now() < deadline; ++attempt) {
    if (attempt > 0) co_await world_.sleep(connect_retry);
    Result<sim::SocketPtr, sim::NetError> made = co_await context_.process.network().connect(
        context_.process, context_.machine_of(leader_), zookeeper_peer_port, deadline);
    if (!made) continue;
    socket_ = *made;
    auto hello = std::make_unique<ZkPeerMessage>();
    hello->type = ZkPeerMessage::Type::follower_info;
    hello->epoch = context_.replica.accepted_epoch();
    send(std::move(hello));
    const std::unique_ptr<ZkPeerMessage> answer = co_await receive(context_.config.init_limit);
    if (!answer) continue;
    const bool agreed = co_await agree_on_epoch(*answer);
    co_return agreed;
  }
  co_return false;
}

sim::Task<std::unique_ptr<ZkPeerMessage>> ZkFollower::receive(int ticks) {
  const Time deadline = world_.now() + ticks * context_.config.tick_time;
  std::optional<sim::Message> message = co_await socket_->receive(deadline);
  if (!message) co_return nullptr;
  std::unique_ptr<ZkPeerMessage> received = message->take<ZkPeerMessage>();
  if (received->type == ZkPeerMessage::Type::proposal) {
    co_await context_.process.machine().cpu().run(proposal_cost);
  }
  world_.set_cause(received->cause);
  co_return std::move(received);
}

sim::Task<bool> ZkFollower::agree_on_epoch(const ZkPeerMessage& leader_info) {
  ENSURE(leader_info.type == ZkPeerMessage::Type::leader_info);
  ZkReplica& replica = context_.replica;
  epoch_ = epoch_of(leader_info.zxid);
  if (epoch_ < replica.accepted_epoch()) co_return false;  // it follows a later one already
  auto state = std::make_unique<ZkPeerMessage>();
  state->type = ZkPeerMessage::Type::ack_epoch;
  // Who had accepted this epoch before does not count a second time.
  state->epoch = epoch_ == replica.accepted_epoch() ? -1 : replica.current_epoch();
  state->zxid = replica.last_zxid();
  state->wants_snapshot = ignores_history_;
  co_await replica.save_epochs(epoch_, replica.current_epoch());
  send(std::move(state));
  co_return true;
}

/// False when this term cannot go on.
sim::Task<bool> ZkFollower::handle(ZkPeerMessage& message) {
  ZkReplica& replica = context_.replica;
  switch (message.type) {
    case ZkPeerMessage::Type::truncate: {
      const bool cut = co_await replica.truncate(message.zxid);
      ignores_history_ = !cut;
      co_return cut;
    }
    case ZkPeerMessage::Type::snapshot:
      co_await replica.install(message.tree);
      ignores_history_ = false;
      break;
    case ZkPeerMessage::Type::diff:
      for (const ZkTransactionPtr& transaction : message.transactions) replica.append(transaction);
      break;
    case ZkPeerMessage::Type::new_leader:
      co_await replica.drain();
      co_await replica.save_epochs(epoch_, epoch_);
      acknowledge(message.zxid);
      break;
    case ZkPeerMessage::Type::up_to_date:
      begin_serving(message);
      break;
    case ZkPeerMessage::Type::proposal:
      replica.append(message.transactions.front(),
                     [self = shared_from_this(), zxid = message.zxid] { self->acknowledge(zxid); });
      break;
    case ZkPeerMessage::Type::commit:
      committed_ = std::max(committed_, message.zxid);
      if (serving_) replica.commit_to(committed_);
      break;
    case ZkPeerMessage::Type::revalidate:
      context_.frontend.revalidated(message.session, message.valid, message.timeout);
      break;
    case ZkPeerMessage::Type::ping:
      answer_ping();
      break;
    default:
      UNREACHABLE("a leader sent {}", message.kind());
  }
  co_return true;
}

void ZkFollower::begin_serving(const ZkPeerMessage& up_to_date) {
  serving_ = true;
  committed_ = std::max(committed_, up_to_date.zxid);
  context_.replica.commit_to(committed_);
  context_.election.set_epoch(epoch_);
  context_.frontend.serve(*this);
}

void ZkFollower::send(std::unique_ptr<ZkPeerMessage> message) {
  message->from = context_.myid;
  zk_send(*socket_, std::move(message), world_.cause());
}

void ZkFollower::acknowledge(Zxid zxid) {
  auto ack = std::make_unique<ZkPeerMessage>();
  ack->type = ZkPeerMessage::Type::ack;
  ack->zxid = zxid;
  send(std::move(ack));
}

void ZkFollower::answer_ping() {
  auto answer = std::make_unique<ZkPeerMessage>();
  answer->touched.assign(touched_.begin(), touched_.end());
  touched_.clear();
  send(std::move(answer));
}

void ZkFollower::submit(ZkTransaction transaction) {
  auto request = std::make_unique<ZkPeerMessage>();
  request->type = ZkPeerMessage::Type::request;
  request->transactions = {std::make_shared<const ZkTransaction>(std::move(transaction))};
  send(std::move(request));
}

void ZkFollower::revalidate(SessionId session, Duration timeout) {
  auto question = std::make_unique<ZkPeerMessage>();
  question->type = ZkPeerMessage::Type::revalidate;
  question->session = session;
  question->timeout = timeout;
  send(std::move(question));
}

}  // namespace brokerlab::model
