// TransactionRequests: brings the requests of a producer's TransactionManager to the brokers that
// they are for, one at a time, and does what each answer asks for.
//
// Lifetime: part of a Sender, whose turns they take; borrows manager and network. Threads: none.
// Errors:   what cannot be mended is the transaction's failure, or the producer's.
// Source:   org.apache.kafka.clients.producer.internals.{Sender
// (maybeSendAndPollTransactionalRequest),
//           TransactionManager (TxnRequestHandler and those behind it)}.
#pragma once

#include "model/client/metadata.h"
#include "model/client/transaction_manager.h"
#include "model/config.h"
#include "model/wire/transactions.h"
#include "sim/machine.h"

#include <optional>

namespace brokerlab::model {

class TransactionRequests {
 public:
  TransactionRequests(sim::Process& process, const ProducerConfig& config, ClientNetwork& network,
                      TransactionManager& manager)
      : process_(process), config_(config), network_(network), manager_(manager) {}

  /// Sends it and takes its answer; what failed goes back to the manager.
  sim::Task<> perform(TransactionRequest request);

 private:
  using Kind = TransactionRequest::Kind;
  sim::Task<> send(TransactionRequest request, NodeConnection& node);
  template <class T>
  sim::Task<std::optional<std::unique_ptr<T>>> call(TransactionRequest& request,
                                                    NodeConnection& node, RequestPtr message);
  /// What the errors of most answers mean. True: it was an error, and is taken care of.
  bool take_error(TransactionRequest& request, ErrorCode error);
  void fail(const TransactionRequest& request, ErrorCode error, bool bump);
  void fail_for_good(const TransactionRequest& request, ErrorCode error);
  void lose_coordinator(const TransactionRequest& request);
  NodeConnection* node_of(const std::optional<BrokerEndpoint>& coordinator);
  void take_found(TransactionRequest& request, const FindCoordinatorResponse& answer);
  void take_id(TransactionRequest& request, const InitProducerIdResponse& answer);
  void take_added(TransactionRequest& request, const AddPartitionsToTxnResponse& answer);
  void take_added_offsets(TransactionRequest& request, const AddOffsetsToTxnResponse& answer);
  void take_committed(TransactionRequest& request, const TxnOffsetCommitResponse& answer);
  void take_ended(TransactionRequest& request, const EndTxnResponse& answer);

  sim::Process& process_;
  const ProducerConfig& config_;
  ClientNetwork& network_;
  TransactionManager& manager_;
  std::optional<BrokerEndpoint> coordinator_;        ///< Of the transactions.
  std::optional<BrokerEndpoint> group_coordinator_;  ///< Of the group whose offsets are sent.
};

}  // namespace brokerlab::model
