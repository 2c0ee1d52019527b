// The event kernel: one clock, one heap of things to do, one order for everything.
//
// A World runs callbacks and resumes coroutines at integer nanoseconds, in the order (date, order
// of scheduling). It carries the cause along: whatever an event schedules remembers the trace event
// in whose consequence it runs, so that "why?" is a walk up that chain.
//
// SimGrid's clock follows (sim/flow_clock.h): the kernel runs ahead on its own heap, but never past
// the next date at which a flow in flight on the simulated network may end. docs/architecture.md
// has the measurements behind this.
//
// Lifetime: one World at a time in an OS process when flows are used (SimGrid's engine is a
//           singleton; its clock survives a World, so each World has its own origin on it).
//           Everything of the simulation borrows the World and dies before it.
// Threads:  none.
// Errors:   scheduling in the past is our bug and stops the program.
#pragma once

#include "base/random.h"
#include "base/units.h"
#include "sim/callback.h"
#include "sim/ids.h"
#include "sim/task.h"

#include <algorithm>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace brokerlab::sim {

class FlowClock;
class Trace;

/// One suspended coroutine, as others know it. Waking a wait that is over does nothing.
struct WaitId {
  std::uint32_t slot = 0;
  std::uint32_t serial = 0;
};

/// A callback that has not run yet, as who may call it off knows it.
struct TimerId {
  std::uint32_t slot = 0;
  std::uint32_t serial = 0;
};

class World {
 public:
  explicit World(std::uint64_t seed);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  Time now() const { return now_; }
  std::uint64_t seed() const { return seed_; }
  /// The random stream of that name; call once and keep it.
  RandomStream stream(std::string_view name) const { return {seed_, name}; }
  Trace& trace() { return *trace_; }

  /// Runs the callback at `date`, or `delay` from now. It belongs to nobody: it runs even when
  /// the process that scheduled it is dead, unless it is called off.
  TimerId at(Time date, Callback callback);
  TimerId after(Duration delay, Callback callback) { return at(now_ + delay, std::move(callback)); }
  /// The callback goes at once, with what it holds. Does nothing when it has run, or is running.
  void cancel(TimerId id);

  struct Sleep {
    World& world;
    Time until;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) { world.wake_at(until, world.wait(handle)); }
    void await_resume() const noexcept {}
  };
  /// `co_await world.sleep(5ms)`. A sleep of 0 lets everything else due now run first.
  Sleep sleep(Duration duration) { return {*this, now_ + std::max(duration, Duration{0})}; }
  Sleep sleep_until(Time date) { return {*this, std::max(date, now_)}; }

  /// Runs until nothing is left to do, `end` is reached, or stop(). Events at `end` still run.
  void run(Time end = never);
  /// Ends run() after the current event. With flows in flight the run cannot be continued then.
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }
  /// Called from inside run() every `every` of simulated time (progress, pacing). There is one: it
  /// takes the place of the one before.
  void observe(Duration every, std::function<void()> observer);

  std::uint64_t steps() const { return steps_; }  ///< Events run so far.
  /// Entries in the heap. Those that are over (a deadline that nobody waits for any more) are swept
  /// out before they are the greater part, so memory follows what is still to come.
  std::size_t agenda_size() const { return heap_.size(); }

  // --- For awaitables (sim/channel.h) ---

  /// Registers the suspended coroutine of the running scope.
  WaitId wait(std::coroutine_handle<> handle);
  /// Resumes it at `date` unless something wakes it before or its process dies.
  void wake_at(Time date, WaitId id);
  void wake(WaitId id) { wake_at(now_, id); }
  bool is_waiting(WaitId id) const {
    return id.slot < waits_.size() && waits_[id.slot].serial == id.serial && waits_[id.slot].handle;
  }

  // --- For process groups (sim/task.h) ---

  Scope open_scope();
  /// Nothing waits or wakes in this scope any more.
  void close_scope(Scope scope);
  void start(Scope scope, std::coroutine_handle<> handle);
  /// Whether the running code is a coroutine of this scope.
  bool is_running(Scope scope) const {
    return scope.index == scope_.index && scope.life == scope_.life && scope.index != 0;
  }
  /// Every resume of the scope that is due before `end` waits until then; their order stays.
  void pause(Scope scope, Time end);

  // --- For traces: the event in whose consequence the running code runs ---

  EventId cause() const { return cause_; }
  void set_cause(EventId cause) { cause_ = cause; }

  /// Ends with the cause it began with. For what does several things in a row that follow from
  /// one event, not from each other: one of these in each turn of the loop.
  class KeepCause {
   public:
    explicit KeepCause(World& world) : world_(world), cause_(world.cause()) {}
    ~KeepCause() { world_.set_cause(cause_); }
    KeepCause(const KeepCause&) = delete;
    KeepCause& operator=(const KeepCause&) = delete;

   private:
    World& world_;
    const EventId cause_;
  };

  /// SimGrid's clock, for the flow network (sim/flows.cpp).
  FlowClock& flow_clock() { return *flow_clock_; }

 private:
  friend class FlowClock;  // It runs the heap up to the dates that SimGrid allows.

  struct Entry {
    Time date;
    std::uint64_t order;
    EventId cause;
    std::uint32_t slot;  ///< Of waits_; with callback_bit, of callbacks_.
    std::uint32_t serial;
  };
  struct Wait {
    std::coroutine_handle<> handle;
    Scope scope;
    std::uint32_t serial = 0;
    std::uint32_t entries = 0;  ///< In the heap, for this serial.
  };
  struct Timer {
    Callback callback;
    std::uint32_t serial = 0;
  };
  struct Pause {
    Scope scope;
    Time end;
    std::deque<Entry> deferred;  ///< In the order they were due.
  };
  struct Later {
    bool operator()(const Entry& a, const Entry& b) const {
      // Without a branch, which could not be predicted.
      return (static_cast<int>(a.date > b.date) |
              (static_cast<int>(a.date == b.date) & static_cast<int>(a.order > b.order))) != 0;
    }
  };
  static constexpr std::uint32_t callback_bit = 1u << 31;
  static constexpr std::size_t few_entries = 1024;  ///< Not worth sweeping.

  void push(Time date, std::uint32_t slot, std::uint32_t serial);
  bool is_over(const Entry& entry) const;
  void sweep();
  void end_wait(std::uint32_t slot);
  void run_one();
  void resume(const Entry& entry);
  Pause* pause_of(Scope scope);
  void end_pause(Scope scope);
  /// Up to that date, or until SimGrid is `wanted`.
  void run_due(Time upto, const bool& wanted);
  bool scope_lives(Scope scope) const { return scope_lives_[scope.index] == scope.life; }

  const std::uint64_t seed_;
  Time now_{};
  std::vector<Entry> heap_;
  std::size_t over_ = 0;  ///< Of heap_: nobody waits for them any more.
  std::uint64_t next_order_ = 0;
  std::vector<Wait> waits_;
  std::vector<std::uint32_t> free_waits_;
  std::vector<Timer> callbacks_;
  std::vector<std::uint32_t> free_callbacks_;
  std::vector<std::uint32_t> scope_lives_{0};
  std::vector<std::uint32_t> free_scopes_;
  std::vector<Pause> pauses_;  ///< Few at a time, mostly none.
  Scope scope_;
  EventId cause_;
  std::uint64_t steps_ = 0;
  bool stopped_ = false;
  Duration observe_every_{};
  Time next_observation_ = never;
  std::function<void()> observer_;
  std::unique_ptr<FlowClock> flow_clock_;
  std::unique_ptr<Trace> trace_;
};

}  // namespace brokerlab::sim
