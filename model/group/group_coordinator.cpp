#include "model/group/group_coordinator.h"

#include "model/events.h"
#include "model/group/group_metadata_manager.h"

#include <algorithm>
#include <map>
#include <string>

namespace brokerlab::model {

namespace {

using JoinAnswer = sim::OneShot<GroupState::JoinReply>;
using SyncAnswer = sim::OneShot<GroupState::SyncReply>;

}  // namespace

struct GroupCoordinator::Impl {
  Impl(sim::Process& owner, const BrokerConfig& settings, OffsetStore& offsets,
       ClusterContext& cluster)
      : process(owner),
        world(owner.world()),
        config(settings),
        context(cluster),
        manager(owner, config, offsets, cluster),
        random(world.stream(fmt::format("{}/groups/{}", owner.name(), owner.starts()))),
        deadline_moved(world) {
    manager.on_loaded = [this](Group& group) {
      GroupState& state = group.state;
      state.loaded(world.now());
      std::map<TopicPartition, Offset> commits;
      for (const auto& [name, committed] : group.offsets) commits[name] = committed.offset;
      context.observer.on_commits_loaded(process.machine().id(), {offsets_topic, group.partition},
                                         state.id(), commits);
      context.observer.on_group_state(state.id(), to_text(state.phase()), state.generation(),
                                      state.member_ids());
      deliver(group);
    };
    manager.on_unloaded = [this](Group& group) { deliver(group); };
    process.spawn(watch_deadlines());
    manager.start();
  }

  using Group = GroupMetadata;

  sim::Task<std::unique_ptr<JoinGroupResponse>> join(const JoinGroupRequest& request);
  sim::Task<std::unique_ptr<SyncGroupResponse>> sync(const SyncGroupRequest& request);
  sim::Task<std::unique_ptr<OffsetCommitResponse>> commit(const OffsetCommitRequest& request);
  ErrorCode check_commit(const OffsetCommitRequest& request);
  sim::Task<std::unique_ptr<TxnOffsetCommitResponse>> commit(const TxnOffsetCommitRequest& request);
  ErrorCode check_commit(const TxnOffsetCommitRequest& request);

  void deliver(Group& group);
  void note_change(Group& group, const GroupState::Change& change);
  sim::EventId why_silent(const GroupState::Change& change) const;
  sim::Task<> store_group(std::string id, int partition, GroupSnapshot snapshot);
  sim::Task<> store_replacement(std::string id, int partition, GroupState::Replacement replacement);
  sim::Task<> watch_deadlines();
  std::string fresh_member_id(const std::string& client_id);

  sim::Process& process;
  sim::World& world;
  const BrokerConfig config;
  ClusterContext& context;
  GroupMetadataManager manager;
  RandomStream random;
  GroupState::Ticket next_ticket = 1;
  std::map<GroupState::Ticket, std::shared_ptr<JoinAnswer>> waiting_joins;
  std::map<GroupState::Ticket, std::shared_ptr<SyncAnswer>> waiting_syncs;
  sim::Signal deadline_moved;
  Time armed = never;  ///< What the watcher waits for.
};

GroupCoordinator::GroupCoordinator(sim::Process& process, const BrokerConfig& config,
                                   OffsetStore& store, ClusterContext& context)
    : impl_(std::make_unique<Impl>(process, config, store, context)) {}
GroupCoordinator::~GroupCoordinator() = default;

int GroupCoordinator::partition_for(std::string_view group) const {
  return impl_->manager.partition_for(group);
}

ErrorCode GroupCoordinator::status(const std::string& group) const {
  return impl_->manager.status(group);
}

std::string GroupCoordinator::Impl::fresh_member_id(const std::string& client_id) {
  const std::uint64_t high = random.bits();
  const std::uint64_t low = random.bits();
  return fmt::format("{}-{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", client_id, high >> 32,
                     (high >> 16) & 0xffff, high & 0xfff, 0x8000 | (low >> 50),
                     low & 0xffffffffffff);
}

// --- What the state machine says, told to the world ---

void GroupCoordinator::Impl::deliver(Group& group) {
  GroupState::Outbox outbox = group.state.take_outbox();
  for (const GroupState::Change& change : outbox.changes) note_change(group, change);
  for (GroupSnapshot& snapshot : outbox.to_store) {
    process.spawn(store_group(group.state.id(), group.partition, std::move(snapshot)));
  }
  for (GroupState::Replacement& back : outbox.replacements) {
    process.spawn(store_replacement(group.state.id(), group.partition, std::move(back)));
  }
  for (auto& [ticket, reply] : outbox.joins) {
    if (const auto waiting = waiting_joins.extract(ticket)) waiting.mapped()->set(std::move(reply));
  }
  for (auto& [ticket, reply] : outbox.syncs) {
    if (const auto waiting = waiting_syncs.extract(ticket)) waiting.mapped()->set(std::move(reply));
  }
  if (group.state.next_deadline() < armed) deadline_moved.notify_all();
}

void GroupCoordinator::Impl::note_change(Group& group, const GroupState::Change& change) {
  // Given up with its partition: what becomes of the group is for its next coordinator to say.
  if (change.phase == GroupPhase::dead) return;
  group.state_time = context.wall_millis(process.machine());
  const GroupState& state = group.state;
  const std::vector<std::string> members = state.member_ids();
  sim::Trace::About here{.machine = process.machine().id()};
  if (change.phase == GroupPhase::preparing_rebalance) {
    std::vector<sim::Detail> details{{"group", state.id()}, sim::Detail::of("why", change.why)};
    if (!change.silent.empty()) {
      here.cause = why_silent(change);
      details = events::with_wait(std::move(details),
                                  {"session.timeout.ms", change.silence, change.silent});
    }
    group.rebalance = world.trace().record(events::group_rebalancing, here, std::move(details));
  } else if (change.phase == GroupPhase::stable) {
    std::vector<sim::Detail> details{{"group", state.id()},
                                     {"generation", std::to_string(change.generation)},
                                     {"members", std::to_string(members.size())}};
    if (change.generation == 1) {
      details = events::with_wait(std::move(details),
                                  {"group.initial.rebalance.delay.ms",
                                   config.group_initial_rebalance_delay, process.name()});
    } else {
      const Duration most = state.rebalance_timeout();
      details = events::with_waits(
          std::move(details),
          {fmt::format("its members to join again, max.poll.interval.ms = {} at most",
                       brokerlab::to_text(most)),
           fmt::format("멤버가 모두 다시 들어오기(최대 max.poll.interval.ms = {})",
                       to_korean_text(most))});
    }
    if (group.rebalance.valid()) here.cause = group.rebalance;
    world.trace().record(events::group_stable, here, std::move(details));
  }
  context.observer.on_group_state(state.id(), to_text(change.phase), change.generation, members);
}

/// Silence has no messenger: what keeps the member from its heartbeats?
sim::EventId GroupCoordinator::Impl::why_silent(const GroupState::Change& change) const {
  const sim::MachineId member = world.trace().find_machine(change.silent);
  if (!member.valid()) return {};
  return process.network().trouble(process.machine().id(), member, world.now() - change.silence);
}

sim::Task<> GroupCoordinator::Impl::store_group(std::string id, int partition,
                                                GroupSnapshot snapshot) {
  const int generation = snapshot.generation;
  const std::optional<ErrorCode> error =
      co_await manager.store_group(id, partition, std::move(snapshot));
  if (!error) co_return;
  Group& group = *manager.find(id);
  group.state.stored(generation, *error, world.now());
  deliver(group);
}

sim::Task<> GroupCoordinator::Impl::store_replacement(std::string id, int partition,
                                                      GroupState::Replacement replacement) {
  const std::optional<ErrorCode> error =
      co_await manager.store_group(id, partition, replacement.group);
  if (!error) co_return;
  Group& group = *manager.find(id);
  if (*error == ErrorCode::none) {
    world.trace().record(
        events::static_member_back, {.machine = process.machine().id()},
        {{"group", id}, {"client", replacement.client_id}, {"instance", replacement.instance}});
  }
  group.state.replaced(replacement, *error, world.now());
  const GroupState& state = group.state;
  context.observer.on_group_state(id, to_text(state.phase()), state.generation(),
                                  state.member_ids());
  deliver(group);
}

sim::Task<> GroupCoordinator::Impl::watch_deadlines() {
  while (true) {
    armed = never;
    for (const auto& [id, group] : manager.groups())
      armed = std::min(armed, group.state.next_deadline());
    co_await deadline_moved.wait(armed);
    const Time now = world.now();
    for (auto& [id, group] : manager.groups()) {
      if (group.state.next_deadline() > now) continue;
      // A join that was waited for continues the rebalance's story; a member that fell silent
      // begins a new one.
      const bool rebalancing = group.state.phase() == GroupPhase::preparing_rebalance;
      world.set_cause(rebalancing ? group.rebalance : sim::EventId());
      group.state.advance(now);
      deliver(group);
    }
  }
}

// --- Requests ---

sim::Task<std::unique_ptr<JoinGroupResponse>> GroupCoordinator::Impl::join(
    const JoinGroupRequest& request) {
  auto response = std::make_unique<JoinGroupResponse>();
  response->member_id = request.member_id;
  response->error = manager.status(request.group);
  if (response->error == ErrorCode::none &&
      (request.session_timeout < config.group_min_session_timeout ||
       request.session_timeout > config.group_max_session_timeout)) {
    response->error = ErrorCode::invalid_session_timeout;
  }
  if (response->error == ErrorCode::none && !request.member_id.empty() &&
      manager.find(request.group) == nullptr) {
    response->error = ErrorCode::unknown_member_id;
  }
  if (response->error != ErrorCode::none) co_return std::move(response);

  Group& group = manager.find_or_make(request.group);
  GroupState::Join join;
  join.member_id = request.member_id;
  if (request.member_id.empty()) {
    join.fresh_id = fresh_member_id(request.instance.value_or(request.client_id));
  }
  join.instance = request.instance;
  join.client_id = request.client_id;
  join.client_host = "/" + request.client_id;
  join.session_timeout = request.session_timeout;
  join.rebalance_timeout = request.rebalance_timeout;
  join.protocols = request.protocols;
  const GroupState::Ticket ticket = next_ticket++;
  const auto answer = std::make_shared<JoinAnswer>(world);
  waiting_joins.emplace(ticket, answer);
  group.state.join(ticket, join, world.now());
  deliver(group);
  std::optional<GroupState::JoinReply> reply = co_await answer->wait();
  response->error = reply->error;
  response->generation = reply->generation;
  response->protocol = std::move(reply->protocol);
  response->leader = std::move(reply->leader);
  response->skip_assignment = reply->skip_assignment;
  response->member_id = std::move(reply->member_id);
  response->members = std::move(reply->members);
  co_return std::move(response);
}

sim::Task<std::unique_ptr<SyncGroupResponse>> GroupCoordinator::Impl::sync(
    const SyncGroupRequest& request) {
  auto response = std::make_unique<SyncGroupResponse>();
  response->error = manager.status(request.group);
  // The rebalance is forgotten; the member begins anew without looking for another coordinator.
  if (response->error == ErrorCode::coordinator_load_in_progress) {
    response->error = ErrorCode::rebalance_in_progress;
  }
  Group* group = manager.find(request.group);
  if (response->error == ErrorCode::none && group == nullptr) {
    response->error = ErrorCode::unknown_member_id;
  }
  if (response->error != ErrorCode::none) co_return std::move(response);

  const GroupState::Ticket ticket = next_ticket++;
  const auto answer = std::make_shared<SyncAnswer>(world);
  waiting_syncs.emplace(ticket, answer);
  const GroupState::Sync sync{{request.member_id, request.generation, request.instance},
                              request.protocol,
                              request.assignments};
  group->state.sync(ticket, sync, world.now());
  deliver(*group);
  std::optional<GroupState::SyncReply> reply = co_await answer->wait();
  response->error = reply->error;
  response->protocol = std::move(reply->protocol);
  response->partitions = std::move(reply->partitions);
  co_return std::move(response);
}

ErrorCode GroupCoordinator::Impl::check_commit(const OffsetCommitRequest& request) {
  const ErrorCode error = manager.status(request.group);
  if (error != ErrorCode::none) return error;
  if (manager.find(request.group) == nullptr && request.generation >= 0) {
    return ErrorCode::illegal_generation;
  }
  Group& group = manager.find_or_make(request.group);
  const ErrorCode checked = group.state.check_commit(
      {request.member_id, request.generation, request.instance}, world.now());
  deliver(group);
  return checked;
}

sim::Task<std::unique_ptr<OffsetCommitResponse>> GroupCoordinator::Impl::commit(
    const OffsetCommitRequest& request) {
  ErrorCode error = check_commit(request);
  if (error == ErrorCode::none && !request.partitions.empty()) {
    error = co_await manager.store_offsets(request);
  }
  auto response = std::make_unique<OffsetCommitResponse>();
  for (const OffsetCommitRequest::Partition& one : request.partitions) {
    response->partitions.push_back({one.partition, error});
  }
  co_return std::move(response);
}

/// GroupCoordinator.doTxnCommitOffsets: who names no member is not asked for one.
ErrorCode GroupCoordinator::Impl::check_commit(const TxnOffsetCommitRequest& request) {
  const ErrorCode error = manager.status(request.group);
  if (error != ErrorCode::none) return error;
  Group& group = manager.find_or_make(request.group);
  if (request.generation < 0 && request.member_id.empty()) return ErrorCode::none;
  const ErrorCode checked =
      group.state.check_commit({request.member_id, request.generation, std::nullopt}, world.now());
  deliver(group);
  return checked;
}

sim::Task<std::unique_ptr<TxnOffsetCommitResponse>> GroupCoordinator::Impl::commit(
    const TxnOffsetCommitRequest& request) {
  ErrorCode error = check_commit(request);
  if (error == ErrorCode::none && !request.partitions.empty()) {
    error = co_await manager.store_transactional_offsets(request);
  }
  auto response = std::make_unique<TxnOffsetCommitResponse>();
  for (const OffsetCommitRequest::Partition& one : request.partitions) {
    response->partitions.push_back({one.partition, error});
  }
  co_return std::move(response);
}

sim::Task<std::unique_ptr<TxnOffsetCommitResponse>> GroupCoordinator::handle(
    const TxnOffsetCommitRequest& request) {
  return impl_->commit(request);
}

void GroupCoordinator::on_transaction_ended(int partition, std::int64_t producer, bool committed) {
  impl_->manager.end_transaction(partition, producer, committed);
}

sim::Task<std::unique_ptr<JoinGroupResponse>> GroupCoordinator::handle(
    const JoinGroupRequest& request) {
  return impl_->join(request);
}
sim::Task<std::unique_ptr<SyncGroupResponse>> GroupCoordinator::handle(
    const SyncGroupRequest& request) {
  return impl_->sync(request);
}
sim::Task<std::unique_ptr<OffsetCommitResponse>> GroupCoordinator::handle(
    const OffsetCommitRequest& request) {
  return impl_->commit(request);
}

std::unique_ptr<HeartbeatResponse> GroupCoordinator::handle(const HeartbeatRequest& request) {
  auto response = std::make_unique<HeartbeatResponse>();
  response->error = impl_->manager.status(request.group);
  if (response->error == ErrorCode::coordinator_load_in_progress) {
    response->error = ErrorCode::none;  // a member found before its group is read is kept calm
    return response;
  }
  if (response->error != ErrorCode::none) return response;
  Impl::Group* group = impl_->manager.find(request.group);
  if (group == nullptr) {
    response->error = ErrorCode::unknown_member_id;
    return response;
  }
  response->error = group->state.heartbeat(
      {request.member_id, request.generation, request.instance}, impl_->world.now());
  impl_->deliver(*group);
  return response;
}

std::unique_ptr<LeaveGroupResponse> GroupCoordinator::handle(const LeaveGroupRequest& request) {
  auto response = std::make_unique<LeaveGroupResponse>();
  response->error = impl_->manager.status(request.group);
  if (response->error != ErrorCode::none) return response;
  Impl::Group* group = impl_->manager.find(request.group);
  if (group == nullptr) {
    response->error = ErrorCode::unknown_member_id;
    return response;
  }
  response->error = group->state.leave(request.member_id, request.instance, impl_->world.now());
  impl_->deliver(*group);
  return response;
}

/// GroupMetadataManager.getOffsets.
std::unique_ptr<OffsetFetchResponse> GroupCoordinator::handle(const OffsetFetchRequest& request) {
  auto response = std::make_unique<OffsetFetchResponse>();
  response->error = impl_->manager.status(request.group);
  if (response->error != ErrorCode::none) return response;
  const Impl::Group* group = impl_->manager.find(request.group);
  for (const TopicPartition& partition : request.partitions) {
    OffsetFetchResponse::Partition answer{.partition = partition};
    if (request.require_stable && impl_->manager.is_unstable(request.group, partition)) {
      answer.error = ErrorCode::unstable_offset_commit;
    } else if (group != nullptr) {
      const auto found = group->offsets.find(partition);
      if (found != group->offsets.end()) {
        answer.offset = found->second.offset;
        answer.leader_epoch = found->second.leader_epoch;
      }
    }
    response->partitions.push_back(answer);
  }
  return response;
}

ErrorCode GroupCoordinator::delete_group(const std::string& group) {
  return impl_->manager.delete_group(group);
}
void GroupCoordinator::on_partitions_deleted(const std::vector<TopicPartition>& partitions) {
  impl_->manager.forget_partitions(partitions);
}

// --- Moving ---

void GroupCoordinator::on_elected(int partition, LeaderEpoch epoch) {
  impl_->manager.own(partition, epoch);
}
void GroupCoordinator::on_resigned(int partition) { impl_->manager.disown(partition); }

}  // namespace brokerlab::model
