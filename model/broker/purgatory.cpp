#include "model/broker/purgatory.h"

namespace brokerlab::model {

Purgatory::~Purgatory() {
  for (auto& [partition, operations] : watched_) {
    for (const std::shared_ptr<DelayedOperation>& operation : operations) {
      world_.cancel(operation->timer_);
    }
  }
}

void Purgatory::add(const std::shared_ptr<DelayedOperation>& operation,
                    const std::vector<TopicPartition>& partitions, Duration timeout) {
  if (complete_if_possible(*operation)) return;
  ENSURE(!partitions.empty(), "an operation that waits for nothing");
  ++size_;
  for (const TopicPartition& name : partitions) {
    const auto partition = watched_.try_emplace(name).first;
    partition->second.push_back(operation);
    operation->watches_.push_back({partition, std::prev(partition->second.end())});
    ++watched_count_;
  }
  operation->timer_ = world_.after(timeout, [this, operation] { expire(operation); });
}

void Purgatory::check(const TopicPartition& name) {
  const auto found = watched_.find(name);
  if (found == watched_.end()) return;
  // Completing one may complete others, or add another for the same partition: work on a copy.
  const std::vector<std::shared_ptr<DelayedOperation>> operations(found->second.begin(),
                                                                  found->second.end());
  for (const std::shared_ptr<DelayedOperation>& operation : operations) {
    if (!operation->completed_ && complete_if_possible(*operation)) forget(*operation);
  }
}

bool Purgatory::complete_if_possible(DelayedOperation& operation) {
  if (!operation.try_complete()) return false;
  operation.completed_ = true;
  return true;
}

void Purgatory::expire(const std::shared_ptr<DelayedOperation>& operation) {
  operation->completed_ = true;
  forget(*operation);
  operation->expire();
}

void Purgatory::forget(DelayedOperation& operation) {
  --size_;
  world_.cancel(operation.timer_);
  for (const DelayedOperation::Watch& watch : std::exchange(operation.watches_, {})) {
    --watched_count_;
    watch.partition->second.erase(watch.place);
    if (watch.partition->second.empty()) watched_.erase(watch.partition);
  }
}

}  // namespace brokerlab::model
