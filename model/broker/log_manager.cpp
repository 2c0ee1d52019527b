#include "model/broker/log_manager.h"

#include "model/events.h"
#include "sim/when_all.h"

#include <algorithm>
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

log::LogConfig log_config(const TopicConfig& topic, const BrokerConfig& broker) {
  log::LogConfig config;
  config.segment_bytes = topic.segment_bytes.count();
  config.index_interval_bytes = topic.index_interval_bytes.count();
  config.max_message_bytes = topic.max_message_bytes.count();
  config.segment_ms = whole_millis(topic.segment_time);
  config.segment_jitter_ms = whole_millis(topic.segment_jitter);
  config.segment_index_bytes = topic.segment_index_bytes.count();
  config.retention_ms = topic.retention_ms;
  config.retention_bytes = topic.retention_bytes;
  config.cleanup_delete = topic.deletes();
  config.cleanup_compact = topic.compacts();
  config.max_compaction_lag_ms =
      topic.max_compaction_lag == max_duration ? INT64_MAX : whole_millis(topic.max_compaction_lag);
  config.file_delete_delay_ms = whole_millis(topic.file_delete_delay);
  config.flush_messages = topic.flush_messages;
  config.message_timestamp_type = topic.message_timestamp_type;
  config.message_timestamp_before_max_ms = topic.message_timestamp_before_max_ms;
  config.message_timestamp_after_max_ms = topic.message_timestamp_after_max_ms;
  config.producer_id_expiration_ms = whole_millis(broker.producer_id_expiration);
  return config;
}

std::pair<std::string, std::int32_t> checkpoint_key(const TopicPartition& partition) {
  return {partition.topic, partition.partition};
}

}  // namespace

// --- Start and stop ---

sim::Task<> LogManager::load() {
  // The directories side by side, each with num.recovery.threads.per.data.dir.
  std::vector<sim::Task<Recovered>> loads;
  loads.reserve(static_cast<std::size_t>(context_.storage.dirs()));
  for (int dir = 0; dir < context_.storage.dirs(); ++dir) loads.push_back(load_dir(dir));
  const std::vector<Recovered> all = co_await sim::when_all(context_.process, std::move(loads));
  Recovered sum;
  for (const Recovered& one : all) sum.add(one);
  if (sum.logs == 0) co_return;
  world().trace().record(events::log_recovered, {.machine = context_.machine()},
                         {{"partitions", std::to_string(sum.logs)},
                          {"scanned", to_rounded_text(sum.scanned)},
                          {"cut", to_rounded_text(sum.cut)}});
}

sim::Task<LogManager::Recovered> LogManager::load_dir(int dir) {
  log::MemoryEnv& env = context_.storage.dir(dir).env();
  const auto made = env.make_dir(log_root);
  ENSURE(made.ok(), "the log directory could not be made");
  const bool clean = env.exists(in_root(log::clean_shutdown_name));
  // A disk that fails at any of this is seen in settle().
  if (clean) (void)env.remove(in_root(log::clean_shutdown_name));
  auto recovery_points = log::read_checkpoint(env, in_root(log::recovery_point_checkpoint_name));
  auto high_watermarks = log::read_checkpoint(env, in_root(log::high_watermark_checkpoint_name));
  auto log_starts = log::read_checkpoint(env, in_root(log::log_start_checkpoint_name));
  // A checkpoint that cannot be read is worth nothing; Kafka starts from zero then.
  Loading loading{dir,
                  clean,
                  recovery_points ? *recovery_points : log::OffsetCheckpoint{},
                  log_starts ? *log_starts : log::OffsetCheckpoint{},
                  {}};
  if (auto cleaned = log::read_checkpoint(env, in_root(log::cleaner_checkpoint_name))) {
    cleaned_.insert(cleaned->begin(), cleaned->end());
  }
  if (high_watermarks) high_watermarks_.insert(high_watermarks->begin(), high_watermarks->end());
  if (auto names = env.list(log_root)) loading.names = std::move(*names);
  const int threads = context_.config.num_recovery_threads_per_data_dir;
  if (threads == 1) co_return co_await load_logs(loading);
  std::vector<sim::Task<Recovered>> loads;
  loads.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) loads.push_back(load_logs(loading));
  const std::vector<Recovered> all = co_await sim::when_all(context_.process, std::move(loads));
  Recovered sum;
  for (const Recovered& one : all) sum.add(one);
  co_return sum;
}

/// One thread's part of a directory.
sim::Task<LogManager::Recovered> LogManager::load_logs(Loading& loading) {
  Recovered recovered;
  while (loading.works && loading.next < loading.names.size()) {
    const std::string& name = loading.names[loading.next++];
    if (parse_dir(name)) co_await load_log(loading, name, recovered);
  }
  // The others are left; what was opened here goes with the directory.
  co_return loading.works ? recovered : Recovered{};
}

sim::Task<> LogManager::load_log(Loading& loading, const std::string& name, Recovered& recovered) {
  const TopicPartition partition = *parse_dir(name);
  TopicOverrides overrides = co_await read_config_(partition.topic);
  const TopicConfig topic = TopicConfig::in_force(context_.config, overrides);
  topic_configs_[partition.topic] = overrides;
  log::Log::OpenOptions options;
  const auto point = loading.recovery_points.find(checkpoint_key(partition));
  options.recovery_point = point == loading.recovery_points.end() ? 0 : point->second;
  const auto start = loading.log_starts.find(checkpoint_key(partition));
  if (start != loading.log_starts.end()) options.log_start_offset = start->second;
  options.clean = loading.clean;
  options.now = context_.wall_millis();
  log::MemoryEnv& env = context_.storage.dir(loading.dir).env();
  auto opened =
      log::Log::open(env, log_dir(partition), log_config(topic, context_.config), options);
  const bool works = co_await context_.storage.settle(loading.dir);
  loading.works = loading.works && works;
  if (!works) co_return;
  if (!opened) {
    // A checkpoint of leader epochs that a lying disk has emptied, say. Source:
    // LogManager.loadLogs, CheckpointFileWithFailureHandler: an IOException takes the directory.
    context_.storage.fail(loading.dir);
    loading.works = co_await context_.storage.settle(loading.dir);
    co_return;
  }
  const log::Log::Recovery& recovery = (*opened)->recovery();
  if (!loading.clean && recovery.segments_scanned > 0) {
    recovered.add({1, Bytes(recovery.bytes_scanned), Bytes(recovery.bytes_cut)});
  }
  const Bytes scanned(recovery.bytes_scanned);
  loaded_[partition] = std::move(*opened);
  dirs_[partition] = loading.dir;
  sim::Machine& machine = context_.process.machine();
  const sim::StartupConfig& startup = machine.config().startup;
  const Duration beside = loading.clean        ? Duration{0}
                          : scanned > Bytes(0) ? startup.recover_log
                                               : startup.recover_empty_log;
  co_await machine.cpu().run(machine.cpu().demand(1, 0, scanned) + beside);
}

void LogManager::start() {
  context_.process.spawn(checkpoint_high_watermarks());
  context_.process.spawn(checkpoint_recovery_points());
  context_.process.spawn(checkpoint_log_starts());
  if (context_.config.log_flush_scheduler_interval) context_.process.spawn(flush_dirty_logs());
  context_.process.spawn(forget_expired_producers());
}

sim::Task<> LogManager::close_cleanly() {
  std::set<int> unclean;
  for_each_log([&](const TopicPartition& name, log::Log& log) {
    if (!log.close().ok()) unclean.insert(dirs_.at(name));
  });
  write_recovery_points();
  write_log_starts();
  write_high_watermarks();
  co_await context_.storage.settle();
  // What could not be written is seen in settle(): that directory is offline then, or the broker
  // halts. The marker vouches for what is on the disk by now.
  for (int i = 0; i < context_.storage.dirs(); ++i) {
    if (!context_.storage.dir(i).online() || unclean.contains(i)) continue;
    log::MemoryEnv& env = context_.storage.dir(i).env();
    if (auto marker = env.create(in_root(log::clean_shutdown_name))) {
      (void)(*marker)->sync();
      (void)env.sync_dir(log_root);
    }
  }
  co_await context_.storage.settle();
}

void LogManager::for_each_log(const std::function<void(const TopicPartition&, log::Log&)>& act) {
  for (const auto& [name, partition] : replicas_.all()) act(name, partition->log());
  for (const auto& [name, log] : loaded_) act(name, *log);
}

int LogManager::emptiest_dir() const {
  std::vector<int> logs(static_cast<std::size_t>(context_.storage.dirs()), 0);
  for (const auto& [partition, dir] : dirs_) ++logs[static_cast<std::size_t>(dir)];
  int best = -1;
  for (int i = 0; i < context_.storage.dirs(); ++i) {
    if (!context_.storage.dir(i).online()) continue;
    const auto count = [&](int dir) { return logs[static_cast<std::size_t>(dir)]; };
    if (best < 0 || count(i) < count(best)) best = i;
  }
  return best;
}

sim::Task<> LogManager::learn_config(std::string topic) {
  if (topic_configs_.contains(topic)) co_return;
  TopicOverrides overrides = co_await read_config_(topic);
  topic_configs_[topic] = overrides;
}

std::vector<Partition*> LogManager::use_topic_config(const std::string& topic,
                                                     TopicOverrides overrides) {
  topic_configs_[topic] = std::move(overrides);
  return apply_configs(&topic);
}

std::vector<Partition*> LogManager::use_broker_config() { return apply_configs(nullptr); }

/// Of one topic, or of all.
std::vector<Partition*> LogManager::apply_configs(const std::string* topic) {
  std::vector<Partition*> changed;
  for_each_log([&](const TopicPartition& name, log::Log& log) {
    if (topic != nullptr && name.topic != *topic) return;
    const TopicConfig config = TopicConfig::in_force(context_.config, topic_configs_[name.topic]);
    log.set_config(log_config(config, context_.config));
    Partition* partition = replicas_.find(name);
    if (partition == nullptr) return;
    partition->set_config(config);
    changed.push_back(partition);
  });
  return changed;
}

/// Source: LogManager.getOrCreateLog (where it goes; an old replica that is not found while a
/// directory is offline may be in there).
Result<std::unique_ptr<Partition>, ErrorCode> LogManager::open(const TopicPartition& name,
                                                               bool is_new) {
  const TopicConfig topic = TopicConfig::in_force(context_.config, topic_configs_[name.topic]);
  auto partition =
      std::make_unique<Partition>(context_.id, name, context_.cluster.partitions.id_of(name), topic,
                                  context_.config.replica_lag_time_max);
  partition->set_verifies(context_.config.transaction_partition_verification_enable);
  partition->set_liveness([this](BrokerId broker) { return context_.metadata.is_alive(broker); });
  Offset high_watermark = 0;
  if (const auto found = high_watermarks_.find(checkpoint_key(name));
      found != high_watermarks_.end()) {
    high_watermark = found->second;
  }
  std::unique_ptr<log::Log> log;
  if (const auto loaded = loaded_.find(name); loaded != loaded_.end()) {
    log = std::move(loaded->second);
    loaded_.erase(loaded);
  } else {
    BrokerStorage& storage = context_.storage;
    const int dir = emptiest_dir();
    const bool may_be_lost = !is_new && storage.online() < storage.dirs();
    if (dir < 0 || may_be_lost) return fail(ErrorCode::kafka_storage_error);
    log::Log::OpenOptions options;
    options.now = context_.wall_millis();
    auto opened = log::Log::open(storage.dir(dir).env(), log_dir(name),
                                 log_config(topic, context_.config), options);
    if (!opened) return fail(ErrorCode::kafka_storage_error);
    log = std::move(*opened);
    dirs_[name] = dir;
  }
  partition->set_log(std::move(log), high_watermark, context_.clock());
  return partition;
}

/// Source: UnifiedLog.roll.
sim::Task<> LogManager::flush_to(TopicPartition name, Offset base) {
  Partition* partition = replicas_.find(name);
  if (partition == nullptr) co_return;
  // What the disk does is seen in settle().
  (void)partition->log().flush_to(std::min(base, partition->log_end_offset()));
  co_await context_.storage.settle();
}

void LogManager::remove(const TopicPartition& name) {
  const auto dir = dirs_.find(name);
  if (dir == dirs_.end()) return;
  log::MemoryEnv& env = context_.storage.dir(dir->second).env();
  // As Kafka's "orders-0.<uuid>-delete", which the next start deletes, too.
  const std::string path =
      fmt::format("{}.{}.{}-delete", log_dir(name), context_.process.starts(), removed_++);
  // What the disk does is seen when the broker waits for it next.
  (void)env.rename(log_dir(name), path);
  (void)env.sync_dir(log_root);
  context_.process.spawn(delete_later(dir->second, path));
  loaded_.erase(name);
  high_watermarks_.erase(checkpoint_key(name));
  // One of the same name begins dirty (LogCleanerManager.updateCheckpoints).
  if (cleaned_.erase(checkpoint_key(name)) > 0) write_cleaned(dir->second);
  topic_configs_.erase(name.topic);  // One of the same name may have others.
  dirs_.erase(dir);
}

sim::Task<> LogManager::delete_later(int dir, std::string path) {
  // Of the broker, not of the topic (LogManager.deleteLogs).
  co_await world().sleep(context_.config.topics.file_delete_delay);
  if (!context_.storage.dir(dir).online()) co_return;
  log::MemoryEnv& env = context_.storage.dir(dir).env();
  const auto names = env.list(path);
  if (!names) co_return;
  for (const std::string& file : *names) (void)env.remove(log::join_path(path, file));
  (void)env.remove_dir(path);
  co_await context_.storage.settle();
}

// --- Directories that fail ---

void LogManager::tell_failed(int dir, sim::DiskError error) {
  const Phrase why = error == sim::DiskError::full
                         ? Phrase{"no space left on its disk", "디스크에 공간이 없다"}
                         : Phrase{"its disk failed", "디스크 고장"};
  BrokerStorage& storage = context_.storage;
  if (storage.dirs() == 1) {
    world().trace().record(events::log_directory_failed, {.machine = context_.machine()},
                           {sim::Detail::of("why", why)});
  } else {
    world().trace().record(
        events::log_directory_offline, {.machine = context_.machine()},
        {{"disk", std::to_string(storage.dir(dir).number() + 1)}, sim::Detail::of("why", why)});
  }
}

std::vector<TopicPartition> LogManager::lose_dir(int dir) {
  std::erase_if(loaded_, [&](const auto& entry) { return dirs_[entry.first] == dir; });
  std::vector<TopicPartition> gone;
  for (const auto& [name, partition] : replicas_.all()) {
    if (dirs_.at(name) == dir) gone.push_back(name);
  }
  for (const TopicPartition& name : gone) high_watermarks_.erase(checkpoint_key(name));
  return gone;
}

// --- Checkpoints ---

void LogManager::write_high_watermarks() {
  for (const auto& [name, partition] : replicas_.all()) {
    high_watermarks_[checkpoint_key(name)] = partition->high_watermark();
  }
  std::vector<log::OffsetCheckpoint> by_dir(static_cast<std::size_t>(context_.storage.dirs()));
  for (const auto& [key, offset] : high_watermarks_) {
    const auto dir = dirs_.find({key.first, key.second});
    if (dir != dirs_.end()) by_dir[static_cast<std::size_t>(dir->second)][key] = offset;
  }
  write_checkpoints(log::high_watermark_checkpoint_name, by_dir);
}

void LogManager::write_recovery_points() {
  std::vector<log::OffsetCheckpoint> by_dir(static_cast<std::size_t>(context_.storage.dirs()));
  for_each_log([&](const TopicPartition& name, log::Log& log) {
    by_dir[static_cast<std::size_t>(dirs_.at(name))][checkpoint_key(name)] = log.recovery_point();
  });
  write_checkpoints(log::recovery_point_checkpoint_name, by_dir);
}

Offset LogManager::first_dirty_offset(const TopicPartition& name) const {
  const auto cleaned = cleaned_.find(checkpoint_key(name));
  return cleaned == cleaned_.end() ? 0 : cleaned->second;
}

void LogManager::note_cleaned(const TopicPartition& name, Offset upto) {
  cleaned_[checkpoint_key(name)] = upto;
  write_cleaned(dirs_.at(name));
}

void LogManager::write_cleaned(int dir) {
  if (!context_.storage.dir(dir).online()) return;
  log::OffsetCheckpoint its;
  for (const auto& [key, offset] : cleaned_) {
    const auto found = dirs_.find({key.first, key.second});
    if (found != dirs_.end() && found->second == dir) its[key] = offset;
  }
  (void)log::write_checkpoint(context_.storage.dir(dir).env(),
                              in_root(log::cleaner_checkpoint_name), its);
}

/// Only where the log's first segment does not say it (checkpointLogStartOffsetsInDir).
void LogManager::write_log_starts() {
  std::vector<log::OffsetCheckpoint> by_dir(static_cast<std::size_t>(context_.storage.dirs()));
  for_each_log([&](const TopicPartition& name, log::Log& log) {
    const Offset start = log.log_start_offset();
    if (log.segments().empty() || start <= log.segments().front()->base_offset()) return;
    by_dir[static_cast<std::size_t>(dirs_.at(name))][checkpoint_key(name)] = start;
  });
  write_checkpoints(log::log_start_checkpoint_name, by_dir);
}

void LogManager::write_checkpoints(const char* name,
                                   const std::vector<log::OffsetCheckpoint>& by_dir) {
  for (int i = 0; i < context_.storage.dirs(); ++i) {
    if (!context_.storage.dir(i).online()) continue;
    // Without it the next start works with the checkpoint before; a disk that failed is seen in
    // settle().
    (void)log::write_checkpoint(context_.storage.dir(i).env(), in_root(name),
                                by_dir[static_cast<std::size_t>(i)]);
  }
}

sim::Task<> LogManager::checkpoint_high_watermarks() {
  while (true) {
    co_await world().sleep(context_.config.replica_high_watermark_checkpoint_interval);
    write_high_watermarks();
    co_await context_.storage.settle();
  }
}

sim::Task<> LogManager::checkpoint_recovery_points() {
  co_await world().sleep(context_.config.log_initial_task_delay);
  while (true) {
    write_recovery_points();
    co_await context_.storage.settle();
    co_await world().sleep(context_.config.log_flush_offset_checkpoint_interval);
  }
}

sim::Task<> LogManager::checkpoint_log_starts() {
  co_await world().sleep(context_.config.log_initial_task_delay);
  while (true) {
    write_log_starts();
    co_await context_.storage.settle();
    co_await world().sleep(context_.config.log_flush_start_offset_checkpoint_interval);
  }
}

/// Source: UnifiedLog.producerExpireCheck, of every log.
sim::Task<> LogManager::forget_expired_producers() {
  while (true) {
    co_await world().sleep(context_.config.producer_id_expiration_check_interval);
    const log::Timestamp now = context_.wall_millis();
    for (const auto& [name, partition] : replicas_.all()) {
      partition->log().remove_expired_producers(now);
    }
  }
}

sim::Task<> LogManager::flush_dirty_logs() {
  for (Duration wait = context_.config.log_initial_task_delay;;
       wait = *context_.config.log_flush_scheduler_interval) {
    co_await world().sleep(wait);
    for (const auto& [name, partition] : replicas_.all()) partition->maybe_flush(context_.clock());
    co_await context_.storage.settle();
  }
}

}  // namespace brokerlab::model
