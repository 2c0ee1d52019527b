#include "scenarios/availability.h"

#include <algorithm>

namespace brokerlab::scenarios {

Availability::Availability(sim::World& world, Cluster& cluster) : world_(world), cluster_(cluster) {
  for (const TopicSpec& topic : cluster.scenario().topics) needs_all_[topic.name] = false;
  for (const ProducerSpec& producer : cluster.scenario().producers) {
    if (producer.config.acks == model::Acks::all) needs_all_[producer.topic] = true;
  }
  for (const TopicSpec& topic : cluster.scenario().topics) {
    for (int i = 0; i < topic.partitions; ++i) outages_[{topic.name, i}];
  }
  world.trace().subscribe([this](const sim::Event&) {
    if (std::exchange(look_is_due_, true)) return;
    world_.after(0ns, [this] {
      look_is_due_ = false;
      look();
    });
  });
}

Availability::Condition Availability::condition(const model::TopicPartition& name,
                                                bool needs_all) const {
  for (const auto& [id, machine] : cluster_.context().broker_machines) {
    const model::Partition* replica = cluster_.replica(id, name);
    if (replica == nullptr || !replica->is_leader()) continue;
    if (!needs_all) return Condition::writable;
    if (replica->under_min_isr()) return Condition::unacknowledged;
    for (const model::BrokerId member : replica->isr()) {
      if (cluster_.broker(member) == nullptr) return Condition::unacknowledged;
    }
    return Condition::writable;
  }
  return Condition::leaderless;
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
