// BufferPool: a producer's buffer.memory, lent by the byte to whoever came first.
//
// Lifetime: part of a producer; borrows the World. Threads: none.
// Source:   org.apache.kafka.clients.producer.internals.BufferPool.
#pragma once

#include "base/units.h"
#include "sim/channel.h"
#include "sim/task.h"

#include <deque>
#include <memory>

namespace brokerlab::model {

class BufferPool {
 public:
  /// `waited_for`: notified when somebody begins to wait.
  BufferPool(sim::World& world, Bytes size, sim::Signal& waited_for)
      : world_(world), free_(size), waited_for_(waited_for) {}
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// Waits until it is their turn and there is as much; false: not before the deadline.
  sim::Task<bool> take(Bytes size, Time deadline);
  void give_back(Bytes size);

  Bytes available() const { return free_; }
  bool has_waiters() const { return !waiters_.empty(); }

 private:
  struct Waiter {
    Waiter(sim::World& world, Bytes wanted) : size(wanted), granted(world) {}
    const Bytes size;
    sim::OneShot<bool> granted;
  };
  void grant();

  sim::World& world_;
  Bytes free_;
  sim::Signal& waited_for_;
  std::deque<std::shared_ptr<Waiter>> waiters_;
};

}  // namespace brokerlab::model
