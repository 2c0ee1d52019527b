// TransactionMarkers: brings the end of each decided transaction to every partition that is part of
// it: markers for the leaders, as often as it takes; then the transaction is completed.
//
// Each leader has a queue and one request under way. Who leads is looked up anew for each try.
//
// Lifetime: part of a TransactionCoordinator; its coroutines die with the process. Threads: none.
// Source:   kafka.coordinator.transaction.{TransactionMarkerChannelManager,
//           TransactionMarkerRequestCompletionHandler}.
#pragma once

#include "model/transaction/transaction_state_manager.h"
#include "model/wire/rpc.h"
#include "model/wire/transactions.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace brokerlab::model {

/// Who leads a partition, as this broker's metadata has it.
struct MarkerTarget {
  bool known = false;  ///< False: there is no such partition (any more).
  std::optional<BrokerEndpoint> leader;
};

class TransactionMarkers {
 public:
  using FindLeader = std::function<MarkerTarget(const TopicPartition&)>;
  TransactionMarkers(sim::Process& process, TransactionStateManager& states, FindLeader find_leader,
                     RpcSettings rpc, Observer& observer);

  void start();
  /// The transaction is decided, and `complete` prepared for when all its markers are written.
  void send(const std::string& transactional_id, LeaderEpoch coordinator_epoch,
            TransactionTransit complete);
  /// That partition of __transaction_state is somebody else's, or is read anew.
  void forget(int state_partition);

 private:
  /// A transaction whose markers are on their way.
  struct Undone {
    std::string id;
    LeaderEpoch coordinator_epoch = log::no_epoch;
    TransactionTransit complete;
  };
  using UndonePtr = std::shared_ptr<const Undone>;
  struct Entry {
    UndonePtr transaction;
    WriteTxnMarkersRequest::Marker marker;
  };
  struct Queue {
    explicit Queue(sim::World& world) : filled(world) {}
    Address address;
    std::vector<Entry> entries;
    std::unique_ptr<NodeConnection> connection;
    sim::Signal filled;
  };

  void enqueue(const UndonePtr& transaction, const std::vector<TopicPartition>& partitions);
  sim::Task<> serve(BrokerId broker);
  sim::Task<> retry_leaderless();
  /// The metadata while this coordinator is still the one that sends for it; else it is forgotten.
  TransactionMetadata* still_ours(const UndonePtr& transaction);
  void take_answer(const Entry& entry, const WriteTxnMarkersResponse::Marker& answer);
  void drop(const UndonePtr& transaction);
  void maybe_complete(const std::string& id);
  sim::Task<> write_completion(UndonePtr transaction);

  sim::Process& process_;
  TransactionStateManager& states_;
  const FindLeader find_leader_;
  const RpcSettings rpc_;
  Observer& observer_;
  std::map<std::string, UndonePtr> undone_;  ///< By transactional id.
  std::map<BrokerId, std::unique_ptr<Queue>> queues_;
  std::vector<Entry> leaderless_;
  sim::Signal leaderless_filled_;
};

}  // namespace brokerlab::model
