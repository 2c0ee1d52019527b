#include "log/partition/producer_state.h"

#include "log/batch/phantom.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace brokerlab::log {
namespace {

constexpr std::int32_t largest_sequence = std::numeric_limits<std::int32_t>::max();

bool in_sequence(std::int32_t last, std::int32_t next) {
  return (last != largest_sequence && next == last + 1) || (last == largest_sequence && next == 0);
}

}  // namespace

std::int32_t advance_sequence(std::int32_t sequence, std::int32_t by) {
  const std::int64_t sum = std::int64_t{sequence} + by;
  return static_cast<std::int32_t>(sum > largest_sequence ? sum - largest_sequence - 1 : sum);
}

ProducerBatch ProducerBatch::of(const BatchView& batch) {
  return {batch.producer_id(),      batch.producer_epoch(), batch.base_sequence(),
          batch.base_offset(),      batch.last_offset(),    batch.max_timestamp(),
          batch.is_transactional(), batch.is_control()};
}

ProducerBatch ProducerBatch::of(const PhantomBatch& batch) {
  return {batch.producer_id,   batch.producer_epoch, batch.base_sequence,      batch.base_offset,
          batch.last_offset(), batch.max_timestamp,  batch.is_transactional(), false};
}

std::int32_t ProducerBatch::last_sequence() const {
  return base_sequence == no_sequence ? no_sequence
                                      : advance_sequence(base_sequence, offset_delta());
}

std::int32_t AppendedBatch::first_sequence() const {
  const std::int64_t first = std::int64_t{last_sequence} - offset_delta;
  return static_cast<std::int32_t>(first < 0 ? first + largest_sequence + 1 : first);
}

// --- One producer ---

std::optional<AppendedBatch> ProducerState::find_duplicate(const ProducerBatch& batch) const {
  if (batch.producer_epoch != epoch) return std::nullopt;
  const std::int32_t last = batch.last_sequence();
  for (const AppendedBatch& known : batches) {
    if (known.first_sequence() == batch.base_sequence && known.last_sequence == last) {
      return known;
    }
  }
  return std::nullopt;
}

bool ProducerState::set_epoch(std::int16_t producer_epoch) {
  if (epoch == producer_epoch) return false;
  batches.clear();
  epoch = producer_epoch;
  return true;
}

void ProducerState::add_batch(std::int16_t producer_epoch, const AppendedBatch& batch) {
  set_epoch(producer_epoch);
  if (batches.size() == batches_remembered) batches.pop_front();
  batches.push_back(batch);
  last_timestamp = batch.timestamp;
}

// --- One append ---

ProducerAppend::ProducerAppend(const ProducerStates& states, std::int64_t producer_id,
                               AppendOrigin origin)
    : origin_(origin) {
  if (const ProducerState* known = states.find(producer_id)) {
    current_ = *known;
  } else {
    current_.id = producer_id;
  }
  // Batches of this append count apart from those before it: see check_sequence().
  updated_ = current_;
  updated_.batches.clear();
}

std::optional<ProducerError> ProducerAppend::check_epoch(const ProducerBatch& batch) const {
  if (batch.producer_epoch >= updated_.epoch) return std::nullopt;
  if (origin_ == AppendOrigin::replication) return std::nullopt;  // the leader let it pass
  return ProducerError{ProducerError::Kind::invalid_epoch,
                       fmt::format("producer {} has epoch {}, its batch is of epoch {}",
                                   updated_.id, updated_.epoch, batch.producer_epoch)};
}

std::optional<ProducerError> ProducerAppend::check_sequence(const ProducerBatch& batch) const {
  const std::int32_t first = batch.base_sequence;
  if (batch.producer_epoch != updated_.epoch) {
    // A new epoch counts from 0. Of a producer that is not known any more, anything goes.
    if (first == 0 || updated_.epoch == no_producer_epoch) return std::nullopt;
    return ProducerError{ProducerError::Kind::out_of_order,
                         fmt::format("producer {} begins epoch {} with sequence {}, not 0",
                                     updated_.id, batch.producer_epoch, first)};
  }
  std::int32_t last = no_sequence;
  if (!updated_.batches.empty()) {
    last = updated_.last_sequence();
  } else if (batch.producer_epoch == current_.epoch) {
    last = current_.last_sequence();
  }
  if (current_.epoch == no_producer_epoch || in_sequence(last, first)) return std::nullopt;
  return ProducerError{ProducerError::Kind::out_of_order,
                       fmt::format("producer {}, epoch {}: sequence {} does not follow {}",
                                   updated_.id, batch.producer_epoch, first, last)};
}

Result<std::optional<CompletedTransaction>, ProducerError> ProducerAppend::add(
    const ProducerBatch& batch, const std::optional<EndTransactionMarker>& marker) {
  if (batch.control) {
    if (!marker) return std::optional<CompletedTransaction>();
    return end_transaction(batch, *marker);
  }
  if (auto wrong = check_epoch(batch)) return fail(std::move(*wrong));
  if (origin_ == AppendOrigin::client) {
    if (auto wrong = check_sequence(batch)) return fail(std::move(*wrong));
  }
  const bool open = updated_.transaction_first_offset.has_value();
  if (open && !batch.transactional) {
    return fail(ProducerError{
        ProducerError::Kind::invalid_state,
        fmt::format("producer {} has an open transaction and sends outside of it", updated_.id)});
  }
  updated_.add_batch(batch.producer_epoch, {batch.last_sequence(), batch.last_offset,
                                            batch.offset_delta(), batch.max_timestamp});
  if (!open && batch.transactional) {
    updated_.transaction_first_offset = batch.base_offset;
    begun_.push_back(batch.base_offset);
  }
  return std::optional<CompletedTransaction>();
}

Result<std::optional<CompletedTransaction>, ProducerError> ProducerAppend::end_transaction(
    const ProducerBatch& batch, const EndTransactionMarker& marker) {
  if (auto wrong = check_epoch(batch)) return fail(std::move(*wrong));
  if (marker.coordinator_epoch < updated_.coordinator_epoch &&
      origin_ != AppendOrigin::replication) {
    return fail(ProducerError{
        ProducerError::Kind::coordinator_fenced,
        fmt::format("a marker of coordinator epoch {} for producer {}, which "
                    "has one of epoch {}",
                    marker.coordinator_epoch, updated_.id, updated_.coordinator_epoch)});
  }
  std::optional<CompletedTransaction> completed;
  if (updated_.transaction_first_offset) {
    completed = {updated_.id, *updated_.transaction_first_offset, batch.last_offset,
                 marker.result == TransactionResult::abort};
  }
  updated_.set_epoch(batch.producer_epoch);
  updated_.coordinator_epoch = marker.coordinator_epoch;
  updated_.transaction_first_offset.reset();
  updated_.last_timestamp = batch.max_timestamp;
  return completed;
}

// --- All producers ---

const ProducerState* ProducerStates::find(std::int64_t producer_id) const {
  const auto found = producers_.find(producer_id);
  return found == producers_.end() ? nullptr : &found->second;
}

void ProducerStates::update(const ProducerAppend& append) {
  ENSURE(append.updated_.id != no_producer_id, "an append without a producer id");
  ProducerState& known = producers_[append.updated_.id];
  known.id = append.updated_.id;
  known.set_epoch(append.updated_.epoch);
  for (const AppendedBatch& batch : append.updated_.batches) {
    known.add_batch(append.updated_.epoch, batch);
  }
  known.coordinator_epoch = append.updated_.coordinator_epoch;
  known.transaction_first_offset = append.updated_.transaction_first_offset;
  known.last_timestamp = append.updated_.last_timestamp;
  for (const Offset first : append.begun_) ongoing_[first] = {known.id};
}

void ProducerStates::restore(ProducerState producer) {
  if (producer.transaction_first_offset) {
    ongoing_[*producer.transaction_first_offset] = {producer.id};
  }
  const std::int64_t id = producer.id;
  producers_[id] = std::move(producer);
  restored_.insert(id);
}

bool ProducerStates::has_forgotten(const ProducerBatch& batch) const {
  const ProducerState* known = find(batch.producer_id);
  return known != nullptr && restored_.contains(batch.producer_id) &&
         known->epoch == batch.producer_epoch && !known->batches.empty() &&
         batch.last_sequence() < known->batches.front().first_sequence();
}

void ProducerStates::complete(const CompletedTransaction& transaction) {
  const auto open = ongoing_.find(transaction.first_offset);
  ENSURE(open != ongoing_.end(), "no transaction begins at offset {}", transaction.first_offset);
  unreplicated_[transaction.first_offset] = {transaction.producer_id, transaction.last_offset};
  ongoing_.erase(open);
}

void ProducerStates::on_high_watermark(Offset high_watermark) {
  std::erase_if(unreplicated_, [high_watermark](const auto& entry) {
    return entry.second.last_offset < high_watermark;
  });
}

std::optional<Offset> ProducerStates::first_undecided_offset() const {
  if (ongoing_.empty()) return std::nullopt;
  return ongoing_.begin()->first;
}

std::optional<Offset> ProducerStates::first_unstable_offset() const {
  if (unreplicated_.empty()) return first_undecided_offset();
  if (ongoing_.empty()) return unreplicated_.begin()->first;
  return std::min(unreplicated_.begin()->first, ongoing_.begin()->first);
}

Offset ProducerStates::last_stable_offset(Offset high_watermark) const {
  return std::min(first_unstable_offset().value_or(high_watermark), high_watermark);
}

Offset ProducerStates::last_stable_offset_after(const CompletedTransaction& transaction) const {
  for (const auto& [first, open] : ongoing_) {
    if (open.producer_id != transaction.producer_id) return first;
  }
  return transaction.last_offset + 1;
}

std::int32_t ProducerStates::remove_expired(Timestamp now, std::int64_t expiration) {
  const auto expired = std::erase_if(producers_, [&](const auto& entry) {
    const ProducerState& producer = entry.second;
    return !producer.transaction_first_offset && now - producer.last_timestamp >= expiration;
  });
  std::erase_if(restored_, [this](std::int64_t id) { return !producers_.contains(id); });
  return static_cast<std::int32_t>(expired);
}

void ProducerStates::clear() {
  producers_.clear();
  restored_.clear();
  ongoing_.clear();
  unreplicated_.clear();
}

}  // namespace brokerlab::log
