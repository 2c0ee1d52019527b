// What coroutines wait on: Channel (a queue), Signal (something changed), OneShot (one answer),
// Semaphore (n permits, first come first served).
//
// Waiting with a deadline: the first of answer and deadline wakes the coroutine, the other finds
// nobody. Waits that timed out are forgotten before they are the greater part of a list, so one
// that always times out does not grow.
//
// Lifetime: they borrow the World. A coroutine that waits may die (with its process) at any time.
//           The object itself may be destroyed while coroutines of a dying process wait on it.
// Threads:  none.
#pragma once

#include "base/fifo.h"
#include "sim/world.h"

#include <optional>
#include <utility>

namespace brokerlab::sim {

namespace detail {

/// When a list of waits is looked through for those that are over: at twice as many as lived last
/// time, so that adding one costs the same however long the list is.
class ForgetOver {
 public:
  template <class List, class IsOver>
  void before_adding(List& list, IsOver is_over) {
    if (list.size() < next_) return;
    list.erase_if(is_over);
    next_ = std::max(few, 2 * list.size());
  }

 private:
  static constexpr std::size_t few = 8;
  std::size_t next_ = few;
};

}  // namespace detail

/// An unbounded queue of T. Items go to waiting receivers in the order they came.
template <class T>
class Channel {
 public:
  explicit Channel(World& world) : world_(world) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  class Receive {
   public:
    Receive(Channel& channel, Time deadline) : channel_(channel), deadline_(deadline) {}
    bool await_ready() {
      if (!channel_.queue_.empty()) {
        item_.emplace(std::move(channel_.queue_.front()));
        channel_.queue_.pop_front();
        return true;
      }
      return channel_.closed_ || deadline_ <= channel_.world_.now();
    }
    void await_suspend(std::coroutine_handle<> handle) {
      const WaitId id = channel_.world_.wait(handle);
      channel_.forget_.before_adding(channel_.receivers_, [this](const Receiver& receiver) {
        return !channel_.world_.is_waiting(receiver.id);
      });
      channel_.receivers_.push_back({this, id});
      if (deadline_ != never) channel_.world_.wake_at(deadline_, id);
    }
    std::optional<T> await_resume() { return std::move(item_); }

   private:
    friend class Channel;
    Channel& channel_;
    Time deadline_;
    std::optional<T> item_;
  };

  void push(T item) {
    while (!receivers_.empty()) {
      const Receiver receiver = receivers_.front();
      receivers_.pop_front();
      if (!world_.is_waiting(receiver.id)) continue;  // timed out or dead
      receiver.awaiter->item_.emplace(std::move(item));
      world_.wake(receiver.id);
      return;
    }
    queue_.push_back(std::move(item));
  }
  /// Receivers get what is queued, then nothing.
  void close() {
    closed_ = true;
    for (const Receiver& receiver : std::exchange(receivers_, {})) world_.wake(receiver.id);
  }

  /// The next item; nothing when the channel is closed or the deadline passed.
  Receive receive(Time deadline = never) { return Receive(*this, deadline); }
  std::optional<T> try_receive() {
    if (queue_.empty()) return std::nullopt;
    std::optional<T> item(std::move(queue_.front()));
    queue_.pop_front();
    return item;
  }

  bool empty() const { return queue_.empty(); }
  std::size_t size() const { return queue_.size(); }
  /// Waits that are remembered, among them some that are over.
  std::size_t waits() const { return receivers_.size(); }
  bool closed() const { return closed_; }

 private:
  struct Receiver {
    Receive* awaiter;
    WaitId id;
  };

  World& world_;
  Fifo<T> queue_;
  Fifo<Receiver> receivers_;
  detail::ForgetOver forget_;
  bool closed_ = false;
};

/// A condition variable: wait for the next notify, then look again.
class Signal {
 public:
  explicit Signal(World& world) : world_(world) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  struct Wait {
    Signal& signal;
    Time deadline;
    bool await_ready() const { return deadline <= signal.world_.now(); }
    void await_suspend(std::coroutine_handle<> handle) {
      const WaitId id = signal.world_.wait(handle);
      signal.forget_.before_adding(signal.waiters_, [this](const WaitId waiter) {
        return !signal.world_.is_waiting(waiter);
      });
      signal.waiters_.push_back(id);
      if (deadline != never) signal.world_.wake_at(deadline, id);
    }
    void await_resume() const noexcept {}
  };

  /// Returns at the next notify_all() or at the deadline; the caller checks its condition.
  Wait wait(Time deadline = never) { return {*this, deadline}; }
  void notify_all() {
    for (const WaitId id : std::exchange(waiters_, {})) world_.wake(id);
  }
  /// As Channel::waits().
  std::size_t waits() const { return waiters_.size(); }

 private:
  World& world_;
  Fifo<WaitId> waiters_;
  detail::ForgetOver forget_;
};

/// One value, set once, awaited by one coroutine. Setting it again does nothing.
template <class T>
class OneShot {
 public:
  explicit OneShot(World& world) : world_(world) {}
  OneShot(const OneShot&) = delete;
  OneShot& operator=(const OneShot&) = delete;

  void set(T value) {
    if (value_) return;
    value_.emplace(std::move(value));
    if (waiting_) world_.wake(waiter_);
  }
  bool is_set() const { return value_.has_value(); }

  struct Wait {
    OneShot& one_shot;
    Time deadline;
    bool await_ready() const { return one_shot.is_set() || deadline <= one_shot.world_.now(); }
    void await_suspend(std::coroutine_handle<> handle) {
      ENSURE(!one_shot.waiting_, "two coroutines wait for one answer");
      one_shot.waiter_ = one_shot.world_.wait(handle);
      one_shot.waiting_ = true;
      if (deadline != never) one_shot.world_.wake_at(deadline, one_shot.waiter_);
    }
    std::optional<T> await_resume() {
      one_shot.waiting_ = false;
      return one_shot.value_;
    }
  };
  /// The value, or nothing when the deadline passed first. T must be copyable.
  Wait wait(Time deadline = never) { return {*this, deadline}; }

 private:
  World& world_;
  std::optional<T> value_;
  WaitId waiter_;
  bool waiting_ = false;
};

/// n permits, handed out in the order they were asked for.
class Semaphore {
 public:
  Semaphore(World& world, int permits) : world_(world), permits_(permits) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  struct Acquire {
    Semaphore& semaphore;
    bool await_ready() const {
      if (semaphore.permits_ == 0 || !semaphore.waiters_.empty()) return false;
      --semaphore.permits_;
      return true;
    }
    void await_suspend(std::coroutine_handle<> handle) {
      semaphore.waiters_.push_back(semaphore.world_.wait(handle));
    }
    void await_resume() const noexcept {}
  };
  Acquire acquire() { return {*this}; }
  void release() {
    while (!waiters_.empty()) {
      const WaitId id = waiters_.front();
      waiters_.pop_front();
      if (!world_.is_waiting(id)) continue;
      world_.wake(id);  // the permit passes on
      return;
    }
    ++permits_;
  }
  int waiting() const { return static_cast<int>(waiters_.size()); }

 private:
  World& world_;
  int permits_;
  Fifo<WaitId> waiters_;
};

}  // namespace brokerlab::sim
