// IdleTime: how long the threads of a pool had nothing to do, of all of them together.
//
// Lifetime: a value; borrows the World. Threads: none.
// Source:   kafka.server.KafkaRequestHandlerPool (aggregateIdleMeter), kafka.network.Processor
//           (io-wait-ratio).
#pragma once

#include "sim/world.h"

namespace brokerlab::model {

class IdleTime {
 public:
  IdleTime(const sim::World& world, int threads)
      : world_(world), threads_(threads), idle_(threads), since_(world.now()) {}

  void begin_work() { change(-1); }
  void end_work() { change(1); }
  /// There are so many of them from now on.
  void resize(int threads) {
    if (threads == threads_) return;
    total_ = mean() * threads;
    since_ = world_.now();
    idle_ += threads - threads_;
    threads_ = threads;
  }
  /// Since it was made, of a thread on average.
  Duration mean() const { return (total_ + idle_ * (world_.now() - since_)) / threads_; }

 private:
  void change(int more) {
    total_ += idle_ * (world_.now() - since_);
    since_ = world_.now();
    idle_ += more;
  }

  const sim::World& world_;
  int threads_;
  int idle_;
  Time since_;
  Duration total_{0};
};

}  // namespace brokerlab::model
