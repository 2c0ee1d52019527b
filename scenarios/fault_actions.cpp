// How each fault is done.
#include "base/translation.h"
#include "scenarios/faults.h"
#include "sim/disk_faults.h"
#include "sim/topology.h"

namespace brokerlab::scenarios {

namespace {

const sim::EventKind area_lost_power{"topology.power_off", sim::Level::fault,
                                     "everything in {area} loses power",
                                     "{area} 전체가 정전되었다"};

/// The setting of which the outages of several areas may want something.
std::string power_of(const std::string& machine) { return "power of " + machine; }

}  // namespace

// --- Machines and processes ---

void FaultPlan::act(const PowerOff& off, const std::string& as, FaultReport& report) {
  report.what = phrase("power off");
  Cluster::Member* member = member_of(off.target, as, report);
  if (member == nullptr) return;
  report.done = member->machine->powered();
  if (!report.done) {
    report.note = phrase("it was off already");
    return;
  }
  silence(report, *member);
  member->machine->power_off();
}

void FaultPlan::act(const PowerOn& on, const std::string& as, FaultReport& report) {
  report.what = phrase("power on");
  Cluster::Member* member = member_of(on.target, as, report);
  if (member == nullptr) return;
  report.done = !member->machine->powered();
  report.needless = !report.done;
  if (report.done) {
    undo_harm(report, member->machine->id());
    lift(power_of(member->machine->name()));
    member->machine->power_on();
  } else {
    report.note = phrase("it was on already");
  }
}

Cluster::Member* FaultPlan::running_member(const Target& target, const std::string& as,
                                           FaultReport& report) {
  Cluster::Member* member = member_of(target, as, report);
  if (member == nullptr) return nullptr;
  report.done = member->process->running();
  if (report.done) return member;
  report.note = phrase("it was not running");
  return nullptr;
}

void FaultPlan::act(const KillProcess& kill, const std::string& as, FaultReport& report) {
  report.what = phrase("kill process");
  Cluster::Member* member = running_member(kill.target, as, report);
  if (member == nullptr) return;
  silence(report, *member);
  member->process->kill();
}

void FaultPlan::act(const StopProcess& stop, const std::string& as, FaultReport& report) {
  report.what = phrase("stop process");
  Cluster::Member* member = member_of(stop.target, as, report);
  if (member == nullptr) return;
  report.done = member->process->running() || member->process->restarts();
  if (!report.done) {
    report.note = phrase("it was not running");
    return;
  }
  silence(report, *member);
  member->process->terminate();
}

void FaultPlan::act(const StartProcess& start, const std::string& as, FaultReport& report) {
  report.what = phrase("start process");
  Cluster::Member* member = member_of(start.target, as, report);
  if (member == nullptr) return;
  report.done = member->machine->powered() && !member->process->running();
  report.needless = member->process->running();
  if (report.done) {
    undo_harm(report, member->machine->id());
    member->process->start();
  } else {
    report.note = member->machine->powered() ? phrase("it was running already")
                                             : phrase("its machine was off");
  }
}

void FaultPlan::act(const Pause& pause, const std::string& as, FaultReport& report) {
  report.what = phrase("pause");
  Cluster::Member* member = running_member(pause.machine, as, report);
  if (member == nullptr) return;
  silence(report, *member, world_.now() + pause.length);
  member->process->pause(pause.length);
}

void FaultPlan::act(const Clock& clock, const std::string& as, FaultReport& report) {
  report.what = phrase("clock");
  Cluster::Member* member = member_of(clock.machine, as, report);
  if (member == nullptr) return;
  report.done = true;
  report.harmful = true;
  sim::Machine& machine = *member->machine;
  const std::size_t watch = effects_.watch(index_of(report), Effect::stamped,
                                           [&machine] { return machine.wrong_stamps().count; });
  // Covered by another it goes on from where it would be by then.
  const auto set = [this, &machine, clock, watch, since = world_.now()] {
    const double drift = clock.drift / 1e6;
    const Duration drifted = from_seconds(to_seconds(world_.now() - since) * drift);
    machine.set_clock(clock.ahead - clock.behind + drifted, drift);
    effects_.in_force(watch);
  };
  lay_over(
      "clock of " + machine.name(), as, set, [&machine] { machine.set_clock({}, 0); },
      [this, watch] { effects_.covered(watch); });
}

// --- Paths ---

void FaultPlan::impair(const Sides& sides, const sim::Impairment& what, const std::string& as,
                       FaultReport& report) {
  report.target = as;
  const std::set<sim::MachineId> left = resolve_set(sides.between, {});
  const std::set<sim::MachineId> right = resolve_set(sides.against, left);
  report.done = !left.empty() && !right.empty();
  if (!report.done) {
    report.note = phrase("one of the two sides is empty");
    return;
  }
  report.harmful = true;
  sim::Network& network = cluster_.network();
  const std::vector<sim::MachineId> one(left.begin(), left.end());
  const std::vector<sim::MachineId> other(right.begin(), right.end());
  std::vector<sim::ImpairmentId> ids{network.impair(one, other, what, {})};
  world_.set_cause({});
  if (!sides.one_way) ids.push_back(network.impair(other, one, what, {}));
  undo_[as].push_back([&network, ids] {
    for (const sim::ImpairmentId id : ids) network.repair(id);
  });
}

void FaultPlan::act(const Cut& cut, const std::string& as, FaultReport& report) {
  report.what = phrase("cut");
  const sim::Impairment nothing_passes{.cut = true};
  impair(cut, nothing_passes, as, report);
}

void FaultPlan::act(const Loss& loss, const std::string& as, FaultReport& report) {
  report.what = phrase("loss");
  const sim::Impairment lossy{.loss = loss.share};
  impair(loss, lossy, as, report);
}

void FaultPlan::act(const Delay& delay, const std::string& as, FaultReport& report) {
  report.what = phrase("delay");
  const sim::Impairment late{.delay = delay.by, .jitter = delay.jitter};
  impair(delay, late, as, report);
}

void FaultPlan::act(const SlowNic& slow, const std::string& as, FaultReport& report) {
  report.what = phrase("slow nic");
  Cluster::Member* member = member_of(slow.machine, as, report);
  if (member == nullptr) return;
  const sim::MachineId machine = member->machine->id();
  report.done = slow.rate < member->machine->config().nic.top_rate();
  if (!report.done) {
    report.note = phrase("its card is no faster anyway");
    return;
  }
  report.harmful = true;
  sim::Network& network = cluster_.network();
  const auto set = [&network, machine, slow] { network.slow_nic(machine, slow.rate, {}); };
  lay_over("card of " + member->machine->name(), as, set,
           [&network, machine] { network.restore_nic(machine); });
}

// --- The topology ---

void FaultPlan::lose(const std::vector<int>& places, FaultReport& report) {
  report.done = true;
  report.harmful = true;
  std::set<sim::MachineId> machines;
  for (const int place : places) insert_machine(place, machines);
  report.absorbed = machines.empty();
  if (report.absorbed) report.note = phrase("it cut nobody off; others took over");
}

void FaultPlan::act(const SwitchOff& off, const std::string& as, FaultReport& report) {
  report.what = phrase("switch failure");
  report.target = off.name;
  sim::Network& network = cluster_.network();
  const sim::Topology& topology = *network.topology();
  lose(topology.cut_off({{*topology.find_place(off.name)}, {}}), report);
  const sim::OutageId id = network.fail_switch(off.name, {});
  undo_[as].push_back([&network, id] { network.mend(id); });
}

void FaultPlan::act(const CutOff& cut, const std::string& as, FaultReport& report) {
  report.what = phrase("cut off");
  report.target = cut.area;
  sim::Network& network = cluster_.network();
  lose(network.topology()->machines_of(cut.area), report);
  const sim::OutageId id = network.cut_area(cut.area, {});
  undo_[as].push_back([&network, id] { network.mend(id); });
}

void FaultPlan::act(const RackOff& off, const std::string& as, FaultReport& report) {
  report.what = phrase("rack off");
  report.target = off.area;
  sim::Network& network = cluster_.network();
  const sim::Topology& topology = *network.topology();
  lose(topology.machines_of(off.area), report);
  const int area = *topology.find_area(off.area);
  world_.set_cause({});
  const sim::EventId whole = world_.trace().record(area_lost_power, {}, {{"area", off.area}});
  for (const int place : topology.outage_of(area).places) {
    const sim::Topology::Place& it = topology.places()[static_cast<std::size_t>(place)];
    world_.set_cause(whole);
    if (it.kind != sim::Topology::PlaceKind::machine) {
      const sim::OutageId id = network.fail_switch(it.name, whole);
      undo_[as].push_back([&network, id] { network.mend(id); });
    } else if (Cluster::Member* member = cluster_.find(it.name)) {
      sim::Machine* machine = member->machine;
      // Whoever was off for another reason stays off.
      const std::string power = power_of(it.name);
      if (!machine->powered() && layers_[power].empty()) continue;
      if (machine->powered()) silence(report, *member);
      const auto set = [machine] {
        if (machine->powered()) machine->power_off();
      };
      lay_over(power, as, set, [machine] { machine->power_on(); });
    }
  }
}

// --- Disks ---

sim::Machine* FaultPlan::machine_with_disk(const Target& target, int disk, const std::string& as,
                                           FaultReport& report) {
  Cluster::Member* member = member_of(target, as, report);
  if (member == nullptr) return nullptr;
  if (disk < member->machine->disks()) return member->machine;
  report.note = phrase("{} has no disk {}", member->machine->name(), disk + 1);
  return nullptr;
}

void FaultPlan::set_disk(sim::Machine& machine, int disk, const std::string& as,
                         FaultReport& report, Effect effect, std::int64_t sim::DiskHarm::*harm,
                         std::function<void()> set, std::function<void()> end) {
  if (machine.disks() > 1) report.target += fmt::format(" disk {}", disk + 1);
  report.done = true;
  report.harmful = true;
  const sim::Disk& it = machine.disk(disk);
  std::vector<Effects::Count> if_grown;
  // What is harmed in the background while nobody works harms nobody; a failure always does.
  if (effect == Effect::disk_slow || effect == Effect::disk_lied) {
    if_grown.emplace_back([this, id = machine.id()] { return effects_.worked(id); });
  }
  if (effect == Effect::disk_slow) {
    if_grown.emplace_back([&it] { return it.harm().slowed_for / Duration(1ms); });
  }
  const std::size_t watch = effects_.watch(
      index_of(report), effect, [&it, harm] { return it.harm().*harm; }, std::move(if_grown));
  const auto in_force = [this, watch, set = std::move(set)] {
    effects_.in_force(watch);
    set();
  };
  lay_over(fmt::format("{} {} of {}", report.what.english, disk, machine.name()), as, in_force,
           std::move(end), [this, watch] { effects_.covered(watch); });
}

void FaultPlan::act(const SlowDisk& slow, const std::string& as, FaultReport& report) {
  report.what = phrase("slow disk");
  const int disk = slow.disk - 1;
  sim::Machine* machine = machine_with_disk(slow.machine, disk, as, report);
  if (machine == nullptr) return;
  const auto set = [=] { sim::slow_disk(*machine, disk, slow.factor); };
  set_disk(*machine, disk, as, report, Effect::disk_slow, &sim::DiskHarm::slowed, set,
           [=] { sim::restore_disk_speed(*machine, disk); });
}

void FaultPlan::act(const FailDisk& failing, const std::string& as, FaultReport& report) {
  report.what = phrase("fail disk");
  const int disk = failing.disk - 1;
  sim::Machine* machine = machine_with_disk(failing.machine, disk, as, report);
  if (machine == nullptr) return;
  const auto set = [=] { sim::fail_disk(*machine, disk, failing.share); };
  set_disk(*machine, disk, as, report, Effect::disk_failed, &sim::DiskHarm::failed, set,
           [=] { sim::repair_disk(*machine, disk); });
}

void FaultPlan::act(const FillDisk& full, const std::string& as, FaultReport& report) {
  report.what = phrase("fill disk");
  const int disk = full.disk - 1;
  sim::Machine* machine = machine_with_disk(full.machine, disk, as, report);
  if (machine == nullptr) return;
  if (full.left >= machine->disk(disk).free()) {
    report.note = phrase("it has no more room than that anyway");
    return;
  }
  // Covered by another it leaves what it would have left by then.
  const auto set = [=, used = machine->disk(disk).used()] {
    const Bytes more = machine->disk(disk).used() - used;
    sim::fill_disk(*machine, disk, std::max(full.left - more, Bytes(0)));
  };
  set_disk(*machine, disk, as, report, Effect::disk_refused, &sim::DiskHarm::refused, set,
           [=] { sim::empty_disk(*machine, disk); });
}

void FaultPlan::act(const LyingDisk& liar, const std::string& as, FaultReport& report) {
  report.what = phrase("lying disk");
  const int disk = liar.disk - 1;
  sim::Machine* machine = machine_with_disk(liar.machine, disk, as, report);
  if (machine == nullptr) return;
  const auto set = [=] { sim::make_disk_lie(*machine, disk); };
  set_disk(*machine, disk, as, report, Effect::disk_lied, &sim::DiskHarm::lies, set,
           [=] { sim::make_disk_honest(*machine, disk); });
}

void FaultPlan::act(const Corrupt& corrupt, const std::string& as, FaultReport& report) {
  report.what = phrase("corrupt");
  Cluster::Member* member = member_of(corrupt.machine, as, report);
  if (member == nullptr) return;
  if (member->role.role != Role::broker) {
    report.note = phrase("only brokers have logs");
    return;
  }
  const std::string prefix =
      corrupt.directory.empty() ? "" : fmt::format("{}/{}/", model::log_root, corrupt.directory);
  const auto flipped = cluster_.storage(model::BrokerId(member->role.index + 1)).corrupt(prefix);
  report.done = flipped.has_value();
  report.harmful = report.done;
  report.note =
      flipped ? phrase("bit {} of byte {} of {}", flipped->bit, flipped->position, flipped->path)
              : phrase("nothing of it was on the disk yet");
  if (!flipped) return;
  // "<root>/orders-3/00000000000000000000.log"
  const std::size_t end = flipped->path.rfind('/');
  const std::size_t begin = flipped->path.rfind('/', end - 1) + 1;
  effects_.damaged(index_of(report), member->machine->id(),
                   flipped->path.substr(begin, end - begin));
}

// --- The end of a fault ---

void FaultPlan::lay_over(const std::string& setting, const std::string& as,
                         std::function<void()> set, std::function<void()> end,
                         std::function<void()> covered) {
  std::vector<Layer>& before = layers_[setting];
  if (!before.empty()) before.back().covered();
  set();
  before.push_back({doing_, std::move(set), std::move(covered)});
  undo_[as].push_back([this, setting, fault = doing_, end = std::move(end)] {
    std::vector<Layer>& layers = layers_[setting];
    const auto mine = std::find_if(layers.begin(), layers.end(),
                                   [fault](const Layer& layer) { return layer.fault == fault; });
    if (mine == layers.end()) return;  // lifted
    const bool was_newest = mine + 1 == layers.end();
    if (was_newest) mine->covered();
    layers.erase(mine);
    if (!was_newest) return;
    if (layers.empty()) {
      end();
    } else {
      effects_.doing(layers.back().fault);
      layers.back().set();
      effects_.doing(doing_);
    }
  });
}

void FaultPlan::lift(const std::string& setting) { layers_[setting].clear(); }

void FaultPlan::act(const Heal& heal, const std::string&, FaultReport& report) {
  report.what = phrase("heal");
  report.target = heal.fault;
  const auto found = undo_.find(heal.fault);
  report.done = found != undo_.end();
  report.needless = !report.done;
  if (!report.done) {
    report.note = phrase("the fault of that name was not done, or is over");
    return;
  }
  if (const auto fault = named_.find(heal.fault); fault != named_.end()) {
    // Who reads of it knows the thing, not the label that the file has for the fault.
    report.target = reports_[fault->second].target;
    effects_.undoes(index_of(report), fault->second);
  }
  for (const auto& undo : found->second) {
    const sim::World::KeepCause keep(world_);
    undo();
  }
  undo_.erase(found);
}

}  // namespace brokerlab::scenarios
