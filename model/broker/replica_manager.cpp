#include "model/broker/replica_manager.h"

#include "model/events.h"
#include "model/explain.h"

#include <algorithm>

namespace brokerlab::model {

ReplicaWatch& ReplicaWatch::nobody() {
  struct Nobody final : ReplicaWatch {
    void on_replica_changed(BrokerId, sim::PartitionId) override {}
    void on_broker_changed(BrokerId) override {}
    void on_follower_fetch(BrokerId, BrokerId, sim::PartitionId) override {}
  };
  static Nobody nobody;
  return nobody;
}

ReplicaManager::ReplicaManager(Owner owner)
    : process_(owner.process),
      cluster_(owner.cluster),
      id_(owner.id),
      config_(owner.config),
      storage_(owner.storage),
      metadata_(owner.metadata),
      isr_changes_(owner.isr_changes),
      watch_(owner.watch),
      purgatory_(owner.process.world()),
      fetchers_(owner.process, owner.cluster, owner.id, owner.config, *this) {
  isr_changes_.on_refused(
      [this](const IsrChange& change, ErrorCode error) { tell_refused(change, error); });
  storage_.start([this](int dir, sim::DiskError error) { log_dir_failed(dir, error); });
}

ReplicaManager::~ReplicaManager() { storage_.stop(); }

Partition* ReplicaManager::find(const TopicPartition& partition) {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? nullptr : found->second.get();
}

sim::EventId ReplicaManager::transition(const TopicPartition& partition) const {
  const auto found = transitions_.find(partition);
  return found == transitions_.end() ? sim::EventId() : found->second;
}

int ReplicaManager::under_replicated() const {
  return static_cast<int>(std::count_if(partitions_.begin(), partitions_.end(), [](const auto& p) {
    return p.second->under_replicated();
  }));
}

int ReplicaManager::leader_count() const {
  return static_cast<int>(std::count_if(partitions_.begin(), partitions_.end(),
                                        [](const auto& p) { return p.second->is_leader(); }));
}

// --- Leadership ---

sim::Task<> ReplicaManager::leader_and_isr(CallPtr call) {
  const auto& request = call->as<LeaderAndIsrRequest>();
  auto response = std::make_unique<LeaderAndIsrResponse>();
  std::map<BrokerId, Address> leaders;
  for (const BrokerEndpoint& leader : request.live_leaders) leaders[leader.id] = leader.address;

  struct Wanted {
    const LeaderAndIsrRequest::Partition* state;
    std::size_t answer;  ///< Its place in the response.
  };
  std::vector<Wanted> to_lead;
  std::vector<Wanted> to_follow;
  for (const LeaderAndIsrRequest::Partition& state : request.partitions) {
    if (offline_.contains(state.partition)) {
      response->partitions.push_back({state.partition, ErrorCode::kafka_storage_error});
      continue;
    }
    Partition* partition = find(state.partition);
    if (partition == nullptr) {
      const auto known = topic_configs_.find(state.partition.topic);
      if (known == topic_configs_.end()) {
        TopicOverrides overrides = co_await read_config_(state.partition.topic);
        topic_configs_[state.partition.topic] = overrides;
      }
      // Another request may have made it while the configuration was read.
      partition = find(state.partition);
      if (partition == nullptr) {
        auto opened =
            open_partition(state.partition, topic_configs_[state.partition.topic], state.is_new);
        if (!opened) {
          response->partitions.push_back({state.partition, opened.error()});
          continue;
        }
        partition = *opened;
      }
    }
    if (state.state.leader_epoch < partition->leader_epoch()) {
      response->partitions.push_back({state.partition, ErrorCode::stale_controller_epoch});
      continue;
    }
    (state.state.leader == id_ ? to_lead : to_follow)
        .push_back({&state, response->partitions.size()});
    response->partitions.push_back({state.partition, ErrorCode::none});
  }
  sim::Cpu& cpu = process_.machine().cpu();
  co_await cpu.run(cpu.demand(static_cast<int>(request.partitions.size()), 0, request.size()));

  // A directory may fail meanwhile, or as a leader writes down since when it leads.
  for (const auto& [state, answer] : to_lead) {
    const sim::World::KeepCause keep(world());
    Partition* partition = find(state->partition);
    fetchers_.unfollow(state->partition);
    response->partitions[answer].error =
        partition == nullptr ? ErrorCode::kafka_storage_error : become_leader(*partition, *state);
  }
  for (const auto& [state, answer] : to_follow) {
    const sim::World::KeepCause keep(world());
    Partition* partition = find(state->partition);
    if (partition == nullptr) response->partitions[answer].error = ErrorCode::kafka_storage_error;
    if (partition == nullptr || !become_follower(*partition, *state)) continue;
    fetchers_.unfollow(state->partition);
    const auto leader = leaders.find(state->state.leader);
    if (leader != leaders.end()) {
      fetchers_.follow(state->partition, {leader->first, leader->second});
    }
  }
  fetchers_.shut_down_idle();
  co_await storage_.settle();
  call->respond(std::move(response));
}

ErrorCode ReplicaManager::become_leader(Partition& partition,
                                        const LeaderAndIsrRequest::Partition& state) {
  const bool was_leader = partition.is_leader();
  const Partition::Transition transition = partition.make_leader(state, clock());
  if (transition.storage_failed) return ErrorCode::kafka_storage_error;
  if (!transition.accepted) return ErrorCode::none;
  if (transition.changed) {
    transitions_[partition.name()] = world().trace().record(
        events::replica_became_leader, {.machine = machine(), .partition = partition.id()},
        {{"offset", std::to_string(partition.log_end_offset())},
         {"epoch", std::to_string(partition.leader_epoch())}});
    cluster_.observer.on_became_leader(id_, partition.name(), partition.leader_epoch());
  }
  watch_.on_replica_changed(id_, partition.id());
  wake(partition);
  if (partition.name().topic == offsets_topic && !was_leader && on_leadership_) {
    on_leadership_(partition.name().partition, true, partition.leader_epoch());
  }
  return ErrorCode::none;
}

bool ReplicaManager::become_follower(Partition& partition,
                                     const LeaderAndIsrRequest::Partition& state) {
  const bool was_leader = partition.is_leader();
  const Partition::Transition transition = partition.make_follower(state);
  if (!transition.accepted) return false;
  if (transition.changed) {
    transitions_[partition.name()] = world().trace().record(
        events::replica_became_follower, {.machine = machine(), .partition = partition.id()},
        {{"leader", cluster_.broker_name(partition.leader())},
         {"epoch", std::to_string(partition.leader_epoch())}});
  }
  watch_.on_replica_changed(id_, partition.id());
  if (was_leader) {
    purgatory_.check(partition.name());  // who waited here must look for the new leader
    if (partition.name().topic == offsets_topic && on_leadership_) {
      on_leadership_(partition.name().partition, false, partition.leader_epoch());
    }
  }
  return transition.changed;
}

void ReplicaManager::stop_replicas(const StopReplicaRequest& request) {
  for (const StopReplicaRequest::Partition& stopped : request.partitions) {
    fetchers_.unfollow(stopped.partition);
  }
  fetchers_.shut_down_idle();
}

// --- The ISR ---

void ReplicaManager::wake(Partition& partition) {
  // Told each time, so that one that falls is seen, too.
  if (partition.is_leader()) {
    cluster_.observer.on_high_watermark(id_, partition.name(), partition.high_watermark());
  }
  tell_resumed(partition);
  purgatory_.check(partition.name());
}

/// Once for as long as it lasts, and not again soon: a slow follower stalls many times.
void ReplicaManager::tell_stalled(const TopicPartition& name, Offset required, Time since) {
  constexpr Duration apart = 10s;
  const Partition* partition = find(name);
  if (partition == nullptr || !partition->is_leader()) return;
  const Time now = world().now();
  Stall& stall = stalls_[name];
  const bool is_new_epoch = stall.epoch != partition->leader_epoch();
  if (!is_new_epoch && (stall.event.valid() || now - stall.told < apart)) return;
  std::string behind;
  sim::EventId trouble;
  for (const Partition::Awaited& awaited : partition->awaited(clock())) {
    if (partition->followers().at(awaited.follower).log_end_offset >= required) continue;
    behind += (behind.empty() ? "" : ", ") + cluster_.broker_name(awaited.follower);
    const auto machine_there = cluster_.broker_machines.find(awaited.follower);
    if (trouble.valid() || machine_there == cluster_.broker_machines.end()) continue;
    trouble = process_.network().trouble(machine(), machine_there->second, since);
  }
  if (behind.empty()) return;
  const sim::World::KeepCause keep(world());
  stall = {{}, now, required, partition->isr(), partition->leader_epoch(), behind};
  stall.event =
      world().trace().record(events::replication_stalled,
                             {.machine = machine(), .partition = partition->id(), .cause = trouble},
                             {{"offset", std::to_string(required - 1)},
                              {"followers", stall.followers},
                              {"isr", cluster_.broker_names(stall.isr)},
                              {"limit", brokerlab::to_text(config_.replica_lag_time_max),
                               to_korean_text(config_.replica_lag_time_max)}});
}

/// Another ISR, or another epoch, is told by its own event.
void ReplicaManager::tell_resumed(const Partition& partition) {
  if (stalls_.empty() || !partition.is_leader()) return;
  const auto found = stalls_.find(partition.name());
  if (found == stalls_.end() || !found->second.event.valid()) return;
  Stall& stall = found->second;
  const bool same = stall.isr == partition.isr() && stall.epoch == partition.leader_epoch();
  if (same && partition.high_watermark() < stall.required) return;
  const sim::EventId stalled = std::exchange(stall.event, {});
  if (!same) return;
  const sim::World::KeepCause keep(world());
  world().trace().record(events::replication_resumed,
                         {.machine = machine(), .partition = partition.id(), .cause = stalled},
                         {{"followers", stall.followers}});
}

void ReplicaManager::submit(const std::optional<IsrChange>& change) {
  if (!change) return;
  const bool submitted = isr_changes_.submit(
      *change, [this, change = *change](const AlterPartitionResponse::Partition& answer) {
        Partition* partition = find(change.partition);
        if (partition == nullptr) return;
        if (answer.error != ErrorCode::none) tell_refused(change, answer.error);
        const Partition::IsrOutcome outcome = partition->finish_isr_change(change, answer, clock());
        watch_.on_replica_changed(id_, partition->id());
        wake(*partition);
        submit(outcome.retry);
      });
  Partition* partition = find(change->partition);
  if (partition == nullptr) return;
  if (!submitted) partition->drop_isr_change(*change);
  watch_.on_replica_changed(id_, partition->id());
}

sim::Task<> ReplicaManager::watch_isr() {
  while (true) {
    co_await world().sleep(config_.replica_lag_time_max / 2);
    for (auto& [name, partition] : partitions_) {
      const std::optional<IsrChange> change = partition->maybe_shrink_isr(clock());
      if (!change) continue;
      const sim::World::KeepCause keep(world());
      world().set_cause(why_lagging(*change));
      submit(change);
    }
  }
}

/// Who asks for a larger ISR is the follower's fetch; behind it stands what let it fetch again.
sim::EventId ReplicaManager::why_grown(const Partition& partition) const {
  return why_again_with(process_.world().trace(), partition.id(), process_.world().cause());
}

/// Why a follower that is to leave the ISR has not caught up: nobody tells, so the network is
/// asked.
sim::EventId ReplicaManager::why_lagging(const IsrChange& change) const {
  const Time since = process_.world().now() - config_.replica_lag_time_max * 3 / 2;
  for (const BrokerId member : change.from) {
    if (std::find(change.to.begin(), change.to.end(), member) != change.to.end()) continue;
    const auto machine = cluster_.broker_machines.find(member);
    if (machine == cluster_.broker_machines.end()) continue;
    const sim::EventId trouble =
        process_.network().trouble(process_.machine().id(), machine->second, since);
    if (trouble.valid()) return trouble;
  }
  return {};
}

void ReplicaManager::tell_fetch_failed(const TopicPartition& name, ErrorCode error) {
  const Partition* partition = find(name);
  if (partition == nullptr || partition->role() != Partition::Role::follower) return;
  const sim::World::KeepCause keep(world());
  world().trace().record(events::replica_fetch_failed,
                         {.machine = machine(), .partition = partition->id()},
                         {{"leader", cluster_.broker_name(partition->leader())},
                          {"error", std::string(to_text(error))}});
}

void ReplicaManager::tell_refused(const IsrChange& change, ErrorCode error) {
  const sim::World::KeepCause keep(world());
  world().trace().record(
      events::isr_change_refused,
      {.machine = machine(), .partition = cluster_.partitions.id_of(change.partition)},
      {{"from", cluster_.broker_names(change.from)},
       {"to", cluster_.broker_names(change.to)},
       {"error", std::string(to_text(error))}});
}

// --- Following ---

sim::Task<bool> ReplicaManager::follow(const FetchResponse::Partition& data) {
  Partition& partition = *find(data.partition);
  const Offset end_before = partition.log_end_offset();
  if (data.diverging_epoch) {
    const Offset point = partition.truncation_point(*data.diverging_epoch);
    (void)partition.truncate_to(point);  // What the disk does is seen in settle(), as below.
    report_truncation(partition, end_before);
  } else {
    const auto appended = partition.append_as_follower(data, wall_millis());
    if (!appended) {
      using Kind = log::LogError::Kind;
      const Kind kind = appended.error().kind;
      co_await storage_.settle();
      if (offline_.contains(data.partition)) co_return false;
      if (kind == Kind::corrupt && damage_told_.insert({data.partition, end_before}).second) {
        const sim::World::KeepCause keep(world());
        world().trace().record(events::damage_met,
                               {.machine = machine(), .partition = partition.id()},
                               {{"from", cluster_.broker_name(partition.leader())}});
      }
      ENSURE(kind == Kind::corrupt || kind == Kind::invalid,
             "a follower could not append to {}: {}", data.partition.name(),
             appended.error().message);
      co_return false;
    }
    if (appended->rolled) process_.spawn(flush_behind(data.partition, appended->first_offset));
    counters_.replication_bytes_in += static_cast<std::int64_t>(data.records.size());
    if (partition.log_end_offset() != end_before) {
      cluster_.observer.on_log_end(id_, partition.name(), partition.log_end_offset());
    }
    cluster_.observer.on_high_watermark(id_, partition.name(), partition.high_watermark());
  }
  co_await storage_.settle();
  co_return true;
}

/// What lies before a new segment is synced in the background (UnifiedLog.roll).
sim::Task<> ReplicaManager::flush_behind(TopicPartition name, Offset base) {
  Partition* partition = find(name);
  if (partition == nullptr) co_return;
  (void)partition->log().flush_to(std::min(base, partition->log_end_offset()));
  co_await storage_.settle();
}

void ReplicaManager::report_truncation(Partition& partition, Offset end_before) {
  const Offset end = partition.log_end_offset();
  if (end >= end_before) return;
  world().trace().record(events::replica_truncated,
                         {.machine = machine(), .partition = partition.id()},
                         {{"offset", std::to_string(end)},
                          {"end", std::to_string(end_before)},
                          {"count", std::to_string(end_before - end)}});
  cluster_.observer.on_truncated(id_, partition.name(), end, end_before);
}

void ReplicaManager::follow_out_of_range(const TopicPartition& name, Offset leader_start,
                                         Offset leader_end) {
  Partition* partition = find(name);
  if (partition == nullptr || partition->role() != Partition::Role::follower) return;
  const Offset end_before = partition->log_end_offset();
  if (leader_end < end_before) {
    (void)partition->truncate_to(leader_end);
    report_truncation(*partition, end_before);
  } else if (end_before < leader_start) {
    (void)partition->truncate_fully_and_start_at(leader_start);
  }
}

// --- The group coordinator's partitions ---

Result<log::ByteSlice, ErrorCode> ReplicaManager::read(int number, Offset from) {
  Partition* partition = find({offsets_topic, number});
  if (partition == nullptr || !partition->is_leader()) {
    return fail(ErrorCode::not_leader_or_follower);
  }
  if (from >= partition->log_end_offset()) return log::ByteSlice();
  const Offset start = std::max(from, partition->log().log_start_offset());
  auto data = partition->log().read(start, (5_MiB).count(), partition->log_end_offset(), true);
  if (!data) return fail(ErrorCode::kafka_storage_error);
  return data->bytes;
}

Offset ReplicaManager::log_end_offset(int number) {
  Partition* partition = find({offsets_topic, number});
  if (partition == nullptr || !partition->is_leader()) return log::no_offset;
  return partition->log_end_offset();
}

}  // namespace brokerlab::model
