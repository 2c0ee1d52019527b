#include "model/broker/transaction_verifier.h"

#include <utility>

namespace brokerlab::model {
namespace {

/// Who may come again is told so in a word that all producers know (handleProduceAppend).
ErrorCode verification_error(ErrorCode error) {
  switch (error) {
    case ErrorCode::producer_fenced:
      return ErrorCode::invalid_producer_epoch;
    case ErrorCode::concurrent_transactions:
    case ErrorCode::network_exception:
    case ErrorCode::coordinator_load_in_progress:
    case ErrorCode::coordinator_not_available:
    case ErrorCode::not_coordinator:
      return ErrorCode::not_enough_replicas;
    default:
      return error;
  }
}

}  // namespace

sim::Task<TransactionVerifier::Refused> TransactionVerifier::verify(
    std::string transactional_id, ProducerIdAndEpoch producer,
    std::vector<TopicPartition> partitions) {
  Refused refused;
  const auto refuse_all = [&](ErrorCode error) {
    for (const TopicPartition& name : partitions) refused[name] = verification_error(error);
  };
  const TopicPartition state{transactions_topic, partition_for_(transactional_id)};
  const std::optional<BrokerId> leader = metadata_.leader(state);
  const std::optional<Address> address = leader ? metadata_.address(*leader) : std::nullopt;
  if (!address) {
    refuse_all(ErrorCode::coordinator_not_available);
    co_return refused;
  }
  std::unique_ptr<NodeConnection>& connection = connections_[*address];
  if (!connection) connection = std::make_unique<NodeConnection>(process_, *address, rpc_);
  auto request = std::make_unique<AddPartitionsToTxnRequest>();
  request->transactional_id = transactional_id;
  request->producer = producer;
  request->verify_only = true;
  request->partitions = partitions;
  const auto answer = co_await call_as<AddPartitionsToTxnResponse>(*connection, std::move(request));
  if (!answer) {
    refuse_all(ErrorCode::network_exception);
    co_return refused;
  }
  for (const AddPartitionsToTxnResponse::Partition& one : (*answer)->partitions) {
    if (one.error != ErrorCode::none) refused[one.partition] = verification_error(one.error);
  }
  co_return refused;
}

}  // namespace brokerlab::model
