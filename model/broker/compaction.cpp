#include "model/broker/compaction.h"

#include "model/broken_rules.h"
#include "model/broker/deletion.h"
#include "model/broker/log_manager.h"
#include "model/events.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace brokerlab::model {

void Compaction::start() {
  if (!context_.config.log_cleaner_enable) return;
  started_ = true;
  resize();
}

/// LogCleaner.reconfigure stops all and starts anew; here those that are one too many end when they
/// look for work next.
void Compaction::resize() {
  if (!started_ || stopped_) return;
  for (; threads_ < context_.config.log_cleaner_threads; ++threads_) context_.process.spawn(run());
}

sim::Task<> Compaction::run() {
  while (!stopped_) {
    if (threads_ > context_.config.log_cleaner_threads) {
      --threads_;
      co_return;
    }
    context_.world().set_cause({});
    const bool cleaned = co_await clean_filthiest();
    if (stopped_) co_return;
    for (const auto& [name, partition] : replicas_.all()) {
      // LogCleanerManager.deletableLogs.
      const bool mine = partition->config().compacts() && !in_progress_.contains(name) &&
                        !uncleanable_.contains(name);
      if (mine) deletion_.apply_retention(*partition);
    }
    co_await context_.storage.settle();
    if (!cleaned) co_await context_.world().sleep(context_.config.log_cleaner_backoff);
  }
}

log::CleanerConfig Compaction::config_of(const Partition& partition) const {
  const TopicConfig& topic = partition.config();
  log::CleanerConfig config;
  config.min_cleanable_dirty_ratio = topic.min_cleanable_dirty_ratio;
  config.min_compaction_lag_ms = whole_millis(topic.min_compaction_lag);
  const bool forgets = is_broken(Rule::tombstones_stay_a_while);
  config.delete_retention_ms = forgets ? 0 : whole_millis(topic.delete_retention);
  config.dedupe_buffer_size = context_.config.log_cleaner_dedupe_buffer_size.count() /
                              std::max(1, context_.config.log_cleaner_threads);
  config.dedupe_buffer_load_factor = context_.config.log_cleaner_io_buffer_load_factor;
  return config;
}

// --- Which ---

Compaction::Found Compaction::find_filthiest() {
  Found best;
  const log::Timestamp now = context_.wall_millis();
  for (const auto& [name, partition] : replicas_.all()) {
    const bool candidate = partition->config().compacts() && !in_progress_.contains(name) &&
                           !uncleanable_.contains(name) && !partition->log().offline();
    if (!candidate) continue;
    const log::LogCleaner cleaner(partition->log(), config_of(*partition),
                                  logs_.first_dirty_offset(name));
    if (!cleaner.due(now, partition->high_watermark())) continue;
    const log::LogCleaner::Range range = cleaner.range(now, partition->high_watermark());
    if (best.partition == nullptr || range.dirty_ratio() > best.range.dirty_ratio()) {
      best = {partition.get(), range};
    }
  }
  return best;
}

sim::Task<bool> Compaction::clean_filthiest() {
  const Found found = find_filthiest();
  if (found.partition == nullptr) co_return false;
  const TopicPartition name = found.partition->name();
  in_progress_.insert(name);
  co_await clean(name, found.range);
  in_progress_.erase(name);
  aborted_.erase(name);
  co_return true;
}

// --- How ---

bool Compaction::goes_on(const TopicPartition& name, const Partition* partition) const {
  return !stopped_ && !aborted_.contains(name) && replicas_.find(name) == partition;
}

sim::Task<> Compaction::clean(TopicPartition name, log::LogCleaner::Range range) {
  Partition* const partition = replicas_.find(name);
  const log::Timestamp now = context_.wall_millis();
  log::LogCleaning cleaning(partition->log(), config_of(*partition), range.first_dirty,
                            range.first_uncleanable, now);
  if (const auto built = cleaning.build_map(); !built) {
    forsake(name, built.error());
    co_return;
  }
  std::int64_t looked_at = 0;
  Bytes written;
  co_await spend(cleaning.end() - range.first_dirty);
  while (cleaning.groups_left() > 0) {
    if (!goes_on(name, partition)) co_return;
    const auto copied = cleaning.copy_next();
    if (!copied) forsake(name, copied.error());
    if (!copied || !*copied) co_return;
    const std::int64_t before = std::exchange(looked_at, cleaning.stats().records_read);
    co_await spend(looked_at - before);
    const Bytes kept(cleaning.stats().bytes_kept);
    co_await throttle(kept - std::exchange(written, kept));
    if (!goes_on(name, partition)) {
      if (replicas_.find(name) == partition) (void)cleaning.drop_copy();
      co_return;
    }
    const std::vector<const log::LogSegment*> originals = cleaning.originals();
    context_.cluster.observer.on_compacting(
        {context_.id, partition->name(), originals, cleaning.copy(), now});
    const auto placed = cleaning.put_in_place();
    if (!placed) forsake(name, placed.error());
    if (!placed || !*placed) co_return;
    co_await context_.storage.settle();
  }
  if (!goes_on(name, partition)) co_return;
  logs_.note_cleaned(name, cleaning.end());
  const log::CleanerStats& stats = cleaning.stats();
  const sim::World::KeepCause keep(context_.world());
  context_.world().trace().record(events::log_compacted,
                                  {.machine = context_.machine(), .partition = partition->id()},
                                  {{"from", std::to_string(range.first_dirty)},
                                   {"to", std::to_string(cleaning.end())},
                                   {"records", std::to_string(stats.records_read)},
                                   {"kept", std::to_string(stats.records_kept)},
                                   {"read", to_rounded_text(Bytes(stats.bytes_read))},
                                   {"left", to_rounded_text(Bytes(stats.bytes_kept))}});
  co_await context_.storage.settle();
}

/// What the disk did is seen when the broker waits for it; what is damaged stays, and is not tried
/// again (markPartitionUncleanable).
void Compaction::forsake(const TopicPartition& name, const log::LogError& error) {
  if (error.kind == log::LogError::Kind::io) return;
  uncleanable_.insert(name);
  const Partition* partition = replicas_.find(name);
  const sim::World::KeepCause keep(context_.world());
  context_.world().trace().record(events::log_uncleanable,
                                  {.machine = context_.machine(), .partition = partition->id()},
                                  {{"why", error.message}});
}

void Compaction::on_truncated(const Partition& partition, Offset offset) {
  if (!partition.config().compacts()) return;
  if (in_progress_.contains(partition.name())) aborted_.insert(partition.name());
  if (offset < logs_.first_dirty_offset(partition.name())) {
    logs_.note_cleaned(partition.name(), offset);
  }
}

// --- What it costs ---

sim::Task<> Compaction::spend(std::int64_t records) {
  BrokerStorage::Traffic traffic = context_.storage.take();
  Bytes all;
  for (const LogDir::Traffic& of_dir : traffic) {
    for (const LogDir::Traffic::Range& read : of_dir.reads) all += Bytes(read.size);
  }
  const Bytes buffer(
      std::max<std::int64_t>(1, context_.config.log_cleaner_io_buffer_size.count() /
                                    std::max(1, context_.config.log_cleaner_threads) / 2));
  const auto per_byte =
      all > 0_B ? static_cast<double>(records) / static_cast<double>(all.count()) : 0.0;
  for (std::size_t dir = 0; dir < traffic.size(); ++dir) {
    std::vector<LogDir::Traffic::Range> reads = std::move(traffic[dir].reads);
    traffic[dir].reads.clear();
    BrokerStorage::Traffic part(traffic.size());
    Bytes bytes;
    for (std::size_t i = 0; i < reads.size(); ++i) {
      bytes += Bytes(reads[i].size);
      part[dir].reads.push_back(reads[i]);
      if (bytes < buffer && i + 1 < reads.size()) continue;
      const auto its = static_cast<std::int64_t>(static_cast<double>(bytes.count()) * per_byte);
      // Named, for what is moved into a coroutine's call.
      BrokerStorage::Traffic piece(traffic.size());
      std::swap(piece, part);
      const Bytes size = std::exchange(bytes, Bytes());
      co_await spend_part(std::move(piece), size, its);
    }
  }
  co_await context_.storage.settle(std::move(traffic));
}

/// What has passed already is waited for by what comes next.
sim::Task<> Compaction::throttle(Bytes bytes) {
  const auto& rate = context_.config.log_cleaner_io_max_bytes_per_second;
  if (!rate) co_return;
  const Time now = context_.world().now();
  const Time at = std::max(now, next_io_);
  const double seconds = static_cast<double>(bytes.count()) / *rate;
  next_io_ = at + from_seconds(seconds);
  if (at > now) co_await context_.world().sleep_until(at);
}

sim::Task<> Compaction::spend_part(BrokerStorage::Traffic part, Bytes bytes, std::int64_t records) {
  co_await throttle(bytes);
  co_await context_.storage.settle(std::move(part));
  sim::Cpu& cpu = context_.process.machine().cpu();
  const Duration demand = cpu.demand(0, records, bytes);
  co_await cpu.run(demand);
}

}  // namespace brokerlab::model
