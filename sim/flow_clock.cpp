#include "sim/flow_clock.h"

#include "sim/platform.h"
#include "sim/world.h"

#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace brokerlab::sim {

FlowClock::~FlowClock() { disarm(); }

double FlowClock::seconds() const { return seconds_at(world_.now_); }

double FlowClock::seconds_at(Time date) const { return origin_ + to_seconds(date); }

Time FlowClock::date_of(double seconds) const { return at_seconds(seconds - origin_); }

Time FlowClock::date() const { return date_of(simgrid::s4u::Engine::get_clock()); }

/// How far the kernel may run on its own. An event at a flow's end waits for SimGrid: whichever is
/// first on its clock comes first.
Time FlowClock::free_until() {
  if (held_ == 0) return never;
  if (changed_) {
    const std::optional<double> end = platform::next_change();
    horizon_ = end ? date_of(*end) - 1ns : Time{};
    changed_ = !end;
  }
  return std::max(horizon_, date());
}

void FlowClock::when_there(Callback callback) {
  waiting_.push_back(std::move(callback));
  wanted_ = true;
}

void FlowClock::release() {
  ENSURE(held_ > 0, "the clock was not held");
  --held_;
  changed_ = true;
}

void FlowClock::hand_over(Callback callback) {
  const World::KeepCause keep(world_);
  world_.set_cause({});
  world_.at(std::max(world_.now_, date()), std::move(callback));
  if (in_engine_) arm();
}

void FlowClock::arm() {
  Time due = never;
  if (wanted_) due = world_.now_;
  if (!world_.heap_.empty()) due = std::min(due, world_.heap_.front().date);
  if (due > end_ && held_ == 0) return;
  due = std::min(due, end_);
  if (due >= armed_) return;
  disarm();
  armed_ = due;
  // Our nanosecond may be rounded down; a timer in SimGrid's past would stop it.
  const double now = simgrid::s4u::Engine::get_clock();
  double date = std::max(seconds_at(due), now);
  // A timer at SimGrid's present date fires in its present step: the next one begins
  // as little later as a double can say.
  if (std::exchange(next_step_, false)) date = std::max(date, std::nextafter(now, HUGE_VAL));
  timer_ = simgrid::kernel::timer::Timer::set(date, [this] {
    timer_ = nullptr;  // SimGrid destroys it
    armed_ = never;
    fire();
  });
}

void FlowClock::disarm() {
  if (timer_ != nullptr) std::exchange(timer_, nullptr)->remove();
  armed_ = never;
}

void FlowClock::fire() {
  while (!world_.stopped_) {
    // Whoever waits for SimGrid's clock: it has arrived when it shows our date.
    if (wanted_) {
      if (date() < world_.now_) break;
      if (!platform::is_clear()) {
        next_step_ = true;
        break;
      }
      wanted_ = false;
      changed_ = true;
      for (Callback& callback : std::exchange(waiting_, {})) callback();
    }
    const Time upto = std::min(end_, free_until());
    if (world_.heap_.empty() || world_.heap_.front().date > upto) break;
    world_.run_due(upto, wanted_);
  }
  const bool idle =
      (world_.heap_.empty() || world_.heap_.front().date > end_) && held_ == 0 && !wanted_;
  ended_ = world_.stopped_ || idle || (date() >= end_ && !wanted_);
  if (!ended_) arm();  // otherwise SimGrid's loop ends with its last activity, or at the end
}

void FlowClock::run_engine() {
  simgrid::s4u::Engine& engine = *simgrid::s4u::Engine::get_instance();
  if (!bound_) origin_ = simgrid::s4u::Engine::get_clock();
  bound_ = true;
  in_engine_ = true;
  ended_ = false;
  arm();
  // SimGrid takes 10 us before its end for the end: it may have to be told again.
  while (!ended_ && (timer_ != nullptr || held_ > 0)) {
    if (end_ == never) {
      engine.run();
    } else {
      engine.run_until(seconds_at(end_));
    }
  }
  disarm();
  in_engine_ = false;
}

void FlowClock::run(Time end) {
  end_ = end;
  while (!world_.stopped_) {
    const bool at_end = held_ > 0 && date() >= end;
    if (held_ == 0 || at_end) world_.run_due(end, wanted_);
    if (world_.stopped_ || (!wanted_ && (held_ == 0 || at_end))) break;
    run_engine();
  }
}

}  // namespace brokerlab::sim
