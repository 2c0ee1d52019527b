// The ReplicaManager's logs: loaded at the start, closed at the end, in directories that may fail,
// with checkpoints beside them.
#include "model/broker/replica_manager.h"
#include "model/events.h"
#include "sim/when_all.h"

#include <set>

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
  fetchers_.stop();
  std::set<int> unclean;
  for (auto& [name, partition] : partitions_) {
    if (!partition->log().close().ok()) unclean.insert(dirs_.at(name));
  }
  write_recovery_points();
  write_high_watermarks();
  co_await storage_.settle();
  // The marker vouches for what is on the disk by now.
  for (int i = 0; i < storage_.dirs(); ++i) {
    if (!storage_.dir(i).online() || unclean.contains(i)) continue;
    log::MemoryEnv& env = storage_.dir(i).env();
    if (auto marker = env.create(in_root(log::clean_shutdown_name))) {
      (void)(*marker)->sync();
      (void)env.sync_dir(log_root);
    }
  }
  co_await storage_.settle();
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
  partition->set_log(std::move(log), high_watermark, clock());
  Partition* raw = partition.get();
  partitions_[name] = std::move(partition);
  return raw;
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
  watch_.on_replica_changed(id_, found->second->id());
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
    co_await storage_.settle();
  }
}

sim::Task<> ReplicaManager::checkpoint_recovery_points() {
  while (true) {
    co_await world().sleep(config_.log_flush_offset_checkpoint_interval);
    write_recovery_points();
    co_await storage_.settle();
  }
}

sim::Task<> ReplicaManager::flush_dirty_logs() {
  while (true) {
    co_await world().sleep(*config_.log_flush_scheduler_interval);
    for (auto& [name, partition] : partitions_) partition->maybe_flush(clock());
    co_await storage_.settle();
  }
}

}  // namespace brokerlab::model
