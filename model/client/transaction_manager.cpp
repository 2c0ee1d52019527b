#include "model/client/transaction_manager.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace brokerlab::model {

using Kind = TransactionRequest::Kind;

// --- What the application calls ---

OutcomePtr TransactionManager::refused() const {
  auto outcome = std::make_shared<TransactionOutcome>();
  *outcome = {true, last_error_};
  return outcome;
}

OutcomePtr TransactionManager::initialize() {
  ENSURE(transactional(), "transactions of a producer without a transactional.id");
  if (failed() || must_abort()) return refused();
  TransactionRequest request{.kind = Kind::init_producer_id};
  if (state_ == State::uninitialized) state_ = State::initializing;
  enqueue(request);
  return request.outcome;
}

ErrorCode TransactionManager::begin() {
  if (failed() || must_abort()) return last_error_;
  if (state_ != State::ready) return ErrorCode::invalid_txn_state;
  state_ = State::in_transaction;
  return ErrorCode::none;
}

bool TransactionManager::add_partition(const TopicPartition& partition) {
  if (!transactional()) return !failed();
  if (state_ != State::in_transaction) return false;
  if (!partitions_.contains(partition) && !pending_partitions_.contains(partition)) {
    new_partitions_.insert(partition);
  }
  return true;
}

OutcomePtr TransactionManager::send_offsets(GroupOffsets offsets) {
  if (failed() || must_abort()) return refused();
  ENSURE(state_ == State::in_transaction, "offsets outside of a transaction");
  TransactionRequest request{.kind = Kind::add_offsets};
  request.offsets = std::move(offsets);
  enqueue(request);
  return request.outcome;
}

OutcomePtr TransactionManager::begin_completing(bool commit) {
  if (failed() || (commit && must_abort())) return refused();
  ENSURE(state_ == State::in_transaction || must_abort(), "no transaction is open");
  state_ = commit ? State::committing : State::aborting;
  if (!commit) new_partitions_.clear();  // whoever aborts adds nothing
  if (!new_partitions_.empty()) enqueue_new_partitions();
  TransactionRequest end{.kind = Kind::end, .committed = commit};
  const bool known = last_error_ != ErrorCode::invalid_producer_id_mapping;
  last_error_ = ErrorCode::none;
  if (known) {
    enqueue(end);
    if (!bump_required_) return end.outcome;
  }
  TransactionRequest bump{.kind = Kind::bump_epoch};
  enqueue(bump);
  return bump.outcome;
}

void TransactionManager::enqueue_new_partitions() {
  pending_partitions_.insert(new_partitions_.begin(), new_partitions_.end());
  new_partitions_.clear();
  TransactionRequest request{.kind = Kind::add_partitions};
  request.partitions = {pending_partitions_.begin(), pending_partitions_.end()};
  enqueue(std::move(request));
}

// --- The sender's turn ---

void TransactionManager::begin_turn() {
  resolve_sequences();
  if (failed() || transactional()) return;
  if (bump_required_) bump_epoch();
  if (state_ == State::initializing || has_producer_id()) return;
  state_ = State::initializing;
  enqueue({.kind = Kind::init_producer_id});
}

/// TransactionManager.nextRequest.
std::optional<TransactionRequest> TransactionManager::next_request(bool incomplete) {
  if (!new_partitions_.empty()) enqueue_new_partitions();
  if (requests_.empty()) return std::nullopt;
  // The end waits for all batches.
  if (requests_.front().kind == Kind::end && incomplete) return std::nullopt;
  TransactionRequest next = std::move(requests_.front());
  requests_.pop_front();
  const bool harmless = must_abort() && next.kind == Kind::find_coordinator;
  if ((failed() || must_abort()) && !harmless) {
    *next.outcome = {true, last_error_};
    return std::nullopt;
  }
  if (next.kind == Kind::end && !started_) {
    // The coordinator never heard of it.
    next.outcome->done = true;
    complete_transaction();
    if (requests_.empty()) return std::nullopt;
    next = std::move(requests_.front());
    requests_.pop_front();
  }
  return next;
}

void TransactionManager::enqueue(TransactionRequest request) {
  const auto place = std::find_if(requests_.begin(), requests_.end(),
                                  [&](const auto& other) { return other.kind > request.kind; });
  requests_.insert(place, std::move(request));
}

void TransactionManager::retry(TransactionRequest request) {
  request.again = true;
  enqueue(std::move(request));
}

void TransactionManager::look_up_coordinator(const TransactionRequest& for_request) {
  TransactionRequest find{.kind = Kind::find_coordinator};
  if (for_request.needs_group_coordinator()) find.group = for_request.offsets.group;
  enqueue(std::move(find));
}

// --- Answers ---

void TransactionManager::take_producer_id(ProducerIdAndEpoch given, bool bumped) {
  producer_ = given;
  state_ = State::ready;
  last_error_ = ErrorCode::none;
  if (!bumped) return;
  sequences_.forget_all();
  unresolved_.clear();
}

void TransactionManager::partitions_added(const std::vector<TopicPartition>& partitions) {
  for (const TopicPartition& one : partitions) {
    pending_partitions_.erase(one);
    partitions_.insert(one);
  }
  started_ = true;
}

void TransactionManager::complete_transaction() {
  state_ = bump_required_ ? State::initializing : State::ready;
  last_error_ = ErrorCode::none;
  bump_required_ = false;
  started_ = false;
  new_partitions_.clear();
  pending_partitions_.clear();
  partitions_.clear();
}

void TransactionManager::fail_transaction(ErrorCode error, bool bump) {
  if (failed()) return;
  if (bump) bump_required_ = true;
  if (state_ == State::aborting) return;
  state_ = State::abortable_error;
  last_error_ = error;
}

void TransactionManager::fail_for_good(ErrorCode error) {
  state_ = State::fatal_error;
  last_error_ = error;
  for (TransactionRequest& request : requests_) *request.outcome = {true, error};
  requests_.clear();
}

/// Once nothing of a partition is under way its sequences must be whole, or they begin anew.
void TransactionManager::resolve_sequences() {
  for (auto it = unresolved_.begin(); it != unresolved_.end();) {
    const TopicPartition partition = it->first;
    if (has_in_flight(partition)) {
      ++it;
      continue;
    }
    // Those behind the one that expired may have been written, and it before them.
    if (!is_next_sequence(partition, sequences_.of(partition).next)) {
      if (transactional()) {
        fail_transaction(ErrorCode::unknown_server_error, true);
      } else {
        request_epoch_bump(partition);
      }
    }
    it = unresolved_.erase(it);
  }
}

void TransactionManager::request_epoch_bump(const TopicPartition& partition) {
  bump_required_ = true;
  to_rewrite_.insert(partition);
}

/// bumpIdempotentProducerEpoch: nobody else has this id, so no broker is asked.
void TransactionManager::bump_epoch() {
  if (producer_.epoch == std::numeric_limits<std::int16_t>::max()) {
    producer_ = {};
    state_ = State::uninitialized;
  } else {
    ++producer_.epoch;
  }
  for (const TopicPartition& partition : std::exchange(to_rewrite_, {})) {
    sequences_.start_at_beginning(partition, producer_);
    unresolved_.erase(partition);
  }
  bump_required_ = false;
}

// --- Batches that are drained ---

bool TransactionManager::has_in_flight(const TopicPartition& partition) const {
  const ProducerSequences::Partition* known = sequences_.find(partition);
  return known != nullptr && !known->in_flight.empty();
}

bool TransactionManager::has_stale_producer(const TopicPartition& partition) {
  return sequences_.of(partition).producer != producer_;
}

std::int32_t TransactionManager::first_in_flight_sequence(const TopicPartition& partition) const {
  const ProducerSequences::Partition* known = sequences_.find(partition);
  if (known == nullptr || known->in_flight.empty()) return log::no_sequence;
  return known->in_flight.front()->base_sequence;
}

/// maybeUpdateProducerIdAndEpoch.
void TransactionManager::adopt_producer(const TopicPartition& partition) {
  if (failed() || !has_stale_producer(partition) || has_in_flight(partition)) return;
  sequences_.start_at_beginning(partition, producer_);
}

std::int32_t TransactionManager::take_sequences(const TopicPartition& partition,
                                                std::int64_t count) {
  std::int32_t& next = sequences_.of(partition).next;
  return std::exchange(next, log::advance_sequence(next, static_cast<std::int32_t>(count)));
}

// --- Their fates ---

void TransactionManager::on_completed(const ProducerBatch& batch, Offset base_offset) {
  sequences_.note_acknowledged(batch.partition, batch.last_sequence());
  if (base_offset != log::no_offset) {
    sequences_.note_offset(batch.partition, base_offset + batch.record_count - 1);
  }
  sequences_.remove_in_flight(batch);
}

void TransactionManager::on_failed(const ProducerBatch& batch, ErrorCode error, bool certain) {
  // maybeTransitionToErrorState: without one of its records a transaction cannot be committed.
  if (error == ErrorCode::producer_fenced) {
    fail_for_good(error);
  } else if (transactional()) {
    fail_transaction(error, !completing());
  }
  sequences_.remove_in_flight(batch);
  if (failed()) return;
  const bool unknown = error == ErrorCode::unknown_producer_id;
  if (!transactional()) {
    // There is a gap in the log, or the broker knows nothing of us, or those behind it must close
    // up.
    const bool gap = unknown || error == ErrorCode::out_of_order_sequence_number;
    if (gap || certain) request_epoch_bump(batch.partition);
  } else if (unknown) {
    // The broker takes what begins at 0.
    sequences_.forget(batch.partition);
    unresolved_.erase(batch.partition);
  } else if (certain) {
    sequences_.close_gap(batch);
  }
}

void TransactionManager::mark_unresolved(const ProducerBatch& batch) {
  const std::int32_t next = batch.last_sequence() + 1;
  const auto [known, fresh] = unresolved_.try_emplace(batch.partition, next);
  if (!fresh) known->second = std::max(known->second, next);
}

bool TransactionManager::is_next_sequence(const TopicPartition& partition,
                                          std::int32_t sequence) const {
  const ProducerSequences::Partition* known = sequences_.find(partition);
  const std::int32_t last = known == nullptr ? log::no_sequence : known->last_acknowledged;
  return std::int64_t{sequence} - last == 1;
}

bool TransactionManager::can_retry(const ProducerBatch& batch, ErrorCode error,
                                   Offset log_start_offset) {
  const TopicPartition& partition = batch.partition;
  if (error == ErrorCode::unknown_producer_id) {
    // Without a start there is nothing to go by yet; and of a batch that has begun anew meanwhile
    // the answer is about its former sequence.
    if (log_start_offset == log::no_offset || batch.reopened) return true;
    if (!transactional()) {
      request_epoch_bump(partition);
      return true;
    }
    // What it wrote was deleted, which is no loss: it begins anew.
    const ProducerSequences::Partition* known = sequences_.find(partition);
    const Offset last = known == nullptr ? log::no_offset : known->last_acknowledged_offset;
    if (last >= log_start_offset) return false;
    sequences_.start_at_beginning(partition, producer_);
    return true;
  }
  if (error == ErrorCode::out_of_order_sequence_number) {
    const bool unresolved = has_unresolved_sequence(partition);
    // It is not its turn: the one before it failed, too.
    if (!unresolved && (batch.reopened || !is_next_sequence(partition, batch.base_sequence))) {
      return true;
    }
    if (transactional()) return false;
    // A gap for sure: nothing is unresolved, or this is the one behind what is.
    if (!unresolved || unresolved_.at(partition) == batch.base_sequence) {
      request_epoch_bump(partition);
    }
    return true;
  }
  return is_retriable(error);
}

}  // namespace brokerlab::model
