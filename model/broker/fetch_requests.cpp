#include "model/broker/fetch_requests.h"

#include "model/broker/isr_changes.h"
#include "model/broker/replica_selector.h"
#include "model/events.h"

#include <algorithm>
#include <utility>

namespace brokerlab::model {

/// A fetch that found less than fetch.min.bytes: answered when there is enough, when something
/// about its partitions changes, or when fetch.max.wait.ms is over.
class FetchRequests::DelayedFetch final : public DelayedOperation {
 public:
  DelayedKind kind() const override { return DelayedKind::fetch; }
  DelayedFetch(FetchRequests& requests, CallPtr call, FetchContext context)
      : requests_(requests), call_(std::move(call)), context_(std::move(context)) {}

 private:
  bool try_complete() override {
    const BrokerStorage::ReadsFromCache cached(requests_.context_.storage);
    const auto& request = call_->as<FetchRequest>();
    Bytes available;
    bool enough = false;
    FetchPartitions& partitions = context_.partitions();
    partitions.wake_if_changed(requests_.changes());
    partitions.for_each_awake([&](CachedPartition& wanted) {
      enough = has_enough(wanted, request, available);
      return !enough;
    });
    return enough && answer_now();
  }
  /// With what the partitions before it have; or it has something that must be told at once.
  bool has_enough(CachedPartition& wanted, const FetchRequest& request, Bytes& available) {
    if (wanted.unknown) return false;  // which is answered with what the others have
    const Partition* partition = requests_.hosted(wanted);
    if (partition == nullptr) return true;
    if (stands_still(wanted, *partition)) return false;
    const Partition::Readable readable =
        partition->readable(wanted.asked, Partition::reader_of(request));
    if (readable.answer_now) return true;
    if (requests_.holds_back(*partition, request)) return false;
    if (readable.older_segment) return true;
    available += std::min(readable.bytes, wanted.asked.max_bytes);
    return available >= request.min_bytes;
  }
  void expire() override {
    const BrokerStorage::ReadsFromCache cached(requests_.context_.storage);
    const Bytes found = answer();
    const auto& request = call_->as<FetchRequest>();
    if (found > 0_B && found < request.min_bytes) requests_.tell_held_back(request, found);
  }
  // What a parked fetch waits for was written just now, perhaps by the very request that woke it.
  bool answer_now() {
    answer();
    return true;
  }
  Bytes answer() {
    Found found = requests_.read(call_->as<FetchRequest>(), context_);
    requests_.respond(*call_, context_, std::move(found.response));
    return found.readable;
  }

  FetchRequests& requests_;
  CallPtr call_;
  FetchContext context_;
};

FetchRequests::FetchRequests(const ReplicaContext& context, HostedReplicas& replicas,
                             IsrChanges& isr_changes, ReplicationQuota& quota)
    : context_(context),
      replicas_(replicas),
      isr_changes_(isr_changes),
      quota_(quota),
      sessions_(context.config.max_incremental_fetch_session_cache_slots,
                context.world().stream(
                    fmt::format("{}/fetch-sessions/{}", context.process.machine().name(),
                                context.world().now().time_since_epoch().count()))) {}

Partition* FetchRequests::hosted(CachedPartition& partition) {
  if (std::exchange(partition.hosted_as_of, changes()) != changes()) {
    partition.hosted = replicas_.find(partition.asked.partition);
  }
  return partition.hosted;
}

/// At most every 10 s a client: whoever is held back is so at every fetch.
void FetchRequests::tell_held_back(const FetchRequest& request, Bytes found) {
  constexpr Duration notable = 100ms;
  constexpr Duration apart = 10s;
  if (request.from_follower() || request.max_wait < notable) return;
  sim::World& world = context_.world();
  const Time now = world.now();
  const auto [last, fresh] = held_back_.try_emplace(request.client_id, now);
  if (!fresh && now - last->second < apart) return;
  last->second = now;
  const sim::World::KeepCause keep(world);
  world.trace().record(
      events::fetch_waited, {.machine = context_.machine()},
      events::with_wait(
          {{"client", request.client_id},
           {"wait", brokerlab::to_text(request.max_wait), to_korean_text(request.max_wait)},
           {"bytes", brokerlab::to_text(found)},
           {"min", brokerlab::to_text(request.min_bytes)}},
          {"fetch.max.wait.ms", request.max_wait, request.client_id}));
}

FetchRequests::Found FetchRequests::read(const FetchRequest& request, FetchContext& context) {
  Found found;
  found.response = std::make_unique<FetchResponse>();
  Room room{request.max_bytes};
  FetchPartitions& partitions = context.partitions();
  partitions.wake_if_changed(changes());
  // Who may be sent to another replica is asked about each: its choice does not stand still.
  if (chooses_replica(request)) partitions.wake_all();
  partitions.for_each_awake([&](CachedPartition& wanted) {
    read_one(wanted, request, context, room, found);
    const Partition* partition = hosted(wanted);
    if (partition != nullptr && stands_still(wanted, *partition)) partitions.rest(wanted);
    return true;
  });
  replicas_.name_leaders(*found.response);
  return found;
}

/// ReplicaManager.findPreferredReadReplica.
BrokerId FetchRequests::preferred_replica(const Partition& partition, const FetchRequest& request,
                                          Offset offset) const {
  if (!chooses_replica(request) || !partition.is_leader()) return {};
  const MetadataCache& metadata = context_.metadata;
  std::vector<ReplicaView> followers;
  for (const auto& [broker, state] : partition.followers()) {
    const bool able = contains(partition.isr(), broker) && state.log_end_offset >= offset &&
                      metadata.is_alive(broker);
    if (!able) continue;
    followers.push_back({broker, metadata.rack(broker), state.log_end_offset,
                         context_.clock() - state.last_caught_up});
  }
  const ReplicaView leader{context_.id, metadata.rack(context_.id), partition.log_end_offset(), {}};
  return nearest_replica(request.rack, leader, followers);
}

void FetchRequests::read_one(CachedPartition& wanted, const FetchRequest& request,
                             const FetchContext& context, Room& room, Found& found) {
  const bool follower = request.from_follower();
  const TopicPartition& name = wanted.asked.partition;
  const Partition* partition = hosted(wanted);
  wanted.refused = partition == nullptr;
  wanted.unknown = wanted.refused && !context_.metadata.has(name);
  if (wanted.refused) {
    found.response->partitions.push_back({name});
    found.response->partitions.back().error =
        wanted.unknown ? ErrorCode::unknown_topic_or_partition : replicas_.why_missing(name);
    // What is not known hurries nobody (KafkaApis.handleFetchRequest: erroneous, interesting).
    if (wanted.unknown) {
      ++found.unknown;
    } else {
      found.answer_now = true;
    }
    return;
  }
  const BrokerId preferred = preferred_replica(*partition, request, wanted.asked.fetch_offset);
  const bool send_away = preferred.valid();
  if (!send_away && stands_still(wanted, *partition)) return;
  FetchResponse::Partition answer{name};
  answer.preferred_read_replica = preferred;
  Partition::Read read;
  const bool held_back = holds_back(*partition, request);
  if (send_away) {
    read.error = partition->check_leader(wanted.asked.current_leader_epoch);
    read.high_watermark = partition->high_watermark();
    read.log_start_offset = partition->log().log_start_offset();
    read.log_end_offset = partition->log_end_offset();
    read.last_stable_offset = partition->last_stable_offset();
    found.answer_now = true;
  } else {
    const Bytes most = held_back ? 0_B : std::min(room.left, wanted.asked.max_bytes);
    read = partition->read(wanted.asked, Partition::reader_of(request), most,
                           room.min_one_batch && !held_back);
  }
  answer.error = read.error;
  answer.high_watermark = read.high_watermark;
  answer.log_start_offset = read.log_start_offset;
  answer.diverging_epoch = read.diverging;
  answer.records = std::move(read.records);
  answer.log_end_offset = read.log_end_offset;
  answer.last_stable_offset = read.last_stable_offset;
  answer.aborted = std::move(read.aborted);
  if (answer.error != ErrorCode::none || answer.diverging_epoch) {
    wanted.refused = true;
    found.answer_now = true;
    // Who asks in vain does so because the leadership changed.
    const sim::EventId changed = replicas_.transition(name);
    if (changed) context_.world().set_cause(changed);
  }
  const Bytes size(answer.records.size());
  if (size > 0_B) room.min_one_batch = false;
  found.readable += size;
  room.left -= std::min(room.left, size);
  BrokerCounters& counters = replicas_.counters();
  (follower ? counters.replication_bytes_out : counters.bytes_out) += size.count();
  // An answer that is full leaves records behind: there is something to read.
  const bool nothing_left = wanted.asked.fetch_offset >= read.bound;
  const bool tell = context.must_respond(
      wanted, answer,
      nothing_left && !send_away ? std::optional(partition->standing()) : std::nullopt);
  if (tell) found.response->partitions.push_back(std::move(answer));
}

void FetchRequests::respond(Call& call, FetchContext& context,
                            std::unique_ptr<FetchResponse> response) {
  if (call.as<FetchRequest>().from_follower()) count_throttled(*response);
  sessions_.finish(context, *response, context_.clock());
  call.respond(std::move(response));
}

/// KafkaApis.sizeOfThrottledPartitions, without what stands around the records. Replicas in sync
/// count, too.
void FetchRequests::count_throttled(const FetchResponse& response) {
  Bytes sent;
  for (const FetchResponse::Partition& answer : response.partitions) {
    const Bytes size(answer.records.size());
    const Partition* partition = size > 0_B ? replicas_.find(answer.partition) : nullptr;
    if (partition != nullptr && quota_.is_throttled(*partition)) sent += size;
  }
  if (sent > 0_B) quota_.record(sent);
}

sim::Task<> FetchRequests::fetch(CallPtr call) {
  auto& request = call->as<FetchRequest>();
  // KafkaApis.handleFetchRequest: of everybody, followers too.
  request.max_bytes = std::min(request.max_bytes, context_.config.fetch_max_bytes);
  request.min_bytes = std::min(request.min_bytes, request.max_bytes);
  FetchContext context = sessions_.context(request, replicas_.purgatory(), context_.clock());
  if (context.error() != ErrorCode::none) {
    auto response = std::make_unique<FetchResponse>();
    response->error = context.error();
    call->respond(std::move(response));
    co_return;
  }
  Found found = read(request, context);
  // Also when there is nothing, or nothing that is known, to wait for.
  const bool nothing = found.unknown == context.partitions().size();
  if (request.max_wait <= 0ns || nothing) found.answer_now = true;
  BrokerStorage::Traffic traffic = context_.storage.take();
  if (request.from_follower()) note_followers_fetch(request, context);
  co_await context_.storage.settle(std::move(traffic));
  for (FetchResponse::Partition& answer : found.response->partitions) {
    if (!replicas_.is_offline(answer.partition)) continue;
    answer.error = ErrorCode::kafka_storage_error;
    answer.records = {};
    found.answer_now = true;
  }
  if (found.answer_now || found.readable >= request.min_bytes) {
    respond(*call, context, std::move(found.response));
    co_return;
  }
  PurgatoryWaiter& waiter = context.partitions().waiter();
  replicas_.purgatory().add(std::make_shared<DelayedFetch>(*this, call, std::move(context)), waiter,
                            request.max_wait);
}

/// A follower that asks for an offset has everything before it.
void FetchRequests::note_followers_fetch(const FetchRequest& request, FetchContext& context) {
  for (CachedPartition& wanted : context.partitions()) {
    if (wanted.refused) continue;
    Partition& partition = *hosted(wanted);
    const Partition::FollowerFetch noted = partition.note_follower_fetch(
        request.replica, wanted.asked.fetch_offset, partition.log_end_offset(), context_.clock(),
        wanted.asked.log_start_offset);
    if (noted.known) {
      context_.watch.on_follower_fetch(context_.id, request.replica, partition.id());
    }
    if (noted.log_start_moved) replicas_.purgatory().check(partition.name());
    if (!noted.isr_change && !noted.high_watermark_moved) continue;
    const sim::World::KeepCause keep(context_.world());
    if (wanted.asked.because) context_.world().set_cause(wanted.asked.because);
    isr_changes_.submit_grown(partition, noted.isr_change);
    if (noted.high_watermark_moved) replicas_.wake(partition);
  }
}

// --- Offsets ---

sim::Task<> FetchRequests::list_offsets(CallPtr call) {
  const auto& request = call->as<ListOffsetsRequest>();
  auto response = std::make_unique<ListOffsetsResponse>();
  for (const ListOffsetsRequest::Partition& wanted : request.partitions) {
    response->partitions.push_back(find_offset(wanted, request));
  }
  co_await context_.storage.settle();
  call->respond(std::move(response));
}

ListOffsetsResponse::Partition FetchRequests::find_offset(
    const ListOffsetsRequest::Partition& wanted, const ListOffsetsRequest& request) const {
  ListOffsetsResponse::Partition answer{wanted.partition};
  const Partition* partition = replicas_.find(wanted.partition);
  if (partition == nullptr) {
    answer.error = replicas_.why_missing(wanted.partition);
    return answer;
  }
  answer.error = partition->check_leader(wanted.current_leader_epoch);
  if (answer.error != ErrorCode::none) return answer;
  // A follower asks for the end of the log, a consumer for the high watermark.
  const bool from_follower = request.from_follower;
  Offset end = from_follower ? partition->log_end_offset() : partition->high_watermark();
  if (request.isolation == IsolationLevel::read_committed) end = partition->last_stable_offset();
  // KIP-207: a new leader whose high watermark is still behind does not let time run back.
  // Whatever the isolation, it is the high watermark that tells
  // (Partition.fetchOffsetForTimestamp).
  const bool lags = !from_follower && partition->high_watermark() < partition->leader_epoch_start();
  const ErrorCode error_at_end = lags ? ErrorCode::offset_not_available : ErrorCode::none;
  answer.leader_epoch = partition->leader_epoch();
  if (wanted.timestamp == earliest_timestamp) {
    answer.offset = partition->log().log_start_offset();
  } else if (wanted.timestamp == latest_timestamp) {
    answer.offset = end;
    answer.error = error_at_end;
  } else {
    auto found = partition->log().offset_for_timestamp(wanted.timestamp);
    if (!found) {
      answer.error = ErrorCode::kafka_storage_error;
    } else if (found->has_value() && (*found)->offset < end) {
      answer.timestamp = (*found)->timestamp;
      answer.offset = (*found)->offset;
    } else {
      answer.error = error_at_end;
    }
  }
  return answer;
}

void FetchRequests::offset_for_leader_epoch(const CallPtr& call) {
  const auto& request = call->as<OffsetForLeaderEpochRequest>();
  auto response = std::make_unique<OffsetForLeaderEpochResponse>();
  for (const OffsetForLeaderEpochRequest::Partition& wanted : request.partitions) {
    const Partition* partition = replicas_.find(wanted.partition);
    if (partition == nullptr) {
      response->partitions.push_back(
          {.partition = wanted.partition, .error = replicas_.why_missing(wanted.partition)});
    } else {
      response->partitions.push_back(partition->end_of_epoch(wanted));
    }
  }
  call->respond(std::move(response));
}

}  // namespace brokerlab::model
