#include "model/client/transaction_requests.h"

#include <algorithm>
#include <utility>

namespace brokerlab::model {

namespace {

/// Of the first partitions of a transaction, while the one before is being completed.
constexpr Duration add_partitions_retry_backoff = 20ms;

}  // namespace

NodeConnection* TransactionRequests::node_of(const std::optional<BrokerEndpoint>& coordinator) {
  return coordinator ? &network_.connection_to(coordinator->address) : nullptr;
}

sim::Task<> TransactionRequests::perform(TransactionRequest request) {
  sim::World& world = process_.world();
  const bool any_broker = request.kind == Kind::find_coordinator || !manager_.transactional();
  const std::optional<BrokerEndpoint>& coordinator =
      request.needs_group_coordinator() ? group_coordinator_ : coordinator_;
  NodeConnection* node = any_broker ? network_.least_loaded() : node_of(coordinator);
  if (node == nullptr) {
    if (any_broker) {
      co_await world.sleep(config_.retry_backoff);
    } else {
      manager_.look_up_coordinator(request);
    }
    manager_.retry(std::move(request));
    co_return;
  }
  if (request.again) {
    const Duration pause = request.backoff.value_or(config_.retry_backoff);
    co_await world.sleep(pause);
  }
  co_await send(std::move(request), *node);
}

/// Nothing: no answer came, and it will be tried again.
template <class T>
sim::Task<std::optional<std::unique_ptr<T>>> TransactionRequests::call(TransactionRequest& request,
                                                                       NodeConnection& node,
                                                                       RequestPtr message) {
  const ApiKey api = message->api;
  Result<std::unique_ptr<T>, RpcFailure> answer = co_await call_as<T>(node, std::move(message));
  if (answer) co_return std::move(*answer);
  network_.errors().unanswered(api, answer.error());
  const bool any_broker = request.kind == Kind::find_coordinator || !manager_.transactional();
  if (!any_broker) {
    lose_coordinator(request);
  } else if (answer.error().kind == RpcFailure::Kind::not_connected) {
    co_await process_.world().sleep(config_.retry_backoff);
    network_.request_update();
  }
  manager_.retry(std::move(request));
  co_return std::nullopt;
}

void TransactionRequests::lose_coordinator(const TransactionRequest& request) {
  (request.needs_group_coordinator() ? group_coordinator_ : coordinator_).reset();
  manager_.look_up_coordinator(request);
}

sim::Task<> TransactionRequests::send(TransactionRequest request, NodeConnection& node) {
  const std::string id = manager_.transactional_id().value_or("");
  switch (request.kind) {
    case Kind::find_coordinator: {
      auto message = std::make_unique<FindCoordinatorRequest>();
      message->transaction = request.group.empty();
      message->group = message->transaction ? id : request.group;
      const auto answer = co_await call<FindCoordinatorResponse>(request, node, std::move(message));
      if (answer) take_found(request, **answer);
      co_return;
    }
    case Kind::init_producer_id:
    case Kind::bump_epoch: {
      auto message = std::make_unique<InitProducerIdRequest>();
      message->transactional_id = manager_.transactional_id();
      if (manager_.transactional()) message->transaction_timeout = config_.transaction_timeout;
      if (request.kind == Kind::bump_epoch) message->producer = manager_.producer();
      const auto answer = co_await call<InitProducerIdResponse>(request, node, std::move(message));
      if (answer) take_id(request, **answer);
      co_return;
    }
    case Kind::add_partitions: {
      auto message = std::make_unique<AddPartitionsToTxnRequest>();
      message->transactional_id = id;
      message->producer = manager_.producer();
      message->partitions = request.partitions;
      const auto answer =
          co_await call<AddPartitionsToTxnResponse>(request, node, std::move(message));
      if (answer) take_added(request, **answer);
      co_return;
    }
    case Kind::add_offsets: {
      auto message = std::make_unique<AddOffsetsToTxnRequest>();
      message->transactional_id = id;
      message->producer = manager_.producer();
      message->group = request.offsets.group;
      const auto answer = co_await call<AddOffsetsToTxnResponse>(request, node, std::move(message));
      if (answer) take_added_offsets(request, **answer);
      co_return;
    }
    case Kind::commit_offsets: {
      auto message = std::make_unique<TxnOffsetCommitRequest>();
      message->transactional_id = id;
      message->producer = manager_.producer();
      message->group = request.offsets.group;
      message->member_id = request.offsets.member_id;
      message->generation = request.offsets.generation;
      message->partitions = request.offsets.offsets;
      const auto answer = co_await call<TxnOffsetCommitResponse>(request, node, std::move(message));
      if (answer) take_committed(request, **answer);
      co_return;
    }
    case Kind::end: {
      auto message = std::make_unique<EndTxnRequest>();
      message->transactional_id = id;
      message->producer = manager_.producer();
      message->committed = request.committed;
      const auto answer = co_await call<EndTxnResponse>(request, node, std::move(message));
      if (answer) take_ended(request, **answer);
      co_return;
    }
  }
}

// --- Answers ---

void TransactionRequests::fail(const TransactionRequest& request, ErrorCode error, bool bump) {
  *request.outcome = {true, error};
  manager_.fail_transaction(error, bump);
}

void TransactionRequests::fail_for_good(const TransactionRequest& request, ErrorCode error) {
  *request.outcome = {true, error};
  manager_.fail_for_good(error);
}

bool TransactionRequests::take_error(TransactionRequest& request, ErrorCode error) {
  switch (error) {
    case ErrorCode::none:
      return false;
    case ErrorCode::not_coordinator:
    case ErrorCode::coordinator_not_available:
      lose_coordinator(request);
      manager_.retry(std::move(request));
      return true;
    case ErrorCode::invalid_producer_epoch:
    case ErrorCode::producer_fenced:
      fail_for_good(request, ErrorCode::producer_fenced);
      return true;
    case ErrorCode::unknown_producer_id:
    case ErrorCode::invalid_producer_id_mapping:
      if (request.kind == Kind::init_producer_id || request.kind == Kind::bump_epoch) break;
      fail(request, error, true);
      return true;
    case ErrorCode::transaction_abortable:
      fail(request, error, false);
      return true;
    default:
      break;
  }
  if (is_retriable(error)) {
    manager_.retry(std::move(request));
  } else {
    fail_for_good(request, error);
  }
  return true;
}

void TransactionRequests::take_found(TransactionRequest& request,
                                     const FindCoordinatorResponse& answer) {
  network_.errors().answered(ApiKey::find_coordinator, answer.error);
  if (answer.error == ErrorCode::none) {
    (request.group.empty() ? coordinator_ : group_coordinator_) = answer.coordinator;
  } else if (is_retriable(answer.error)) {
    manager_.retry(std::move(request));
  } else {
    fail_for_good(request, answer.error);
  }
}

void TransactionRequests::take_id(TransactionRequest& request,
                                  const InitProducerIdResponse& answer) {
  network_.errors().answered(ApiKey::init_producer_id, answer.error);
  if (answer.error != ErrorCode::none) {
    if (!manager_.transactional() && is_retriable(answer.error)) {
      manager_.retry(std::move(request));
    } else {
      take_error(request, answer.error);
    }
    return;
  }
  manager_.take_producer_id(answer.producer, request.kind == Kind::bump_epoch);
  request.outcome->done = true;
}

void TransactionRequests::take_added(TransactionRequest& request,
                                     const AddPartitionsToTxnResponse& answer) {
  bool failed = false;
  for (const AddPartitionsToTxnResponse::Partition& one : answer.partitions) {
    network_.errors().answered(ApiKey::add_partitions_to_txn, one.error, &one.partition);
    if (one.error == ErrorCode::none) continue;
    if (one.error == ErrorCode::unknown_topic_or_partition) {
      manager_.retry(std::move(request));
      return;
    }
    if (one.error == ErrorCode::operation_not_attempted) {
      failed = true;
      continue;
    }
    if (one.error == ErrorCode::concurrent_transactions && manager_.has_no_partitions()) {
      request.backoff = std::min(config_.retry_backoff, add_partitions_retry_backoff);
    }
    take_error(request, one.error);
    return;
  }
  if (failed) {
    fail(request, ErrorCode::unknown_server_error, false);
    return;
  }
  manager_.partitions_added(request.partitions);
  request.outcome->done = true;
}

void TransactionRequests::take_added_offsets(TransactionRequest& request,
                                             const AddOffsetsToTxnResponse& answer) {
  network_.errors().answered(ApiKey::add_offsets_to_txn, answer.error);
  if (take_error(request, answer.error)) return;
  manager_.offsets_added();
  // Its outcome is that of the commit that follows.
  request.kind = Kind::commit_offsets;
  request.again = false;
  manager_.enqueue(std::move(request));
}

void TransactionRequests::take_committed(TransactionRequest& request,
                                         const TxnOffsetCommitResponse& answer) {
  std::vector<OffsetCommitRequest::Partition> left;
  bool lost = false;
  for (const OffsetCommitResponse::Partition& one : answer.partitions) {
    network_.errors().answered(ApiKey::txn_offset_commit, one.error, &one.partition);
    switch (one.error) {
      case ErrorCode::none:
        continue;
      case ErrorCode::coordinator_not_available:
      case ErrorCode::not_coordinator:
      case ErrorCode::request_timed_out:
        lost = true;
        break;
      case ErrorCode::unknown_member_id:
      case ErrorCode::illegal_generation:
      case ErrorCode::transaction_abortable:
        fail(request, one.error, false);
        return;
      case ErrorCode::invalid_producer_epoch:
      case ErrorCode::producer_fenced:
        fail_for_good(request, ErrorCode::producer_fenced);
        return;
      default:
        if (is_retriable(one.error)) break;
        fail_for_good(request, one.error);
        return;
    }
    // Whatever the order of the answer.
    const auto asked =
        std::find_if(request.offsets.offsets.begin(), request.offsets.offsets.end(),
                     [&](const auto& offset) { return offset.partition == one.partition; });
    if (asked != request.offsets.offsets.end()) left.push_back(*asked);
  }
  if (left.empty()) {
    request.outcome->done = true;
    return;
  }
  request.offsets.offsets = std::move(left);
  if (lost) lose_coordinator(request);
  manager_.retry(std::move(request));
}

void TransactionRequests::take_ended(TransactionRequest& request, const EndTxnResponse& answer) {
  network_.errors().answered(ApiKey::end_txn, answer.error);
  if (take_error(request, answer.error)) return;
  manager_.complete_transaction();
  request.outcome->done = true;
}

}  // namespace brokerlab::model
