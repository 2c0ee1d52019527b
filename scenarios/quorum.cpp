#include "scenarios/quorum.h"

#include "scenarios/path_watch.h"

#include <algorithm>

namespace brokerlab::scenarios {

Quorum::Quorum(sim::World& world, Cluster& cluster, Ledger& ledger)
    : world_(world), cluster_(cluster), ledger_(ledger) {
  when_paths_change(world, cluster, [this] { look_when_due(); });
  world.trace().subscribe([this](const sim::Event& event) {
    if (std::string_view(event.kind->name).starts_with("controller.")) look_when_due();
  });
}

/// Once everything that is due at this date has happened.
void Quorum::look_when_due() {
  if (std::exchange(look_is_due_, true)) return;
  world_.after(0ns, [this] {
    world_.after(0ns, [this] {
      look_is_due_ = false;
      look();
    });
  });
}

void Quorum::look() {
  quorum_.note(has_quorum(), world_.now());
  controller_.note(has_controller(), world_.now());
}

bool Quorum::stands(const Cluster::Member& member) const {
  return member.process != nullptr && member.process->running() &&
         member.process->paused_until() <= world_.now();
}

bool Quorum::has_quorum() const {
  std::vector<sim::MachineId> up;
  int servers = 0;
  for (const Cluster::Member& member : cluster_.members()) {
    if (member.role.role != Role::zookeeper) continue;
    ++servers;
    if (stands(member)) up.push_back(member.machine->id());
  }
  const sim::Network& network = cluster_.network();
  return std::any_of(up.begin(), up.end(), [&](sim::MachineId one) {
    const auto reached = std::count_if(up.begin(), up.end(), [&](sim::MachineId other) {
      return other == one || (network.reachable(one, other) && network.reachable(other, one));
    });
    return reached > servers / 2;
  });
}

bool Quorum::has_controller() const {
  const model::BrokerId id = ledger_.controller();
  const model::Broker* broker = id.valid() ? cluster_.broker(id) : nullptr;
  return broker != nullptr && broker->controller().active();
}

void Quorum::finish(Time end) {
  look();
  quorum_.finish(end);
  controller_.finish(end);
}

void Quorum::Track::note(bool there, Time now) {
  const bool open = !outages.empty() && outages.back().end == never;
  if (there) {
    was_there = true;
    if (open) outages.back().end = now;
  } else if (was_there && !open) {
    outages.push_back({now, never});
  }
}

void Quorum::Track::finish(Time end) {
  lasts = !outages.empty() && outages.back().end == never;
  if (lasts) outages.back().end = end;
}

Duration Quorum::Track::longest() const {
  Duration longest{0};
  for (const Outage& outage : outages) longest = std::max(longest, outage.end - outage.begin);
  return longest;
}

}  // namespace brokerlab::scenarios
