#include "model/transaction/transaction_markers.h"

#include "model/broken_rules.h"

#include <utility>

namespace brokerlab::model {

namespace {

/// Kafka's thread looks again at once; so often it is worth the while.
constexpr Duration marker_retry_pause = 5ms;

}  // namespace

TransactionMarkers::TransactionMarkers(sim::Process& process, TransactionStateManager& states,
                                       FindLeader find_leader, RpcSettings rpc, Observer& observer)
    : process_(process),
      states_(states),
      find_leader_(std::move(find_leader)),
      rpc_(std::move(rpc)),
      observer_(observer),
      leaderless_filled_(process.world()) {}

void TransactionMarkers::start() { process_.spawn(retry_leaderless()); }

void TransactionMarkers::send(const std::string& transactional_id, LeaderEpoch coordinator_epoch,
                              TransactionTransit complete) {
  const auto transaction = std::make_shared<const Undone>(
      Undone{transactional_id, coordinator_epoch, std::move(complete)});
  undone_[transactional_id] = transaction;
  TransactionMetadata* metadata = still_ours(transaction);
  if (metadata == nullptr) return;
  observer_.on_transaction_decided(transaction->complete.producer,
                                   transaction->complete.phase == TransactionPhase::complete_commit,
                                   metadata->partitions());
  if (is_broken(Rule::markers_reach_all_partitions) && !metadata->partitions().empty()) {
    metadata->remove_partition(TopicPartition(*metadata->partitions().begin()));
  }
  enqueue(transaction, {metadata->partitions().begin(), metadata->partitions().end()});
  maybe_complete(transactional_id);
}

/// addTxnMarkersToBrokerQueue.
void TransactionMarkers::enqueue(const UndonePtr& transaction,
                                 const std::vector<TopicPartition>& partitions) {
  struct Target {
    BrokerEndpoint leader;
    std::vector<TopicPartition> partitions;
  };
  std::map<BrokerId, Target> targets;
  std::vector<TopicPartition> without_leader;
  std::vector<TopicPartition> gone;
  for (const TopicPartition& partition : partitions) {
    const MarkerTarget target = find_leader_(partition);
    if (!target.known) {
      gone.push_back(partition);
    } else if (!target.leader) {
      without_leader.push_back(partition);
    } else {
      Target& one = targets[target.leader->id];
      one.leader = *target.leader;
      one.partitions.push_back(partition);
    }
  }
  const auto entry_of = [&](std::vector<TopicPartition> some) {
    const TransactionTransit& state = transaction->complete;
    return Entry{transaction,
                 {state.producer, state.phase == TransactionPhase::complete_commit,
                  transaction->coordinator_epoch, std::move(some)}};
  };
  for (auto& [broker, target] : targets) {
    std::unique_ptr<Queue>& queue = queues_[broker];
    if (!queue) {
      queue = std::make_unique<Queue>(process_.world());
      process_.spawn(serve(broker));
    }
    queue->address = target.leader.address;
    queue->entries.push_back(entry_of(std::move(target.partitions)));
    queue->filled.notify_all();
  }
  if (!without_leader.empty()) {
    leaderless_.push_back(entry_of(std::move(without_leader)));
    leaderless_filled_.notify_all();
  }
  // Deleted, probably: nobody reads what is in them. But a broker that has just started may not
  // have heard of any partition yet, and leaves the transaction open there.
  if (TransactionMetadata* metadata = gone.empty() ? nullptr : still_ours(transaction)) {
    observer_.on_markers_skipped(transaction->complete.producer, gone);
    for (const TopicPartition& partition : gone) metadata->remove_partition(partition);
    maybe_complete(transaction->id);
  }
}

sim::Task<> TransactionMarkers::retry_leaderless() {
  while (true) {
    if (leaderless_.empty()) {
      co_await leaderless_filled_.wait();
      continue;
    }
    co_await process_.world().sleep(marker_retry_pause);
    for (const Entry& entry : std::exchange(leaderless_, {})) {
      if (still_ours(entry.transaction) != nullptr) {
        enqueue(entry.transaction, entry.marker.partitions);
      }
    }
  }
}

sim::Task<> TransactionMarkers::serve(BrokerId broker) {
  Queue& queue = *queues_.at(broker);  // it stays for as long as the process lives
  while (true) {
    if (queue.entries.empty()) {
      co_await queue.filled.wait();
      continue;
    }
    const std::vector<Entry> entries = std::exchange(queue.entries, {});
    if (!queue.connection || queue.connection->address() != queue.address) {
      queue.connection = std::make_unique<NodeConnection>(process_, queue.address, rpc_);
    }
    auto request = std::make_unique<WriteTxnMarkersRequest>();
    for (const Entry& entry : entries) request->markers.push_back(entry.marker);
    const auto answer =
        co_await call_as<WriteTxnMarkersResponse>(*queue.connection, std::move(request));
    bool again = false;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::size_t before = queue.entries.size() + leaderless_.size();
      if (answer) {
        take_answer(entries[i], (*answer)->markers.at(i));
      } else if (still_ours(entries[i].transaction) != nullptr) {
        enqueue(entries[i].transaction, entries[i].marker.partitions);
      }
      again = again || queue.entries.size() + leaderless_.size() > before;
    }
    if (again) co_await process_.world().sleep(marker_retry_pause);
  }
}

TransactionMetadata* TransactionMarkers::still_ours(const UndonePtr& transaction) {
  const auto known = undone_.find(transaction->id);
  if (known == undone_.end() || known->second != transaction) return nullptr;
  const auto found = states_.find(transaction->id);
  if (found && found->metadata != nullptr &&
      found->coordinator_epoch == transaction->coordinator_epoch) {
    return found->metadata;
  }
  drop(transaction);
  return nullptr;
}

void TransactionMarkers::drop(const UndonePtr& transaction) {
  const auto known = undone_.find(transaction->id);
  if (known != undone_.end() && known->second == transaction) undone_.erase(known);
}

/// TransactionMarkerRequestCompletionHandler.
void TransactionMarkers::take_answer(const Entry& entry,
                                     const WriteTxnMarkersResponse::Marker& answer) {
  TransactionMetadata* metadata = still_ours(entry.transaction);
  if (metadata == nullptr) return;
  std::vector<TopicPartition> again;
  for (const WriteTxnMarkersResponse::Partition& one : answer.partitions) {
    switch (one.error) {
      case ErrorCode::none:
        metadata->remove_partition(one.partition);
        break;
      case ErrorCode::unknown_topic_or_partition:
      case ErrorCode::not_leader_or_follower:
      case ErrorCode::not_enough_replicas:
      case ErrorCode::not_enough_replicas_after_append:
      case ErrorCode::request_timed_out:
      case ErrorCode::kafka_storage_error:
      case ErrorCode::coordinator_load_in_progress:
        again.push_back(one.partition);
        break;
      default:
        // Another coordinator, or another epoch of the producer, has gone on with it.
        drop(entry.transaction);
        return;
    }
  }
  if (again.empty()) {
    maybe_complete(entry.transaction->id);
  } else {
    enqueue(entry.transaction, again);
  }
}

void TransactionMarkers::maybe_complete(const std::string& id) {
  const auto known = undone_.find(id);
  if (known == undone_.end()) return;
  const UndonePtr transaction = known->second;
  const TransactionMetadata* metadata = still_ours(transaction);
  if (metadata == nullptr || !metadata->partitions().empty()) return;
  drop(transaction);
  process_.spawn(write_completion(transaction));
}

/// tryAppendToLog.
sim::Task<> TransactionMarkers::write_completion(UndonePtr transaction) {
  while (true) {
    TransactionTransit complete = transaction->complete;
    const ErrorCode error = co_await states_.append(transaction->id, transaction->coordinator_epoch,
                                                    std::move(complete), true);
    if (error == ErrorCode::none)
      observer_.on_transaction_completed(transaction->complete.producer);
    if (error != ErrorCode::coordinator_not_available) co_return;
    co_await process_.world().sleep(marker_retry_pause);
  }
}

void TransactionMarkers::forget(int state_partition) {
  std::erase_if(undone_, [&](const auto& entry) {
    return states_.partition_for(entry.first) == state_partition;
  });
}

}  // namespace brokerlab::model
