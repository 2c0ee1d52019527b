#include "model/replica_manager.h"

#include "model/events.h"
#include "sim/when_all.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

std::string log_dir(const TopicPartition& partition) {
  return log::join_path(log_root, partition.name());
}

std::string in_root(const char* name) { return log::join_path(log_root, name); }

/// "orders-12" to its parts; nothing for other names.
std::optional<TopicPartition> parse_dir(const std::string& name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string::npos || dash == 0 || dash + 1 == name.size()) return std::nullopt;
  int number = 0;
  for (std::size_t i = dash + 1; i < name.size(); ++i) {
    if (name[i] < '0' || name[i] > '9' || number > 1'000'000) return std::nullopt;
    number = number * 10 + (name[i] - '0');
  }
  return TopicPartition{name.substr(0, dash), number};
}

log::LogConfig log_config(const TopicConfig& topic) {
  log::LogConfig config;
  config.segment_bytes = topic.segment_bytes.count();
  config.index_interval_bytes = topic.index_interval_bytes.count();
  config.max_message_bytes = topic.max_message_bytes.count();
  config.flush_messages = topic.flush_messages;
  config.message_timestamp_type = topic.message_timestamp_type;
  config.message_timestamp_before_max_ms = topic.message_timestamp_before_max_ms;
  config.message_timestamp_after_max_ms = topic.message_timestamp_after_max_ms;
  return config;
}

std::pair<std::string, std::int32_t> checkpoint_key(const TopicPartition& partition) {
  return {partition.topic, partition.partition};
}

}  // namespace

ReplicaManager::ReplicaManager(Owner owner)
    : process_(owner.process),
      cluster_(owner.cluster),
      id_(owner.id),
      config_(owner.config),
      storage_(owner.storage),
      metadata_(owner.metadata),
      isr_changes_(owner.isr_changes),
      purgatory_(owner.process.world()),
      fetchers_(owner.process, owner.cluster, owner.id, owner.config, *this) {
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

// --- Start and stop ---

sim::Task<> ReplicaManager::load_logs() {
  // As with num.recovery.threads.per.data.dir=1: the directories side by side.
  std::vector<sim::Task<Recovered>> loads;
  for (int dir = 0; dir < storage_.dirs(); ++dir) loads.push_back(load_dir(dir));
  const std::vector<Recovered> all = co_await sim::when_all(process_, std::move(loads));
  Recovered sum;
  for (const Recovered& one : all) {
    sum.logs += one.logs;
    sum.scanned += one.scanned;
    sum.cut += one.cut;
  }
  if (sum.logs == 0) co_return;
  world().trace().record(events::log_recovered, {.machine = machine()},
                         {{"partitions", std::to_string(sum.logs)},
                          {"scanned", to_rounded_text(sum.scanned)},
                          {"cut", to_rounded_text(sum.cut)}});
}

sim::Task<ReplicaManager::Recovered> ReplicaManager::load_dir(int dir) {
  Recovered recovered;
  log::MemoryEnv& env = storage_.dir(dir).env();
  const auto made = env.make_dir(log_root);
  ENSURE(made.ok(), "the log directory could not be made");
  const bool clean = env.exists(in_root(log::clean_shutdown_name));
  if (clean) (void)env.remove(in_root(log::clean_shutdown_name));
  auto recovery_points = log::read_checkpoint(env, in_root(log::recovery_point_checkpoint_name));
  auto high_watermarks = log::read_checkpoint(env, in_root(log::high_watermark_checkpoint_name));
  // A checkpoint that cannot be read is worth nothing; Kafka starts from zero then.
  const log::OffsetCheckpoint points = recovery_points ? *recovery_points : log::OffsetCheckpoint{};
  if (high_watermarks) high_watermarks_.insert(high_watermarks->begin(), high_watermarks->end());

  const auto names = env.list(log_root);
  for (const std::string& name : names ? *names : std::vector<std::string>{}) {
    const std::optional<TopicPartition> partition = parse_dir(name);
    if (!partition) continue;
    TopicOverrides overrides = co_await read_config_(partition->topic);
    const TopicConfig topic = TopicConfig::in_force(config_, overrides);
    topic_configs_[partition->topic] = overrides;
    log::Log::OpenOptions options;
    const auto point = points.find(checkpoint_key(*partition));
    options.recovery_point = point == points.end() ? 0 : point->second;
    options.clean = clean;
    options.now = wall_millis();
    auto opened = log::Log::open(env, log_dir(*partition), log_config(topic), options);
    const bool works = co_await storage_.settle(dir);
    if (!works) co_return Recovered{};  // the others are left; what was opened here goes with it
    ENSURE(opened.ok(), "{} could not be opened: {}", name, opened.error().message);
    const log::Log::Recovery& recovery = (*opened)->recovery();
    if (!clean && recovery.segments_scanned > 0) {
      ++recovered.logs;
      recovered.scanned += Bytes(recovery.bytes_scanned);
      recovered.cut += Bytes(recovery.bytes_cut);
    }
    loaded_logs_[*partition] = std::move(*opened);
    dirs_[*partition] = dir;
    sim::Cpu& cpu = process_.machine().cpu();
    co_await cpu.run(cpu.demand(1, 0, Bytes(recovery.bytes_scanned)));
  }
  co_return recovered;
}

void ReplicaManager::start() {
  process_.spawn(watch_isr());
  process_.spawn(checkpoint_high_watermarks());
  process_.spawn(checkpoint_recovery_points());
  if (config_.log_flush_scheduler_interval) process_.spawn(flush_dirty_logs());
}

sim::Task<> ReplicaManager::shutdown_cleanly() {
  for (auto& [name, partition] : partitions_) (void)partition->log().close();
  write_recovery_points();
  write_high_watermarks();
  for (int i = 0; i < storage_.dirs(); ++i) {
    if (!storage_.dir(i).online()) continue;
    log::MemoryEnv& env = storage_.dir(i).env();
    if (auto marker = env.create(in_root(log::clean_shutdown_name))) {
      (void)(*marker)->sync();
      (void)env.sync_dir(log_root);
    }
  }
  co_await storage_.settle(storage_.take());
}

int ReplicaManager::emptiest_dir() const {
  std::vector<int> logs(static_cast<std::size_t>(storage_.dirs()), 0);
  for (const auto& [partition, dir] : dirs_) ++logs[static_cast<std::size_t>(dir)];
  int best = -1;
  for (int i = 0; i < storage_.dirs(); ++i) {
    if (!storage_.dir(i).online()) continue;
    const auto count = [&](int dir) { return logs[static_cast<std::size_t>(dir)]; };
    if (best < 0 || count(i) < count(best)) best = i;
  }
  return best;
}

/// Source: LogManager.getOrCreateLog (where it goes; an old replica that is not found while a
/// directory is offline may be in there).
Result<Partition*, ErrorCode> ReplicaManager::open_partition(const TopicPartition& name,
                                                             const TopicOverrides& overrides,
                                                             bool is_new) {
  const TopicConfig topic = TopicConfig::in_force(config_, overrides);
  auto partition = std::make_unique<Partition>(id_, name, cluster_.partitions.id_of(name), topic,
                                               config_.replica_lag_time_max);
  partition->set_liveness([this](BrokerId broker) { return metadata_.is_alive(broker); });
  Offset high_watermark = 0;
  if (const auto found = high_watermarks_.find(checkpoint_key(name));
      found != high_watermarks_.end()) {
    high_watermark = found->second;
  }
  std::unique_ptr<log::Log> log;
  if (const auto loaded = loaded_logs_.find(name); loaded != loaded_logs_.end()) {
    log = std::move(loaded->second);
    loaded_logs_.erase(loaded);
  } else {
    const int dir = emptiest_dir();
    if (dir < 0 || (!is_new && offline_dirs() > 0)) return fail(ErrorCode::kafka_storage_error);
    log::Log::OpenOptions options;
    options.now = wall_millis();
    auto opened =
        log::Log::open(storage_.dir(dir).env(), log_dir(name), log_config(topic), options);
    if (!opened) return fail(ErrorCode::kafka_storage_error);
    log = std::move(*opened);
    dirs_[name] = dir;
  }
  partition->set_log(std::move(log), high_watermark);
  Partition* raw = partition.get();
  partitions_[name] = std::move(partition);
  return raw;
}

// --- Leadership ---

sim::Task<> ReplicaManager::leader_and_isr(CallPtr call) {
  const auto& request = call->as<LeaderAndIsrRequest>();
  auto response = std::make_unique<LeaderAndIsrResponse>();
  std::map<BrokerId, Address> leaders;
  for (const BrokerEndpoint& leader : request.live_leaders) leaders[leader.id] = leader.address;

  std::vector<const LeaderAndIsrRequest::Partition*> to_lead;
  std::vector<const LeaderAndIsrRequest::Partition*> to_follow;
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
    response->partitions.push_back({state.partition, ErrorCode::none});
    (state.state.leader == id_ ? to_lead : to_follow).push_back(&state);
  }
  sim::Cpu& cpu = process_.machine().cpu();
  co_await cpu.run(cpu.demand(static_cast<int>(request.partitions.size()), 0, request.size()));

  for (const LeaderAndIsrRequest::Partition* state : to_lead) {
    const sim::World::KeepCause keep(world());
    Partition* partition = find(state->partition);
    if (partition == nullptr) continue;  // its directory failed just now
    fetchers_.unfollow(state->partition);
    become_leader(*partition, *state);
  }
  for (const LeaderAndIsrRequest::Partition* state : to_follow) {
    const sim::World::KeepCause keep(world());
    Partition* partition = find(state->partition);
    if (partition == nullptr || !become_follower(*partition, *state)) continue;
    fetchers_.unfollow(state->partition);
    const auto leader = leaders.find(state->state.leader);
    if (leader != leaders.end()) {
      fetchers_.follow(state->partition, {leader->first, leader->second});
    }
  }
  fetchers_.shut_down_idle();
  BrokerStorage::Traffic traffic = storage_.take();
  co_await storage_.settle(std::move(traffic));
  call->respond(std::move(response));
}

bool ReplicaManager::become_leader(Partition& partition,
                                   const LeaderAndIsrRequest::Partition& state) {
  const bool was_leader = partition.is_leader();
  const Partition::Transition transition = partition.make_leader(state, clock());
  if (!transition.accepted) return false;
  if (transition.changed) {
    transitions_[partition.name()] = world().trace().record(
        events::replica_became_leader, {.machine = machine(), .partition = partition.id()},
        {{"offset", std::to_string(partition.log_end_offset())},
         {"epoch", std::to_string(partition.leader_epoch())}});
    cluster_.observer.on_became_leader(id_, partition.name(), partition.leader_epoch());
  }
  wake(partition);
  if (partition.name().topic == offsets_topic && !was_leader && on_leadership_) {
    on_leadership_(partition.name().partition, true, partition.leader_epoch());
  }
  return true;
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
  purgatory_.check(partition.name());
}

void ReplicaManager::submit(const std::optional<IsrChange>& change) {
  if (!change) return;
  const bool submitted = isr_changes_.submit(
      *change, [this, change = *change](const AlterPartitionResponse::Partition& answer) {
        Partition* partition = find(change.partition);
        if (partition == nullptr) return;
        const Partition::IsrOutcome outcome = partition->finish_isr_change(change, answer, clock());
        wake(*partition);
        submit(outcome.retry);
      });
  if (submitted) return;
  if (Partition* partition = find(change->partition)) partition->drop_isr_change(*change);
}

sim::Task<> ReplicaManager::watch_isr() {
  while (true) {
    co_await world().sleep(config_.replica_lag_time_max / 2);
    for (auto& [name, partition] : partitions_) submit(partition->maybe_shrink_isr(clock()));
  }
}

// --- Log directories ---

ErrorCode ReplicaManager::why_missing(const TopicPartition& partition) const {
  if (offline_.contains(partition)) return ErrorCode::kafka_storage_error;
  return metadata_.leader(partition) ? ErrorCode::not_leader_or_follower
                                     : ErrorCode::unknown_topic_or_partition;
}

/// With others left their partitions go on, and the controller hears that some have gone; without
/// the broker halts, and nobody starts it again. Source: KIP-112,
/// ReplicaManager.handleLogDirFailure, LogManager.handleLogDirFailure.
void ReplicaManager::log_dir_failed(int dir, sim::DiskError error) {
  const Phrase why = error == sim::DiskError::full
                         ? Phrase{"no space left on its disk", "디스크에 공간이 없다"}
                         : Phrase{"its disk failed", "디스크 고장"};
  if (storage_.dirs() == 1) {
    world().trace().record(events::log_directory_failed, {.machine = machine()},
                           {sim::Detail::of("why", why)});
  } else {
    world().trace().record(
        events::log_directory_offline, {.machine = machine()},
        {{"disk", std::to_string(storage_.dir(dir).number() + 1)}, sim::Detail::of("why", why)});
  }
  if (storage_.online() == 0) {
    process_.exit({"all its log directories have failed", "로그 디렉터리가 모두 고장 났다"});
    return;
  }
  std::erase_if(loaded_logs_, [&](const auto& entry) { return dirs_[entry.first] == dir; });
  std::vector<TopicPartition> gone;
  for (const auto& [name, partition] : partitions_) {
    if (dirs_.at(name) == dir) gone.push_back(name);
  }
  for (const TopicPartition& name : gone) take_offline(name);
  fetchers_.shut_down_idle();
  if (on_dir_failure_) on_dir_failure_();
}

void ReplicaManager::take_offline(const TopicPartition& name) {
  const sim::World::KeepCause keep(world());
  fetchers_.unfollow(name);
  const auto found = partitions_.find(name);
  const bool led = found->second->is_leader();
  const LeaderEpoch epoch = found->second->leader_epoch();
  offline_[name] = std::move(found->second);
  partitions_.erase(found);
  high_watermarks_.erase(checkpoint_key(name));
  purgatory_.check(name);  // who waited here hears KAFKA_STORAGE_ERROR
  if (led && name.topic == offsets_topic && on_leadership_) {
    on_leadership_(name.partition, false, epoch);
  }
}

// --- Checkpoints ---

void ReplicaManager::write_high_watermarks() {
  for (const auto& [name, partition] : partitions_) {
    high_watermarks_[checkpoint_key(name)] = partition->high_watermark();
  }
  std::vector<log::OffsetCheckpoint> by_dir(static_cast<std::size_t>(storage_.dirs()));
  for (const auto& [key, offset] : high_watermarks_) {
    const auto dir = dirs_.find({key.first, key.second});
    if (dir != dirs_.end()) by_dir[static_cast<std::size_t>(dir->second)][key] = offset;
  }
  write_checkpoints(log::high_watermark_checkpoint_name, by_dir);
}

void ReplicaManager::write_recovery_points() {
  std::vector<log::OffsetCheckpoint> by_dir(static_cast<std::size_t>(storage_.dirs()));
  for (const auto& [name, partition] : partitions_) {
    by_dir[static_cast<std::size_t>(dirs_.at(name))][checkpoint_key(name)] =
        partition->log().recovery_point();
  }
  write_checkpoints(log::recovery_point_checkpoint_name, by_dir);
}

void ReplicaManager::write_checkpoints(const char* name,
                                       const std::vector<log::OffsetCheckpoint>& by_dir) {
  for (int i = 0; i < storage_.dirs(); ++i) {
    if (!storage_.dir(i).online()) continue;
    (void)log::write_checkpoint(storage_.dir(i).env(), in_root(name),
                                by_dir[static_cast<std::size_t>(i)]);
  }
}

sim::Task<> ReplicaManager::checkpoint_high_watermarks() {
  while (true) {
    co_await world().sleep(config_.replica_high_watermark_checkpoint_interval);
    write_high_watermarks();
    BrokerStorage::Traffic traffic = storage_.take();
    co_await storage_.settle(std::move(traffic));
  }
}

sim::Task<> ReplicaManager::checkpoint_recovery_points() {
  while (true) {
    co_await world().sleep(config_.log_flush_offset_checkpoint_interval);
    write_recovery_points();
    BrokerStorage::Traffic traffic = storage_.take();
    co_await storage_.settle(std::move(traffic));
  }
}

sim::Task<> ReplicaManager::flush_dirty_logs() {
  while (true) {
    co_await world().sleep(*config_.log_flush_scheduler_interval);
    for (auto& [name, partition] : partitions_) partition->maybe_flush(clock());
    BrokerStorage::Traffic traffic = storage_.take();
    co_await storage_.settle(std::move(traffic));
  }
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
      BrokerStorage::Traffic traffic = storage_.take();
      co_await storage_.settle(std::move(traffic));
      ENSURE(kind == Kind::corrupt || kind == Kind::invalid,
             "a follower could not append to {}: {}", data.partition.name(),
             appended.error().message);
      co_return false;
    }
    counters_.replication_bytes_in += static_cast<std::int64_t>(data.records.size());
    if (partition.log_end_offset() != end_before) {
      cluster_.observer.on_log_end(id_, partition.name(), partition.log_end_offset());
    }
    cluster_.observer.on_high_watermark(id_, partition.name(), partition.high_watermark());
  }
  BrokerStorage::Traffic traffic = storage_.take();
  co_await storage_.settle(std::move(traffic));
  co_return true;
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
