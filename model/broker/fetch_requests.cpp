#include "model/broker/fetch_requests.h"

#include "model/broker/isr_changes.h"
#include "model/events.h"

#include <algorithm>

namespace brokerlab::model {

/// A fetch that found less than fetch.min.bytes: answered when there is enough, when something
/// about its partitions changes, or when fetch.max.wait.ms is over.
class FetchRequests::DelayedFetch final : public DelayedOperation {
 public:
  DelayedFetch(FetchRequests& requests, CallPtr call)
      : requests_(requests), call_(std::move(call)) {}

 private:
  bool try_complete() override {
    const BrokerStorage::ReadsFromCache cached(requests_.context_.storage);
    const auto& request = call_->as<FetchRequest>();
    Bytes available;
    for (const FetchRequest::Partition& wanted : request.partitions) {
      const Partition* partition = requests_.replicas_.find(wanted.partition);
      if (partition == nullptr) return answer_now();
      const Partition::Readable readable = partition->readable(wanted, request.from_follower());
      if (readable.answer_now) return answer_now();
      available += std::min(readable.bytes, wanted.max_bytes);
      if (available >= request.min_bytes) return answer_now();
    }
    return false;
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
    Found found = requests_.read(call_->as<FetchRequest>());
    call_->respond(std::move(found.response));
    return found.readable;
  }

  FetchRequests& requests_;
  CallPtr call_;
};

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

FetchRequests::Found FetchRequests::read(const FetchRequest& request) {
  Found found{std::make_unique<FetchResponse>(), {}};
  const bool follower = request.from_follower();
  const BrokerConfig& config = context_.config;
  Bytes left = std::min(request.max_bytes, follower ? config.replica_fetch_response_max_bytes
                                                    : config.fetch_max_bytes);
  bool min_one_batch = true;  // the first batch comes whole, or a large one would block for ever
  for (const FetchRequest::Partition& wanted : request.partitions) {
    FetchResponse::Partition& answer =
        found.response->partitions.emplace_back(FetchResponse::Partition{wanted.partition});
    const Partition* partition = replicas_.find(wanted.partition);
    if (partition == nullptr) {
      answer.error = replicas_.why_missing(wanted.partition);
      found.answer_now = true;
      continue;
    }
    const Partition::Read read =
        partition->read(wanted, follower, std::min(left, wanted.max_bytes), min_one_batch);
    answer.error = read.error;
    answer.high_watermark = read.high_watermark;
    answer.log_start_offset = read.log_start_offset;
    answer.diverging_epoch = read.diverging;
    answer.records = read.records;
    answer.log_end_offset = read.log_end_offset;
    if (read.error != ErrorCode::none || read.diverging) {
      found.answer_now = true;
      // Who asks in vain does so because the leadership changed.
      const sim::EventId changed = replicas_.transition(wanted.partition);
      if (changed) context_.world().set_cause(changed);
    }
    const Bytes size(read.records.size());
    if (size > 0_B) min_one_batch = false;
    found.readable += size;
    left -= std::min(left, size);
    BrokerCounters& counters = replicas_.counters();
    (follower ? counters.replication_bytes_out : counters.bytes_out) += size.count();
  }
  replicas_.name_leaders(*found.response);
  return found;
}

sim::Task<> FetchRequests::fetch(CallPtr call) {
  const auto& request = call->as<FetchRequest>();
  Found found = read(request);
  if (request.max_wait <= 0ns || request.partitions.empty()) found.answer_now = true;
  BrokerStorage::Traffic traffic = context_.storage.take();
  if (request.from_follower()) note_followers_fetch(request, *found.response);
  co_await context_.storage.settle(std::move(traffic));
  for (FetchResponse::Partition& answer : found.response->partitions) {
    if (!replicas_.is_offline(answer.partition)) continue;
    answer.error = ErrorCode::kafka_storage_error;
    answer.records = {};
    found.answer_now = true;
  }
  if (found.answer_now || found.readable >= request.min_bytes) {
    call->respond(std::move(found.response));
    co_return;
  }
  std::vector<TopicPartition> names;
  for (const FetchRequest::Partition& wanted : request.partitions) {
    names.push_back(wanted.partition);
  }
  replicas_.purgatory().add(std::make_shared<DelayedFetch>(*this, call), names, request.max_wait);
}

/// A follower that asks for an offset has everything before it.
void FetchRequests::note_followers_fetch(const FetchRequest& request,
                                         const FetchResponse& response) {
  for (std::size_t i = 0; i < request.partitions.size(); ++i) {
    const FetchResponse::Partition& answer = response.partitions[i];
    if (answer.error != ErrorCode::none || answer.diverging_epoch) continue;
    Partition& partition = *replicas_.find(answer.partition);
    const Partition::FollowerFetch noted =
        partition.note_follower_fetch(request.replica, request.partitions[i].fetch_offset,
                                      partition.log_end_offset(), context_.clock());
    if (noted.known) {
      context_.watch.on_follower_fetch(context_.id, request.replica, partition.id());
    }
    const sim::World::KeepCause keep(context_.world());
    if (request.partitions[i].because) context_.world().set_cause(request.partitions[i].because);
    isr_changes_.submit_grown(partition, noted.isr_change);
    if (noted.high_watermark_moved) replicas_.wake(partition);
  }
}

// --- Offsets ---

sim::Task<> FetchRequests::list_offsets(CallPtr call) {
  const auto& request = call->as<ListOffsetsRequest>();
  auto response = std::make_unique<ListOffsetsResponse>();
  for (const ListOffsetsRequest::Partition& wanted : request.partitions) {
    response->partitions.push_back(find_offset(wanted, request.from_follower));
  }
  co_await context_.storage.settle();
  call->respond(std::move(response));
}

ListOffsetsResponse::Partition FetchRequests::find_offset(
    const ListOffsetsRequest::Partition& wanted, bool from_follower) const {
  ListOffsetsResponse::Partition answer{wanted.partition};
  const Partition* partition = replicas_.find(wanted.partition);
  answer.error = partition == nullptr ? replicas_.why_missing(wanted.partition)
                                      : partition->check_leader(wanted.current_leader_epoch);
  if (answer.error != ErrorCode::none) return answer;
  // A follower asks for the end of the log, a consumer for the high watermark.
  const Offset end = from_follower ? partition->log_end_offset() : partition->high_watermark();
  // KIP-207: a new leader whose high watermark is still behind does not let time run back.
  const bool lags = !from_follower && end < partition->leader_epoch_start();
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

void FetchRequests::offset_for_leader_epoch(CallPtr call) {
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
