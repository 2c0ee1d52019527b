// Purgatory: requests that wait for something (acks=all produces, fetches without enough data).
//
// An operation is watched under the partitions it depends on; whoever changes a partition calls
// check(). It completes once: by try_complete(), or by its timeout, and is then forgotten at once:
// its timer is called off and it leaves every list it was watched in. (Kafka leaves it in the lists
// of other partitions until a check passes over it or 1000 such have gathered, purgeInterval.) So
// memory follows the requests that wait, whatever has waited before them.
//
// Lifetime: owned by the Broker; an operation lives until it has completed, or with the Purgatory.
// Threads:  none. Source: kafka.server.DelayedOperationPurgatory.
#pragma once

#include "model/ids.h"
#include "sim/world.h"

#include <array>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <vector>

namespace brokerlab::model {

class DelayedOperation;
class Purgatory;

/// One who waits for partitions, once or again and again: a delayed operation, or a fetch session,
/// whose fetches all wait for the same ones. It keeps its places in their lists also while it does
/// not wait. Ends before the Purgatory.
class PurgatoryWaiter {
 public:
  explicit PurgatoryWaiter(Purgatory& purgatory) : purgatory_(purgatory) {}
  ~PurgatoryWaiter();
  PurgatoryWaiter(const PurgatoryWaiter&) = delete;
  PurgatoryWaiter& operator=(const PurgatoryWaiter&) = delete;

  using Waiters = std::list<PurgatoryWaiter*>;
  struct Place {
    std::map<TopicPartition, Waiters>::iterator partition;
    Waiters::iterator place;
  };
  /// A place at the end of the partition's list.
  std::list<Place>::iterator watch(const TopicPartition& partition);
  void unwatch(std::list<Place>::iterator place);
  bool watches() const { return !places_.empty(); }

 private:
  friend class Purgatory;
  Purgatory& purgatory_;
  std::list<Place> places_;
  std::shared_ptr<DelayedOperation> operation_;  ///< While it waits.
};

/// Of which of Kafka's purgatories an operation is; ours has all of them in one.
enum class DelayedKind { produce, fetch, delete_records, other };

class DelayedOperation {
 public:
  virtual ~DelayedOperation() = default;
  virtual DelayedKind kind() const { return DelayedKind::other; }
  bool completed() const { return completed_; }

 protected:
  /// Answers if it can now. True when it did.
  virtual bool try_complete() = 0;
  /// Answers with what there is: the time is up.
  virtual void expire() = 0;

 private:
  friend class Purgatory;
  bool completed_ = false;
  sim::TimerId timer_;
  PurgatoryWaiter* waiter_ = nullptr;
  std::unique_ptr<PurgatoryWaiter> own_;  ///< Of one that waits once.
  int watched_ = 0;                       ///< Places, when it began to wait.
};

class Purgatory {
 public:
  explicit Purgatory(sim::World& world) : world_(world) {}
  Purgatory(const Purgatory&) = delete;
  Purgatory& operator=(const Purgatory&) = delete;
  ~Purgatory();

  /// Tries at once; else watches the partitions until `timeout` has passed.
  void add(const std::shared_ptr<DelayedOperation>& operation,
           const std::vector<TopicPartition>& partitions, Duration timeout);
  /// The same, with the places of a waiter that does not end before this one is complete. If
  /// another one waits there, its time is up.
  void add(const std::shared_ptr<DelayedOperation>& operation, PurgatoryWaiter& waiter,
           Duration timeout);
  void check(const TopicPartition& partition);

  /// Operations that wait (NumDelayedOperations).
  int size() const { return size_; }
  /// Their places in the lists of partitions (PurgatorySize).
  int watched() const;
  int watched(DelayedKind kind) const { return watched_by_kind_[static_cast<std::size_t>(kind)]; }
  /// Partitions that somebody waits for, or will.
  std::size_t partitions() const { return watched_.size(); }

 private:
  friend class PurgatoryWaiter;
  bool complete_if_possible(DelayedOperation& operation);
  void park(const std::shared_ptr<DelayedOperation>& operation, PurgatoryWaiter& waiter,
            Duration timeout);
  void expire(const std::shared_ptr<DelayedOperation>& operation);
  void forget(DelayedOperation& operation);

  sim::World& world_;
  std::map<TopicPartition, PurgatoryWaiter::Waiters> watched_;
  int size_ = 0;
  std::array<int, 4> watched_by_kind_{};
};

}  // namespace brokerlab::model
