#include "scenarios/faults.h"

#include "base/translation.h"
#include "sim/topology.h"

#include <algorithm>

namespace brokerlab::scenarios {

FaultPlan::FaultPlan(sim::World& world, Cluster& cluster, Ledger& ledger,
                     const Availability& availability, const Quorum& quorum)
    : world_(world),
      cluster_(cluster),
      ledger_(ledger),
      effects_(world, cluster, ledger, availability, quorum) {}

void FaultPlan::schedule() {
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

std::optional<std::string> FaultPlan::leader_of_most(const std::string& topic) const {
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

std::optional<std::string> FaultPlan::resolve(const Target& target) const {
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

void FaultPlan::insert_machine(int place, std::set<sim::MachineId>& machines) const {
  const auto& places = cluster_.network().topology()->places();
  if (Cluster::Member* member = cluster_.find(places[static_cast<std::size_t>(place)].name)) {
    machines.insert(member->machine->id());
  }
}

std::set<sim::MachineId> FaultPlan::resolve_set(const std::vector<Target>& targets,
                                                const std::set<sim::MachineId>& others) const {
  std::set<sim::MachineId> machines;
  for (const Target& target : targets) {
    const auto* named = std::get_if<Named>(&target.who);
    const std::string set = named == nullptr ? "" : named->name;
    const bool is_set =
        set == "brokers" || set == "zookeeper" || set == "clients" || set == "everyone_else";
    const sim::Topology* topology = cluster_.network().topology();
    if (topology != nullptr && topology->find_area(set)) {
      for (const int place : topology->machines_of(set)) insert_machine(place, machines);
      continue;
    }
    if (!is_set) {
      const std::optional<std::string> name = resolve(target);
      if (const Cluster::Member* member = name ? cluster_.find(*name) : nullptr) {
        machines.insert(member->machine->id());
      }
      continue;
    }
    for (const Cluster::Member& member : cluster_.members()) {
      const bool is_client =
          member.role.role == Role::producer || member.role.role == Role::consumer;
      if ((set == "brokers" && member.role.role == Role::broker) ||
          (set == "zookeeper" && member.role.role == Role::zookeeper) ||
          (set == "clients" && is_client) || set == "everyone_else") {
        machines.insert(member.machine->id());
      }
    }
  }
  for (const sim::MachineId other : others) machines.erase(other);
  return machines;
}

Cluster::Member* FaultPlan::member_of(const Target& target, const std::string& as,
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

void FaultPlan::silence(FaultReport& report, const Cluster::Member& member, Time until) {
  report.harmful = true;
  effects_.silenced(index_of(report), member, until);
  if (until == never) ended_[member.machine->id()] = index_of(report);
}

void FaultPlan::undo_harm(FaultReport& report, sim::MachineId machine) {
  const auto fault = ended_.find(machine);
  if (fault != ended_.end()) effects_.undoes(index_of(report), fault->second);
}

void FaultPlan::apply(const Fault& fault, FaultReport& report) {
  world_.set_cause({});  // the scenario itself is the first cause
  doing_ = index_of(report);
  effects_.doing(doing_);
  std::visit([&](const auto& action) { act(action, fault.as, report); }, fault.action);
  effects_.doing(std::nullopt);
  if (!fault.as.empty()) named_[fault.as] = index_of(report);
}

std::vector<FaultReport> FaultPlan::reports() const {
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
