#include "sim/host.h"

#include "sim/machine.h"

namespace brokerlab::sim {

namespace events {

const EventKind power_off{"machine.power_off", Level::fault, "{machine} lost power",
                          "{machine}의 전원이 꺼졌다"};
const EventKind power_on{"machine.power_on", Level::control, "{machine} was switched on",
                         "{machine}의 전원이 켜졌다"};
const EventKind clock_set{"machine.clock_set", Level::fault,
                          "the clock of {machine} jumps and is {off} now",
                          "{machine}의 시계가 갑자기 바뀌어 이제 {off}"};
const EventKind clock_drifts{"machine.clock_drifts", Level::fault,
                             "the clock of {machine} is {off} and runs {speed}",
                             "{machine}의 시계가 {off}, {speed}"};
const EventKind clock_right{"machine.clock_right", Level::control,
                            "the clock of {machine} is right again",
                            "{machine}의 시계가 다시 맞는다"};
const EventKind volume_credits_gone{
    "disk.credits_exhausted", Level::control,
    "disk {disk} of {machine} has used up its credits and goes on at {rate}",
    "{machine}의 디스크 {disk} 크레딧이 바닥나 속도가 {rate}(으)로 줄었다"};
const EventKind link_credits_gone{
    "volume_link.credits_exhausted", Level::control,
    "{machine} has used up the credits of the link to its volumes, which goes on at {rate}",
    "{machine}의 볼륨 연결 크레딧이 바닥나 속도가 {rate}(으)로 줄었다"};

}  // namespace events

Host::Host(World& world, Network& network, MachineId id, std::string name,
           const MachineConfig& config)
    : world_(world),
      network_(network),
      id_(id),
      name_(std::move(name)),
      config_(config),
      cpu_(world, config.cpu, name_) {
  ENSURE(!config.disks.empty(), "{} has no disk", name_);
  world.trace().name_machine(id, name_);
  network.add_card(id, config.nic);
  PageCacheConfig share = config.page_cache;
  share.ram =
      share.heap + Bytes(share.capacity().count() / static_cast<std::int64_t>(config.disks.size()));
  if (config.volume_link) volume_link_ = std::make_unique<VolumeLink>(*config.volume_link);
  for (const DiskConfig& disk : config.disks) {
    disks_.push_back(std::make_unique<Disk>(
        world, disk, fmt::format("{}/disk-{}", name_, disks_.size() + 1), volume_link_.get()));
    page_caches_.push_back(std::make_unique<PageCache>(world, *disks_.back(), share));
    page_caches_.back()->power_on();
    disks_.back()->on_credits_gone(
        [this, number = disks()](Metered what) { tell_credits_gone(number, what); });
  }
}

Host::~Host() { ENSURE(machines_.empty(), "{} goes before its machines", name_); }

void Host::add(Machine& machine) {
  machines_.push_back(&machine);
  ++machines_ever_;
}

void Host::remove(Machine& machine) { std::erase(machines_, &machine); }

void Host::begin_trouble(TroubleKind kind, EventId event) {
  for (const Machine* machine : machines_) {
    network_.troubles().begin(kind, machine->id(), event, world_.now());
  }
}

void Host::end_trouble(TroubleKind kind) {
  for (const Machine* machine : machines_) {
    network_.troubles().end(kind, machine->id(), world_.now());
  }
}

void Host::tell_credits_gone(int disk, Metered what) {
  const World::KeepCause keep(world_);
  world_.set_cause({});  // all that was done before, not whoever comes last
  if (what == Metered::link_bytes) {
    world_.trace().record(events::link_credits_gone, {id_},
                          {{"rate", to_rounded_text(config_.volume_link->rate)}});
    return;
  }
  const bool of_link = what == Metered::link_operations;
  const DiskConfig& volume = config_.disks[static_cast<std::size_t>(disk - 1)];
  const PerSecond rate = of_link ? *config_.volume_link->iops : *volume.iops;
  const std::string iops = fmt::format("{:.0f} IOPS", rate.count());
  if (of_link) {
    world_.trace().record(events::link_credits_gone, {id_}, {{"rate", iops}});
  } else {
    world_.trace().record(events::volume_credits_gone, {id_},
                          {{"disk", std::to_string(disk)}, {"rate", iops}});
  }
}

Disk& Host::disk(int index) {
  ENSURE(index >= 0 && index < disks(), "{} has no disk {}", name_, index);
  return *disks_[static_cast<std::size_t>(index)];
}

PageCache& Host::page_cache(int disk) {
  ENSURE(disk >= 0 && disk < disks(), "{} has no disk {}", name_, disk);
  return *page_caches_[static_cast<std::size_t>(disk)];
}

// --- The clock ---

Time Host::clock() const {
  if (clock_ahead_ == Duration{0} && clock_drift_ == 0) return world_.now();
  const Duration since = world_.now() - clock_set_;
  return world_.now() + clock_ahead_ + from_seconds(to_seconds(since) * clock_drift_);
}

Time Host::stamp() const {
  const Time shown = clock();
  const Duration off = shown < world_.now() ? world_.now() - shown : shown - world_.now();
  if (off >= 1ms) ++wrong_stamps_;
  return shown;
}

namespace {

Phrase how_far_off(Duration ahead) {
  if (ahead == Duration{0}) return {"right", "맞지만"};
  const std::string length = brokerlab::to_text(ahead > Duration{0} ? ahead : -ahead);
  return ahead > Duration{0} ? Phrase{length + " ahead", length + " 빠르다"}
                             : Phrase{length + " behind", length + " 느리다"};
}

}  // namespace

void Host::set_clock(Duration ahead, double drift) {
  const bool was_right = clock_ahead_ == Duration{0} && clock_drift_ == 0;
  clock_set_ = world_.now();
  clock_ahead_ = ahead;
  clock_drift_ = drift;
  end_trouble(TroubleKind::clock);
  EventId wrong;
  if (drift != 0) {
    const std::string rate = to_rounded_text(from_seconds(std::abs(drift) * 3600));
    const Phrase speed = drift > 0 ? Phrase{fmt::format("{} fast an hour", rate),
                                            fmt::format("한 시간에 {}씩 빨라진다", rate)}
                                   : Phrase{fmt::format("{} slow an hour", rate),
                                            fmt::format("한 시간에 {}씩 느려진다", rate)};
    wrong =
        world_.trace().record(events::clock_drifts, {id_},
                              {Detail::of("off", how_far_off(ahead)), Detail::of("speed", speed)});
  } else if (ahead != Duration{0}) {
    wrong =
        world_.trace().record(events::clock_set, {id_}, {Detail::of("off", how_far_off(ahead))});
  } else if (!was_right) {
    world_.trace().record(events::clock_right, {id_});
  }
  if (wrong.valid()) begin_trouble(TroubleKind::clock, wrong);
}

void Host::on_power_loss(std::function<void()> callback) {
  on_power_loss_.push_back(std::move(callback));
}

bool Host::runs_here() const {
  return std::any_of(machines_.begin(), machines_.end(),
                     [](const Machine* machine) { return machine->runs_something(); });
}

void Host::power_off() {
  if (power_ == Power::off) return;
  if (runs_here()) {
    world_.after(0ns, [this] { power_off(); });
    return;
  }
  const bool was_up = power_ == Power::on;
  power_ = Power::off;
  ++power_cycle_;
  down_cause_ = world_.trace().record(events::power_off, {id_});
  for (const auto& cache : page_caches_) cache->note_writes();
  // All at once: nobody on it hears of the others' silence.
  for (const Machine* machine : machines_) network_.machine_down(machine->id(), down_cause_);
  for (Machine* machine : machines_) machine->lose_power(was_up);
  cpu_.power_off();
  for (const auto& disk : disks_) disk->power_off();
  for (const auto& cache : page_caches_) cache->power_off();
  for (const auto& callback : on_power_loss_) callback();
}

void Host::power_on() {
  if (power_ != Power::off) return;
  power_ = Power::booting;
  world_.trace().record(events::power_on, {id_});
  world_.after(config_.boot_time, [this, cycle = power_cycle_] {
    if (cycle == power_cycle_) booted();
  });
}

void Host::booted() {
  power_ = Power::on;
  down_cause_ = EventId{};
  for (const Machine* machine : machines_) network_.machine_up(machine->id());
  for (const auto& cache : page_caches_) cache->power_on();
  for (Machine* machine : machines_) machine->boot();
}

}  // namespace brokerlab::sim
