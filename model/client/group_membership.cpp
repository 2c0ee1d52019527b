#include "model/client/group_membership.h"

#include "model/client/call_within.h"

#include <algorithm>
#include <utility>

namespace brokerlab::model {

namespace {

/// Errors of JoinGroup and SyncGroup after which there is nothing left to try, and what poll()
/// throws (JoinGroupResponseHandler, joinGroupIfNeeded); empty: another attempt follows.
std::string_view fatal_exception(ErrorCode error) {
  switch (error) {
    case ErrorCode::fenced_instance_id:
      return "FencedInstanceIdException";
    case ErrorCode::group_max_size_reached:
      return "GroupMaxSizeReachedException";
    case ErrorCode::inconsistent_group_protocol:
      return "InconsistentGroupProtocolException";
    case ErrorCode::invalid_session_timeout:
      return "InvalidSessionTimeoutException";
    case ErrorCode::invalid_group_id:
      return "InvalidGroupIdException";
    default:
      return {};
  }
}

}  // namespace

GroupMembership::GroupMembership(sim::Process& process, const ConsumerSetup& setup,
                                 ClientNetwork& network, CoordinatorFinder& finder, Hooks& hooks)
    : process_(process),
      world_(process.world()),
      setup_(setup),
      config_(setup.config),
      network_(network),
      finder_(finder),
      hooks_(hooks),
      last_poll_(world_.now()) {}

// --- State ---

void GroupMembership::need_rejoin() {
  rejoin_needed_ = true;
  network_.changed().notify_all();  // poll() may be waiting for records
}

void GroupMembership::forget_membership(Phrase why, bool keep_member_id) {
  state_ = State::unjoined;
  prepared_ = false;
  assigned_.reset();
  generation_ = -1;
  if (!keep_member_id) member_id_.clear();
  std::vector<sim::Detail> details{{"group", setup_.group}, sim::Detail::of("why", std::move(why))};
  if (waited_) details = events::with_wait(std::move(details), *waited_);
  waited_.reset();
  world_.trace().record(events::consumer_left, {.machine = process_.machine().id()},
                        std::move(details));
  need_rejoin();
}

void GroupMembership::note_error(ErrorCode error) {
  switch (error) {
    case ErrorCode::not_coordinator:
    case ErrorCode::coordinator_not_available:
    case ErrorCode::request_timed_out:
      finder_.lose(error);
      break;
    case ErrorCode::rebalance_in_progress:
      need_rejoin();
      break;
    case ErrorCode::unknown_member_id:
    case ErrorCode::fenced_instance_id:
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

/// A fatal error: the next poll() throws it.
void GroupMembership::fail_application(ApiKey api, ErrorCode error) {
  const std::string_view exception = fatal_exception(error);
  network_.errors().gave_up(api, error, exception);
  failure_ = ConsumerFailure{std::string(exception), {}};
  failed_ = true;
  network_.changed().notify_all();
}

// --- Joining ---

/// What AbstractCoordinator.joinGroupIfNeeded does with a join that has succeeded: in poll(), so
/// that what the application is at work on is its own until then.
sim::Task<> GroupMembership::complete_join() {
  if (!assigned_) co_return;
  Assigned assigned = *std::exchange(assigned_, std::nullopt);
  prepared_ = false;
  const sim::EventId cause = world_.cause();
  world_.set_cause(assigned.cause);
  co_await hooks_.joined(std::move(assigned.protocol), std::move(assigned.partitions));
  world_.set_cause(cause);
  finder_.changed().notify_all();
}

void GroupMembership::join_if_needed() {
  if (failed_) return;
  if (!needs_join() || std::exchange(joining_, true)) return;
  if (!prepared_) hooks_.begin_to_join();
  process_.spawn(join());
}

/// AbstractCoordinator.joinGroupIfNeeded. The coordinator is looked up by poll(), if need be.
sim::Task<> GroupMembership::join() {
  while (needs_join() && !closed_ && !failed_) {
    if (!finder_.node()) {
      co_await finder_.changed().wait();
      continue;
    }
    if (!std::exchange(prepared_, true)) co_await hooks_.prepare_join();
    co_await join_once();
  }
  joining_ = false;
  finder_.changed().notify_all();
  network_.changed().notify_all();  // poll() may be waiting for records
}

sim::Task<> GroupMembership::join_once() {
  const NodePtr node = finder_.node();
  if (!node) co_return;
  state_ = State::preparing;
  auto request = std::make_unique<JoinGroupRequest>();
  request->group = setup_.group;
  request->member_id = member_id_;
  request->instance = config_.group_instance_id;
  request->session_timeout = config_.session_timeout;
  request->rebalance_timeout = config_.max_poll_interval;
  request->protocols = hooks_.protocols();
  RequestPtr message = std::move(request);
  const Duration timeout = std::max(config_.request_timeout, join_patience(config_));
  Result<std::unique_ptr<JoinGroupResponse>, RpcFailure> result =
      co_await call_within<JoinGroupResponse>(process_, node, std::move(message), timeout);
  if (closed_) co_return;
  // MEMBER_ID_REQUIRED is half of a handshake (KIP-394), not an error.
  if (!result || (*result)->error != ErrorCode::member_id_required) {
    network_.errors().outcome(ApiKey::join_group, result);
  }
  ErrorCode error = ErrorCode::none;
  if (!result) {
    finder_.note_unanswered(node, result.error());
    error = ErrorCode::network_exception;
  } else {
    finder_.note_reached(*node);
    error = (*result)->error;
    if (error == ErrorCode::member_id_required) {
      member_id_ = (*result)->member_id;
      co_return;  // and join with it at once
    }
    // Who has left in between does not go on (UnjoinedGroupException): it joins anew, after a
    // pause.
    const bool left = state_ != State::preparing;
    if (error == ErrorCode::none && left) error = ErrorCode::network_exception;
    if (error == ErrorCode::none) {
      member_id_ = (*result)->member_id;
      generation_ = (*result)->generation;
      begin_heartbeats();
      error = co_await sync(node, **result);
    }
  }
  if (error == ErrorCode::none) {
    finder_.backoff().reset();
    co_return;
  }
  if (!fatal_exception(error).empty()) {
    fail_application(ApiKey::join_group, error);
    co_return;
  }
  note_error(error);
  rejoin_needed_ = true;
  // AbstractCoordinator.joinGroupIfNeeded: these at once, others after a pause that does not grow.
  const bool at_once = error == ErrorCode::rebalance_in_progress ||
                       error == ErrorCode::unknown_member_id ||
                       error == ErrorCode::illegal_generation;
  if (!at_once) co_await world_.sleep(config_.retry_backoff);
}

sim::Task<ErrorCode> GroupMembership::sync(NodePtr node, const JoinGroupResponse& group) {
  auto request = std::make_unique<SyncGroupRequest>();
  request->group = setup_.group;
  request->member_id = member_id_;
  request->instance = config_.group_instance_id;
  request->generation = generation_;
  request->protocol = group.protocol;
  leader_ = group.leader == member_id_;
  if (leader_) request->assignments = hooks_.assign(group);
  RequestPtr message = std::move(request);
  // Only a JoinGroup may wait as long as a rebalance does
  // (AbstractCoordinator.sendSyncGroupRequest).
  const Duration timeout = config_.request_timeout;
  Result<std::unique_ptr<SyncGroupResponse>, RpcFailure> result =
      co_await call_within<SyncGroupResponse>(process_, node, std::move(message), timeout);
  if (closed_) co_return ErrorCode::none;
  network_.errors().outcome(ApiKey::sync_group, result);
  if (!result) {
    finder_.note_unanswered(node, result.error());
    co_return ErrorCode::network_exception;
  }
  if ((*result)->error != ErrorCode::none) co_return (*result)->error;
  finder_.note_served(*node);
  // A heartbeat has ended the generation before it began (SyncGroupResponseHandler).
  if (state_ != State::completing) co_return ErrorCode::illegal_generation;
  begin_generation(**result);
  co_return ErrorCode::none;
}

/// HeartbeatThread.enable.
void GroupMembership::begin_heartbeats() {
  state_ = State::completing;
  last_heard_ = last_poll_ = world_.now();
  next_heartbeat_ = world_.now() + config_.heartbeat_interval;
  finder_.changed().notify_all();
}

void GroupMembership::begin_generation(SyncGroupResponse& response) {
  state_ = State::stable;
  rejoin_needed_ = false;
  assigned_ = Assigned{response.protocol, std::move(response.partitions), world_.cause()};
  finder_.changed().notify_all();
}

// --- Heartbeats ---

sim::Task<> GroupMembership::heartbeats() {
  while (!closed_) {
    const bool member = state_ == State::completing || state_ == State::stable;
    if (!member || failed_) {
      co_await finder_.changed().wait();
      continue;
    }
    const Time now = world_.now();
    finder_.check();
    if (!finder_.node()) {
      co_await finder_.find(now + config_.session_timeout);
      continue;
    }
    if (now >= session_ends()) {
      // The coordinator has not answered for a session: look for another one.
      finder_.lose(ErrorCode::none);
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
    const Time due =
        std::min({next_heartbeat_, last_poll_ + config_.max_poll_interval, session_ends()});
    if (now < due) {
      co_await finder_.changed().wait(due);
      continue;
    }
    co_await send_heartbeat();
  }
}

sim::Task<> GroupMembership::send_heartbeat() {
  const NodePtr node = finder_.node();
  const int generation = generation_;
  const std::string member = member_id_;
  next_heartbeat_ = world_.now() + config_.heartbeat_interval;
  auto request = std::make_unique<HeartbeatRequest>();
  request->group = setup_.group;
  request->member_id = member_id_;
  request->instance = config_.group_instance_id;
  request->generation = generation;
  RequestPtr message = std::move(request);
  // HeartbeatThread lets go of the coordinator when a session is over since its last answer.
  const Duration timeout = std::min(config_.request_timeout, session_ends() - world_.now());
  Result<std::unique_ptr<HeartbeatResponse>, RpcFailure> result =
      co_await call_within<HeartbeatResponse>(process_, node, std::move(message), timeout);
  network_.errors().outcome(ApiKey::heartbeat, result);
  if (!result) {
    finder_.note_unanswered(node, result.error());
    heartbeat_failed();
    co_return;
  }
  finder_.note_reached(*node);
  const ErrorCode error = (*result)->error;
  if (error == ErrorCode::none) finder_.note_served(*node, true);
  // A rebalance is news to who is stable; the end of a generation, if it is still that one.
  const bool ended = error == ErrorCode::unknown_member_id ||
                     error == ErrorCode::fenced_instance_id ||
                     error == ErrorCode::illegal_generation;
  const bool rebalance = error == ErrorCode::rebalance_in_progress;
  const bool stale = ended && (generation != generation_ || member != member_id_);
  if (error == ErrorCode::none || rebalance || stale) {
    last_heard_ = world_.now();
    failed_heartbeats_ = 0;
  } else {
    heartbeat_failed();
  }
  if (stale || (rebalance && !stable())) co_return;
  note_error(error);
  if (error == ErrorCode::fenced_instance_id) fail_application(ApiKey::heartbeat, error);
}

/// Heartbeat.failHeartbeat.
void GroupMembership::heartbeat_failed() {
  next_heartbeat_ = world_.now() + finder_.backoff().after(failed_heartbeats_++);
}

sim::Task<> GroupMembership::close(Time deadline) {
  Phrase why{"closed", "컨슈머를 닫았다"};
  closed_ = true;  // neither heartbeats nor a join under way go on
  finder_.changed().notify_all();
  if (!config_.leave_group_on_close) co_return;
  co_await leave(std::move(why), deadline);
}

/// AbstractCoordinator.maybeLeaveGroup: a member id is enough, its generation may not have begun. A
/// static member only forgets itself: its session is to outlive it.
sim::Task<> GroupMembership::leave(Phrase why, Time deadline) {
  if (member_id_.empty() || (state_ == State::unjoined && !joining_)) co_return;
  if (config_.group_instance_id) {
    forget_membership(std::move(why), false);
    co_return;
  }
  const NodePtr node = finder_.node();
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
