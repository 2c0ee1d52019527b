#include "model/group/group_coordinator.h"

#include "model/events.h"
#include "model/group/offset_records.h"
#include "model/java_hash.h"

#include <algorithm>
#include <map>
#include <string>

namespace brokerlab::model {

namespace {

using JoinAnswer = sim::OneShot<GroupState::JoinReply>;
using SyncAnswer = sim::OneShot<GroupState::SyncReply>;

/// What a member hears when the group's record could not be stored (GroupMetadataManager).
ErrorCode group_store_error(ErrorCode append) {
  switch (append) {
    case ErrorCode::none:
      return ErrorCode::none;
    case ErrorCode::unknown_topic_or_partition:
    case ErrorCode::not_enough_replicas:
    case ErrorCode::not_enough_replicas_after_append:
      return ErrorCode::coordinator_not_available;
    case ErrorCode::not_leader_or_follower:
    case ErrorCode::kafka_storage_error:
      return ErrorCode::not_coordinator;
    case ErrorCode::request_timed_out:
      return ErrorCode::rebalance_in_progress;
    default:
      return ErrorCode::unknown_server_error;
  }
}

/// The same for committed offsets.
ErrorCode offset_store_error(ErrorCode append) {
  if (append == ErrorCode::request_timed_out) return append;  // no mapping of its own
  return group_store_error(append);
}

}  // namespace

struct GroupCoordinator::Impl {
  Impl(sim::Process& owner, const BrokerConfig& settings, OffsetStore& offsets,
       ClusterContext& cluster)
      : process(owner),
        world(owner.world()),
        config(settings),
        store(offsets),
        context(cluster),
        random(world.stream(fmt::format("{}/groups/{}", owner.name(), owner.starts()))),
        deadline_moved(world) {
    process.spawn(watch_deadlines());
  }

  struct Group {
    GroupState state;
    int partition;
    std::map<TopicPartition, CommittedOffset> offsets;
    sim::EventId rebalance;  ///< The event that began the rebalance under way.
  };
  struct Ownership {
    LeaderEpoch epoch = log::no_epoch;
    bool loading = true;
  };

  int partition_for(std::string_view group) const {
    return java_positive(java_hash(group)) % config.offsets_topic_num_partitions;
  }
  ErrorCode status(const std::string& group) const {
    if (group.empty()) return ErrorCode::invalid_group_id;
    const auto owned = owned_partitions.find(partition_for(group));
    if (owned == owned_partitions.end()) return ErrorCode::not_coordinator;
    return owned->second.loading ? ErrorCode::coordinator_load_in_progress : ErrorCode::none;
  }
  Group* find(const std::string& id) {
    const auto found = groups.find(id);
    return found == groups.end() ? nullptr : &found->second;
  }
  Group& find_or_make(const std::string& id) {
    if (Group* group = find(id)) return *group;
    return groups.emplace(id, Group{GroupState(id, rules()), partition_for(id), {}, {}})
        .first->second;
  }
  GroupState::Rules rules() const {
    return {.initial_rebalance_delay = config.group_initial_rebalance_delay};
  }

  sim::Task<std::unique_ptr<JoinGroupResponse>> join(const JoinGroupRequest& request);
  sim::Task<std::unique_ptr<SyncGroupResponse>> sync(const SyncGroupRequest& request);
  sim::Task<std::unique_ptr<OffsetCommitResponse>> commit(const OffsetCommitRequest& request);
  ErrorCode check_commit(const OffsetCommitRequest& request);

  void deliver(Group& group);
  void note_change(Group& group, const GroupState::Change& change);
  sim::EventId why_silent(const GroupState::Change& change) const;
  sim::Task<> store_group(std::string id, int partition, GroupSnapshot snapshot);
  sim::Task<> watch_deadlines();
  sim::Task<> load(int partition, LeaderEpoch epoch);
  bool load_batches(int partition, log::ByteView bytes, Offset& next,
                    std::map<std::string, Group>& loaded, std::int64_t& records);
  void finish_load(int partition, std::map<std::string, Group> loaded);
  std::string fresh_member_id(const std::string& client_id);

  sim::Process& process;
  sim::World& world;
  const BrokerConfig config;
  OffsetStore& store;
  ClusterContext& context;
  RandomStream random;
  std::map<std::string, Group> groups;
  std::map<int, Ownership> owned_partitions;
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
  return impl_->partition_for(group);
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
  const LeaderEpoch epoch = owned_partitions[partition].epoch;
  const log::ByteVector key = group_metadata_key(id);
  const log::Timestamp now = context.stamp_millis(process.machine());
  const log::ByteVector value = group_metadata_value(snapshot, now);
  log::BatchBuilder builder;
  builder.append(now, key, value);
  const ErrorCode error = co_await store.append(partition, builder.build());
  const auto owned = owned_partitions.find(partition);
  Group* group = find(id);
  if (group == nullptr || owned == owned_partitions.end() || owned->second.epoch != epoch)
    co_return;
  group->state.stored(snapshot.generation, group_store_error(error), world.now());
  deliver(*group);
}

sim::Task<> GroupCoordinator::Impl::watch_deadlines() {
  while (true) {
    armed = never;
    for (const auto& [id, group] : groups) armed = std::min(armed, group.state.next_deadline());
    co_await deadline_moved.wait(armed);
    const Time now = world.now();
    for (auto& [id, group] : groups) {
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
  response->error = status(request.group);
  if (response->error == ErrorCode::none &&
      (request.session_timeout < config.group_min_session_timeout ||
       request.session_timeout > config.group_max_session_timeout)) {
    response->error = ErrorCode::invalid_session_timeout;
  }
  if (response->error == ErrorCode::none && !request.member_id.empty() &&
      find(request.group) == nullptr) {
    response->error = ErrorCode::unknown_member_id;
  }
  if (response->error != ErrorCode::none) co_return std::move(response);

  Group& group = find_or_make(request.group);
  GroupState::Join join;
  join.member_id = request.member_id;
  if (request.member_id.empty()) join.fresh_id = fresh_member_id(request.client_id);
  join.client_id = request.client_id;
  join.client_host = "/" + request.client_id;
  join.session_timeout = request.session_timeout;
  join.rebalance_timeout = request.rebalance_timeout;
  join.protocol = request.protocol;
  join.topics = request.topics;
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
  response->member_id = std::move(reply->member_id);
  response->members = std::move(reply->members);
  co_return std::move(response);
}

sim::Task<std::unique_ptr<SyncGroupResponse>> GroupCoordinator::Impl::sync(
    const SyncGroupRequest& request) {
  auto response = std::make_unique<SyncGroupResponse>();
  response->error = status(request.group);
  // The rebalance is forgotten; the member begins anew without looking for another coordinator.
  if (response->error == ErrorCode::coordinator_load_in_progress) {
    response->error = ErrorCode::rebalance_in_progress;
  }
  Group* group = find(request.group);
  if (response->error == ErrorCode::none && group == nullptr) {
    response->error = ErrorCode::unknown_member_id;
  }
  if (response->error != ErrorCode::none) co_return std::move(response);

  const GroupState::Ticket ticket = next_ticket++;
  const auto answer = std::make_shared<SyncAnswer>(world);
  waiting_syncs.emplace(ticket, answer);
  group->state.sync(ticket, request.member_id, request.generation, request.assignments,
                    world.now());
  deliver(*group);
  std::optional<GroupState::SyncReply> reply = co_await answer->wait();
  response->error = reply->error;
  response->partitions = std::move(reply->partitions);
  co_return std::move(response);
}

ErrorCode GroupCoordinator::Impl::check_commit(const OffsetCommitRequest& request) {
  const ErrorCode error = status(request.group);
  if (error != ErrorCode::none) return error;
  if (find(request.group) == nullptr && request.generation >= 0) {
    return ErrorCode::illegal_generation;
  }
  Group& group = find_or_make(request.group);
  const ErrorCode checked =
      group.state.check_commit(request.member_id, request.generation, world.now());
  deliver(group);
  return checked;
}

sim::Task<std::unique_ptr<OffsetCommitResponse>> GroupCoordinator::Impl::commit(
    const OffsetCommitRequest& request) {
  ErrorCode error = check_commit(request);
  if (error == ErrorCode::none && !request.partitions.empty()) {
    const int partition = partition_for(request.group);
    const LeaderEpoch epoch = owned_partitions[partition].epoch;
    const log::Timestamp now = context.stamp_millis(process.machine());
    log::BatchBuilder builder;
    for (const OffsetCommitRequest::Partition& one : request.partitions) {
      const log::ByteVector key = offset_commit_key(request.group, one.partition);
      const log::ByteVector value =
          offset_commit_value({one.offset, one.leader_epoch, std::string(), now});
      builder.append(now, key, value);
    }
    const ErrorCode appended = co_await store.append(partition, builder.build());
    error = offset_store_error(appended);
    const auto owned = owned_partitions.find(partition);
    Group* group = find(request.group);
    if (error == ErrorCode::none && group != nullptr && owned != owned_partitions.end() &&
        owned->second.epoch == epoch) {
      for (const OffsetCommitRequest::Partition& one : request.partitions) {
        group->offsets[one.partition] = {one.offset, one.leader_epoch, std::string(), now};
      }
    }
  }
  auto response = std::make_unique<OffsetCommitResponse>();
  for (const OffsetCommitRequest::Partition& one : request.partitions) {
    response->partitions.push_back({one.partition, error});
  }
  co_return std::move(response);
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
  response->error = impl_->status(request.group);
  if (response->error == ErrorCode::coordinator_load_in_progress) {
    response->error = ErrorCode::none;  // a member found before its group is read is kept calm
    return response;
  }
  if (response->error != ErrorCode::none) return response;
  Impl::Group* group = impl_->find(request.group);
  if (group == nullptr) {
    response->error = ErrorCode::unknown_member_id;
    return response;
  }
  response->error =
      group->state.heartbeat(request.member_id, request.generation, impl_->world.now());
  impl_->deliver(*group);
  return response;
}

std::unique_ptr<LeaveGroupResponse> GroupCoordinator::handle(const LeaveGroupRequest& request) {
  auto response = std::make_unique<LeaveGroupResponse>();
  response->error = impl_->status(request.group);
  if (response->error != ErrorCode::none) return response;
  Impl::Group* group = impl_->find(request.group);
  if (group == nullptr) {
    response->error = ErrorCode::unknown_member_id;
    return response;
  }
  response->error = group->state.leave(request.member_id, impl_->world.now());
  impl_->deliver(*group);
  return response;
}

std::unique_ptr<OffsetFetchResponse> GroupCoordinator::handle(const OffsetFetchRequest& request) {
  auto response = std::make_unique<OffsetFetchResponse>();
  response->error = impl_->status(request.group);
  if (response->error != ErrorCode::none) return response;
  const Impl::Group* group = impl_->find(request.group);
  for (const TopicPartition& partition : request.partitions) {
    OffsetFetchResponse::Partition answer{.partition = partition};
    if (group != nullptr) {
      const auto found = group->offsets.find(partition);
      if (found != group->offsets.end()) {
        answer.offset = found->second.offset;
        answer.leader_epoch = found->second.leader_epoch;
      }
    }
    response->partitions.push_back(std::move(answer));
  }
  return response;
}

// --- Moving ---

void GroupCoordinator::on_elected(int partition, LeaderEpoch epoch) {
  const auto [owned, is_new] = impl_->owned_partitions.try_emplace(partition);
  owned->second.epoch = epoch;
  if (!is_new) return;
  impl_->process.spawn(impl_->load(partition, epoch));
}

void GroupCoordinator::on_resigned(int partition) {
  if (impl_->owned_partitions.erase(partition) == 0) return;
  for (auto group = impl_->groups.begin(); group != impl_->groups.end();) {
    if (group->second.partition != partition) {
      ++group;
      continue;
    }
    group->second.state.unload();
    impl_->deliver(group->second);
    group = impl_->groups.erase(group);
  }
}

sim::Task<> GroupCoordinator::Impl::load(int partition, LeaderEpoch epoch) {
  std::map<std::string, Group> loaded;
  Offset next = 0;
  while (next < store.log_end_offset(partition)) {
    const Result<log::ByteSlice, ErrorCode> read = store.read(partition, next);
    if (!read || read->empty()) break;
    const Offset before = next;
    std::int64_t records = 0;
    const bool good = load_batches(partition, *read, next, loaded, records);
    const Bytes size(static_cast<std::int64_t>(read->size()));
    sim::Cpu& cpu = process.machine().cpu();
    const Duration demand = cpu.demand(1, records, size);
    co_await cpu.run(demand);
    const auto owned = owned_partitions.find(partition);
    if (owned == owned_partitions.end() || owned->second.epoch != epoch) co_return;
    if (!good || next == before) break;
  }
  finish_load(partition, std::move(loaded));
}

bool GroupCoordinator::Impl::load_batches(int partition, log::ByteView bytes, Offset& next,
                                          std::map<std::string, Group>& loaded,
                                          std::int64_t& records) {
  const auto group_of = [&](const std::string& id) -> Group& {
    const auto found = loaded.find(id);
    if (found != loaded.end()) return found->second;
    return loaded.emplace(id, Group{GroupState(id, rules()), partition, {}, {}}).first->second;
  };
  const auto apply = [&](const log::RecordView& record) {
    ++records;
    const std::optional<CoordinatorRecord> decoded = decode_coordinator_record(record);
    if (!decoded || record.offset < next) return true;
    if (const auto* commit = std::get_if<OffsetCommitRecord>(&*decoded)) {
      if (commit->offset) {
        group_of(commit->group).offsets[commit->partition] = *commit->offset;
      } else {
        group_of(commit->group).offsets.erase(commit->partition);
      }
    } else if (const auto* metadata = std::get_if<GroupMetadataRecord>(&*decoded)) {
      Group& group = group_of(metadata->group);
      group.state = metadata->snapshot
                        ? GroupState(metadata->group, rules(), *metadata->snapshot, world.now())
                        : GroupState(metadata->group, rules());
    }
    return true;
  };
  log::ByteVector scratch;
  for (const log::BatchView& batch : log::Batches(bytes)) {
    if (!log::for_each_record(batch, scratch, apply).ok()) return false;
    next = std::max(next, batch.next_offset());
  }
  return true;
}

void GroupCoordinator::Impl::finish_load(int partition, std::map<std::string, Group> loaded) {
  int count = 0;
  for (auto& [id, group] : loaded) {
    // Sessions begin when the loading is done, not when a record was read.
    if (group.state.generation() > 0) {
      group.state = GroupState(id, rules(), group.state.snapshot(), world.now());
    }
    ++count;
    Group& kept = groups.insert_or_assign(id, std::move(group)).first->second;
    context.observer.on_group_state(id, to_text(kept.state.phase()), kept.state.generation(),
                                    kept.state.member_ids());
    deliver(kept);
  }
  owned_partitions[partition].loading = false;
  // Fifty partitions change hands at once; only those that bring groups are worth a sentence.
  if (count == 0) return;
  world.trace().record(events::coordinator_loaded,
                       {.machine = process.machine().id(),
                        .partition = context.partitions.id_of({offsets_topic, partition})},
                       {{"groups", std::to_string(count)}});
}

}  // namespace brokerlab::model
