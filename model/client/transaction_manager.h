// TransactionManager: what an idempotent producer goes by: its id and epoch, the sequences of its
// batches, and what each failure means for them; of a transactional one also its transaction, and
// the requests that are to be sent for it, in their order.
//
// A batch keeps its sequence through all its attempts, so that a broker knows it again. When one is
// lost for good the epoch is bumped, and the sequences of that partition begin at 0 again; of a
// transactional producer the transaction is given up first.
//
// Pure: the Sender asks and tells, TransactionRequests brings the requests to brokers.
// Lifetime: part of a producer. Threads: none.
// Source: org.apache.kafka.clients.producer.internals.TransactionManager.
#pragma once

#include "model/client/producer_sequences.h"
#include "model/error_code.h"
#include "model/wire/protocol.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::model {

/// What came of a call of the application's; `error` says why it failed.
struct TransactionOutcome {
  bool done = false;
  ErrorCode error = ErrorCode::none;
};
using OutcomePtr = std::shared_ptr<TransactionOutcome>;

/// A group's offsets that are to be committed with the transaction.
struct GroupOffsets {
  std::string group;
  std::string member_id;
  int generation = -1;
  std::vector<OffsetCommitRequest::Partition> offsets;
};

/// One that waits for its turn (TxnRequestHandler).
struct TransactionRequest {
  /// In the order in which they are sent; an epoch is bumped after the end of the transaction.
  enum class Kind {
    find_coordinator,
    init_producer_id,
    add_partitions,
    add_offsets,
    commit_offsets,
    end,
    bump_epoch
  };
  Kind kind = Kind::init_producer_id;
  OutcomePtr outcome = std::make_shared<TransactionOutcome>();
  std::string group = {};  ///< Whose coordinator is looked for; empty: the transaction's.
  std::vector<TopicPartition> partitions = {};
  GroupOffsets offsets = {};
  bool committed = true;
  bool again = false;                    ///< It has been tried.
  std::optional<Duration> backoff = {};  ///< Before it is tried again, if not retry.backoff.ms.

  bool needs_group_coordinator() const { return kind == Kind::commit_offsets; }
};

class TransactionManager {
 public:
  enum class State {
    uninitialized,
    initializing,
    ready,
    in_transaction,
    committing,
    aborting,
    abortable_error,
    fatal_error
  };
  /// Without an id: of a producer that is idempotent, no more.
  explicit TransactionManager(std::optional<std::string> transactional_id = std::nullopt)
      : transactional_id_(std::move(transactional_id)) {}

  State state() const { return state_; }
  bool failed() const { return state_ == State::fatal_error; }
  /// The transaction can only be aborted.
  bool must_abort() const { return state_ == State::abortable_error; }
  ErrorCode last_error() const { return last_error_; }
  bool transactional() const { return transactional_id_.has_value(); }
  const std::optional<std::string>& transactional_id() const { return transactional_id_; }
  /// What is buffered need not linger: the transaction ends.
  bool completing() const { return state_ == State::committing || state_ == State::aborting; }
  bool aborting() const { return state_ == State::aborting; }
  bool has_open_transaction() const {
    return state_ == State::in_transaction || completing() || must_abort();
  }

  ProducerIdAndEpoch producer() const { return producer_; }
  bool has_producer_id() const { return producer_.valid(); }

  // --- What the application calls; never in a state that forbids it ---

  OutcomePtr initialize();
  /// NONE, or why nothing of the kind is possible any more.
  ErrorCode begin();
  OutcomePtr begin_commit() { return begin_completing(true); }
  OutcomePtr begin_abort() { return begin_completing(false); }
  OutcomePtr send_offsets(GroupOffsets offsets);
  /// A record for it has been buffered. False: the transaction cannot take it.
  bool add_partition(const TopicPartition& partition);

  // --- The sender's turn ---

  /// Before anything is sent: decides what became of sequences that nobody knows of, and bumps the
  /// epoch if that is due. Source: maybeResolveSequences, bumpIdempotentEpochAndResetIdIfNeeded.
  void begin_turn();
  /// The request that is to be sent now. `incomplete`: batches of the transaction are under way.
  std::optional<TransactionRequest> next_request(bool incomplete);
  void enqueue(TransactionRequest request);
  /// It goes back into its place.
  void retry(TransactionRequest request);
  /// Whose coordinator it needs is not known (any more).
  void look_up_coordinator(const TransactionRequest& for_request);
  bool has_requests() const { return !requests_.empty(); }

  // --- Answers ---

  void take_producer_id(ProducerIdAndEpoch given, bool bumped = false);
  void partitions_added(const std::vector<TopicPartition>& partitions);
  void offsets_added() { started_ = true; }
  void complete_transaction();
  /// The transaction has to be given up; `bump`: with a new epoch after it.
  void fail_transaction(ErrorCode error, bool bump = false);
  /// Nothing can be sent any more.
  void fail_for_good(ErrorCode error);
  bool has_no_partitions() const { return partitions_.empty(); }

  // --- Batches that are drained ---

  bool is_send_allowed(const TopicPartition& partition) const {
    return !failed() && (!transactional() || partitions_.contains(partition));
  }
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
  OutcomePtr begin_completing(bool commit);
  OutcomePtr refused() const;
  void enqueue_new_partitions();

  const std::optional<std::string> transactional_id_;
  State state_ = State::uninitialized;
  ErrorCode last_error_ = ErrorCode::none;
  ProducerIdAndEpoch producer_;
  ProducerSequences sequences_;
  /// The sequence behind the last batch that expired.
  std::map<TopicPartition, std::int32_t> unresolved_;
  bool bump_required_ = false;
  std::set<TopicPartition> to_rewrite_;  ///< Partitions that the bump is for.
  // Of the transaction:
  std::deque<TransactionRequest> requests_;  ///< By their kinds, else as they came.
  std::set<TopicPartition> new_partitions_;
  std::set<TopicPartition> pending_partitions_;  ///< Asked for.
  std::set<TopicPartition> partitions_;
  bool started_ = false;  ///< Its coordinator knows of it.
};

}  // namespace brokerlab::model
