// Produce, fetch and offset requests of the ReplicaManager, and how they wait.
#include "model/broker/replica_manager.h"
#include "model/events.h"

#include <algorithm>

namespace brokerlab::model {

namespace {

bool names_the_leader(ErrorCode error) {
  return error == ErrorCode::not_leader_or_follower || error == ErrorCode::fenced_leader_epoch;
}

}  // namespace

/// KIP-951: who refuses because it does not lead says who does, as far as it knows: by its replica,
/// else by its metadata, with the address when that broker is alive. Source:
/// KafkaApis.getCurrentLeader.
template <class Response>
void ReplicaManager::name_leaders(Response& response) const {
  for (auto& answer : response.partitions) {
    if (!names_the_leader(answer.error)) continue;
    const auto hosted = partitions_.find(answer.partition);
    answer.current_leader =
        hosted != partitions_.end()
            ? CurrentLeader{hosted->second->leader(), hosted->second->leader_epoch()}
            : metadata_.current_leader(answer.partition);
    const BrokerId leader = answer.current_leader.leader;
    const std::optional<Address> address = metadata_.address(leader);
    const auto same = [leader](const BrokerEndpoint& node) { return node.id == leader; };
    if (address &&
        std::none_of(response.node_endpoints.begin(), response.node_endpoints.end(), same)) {
      response.node_endpoints.push_back({leader, *address});
    }
  }
}

// --- Produce ---

/// An acks=all produce: answered when the high watermark has passed all its batches.
class ReplicaManager::DelayedProduce final : public DelayedOperation {
 public:
  using Answer = std::function<void(const std::vector<ErrorCode>&)>;
  struct Waiting {
    TopicPartition partition;
    Offset required = log::no_offset;  ///< no_offset: failed already, with `error`.
    ErrorCode error = ErrorCode::none;
  };

  DelayedProduce(ReplicaManager& replicas, std::vector<Waiting> waiting, Answer answer)
      : replicas_(replicas), waiting_(std::move(waiting)), answer_(std::move(answer)) {}
  ~DelayedProduce() override { call_off(); }

  /// Has it told when it has waited for long. A second is long, or half its time.
  void watch(Duration timeout) {
    sim::World& world = replicas_.world();
    timer_ = world.after(std::min<Duration>(1s, timeout / 2), [this, since = world.now()] {
      for (const Waiting& wait : waiting_) {
        if (wait.required != log::no_offset) {
          replicas_.tell_stalled(wait.partition, wait.required, since);
        }
      }
    });
  }

 private:
  bool try_complete() override {
    bool all_done = true;
    for (Waiting& wait : waiting_) {
      if (wait.required == log::no_offset) continue;
      const Partition* partition = replicas_.find(wait.partition);
      const Partition::AckState state =
          partition != nullptr ? partition->acknowledged(wait.required)
                               : Partition::AckState{true, replicas_.why_missing(wait.partition)};
      if (state.done) {
        wait.required = log::no_offset;
        wait.error = state.error;
      } else {
        all_done = false;
      }
    }
    if (all_done) finish();
    return all_done;
  }
  void expire() override {
    for (Waiting& wait : waiting_) {
      if (wait.required != log::no_offset) wait.error = ErrorCode::request_timed_out;
    }
    finish();
  }
  void call_off() {
    if (timer_) replicas_.world().cancel(*timer_);
  }
  void finish() {
    call_off();
    std::vector<ErrorCode> errors;
    for (const Waiting& wait : waiting_) errors.push_back(wait.error);
    answer_(errors);
  }

  ReplicaManager& replicas_;
  std::vector<Waiting> waiting_;
  Answer answer_;
  std::optional<sim::TimerId> timer_;
};

sim::Task<> ReplicaManager::produce(CallPtr call) {
  const auto& request = call->as<ProduceRequest>();
  auto response = std::make_shared<ProduceResponse>();
  std::vector<DelayedProduce::Waiting> waiting;
  std::vector<TopicPartition> names;
  for (const ProduceRequest::Partition& produced : request.partitions) {
    ProduceResponse::Partition& answer =
        response->partitions.emplace_back(ProduceResponse::Partition{produced.partition});
    Partition* partition = find(produced.partition);
    if (partition == nullptr) {
      answer.error = why_missing(produced.partition);
      waiting.push_back({produced.partition, log::no_offset, answer.error});
      continue;
    }
    // The leader writes offsets into the batch: it needs its own copy of the sender's bytes.
    log::ByteVector batch(produced.records.data(),
                          produced.records.data() + produced.records.size());
    auto appended = partition->append_as_leader(batch, request.acks, clock(), wall_millis());
    if (!appended) {
      answer.error = appended.error();
      waiting.push_back({produced.partition, log::no_offset, answer.error});
      continue;
    }
    if (appended->info.rolled) {
      process_.spawn(flush_behind(produced.partition, appended->info.first_offset));
    }
    answer.base_offset = appended->info.first_offset;
    answer.log_start_offset = partition->log().log_start_offset();
    counters_.messages_in += appended->info.records;
    counters_.bytes_in += appended->info.bytes;
    cluster_.observer.on_leader_append(id_, produced.partition, partition->leader_epoch(),
                                       appended->info.first_offset, partition->log_end_offset(),
                                       appended->info.bytes);
    if (produced.origin.records) {
      cluster_.observer.on_batch_appended({id_, produced.partition, *produced.origin.records,
                                           appended->info.first_offset, produced.origin.because});
    }
    waiting.push_back({produced.partition, appended->info.last_offset + 1, ErrorCode::none});
    names.push_back(produced.partition);
    wake(*partition);
  }
  const Time written = world().now();
  co_await storage_.settle();
  call->note_disk(written);
  for (DelayedProduce::Waiting& wait : waiting) {
    if (offline_.contains(wait.partition)) wait.error = ErrorCode::kafka_storage_error;
  }
  const auto respond = [this, call, response](const std::vector<ErrorCode>& errors) {
    for (std::size_t i = 0; i < errors.size(); ++i) {
      response->partitions[i].error = errors[i];
      if (errors[i] != ErrorCode::none) response->partitions[i].base_offset = log::no_offset;
    }
    name_leaders(*response);
    call->respond(std::make_unique<ProduceResponse>(*response));
  };
  if (request.acks != Acks::all) {
    for (DelayedProduce::Waiting& wait : waiting) wait.required = log::no_offset;
    std::vector<ErrorCode> errors;
    for (const DelayedProduce::Waiting& wait : waiting) errors.push_back(wait.error);
    respond(errors);
    co_return;
  }
  call->note_parked();
  const auto delayed = std::make_shared<DelayedProduce>(*this, std::move(waiting), respond);
  purgatory_.add(delayed, names, request.timeout);
  if (!delayed->completed()) delayed->watch(request.timeout);
}

sim::Task<ErrorCode> ReplicaManager::append(int number, log::ByteVector batch) {
  const TopicPartition name{offsets_topic, number};
  Partition* partition = find(name);
  if (partition == nullptr) co_return ErrorCode::not_leader_or_follower;
  auto appended = partition->append_as_leader(batch, Acks::all, clock(), wall_millis());
  if (!appended) co_return appended.error();
  if (appended->info.rolled) process_.spawn(flush_behind(name, appended->info.first_offset));
  cluster_.observer.on_leader_append(id_, name, partition->leader_epoch(),
                                     appended->info.first_offset, partition->log_end_offset(),
                                     appended->info.bytes);
  wake(*partition);
  co_await storage_.settle();
  auto outcome = std::make_shared<sim::OneShot<ErrorCode>>(world());
  std::vector<DelayedProduce::Waiting> waiting{{name, appended->info.last_offset + 1}};
  const auto answer = [outcome](const std::vector<ErrorCode>& errors) { outcome->set(errors[0]); };
  const std::vector<TopicPartition> names{name};
  purgatory_.add(std::make_shared<DelayedProduce>(*this, std::move(waiting), answer), names,
                 config_.offsets_commit_timeout);
  const std::optional<ErrorCode> error = co_await outcome->wait();
  co_return error.value_or(ErrorCode::unknown_server_error);
}

// --- Fetch ---

/// A fetch that found less than fetch.min.bytes: answered when there is enough, when something
/// about its partitions changes, or when fetch.max.wait.ms is over.
class ReplicaManager::DelayedFetch final : public DelayedOperation {
 public:
  DelayedFetch(ReplicaManager& replicas, CallPtr call)
      : replicas_(replicas), call_(std::move(call)) {}

 private:
  bool try_complete() override {
    const BrokerStorage::ReadsFromCache cached(replicas_.storage_);
    const auto& request = call_->as<FetchRequest>();
    Bytes available;
    for (const FetchRequest::Partition& wanted : request.partitions) {
      const Partition* partition = replicas_.find(wanted.partition);
      if (partition == nullptr) return answer_now();
      const Partition::Readable readable = partition->readable(wanted, request.from_follower());
      if (readable.answer_now) return answer_now();
      available += std::min(readable.bytes, wanted.max_bytes);
      if (available >= request.min_bytes) return answer_now();
    }
    return false;
  }
  void expire() override {
    const BrokerStorage::ReadsFromCache cached(replicas_.storage_);
    const Bytes found = answer();
    const auto& request = call_->as<FetchRequest>();
    if (found > 0_B && found < request.min_bytes) replicas_.tell_held_back(request, found);
  }
  // What a parked fetch waits for was written just now, perhaps by the very request that woke it.
  bool answer_now() {
    answer();
    return true;
  }
  Bytes answer() {
    Bytes readable;
    bool answer_now = false;
    std::unique_ptr<FetchResponse> response =
        replicas_.read_for(call_->as<FetchRequest>(), readable, answer_now);
    call_->respond(std::move(response));
    return readable;
  }

  ReplicaManager& replicas_;
  CallPtr call_;
};

/// Now and then: a consumer that is held back is so again and again.
void ReplicaManager::tell_held_back(const FetchRequest& request, Bytes found) {
  constexpr Duration notable = 100ms;
  constexpr Duration apart = 10s;
  if (request.from_follower() || request.max_wait < notable) return;
  const Time now = world().now();
  const auto [last, fresh] = held_back_.try_emplace(request.client_id, now);
  if (!fresh && now - last->second < apart) return;
  last->second = now;
  const sim::World::KeepCause keep(world());
  world().trace().record(
      events::fetch_waited, {.machine = machine()},
      events::with_wait(
          {{"client", request.client_id},
           {"wait", brokerlab::to_text(request.max_wait), to_korean_text(request.max_wait)},
           {"bytes", brokerlab::to_text(found)},
           {"min", brokerlab::to_text(request.min_bytes)}},
          {"fetch.max.wait.ms", request.max_wait, request.client_id}));
}

std::unique_ptr<FetchResponse> ReplicaManager::read_for(const FetchRequest& request,
                                                        Bytes& readable, bool& answer_now) {
  auto response = std::make_unique<FetchResponse>();
  const bool follower = request.from_follower();
  Bytes left = std::min(request.max_bytes, follower ? config_.replica_fetch_response_max_bytes
                                                    : config_.fetch_max_bytes);
  bool min_one_batch = true;  // the first batch comes whole, or a large one would block for ever
  for (const FetchRequest::Partition& wanted : request.partitions) {
    FetchResponse::Partition& answer =
        response->partitions.emplace_back(FetchResponse::Partition{wanted.partition});
    const Partition* partition = find(wanted.partition);
    if (partition == nullptr) {
      answer.error = why_missing(wanted.partition);
      answer_now = true;
      continue;
    }
    const Partition::Read read =
        partition->read(wanted, follower, std::min(left, wanted.max_bytes), min_one_batch);
    answer.error = read.error;
    answer.high_watermark = read.high_watermark;
    answer.log_start_offset = read.log_start_offset;
    answer.diverging_epoch = read.diverging;
    answer.records = read.data.bytes;
    answer.log_end_offset = read.log_end_offset;
    if (read.error != ErrorCode::none || read.diverging) {
      answer_now = true;
      // Who asks in vain does so because the leadership changed.
      if (const sim::EventId changed = transition(wanted.partition)) world().set_cause(changed);
    }
    const Bytes size(static_cast<std::int64_t>(read.data.bytes.size()));
    if (size > 0_B) min_one_batch = false;
    readable += size;
    left -= std::min(left, size);
    (follower ? counters_.replication_bytes_out : counters_.bytes_out) += size.count();
  }
  name_leaders(*response);
  return response;
}

sim::Task<> ReplicaManager::fetch(CallPtr call) {
  const auto& request = call->as<FetchRequest>();
  Bytes readable;
  bool answer_now = request.max_wait <= 0ns || request.partitions.empty();
  std::unique_ptr<FetchResponse> response = read_for(request, readable, answer_now);
  BrokerStorage::Traffic traffic = storage_.take();
  if (request.from_follower()) {
    for (std::size_t i = 0; i < request.partitions.size(); ++i) {
      const FetchResponse::Partition& answer = response->partitions[i];
      if (answer.error != ErrorCode::none || answer.diverging_epoch) continue;
      Partition& partition = *find(answer.partition);
      const Partition::FollowerFetch noted = partition.note_follower_fetch(
          request.replica, request.partitions[i].fetch_offset, partition.log_end_offset(), clock());
      if (noted.known) {
        watch_.on_follower_fetch(id_, request.replica, partition.id());
      }
      const sim::World::KeepCause keep(world());
      if (request.partitions[i].because) world().set_cause(request.partitions[i].because);
      {
        const sim::World::KeepCause mine(world());
        if (noted.isr_change) world().set_cause(why_grown(partition));
        submit(noted.isr_change);
      }
      if (noted.high_watermark_moved) wake(partition);
    }
  }
  co_await storage_.settle(std::move(traffic));
  for (FetchResponse::Partition& answer : response->partitions) {
    if (!offline_.contains(answer.partition)) continue;
    answer.error = ErrorCode::kafka_storage_error;
    answer.records = {};
    answer_now = true;
  }
  if (answer_now || readable >= request.min_bytes) {
    call->respond(std::move(response));
    co_return;
  }
  std::vector<TopicPartition> names;
  for (const FetchRequest::Partition& wanted : request.partitions) {
    names.push_back(wanted.partition);
  }
  purgatory_.add(std::make_shared<DelayedFetch>(*this, call), names, request.max_wait);
}

// --- Offsets ---

sim::Task<> ReplicaManager::list_offsets(CallPtr call) {
  const auto& request = call->as<ListOffsetsRequest>();
  auto response = std::make_unique<ListOffsetsResponse>();
  for (const ListOffsetsRequest::Partition& wanted : request.partitions) {
    ListOffsetsResponse::Partition& answer =
        response->partitions.emplace_back(ListOffsetsResponse::Partition{wanted.partition});
    const Partition* partition = find(wanted.partition);
    if (partition == nullptr || !partition->is_leader()) {
      answer.error = offline_.contains(wanted.partition) ? ErrorCode::kafka_storage_error
                                                         : ErrorCode::not_leader_or_follower;
      continue;
    }
    answer.error = partition->check_epoch(wanted.current_leader_epoch);
    if (answer.error != ErrorCode::none) continue;
    answer.leader_epoch = partition->leader_epoch();
    if (wanted.timestamp == earliest_timestamp) {
      answer.offset = partition->log().log_start_offset();
    } else if (wanted.timestamp == latest_timestamp) {
      // A follower asks for the end of the log, a consumer for the high watermark.
      answer.offset =
          request.from_follower ? partition->log_end_offset() : partition->high_watermark();
      // KIP-207: a new leader whose high watermark is still behind does not let time run back.
      if (!request.from_follower && answer.offset < partition->leader_epoch_start()) {
        answer.error = ErrorCode::offset_not_available;
      }
    } else {
      auto found = partition->log().offset_for_timestamp(wanted.timestamp);
      if (!found) {
        answer.error = ErrorCode::kafka_storage_error;
      } else if (found->has_value() && (*found)->offset < partition->high_watermark()) {
        answer.timestamp = (*found)->timestamp;
        answer.offset = (*found)->offset;
      }
    }
  }
  co_await storage_.settle();
  call->respond(std::move(response));
}

void ReplicaManager::offset_for_leader_epoch(CallPtr call) {
  const auto& request = call->as<OffsetForLeaderEpochRequest>();
  auto response = std::make_unique<OffsetForLeaderEpochResponse>();
  for (const OffsetForLeaderEpochRequest::Partition& wanted : request.partitions) {
    const Partition* partition = find(wanted.partition);
    if (partition == nullptr) {
      response->partitions.push_back(
          {.partition = wanted.partition, .error = why_missing(wanted.partition)});
    } else {
      response->partitions.push_back(partition->end_of_epoch(wanted));
    }
  }
  call->respond(std::move(response));
}

}  // namespace brokerlab::model
