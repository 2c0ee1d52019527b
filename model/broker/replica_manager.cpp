#include "model/broker/replica_manager.h"

#include "model/events.h"

#include <algorithm>

namespace brokerlab::model {

ReplicaManager::ReplicaManager(const ReplicaContext& context)
    : context_(context),
      replicas_(context_),
      logs_(context_, replicas_),
      deletion_(context_, replicas_),
      compaction_(context_, replicas_, logs_, deletion_),
      isr_changes_(context_, replicas_),
      produces_(context_, replicas_, logs_),
      quotas_(context_),
      fetches_(context_, replicas_, isr_changes_, quotas_.leader),
      fetchers_(context_.process, context_.cluster, context_.id, context_.config, *this,
                quotas_.follower) {
  context_.storage.start([this](int dir, sim::DiskError error) { log_dir_failed(dir, error); });
}

ReplicaManager::~ReplicaManager() { context_.storage.stop(); }

void ReplicaManager::start() {
  context_.process.spawn(isr_changes_.watch());
  logs_.start();
  context_.process.spawn(deletion_.run());
  compaction_.start();
}

sim::Task<> ReplicaManager::shutdown_cleanly() {
  fetchers_.stop();
  compaction_.stop();
  return logs_.close_cleanly();
}

ReplicaManager::Counts ReplicaManager::count() const {
  Counts counts;
  for (const auto& [name, partition] : partitions()) {
    ++counts.replicas;
    counts.led += partition->is_leader() ? 1 : 0;
    counts.under_replicated += partition->under_replicated() ? 1 : 0;
    counts.under_min_isr += partition->under_min_isr() ? 1 : 0;
    counts.at_min_isr += partition->at_min_isr() ? 1 : 0;
  }
  return counts;
}

// --- Settings ---

void ReplicaManager::use_topic_config(const std::string& topic, TopicOverrides overrides) {
  note_configs(logs_.use_topic_config(topic, std::move(overrides)));
}

void ReplicaManager::use_broker_config() {
  note_configs(logs_.use_broker_config());
  fetchers_.resize();
  compaction_.resize();
}

/// What they answer may be something else now.
void ReplicaManager::note_configs(const std::vector<Partition*>& changed) {
  for (Partition* partition : changed) {
    if (!partition->config().compacts()) compaction_.abort(partition->name());
    context_.watch.on_replica_changed(context_.id, partition->id());
    replicas_.wake(*partition);
  }
}

// --- Leadership ---

sim::Task<> ReplicaManager::leader_and_isr(CallPtr call) {
  const auto& request = call->as<LeaderAndIsrRequest>();
  auto response = std::make_unique<LeaderAndIsrResponse>();
  // One request at a time (ReplicaManager.replicaStateChangeLock); only who waits in between meets
  // another.
  const bool one_by_one = context_.process.machine().config().startup.leaders_one_by_one;
  if (one_by_one) co_await transitions_.acquire();

  struct Wanted {
    const LeaderAndIsrRequest::Partition* state;
    std::size_t answer;  ///< Its place in the response.
  };
  std::vector<Wanted> to_lead;
  std::vector<Wanted> to_follow;
  for (const LeaderAndIsrRequest::Partition& state : request.partitions) {
    const auto partition = co_await find_or_open(state.partition, state.is_new);
    if (!partition) {
      response->partitions.push_back({state.partition, partition.error()});
      continue;
    }
    // An equal epoch, too, changes nothing: what is newer than its leader knows, an ISR that it
    // asked for, it hears from who it asked (ReplicaManager.becomeLeaderOrFollower, under
    // ZooKeeper).
    if (state.state.leader_epoch <= (*partition)->leader_epoch()) {
      response->partitions.push_back({state.partition, ErrorCode::stale_controller_epoch});
      continue;
    }
    (state.state.leader == context_.id ? to_lead : to_follow)
        .push_back({&state, response->partitions.size()});
    response->partitions.push_back({state.partition, ErrorCode::none});
  }
  sim::Cpu& cpu = context_.process.machine().cpu();
  co_await cpu.run(cpu.demand(static_cast<int>(request.partitions.size()), 0, request.size()));

  // A directory may fail meanwhile, or as a leader writes down since when it leads.
  for (const auto& [state, answer] : to_lead) {
    const sim::World::KeepCause keep(world());
    Partition* partition = find(state->partition);
    fetchers_.unfollow(state->partition);
    if (one_by_one && partition != nullptr) {
      // LeaderEpochFileCache.assign has written and synced its file before the partition leads.
      const bool noted = partition->note_epoch_start(*state);
      co_await context_.storage.settle();
      partition = noted ? find(state->partition) : nullptr;
    }
    response->partitions[answer].error =
        partition == nullptr ? ErrorCode::kafka_storage_error : become_leader(*partition, *state);
  }
  for (const auto& [state, answer] : to_follow) {
    const sim::World::KeepCause keep(world());
    Partition* partition = find(state->partition);
    if (partition == nullptr) response->partitions[answer].error = ErrorCode::kafka_storage_error;
    // Without a leader that is known to be alive all goes on as it was (makeFollowers).
    const BrokerId leader = state->state.leader;
    const std::optional<Address> address = context_.metadata.address(leader);
    if (partition == nullptr || !address || !become_follower(*partition, *state)) continue;
    fetchers_.unfollow(state->partition);
    if (!shutting_down_) fetchers_.follow(state->partition, {leader, *address});
  }
  fetchers_.shut_down_idle();
  co_await context_.storage.settle();
  call->respond(std::move(response));
  if (one_by_one) transitions_.release();
}

sim::Task<Result<Partition*, ErrorCode>> ReplicaManager::find_or_open(const TopicPartition& name,
                                                                      bool is_new) {
  if (replicas_.is_offline(name)) co_return fail(ErrorCode::kafka_storage_error);
  if (Partition* partition = find(name)) co_return partition;
  co_await logs_.learn_config(name.topic);
  // Another request may have made it while the configuration was read.
  if (Partition* partition = find(name)) co_return partition;
  auto opened = logs_.open(name, is_new);
  if (!opened) co_return fail(opened.error());
  co_return &replicas_.add(std::move(*opened));
}

ErrorCode ReplicaManager::become_leader(Partition& partition,
                                        const LeaderAndIsrRequest::Partition& state) {
  const bool was_leader = partition.is_leader();
  const Partition::Transition transition = partition.make_leader(state, context_.clock());
  if (transition.storage_failed) return ErrorCode::kafka_storage_error;
  if (!transition.accepted) return ErrorCode::none;
  if (transition.changed) {
    const sim::EventId event = world().trace().record(
        events::replica_became_leader, {.machine = context_.machine(), .partition = partition.id()},
        {{"offset", std::to_string(partition.log_end_offset())},
         {"epoch", std::to_string(partition.leader_epoch())}});
    replicas_.note_transition(partition.name(), event);
    context_.cluster.observer.on_became_leader(context_.id, partition.name(),
                                               partition.leader_epoch());
  }
  context_.watch.on_replica_changed(context_.id, partition.id());
  replicas_.wake(partition);
  if (!was_leader) tell_leadership(partition.name(), true, partition.leader_epoch());
  return ErrorCode::none;
}

bool ReplicaManager::become_follower(Partition& partition,
                                     const LeaderAndIsrRequest::Partition& state) {
  const bool was_leader = partition.is_leader();
  const Partition::Transition transition = partition.make_follower(state);
  if (!transition.accepted) return false;
  if (transition.changed) {
    const sim::EventId event =
        world().trace().record(events::replica_became_follower,
                               {.machine = context_.machine(), .partition = partition.id()},
                               {{"leader", context_.cluster.broker_name(partition.leader())},
                                {"epoch", std::to_string(partition.leader_epoch())}});
    replicas_.note_transition(partition.name(), event);
  }
  if (transition.changed && truncates_to_high_watermark()) {
    // ReplicaManager.makeFollowers before KIP-101. What the disk does is seen in settle().
    const Offset end_before = partition.log_end_offset();
    (void)partition.truncate_to(partition.high_watermark());
    report_truncation(partition, end_before);
  }
  context_.watch.on_replica_changed(context_.id, partition.id());
  if (was_leader) {
    replicas_.purgatory().check(partition.name());  // who waited here must look for the new leader
    tell_leadership(partition.name(), false, partition.leader_epoch());
  }
  return transition.changed;
}

void ReplicaManager::tell_leadership(const TopicPartition& name, bool elected, LeaderEpoch epoch) {
  const bool coordinators = name.topic == offsets_topic || name.topic == transactions_topic;
  if (coordinators && on_leadership_) on_leadership_(name, elected, epoch);
}

/// Those that are not deleted stay, and what they know. What is not hosted may be a log of a former
/// life. Source: ReplicaManager.stopReplicas.
void ReplicaManager::stop_replicas(const StopReplicaRequest& request,
                                   StopReplicaResponse& response) {
  for (const StopReplicaRequest::Partition& stopped : request.partitions) {
    ErrorCode& error =
        response.partitions.emplace_back(StopReplicaResponse::Partition{stopped.partition}).error;
    const Partition* partition = find(stopped.partition);
    const bool in_any_epoch = stopped.leader_epoch == StopReplicaRequest::epoch_during_delete ||
                              stopped.leader_epoch == log::no_epoch;
    if (replicas_.is_offline(stopped.partition)) {
      error = ErrorCode::kafka_storage_error;
    } else if (partition != nullptr && !in_any_epoch &&
               stopped.leader_epoch < partition->leader_epoch()) {
      error = ErrorCode::fenced_leader_epoch;
    } else {
      fetchers_.unfollow(stopped.partition);
      if (stopped.delete_partition) delete_replica(stopped.partition);
      replicas_.purgatory().check(stopped.partition);
    }
  }
  fetchers_.shut_down_idle();
}

void ReplicaManager::delete_replica(const TopicPartition& name) {
  const Partition* partition = find(name);
  if (partition != nullptr) {
    const sim::World::KeepCause keep(world());
    world().trace().record(events::replica_deleted,
                           {.machine = context_.machine(), .partition = partition->id()});
    if (partition->is_leader()) tell_leadership(name, false, partition->leader_epoch());
    replicas_.remove(name);
  }
  logs_.remove(name);
}

// --- Log directories ---

/// With others left their partitions go on, and the controller hears that some have gone; without
/// the broker halts, and nobody starts it again. Source: KIP-112,
/// ReplicaManager.handleLogDirFailure, LogManager.handleLogDirFailure.
void ReplicaManager::log_dir_failed(int dir, sim::DiskError error) {
  logs_.tell_failed(dir, error);
  if (context_.storage.online() == 0) {
    context_.process.exit(
        {"all its log directories have failed", "로그 디렉터리가 모두 고장 났다"});
    return;
  }
  for (const TopicPartition& name : logs_.lose_dir(dir)) take_offline(name);
  fetchers_.shut_down_idle();
  if (on_dir_failure_) on_dir_failure_();
}

void ReplicaManager::take_offline(const TopicPartition& name) {
  const sim::World::KeepCause keep(world());
  fetchers_.unfollow(name);
  const Partition& partition = replicas_.take_offline(name);
  if (partition.is_leader()) tell_leadership(name, false, partition.leader_epoch());
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
    const Offset readable_before = partition.high_watermark();
    const auto appended = partition.append_as_follower(data, context_.wall_millis());
    if (!appended) {
      using Kind = log::LogError::Kind;
      const Kind kind = appended.error().kind;
      co_await context_.storage.settle();
      if (replicas_.is_offline(data.partition)) co_return false;
      if (kind == Kind::corrupt && damage_told_.insert({data.partition, end_before}).second) {
        const sim::World::KeepCause keep(world());
        world().trace().record(events::damage_met,
                               {.machine = context_.machine(), .partition = partition.id()},
                               {{"from", context_.cluster.broker_name(partition.leader())}});
      }
      ENSURE(kind == Kind::corrupt || kind == Kind::invalid,
             "a follower could not append to {}: {}", data.partition.name(),
             appended.error().message);
      co_return false;
    }
    if (appended->rolled) logs_.flush_behind(data.partition, appended->first_offset);
    replicas_.counters().replication_bytes_in += data.records.size();
    Observer& observer = context_.cluster.observer;
    if (partition.log_end_offset() != end_before) {
      observer.on_log_end(context_.id, partition.name(), partition.log_end_offset());
    }
    observer.on_high_watermark(context_.id, partition.name(), partition.high_watermark());
    // Consumers may be waiting here (ReplicaFetcherThread.completeDelayedFetchRequests).
    if (context_.config.replica_selector_class && partition.high_watermark() > readable_before) {
      replicas_.purgatory().check(partition.name());
    }
  }
  co_await context_.storage.settle();
  co_return true;
}

void ReplicaManager::report_truncation(const Partition& partition, Offset end_before) {
  const Offset end = partition.log_end_offset();
  if (end >= end_before) return;
  compaction_.on_truncated(partition, end);
  world().trace().record(events::replica_truncated,
                         {.machine = context_.machine(), .partition = partition.id()},
                         {{"offset", std::to_string(end)},
                          {"end", std::to_string(end_before)},
                          {"count", std::to_string(end_before - end)}});
  context_.cluster.observer.on_truncated(context_.id, partition.name(), end, end_before);
}

// A cut that failed leaves the log as it was: the next fetch is out of range again. What the disk
// does is seen when the broker waits for it next.

bool ReplicaManager::cut_to_leaders_end(const TopicPartition& name, Offset leader_end) {
  Partition* partition = find(name);
  if (partition == nullptr || partition->role() != Partition::Role::follower) return false;
  const Offset end_before = partition->log_end_offset();
  if (leader_end >= end_before) return false;
  (void)partition->truncate_to(leader_end);
  report_truncation(*partition, end_before);
  return true;
}

void ReplicaManager::begin_at_leaders_start(const TopicPartition& name, Offset leader_start) {
  Partition* partition = find(name);
  if (partition == nullptr || partition->role() != Partition::Role::follower) return;
  const Offset end_before = partition->log_end_offset();
  if (end_before >= leader_start) return;
  const bool begun = partition->truncate_fully_and_start_at(leader_start).ok();
  compaction_.on_truncated(*partition, leader_start);
  context_.cluster.observer.on_log_end(context_.id, name, partition->log_end_offset());
  if (!begun) return;
  world().trace().record(events::replica_started_over,
                         {.machine = context_.machine(), .partition = partition->id()},
                         {{"end", std::to_string(end_before)},
                          {"start", std::to_string(leader_start)},
                          {"leader", context_.cluster.broker_name(partition->leader())}});
}

void ReplicaManager::tell_fetch_failed(const TopicPartition& name, ErrorCode error) {
  const Partition* partition = find(name);
  if (partition == nullptr || partition->role() != Partition::Role::follower) return;
  const sim::World::KeepCause keep(world());
  world().trace().record(events::replica_fetch_failed,
                         {.machine = context_.machine(), .partition = partition->id()},
                         {{"leader", context_.cluster.broker_name(partition->leader())},
                          {"error", std::string(to_text(error))}});
}

// --- The coordinators' partitions ---

sim::Task<ErrorCode> ReplicaManager::append(int number, log::ByteVector batch) {
  return produces_.append({offsets_topic, number}, std::move(batch),
                          context_.config.offsets_commit_timeout);
}

void ReplicaManager::append_unasked(int number, log::ByteVector batch) {
  context_.process.spawn(produces_.append_unasked({offsets_topic, number}, std::move(batch)));
}

sim::Task<ErrorCode> ReplicaManager::append_state(int number, log::ByteVector batch,
                                                  Duration timeout) {
  return produces_.append({transactions_topic, number}, std::move(batch), timeout);
}

Result<log::ByteSlice, ErrorCode> ReplicaManager::read(int number, Offset from) {
  return read_of({offsets_topic, number}, from);
}

Offset ReplicaManager::log_end_offset(int number) { return end_of({offsets_topic, number}); }

Result<log::ByteSlice, ErrorCode> ReplicaManager::read_of(const TopicPartition& name, Offset from) {
  Partition* partition = find(name);
  if (partition == nullptr || !partition->is_leader()) {
    return fail(ErrorCode::not_leader_or_follower);
  }
  if (from >= partition->log_end_offset()) return log::ByteSlice();
  const Offset start = std::max(from, partition->log().log_start_offset());
  auto data = partition->log().read(start, (5_MiB).count(), partition->log_end_offset(), true);
  if (!data) return fail(ErrorCode::kafka_storage_error);
  return data->bytes;
}

Offset ReplicaManager::end_of(const TopicPartition& name) {
  const Partition* partition = find(name);
  if (partition == nullptr || !partition->is_leader()) return log::no_offset;
  return partition->log_end_offset();
}

}  // namespace brokerlab::model
