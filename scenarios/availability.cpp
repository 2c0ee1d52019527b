#include "scenarios/availability.h"

#include <algorithm>

namespace brokerlab::scenarios {

Availability::Availability(sim::World& world, Cluster& cluster) : world_(world), cluster_(cluster) {
  for (const TopicSpec& topic : cluster.scenario().topics) needs_all_[topic.name] = false;
  for (const ProducerSpec& producer : cluster.scenario().producers) {
    if (producer.config.acks == model::Acks::all) needs_all_[producer.topic] = true;
    if (const Cluster::Member* member = cluster.find(producer.name)) {
      producers_[producer.topic].push_back(member->machine->id());
    }
  }
  for (const TopicSpec& topic : cluster.scenario().topics) {
    for (int i = 0; i < topic.partitions; ++i) outages_[{topic.name, i}];
  }
  world.trace().subscribe([this](const sim::Event& event) {
    look_when_due();
    if (event.kind != &sim::events::process_paused) return;
    // Its end is no event; it is known once the pause has begun.
    world_.after(0ns, [this, machine = event.machine] {
      for (const Cluster::Member& member : cluster_.members()) {
        if (member.machine->id() != machine || member.process == nullptr) continue;
        const Time end = std::max(member.process->paused_until(), world_.now());
        world_.at(end, [this] { look_when_due(); });
      }
    });
  });
}

void Availability::look_when_due() {
  if (std::exchange(look_is_due_, true)) return;
  world_.after(0ns, [this] {
    look_is_due_ = false;
    look();
  });
}

bool Availability::awake(model::BrokerId id) const {
  const Cluster::Member* member = cluster_.find(cluster_.machine_name(id));
  return member != nullptr && cluster_.broker(id) != nullptr &&
         member->process->paused_until() <= world_.now();
}

bool Availability::reachable_both_ways(sim::MachineId a, sim::MachineId b) const {
  return cluster_.network().reachable(a, b) && cluster_.network().reachable(b, a);
}

Availability::Condition Availability::condition(const model::TopicPartition& name,
                                                bool needs_all) const {
  const auto& machines = cluster_.context().broker_machines;
  const model::Partition* leader = nullptr;
  model::BrokerId leader_id;
  for (const auto& [id, machine] : machines) {
    const model::Partition* replica = cluster_.replica(id, name);
    if (replica == nullptr || !replica->is_leader()) continue;
    if (leader != nullptr && replica->leader_epoch() < leader->leader_epoch()) continue;
    leader = replica;
    leader_id = id;
  }
  if (leader == nullptr) return Condition::leaderless;
  const sim::MachineId home = machines.at(leader_id);
  const auto producers = producers_.find(name.topic);
  const bool reached =
      producers == producers_.end() ||
      std::any_of(producers->second.begin(), producers->second.end(),
                  [&](sim::MachineId from) { return reachable_both_ways(from, home); });
  if (!awake(leader_id) || !reached) return Condition::unreachable;
  if (!needs_all) return Condition::writable;
  if (leader->under_min_isr()) return Condition::unacknowledged;
  for (const model::BrokerId member : leader->isr()) {
    if (!awake(member)) return Condition::unacknowledged;
    if (member != leader_id && !reachable_both_ways(home, machines.at(member))) {
      return Condition::unacknowledged;
    }
  }
  return Condition::writable;
}

void Availability::look() {
  for (auto& [name, outages] : outages_) {
    const Condition now = condition(name, needs_all_[name.topic]);
    const bool open = !outages.empty() && outages.back().end == never;
    if (now == Condition::writable) {
      was_writable_[name] = true;
      if (open) {
        outages.back().end = world_.now();
        if (outages.back().end == outages.back().begin) outages.pop_back();
      }
    } else if (was_writable_[name]) {
      if (!open) outages.push_back({world_.now(), never});
      if (now == Condition::leaderless) outages.back().leaderless = true;
    }
  }
}

void Availability::finish(Time end) {
  for (auto& [name, outages] : outages_) {
    if (!was_writable_[name]) outages.push_back({Time{}, end, true});
    if (!outages.empty() && outages.back().end == never) outages.back().end = end;
  }
}

Duration Availability::longest(const model::TopicPartition& name) const {
  Duration longest{0};
  for (const Outage& outage : outages_.at(name)) {
    longest = std::max(longest, outage.end - outage.begin);
  }
  return longest;
}

Duration Availability::longest() const {
  Duration longest_of_all{0};
  for (const auto& [name, outages] : outages_) {
    longest_of_all = std::max(longest_of_all, longest(name));
  }
  return longest_of_all;
}

}  // namespace brokerlab::scenarios
