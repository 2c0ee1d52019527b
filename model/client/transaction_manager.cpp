#include "model/client/transaction_manager.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace brokerlab::model {

// --- The sender's turn ---

void TransactionManager::begin_turn() {
  resolve_sequences();
  if (failed()) return;
  if (bump_required_) bump_epoch();
  if (state_ != State::initializing && !has_producer_id()) state_ = State::initializing;
}

void TransactionManager::take_producer_id(ProducerIdAndEpoch given) {
  producer_ = given;
  state_ = State::ready;
  last_error_ = ErrorCode::none;
}

void TransactionManager::fail_for_good(ErrorCode error) {
  state_ = State::fatal_error;
  last_error_ = error;
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
    if (!is_next_sequence(partition, sequences_.of(partition).next)) request_epoch_bump(partition);
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
  sequences_.remove_in_flight(batch);
  if (failed()) return;
  // There is a gap in the log, or the broker knows nothing of us, or those behind it must close up.
  const bool gap =
      error == ErrorCode::out_of_order_sequence_number || error == ErrorCode::unknown_producer_id;
  if (gap || certain) request_epoch_bump(batch.partition);
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
    request_epoch_bump(partition);
    return true;
  }
  if (error == ErrorCode::out_of_order_sequence_number) {
    const bool unresolved = has_unresolved_sequence(partition);
    // It is not its turn: the one before it failed, too.
    if (!unresolved && (batch.reopened || !is_next_sequence(partition, batch.base_sequence))) {
      return true;
    }
    // A gap for sure: nothing is unresolved, or this is the one behind what is.
    if (!unresolved || unresolved_.at(partition) == batch.base_sequence) {
      request_epoch_bump(partition);
    }
    return true;
  }
  return is_retriable(error);
}

}  // namespace brokerlab::model
