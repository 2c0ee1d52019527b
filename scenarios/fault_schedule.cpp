#include "scenarios/fault_schedule.h"

#include "base/translation.h"
#include "sim/topology.h"

#include <algorithm>

namespace brokerlab::scenarios {

FaultSchedule::FaultSchedule(sim::World& world, Cluster& cluster, Ledger& ledger,
                             const Availability& availability, const Quorum& quorum)
    : world_(world),
      cluster_(cluster),
      ledger_(ledger),
      effects_(world, cluster, ledger, availability, quorum) {}

void FaultSchedule::schedule() {
  const std::vector<Fault>& faults = cluster_.scenario().faults;
  reports_.resize(faults.size());
  for (std::size_t i = 0; i < faults.size(); ++i) {
    reports_[i].at = faults[i].at;
    world_.at(Time(faults[i].at), [this, i] { apply(cluster_.scenario().faults[i], reports_[i]); });
  }
  world_.trace().subscribe([this](const sim::Event& event) {
    if (event.kind != &sim::events::process_started) return;
    for (const Cluster::Member& member : cluster_.members()) {
      if (member.machine->id() == event.machine) effects_.speaks_again(member);
    }
  });
}

std::optional<std::string> FaultSchedule::leader_of_most(const std::string& topic) const {
  std::map<model::BrokerId, int> led;
  for (const auto& [name, view] : ledger_.partitions()) {
    if (name.topic == topic && view.leader.valid()) ++led[view.leader];
  }
  model::BrokerId best;
  for (const auto& [broker, count] : led) {
    if (!best.valid() || count > led[best]) best = broker;
  }
  if (!best.valid()) return std::nullopt;
  return std::string(cluster_.machine_name(best));
}

std::optional<std::string> FaultSchedule::resolve(const Target& target) const {
  if (const auto* most = std::get_if<LeaderOfMost>(&target.who)) return leader_of_most(most->topic);
  if (const auto* of = std::get_if<LeaderOf>(&target.who)) {
    const auto found = ledger_.partitions().find({of->topic, of->partition});
    if (found == ledger_.partitions().end() || !found->second.leader.valid()) return std::nullopt;
    return std::string(cluster_.machine_name(found->second.leader));
  }
  const std::string& name = std::get<Named>(target.who).name;
  if (name == "controller") {
    if (!ledger_.controller().valid()) return std::nullopt;
    return std::string(cluster_.machine_name(ledger_.controller()));
  }
  const auto alias = aliases_.find(name);
  return alias == aliases_.end() ? name : alias->second;
}

sim::Host* FaultSchedule::host_at(int place) const {
  const auto& places = cluster_.network().topology()->places();
  return cluster_.find_host(places[static_cast<std::size_t>(place)].name);
}

void FaultSchedule::take_all_on(const sim::Host& host, std::set<sim::MachineId>& machines) const {
  for (const Cluster::Member* member : cluster_.members_on(host)) {
    machines.insert(member->machine->id());
  }
}

std::set<sim::MachineId> FaultSchedule::resolve_set(const std::vector<Target>& targets,
                                                    const std::set<sim::MachineId>& others) const {
  std::set<sim::MachineId> machines;
  for (const Target& target : targets) {
    const auto* named = std::get_if<Named>(&target.who);
    const std::string set = named == nullptr ? "" : named->name;
    const bool is_set =
        set == "brokers" || set == "zookeeper" || set == "clients" || set == "everyone_else";
    const sim::Topology* topology = cluster_.network().topology();
    if (topology != nullptr && topology->find_area(set)) {
      for (const int place : topology->machines_of(set)) {
        if (const sim::Host* host = host_at(place)) take_all_on(*host, machines);
      }
      continue;
    }
    if (!is_set) {
      const std::optional<std::string> name = resolve(target);
      const sim::Host* host = name ? cluster_.find_host(*name) : nullptr;
      if (host != nullptr) take_all_on(*host, machines);
      continue;
    }
    for (const Cluster::Member& member : cluster_.members()) {
      const bool is_client =
          member.role.role == Role::producer || member.role.role == Role::consumer;
      if ((set == "brokers" && member.role.role == Role::broker) ||
          (set == "zookeeper" && member.role.role == Role::zookeeper) ||
          (set == "clients" && is_client) || set == "everyone_else") {
        take_all_on(member.machine->host(), machines);
      }
    }
  }
  for (const sim::MachineId other : others) machines.erase(other);
  return machines;
}

Cluster::Member* FaultSchedule::member_of(const Target& target, const std::string& as,
                                          FaultReport& report) {
  const std::optional<std::string> name = resolve(target);
  Cluster::Member* member = name ? cluster_.find(*name) : nullptr;
  if (member == nullptr) {
    report.note = phrase("nobody fitted the description at that moment");
    return nullptr;
  }
  if (!as.empty()) aliases_[as] = *name;
  report.target = *name;
  return member;
}

Cluster::Member* FaultSchedule::running_member(const Target& target, const std::string& as,
                                               FaultReport& report) {
  Cluster::Member* member = member_of(target, as, report);
  if (member == nullptr) return nullptr;
  report.done = member->process->running();
  if (report.done) return member;
  report.note = phrase("it was not running");
  return nullptr;
}

sim::Host* FaultSchedule::host_of(const Target& target, const std::string& as,
                                  FaultReport& report) {
  const std::optional<std::string> name = resolve(target);
  sim::Host* host = name ? cluster_.find_host(*name) : nullptr;
  if (host == nullptr) {
    report.note = phrase("nobody fitted the description at that moment");
    return nullptr;
  }
  if (!as.empty()) aliases_[as] = *name;
  report.target = host->name();
  return host;
}

sim::Machine* FaultSchedule::machine_with_disk(const Target& target, int disk,
                                               const std::string& as, FaultReport& report) {
  sim::Host* host = host_of(target, as, report);
  if (host == nullptr) return nullptr;
  if (disk < host->disks()) return host->machines().front();
  report.note = phrase("{} has no disk {}", host->name(), disk + 1);
  return nullptr;
}

void FaultSchedule::silence(FaultReport& report, const Cluster::Member& member, Time until) {
  report.harmful = true;
  effects_.silenced(index_of(report), member, until);
  if (until == never) ended_[member.machine->id()] = index_of(report);
}

void FaultSchedule::silence(FaultReport& report, const sim::Host& host) {
  for (const Cluster::Member* member : cluster_.members_on(host)) silence(report, *member);
}

void FaultSchedule::undo_harm(FaultReport& report, sim::MachineId machine) {
  const auto fault = ended_.find(machine);
  if (fault != ended_.end()) effects_.undoes(index_of(report), fault->second);
}

void FaultSchedule::set_disk(sim::Machine& machine, int disk, const std::string& as,
                             FaultReport& report, Effect effect, std::int64_t sim::DiskHarm::*harm,
                             std::function<void()> set, std::function<void()> end) {
  if (machine.disks() > 1) report.target += fmt::format(" disk {}", disk + 1);
  report.done = true;
  report.harmful = true;
  const sim::Disk& it = machine.disk(disk);
  std::vector<Effects::Count> if_grown;
  // What is harmed in the background while nobody works harms nobody; a failure always does.
  if (effect == Effect::disk_slow || effect == Effect::disk_lied) {
    if_grown.emplace_back([this, &host = machine.host()] { return effects_.worked(host); });
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
  lay_over(fmt::format("{} {} of {}", report.what.english, disk, machine.host().name()), as,
           in_force, std::move(end), [this, watch] { effects_.covered(watch); });
}

void FaultSchedule::lay_over(const std::string& setting, const std::string& as,
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

void FaultSchedule::lift(const std::string& setting) { layers_[setting].clear(); }

void FaultSchedule::heal(const std::string& fault, FaultReport& report) {
  report.target = fault;
  const auto found = undo_.find(fault);
  report.done = found != undo_.end();
  report.needless = !report.done;
  if (!report.done) {
    report.note = phrase("the fault of that name was not done, or is over");
    return;
  }
  if (const auto known = named_.find(fault); known != named_.end()) {
    // Who reads of it knows the thing, not the label that the file has for the fault.
    report.target = reports_[known->second].target;
    effects_.undoes(index_of(report), known->second);
  }
  for (const auto& undo : found->second) {
    const sim::World::KeepCause keep(world_);
    undo();
  }
  undo_.erase(found);
}

void FaultSchedule::apply(const Fault& fault, FaultReport& report) {
  world_.set_cause({});  // the scenario itself is the first cause
  doing_ = index_of(report);
  effects_.doing(doing_);
  report.what = fault.action->what();
  fault.action->act(*this, fault.as, report);
  effects_.doing(std::nullopt);
  if (!fault.as.empty()) named_[fault.as] = index_of(report);
}

std::vector<FaultReport> FaultSchedule::reports() const {
  std::vector<FaultReport> all = reports_;
  for (std::size_t i = 0; i < all.size(); ++i) {
    FaultReport& report = all[i];
    if (!report.done || !report.harmful) continue;
    Effects::Found found = effects_.of(i);
    report.bit = found.bit;
    for (const Phrase& told : found.told) {
      report.note.english += (report.note.english.empty() ? "" : ", ") + told.english;
      report.note.korean += (report.note.korean.empty() ? "" : ", ") + told.korean;
    }
    report.effects = std::move(found.told);
  }
  return all;
}

}  // namespace brokerlab::scenarios
