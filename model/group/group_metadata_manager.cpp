#include "model/group/group_metadata_manager.h"

#include "log/batch/control_record.h"
#include "model/broken_rules.h"
#include "model/coordinator_error.h"
#include "model/events.h"
#include "model/java_hash.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace brokerlab::model {

namespace {

/// What a member hears when the group's record could not be stored (GroupMetadataManager).
ErrorCode group_store_error(ErrorCode append) {
  if (append == ErrorCode::none) return append;
  if (append == ErrorCode::request_timed_out) return ErrorCode::rebalance_in_progress;
  return coordinator_error(append).value_or(ErrorCode::unknown_server_error);
}

/// maybeConvertOffsetCommitError: what has no word of its own for it is passed on.
ErrorCode offset_store_error(ErrorCode append) {
  switch (append) {
    case ErrorCode::network_exception:
      return ErrorCode::coordinator_load_in_progress;
    case ErrorCode::message_too_large:
    case ErrorCode::record_list_too_large:
      return ErrorCode::invalid_commit_offset_size;
    default:
      return coordinator_error(append).value_or(append);
  }
}

}  // namespace

GroupMetadataManager::GroupMetadataManager(sim::Process& process, const BrokerConfig& config,
                                           OffsetStore& store, ClusterContext& context)
    : process_(process),
      world_(process.world()),
      config_(config),
      store_(store),
      context_(context) {}

int GroupMetadataManager::partition_for(std::string_view group) const {
  return java_positive(java_hash(group)) % config_.offsets_topic_num_partitions;
}

ErrorCode GroupMetadataManager::status(const std::string& group) const {
  if (group.empty()) return ErrorCode::invalid_group_id;
  const auto owned = owned_.find(partition_for(group));
  if (owned == owned_.end()) return ErrorCode::not_coordinator;
  return owned->second.loading ? ErrorCode::coordinator_load_in_progress : ErrorCode::none;
}

GroupMetadata* GroupMetadataManager::find(const std::string& id) {
  const auto found = groups_.find(id);
  return found == groups_.end() ? nullptr : &found->second;
}

GroupMetadata& GroupMetadataManager::find_or_make(const std::string& id) {
  if (GroupMetadata* group = find(id)) return *group;
  GroupMetadata made{GroupState(id, rules()), partition_for(id)};
  made.state_time = context_.wall_millis(process_.machine());
  return groups_.emplace(id, std::move(made)).first->second;
}

bool GroupMetadataManager::owns(int partition, LeaderEpoch epoch) const {
  const auto owned = owned_.find(partition);
  return owned != owned_.end() && owned->second.epoch == epoch;
}

// --- Storing ---

sim::Task<std::optional<ErrorCode>> GroupMetadataManager::store_group(std::string id, int partition,
                                                                      GroupSnapshot snapshot) {
  const auto owned = owned_.find(partition);
  if (owned == owned_.end()) co_return std::nullopt;
  const LeaderEpoch epoch = owned->second.epoch;
  const log::ByteVector key = group_metadata_key(id);
  const log::Timestamp now = context_.stamp_millis(process_.machine());
  const GroupMetadata* group = find(id);
  const log::ByteVector value =
      group_metadata_value(snapshot, group == nullptr ? now : group->state_time);
  log::BatchBuilder builder;
  builder.append(now, key, value);
  const ErrorCode error = co_await store_.append(partition, builder.build());
  if (find(id) == nullptr || !owns(partition, epoch)) co_return std::nullopt;
  co_return group_store_error(error);
}

sim::Task<ErrorCode> GroupMetadataManager::store_offsets(const OffsetCommitRequest& request) {
  const int partition = partition_for(request.group);
  const auto owned = owned_.find(partition);
  ENSURE(owned != owned_.end(), "a commit for a partition that is led elsewhere");
  const LeaderEpoch epoch = owned->second.epoch;
  const log::Timestamp now = context_.stamp_millis(process_.machine());
  log::BatchBuilder builder;
  for (const OffsetCommitRequest::Partition& one : request.partitions) {
    const log::ByteVector key = offset_commit_key(request.group, one.partition);
    const log::ByteVector value =
        offset_commit_value({one.offset, one.leader_epoch, std::string(), now});
    builder.append(now, key, value);
  }
  const auto count_pending = [&](int more) {
    GroupMetadata* group = find(request.group);
    if (group == nullptr) return;
    for (const OffsetCommitRequest::Partition& one : request.partitions) {
      if ((group->pending[one.partition] += more) <= 0) group->pending.erase(one.partition);
    }
  };
  count_pending(1);
  const bool forgets = is_broken(Rule::commits_are_stored) && ++commits_ % 3 == 0;
  const ErrorCode appended =
      forgets ? ErrorCode::none : co_await store_.append(partition, builder.build());
  const ErrorCode error = offset_store_error(appended);
  GroupMetadata* group = find(request.group);
  if (error == ErrorCode::none && group != nullptr && owns(partition, epoch)) {
    for (const OffsetCommitRequest::Partition& one : request.partitions) {
      // Not of a partition that was deleted meanwhile (GroupMetadata.onOffsetCommitAppend).
      if (!group->pending.contains(one.partition)) continue;
      group->offsets[one.partition] = {one.offset, one.leader_epoch, std::string(), now};
    }
  }
  count_pending(-1);
  co_return error;
}

// --- Forgetting ---

sim::Task<> GroupMetadataManager::clean_up_regularly() {
  while (true) {
    const log::Timestamp now = context_.wall_millis(process_.machine());
    for (auto group = groups_.begin(); group != groups_.end();) {
      const auto next = std::next(group);
      forget(group->second, expired(group->second, now));
      group = next;
    }
    co_await world_.sleep(config_.offsets_retention_check_interval);
  }
}

/// GroupMetadata.removeExpiredOffsets.
GroupMetadataManager::Expired GroupMetadataManager::expired(const GroupMetadata& group,
                                                            log::Timestamp now) const {
  const GroupPhase phase = group.state.phase();
  const bool managed = group.state.managed();
  std::set<std::string> subscribed;
  bool since_empty = false;
  if (managed && phase == GroupPhase::empty) {
    since_empty = group.state_time >= 0;
  } else if (managed && phase == GroupPhase::stable) {
    subscribed = group.state.subscribed_topics();
  } else if (managed) {
    return {};
  }
  Expired expired;
  for (const auto& [partition, offset] : group.offsets) {
    const log::Timestamp since = since_empty ? group.state_time : offset.committed;
    if (subscribed.contains(partition.topic) || group.pending.contains(partition)) continue;
    if (now - since >= whole_millis(config_.offsets_retention)) expired.push_back(partition);
  }
  return expired;
}

/// cleanupGroupMetadata. The tombstones wait for nobody: if they are lost, the next coordinator
/// finds the same.
bool GroupMetadataManager::forget(GroupMetadata& group, const Expired& offsets) {
  const std::string id = group.state.id();
  const int partition = group.partition;
  const log::Timestamp now = context_.stamp_millis(process_.machine());
  log::BatchBuilder builder;
  for (const TopicPartition& name : offsets) {
    group.offsets.erase(name);
    builder.append(now, offset_commit_key(id, name), std::nullopt);
  }
  bool anything = !offsets.empty();
  // GroupMetadata.hasOffsets.
  const bool over = group.state.phase() == GroupPhase::empty && group.offsets.empty() &&
                    group.pending.empty() && !transactional_.has_any(partition, id);
  if (over) {
    // A group that only kept offsets has no record of its own.
    if (group.state.generation() > 0) {
      builder.append(now, group_metadata_key(id), std::nullopt);
      anything = true;
    }
    group.state.die();
    groups_.erase(id);
  }
  if (!anything) return !over;
  world_.trace().record(events::group_forgotten, {.machine = process_.machine().id()},
                        {{"group", id}, {"offsets", std::to_string(offsets.size())}});
  store_.append_unasked(partition, builder.build());
  return !over;
}

ErrorCode GroupMetadataManager::delete_group(const std::string& id) {
  const ErrorCode error = status(id);
  if (error != ErrorCode::none) return error;
  GroupMetadata* group = find(id);
  if (group == nullptr) return ErrorCode::group_id_not_found;
  if (group->state.phase() != GroupPhase::empty) return ErrorCode::non_empty_group;
  Expired all;
  for (const auto& [partition, offset] : group->offsets) all.push_back(partition);
  group->pending.clear();
  context_.observer.on_group_deleted(id);
  forget(*group, all);
  return ErrorCode::none;
}

/// GroupMetadata.removeOffsets: of commits on their way, too.
void GroupMetadataManager::forget_partitions(const std::vector<TopicPartition>& partitions) {
  for (auto group = groups_.begin(); group != groups_.end();) {
    const auto next = std::next(group);
    Expired gone;
    for (const TopicPartition& partition : partitions) {
      group->second.pending.erase(partition);
      transactional_.forget(group->second.partition, group->first, partition);
      if (group->second.offsets.contains(partition)) gone.push_back(partition);
    }
    if (!gone.empty()) forget(group->second, gone);
    group = next;
  }
}

// --- Transactions ---

sim::Task<ErrorCode> GroupMetadataManager::store_transactional_offsets(
    const TxnOffsetCommitRequest& request) {
  const int partition = partition_for(request.group);
  ENSURE(owned_.contains(partition), "a commit for a partition that is led elsewhere");
  const LeaderEpoch epoch = owned_.at(partition).epoch;
  const log::Timestamp now = context_.stamp_millis(process_.machine());
  log::BatchBuilder::Options options;
  options.producer_id = request.producer.id;
  options.producer_epoch = request.producer.epoch;
  options.transactional = true;
  log::BatchBuilder builder(options);
  for (const OffsetCommitRequest::Partition& one : request.partitions) {
    const CommittedOffset commit{one.offset, one.leader_epoch, std::string(), now};
    builder.append(now, offset_commit_key(request.group, one.partition),
                   offset_commit_value(commit));
    // Before it is written: the marker that ends it may be there as soon as it is.
    transactional_.add(partition, request.producer.id, request.group, one.partition, {commit});
  }
  const ErrorCode appended = co_await store_.append(partition, builder.build());
  const ErrorCode error = offset_store_error(appended);
  if (error != ErrorCode::none && owns(partition, epoch)) {
    transactional_.remove(partition, request.producer.id, request.group);
  }
  co_return error;
}

bool GroupMetadataManager::is_unstable(const std::string& group, const TopicPartition& of) const {
  const auto found = groups_.find(group);
  const bool being_stored = found != groups_.end() && found->second.pending.contains(of);
  return being_stored || transactional_.has(partition_for(group), group, of);
}

GroupMetadata& GroupMetadataManager::find_or_make_in(Groups& groups, int partition,
                                                     const std::string& id) const {
  const auto found = groups.find(id);
  if (found != groups.end()) return found->second;
  return groups.emplace(id, GroupMetadata{GroupState(id, rules()), partition}).first->second;
}

/// What was committed otherwise since then counts more (CommitRecordMetadataAndOffset.olderThan;
/// here by time).
void GroupMetadataManager::make_committed(Groups& groups, int partition,
                                          const TransactionalOffsets::OfProducer& ended) const {
  for (const auto& [id, offsets] : ended) {
    GroupMetadata& group = find_or_make_in(groups, partition, id);
    for (const auto& [of, pending] : offsets) {
      const auto known = group.offsets.find(of);
      const bool older =
          known != group.offsets.end() && known->second.committed > pending.commit.committed;
      if (!older) group.offsets.insert_or_assign(of, pending.commit);
    }
  }
}

void GroupMetadataManager::end_transaction(int partition, std::int64_t producer, bool committed) {
  TransactionalOffsets::OfProducer ended = transactional_.take(partition, producer);
  const auto owned = owned_.find(partition);
  if (committed && owned != owned_.end()) make_committed(groups_, partition, ended);
}

// --- Moving ---

void GroupMetadataManager::own(int partition, LeaderEpoch epoch) {
  const auto [owned, is_new] = owned_.try_emplace(partition);
  owned->second.epoch = epoch;
  if (!is_new) return;
  process_.spawn(load(partition, epoch));
}

void GroupMetadataManager::disown(int partition) {
  if (owned_.erase(partition) == 0) return;
  transactional_.forget(partition);
  for (auto group = groups_.begin(); group != groups_.end();) {
    if (group->second.partition != partition) {
      ++group;
      continue;
    }
    group->second.state.unload();
    on_unloaded(group->second);
    group = groups_.erase(group);
  }
}

sim::Task<> GroupMetadataManager::load(int partition, LeaderEpoch epoch) {
  std::map<std::string, GroupMetadata> loaded;
  Offset next = 0;
  while (next < store_.log_end_offset(partition)) {
    const Result<log::ByteSlice, ErrorCode> read = store_.read(partition, next);
    if (!read || read->empty()) break;
    const Offset before = next;
    std::int64_t records = 0;
    const bool good = load_batches(partition, *read, next, loaded, records);
    const Bytes size(static_cast<std::int64_t>(read->size()));
    sim::Cpu& cpu = process_.machine().cpu();
    const Duration demand = cpu.demand(1, records, size);
    co_await cpu.run(demand);
    if (!owns(partition, epoch)) co_return;
    if (!good || next == before) break;
  }
  finish_load(partition, std::move(loaded));
}

bool GroupMetadataManager::load_batches(int partition, log::ByteView bytes, Offset& next,
                                        std::map<std::string, GroupMetadata>& loaded,
                                        std::int64_t& records) {
  const log::BatchView* current = nullptr;
  const auto group_of = [&](const std::string& id) -> GroupMetadata& {
    const auto found = loaded.find(id);
    if (found != loaded.end()) return found->second;
    return loaded.emplace(id, GroupMetadata{GroupState(id, rules()), partition}).first->second;
  };
  const auto apply = [&](const log::RecordView& record) {
    ++records;
    const std::optional<CoordinatorRecord> decoded = decode_coordinator_record(record);
    if (!decoded || record.offset < next) return true;
    if (const auto* commit = std::get_if<OffsetCommitRecord>(&*decoded)) {
      if (current->is_transactional()) {
        if (commit->offset) {
          transactional_.add(partition, current->producer_id(), commit->group, commit->partition,
                             {*commit->offset});
        }
      } else if (commit->offset) {
        group_of(commit->group).offsets[commit->partition] = *commit->offset;
      } else {
        group_of(commit->group).offsets.erase(commit->partition);
      }
    } else if (const auto* metadata = std::get_if<GroupMetadataRecord>(&*decoded)) {
      GroupMetadata& group = group_of(metadata->group);
      group.state = metadata->snapshot
                        ? GroupState(metadata->group, rules(), *metadata->snapshot, world_.now())
                        : GroupState(metadata->group, rules());
      group.state_time = metadata->state_time;
    }
    return true;
  };
  log::ByteVector scratch;
  for (const log::BatchView& batch : log::Batches(bytes)) {
    current = &batch;
    if (batch.is_control()) {
      const auto marker = log::read_marker(batch);
      if (!marker.ok()) return false;
      TransactionalOffsets::OfProducer ended = transactional_.take(partition, batch.producer_id());
      const bool committed = *marker && (*marker)->result == log::TransactionResult::commit;
      if (committed) make_committed(loaded, partition, ended);
    } else if (!log::for_each_record(batch, scratch, apply).ok()) {
      return false;
    }
    next = std::max(next, batch.next_offset());
  }
  return true;
}

void GroupMetadataManager::finish_load(int partition,
                                       std::map<std::string, GroupMetadata>&& loaded) {
  int count = 0;
  for (auto& [id, group] : loaded) {
    // Sessions begin when the loading is done, not when a record was read.
    if (group.state.generation() > 0) {
      group.state = GroupState(id, rules(), group.state.snapshot(), world_.now());
    }
    ++count;
    GroupMetadata& kept = groups_.insert_or_assign(id, std::move(group)).first->second;
    on_loaded(kept);
  }
  owned_[partition].loading = false;
  // Fifty partitions change hands at once; only those that bring groups are worth a sentence.
  if (count == 0) return;
  world_.trace().record(events::coordinator_loaded,
                        {.machine = process_.machine().id(),
                         .partition = context_.partitions.id_of({offsets_topic, partition})},
                        {{"groups", std::to_string(count)}});
}

}  // namespace brokerlab::model
