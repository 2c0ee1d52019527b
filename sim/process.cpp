#include "sim/machine.h"
#include "sim/troubles.h"

#include <algorithm>
#include <cmath>

namespace brokerlab::sim {

namespace events {

const EventKind process_started{"process.started", Level::control, "{who} started",
                                "{who}이(가) 시작되었다"};
const EventKind process_killed{"process.killed", Level::fault, "{who} was killed",
                               "{who}이(가) 강제 종료되었다"};
const EventKind process_terminated{"process.terminated", Level::fault,
                                   "{who} is asked to stop (SIGTERM)",
                                   "{who}이(가) 정지 요청(SIGTERM)을 받았다"};
const EventKind restart_cancelled{"process.restart_cancelled", Level::control,
                                  "its supervisor will not start {who} again",
                                  "{who}의 자동 재시작이 취소되었다"};
const EventKind process_exited{"process.exited", Level::fault, "{who} exited: {why}",
                               "{who}이(가) 종료되었다: {why}"};
const EventKind process_paused{"process.paused", Level::fault, "{who} stands still for {length}",
                               "{who}이(가) {length} 동안 멈췄다"};
// Not a fault: it is what the process does.
const EventKind process_collects{"process.collects", Level::detail,
                                 "{who} collects garbage for {length}",
                                 "{who}이(가) {length} 동안 가비지를 수집했다"};

}  // namespace events

Process::Process(Machine& machine, ProcessId id, std::string name, Factory factory)
    : machine_(machine),
      id_(id),
      name_(std::move(name)),
      factory_(std::move(factory)),
      tasks_(machine.world()),
      collections_(machine.world().stream(name_ + "/collections")) {}

Process::~Process() = default;

World& Process::world() const { return machine_.world(); }
Network& Process::network() const { return machine_.network(); }

/// A machine's only process has its name.
EventId Process::record(const EventKind& kind, std::vector<Detail> details) {
  const std::string& machine = machine_.name();
  Phrase who{name_, name_};
  if (name_ != machine) who = {name_ + " on " + machine, machine + "의 " + name_};
  details.push_back({"process", name_});
  details.push_back(Detail::of("who", std::move(who)));
  return world().trace().record(kind, {machine_.id()}, std::move(details));
}

bool Process::restarts() const { return restarts_ && machine_.up(); }

void Process::spawn(Task<> task) {
  ENSURE(running_, "{} does not run: it cannot start a task", name_);
  tasks_.spawn(std::move(task));
}

void Process::start() {
  if (!machine_.up()) {
    starts_at_boot_ = true;
  } else if (ending_) {
    world().after(0ns, [this] { start(); });  // after the end that is on its way
  } else if (!running_) {
    begin();
  }
}

namespace {

/// What a start waited for, as model/events.h has it.
std::vector<Detail> waited(std::string_view name, Duration value, const std::string& of) {
  return {{"waited_for", std::string(name)},
          {"waited_value", brokerlab::to_text(value), to_korean_text(value)},
          {"waited_of", of}};
}

/// Of a start because of that event.
std::vector<Detail> waited_since(const Event& cause, Time now, const Machine& machine) {
  if (cause.kind == &events::power_on) {
    return waited("boot_time", machine.config().boot_time, machine.name());
  }
  if (cause.kind == &events::process_exited) {
    return waited("RestartSec", now - cause.time, machine.name());
  }
  return {};
}

}  // namespace

void Process::begin() {
  ENSURE(!running_, "{} runs already", name_);
  running_ = true;
  restarts_ = false;
  ++starts_;
  network().troubles().end(down_cause_, world().now());
  down_cause_ = EventId{};
  paused_until_ = Time{};
  allocated_ = Bytes(0);
  const World::KeepCause keep(world());  // its caller may start others
  const EventId cause = world().cause();
  record(events::process_started,
         cause.valid() ? waited_since(world().trace().event(cause), world().now(), machine_)
                       : std::vector<Detail>{});
  if (start_up_ > 0ns) {
    spawn(load_program());
  } else {
    program_ = factory_(*this);
  }
}

Task<> Process::load_program() {
  co_await world().sleep(start_up_);
  program_ = factory_(*this);
}

void Process::kill() {
  if (!running_ || ending_) return;
  end_by(record(events::process_killed), false);
}

void Program::terminate(Process& self) { self.exit({"stopped", "정지 요청"}); }

void Process::terminate() {
  const World::KeepCause keep(world());
  if (restarts_) {
    restarts_ = starts_at_boot_ = false;
    record(events::restart_cancelled);
  }
  if (!running_ || ending_) return;
  record(events::process_terminated);
  starts_at_boot_ = false;
  spawn(deliver_terminate());
}

/// As a task of the process, so that it waits for a pause to end.
Task<> Process::deliver_terminate() {
  if (program_ != nullptr) {
    program_->terminate(*this);
  } else {
    exit({"stopped", "정지 요청"});  // it has not got as far as to tidy up
  }
  co_return;
}

void Process::exit(Phrase why, Duration restart_after) {
  if (!running_ || ending_) return;
  const EventId cause = record(events::process_exited, {Detail::of("why", std::move(why))});
  const bool again = restart_after != max_duration;
  end_by(cause, again);
  restarts_ = again;
  if (!again) return;
  world().after(restart_after, [this, life = starts_] {
    if (restarts_ && starts_ == life && !running_ && machine_.up()) begin();
  });
}

void Process::end_by(EventId cause, bool boots_again) {
  starts_at_boot_ = boots_again;
  if (!tasks_.is_running()) {
    destroy(cause, false);
    return;
  }
  ending_ = true;
  world().after(0ns, [this, cause, life = starts_] {
    if (ending_ && starts_ == life) destroy(cause, false);
  });
}

/// Sockets first, then the coroutines, newest first, then the memory they worked on.
void Process::destroy(EventId cause, bool silently) {
  ending_ = false;
  if (!running_) {
    if (silently) down_cause_ = cause;
    return;
  }
  running_ = false;
  down_cause_ = cause;
  if (!silently) {
    network().process_died(*this, cause);
    // A program that has done its work leaves its machine to those who go on.
    const auto& all = machine_.processes();
    const bool alone =
        std::none_of(all.begin(), all.end(), [](const auto& one) { return one->running(); });
    if (alone) {
      network().troubles().begin(TroubleKind::gone, machine_.id(), cause, world().now());
    }
  }
  tasks_.kill_all();
  program_.reset();
}

void Process::pause(Duration length) { stand_still(events::process_paused, length); }

void Process::collect(Duration length) {
  allocated_ = Bytes(0);
  if (running_) collecting_ += length;
  stand_still(events::process_collects, length);
}

void Process::allocate(Bytes bytes) {
  const std::optional<GcConfig>& gc = machine_.config().gc;
  if (!gc) return;
  allocated_ += bytes;
  if (allocated_ < gc->every) return;
  allocated_ = Bytes(allocated_.count() % gc->every.count());
  const double factor = gc->sigma > 0 ? collections_.lognormal(1.0, gc->sigma) : 1.0;
  const Duration length(std::llround(static_cast<double>(gc->pause.count()) * factor));
  // The caller is in the middle of something; it goes on up to where it next waits.
  collecting_ += length;
  world().after(0ns, [this, length, life = starts_] {
    if (starts_ == life) stand_still(events::process_collects, length);
  });
}

void Process::stand_still(const EventKind& why, Duration length) {
  if (!running_ || length <= 0ns) return;
  down_cause_ = record(why, {{"length", brokerlab::to_text(length), to_korean_text(length)}});
  paused_until_ = std::max(paused_until_, world().now() + length);
  network().troubles().begin(TroubleKind::still, machine_.id(), down_cause_, world().now(),
                             paused_until_);
  tasks_.pause_until(paused_until_);
}

EventId Process::down_cause() const {
  const bool normal = running_ && world().now() >= paused_until_;
  return normal ? EventId{} : down_cause_;
}

}  // namespace brokerlab::sim
