#include "model/client/consumer_coordinator.h"

#include "model/client/range_assignor.h"
#include "model/events.h"
#include "model/explain.h"

#include <algorithm>

namespace brokerlab::model {

namespace {

/// Kafka's JOIN_GROUP_TIMEOUT_LAPSE: the coordinator's answer may come a little late.
constexpr Duration join_lapse = 5s;

template <class T>
struct Answer {
  explicit Answer(sim::World& world) : done(world) {}
  std::optional<Result<std::unique_ptr<T>, RpcFailure>> result;
  sim::OneShot<bool> done;
};

template <class T>
sim::Task<> run_call(std::shared_ptr<Answer<T>> answer, std::shared_ptr<NodeConnection> node,
                     RequestPtr request) {
  Result<std::unique_ptr<T>, RpcFailure> result = co_await call_as<T>(*node, std::move(request));
  answer->result.emplace(std::move(result));
  answer->done.set(true);
}

/// A call on a connection whose own request timeout is longer, for the sake of JoinGroup.
template <class T>
sim::Task<Result<std::unique_ptr<T>, RpcFailure>> call_within(sim::Process& process,
                                                              std::shared_ptr<NodeConnection> node,
                                                              RequestPtr request,
                                                              Duration timeout) {
  const auto answer = std::make_shared<Answer<T>>(process.world());
  process.spawn(run_call<T>(answer, node, std::move(request)));
  const Time deadline = process.world().now() + timeout;
  const std::optional<bool> done = co_await answer->done.wait(deadline);
  if (done) co_return std::move(*answer->result);
  node->disconnect();
  const sim::EventId cause = process.network().trouble(
      process.machine().id(), node->address().machine, process.world().now() - timeout);
  co_return fail(RpcFailure{RpcFailure::Kind::timed_out, cause});
}

std::string names(const std::vector<TopicPartition>& partitions) {
  std::string text;
  for (const TopicPartition& partition : partitions) {
    text += (text.empty() ? "" : ", ") + partition.name();
  }
  return text.empty() ? "-" : text;
}

}  // namespace

ConsumerCoordinator::ConsumerCoordinator(sim::Process& process, const ConsumerSetup& setup,
                                         ClientNetwork& network, SubscriptionState& subscriptions,
                                         ConsumerOutages& outages, ClusterContext& context)
    : process_(process),
      world_(process.world()),
      setup_(setup),
      config_(setup.config),
      network_(network),
      subscriptions_(subscriptions),
      outages_(outages),
      context_(context),
      random_(world_.stream(
          fmt::format("{}/{}/group/{}", process.name(), setup.client_id, process.starts()))),
      last_poll_(world_.now()),
      state_changed_(world_) {}

void ConsumerCoordinator::start() { process_.spawn(heartbeats()); }

Duration ConsumerCoordinator::backoff(int attempts) {
  return exponential_backoff(config_.retry_backoff, config_.retry_backoff_max, attempts, random_);
}

// --- State ---

void ConsumerCoordinator::need_rejoin() {
  rejoin_needed_ = true;
  network_.changed().notify_all();  // poll() may be waiting for records
}

void ConsumerCoordinator::forget_membership(Phrase why, bool keep_member_id) {
  stable_ = false;
  generation_ = -1;
  if (!keep_member_id) member_id_.clear();
  std::vector<sim::Detail> details{{"group", setup_.group}, sim::Detail::of("why", std::move(why))};
  if (waited_) details = events::with_wait(std::move(details), *waited_);
  waited_.reset();
  world_.trace().record(events::consumer_left, {.machine = process_.machine().id()},
                        std::move(details));
  need_rejoin();
}

/// Told once, until it answers again or another one does.
void ConsumerCoordinator::tell_lost(const RpcFailure* failure, ErrorCode error) {
  if (coordinator_lost_.valid()) return;
  look_up_waited_.reset();
  lost_by_error_ = failure == nullptr && error != ErrorCode::none;
  const sim::World::KeepCause keep(world_);
  Phrase why{"no heartbeat was answered", "하트비트 응답이 없다"};
  sim::Trace::About about{.machine = process_.machine().id(), .cause = sim::EventId()};
  if (failure != nullptr) {
    why = to_phrase(failure->kind);
    about.cause = failure->cause;
  } else if (error != ErrorCode::none) {
    why = {std::string(to_text(error)), {}};
    about.cause = last_error(world_.trace(), about.machine, error);
  }
  coordinator_lost_ =
      world_.trace().record(events::coordinator_lost, about,
                            {{"group", setup_.group},
                             {"to", machine_name(process_, coordinator_->address())},
                             sim::Detail::of("why", why)});
}

void ConsumerCoordinator::note_served(const NodeConnection& node, bool by_heartbeat) {
  outages_.note_reached(node.address());
  // It answers heartbeats while it cannot store offsets.
  if (by_heartbeat && lost_by_error_) return;
  const sim::EventId lost = std::exchange(coordinator_lost_, sim::EventId());
  if (!lost.valid()) return;
  const sim::World::KeepCause keep(world_);
  std::vector<sim::Detail> details{{"group", setup_.group},
                                   {"to", machine_name(process_, node.address())}};
  if (look_up_waited_) details = events::with_wait(std::move(details), *look_up_waited_);
  look_up_waited_.reset();
  world_.trace().record(events::coordinator_found,
                        {.machine = process_.machine().id(), .cause = lost}, std::move(details));
}

void ConsumerCoordinator::lose_coordinator(const RpcFailure* failure, ErrorCode error) {
  if (!coordinator_) return;
  tell_lost(failure, error);
  const NodePtr lost = std::exchange(coordinator_, nullptr);
  if (failure != nullptr) {
    outages_.note_unreachable(lost->address(), failure->kind, failure->cause);
    network_.request_update();
  } else {
    lost->disconnect();  // whatever is still under way there fails
  }
}

/// What an error code of any group request means for the membership.
void ConsumerCoordinator::note_error(ErrorCode error) {
  switch (error) {
    case ErrorCode::not_coordinator:
    case ErrorCode::coordinator_not_available:
    case ErrorCode::request_timed_out:
      lose_coordinator(nullptr, error);
      break;
    case ErrorCode::rebalance_in_progress:
      need_rejoin();
      break;
    case ErrorCode::unknown_member_id:
    case ErrorCode::illegal_generation: {
      // The id may still be good when only the generation is not.
      const bool keep_id = error == ErrorCode::illegal_generation;
      if (generation_ >= 0) {
        forget_membership({std::string(to_text(error)), {}}, keep_id);
      } else {
        if (!keep_id) member_id_.clear();
        need_rejoin();
      }
      break;
    }
    default:
      break;
  }
}

std::map<std::string, int> ConsumerCoordinator::partition_counts() const {
  std::map<std::string, int> counts;
  for (const std::string& topic : setup_.topics) {
    const int count = network_.view().partition_count(topic);
    if (count > 0) counts[topic] = count;
  }
  return counts;
}

// --- Finding the coordinator ---

/// checkAndGetCoordinator: a connection that broke with nothing under way is noticed too.
void ConsumerCoordinator::check_coordinator() {
  if (!coordinator_ || !coordinator_->unavailable()) return;
  const RpcFailure failure{RpcFailure::Kind::disconnected, coordinator_->last_trouble()};
  lose_coordinator(&failure);
}

/// One look-up at a time, whoever waits for it; it goes on when a caller's time is over.
sim::Task<bool> ConsumerCoordinator::find_coordinator(Time deadline) {
  check_coordinator();
  while (!coordinator_ && world_.now() < deadline) {
    if (!std::exchange(finding_, true)) process_.spawn(look_up(deadline));
    if (!coordinator_) co_await state_changed_.wait(deadline);
  }
  co_return coordinator_ != nullptr;
}

/// AbstractCoordinator.lookupCoordinator, and what ensureCoordinatorReady does when it fails.
sim::Task<> ConsumerCoordinator::look_up(Time deadline) {
  if (NodeConnection* node = network_.least_loaded()) {
    auto request = std::make_unique<FindCoordinatorRequest>();
    request->group = setup_.group;
    RequestPtr message = std::move(request);
    Result<std::unique_ptr<FindCoordinatorResponse>, RpcFailure> result =
        co_await call_as<FindCoordinatorResponse>(*node, std::move(message));
    note_outcome(ApiKey::find_coordinator, result);
    if (!result && result.error().kind == RpcFailure::Kind::timed_out) {
      const std::string of = machine_name(process_, node->address());
      look_up_waited_ = events::Wait{"request.timeout.ms",
                                     config_.request_timeout,
                                     process_.name(),
                                     {fmt::format("for a FindCoordinator to {}", of),
                                      fmt::format("{}에 보낸 FindCoordinator", of)}};
    }
    if (result && (*result)->error == ErrorCode::none) {
      const Duration patience = config_.max_poll_interval + join_lapse;
      coordinator_ = network_.dedicated((*result)->coordinator.address, patience);
      attempts_ = 0;
      last_heard_ = world_.now();
      finding_ = false;
      state_changed_.notify_all();
      co_return;
    }
  }
  const Duration pause = backoff(attempts_++);
  co_await world_.sleep(pause);
  network_.request_update();
  co_await network_.wait_update(network_.version(), deadline);
  finding_ = false;
  state_changed_.notify_all();
}

// --- Joining ---

/// ConsumerCoordinator.poll, which does not wait for the join (ClassicKafkaConsumer.poll passes
/// waitForJoinGroup = false): a rebalance goes on while poll() returns at its timeout and comes
/// again.
sim::Task<> ConsumerCoordinator::poll(Time deadline) {
  last_poll_ = world_.now();
  const bool found = co_await find_coordinator(deadline);
  if (!found) co_return;
  // The leader watches its topics: new partitions want to be assigned.
  if (leader_ && stable_ && partition_counts() != counts_) rejoin_needed_ = true;
  if (needs_join() && !std::exchange(joining_, true)) process_.spawn(join());
  last_poll_ = world_.now();
  if (joining_) co_return;
  if (config_.enable_auto_commit && world_.now() >= next_auto_commit_) {
    next_auto_commit_ = world_.now() + config_.auto_commit_interval;
    process_.spawn(auto_commit());
  }
  if (subscriptions_.initializing().empty()) co_return;
  // One request at a time, whose answer a later poll() may get (pendingCommittedOffsetRequest).
  if (!std::exchange(fetching_committed_, true)) process_.spawn(fetch_committed(deadline));
  while (fetching_committed_ && world_.now() < deadline) {
    co_await state_changed_.wait(deadline);
  }
}

/// AbstractCoordinator.joinGroupIfNeeded. The coordinator is looked up by poll(), if need be.
sim::Task<> ConsumerCoordinator::join() {
  while (needs_join() && !closed_) {
    if (!coordinator_) {
      co_await state_changed_.wait();
      continue;
    }
    // The leader will need to know what there is to assign.
    if (partition_counts().size() < setup_.topics.size()) {
      network_.request_update();
      co_await network_.wait_update(network_.version(), never);
      if (partition_counts().empty()) continue;
    }
    if (!revoked_) {
      // Last words while the old generation still counts, then everything is given up.
      if (config_.enable_auto_commit && generation_ >= 0) {
        std::vector<OffsetCommitRequest::Partition> offsets = subscriptions_.consumed();
        co_await commit(std::move(offsets), world_.now() + config_.max_poll_interval);
      }
      assignment_.clear();
      subscriptions_.assign({});
      revoked_ = true;
    }
    co_await join_once();
  }
  joining_ = false;
  state_changed_.notify_all();
  network_.changed().notify_all();  // poll() may be waiting for records
}

sim::Task<> ConsumerCoordinator::join_once() {
  const NodePtr node = coordinator_;
  if (!node) co_return;
  stable_ = false;
  auto request = std::make_unique<JoinGroupRequest>();
  request->group = setup_.group;
  request->member_id = member_id_;
  request->session_timeout = config_.session_timeout;
  request->rebalance_timeout = config_.max_poll_interval;
  request->topics = setup_.topics;
  RequestPtr message = std::move(request);
  const Duration timeout =
      std::max(config_.request_timeout, config_.max_poll_interval + join_lapse);
  Result<std::unique_ptr<JoinGroupResponse>, RpcFailure> result =
      co_await call_within<JoinGroupResponse>(process_, node, std::move(message), timeout);
  if (closed_) co_return;
  // MEMBER_ID_REQUIRED is half of a handshake (KIP-394), not an error.
  if (!result || (*result)->error != ErrorCode::member_id_required) {
    note_outcome(ApiKey::join_group, result);
  }
  ErrorCode error = ErrorCode::none;
  if (!result) {
    if (coordinator_ == node) lose_coordinator(&result.error());
    error = ErrorCode::network_exception;
  } else {
    outages_.note_reached(node->address());
    error = (*result)->error;
    if (error == ErrorCode::member_id_required) {
      member_id_ = (*result)->member_id;
      co_return;  // and join with it at once
    }
    if (error == ErrorCode::none) {
      member_id_ = (*result)->member_id;
      generation_ = (*result)->generation;
      error = co_await sync(node, **result);
    }
  }
  if (error == ErrorCode::none) {
    attempts_ = 0;
    co_return;
  }
  note_error(error);
  rejoin_needed_ = true;
  if (error == ErrorCode::rebalance_in_progress || error == ErrorCode::unknown_member_id) co_return;
  const Duration pause = backoff(attempts_++);
  co_await world_.sleep(pause);
}

sim::Task<ErrorCode> ConsumerCoordinator::sync(NodePtr node, const JoinGroupResponse& group) {
  auto request = std::make_unique<SyncGroupRequest>();
  request->group = setup_.group;
  request->member_id = member_id_;
  request->generation = generation_;
  leader_ = group.leader == member_id_;
  if (leader_) {
    counts_ = partition_counts();
    request->assignments = assign_range(group.members, counts_);
  }
  RequestPtr message = std::move(request);
  const Duration timeout =
      std::max(config_.request_timeout, config_.max_poll_interval + join_lapse);
  Result<std::unique_ptr<SyncGroupResponse>, RpcFailure> result =
      co_await call_within<SyncGroupResponse>(process_, node, std::move(message), timeout);
  if (closed_) co_return ErrorCode::none;
  note_outcome(ApiKey::sync_group, result);
  if (!result) {
    if (coordinator_ == node) lose_coordinator(&result.error());
    co_return ErrorCode::network_exception;
  }
  if ((*result)->error == ErrorCode::none) {
    note_served(*node);
    joined((*result)->partitions);
  }
  co_return (*result)->error;
}

void ConsumerCoordinator::joined(const std::vector<TopicPartition>& partitions) {
  stable_ = true;
  rejoin_needed_ = false;
  revoked_ = false;
  assignment_ = partitions;
  std::sort(assignment_.begin(), assignment_.end());
  last_heard_ = last_poll_ = world_.now();
  next_heartbeat_ = world_.now() + config_.heartbeat_interval;
  next_auto_commit_ = world_.now() + config_.auto_commit_interval;
  subscriptions_.assign(assignment_);
  world_.trace().record(events::consumer_joined, {.machine = process_.machine().id()},
                        {{"group", setup_.group},
                         {"generation", std::to_string(generation_)},
                         {"partitions", names(assignment_)}});
  context_.observer.on_assigned(setup_.client_id, assignment_);
  state_changed_.notify_all();
}

// --- Offsets ---

sim::Task<> ConsumerCoordinator::fetch_committed(Time deadline) {
  const std::vector<TopicPartition> wanted = subscriptions_.initializing();
  const int generation = generation_;
  // Another generation may own other partitions, from other offsets.
  const auto of_this_life = [&] { return !closed_ && !needs_join() && generation == generation_; };
  while (world_.now() < deadline && of_this_life()) {
    const bool found = co_await find_coordinator(deadline);
    if (!found) break;
    const NodePtr node = coordinator_;
    auto request = std::make_unique<OffsetFetchRequest>();
    request->group = setup_.group;
    request->partitions = wanted;
    RequestPtr message = std::move(request);
    Result<std::unique_ptr<OffsetFetchResponse>, RpcFailure> result =
        co_await call_within<OffsetFetchResponse>(process_, node, std::move(message),
                                                  config_.request_timeout);
    note_outcome(ApiKey::offset_fetch, result);
    if (result && (*result)->error == ErrorCode::none) {
      if (!of_this_life()) break;
      for (const OffsetFetchResponse::Partition& one : (*result)->partitions) {
        subscriptions_.set_committed(one.partition, one.offset, one.leader_epoch);
      }
      break;
    }
    if (!result && coordinator_ == node) lose_coordinator(&result.error());
    if (result) note_error((*result)->error);
    const Duration pause = backoff(attempts_++);
    co_await world_.sleep(pause);
  }
  fetching_committed_ = false;
  state_changed_.notify_all();
  network_.changed().notify_all();
}

/// ConsumerCoordinator.commitOffsetsSync.
sim::Task<ErrorCode> ConsumerCoordinator::commit(
    std::vector<OffsetCommitRequest::Partition> offsets, Time deadline) {
  if (offsets.empty()) co_return ErrorCode::none;
  for (int attempt = 0; world_.now() < deadline; ++attempt) {
    const bool found = co_await find_coordinator(deadline);
    if (!found) break;
    const ErrorCode error = co_await commit_once(offsets, deadline);
    if (error == ErrorCode::none || !is_retriable(error)) co_return error;
    const Duration pause = backoff(attempt);
    co_await world_.sleep(pause);
  }
  // Kafka's TimeoutException: whatever went wrong before, the time is over.
  network_.errors().gave_up(ApiKey::offset_commit, ErrorCode::request_timed_out,
                            "TimeoutException");
  co_return ErrorCode::request_timed_out;
}

/// ConsumerCoordinator.sendOffsetCommitRequest and its OffsetCommitResponseHandler.
sim::Task<ErrorCode> ConsumerCoordinator::commit_once(
    const std::vector<OffsetCommitRequest::Partition>& offsets, Time deadline) {
  const NodePtr node = coordinator_;
  if (!node) co_return ErrorCode::coordinator_not_available;
  if (!stable_) {
    const bool joining = generation_ >= 0;
    const ErrorCode error =
        joining ? ErrorCode::rebalance_in_progress : ErrorCode::unknown_member_id;
    network_.errors().gave_up(ApiKey::offset_commit, error,
                              joining ? "RebalanceInProgressException" : "CommitFailedException");
    co_return error;
  }
  auto request = std::make_unique<OffsetCommitRequest>();
  request->group = setup_.group;
  request->member_id = member_id_;
  request->generation = generation_;
  request->partitions = offsets;
  RequestPtr message = std::move(request);
  const int generation = generation_;
  const Duration patience = std::min(config_.request_timeout, deadline - world_.now());
  Result<std::unique_ptr<OffsetCommitResponse>, RpcFailure> result =
      co_await call_within<OffsetCommitResponse>(process_, node, std::move(message), patience);
  if (!result) {
    network_.errors().unanswered(ApiKey::offset_commit, result.error());
    if (coordinator_ == node) lose_coordinator(&result.error());
    co_return ErrorCode::network_exception;
  }
  ErrorCode error = ErrorCode::none;
  for (const OffsetCommitResponse::Partition& answer : (*result)->partitions) {
    if (answer.error == ErrorCode::none) continue;
    error = answer.error;
    break;
  }
  network_.errors().answered(ApiKey::offset_commit, error, nullptr, !is_retriable(error));
  const bool stale = generation != generation_ && !stable_;
  if (stale && (error == ErrorCode::unknown_member_id || error == ErrorCode::illegal_generation)) {
    co_return ErrorCode::rebalance_in_progress;  // of a generation that is given up already
  }
  note_error(error);
  if (error == ErrorCode::none) {
    note_served(*node);
    for (const OffsetCommitRequest::Partition& one : offsets) {
      context_.observer.on_committed(setup_.group, one.partition, one.offset);
    }
  }
  co_return error;
}

Time ConsumerCoordinator::next_poll() const {
  const bool commits = config_.enable_auto_commit && stable_ && next_auto_commit_ > world_.now();
  return commits ? next_auto_commit_ : never;
}

/// ConsumerCoordinator.autoCommitOffsetsAsync: one attempt; what is retriable is tried again after
/// retry.backoff.ms, at a poll.
sim::Task<> ConsumerCoordinator::auto_commit() {
  const std::vector<OffsetCommitRequest::Partition> offsets = subscriptions_.consumed();
  if (offsets.empty()) co_return;
  const ErrorCode error = co_await commit_once(offsets, world_.now() + config_.request_timeout);
  if (error != ErrorCode::none && is_retriable(error)) {
    next_auto_commit_ = world_.now() + config_.retry_backoff;
  }
}

template <class T>
void ConsumerCoordinator::note_outcome(ApiKey api,
                                       const Result<std::unique_ptr<T>, RpcFailure>& result) {
  if (result) {
    network_.errors().answered(api, (*result)->error);
  } else {
    network_.errors().unanswered(api, result.error());
  }
}

// --- Heartbeats ---

sim::Task<> ConsumerCoordinator::heartbeats() {
  while (!closed_) {
    if (!stable_) {
      co_await state_changed_.wait();
      continue;
    }
    const Time now = world_.now();
    check_coordinator();
    if (!coordinator_) {
      co_await find_coordinator(now + config_.session_timeout);
      continue;
    }
    if (now >= last_heard_ + config_.session_timeout) {
      // The coordinator has not answered for a session: look for another one.
      lose_coordinator(nullptr);
      continue;
    }
    if (now >= last_poll_ + config_.max_poll_interval) {
      Phrase why{"no poll within max.poll.interval.ms",
                 "max.poll.interval.ms 안에 poll()이 없었다"};
      // Nobody did anything to it: it is still at work on what it read last.
      world_.set_cause({});
      waited_ = events::Wait{"max.poll.interval.ms", config_.max_poll_interval, process_.name()};
      co_await leave(std::move(why), now + config_.request_timeout);
      continue;
    }
    const Time due = std::min({next_heartbeat_, last_poll_ + config_.max_poll_interval,
                               last_heard_ + config_.session_timeout});
    if (now < due) {
      co_await state_changed_.wait(due);
      continue;
    }
    co_await send_heartbeat();
  }
}

sim::Task<> ConsumerCoordinator::send_heartbeat() {
  const NodePtr node = coordinator_;
  const int generation = generation_;
  next_heartbeat_ = world_.now() + config_.heartbeat_interval;
  auto request = std::make_unique<HeartbeatRequest>();
  request->group = setup_.group;
  request->member_id = member_id_;
  request->generation = generation;
  RequestPtr message = std::move(request);
  const Duration timeout = std::min(config_.request_timeout, config_.session_timeout);
  Result<std::unique_ptr<HeartbeatResponse>, RpcFailure> result =
      co_await call_within<HeartbeatResponse>(process_, node, std::move(message), timeout);
  note_outcome(ApiKey::heartbeat, result);
  if (!result) {
    if (coordinator_ == node) lose_coordinator(&result.error());
    heartbeat_failed();
    co_return;
  }
  outages_.note_reached(node->address());
  // An answer to an earlier generation says nothing about this one.
  if (!stable_ || generation != generation_) co_return;
  const ErrorCode error = (*result)->error;
  if (error == ErrorCode::none) note_served(*node, true);
  if (error == ErrorCode::none || error == ErrorCode::rebalance_in_progress) {
    last_heard_ = world_.now();
    failed_heartbeats_ = 0;
  } else {
    heartbeat_failed();
  }
  note_error(error);
}

/// Heartbeat.failHeartbeat.
void ConsumerCoordinator::heartbeat_failed() {
  next_heartbeat_ = world_.now() + backoff(failed_heartbeats_++);
}

sim::Task<> ConsumerCoordinator::close(Time deadline) {
  Phrase why{"closed", "컨슈머를 닫았다"};
  closed_ = true;  // neither heartbeats nor a join under way go on
  state_changed_.notify_all();
  co_await leave(std::move(why), deadline);
}

/// AbstractCoordinator.maybeLeaveGroup: a member id is enough, its generation may not have begun.
sim::Task<> ConsumerCoordinator::leave(Phrase why, Time deadline) {
  if (member_id_.empty() || !(stable_ || joining_)) co_return;
  const NodePtr node = coordinator_;
  auto request = std::make_unique<LeaveGroupRequest>();
  request->group = setup_.group;
  request->member_id = member_id_;
  forget_membership(std::move(why), false);
  if (!node) co_return;
  RequestPtr message = std::move(request);
  const Duration patience = std::min(config_.request_timeout, deadline - world_.now());
  if (patience <= Duration{0}) co_return;
  (void)co_await call_within<LeaveGroupResponse>(process_, node, std::move(message), patience);
}

}  // namespace brokerlab::model
