// TransactionStateManager: the transactional ids whose partitions of __transaction_state this
// broker leads, and the records that keep them.
//
// Who comes to lead a partition reads its ids back; who no longer does forgets them. What producers
// ask is the TransactionCoordinator's.
//
// Lifetime: part of a TransactionCoordinator; borrows process, settings, store and context.
// Threads:  none. Errors: error codes as producers hear them.
// Source:   kafka.coordinator.transaction.TransactionStateManager.
#pragma once

#include "model/cluster_context.h"
#include "model/config.h"
#include "model/transaction/transaction_records.h"
#include "model/transaction/transaction_store.h"
#include "sim/machine.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::model {

class TransactionStateManager {
 public:
  TransactionStateManager(sim::Process& process, const BrokerConfig& config,
                          TransactionStore& store, ClusterContext& context);
  TransactionStateManager(const TransactionStateManager&) = delete;
  TransactionStateManager& operator=(const TransactionStateManager&) = delete;

  /// |hash| modulo the partitions of __transaction_state.
  int partition_for(std::string_view transactional_id) const;
  log::Timestamp now() const { return context_.wall_millis(process_.machine()); }

  struct Found {
    LeaderEpoch coordinator_epoch = log::no_epoch;
    TransactionMetadata* metadata = nullptr;  ///< nullptr: nobody has used the id.
  };
  /// NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS. Good until the next wait.
  Result<Found, ErrorCode> find(const std::string& transactional_id);
  /// With a state for an id that nobody has used.
  Result<Found, ErrorCode> find_or_make(const std::string& transactional_id,
                                        const TransactionTransit& fresh);

  /// Writes a state that was prepared; once that is done it is in force. `retried`: who asks comes
  /// again after COORDINATOR_NOT_AVAILABLE, until then the change stays pending.
  sim::Task<ErrorCode> append(std::string transactional_id, LeaderEpoch coordinator_epoch,
                              TransactionTransit next, bool retried = false);

  /// Ids whose transactions are open for longer than their transaction.timeout.ms.
  std::vector<std::string> timed_out() const;
  /// Forgets ids that were not used for transactional.id.expiration.ms, with tombstones.
  sim::Task<> remove_expired();

  void own(int partition, LeaderEpoch epoch);
  void disown(int partition);
  /// Called for each id whose transaction has been decided and not been completed, when its
  /// partition has been read; it is prepared to be completed.
  std::function<void(const std::string& transactional_id, LeaderEpoch, TransactionTransit)>
      on_undone;

 private:
  using Transactions = std::map<std::string, TransactionMetadata>;
  struct Owned {
    LeaderEpoch epoch = log::no_epoch;
    bool loading = true;
    Transactions transactions;
  };
  bool owns(int partition, LeaderEpoch epoch) const;
  sim::Task<> load(int partition, LeaderEpoch epoch);
  void finish_load(int partition, LeaderEpoch epoch, Transactions loaded);
  sim::Task<> remove_expired_of(int partition);
  log::ByteVector batch_of(const std::string& id, const TransactionTransit* state) const;

  sim::Process& process_;
  const BrokerConfig& config_;
  TransactionStore& store_;
  ClusterContext& context_;
  std::map<int, Owned> owned_;
};

}  // namespace brokerlab::model
