// TransactionMetadata: what is known of one transactional id: whose it is, the transaction under
// way, and which changes are allowed.
//
// A change goes in two steps: prepare_*() gives the state to come, which is written to
// __transaction_state; complete() takes it over once it is there. In between the id is busy.
//
// Pure: time is passed in, as milliseconds of the broker's clock. Lifetime: kept by the
// TransactionStateManager. Threads: none.
// Source: kafka.coordinator.transaction.TransactionMetadata; KIP-98, KIP-360, KIP-588.
#pragma once

#include "base/result.h"
#include "base/units.h"
#include "model/error_code.h"
#include "model/ids.h"
#include "model/producer_id.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace brokerlab::model {

enum class TransactionPhase : std::int8_t {
  empty = 0,
  ongoing = 1,
  prepare_commit = 2,
  prepare_abort = 3,
  complete_commit = 4,
  complete_abort = 5,
  dead = 6,                 ///< Its id expires.
  prepare_epoch_fence = 7,  ///< Never written: its producer is about to be fenced off.
};
std::string_view to_text(TransactionPhase phase);  ///< "PrepareCommit"

/// A state to come (TxnTransitMetadata); what is written.
struct TransactionTransit {
  ProducerIdAndEpoch producer;
  std::int64_t last_producer_id = log::no_producer_id;
  std::int16_t last_epoch = log::no_producer_epoch;
  Duration timeout{};
  TransactionPhase phase = TransactionPhase::empty;
  std::set<TopicPartition> partitions;
  log::Timestamp started = log::no_timestamp;
  log::Timestamp updated = log::no_timestamp;
  bool operator==(const TransactionTransit&) const = default;
};

class TransactionMetadata {
 public:
  using Phase = TransactionPhase;
  using Transit = TransactionTransit;

  /// As it was read, or a new one.
  explicit TransactionMetadata(Transit state) : state_(std::move(state)) {}

  ProducerIdAndEpoch producer() const { return state_.producer; }
  std::int64_t last_producer_id() const { return state_.last_producer_id; }
  Phase phase() const { return state_.phase; }
  const Transit& state() const { return state_; }
  const std::set<TopicPartition>& partitions() const { return state_.partitions; }
  /// The phase that is being written.
  std::optional<Phase> pending() const { return pending_; }
  bool epoch_exhausted() const { return is_exhausted(state_.producer.epoch); }
  static bool is_exhausted(std::int16_t epoch);

  /// The next epoch for a producer that begins, or bumps its own. `expected`: the epoch that it
  /// thinks it has. PRODUCER_FENCED when that is neither the present nor the last one.
  Result<Transit, ErrorCode> prepare_next_epoch(Duration timeout,
                                                std::optional<std::int16_t> expected,
                                                log::Timestamp now);
  /// Another id, as this one has no epochs left. `keep_last`: its producer asks with the last one.
  Transit prepare_next_id(std::int64_t id, Duration timeout, log::Timestamp now, bool keep_last);
  /// Shuts the producer out of its transaction, which is then aborted.
  Transit prepare_fence();
  Transit prepare_add(const std::set<TopicPartition>& partitions, log::Timestamp now);
  Transit prepare_end(Phase phase, log::Timestamp now);  ///< prepare_commit or prepare_abort.
  Transit prepare_complete(log::Timestamp now);
  Transit prepare_dead();

  /// It is written.
  void complete(const Transit& transit);
  /// It is not.
  void give_up_pending() { pending_.reset(); }

  /// The fence of `epoch` goes on as the abort of the transaction (endTransaction).
  void adopt_fence(std::int16_t epoch);
  /// The abort could not be written; the next fence has the same epoch.
  void note_failed_fence() { failed_fence_ = true; }
  /// A marker stands in that partition.
  void remove_partition(const TopicPartition& partition);

 private:
  Transit prepare(Phase phase, ProducerIdAndEpoch producer, std::int16_t last_epoch);

  Transit state_;
  std::optional<Phase> pending_;
  bool failed_fence_ = false;
};

}  // namespace brokerlab::model
