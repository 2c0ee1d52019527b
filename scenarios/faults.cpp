#include "scenarios/faults.h"

#include "sim/topology.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

bool overlaps(const sim::Transfer& transfer, Time from, Time to) {
  return transfer.sent <= to && transfer.arrived >= from;
}

}  // namespace

FaultPlan::FaultPlan(sim::World& world, Cluster& cluster, const Ledger& ledger)
    : world_(world), cluster_(cluster), ledger_(ledger) {}

void FaultPlan::schedule() {
  const std::vector<Fault>& faults = cluster_.scenario().faults;
  reports_.resize(faults.size());
  for (std::size_t i = 0; i < faults.size(); ++i) {
    reports_[i].at = faults[i].at;
    world_.at(Time(faults[i].at), [this, i] { apply(cluster_.scenario().faults[i], reports_[i]); });
  }
  world_.trace().subscribe([this](const sim::Event& event) {
    if (event.kind == &sim::events::process_started) end_hits(event.machine);
  });
  cluster_.network().on_transfer(
      [this](const sim::Transfer& transfer) { judge_transfer(transfer, reports_); });
}

void FaultPlan::judge_transfer(const sim::Transfer& transfer,
                               std::vector<FaultReport>& reports) const {
  for (const Hit& hit : hits_) {
    const bool concerns = transfer.source == hit.machine || transfer.destination == hit.machine;
    FaultReport& report = reports[hit.report];
    if (!concerns || report.bit) continue;
    const bool lasting = hit.zookeeper || transfer.kind.starts_with("Produce");
    const bool momentary = !hit.zookeeper && transfer.kind.starts_with("Fetch");
    if (!(lasting && overlaps(transfer, hit.at, hit.until)) &&
        !(momentary && overlaps(transfer, hit.at, hit.at))) {
      continue;
    }
    report.bit = true;
    report.note = fmt::format("a {} was on its way", transfer.kind);
  }
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
    report.note = "nobody fitted the description at that moment";
    return nullptr;
  }
  if (!as.empty()) aliases_[as] = *name;
  report.target = *name;
  return member;
}

void FaultPlan::end_hits(sim::MachineId machine) {
  for (Hit& hit : hits_) {
    if (hit.machine == machine) hit.until = std::min(hit.until, world_.now());
  }
}

/// What the moment of the fault tells; transfers under way are seen when they end.
void FaultPlan::judge_bite(FaultReport& report, const sim::Machine& machine, Time until) {
  report.harmful = true;
  const Cluster::Member* member = cluster_.find(machine.name());
  const bool zookeeper = member != nullptr && member->role.role == Role::zookeeper;
  const std::size_t index = index_of(report);
  hits_.push_back({machine.id(), world_.now(), until, index, zookeeper});
  if (zookeeper) {
    const auto role = ledger_.zookeeper_roles().find(member->role.index + 1);
    if (role != ledger_.zookeeper_roles().end() && role->second == "leading") {
      report.bit = true;
      report.note = "it led the ensemble";
    }
  }
  for (const auto& [id, broker_machine] : cluster_.context().broker_machines) {
    if (broker_machine != machine.id()) continue;
    const model::Broker* broker = cluster_.broker(id);
    if (broker == nullptr) continue;
    int behind = 0;
    int led = 0;
    for (const auto& [name, partition] : broker->replicas().partitions()) {
      if (!partition->is_leader() || name.topic == model::offsets_topic) continue;
      ++led;
      if (partition->high_watermark() < partition->log_end_offset()) ++behind;
    }
    const int in_hand = broker->server().produces_in_hand();
    if (behind == 0 && in_hand == 0) continue;
    report.bit = true;
    report.note =
        behind > 0 ? fmt::format(
                         "followers of {} were behind in {} of the {} partitions "
                         "it led",
                         machine.name(), behind, led)
                   : fmt::format("{} had {} in hand", machine.name(),
                                 in_hand == 1 ? "a Produce" : fmt::format("{} Produces", in_hand));
  }
}

void FaultPlan::apply(const Fault& fault, FaultReport& report) {
  world_.set_cause({});  // the scenario itself is the first cause
  std::visit([&](const auto& action) { act(action, fault.as, report); }, fault.action);
}

std::vector<FaultReport> FaultPlan::reports() const {
  std::vector<FaultReport> all = reports_;
  // What was sent to the dead is told as lost only when TCP gives up, after the run perhaps.
  for (const sim::Transfer& transfer : cluster_.network().undelivered()) {
    judge_transfer(transfer, all);
  }
  for (const DiskWatch& watch : disks_) {
    FaultReport& report = all[watch.report];
    if (report.bit) continue;
    const std::int64_t count = watch.now();
    if (count == 0) continue;
    report.bit = true;
    const auto note = [&](std::int64_t sim::DiskHarm::*harm, std::string_view one,
                          std::string_view what) {
      if (watch.harm != harm) return;
      report.note = fmt::format("{} {}{} {}", count, one, count == 1 ? "" : "s", what);
    };
    note(&sim::DiskHarm::slowed, "operation", "took longer");
    note(&sim::DiskHarm::lies, "sync", "made nothing durable");
    note(&sim::DiskHarm::refused, "write", "found no room");
    note(&sim::DiskHarm::failed, "operation", "failed");
  }
  return all;
}

}  // namespace brokerlab::scenarios
