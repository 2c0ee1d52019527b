#include "model/client/consumer_coordinator.h"

#include "model/client/call_within.h"
#include "model/events.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace brokerlab::model {

namespace {

std::string names(const std::vector<TopicPartition>& partitions) {
  std::string text;
  for (const TopicPartition& partition : partitions) {
    text += (text.empty() ? "" : ", ") + partition.name();
  }
  return text.empty() ? "-" : text;
}

}  // namespace

ConsumerCoordinator::ConsumerCoordinator(sim::Process& process, const ConsumerSetup& setup,
                                         const Parts& parts, ClusterContext& context)
    : process_(process),
      world_(process.world()),
      setup_(setup),
      config_(setup.config),
      network_(parts.network),
      subscriptions_(parts.subscriptions),
      context_(context),
      finder_(process, setup, parts.network, parts.outages),
      membership_(process, setup, parts.network, finder_, *this) {
  for (const AssignmentStrategy strategy : config_.partition_assignment_strategy) {
    assignors_.push_back(make_assignor(strategy));
  }
  // The most advanced way that all of them know (RebalanceProtocol).
  cooperative_ = std::all_of(assignors_.begin(), assignors_.end(),
                             [](const auto& assignor) { return assignor->cooperative(); });
}

/// ConsumerCoordinator.poll, which does not wait for the join (ClassicKafkaConsumer.poll passes
/// waitForJoinGroup = false): a rebalance goes on while poll() returns at its timeout and comes
/// again.
sim::Task<bool> ConsumerCoordinator::poll(Time deadline) {
  membership_.note_poll();
  if (preparing_) last_words_ = subscriptions_.consumed();
  const bool found = co_await finder_.find(deadline);
  if (!found) co_return false;
  co_await membership_.complete_join();
  watch_topics();
  membership_.join_if_needed();
  membership_.note_poll();
  if (membership_.joining()) co_return false;
  if (config_.enable_auto_commit && world_.now() >= next_auto_commit_) {
    next_auto_commit_ = world_.now() + config_.auto_commit_interval;
    // Now: what this poll() hands out is not processed yet.
    process_.spawn(auto_commit(subscriptions_.consumed()));
  }
  if (subscriptions_.initializing().empty()) co_return true;
  // One request at a time, whose answer a later poll() may get (pendingCommittedOffsetRequest).
  if (!std::exchange(fetching_committed_, true)) process_.spawn(fetch_committed(deadline));
  while (fetching_committed_ && world_.now() < deadline) {
    co_await finder_.changed().wait(deadline);
  }
  co_return true;
}

// --- Assignments ---

GroupTopics ConsumerCoordinator::topics() const {
  GroupTopics topics;
  for (const std::string& topic : setup_.topics) {
    const int count = network_.view().partition_count(topic);
    if (count <= 0) continue;
    std::vector<Racks>& partitions = topics[topic];
    partitions.resize(static_cast<std::size_t>(count));
    if (config_.client_rack.empty()) continue;
    for (int i = 0; i < count; ++i) {
      partitions[static_cast<std::size_t>(i)] = network_.view().racks({topic, i});
    }
  }
  return topics;
}

Assignor& ConsumerCoordinator::assignor(const std::string& protocol) {
  const auto found = std::find_if(assignors_.begin(), assignors_.end(),
                                  [&](const auto& one) { return one->name() == protocol; });
  ENSURE(found != assignors_.end(), "the coordinator chose a protocol that was not offered");
  return **found;
}

/// The leader watches its topics: new ones, and new partitions, want to be assigned, and those that
/// are gone to be left (rejoinNeededOrPending).
void ConsumerCoordinator::watch_topics() {
  if (!membership_.leads() || topics_seen_ == network_.version()) return;
  topics_seen_ = network_.version();
  if (topics() != assigned_topics_) membership_.request_rejoin();
}

/// The first half of onJoinPrepare. What poll() hands out from here on, a cooperative member's, is
/// not processed yet: it is not for the commit.
void ConsumerCoordinator::begin_to_join() {
  last_words_.clear();
  const bool lost = membership_.generation() < 0 || membership_.member_id().empty();
  if (config_.enable_auto_commit && !lost) last_words_ = subscriptions_.consumed();
  if (!cooperative_ || lost) subscriptions_.stop_fetching();
}

void ConsumerCoordinator::tell(const sim::EventKind& kind,
                               const std::vector<TopicPartition>& partitions) {
  world_.trace().record(kind, {.machine = process_.machine().id()},
                        {{"group", setup_.group}, {"partitions", names(partitions)}});
}

/// Last words while the old generation still counts. What is retriable is tried again after a pause
/// that does not grow, even for a topic that is gone, until max.poll.interval.ms is over: then it
/// joins all the same.
sim::Task<> ConsumerCoordinator::commit_before_join() {
  const Time deadline = world_.now() + config_.max_poll_interval;
  while (!last_words_.empty() && membership_.generation() >= 0 && !membership_.closed()) {
    const bool found = co_await finder_.find(deadline);
    if (!found) co_return;
    const std::vector<OffsetCommitRequest::Partition> offsets = last_words_;
    const ErrorCode error = co_await commit_once(offsets, world_.now() + config_.request_timeout);
    if (error == ErrorCode::none || !is_retriable(error)) co_return;
    if (world_.now() >= deadline) co_return;
    co_await world_.sleep(std::min(config_.retry_backoff, deadline - world_.now()));
  }
}

sim::Task<> ConsumerCoordinator::prepare_join() {
  preparing_ = true;
  co_await commit_before_join();
  preparing_ = false;
  last_words_.clear();
  const bool lost = membership_.generation() < 0 || membership_.member_id().empty();
  if (cooperative_ && !lost) co_return;  // what moves is given up once it is known
  if (cooperative_ && !assignment_.empty()) tell(events::consumer_lost_partitions, assignment_);
  assignment_.clear();
  subscriptions_.assign({});
}

std::vector<GroupProtocol> ConsumerCoordinator::protocols() {
  Subscription subscription;
  subscription.topics = setup_.topics;
  std::sort(subscription.topics.begin(), subscription.topics.end());
  subscription.owned = assignment_;
  subscription.generation = membership_.generation();
  subscription.rack = config_.client_rack;
  std::vector<GroupProtocol> protocols;
  for (const auto& assignor : assignors_) {
    subscription.user_data = assignor->user_data();
    protocols.push_back({std::string(assignor->name()), subscription});
  }
  return protocols;
}

std::vector<SyncGroupRequest::Assignment> ConsumerCoordinator::assign(
    const JoinGroupResponse& group) {
  assigned_topics_ = topics();
  topics_seen_ = network_.version();
  if (group.skip_assignment) return {};  // what it assigned before it went away still holds
  const GroupAssignment shares = assignor(group.protocol).assign(assigned_topics_, group.members);
  std::vector<SyncGroupRequest::Assignment> assignments;
  for (const JoinGroupResponse::Member& member : group.members) {
    assignments.push_back({member.id, shares.at(member.id)});
  }
  return assignments;
}

sim::Task<> ConsumerCoordinator::joined(std::string protocol,
                                        std::vector<TopicPartition> assigned) {
  std::sort(assigned.begin(), assigned.end());
  std::vector<TopicPartition> revoked;
  std::set_difference(assignment_.begin(), assignment_.end(), assigned.begin(), assigned.end(),
                      std::back_inserter(revoked));
  if (!revoked.empty()) {
    // Only in the rebalance after this one others may have them.
    tell(events::consumer_revoked, revoked);
    if (setup_.commits_when_revoked) {
      std::vector<OffsetCommitRequest::Partition> offsets = subscriptions_.consumed();
      std::erase_if(offsets, [&](const auto& one) {
        return !std::binary_search(revoked.begin(), revoked.end(), one.partition);
      });
      co_await commit(std::move(offsets), world_.now() + config_.default_api_timeout);
    }
    membership_.request_rejoin();
  }
  assignor(protocol).on_assignment(assigned, generation());
  assignment_ = std::move(assigned);
  next_auto_commit_ = world_.now() + config_.auto_commit_interval;
  subscriptions_.assign(assignment_);
  world_.trace().record(events::consumer_joined, {.machine = process_.machine().id()},
                        {{"group", setup_.group},
                         {"generation", std::to_string(generation())},
                         {"partitions", names(assignment_)}});
  context_.observer.on_assigned(setup_.client_id, assignment_);
}

// --- Offsets ---

/// ConsumerCoordinator.OffsetFetchResponseHandler. One that is unstable, and all are asked for
/// again.
bool ConsumerCoordinator::all_stable(const OffsetFetchResponse& response) const {
  bool stable = true;
  for (const OffsetFetchResponse::Partition& one : response.partitions) {
    network_.errors().answered(ApiKey::offset_fetch, one.error, &one.partition);
    stable = stable && one.error == ErrorCode::none;
  }
  return stable;
}

/// ConsumerCoordinator.fetchCommittedOffsets. Every consumer wants stable offsets, whatever its
/// isolation.level.
sim::Task<> ConsumerCoordinator::fetch_committed(Time deadline) {
  const std::vector<TopicPartition> wanted = subscriptions_.initializing();
  const int generation = membership_.generation();
  // Another generation may own other partitions, from other offsets.
  const auto of_this_life = [&] { return membership_.is_current(generation); };
  for (int attempt = 0; world_.now() < deadline && of_this_life(); ++attempt) {
    const bool found = co_await finder_.find(deadline);
    if (!found) break;
    const CoordinatorFinder::NodePtr node = finder_.node();
    auto request = std::make_unique<OffsetFetchRequest>();
    request->group = setup_.group;
    request->partitions = wanted;
    request->require_stable = true;
    RequestPtr message = std::move(request);
    Result<std::unique_ptr<OffsetFetchResponse>, RpcFailure> result =
        co_await call_within<OffsetFetchResponse>(process_, node, std::move(message),
                                                  config_.request_timeout);
    network_.errors().outcome(ApiKey::offset_fetch, result);
    if (result && (*result)->error == ErrorCode::none) {
      if (!of_this_life()) break;
      if (all_stable(**result)) {
        for (const OffsetFetchResponse::Partition& one : (*result)->partitions) {
          context_.observer.on_commit_read(setup_.group, one.partition, one.offset);
          subscriptions_.set_committed(one.partition, one.offset, one.leader_epoch);
        }
        break;
      }
    } else if (result) {
      membership_.note_error((*result)->error);
    } else {
      finder_.note_unanswered(node, result.error());
    }
    const Duration pause = finder_.backoff().after(attempt);
    co_await world_.sleep(pause);
  }
  fetching_committed_ = false;
  finder_.changed().notify_all();
  network_.changed().notify_all();
}

/// ConsumerCoordinator.commitOffsetsSync.
sim::Task<ErrorCode> ConsumerCoordinator::commit(
    std::vector<OffsetCommitRequest::Partition> offsets, Time deadline) {
  if (offsets.empty()) co_return ErrorCode::none;
  for (int attempt = 0; world_.now() < deadline; ++attempt) {
    const bool found = co_await finder_.find(deadline);
    if (!found) break;
    const ErrorCode error = co_await commit_once(offsets, deadline);
    if (error == ErrorCode::none || !is_retriable(error)) co_return error;
    const Duration pause = finder_.backoff().after(attempt);
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
  const CoordinatorFinder::NodePtr node = finder_.node();
  if (!node) co_return ErrorCode::coordinator_not_available;
  if (!membership_.stable()) {
    const bool joining = membership_.rebalancing();
    const ErrorCode error =
        joining ? ErrorCode::rebalance_in_progress : ErrorCode::unknown_member_id;
    network_.errors().gave_up(ApiKey::offset_commit, error,
                              joining ? "RebalanceInProgressException" : "CommitFailedException");
    co_return error;
  }
  auto request = std::make_unique<OffsetCommitRequest>();
  request->group = setup_.group;
  request->member_id = membership_.member_id();
  request->instance = config_.group_instance_id;
  request->generation = membership_.generation();
  request->partitions = offsets;
  RequestPtr message = std::move(request);
  const int generation = membership_.generation();
  const Duration patience = std::min(config_.request_timeout, deadline - world_.now());
  Result<std::unique_ptr<OffsetCommitResponse>, RpcFailure> result =
      co_await call_within<OffsetCommitResponse>(process_, node, std::move(message), patience);
  if (!result) {
    network_.errors().unanswered(ApiKey::offset_commit, result.error());
    finder_.note_unanswered(node, result.error());
    co_return ErrorCode::network_exception;
  }
  ErrorCode error = ErrorCode::none;
  for (const OffsetCommitResponse::Partition& answer : (*result)->partitions) {
    if (answer.error == ErrorCode::none) continue;
    error = answer.error;
    break;
  }
  network_.errors().answered(ApiKey::offset_commit, error, nullptr, !is_retriable(error));
  const bool stale = generation != membership_.generation() && !membership_.stable();
  if (stale && (error == ErrorCode::unknown_member_id || error == ErrorCode::illegal_generation ||
                error == ErrorCode::fenced_instance_id)) {
    co_return ErrorCode::rebalance_in_progress;  // of a generation that is given up already
  }
  if (error == ErrorCode::fenced_instance_id)
    membership_.fail_application(ApiKey::offset_commit, error);
  membership_.note_error(error);
  if (error == ErrorCode::none) {
    finder_.note_served(*node);
    for (const OffsetCommitRequest::Partition& one : offsets) {
      context_.observer.on_committed(setup_.group, one.partition, one.offset);
    }
  }
  co_return error;
}

/// ConsumerCoordinator.commitOffsetsAsync: what is retriable is the application's to try again
/// (RetriableCommitFailedException), which it does with its next batch.
void ConsumerCoordinator::commit_async(std::vector<OffsetCommitRequest::Partition> offsets) {
  if (offsets.empty()) return;
  ++commits_in_flight_;
  process_.spawn(commit_in_background(std::move(offsets)));
}

sim::Task<> ConsumerCoordinator::commit_in_background(
    std::vector<OffsetCommitRequest::Partition> offsets) {
  const Time deadline = world_.now() + config_.request_timeout;
  const bool found = co_await finder_.find(deadline);
  if (found) (void)co_await commit_once(offsets, deadline);
  --commits_in_flight_;
  finder_.changed().notify_all();
}

sim::Task<> ConsumerCoordinator::await_commits(Time deadline) {
  while (commits_in_flight_ > 0 && world_.now() < deadline) {
    co_await finder_.changed().wait(deadline);
  }
}

Time ConsumerCoordinator::next_poll() const {
  const bool commits =
      config_.enable_auto_commit && membership_.stable() && next_auto_commit_ > world_.now();
  return commits ? next_auto_commit_ : never;
}

/// ConsumerCoordinator.autoCommitOffsetsAsync: one attempt; what is retriable is tried again after
/// retry.backoff.ms, at a poll.
sim::Task<> ConsumerCoordinator::auto_commit(std::vector<OffsetCommitRequest::Partition> offsets) {
  if (offsets.empty()) co_return;
  const ErrorCode error = co_await commit_once(offsets, world_.now() + config_.request_timeout);
  if (error != ErrorCode::none && is_retriable(error)) {
    next_auto_commit_ = world_.now() + config_.retry_backoff;
  }
}

}  // namespace brokerlab::model
