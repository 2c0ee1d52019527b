#include "model/transaction/transaction_state.h"

#include <algorithm>
#include <initializer_list>
#include <limits>

namespace brokerlab::model {

namespace {

/// TransactionState.validPreviousStates.
bool may_follow(TransactionPhase next, TransactionPhase now) {
  using Phase = TransactionPhase;
  const auto one_of = [now](std::initializer_list<Phase> phases) {
    return std::find(phases.begin(), phases.end(), now) != phases.end();
  };
  switch (next) {
    case Phase::empty:
    case Phase::dead:
      return one_of({Phase::empty, Phase::complete_commit, Phase::complete_abort});
    case Phase::ongoing:
      return one_of({Phase::ongoing, Phase::empty, Phase::complete_commit, Phase::complete_abort});
    case Phase::prepare_commit:
    case Phase::prepare_epoch_fence:
      return one_of({Phase::ongoing});
    case Phase::prepare_abort:
      return one_of({Phase::ongoing, Phase::prepare_epoch_fence});
    case Phase::complete_commit:
      return one_of({Phase::prepare_commit});
    case Phase::complete_abort:
      return one_of({Phase::prepare_abort});
  }
  UNREACHABLE();
}

}  // namespace

std::string_view to_text(TransactionPhase phase) {
  switch (phase) {
    case TransactionPhase::empty:
      return "Empty";
    case TransactionPhase::ongoing:
      return "Ongoing";
    case TransactionPhase::prepare_commit:
      return "PrepareCommit";
    case TransactionPhase::prepare_abort:
      return "PrepareAbort";
    case TransactionPhase::complete_commit:
      return "CompleteCommit";
    case TransactionPhase::complete_abort:
      return "CompleteAbort";
    case TransactionPhase::dead:
      return "Dead";
    case TransactionPhase::prepare_epoch_fence:
      return "PrepareEpochFence";
  }
  UNREACHABLE();
}

bool TransactionMetadata::is_exhausted(std::int16_t epoch) {
  // The last one is for fencing the producer off.
  return epoch >= std::numeric_limits<std::int16_t>::max() - 1;
}

TransactionTransit TransactionMetadata::prepare(Phase phase, ProducerIdAndEpoch producer,
                                                std::int16_t last_epoch) {
  ENSURE(!pending_, "a change to {} while one to {} is being written", to_text(phase),
         to_text(*pending_));
  ENSURE(may_follow(phase, state_.phase), "{} after {}", to_text(phase), to_text(state_.phase));
  Transit next = state_;
  next.last_producer_id = state_.producer.id;
  next.producer = producer;
  next.last_epoch = last_epoch;
  next.phase = phase;
  pending_ = phase;
  return next;
}

Result<TransactionTransit, ErrorCode> TransactionMetadata::prepare_next_epoch(
    Duration timeout, std::optional<std::int16_t> expected, log::Timestamp now) {
  const std::int16_t current = state_.producer.epoch;
  const auto bumped = static_cast<std::int16_t>(current + 1);
  std::int16_t epoch = bumped;
  std::int16_t last = log::no_producer_epoch;
  if (expected) {
    if (current == log::no_producer_epoch || *expected == current) {
      last = current;
    } else if (*expected == state_.last_epoch) {
      // It asks again: the answer with the epoch that it has was lost.
      epoch = current;
      last = state_.last_epoch;
    } else {
      return fail(ErrorCode::producer_fenced);
    }
  }
  Transit next = prepare(Phase::empty, {state_.producer.id, epoch}, last);
  next.timeout = timeout;
  next.partitions.clear();
  next.started = log::no_timestamp;
  next.updated = now;
  return next;
}

TransactionTransit TransactionMetadata::prepare_next_id(std::int64_t id, Duration timeout,
                                                        log::Timestamp now, bool keep_last) {
  const std::int16_t last = keep_last ? state_.producer.epoch : log::no_producer_epoch;
  Transit next = prepare(Phase::empty, {id, 0}, last);
  next.timeout = timeout;
  next.partitions.clear();
  next.started = log::no_timestamp;
  next.updated = now;
  return next;
}

TransactionTransit TransactionMetadata::prepare_fence() {
  const auto next = static_cast<std::int16_t>(state_.producer.epoch + (failed_fence_ ? 0 : 1));
  return prepare(Phase::prepare_epoch_fence, {state_.producer.id, next}, log::no_producer_epoch);
}

TransactionTransit TransactionMetadata::prepare_add(const std::set<TopicPartition>& partitions,
                                                    log::Timestamp now) {
  const bool begins = state_.phase != Phase::ongoing;
  Transit next = prepare(Phase::ongoing, state_.producer, state_.last_epoch);
  if (begins) next.started = now;
  next.partitions.insert(partitions.begin(), partitions.end());
  next.updated = now;
  return next;
}

TransactionTransit TransactionMetadata::prepare_end(Phase phase, log::Timestamp now) {
  Transit next = prepare(phase, state_.producer, state_.last_epoch);
  next.updated = now;
  return next;
}

TransactionTransit TransactionMetadata::prepare_complete(log::Timestamp now) {
  const Phase phase =
      state_.phase == Phase::prepare_commit ? Phase::complete_commit : Phase::complete_abort;
  failed_fence_ = false;
  Transit next = prepare(phase, state_.producer, state_.last_epoch);
  next.partitions.clear();
  next.updated = now;
  return next;
}

TransactionTransit TransactionMetadata::prepare_dead() {
  Transit next = prepare(Phase::dead, state_.producer, state_.last_epoch);
  next.partitions.clear();
  return next;
}

void TransactionMetadata::complete(const Transit& transit) {
  ENSURE(pending_ == transit.phase, "{} is written, which was not prepared",
         to_text(transit.phase));
  ENSURE(transit.phase != Phase::prepare_epoch_fence && transit.phase != Phase::dead,
         "{} is never written", to_text(transit.phase));
  ENSURE(transit.phase == Phase::empty || transit.producer == state_.producer,
         "{} of another producer", to_text(transit.phase));
  pending_.reset();
  const std::int64_t last_id = state_.last_producer_id;
  state_ = transit;
  if (transit.phase != Phase::empty) state_.last_producer_id = last_id;
}

void TransactionMetadata::adopt_fence(std::int16_t epoch) {
  ENSURE(pending_ == Phase::prepare_epoch_fence, "no fence is under way");
  pending_.reset();
  state_.producer.epoch = epoch;
  state_.last_epoch = log::no_producer_epoch;
}

void TransactionMetadata::remove_partition(const TopicPartition& partition) {
  ENSURE(state_.phase == Phase::prepare_commit || state_.phase == Phase::prepare_abort,
         "a marker for a transaction that is {}", to_text(state_.phase));
  state_.partitions.erase(partition);
}

}  // namespace brokerlab::model
