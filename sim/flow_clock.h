// FlowClock: SimGrid's clock beside the World's, for the flows on the network.
//
// The kernel is either outside SimGrid and runs its heap freely, or inside Engine::run() and steps
// when SimGrid's one armed timer fires. From there it runs ahead of SimGrid's clock, up to the next
// date at which a flow may end; a flow that starts or changes waits for the engine to catch up.
//
// SimGrid's clock survives a World: our date 0 is origin_ there. A run that ends with flows in
// flight leaves SimGrid at the same date, and the next run goes on from it.
//
// Lifetime: part of its World. Threads: none. Source of what SimGrid does: version 3.32, measured
// (docs/architecture.md).
#pragma once

#include "base/units.h"
#include "sim/callback.h"

#include <vector>

namespace simgrid::kernel::timer {
class Timer;
}

namespace brokerlab::sim {

class World;

class FlowClock {
 public:
  explicit FlowClock(World& world) : world_(world) {}
  FlowClock(const FlowClock&) = delete;
  FlowClock& operator=(const FlowClock&) = delete;
  ~FlowClock();

  /// Runs the callback at the World's present date, as soon as SimGrid's clock shows it too.
  void when_there(Callback callback);
  /// Between a flow's start and its end the kernel may not run ahead of the end.
  void hold() { ++held_; }
  void release();
  /// The World's present date on SimGrid's clock, which may be behind.
  double seconds() const;
  /// For completion callbacks of SimGrid: runs `callback` in the kernel at SimGrid's present date.
  void hand_over(Callback callback);

  /// Runs the World until nothing is left to do, `end`, or World::stop().
  void run(Time end);

 private:
  double seconds_at(Time date) const;
  Time date_of(double seconds) const;  ///< The nearest nanosecond.
  Time date() const;                   ///< SimGrid's clock as our date.
  Time free_until();
  void fire();
  void arm();
  void disarm();
  void run_engine();

  World& world_;
  Time end_ = never;
  bool ended_ = false;
  int held_ = 0;
  bool in_engine_ = false;  ///< Inside SimGrid's run().
  bool wanted_ = false;     ///< A callback waits for SimGrid's clock.
  std::vector<Callback> waiting_;
  bool bound_ = false;  ///< origin_ is known: the engine has been entered.
  double origin_ = 0;
  bool changed_ = false;  ///< Flows, since horizon_ was asked for.
  Time horizon_{};        ///< What is due then or before runs before any flow ends.
  Time armed_ = never;
  bool next_step_ = false;  ///< The timer is for SimGrid's next step, not for this one.
  simgrid::kernel::timer::Timer* timer_ = nullptr;
};

}  // namespace brokerlab::sim
