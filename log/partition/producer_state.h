// ProducerStates: what one partition knows of each idempotent or transactional producer, and hence
// which batches are duplicates, which are out of order, which producers are fenced, and how far a
// read_committed consumer may read.
//
// Pure: no clock, no files (those are producer_snapshot.h). An append goes in three steps, so that
// nothing changes before the bytes are in the log:
//
//   ProducerAppend append(states, producer_id, origin);   // looks up what is known
//   append.add(batch, marker)                             // for each batch; may refuse
//   states.update(append)                                 // once they are written
//
// Source of the rules: KIP-98, KIP-360; Kafka's ProducerStateManager, ProducerAppendInfo,
// ProducerStateEntry. Threads: none.
#pragma once

#include "base/result.h"
#include "log/batch/control_record.h"
#include "log/types.h"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::log {

struct PhantomBatch;

inline constexpr std::int64_t no_producer_id = -1;
inline constexpr std::int16_t no_producer_epoch = -1;
inline constexpr std::int32_t no_sequence = -1;

/// Batches of one producer that are remembered: as many as may be in flight on a connection.
inline constexpr std::size_t batches_remembered = 5;

/// The sequence `by` behind another; after 2^31 - 1 comes 0.
std::int32_t advance_sequence(std::int32_t sequence, std::int32_t by);
/// What a batch's header says to those who keep account of producers.
struct ProducerBatch {
  std::int64_t producer_id = no_producer_id;
  std::int16_t producer_epoch = no_producer_epoch;
  std::int32_t base_sequence = no_sequence;
  Offset base_offset = 0;
  Offset last_offset = 0;
  Timestamp max_timestamp = no_timestamp;
  bool transactional = false;
  bool control = false;

  static ProducerBatch of(const BatchView& batch);
  static ProducerBatch of(const PhantomBatch& batch);
  std::int32_t offset_delta() const { return static_cast<std::int32_t>(last_offset - base_offset); }
  std::int32_t last_sequence() const;
};

struct AppendedBatch {
  std::int32_t last_sequence = no_sequence;
  Offset last_offset = no_offset;
  std::int32_t offset_delta = 0;  ///< Of its last record.
  Timestamp timestamp = no_timestamp;

  std::int32_t first_sequence() const;
  Offset first_offset() const { return last_offset - offset_delta; }
  bool operator==(const AppendedBatch&) const = default;
};

struct ProducerState {
  std::int64_t id = no_producer_id;
  std::int16_t epoch = no_producer_epoch;
  std::int32_t coordinator_epoch = -1;
  Timestamp last_timestamp = no_timestamp;
  std::optional<Offset> transaction_first_offset;  ///< Of the transaction that is open.
  std::deque<AppendedBatch> batches;               ///< Of this epoch, oldest first.

  std::int32_t last_sequence() const {
    return batches.empty() ? no_sequence : batches.back().last_sequence;
  }
  Offset last_offset() const { return batches.empty() ? no_offset : batches.back().last_offset; }
  std::optional<AppendedBatch> find_duplicate(const ProducerBatch& batch) const;
  void add_batch(std::int16_t producer_epoch, const AppendedBatch& batch);
  /// True when the epoch changed; batches of the old one are forgotten.
  bool set_epoch(std::int16_t producer_epoch);
  bool operator==(const ProducerState&) const = default;
};

/// Who appends: checks of sequence and epoch are for those who may be wrong.
enum class AppendOrigin { client, coordinator, replication };

struct ProducerError {
  enum class Kind {
    invalid_epoch,         ///< INVALID_PRODUCER_EPOCH: a newer producer of this id is at work.
    out_of_order,          ///< OUT_OF_ORDER_SEQUENCE_NUMBER
    invalid_state,         ///< INVALID_TXN_STATE: outside and inside of a transaction are mixed.
    coordinator_fenced,    ///< TRANSACTION_COORDINATOR_FENCED
    invalid_control_batch  ///< INVALID_RECORD
  };
  Kind kind = Kind::out_of_order;
  std::string message;
};

struct CompletedTransaction {
  std::int64_t producer_id = no_producer_id;
  Offset first_offset = no_offset;
  Offset last_offset = no_offset;  ///< Of the marker.
  bool aborted = false;
};

class ProducerStates;

/// One producer's batches of one append, checked one by one against what is known.
class ProducerAppend {
 public:
  ProducerAppend(const ProducerStates& states, std::int64_t producer_id, AppendOrigin origin);

  /// A batch that has its offsets. For a control batch `marker` says what it is (none: a cleaner
  /// took it, or its type is not known; it only moves offsets). The transaction that it ends, if
  /// any.
  Result<std::optional<CompletedTransaction>, ProducerError> add(
      const ProducerBatch& batch, const std::optional<EndTransactionMarker>& marker);

 private:
  friend class ProducerStates;
  std::optional<ProducerError> check_epoch(const ProducerBatch& batch) const;
  std::optional<ProducerError> check_sequence(const ProducerBatch& batch) const;
  Result<std::optional<CompletedTransaction>, ProducerError> end_transaction(
      const ProducerBatch& batch, const EndTransactionMarker& marker);

  AppendOrigin origin_;
  ProducerState current_;
  ProducerState updated_;
  std::vector<Offset> begun_;  ///< First offsets of the transactions that this append opened.
};

class ProducerStates {
 public:
  const ProducerState* find(std::int64_t producer_id) const;
  const std::map<std::int64_t, ProducerState>& all() const { return producers_; }
  bool empty() const { return producers_.empty() && ongoing_.empty(); }

  void update(const ProducerAppend& append);
  /// As read from a snapshot, which has of each producer the last batch only.
  void restore(ProducerState producer);
  /// It is older than all that is known of its producer since that was restored: whether it was
  /// written, nobody can tell. Source: ProducerStateManager.readSnapshot.
  bool has_forgotten(const ProducerBatch& batch) const;
  /// The transaction is over, but not yet below the high watermark.
  void complete(const CompletedTransaction& transaction);
  /// The high watermark passed: transactions that end below it hold nobody back any more.
  void on_high_watermark(Offset high_watermark);
  void on_log_start_offset(Offset log_start_offset) { on_high_watermark(log_start_offset); }

  /// The first offset of the first transaction that is open, or over but not known to be
  /// replicated.
  std::optional<Offset> first_unstable_offset() const;
  /// Where a read_committed consumer must stop.
  Offset last_stable_offset(Offset high_watermark) const;
  /// The last stable offset once this transaction is over, as the transaction index keeps it.
  Offset last_stable_offset_after(const CompletedTransaction& transaction) const;
  /// Open since before `oldest`; a coordinator that died would never end them.
  std::optional<Offset> first_undecided_offset() const;

  /// Forgets producers without an open transaction that were silent for `expiration` milliseconds.
  /// Returns how many.
  std::int32_t remove_expired(Timestamp now, std::int64_t expiration);
  void clear();

 private:
  struct Transaction {
    std::int64_t producer_id;
    Offset last_offset = no_offset;  ///< no_offset while it is open.
  };
  std::map<std::int64_t, ProducerState> producers_;
  std::set<std::int64_t> restored_;             ///< Those of them that a snapshot had.
  std::map<Offset, Transaction> ongoing_;       ///< By first offset.
  std::map<Offset, Transaction> unreplicated_;  ///< Over, above the high watermark.
};

}  // namespace brokerlab::log
