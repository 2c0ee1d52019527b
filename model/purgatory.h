// Purgatory: requests that wait for something (acks=all produces, fetches without enough data).
//
// An operation is watched under the partitions it depends on; whoever changes a partition calls
// check(). It completes once: by try_complete(), or by its timeout.
//
// Lifetime: owned by the Broker; operations are shared with the timer, which finds them gone after
// the broker's death. Threads: none. Source: kafka.server.DelayedOperationPurgatory.
#pragma once

#include "model/ids.h"
#include "sim/world.h"

#include <map>
#include <memory>
#include <vector>

namespace brokerlab::model {

class DelayedOperation {
 public:
  virtual ~DelayedOperation() = default;
  bool completed() const { return completed_; }

 protected:
  /// Answers if it can now. True when it did.
  virtual bool try_complete() = 0;
  /// Answers with what there is: the time is up.
  virtual void expire() = 0;

 private:
  friend class Purgatory;
  bool completed_ = false;
};

class Purgatory {
 public:
  explicit Purgatory(sim::World& world) : world_(world) {}

  /// Tries at once; else watches the partitions until `timeout` has passed.
  void add(std::shared_ptr<DelayedOperation> operation,
           const std::vector<TopicPartition>& partitions, Duration timeout) {
    if (complete_if_possible(*operation)) return;
    for (const TopicPartition& partition : partitions) watched_[partition].push_back(operation);
    ++size_;
    world_.after(timeout, [this, watcher = std::weak_ptr(alive_), operation] {
      if (watcher.expired() || operation->completed_) return;
      operation->completed_ = true;
      --size_;
      operation->expire();
    });
  }

  void check(const TopicPartition& partition) {
    const auto found = watched_.find(partition);
    if (found == watched_.end()) return;
    // Completing one may add another for the same partition: work on a copy of the list.
    std::vector<std::shared_ptr<DelayedOperation>> operations = std::move(found->second);
    found->second.clear();
    std::vector<std::shared_ptr<DelayedOperation>> kept;
    for (std::shared_ptr<DelayedOperation>& operation : operations) {
      if (operation->completed_) continue;
      if (complete_if_possible(*operation)) {
        --size_;
      } else {
        kept.push_back(std::move(operation));
      }
    }
    std::vector<std::shared_ptr<DelayedOperation>>& now = watched_[partition];
    kept.insert(kept.end(), now.begin(), now.end());
    now = std::move(kept);
  }

  int size() const { return size_; }

 private:
  bool complete_if_possible(DelayedOperation& operation) {
    if (operation.completed_) return true;
    if (!operation.try_complete()) return false;
    operation.completed_ = true;
    return true;
  }

  sim::World& world_;
  std::map<TopicPartition, std::vector<std::shared_ptr<DelayedOperation>>> watched_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  int size_ = 0;
};

}  // namespace brokerlab::model
