// TransactionCoordinator: the part of a broker that keeps transactions: who may write under a
// transactional id, which partitions are in its transaction, and how that ends.
//
// An id lives on the broker that leads partition_for(id) of __transaction_state. Its rules are
// TransactionMetadata's, its records the TransactionStateManager's, the markers that end a
// transaction everywhere TransactionMarkers'. Here requests meet the rules, and transactions that
// are open for too long are aborted.
//
// Lifetime: owned by the broker's Program; borrows process, settings, store and context. A request
//           passed to handle() must stay alive until the returned Task has ended.
// Threads:  none. Errors: error codes in the responses.
// Source:   kafka.coordinator.transaction.TransactionCoordinator; KIP-98, KIP-360, KIP-890 (1).
#pragma once

#include "model/transaction/transaction_markers.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace brokerlab::model {

class TransactionCoordinator {
 public:
  struct Parts {
    TransactionStore& store;
    ClusterContext& context;
    std::function<Result<std::int64_t, ErrorCode>()> next_producer_id;
    TransactionMarkers::FindLeader find_leader;
    RpcSettings marker_rpc;
  };
  TransactionCoordinator(sim::Process& process, const BrokerConfig& config, Parts parts);
  TransactionCoordinator(const TransactionCoordinator&) = delete;
  TransactionCoordinator& operator=(const TransactionCoordinator&) = delete;

  int partition_for(std::string_view transactional_id) const {
    return states_.partition_for(transactional_id);
  }
  /// This broker leads the partition from now on: begins to load its ids.
  void on_elected(int partition, LeaderEpoch epoch);
  void on_resigned(int partition);

  sim::Task<std::unique_ptr<InitProducerIdResponse>> handle(const InitProducerIdRequest& request);
  /// Of a client, or of a broker that verifies.
  sim::Task<std::unique_ptr<AddPartitionsToTxnResponse>> handle(
      const AddPartitionsToTxnRequest& request);
  /// `offsets`: the partition of __consumer_offsets that keeps the group.
  sim::Task<std::unique_ptr<AddOffsetsToTxnResponse>> handle(const AddOffsetsToTxnRequest& request,
                                                             TopicPartition offsets);
  sim::Task<std::unique_ptr<EndTxnResponse>> handle(const EndTxnRequest& request);

 private:
  using Transit = TransactionTransit;
  sim::Task<Result<ProducerIdAndEpoch, ErrorCode>> init_producer_id(
      const InitProducerIdRequest& request);
  Result<Transit, ErrorCode> prepare_init(TransactionMetadata& metadata,
                                          const InitProducerIdRequest& request);
  sim::Task<ErrorCode> add_partitions(std::string id, ProducerIdAndEpoch producer,
                                      std::set<TopicPartition> partitions);
  ErrorCode verify(const AddPartitionsToTxnRequest& request, AddPartitionsToTxnResponse& response);
  /// `from_client`: else the producer was fenced off with an epoch that it does not know.
  sim::Task<ErrorCode> end_transaction(std::string id, ProducerIdAndEpoch producer, bool committed,
                                       bool from_client);
  void start();
  sim::Task<> abort_timed_out();
  sim::Task<> expire_ids();

  sim::Process& process_;
  const BrokerConfig& config_;
  ClusterContext& context_;
  const std::function<Result<std::int64_t, ErrorCode>()> next_producer_id_;
  TransactionStateManager states_;
  TransactionMarkers markers_;
  bool started_ = false;
};

}  // namespace brokerlab::model
