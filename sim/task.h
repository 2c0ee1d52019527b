// Task<T>: a coroutine of the simulation. TaskGroup: coroutines that live and die together.
//
// A Task starts when it is awaited (or spawned) and resumes its awaiter when it returns. What waits
// in the model reads top to bottom:
//
//   Task<> Flusher::run() {
//     while (true) {
//       co_await world_.sleep(5s);
//       co_await disk_.sync();
//     }
//   }
//
// Lifetime: a Task owns its frame; destroying a suspended Task destroys the frame and, through it,
//           every Task it awaits. A TaskGroup owns the tasks spawned into it. kill_all() destroys
//           them in the reverse order of their start and forgets every wake-up still addressed to
//           them, so a dead process never runs again.
// Threads:  none; everything runs on the World's thread.
// Errors:   exceptions are not used; one that leaves a coroutine stops the program.
//
// g++ 12 mishandles some temporaries inside co_await expressions. Do not pass braced aggregates or
// capturing lambdas as arguments there, do not co_await inside a condition operator, never make a
// capturing lambda a coroutine: name the operand first.
#pragma once

#include "base/check.h"
#include "base/units.h"

#include <coroutine>
#include <cstdint>
#include <optional>
#include <utility>

namespace brokerlab::sim {

class World;

namespace detail {

struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
    const std::coroutine_handle<> awaiter = finished.promise().awaiter;
    return awaiter ? awaiter : std::noop_coroutine();
  }
  void await_resume() const noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> awaiter;

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  [[noreturn]] void unhandled_exception() const noexcept {
    UNREACHABLE("an exception left a simulated process");
  }
};

template <class T>
struct Promise;

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;

  explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
    frame_.promise().awaiter = awaiter;
    return frame_;
  }
  T await_resume() { return frame_.promise().take(); }

 private:
  std::coroutine_handle<promise_type> frame_;
};

namespace detail {

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;

  Task<T> get_return_object() {
    return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
  }
  template <class U>
  void return_value(U&& returned) {
    value.emplace(std::forward<U>(returned));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() {
    return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
  }
  void return_void() const noexcept {}
  void take() const noexcept {}
};

struct RootTask;

}  // namespace detail

/// Who may be resumed: the index of a scope in the World and the life it is in.
struct Scope {
  std::uint32_t index = 0;
  std::uint32_t life = 0;
};

class TaskGroup {
 public:
  explicit TaskGroup(World& world);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  /// Starts the task at the current date, after what is already due. It ends by returning.
  void spawn(Task<> task);
  /// Destroys every task. Must not be called from one of them: use World::after(0ns, ...).
  void kill_all();
  int size() const { return size_; }
  /// Nothing of the group runs before `end`; what was due meanwhile runs then, in its order.
  void pause_until(Time end);
  /// Whether the running code is one of this group's coroutines.
  bool is_running() const;

 private:
  friend struct detail::RootTask;

  World& world_;
  Scope scope_;
  detail::RootTask* newest_ = nullptr;  ///< Head of a doubly linked list, newest first.
  int size_ = 0;
};

}  // namespace brokerlab::sim
