// TransactionManager: what an idempotent producer goes by: its id and epoch, the sequences of its
// batches, and what each failure means for them.
//
// A batch keeps its sequence through all its attempts, so that a broker knows it again. When one is
// lost for good the epoch is bumped, and the sequences of that partition begin at 0 again.
//
// Pure: the Sender asks and tells. Lifetime: part of a producer. Threads: none.
// Source: org.apache.kafka.clients.producer.internals.TransactionManager.
#pragma once

#include "model/client/producer_sequences.h"
#include "model/error_code.h"

#include <map>
#include <set>

namespace brokerlab::model {

class TransactionManager {
 public:
  enum class State { uninitialized, initializing, ready, fatal_error };

  State state() const { return state_; }
  bool failed() const { return state_ == State::fatal_error; }
  ErrorCode last_error() const { return last_error_; }
  /// Its records belong to transactions.
  bool transactional() const { return false; }
  /// What is buffered need not linger: the transaction ends.
  bool completing() const { return false; }

  ProducerIdAndEpoch producer() const { return producer_; }
  bool has_producer_id() const { return producer_.valid(); }

  // --- The sender's turn ---

  /// Before anything is sent: decides what became of sequences that nobody knows of, and bumps the
  /// epoch if that is due. Source: maybeResolveSequences, bumpIdempotentEpochAndResetIdIfNeeded.
  void begin_turn();
  /// It is time to ask a broker for an id.
  bool wants_producer_id() const { return state_ == State::initializing; }
  void take_producer_id(ProducerIdAndEpoch given);
  /// Nothing can be sent any more.
  void fail_for_good(ErrorCode error);

  // --- Batches that are drained ---

  bool is_send_allowed(const TopicPartition&) const { return !failed(); }
  bool has_in_flight(const TopicPartition& partition) const;
  bool has_stale_producer(const TopicPartition& partition);
  bool has_unresolved_sequence(const TopicPartition& partition) const {
    return unresolved_.contains(partition);
  }
  /// The lowest of those under way; no_sequence: none is.
  std::int32_t first_in_flight_sequence(const TopicPartition& partition) const;
  /// With nothing under way the partition counts for the producer that we are now, from 0 on.
  void adopt_producer(const TopicPartition& partition);
  /// The first of so many, which are given away.
  std::int32_t take_sequences(const TopicPartition& partition, std::int64_t count);
  void add_in_flight(const BatchPtr& batch) { sequences_.add_in_flight(batch); }
  void remove_in_flight(const ProducerBatch& batch) { sequences_.remove_in_flight(batch); }

  // --- Their fates ---

  /// A broker has it. `base_offset` no_offset: it did not say where.
  void on_completed(const ProducerBatch& batch, Offset base_offset);
  /// It is given up. `certain`: a broker has refused it, so it is in no log.
  void on_failed(const ProducerBatch& batch, ErrorCode error, bool certain);
  /// It expired after an attempt: perhaps it is in the log.
  void mark_unresolved(const ProducerBatch& batch);
  /// Whether a batch that was answered with this error is sent again, and what else follows.
  bool can_retry(const ProducerBatch& batch, ErrorCode error, Offset log_start_offset);

 private:
  bool is_next_sequence(const TopicPartition& partition, std::int32_t sequence) const;
  void resolve_sequences();
  void request_epoch_bump(const TopicPartition& partition);
  void bump_epoch();

  State state_ = State::uninitialized;
  ErrorCode last_error_ = ErrorCode::none;
  ProducerIdAndEpoch producer_;
  ProducerSequences sequences_;
  /// The sequence behind the last batch that expired.
  std::map<TopicPartition, std::int32_t> unresolved_;
  bool bump_required_ = false;
  std::set<TopicPartition> to_rewrite_;  ///< Partitions that the bump is for.
};

}  // namespace brokerlab::model
