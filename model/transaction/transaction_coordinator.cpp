#include "model/transaction/transaction_coordinator.h"

#include "model/broken_rules.h"
#include "model/events.h"

#include <algorithm>
#include <utility>

namespace brokerlab::model {

using Phase = TransactionPhase;

namespace {

/// Another producer with its transactional id has begun.
bool is_fenced(ProducerIdAndEpoch producer, ProducerIdAndEpoch current) {
  return producer.epoch != current.epoch && !is_broken(Rule::old_epochs_are_fenced);
}

}  // namespace

TransactionCoordinator::TransactionCoordinator(sim::Process& process, const BrokerConfig& config,
                                               Parts parts)
    : process_(process),
      config_(config),
      context_(parts.context),
      next_producer_id_(std::move(parts.next_producer_id)),
      states_(process, config, parts.store, parts.context),
      markers_(process, states_, std::move(parts.find_leader), std::move(parts.marker_rpc),
               parts.context.observer) {
  states_.on_undone = [this](const std::string& id, LeaderEpoch epoch, Transit complete) {
    markers_.send(id, epoch, std::move(complete));
  };
}

/// With the first partition that it keeps: until then there is nothing to look at.
void TransactionCoordinator::start() {
  if (std::exchange(started_, true)) return;
  markers_.start();
  process_.spawn(abort_timed_out());
  process_.spawn(expire_ids());
}

void TransactionCoordinator::on_elected(int partition, LeaderEpoch epoch) {
  start();
  markers_.forget(partition);
  states_.own(partition, epoch);
}

void TransactionCoordinator::on_resigned(int partition) {
  states_.disown(partition);
  markers_.forget(partition);
}

// --- InitProducerId ---

sim::Task<std::unique_ptr<InitProducerIdResponse>> TransactionCoordinator::handle(
    const InitProducerIdRequest& request) {
  const Result<ProducerIdAndEpoch, ErrorCode> given = co_await init_producer_id(request);
  auto response = std::make_unique<InitProducerIdResponse>();
  if (given) {
    response->producer = *given;
  } else {
    response->error = given.error();
  }
  co_return response;
}

sim::Task<Result<ProducerIdAndEpoch, ErrorCode>> TransactionCoordinator::init_producer_id(
    const InitProducerIdRequest& request) {
  using Answer = Result<ProducerIdAndEpoch, ErrorCode>;
  if (!request.transactional_id) {
    const Result<std::int64_t, ErrorCode> id = next_producer_id_();
    if (!id) co_return Answer(fail(id.error()));
    co_return Answer(ProducerIdAndEpoch{*id, 0});
  }
  const std::string& name = *request.transactional_id;
  if (request.transaction_timeout > config_.transaction_max_timeout ||
      request.transaction_timeout <= Duration{0}) {
    co_return Answer(fail(ErrorCode::invalid_transaction_timeout));
  }
  Result<TransactionStateManager::Found, ErrorCode> found = states_.find(name);
  if (!found) co_return Answer(fail(found.error()));
  if (found->metadata == nullptr) {
    const Result<std::int64_t, ErrorCode> id = next_producer_id_();
    if (!id) co_return Answer(fail(id.error()));
    Transit fresh;
    fresh.producer.id = *id;
    fresh.timeout = request.transaction_timeout;
    fresh.updated = states_.now();
    found = states_.find_or_make(name, fresh);
  }
  const Result<Transit, ErrorCode> next = prepare_init(*found->metadata, request);
  if (!next) co_return Answer(fail(next.error()));
  if (next->phase == Phase::prepare_epoch_fence) {
    // Its transaction ends first; who asks comes again.
    const ErrorCode error = co_await end_transaction(name, next->producer, false, false);
    co_return Answer(fail(error == ErrorCode::none ? ErrorCode::concurrent_transactions : error));
  }
  const ErrorCode error = co_await states_.append(name, found->coordinator_epoch, *next);
  if (error != ErrorCode::none) co_return Answer(fail(error));
  context_.observer.on_transactional_producer(name, next->producer);
  co_return Answer(next->producer);
}

/// prepareInitProducerIdTransit.
Result<TransactionTransit, ErrorCode> TransactionCoordinator::prepare_init(
    TransactionMetadata& metadata, const InitProducerIdRequest& request) {
  if (metadata.pending()) return fail(ErrorCode::concurrent_transactions);
  const ProducerIdAndEpoch current = metadata.producer();
  const bool expects = request.producer.valid();
  const bool known = current.epoch == log::no_producer_epoch || request.producer.id == current.id ||
                     (request.producer.id == metadata.last_producer_id() &&
                      TransactionMetadata::is_exhausted(request.producer.epoch));
  if (expects && !known) return fail(ErrorCode::producer_fenced);
  switch (metadata.phase()) {
    case Phase::prepare_abort:
    case Phase::prepare_commit:
      return fail(ErrorCode::concurrent_transactions);
    case Phase::ongoing:
      return metadata.prepare_fence();
    default:
      break;
  }
  const log::Timestamp now = states_.now();
  const bool up_to_date = !expects || request.producer.epoch == current.epoch;
  if (metadata.epoch_exhausted() && up_to_date) {
    const Result<std::int64_t, ErrorCode> id = next_producer_id_();
    if (!id) return fail(id.error());
    return metadata.prepare_next_id(*id, request.transaction_timeout, now, expects);
  }
  std::optional<std::int16_t> expected;
  if (expects) expected = request.producer.epoch;
  return metadata.prepare_next_epoch(request.transaction_timeout, expected, now);
}

// --- What is in it ---

sim::Task<std::unique_ptr<AddPartitionsToTxnResponse>> TransactionCoordinator::handle(
    const AddPartitionsToTxnRequest& request) {
  auto response = std::make_unique<AddPartitionsToTxnResponse>();
  if (request.verify_only) {
    response->transactional_id = request.transactional_id;
    const ErrorCode error = verify(request, *response);
    if (error == ErrorCode::none) co_return response;
    for (const TopicPartition& partition : request.partitions) {
      response->partitions.push_back({partition, error});
    }
    co_return response;
  }
  std::set<TopicPartition> partitions(request.partitions.begin(), request.partitions.end());
  const ErrorCode error =
      co_await add_partitions(request.transactional_id, request.producer, std::move(partitions));
  for (const TopicPartition& partition : request.partitions) {
    response->partitions.push_back({partition, error});
  }
  co_return response;
}

sim::Task<std::unique_ptr<AddOffsetsToTxnResponse>> TransactionCoordinator::handle(
    const AddOffsetsToTxnRequest& request, TopicPartition offsets) {
  auto response = std::make_unique<AddOffsetsToTxnResponse>();
  std::set<TopicPartition> partitions{offsets};
  response->error =
      co_await add_partitions(request.transactional_id, request.producer, std::move(partitions));
  co_return response;
}

/// handleVerifyPartitionsInTransaction.
ErrorCode TransactionCoordinator::verify(const AddPartitionsToTxnRequest& request,
                                         AddPartitionsToTxnResponse& response) {
  const auto found = states_.find(request.transactional_id);
  if (!found) return found.error();
  if (found->metadata == nullptr) return ErrorCode::invalid_producer_id_mapping;
  const TransactionMetadata& metadata = *found->metadata;
  if (metadata.producer().id != request.producer.id) return ErrorCode::invalid_producer_id_mapping;
  if (is_fenced(request.producer, metadata.producer())) return ErrorCode::producer_fenced;
  if (metadata.phase() == Phase::prepare_commit || metadata.phase() == Phase::prepare_abort) {
    return ErrorCode::concurrent_transactions;
  }
  for (const TopicPartition& partition : request.partitions) {
    const bool in_it = metadata.partitions().contains(partition);
    response.partitions.push_back(
        {partition, in_it ? ErrorCode::none : ErrorCode::transaction_abortable});
  }
  return ErrorCode::none;
}

/// handleAddPartitionsToTransaction.
sim::Task<ErrorCode> TransactionCoordinator::add_partitions(std::string id,
                                                            ProducerIdAndEpoch producer,
                                                            std::set<TopicPartition> partitions) {
  const auto found = states_.find(id);
  if (!found) co_return found.error();
  if (found->metadata == nullptr) co_return ErrorCode::invalid_producer_id_mapping;
  TransactionMetadata& metadata = *found->metadata;
  if (metadata.producer().id != producer.id) co_return ErrorCode::invalid_producer_id_mapping;
  if (is_fenced(producer, metadata.producer())) co_return ErrorCode::producer_fenced;
  if (metadata.pending()) co_return ErrorCode::concurrent_transactions;
  if (metadata.phase() == Phase::prepare_commit || metadata.phase() == Phase::prepare_abort) {
    co_return ErrorCode::concurrent_transactions;
  }
  const bool all_in = std::includes(metadata.partitions().begin(), metadata.partitions().end(),
                                    partitions.begin(), partitions.end());
  if (metadata.phase() == Phase::ongoing && all_in) co_return ErrorCode::none;
  Transit next = metadata.prepare_add(partitions, states_.now());
  co_return co_await states_.append(id, found->coordinator_epoch, std::move(next));
}

// --- Its end ---

sim::Task<std::unique_ptr<EndTxnResponse>> TransactionCoordinator::handle(
    const EndTxnRequest& request) {
  auto response = std::make_unique<EndTxnResponse>();
  response->error =
      co_await end_transaction(request.transactional_id, request.producer, request.committed, true);
  co_return response;
}

namespace {

/// What there is to end in that phase: nothing when it is ongoing.
std::optional<ErrorCode> why_not_ended(Phase phase, bool committed) {
  const Phase prepared = committed ? Phase::prepare_commit : Phase::prepare_abort;
  const Phase complete = committed ? Phase::complete_commit : Phase::complete_abort;
  if (phase == Phase::ongoing) return std::nullopt;
  if (phase == prepared) return ErrorCode::concurrent_transactions;
  return phase == complete ? ErrorCode::none : ErrorCode::invalid_txn_state;
}

}  // namespace

sim::Task<ErrorCode> TransactionCoordinator::end_transaction(std::string id,
                                                             ProducerIdAndEpoch producer,
                                                             bool committed, bool from_client) {
  auto found = states_.find(id);
  if (!found) co_return found.error();
  if (found->metadata == nullptr) co_return ErrorCode::invalid_producer_id_mapping;
  TransactionMetadata* metadata = found->metadata;
  const LeaderEpoch coordinator_epoch = found->coordinator_epoch;
  const ProducerIdAndEpoch current = metadata->producer();
  if (current.id != producer.id) co_return ErrorCode::invalid_producer_id_mapping;
  // Its own fences are of a newer epoch.
  const bool newer = !from_client && producer.epoch > current.epoch;
  if (!newer && is_fenced(producer, current)) co_return ErrorCode::producer_fenced;
  const bool fencing = metadata->pending() == Phase::prepare_epoch_fence;
  if (metadata->pending() && !fencing) co_return ErrorCode::concurrent_transactions;
  const std::optional<ErrorCode> ended = why_not_ended(metadata->phase(), committed);
  if (ended) co_return *ended;
  const bool adopts = fencing && !committed;
  if (adopts) metadata->adopt_fence(producer.epoch);
  if (metadata->pending()) co_return ErrorCode::concurrent_transactions;
  Transit next = metadata->prepare_end(committed ? Phase::prepare_commit : Phase::prepare_abort,
                                       states_.now());
  const ErrorCode error = co_await states_.append(id, coordinator_epoch, std::move(next));

  found = states_.find(id);
  const bool same =
      found && found->metadata != nullptr && found->coordinator_epoch == coordinator_epoch;
  if (error != ErrorCode::none) {
    if (adopts && same) found->metadata->note_failed_fence();
    co_return error;
  }
  if (!found) co_return found.error();
  if (!same) co_return ErrorCode::not_coordinator;
  metadata = found->metadata;
  if (metadata->producer().id != producer.id) co_return ErrorCode::invalid_producer_id_mapping;
  if (is_fenced(producer, metadata->producer())) co_return ErrorCode::producer_fenced;
  if (metadata->pending()) co_return ErrorCode::concurrent_transactions;
  // The decision stands. The client hears so at once; the markers follow.
  markers_.send(id, coordinator_epoch, metadata->prepare_complete(states_.now()));
  co_return ErrorCode::none;
}

// --- Time ---

sim::Task<> TransactionCoordinator::abort_timed_out() {
  while (true) {
    co_await process_.world().sleep(
        config_.transaction_abort_timed_out_transaction_cleanup_interval);
    for (const std::string& id : states_.timed_out()) {
      const auto found = states_.find(id);
      if (!found || found->metadata == nullptr || found->metadata->pending()) continue;
      const Duration timeout = found->metadata->state().timeout;
      const Transit fenced = found->metadata->prepare_fence();
      const sim::World::KeepCause keep(process_.world());
      process_.world().trace().record(
          events::transaction_timed_out, {.machine = process_.machine().id()},
          events::with_wait({{"id", id}}, {"transaction.timeout.ms", timeout, id}));
      // Whether it could be written or not: it is looked at again.
      (void)co_await end_transaction(id, fenced.producer, false, false);
    }
  }
}

sim::Task<> TransactionCoordinator::expire_ids() {
  while (true) {
    co_await process_.world().sleep(
        config_.transaction_remove_expired_transaction_cleanup_interval);
    co_await states_.remove_expired();
  }
}

}  // namespace brokerlab::model
