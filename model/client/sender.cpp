#include "model/client/sender.h"

#include "model/events.h"
#include "model/explain.h"

#include <algorithm>

namespace brokerlab::model {

Sender::Sender(sim::Process& process, const ProducerConfig& config, const Parts& parts,
               ClusterContext& context)
    : process_(process),
      world_(process.world()),
      config_(config),
      network_(parts.network),
      accumulator_(parts.accumulator),
      partitioner_(parts.partitioner),
      memory_(parts.memory),
      counters_(parts.counters),
      transactions_(parts.transactions),
      context_(context),
      waits_(world_, config),
      outages_(process, network_.view(), context) {
  if (transactions_ != nullptr) {
    transaction_requests_.emplace(process, config, network_, *transactions_);
  }
}

/// Sender.runOnce and sendProducerData.
sim::Task<> Sender::run() {
  while (!network_.is_shut()) {
    if (transactions_ != nullptr) {
      const bool taken = co_await take_transactional_turn();
      if (taken) continue;
    }
    RecordAccumulator::Ready ready =
        accumulator_.ready(network_.view(), world_.now(), memory_.has_waiters());
    for (const RecordAccumulator::Load& load : ready.loads) partitioner_.update_load(load);
    if (ready.unknown_leader) network_.request_update();
    Time next = ready.next_check;
    std::vector<Drained> drained = drain(ready.nodes, next);
    fail_expired();
    next = std::min(next, accumulator_.next_expiry());
    for (const BatchPtr& batch : in_flight_batches_) {
      next = std::min(next, batch->created + config_.delivery_timeout);
    }
    const bool any = !drained.empty();
    for (Drained& one : drained) co_await send_drained(std::move(one));
    if (!any) co_await network_.changed().wait(next);  // else time has passed: look again
  }
}

/// What an idempotent producer does before it sends anything. True: that was its turn. Nothing else
/// is done meanwhile; not even what is buffered expires.
/// Source: Sender.runOnce, Sender.maybeSendAndPollTransactionalRequest.
sim::Task<bool> Sender::take_transactional_turn() {
  transactions_->begin_turn();
  if (transactions_->failed()) {
    abort_batches(transactions_->last_error(), "KafkaException");
    wake();
    co_await network_.changed().wait();
    co_return true;
  }
  if (transactions_->must_abort() || transactions_->aborting()) {
    const ErrorCode error = transactions_->last_error() == ErrorCode::none
                                ? ErrorCode::unknown_server_error
                                : transactions_->last_error();
    for (const BatchPtr& batch : accumulator_.take_undrained()) {
      abort(batch, error, "TransactionAbortedException");
    }
  }
  std::optional<TransactionRequest> next =
      transactions_->next_request(accumulator_.incomplete() > 0);
  if (!next) co_return false;
  co_await transaction_requests_->perform(std::move(*next));
  wake();
  co_return true;
}

/// The brokers among them that take a request now; `next`: moved to when another may.
std::vector<std::pair<BrokerId, NodeConnection*>> Sender::ready_to_take(
    const std::set<BrokerId>& nodes, Time& next) {
  std::vector<std::pair<BrokerId, NodeConnection*>> ready;
  for (const BrokerId node : nodes) {
    NodeConnection* connection = network_.node(node);
    ENSURE(connection != nullptr, "a leader has an address");
    const bool room = in_flight_[node] < config_.max_in_flight_requests_per_connection;
    const bool takes = network_.ready(*connection) && room;
    accumulator_.note_node(node, world_.now(), takes);
    if (!takes) {
      Blocked& now = blocked_.try_emplace(node, Blocked{world_.now(), {}}).first->second;
      if (!room) now.by = "max.in.flight.requests.per.connection";
      if (connection->unavailable()) now.by = "reconnect.backoff.ms";
      if (connection->throttled_until() > world_.now()) now.by = "throttle_time_ms";
    }
    if (takes) {
      ready.emplace_back(node, connection);
    } else if (connection->unavailable()) {
      next = std::min(next, connection->backoff_until());
    } else if (connection->throttled_until() > world_.now()) {
      next = std::min(next, connection->throttled_until());
    }
  }
  return ready;
}

/// Takes the batches for every broker that is ready.
std::vector<Sender::Drained> Sender::drain(const std::set<BrokerId>& nodes, Time& next) {
  std::vector<Drained> drained;
  for (const auto& [node, connection] : ready_to_take(nodes, next)) {
    Drained one{node, connection, connection->number(),
                accumulator_.drain(network_.view(), node, world_.now())};
    if (one.batches.empty()) continue;
    for (const BatchPtr& batch : one.batches) {
      note_drained(*batch, node);
      batch->sent_to = connection->address();
      if (config_.max_in_flight_requests_per_connection == 1) accumulator_.mute(batch->partition);
      in_flight_batches_.push_back(batch);
      outages_.note_drained(batch->partition);
    }
    ++in_flight_[node];
    blocked_.erase(node);
    drained.push_back(std::move(one));
  }
  return drained;
}

void Sender::note_drained(ProducerBatch& batch, BrokerId node) {
  const Time now = world_.now();
  const Time since = batch.attempts == 0 ? batch.created : batch.last_attempt;
  Duration left = now - since;
  const auto found = blocked_.find(node);
  if (found != blocked_.end()) {
    const Duration by_node = now - std::max(since, found->second.since);
    batch.times.blocked += by_node;
    if (!found->second.by.empty()) batch.times.blocked_by = found->second.by;
    left -= by_node;
  }
  if (batch.attempts == 0) {
    batch.times.lingered = std::min(left, config_.linger);
  } else {
    batch.times.backed_off += std::min(left, batch.backoff);
  }
  batch.times.drained = now;
}

sim::Task<> Sender::send_drained(Drained drained) {
  Bytes size;
  for (const BatchPtr& batch : drained.batches) {
    size += Bytes(batch->records.size());
  }
  ++counters_.requests;
  counters_.batches += static_cast<std::int64_t>(drained.batches.size());
  counters_.batch_bytes += size.count();
  sim::Cpu& cpu = process_.machine().cpu();
  const Duration demand = cpu.demand(static_cast<int>(drained.batches.size()), 0, size);
  co_await cpu.run(demand);
  process_.spawn(request(std::move(drained)));
}

/// What was taken while the last connection stood is in flight with what went out on it: if that
/// breaks they are sent again together, in their order (Sender.runOnce, NetworkClient).
sim::Task<> Sender::request(Drained drained) {
  const BrokerId node = drained.node;
  NodeConnection& connection = *drained.connection;
  const std::vector<BatchPtr> batches = std::move(drained.batches);
  auto produce = std::make_unique<ProduceRequest>();
  produce->acks = config_.acks;
  produce->timeout = config_.request_timeout;
  if (transactions_ != nullptr) produce->transactional_id = transactions_->transactional_id();
  for (const BatchPtr& batch : batches) {
    produce->partitions.push_back(
        {batch->partition, batch->records, {{batch, &batch->runs}, batch->because}});
  }
  const CardUse cards(process_.network(), process_.machine().id(), connection.address().machine);
  RequestPtr message = std::move(produce);
  Result<ResponsePtr, RpcFailure> result =
      co_await connection.call_on(drained.connection_number, std::move(message));
  --in_flight_[node];
  if (!result) {
    outages_.note_unreachable(connection.address(), result.error().kind, result.error().cause);
    network_.request_update();
    const bool timed_out = result.error().kind == RpcFailure::Kind::timed_out;
    for (const BatchPtr& batch : batches) {
      const ErrorCode error =
          timed_out ? ErrorCode::request_timed_out : ErrorCode::network_exception;
      complete(batch, node, {batch->partition, error}, &result.error());
    }
  } else if (config_.acks == Acks::none) {
    outages_.note_reached(connection.address());
    for (const BatchPtr& batch : batches) complete(batch, node, {batch->partition});
  } else {
    outages_.note_reached(connection.address());
    const auto* response = dynamic_cast<const ProduceResponse*>(result->get());
    ENSURE(response != nullptr && response->partitions.size() == batches.size(),
           "a produce response that does not match its request");
    take_answers(batches, node, *response, connection.address(), cards);
  }
  wake();
}

void Sender::take_answers(const std::vector<BatchPtr>& batches, BrokerId node,
                          const ProduceResponse& response, Address from, const CardUse& cards) {
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const ProduceResponse::Partition& answer = response.partitions[i];
    ENSURE(answer.partition == batches[i]->partition, "answers in another order");
    if (answer.error == ErrorCode::none && !batches[i]->done) {
      waits_.note(*batches[i], about(batches[i]->partition),
                  {response.waits, machine_name(process_, from)}, cards);
    }
    complete(batches[i], node, answer);
    if (names_new_leader(answer.error, answer.current_leader)) {
      network_.update_leader(answer.partition, answer.current_leader, response.node_endpoints);
    }
  }
}

sim::EventId Sender::why_silent(Address address) const {
  sim::EventId newest;
  const Time since = world_.now() - config_.request_timeout;
  for (const BatchPtr& batch : in_flight_batches_) {
    if (batch->sent_to != address) continue;  // others may lead by now
    const sim::EventId stalled =
        why_replicated_late(world_.trace(), context_.partitions.id_of(batch->partition), since);
    if (stalled.valid() && (!newest.valid() || newest < stalled)) newest = stalled;
  }
  return newest;
}

void Sender::fail_expired() {
  for (const BatchPtr& batch : accumulator_.take_expired(world_.now())) time_out(batch);
  std::vector<BatchPtr> late;
  for (const BatchPtr& batch : in_flight_batches_) {
    if (batch->created + config_.delivery_timeout <= world_.now()) late.push_back(batch);
  }
  for (const BatchPtr& batch : late) time_out(batch);
}

/// Sender.completeBatch.
void Sender::complete(const BatchPtr& batch, BrokerId node,
                      const ProduceResponse::Partition& answer, const RpcFailure* failure) {
  const ErrorCode error = answer.error;
  if (needs_metadata(error)) network_.request_update();
  std::erase(in_flight_batches_, batch);
  if (config_.max_in_flight_requests_per_connection == 1) accumulator_.unmute(batch->partition);
  // A broker that has it already may have forgotten where.
  if (error == ErrorCode::none || error == ErrorCode::duplicate_sequence_number) {
    if (transactions_ != nullptr) transactions_->on_completed(*batch, answer.base_offset);
    if (!batch->done) acknowledge(batch, node, answer.base_offset);
    return;
  }
  if (batch->done) return;  // its delivery timeout has passed
  const sim::PartitionId id = context_.partitions.id_of(batch->partition);
  outages_.note_interrupted(batch->partition, why_answered(world_.trace(), error, id));
  const bool split = error == ErrorCode::message_too_large && batch->record_count > 1;
  const bool final = !split && !can_retry(*batch, answer);
  if (failure != nullptr) {
    network_.errors().unanswered(ApiKey::produce, *failure, &batch->partition, final);
  } else {
    network_.errors().answered(ApiKey::produce, error, &batch->partition, final);
  }
  batch->times.last_error = error;
  batch->times.failed += world_.now() - batch->times.drained;
  batch->because = failure != nullptr ? failure->cause : why_refused(error, id);
  if (split) {
    if (transactions_ != nullptr) transactions_->remove_in_flight(*batch);
    accumulator_.split(batch);
    batch->done = true;
    memory_.give_back(batch->memory);
    return;
  }
  if (!final) {
    ++counters_.batches_retried;
    accumulator_.reenqueue(batch, world_.now());
  } else {
    if (transactions_ != nullptr) {
      transactions_->on_failed(*batch, error, batch->attempts < config_.retries);
    }
    give_up(batch, error);
  }
}

/// The error as it was told, else what is behind it.
sim::EventId Sender::why_refused(ErrorCode error, sim::PartitionId partition) const {
  const sim::EventId told = last_error(world_.trace(), process_.machine().id(), error);
  return told.valid() ? told : why_answered(world_.trace(), error, partition);
}

bool Sender::can_retry(const ProducerBatch& batch, const ProduceResponse::Partition& answer) const {
  const bool in_time = world_.now() < batch.created + config_.delivery_timeout;
  if (!in_time || batch.attempts >= config_.retries) return false;
  return transactions_ == nullptr
             ? is_retriable(answer.error)
             : transactions_->can_retry(batch, answer.error, answer.log_start_offset);
}

void Sender::acknowledge(const BatchPtr& batch, BrokerId node, Offset base_offset) {
  outages_.note_acknowledged(batch->partition, node);
  Offset offset = base_offset;
  for (const RecordRun& run : batch->runs) {
    context_.observer.on_acknowledged(run, batch->partition, offset);
    if (offset != log::no_offset) offset += run.count;
  }
  counters_.records_acknowledged += batch->record_count;
  finish(batch);
}

void Sender::time_out(const BatchPtr& batch) {
  if (batch->done) return;
  network_.errors().gave_up(ApiKey::produce, ErrorCode::request_timed_out, "TimeoutException",
                            &batch->partition);
  if (transactions_ != nullptr) {
    transactions_->on_failed(*batch, ErrorCode::request_timed_out, false);
  }
  give_up(batch, ErrorCode::request_timed_out, "TimeoutException");
  if (transactions_ != nullptr && batch->in_retry()) transactions_->mark_unresolved(*batch);
}

void Sender::abort(const BatchPtr& batch, ErrorCode error, std::string_view exception) {
  if (batch->done) return;
  network_.errors().gave_up(ApiKey::produce, error, exception, &batch->partition);
  give_up(batch, error, exception, transactions_ != nullptr && transactions_->aborting());
}

/// RecordAccumulator.abortIncompleteBatches.
void Sender::abort_incomplete() {
  abort_batches(ErrorCode::unknown_server_error, "KafkaException");
}

void Sender::abort_batches(ErrorCode error, std::string_view exception) {
  for (const BatchPtr& batch : accumulator_.take_all()) abort(batch, error, exception);
  const std::vector<BatchPtr> in_flight = in_flight_batches_;
  for (const BatchPtr& batch : in_flight) abort(batch, error, exception);
}

void Sender::give_up(const BatchPtr& batch, ErrorCode error, std::string_view exception,
                     bool by_choice) {
  if (batch->done) return;
  sim::Trace::About here = about(batch->partition);
  here.cause = why_not_written(world_.trace(), here.partition, here.machine, batch->created);
  if (!by_choice) outages_.note_interrupted(batch->partition, *here.cause);
  std::vector<sim::Detail> details{
      {"count", std::to_string(batch->record_count)},
      {"records",
       batch->record_count == 1 ? "1 record" : fmt::format("{} records", batch->record_count)},
      sim::Detail::of("error", how_it_ended(error, batch->times.last_error))};
  if (batch->created + config_.delivery_timeout <= world_.now()) {
    details = events::with_wait(std::move(details),
                                {"delivery.timeout.ms", config_.delivery_timeout, process_.name()});
  }
  world_.trace().record(events::producer_record_failed, here, std::move(details));
  for (const RecordRun& run : batch->runs) {
    context_.observer.on_send_failed(run, error, exception);
  }
  counters_.records_failed += batch->record_count;
  std::erase(in_flight_batches_, batch);
  finish(batch);
}

void Sender::finish(const BatchPtr& batch) {
  batch->done = true;
  accumulator_.note_finished(*batch);
  memory_.give_back(batch->memory);
  if (accumulator_.incomplete() == 0) wake();  // also wakes flush() and close()
}

}  // namespace brokerlab::model
