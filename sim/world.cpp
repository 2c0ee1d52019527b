#include "sim/world.h"

#include "sim/flow_clock.h"
#include "sim/trace.h"

namespace brokerlab::sim {

World::World(std::uint64_t seed)
    : seed_(seed),
      flow_clock_(std::make_unique<FlowClock>(*this)),
      trace_(std::make_unique<Trace>(*this)) {}

World::~World() {
  // What waits may hold sockets and the like, which look at the World when they are dropped.
  callbacks_.clear();
}

// --- The heap ---

void World::push(Time date, std::uint32_t slot, std::uint32_t serial) {
  ENSURE(date >= now_, "scheduled {} ns in the past", (now_ - date).count());
  if (heap_.size() > few_entries && over_ > heap_.size() / 2) sweep();
  heap_.push_back({date, next_order_++, cause_, slot, serial});
  std::push_heap(heap_.begin(), heap_.end(), Later{});
}

bool World::is_over(const Entry& entry) const {
  if ((entry.slot & callback_bit) != 0) {
    return callbacks_[entry.slot & ~callback_bit].serial != entry.serial;
  }
  const Wait& wait = waits_[entry.slot];
  return wait.serial != entry.serial || !wait.handle;
}

/// Dates and orders stay, so what is left runs exactly as it would have.
void World::sweep() {
  std::erase_if(heap_, [this](const Entry& entry) { return is_over(entry); });
  std::make_heap(heap_.begin(), heap_.end(), Later{});
  over_ = 0;
}

TimerId World::at(Time date, Callback callback) {
  std::uint32_t slot;
  if (free_callbacks_.empty()) {
    slot = static_cast<std::uint32_t>(callbacks_.size());
    callbacks_.push_back({std::move(callback), 0});
  } else {
    slot = free_callbacks_.back();
    free_callbacks_.pop_back();
    callbacks_[slot].callback = std::move(callback);
  }
  const TimerId id{slot, callbacks_[slot].serial};
  push(date, slot | callback_bit, id.serial);
  return id;
}

void World::cancel(TimerId id) {
  if (id.slot >= callbacks_.size() || callbacks_[id.slot].serial != id.serial) return;
  const Callback dropped = std::move(callbacks_[id.slot].callback);
  ++callbacks_[id.slot].serial;
  free_callbacks_.push_back(id.slot);
  ++over_;
}

void World::run_one() {
  std::pop_heap(heap_.begin(), heap_.end(), Later{});
  const Entry entry = heap_.back();
  heap_.pop_back();
  if (is_over(entry)) {  // called off, woken before, or dead
    --over_;
    return;
  }
  now_ = entry.date;
  if ((entry.slot & callback_bit) != 0) {
    cause_ = entry.cause;
    scope_ = {};
    ++steps_;
    const std::uint32_t slot = entry.slot & ~callback_bit;
    Callback callback = std::move(callbacks_[slot].callback);
    ++callbacks_[slot].serial;
    free_callbacks_.push_back(slot);
    callback();
    return;
  }
  Wait& wait = waits_[entry.slot];
  --wait.entries;
  if (!pauses_.empty()) {
    if (Pause* pause = pause_of(wait.scope)) {
      pause->deferred.push_back(entry);
      return;
    }
  }
  resume(entry);
}

/// Its other entries in the heap are over.
void World::end_wait(std::uint32_t slot) {
  Wait& wait = waits_[slot];
  wait.handle = {};
  ++wait.serial;
  over_ += std::exchange(wait.entries, 0);
  free_waits_.push_back(slot);
}

void World::resume(const Entry& entry) {
  const Wait& wait = waits_[entry.slot];
  if (wait.serial != entry.serial || !wait.handle) return;
  cause_ = entry.cause;
  scope_ = wait.scope;
  ++steps_;
  const std::coroutine_handle<> handle = wait.handle;
  end_wait(entry.slot);
  handle.resume();
  scope_ = {};  // whoever comes next is none of its coroutines
}

void World::run_due(Time upto, const bool& wanted) {
  while (!heap_.empty() && !stopped_ && heap_.front().date <= upto && !wanted) {
    if (heap_.front().date >= next_observation_) {
      now_ = next_observation_;
      next_observation_ += observe_every_;
      observer_();
      continue;
    }
    run_one();
  }
}

void World::observe(Duration every, std::function<void()> observer) {
  ENSURE(every > 0ns, "an observation period must be positive");
  observe_every_ = every;
  next_observation_ = now_ + every;
  observer_ = std::move(observer);
}

// --- Waiting coroutines and their scopes ---

WaitId World::wait(std::coroutine_handle<> handle) {
  std::uint32_t slot;
  if (free_waits_.empty()) {
    slot = static_cast<std::uint32_t>(waits_.size());
    waits_.emplace_back();
  } else {
    slot = free_waits_.back();
    free_waits_.pop_back();
  }
  Wait& entry = waits_[slot];
  entry.handle = handle;
  entry.scope = scope_;
  return {slot, entry.serial};
}

void World::wake_at(Time date, WaitId id) {
  if (!is_waiting(id)) return;
  ++waits_[id.slot].entries;
  push(std::max(date, now_), id.slot, id.serial);
}

Scope World::open_scope() {
  if (free_scopes_.empty()) {
    scope_lives_.push_back(0);
    return {static_cast<std::uint32_t>(scope_lives_.size() - 1), 0};
  }
  const std::uint32_t index = free_scopes_.back();
  free_scopes_.pop_back();
  return {index, scope_lives_[index]};
}

void World::close_scope(Scope scope) {
  if (!scope_lives(scope)) return;
  std::erase_if(pauses_, [&](const Pause& pause) {
    return pause.scope.index == scope.index && pause.scope.life == scope.life;
  });
  ++scope_lives_[scope.index];
  free_scopes_.push_back(scope.index);
  for (std::uint32_t slot = 0; slot < waits_.size(); ++slot) {
    const Wait& wait = waits_[slot];
    if (!wait.handle || wait.scope.index != scope.index || wait.scope.life != scope.life) continue;
    end_wait(slot);
  }
}

World::Pause* World::pause_of(Scope scope) {
  for (Pause& pause : pauses_) {
    if (pause.scope.index == scope.index && pause.scope.life == scope.life) return &pause;
  }
  return nullptr;
}

void World::pause(Scope scope, Time end) {
  if (end <= now_) return;
  if (Pause* pause = pause_of(scope)) {
    if (end <= pause->end) return;
    pause->end = end;
  } else {
    pauses_.push_back({scope, end, {}});
  }
  at(end, [this, scope] { end_pause(scope); });
}

void World::end_pause(Scope scope) {
  // What is resumed here may pause or (by others) close the scope again: look anew each time.
  while (true) {
    Pause* pause = pause_of(scope);
    if (pause == nullptr || pause->end > now_) return;
    if (pause->deferred.empty()) break;
    const Entry entry = pause->deferred.front();
    pause->deferred.pop_front();
    resume(entry);
  }
  std::erase_if(pauses_, [&](const Pause& pause) {
    return pause.scope.index == scope.index && pause.scope.life == scope.life;
  });
}

void World::start(Scope scope, std::coroutine_handle<> handle) {
  const Scope running = std::exchange(scope_, scope);
  wake(wait(handle));
  scope_ = running;
}

void World::run(Time end) {
  stopped_ = false;
  flow_clock_->run(end);
  if (!stopped_ && end != never) now_ = std::max(now_, end);
}

}  // namespace brokerlab::sim
