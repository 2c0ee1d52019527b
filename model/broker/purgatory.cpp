#include "model/broker/purgatory.h"

#include <numeric>
#include <utility>

namespace brokerlab::model {

PurgatoryWaiter::~PurgatoryWaiter() {
  while (watches()) unwatch(places_.begin());
}

std::list<PurgatoryWaiter::Place>::iterator PurgatoryWaiter::watch(
    const TopicPartition& partition) {
  const auto waiters = purgatory_.watched_.try_emplace(partition).first;
  waiters->second.push_back(this);
  places_.push_back({waiters, std::prev(waiters->second.end())});
  return std::prev(places_.end());
}

void PurgatoryWaiter::unwatch(std::list<Place>::iterator place) {
  place->partition->second.erase(place->place);
  if (place->partition->second.empty()) purgatory_.watched_.erase(place->partition);
  places_.erase(place);
}

Purgatory::~Purgatory() {
  // An operation may own its waiter, which looks for its places as it goes.
  std::vector<std::shared_ptr<DelayedOperation>> left;
  for (auto& [partition, waiters] : watched_) {
    for (PurgatoryWaiter* waiter : waiters) {
      if (!waiter->operation_) continue;
      world_.cancel(waiter->operation_->timer_);
      left.push_back(std::move(waiter->operation_));
    }
  }
  left.clear();
}

void Purgatory::add(const std::shared_ptr<DelayedOperation>& operation,
                    const std::vector<TopicPartition>& partitions, Duration timeout) {
  if (complete_if_possible(*operation)) return;
  operation->own_ = std::make_unique<PurgatoryWaiter>(*this);
  for (const TopicPartition& name : partitions) operation->own_->watch(name);
  park(operation, *operation->own_, timeout);
}

void Purgatory::add(const std::shared_ptr<DelayedOperation>& operation, PurgatoryWaiter& waiter,
                    Duration timeout) {
  if (!complete_if_possible(*operation)) park(operation, waiter, timeout);
}

int Purgatory::watched() const {
  return std::accumulate(watched_by_kind_.begin(), watched_by_kind_.end(), 0);
}

void Purgatory::park(const std::shared_ptr<DelayedOperation>& operation, PurgatoryWaiter& waiter,
                     Duration timeout) {
  ENSURE(waiter.watches(), "an operation that waits for nothing");
  if (waiter.operation_) expire(std::shared_ptr<DelayedOperation>(waiter.operation_));
  ++size_;
  operation->waiter_ = &waiter;
  operation->watched_ = static_cast<int>(waiter.places_.size());
  watched_by_kind_[static_cast<std::size_t>(operation->kind())] += operation->watched_;
  waiter.operation_ = operation;
  operation->timer_ = world_.after(timeout, [this, operation] { expire(operation); });
}

void Purgatory::check(const TopicPartition& name) {
  const auto found = watched_.find(name);
  if (found == watched_.end()) return;
  // Completing one may complete others, or add another for the same partition: work on a copy.
  std::vector<std::shared_ptr<DelayedOperation>> operations;
  for (const PurgatoryWaiter* waiter : found->second) {
    if (waiter->operation_) operations.push_back(waiter->operation_);
  }
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

/// The caller holds it: nobody else may do so any more.
void Purgatory::forget(DelayedOperation& operation) {
  --size_;
  world_.cancel(operation.timer_);
  watched_by_kind_[static_cast<std::size_t>(operation.kind())] -= operation.watched_;
  std::exchange(operation.waiter_, nullptr)->operation_.reset();
  operation.own_.reset();
}

}  // namespace brokerlab::model
