#include "model/broker/fetch_session.h"

#include <limits>
#include <utility>

namespace brokerlab::model {
namespace {

constexpr int shards = 8;  ///< KafkaServer.NumFetchSessionCacheShards (KafkaBroker, KAFKA-9401)
constexpr std::int32_t ids_a_shard = std::numeric_limits<std::int32_t>::max() / shards;
constexpr Duration eviction_time = 120s;  ///< MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS

}  // namespace

// --- FetchPartitions ---

void CachedPartition::on_standing_changed() {
  resting_at_ = nullptr;  // which has forgotten us
  all_.awake_.emplace(place_, this);
}

void CachedPartition::wake() {
  if (!rests()) return;
  resting_at_->unwatch_standing(*this);
  on_standing_changed();
}

void FetchPartitions::rest(CachedPartition& partition) {
  if (partition.rests()) return;
  awake_.erase(partition.place_);
  partition.resting_at_ = partition.hosted;
  partition.hosted->watch_standing(partition);
}

void FetchPartitions::wake_all() {
  for (CachedPartition& partition : order_) partition.wake();
}

CachedPartition* FetchPartitions::find(const TopicPartition& name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &*found->second.in_order;
}

void FetchPartitions::ask(const FetchRequest::Partition& wanted) {
  const auto [entry, fresh] = by_name_.try_emplace(wanted.partition);
  if (!fresh) {
    entry->second.in_order->asked = wanted;
    entry->second.in_order->nothing_while.reset();
    entry->second.in_order->wake();
    return;
  }
  CachedPartition& partition = order_.emplace_back(wanted, *this);
  partition.place_ = next_place_++;
  awake_.emplace_hint(awake_.end(), partition.place_, &partition);
  entry->second.in_order = std::prev(order_.end());
  if (waits_) entry->second.waiting = waiter_.watch(wanted.partition);
}

void FetchPartitions::forget(const TopicPartition& name) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return;
  if (waits_) waiter_.unwatch(found->second.waiting);
  CachedPartition& partition = *found->second.in_order;
  partition.wake();
  awake_.erase(partition.place_);
  order_.erase(found->second.in_order);
  by_name_.erase(found);
}

void FetchPartitions::move_to_end(const TopicPartition& name) {
  const auto partition = by_name_.at(name).in_order;
  order_.splice(order_.end(), order_, partition);
  const bool awake = awake_.erase(std::exchange(partition->place_, next_place_++)) > 0;
  if (awake) awake_.emplace_hint(awake_.end(), partition->place_, &*partition);
}

PurgatoryWaiter& FetchPartitions::waiter() {
  if (!std::exchange(waits_, true)) {
    for (CachedPartition& partition : order_) {
      const TopicPartition& name = partition.asked.partition;
      by_name_.at(name).waiting = waiter_.watch(name);
    }
  }
  return waiter_;
}

// --- FetchSessionShard ---

std::shared_ptr<FetchSession> FetchSessionShard::get(std::int32_t id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second;
}

void FetchSessionShard::take_out(const FetchSession& session) {
  last_used_.erase({session.last_used, session.id});
  evictable_by_all_.erase(key_of(session));
  evictable_by_privileged_.erase(key_of(session));
  partitions_ -= session.cached_size;
}

void FetchSessionShard::remove(std::int32_t id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  take_out(*found->second);
  sessions_.erase(found);
}

void FetchSessionShard::touch(FetchSession& session, Time now) {
  take_out(session);
  session.last_used = now;
  session.cached_size = session.partitions->size();
  last_used_.insert({now, session.id});
  const bool old = now - session.created > eviction_time;
  if (!session.privileged || old) evictable_by_privileged_.insert(key_of(session));
  if (old) evictable_by_all_.insert(key_of(session));
  partitions_ += session.cached_size;
}

std::int32_t FetchSessionShard::maybe_create(std::shared_ptr<FetchPartitions> partitions,
                                             bool privileged, Time now, RandomStream& random) {
  if (static_cast<int>(sessions_.size()) >= slots_ &&
      !try_evict({privileged, partitions->size(), 0}, now)) {
    return no_fetch_session;
  }
  std::int32_t id = no_fetch_session;
  while (id == no_fetch_session || sessions_.contains(id)) {
    id = first_id_ + static_cast<std::int32_t>(random.below(ids_));
  }
  const auto session = std::make_shared<FetchSession>();
  session->id = id;
  session->privileged = privileged;
  session->partitions = std::move(partitions);
  session->created = now;
  session->last_used = now;
  session->epoch = next_session_epoch(first_session_epoch);
  sessions_[id] = session;
  touch(*session, now);
  return id;
}

bool FetchSessionShard::try_evict(const EvictableKey& key, Time now) {
  if (last_used_.empty()) return false;
  std::int32_t out = no_fetch_session;
  if (now - last_used_.begin()->first > eviction_time) {
    out = last_used_.begin()->second;
  } else {
    const auto& evictable = std::get<0>(key) ? evictable_by_privileged_ : evictable_by_all_;
    if (evictable.empty() || key < *evictable.begin()) return false;
    out = std::get<2>(*evictable.begin());
  }
  remove(out);
  ++evictions_;
  return true;
}

// --- FetchContext ---

/// CachedPartition.maybeUpdateResponseData.
bool FetchContext::must_respond(CachedPartition& partition, const FetchResponse::Partition& answer,
                                const std::optional<Partition::Standing>& standing) const {
  if (!incremental()) return true;
  const bool must = !answer.records.empty() || answer.error != ErrorCode::none ||
                    answer.diverging_epoch || answer.preferred_read_replica.valid() ||
                    partition.high_watermark != answer.high_watermark ||
                    partition.log_start_offset != answer.log_start_offset;
  if (!must) partition.nothing_while = standing;
  return must;
}

// --- FetchSessionCache ---

FetchSessionCache::FetchSessionCache(int slots, RandomStream random) : random_(random) {
  for (int i = 0; i < shards; ++i) {
    const std::int32_t first = std::max(1, i * ids_a_shard);
    shards_.emplace_back(slots / shards, first, (i + 1) * ids_a_shard - first);
  }
}

FetchSessionShard& FetchSessionCache::shard_of(std::int32_t id) {
  const int shard = id / ids_a_shard;
  return shards_.at(static_cast<std::size_t>(std::min(shard, shards - 1)));
}

FetchContext FetchSessionCache::context(const FetchRequest& request, Purgatory& purgatory,
                                        Time now) {
  FetchContext context;
  context.from_follower_ = request.from_follower();
  const bool full = request.session_epoch == first_session_epoch ||
                    request.session_epoch == without_session_epoch;
  if (full) {
    if (request.session_id != no_fetch_session) {
      shard_of(request.session_id).remove(request.session_id);
    }
    context.wants_session_ = request.session_epoch == first_session_epoch;
    context.partitions_ = std::make_shared<FetchPartitions>(purgatory);
    for (const FetchRequest::Partition& wanted : request.partitions) {
      context.partitions_->ask(wanted);
    }
    return context;
  }
  FetchSessionShard& shard = shard_of(request.session_id);
  const std::shared_ptr<FetchSession> session = shard.get(request.session_id);
  if (session == nullptr || session->epoch != request.session_epoch) {
    context.error_ = session == nullptr ? ErrorCode::fetch_session_id_not_found
                                        : ErrorCode::invalid_fetch_session_epoch;
    context.partitions_ = std::make_shared<FetchPartitions>(purgatory);
    return context;
  }
  context.partitions_ = session->partitions;
  for (const FetchRequest::Partition& wanted : request.partitions) {
    session->partitions->ask(wanted);
  }
  for (const TopicPartition& name : request.forgotten) session->partitions->forget(name);
  if (session->partitions->empty()) {
    shard.remove(session->id);
    return context;
  }
  shard.touch(*session, now);
  session->epoch = next_session_epoch(session->epoch);
  context.session_ = session;
  context.expected_epoch_ = session->epoch;
  return context;
}

void FetchSessionCache::finish(FetchContext& context, FetchResponse& response, Time now) {
  FetchPartitions& partitions = *context.partitions_;
  if (context.incremental()) {
    response.session_id = context.session_->id;
    // A later request of the session has come meanwhile: this one is a duplicate.
    if (context.session_->epoch != context.expected_epoch_) {
      response.error = ErrorCode::invalid_fetch_session_epoch;
      response.partitions.clear();
      return;
    }
  } else if (!context.wants_session_) {
    return;
  }
  for (const FetchResponse::Partition& answer : response.partitions) {
    CachedPartition* partition = partitions.find(answer.partition);
    if (partition == nullptr) continue;
    // -1 with an error: when that goes away, there is news.
    partition->high_watermark =
        answer.error == ErrorCode::none ? answer.high_watermark : log::no_offset;
    partition->log_start_offset = answer.log_start_offset;
    if (context.incremental() && !answer.records.empty()) {
      partitions.move_to_end(answer.partition);
    }
  }
  if (context.incremental()) return;
  FetchSessionShard& shard = shards_[next_shard_++ % shards_.size()];
  response.session_id =
      shard.maybe_create(context.partitions_, context.from_follower_, now, random_);
}

std::size_t FetchSessionCache::partitions_of(const FetchRequest& request) const {
  if (request.session_epoch <= first_session_epoch) return request.partitions.size();
  const std::shared_ptr<FetchSession> session =
      shard_of(request.session_id).get(request.session_id);
  return session == nullptr ? 0 : session->partitions->size();
}

std::size_t FetchSessionCache::sessions() const {
  std::size_t all = 0;
  for (const FetchSessionShard& shard : shards_) all += shard.size();
  return all;
}

std::size_t FetchSessionCache::partitions() const {
  std::size_t all = 0;
  for (const FetchSessionShard& shard : shards_) all += shard.partitions();
  return all;
}

std::int64_t FetchSessionCache::evictions() const {
  std::int64_t all = 0;
  for (const FetchSessionShard& shard : shards_) all += shard.evictions();
  return all;
}

}  // namespace brokerlab::model
