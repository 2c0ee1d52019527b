#include "scenarios/availability.h"

#include "model/java_hash.h"
#include "scenarios/path_watch.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

using model::BrokerId;
using model::TopicPartition;

Availability::Measure measure_of(const std::vector<Availability::Outage>& outages, Time end) {
  Availability::Measure measure;
  for (const Availability::Outage& outage : outages) {
    const Duration length = outage.end - outage.begin;
    if (length > measure.longest) {
      measure.longest = length;
      measure.longest_from = outage.begin;
    }
    measure.total += length;
    ++measure.times;
    measure.at_the_end = measure.at_the_end || outage.end == end;
  }
  return measure;
}

/// Sorted, and what overlaps or touches made one.
std::vector<Availability::Outage> united(std::vector<Availability::Outage> outages) {
  std::sort(outages.begin(), outages.end(),
            [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::vector<Availability::Outage> all;
  for (const Availability::Outage& outage : outages) {
    if (!all.empty() && outage.begin <= all.back().end) {
      all.back().end = std::max(all.back().end, outage.end);
    } else {
      all.push_back(outage);
    }
  }
  return all;
}

}  // namespace

Availability::Availability(sim::World& world, Cluster& cluster, Ledger& ledger)
    : world_(world), cluster_(cluster), ledger_(ledger) {
  for (const TopicSpec& topic : cluster.scenario().topics) {
    for (int i = 0; i < topic.partitions; ++i) {
      partitions_.push_back({topic.name, i});
      watch(partitions_.back());
    }
  }
  std::sort(partitions_.begin(), partitions_.end());
  partitions_.erase(std::unique(partitions_.begin(), partitions_.end()), partitions_.end());
  when_paths_change(world, cluster, [this] { look_at_all_when_due(); });
  cluster.watch_replicas(*this);
  ledger.on_leadership([this](const TopicPartition& name) {
    auto item = items_.find(name);
    if (item == items_.end()) {
      // A partition more than the topic began with.
      if (cluster_.scenario().topic(name.topic.text()) == nullptr) return;
      partitions_.insert(std::upper_bound(partitions_.begin(), partitions_.end(), name), name);
      watch(name);
      item = items_.find(name);
    }
    note_led(item->second);
    make_due(item->second);
  });
}

/// Its strictest producer, and the machines of all its clients.
void Availability::watch(const TopicPartition& name) {
  Item& item = items_[name];
  item.name = name;
  const Scenario& scenario = cluster_.scenario();
  const bool is_internal = name.topic == model::offsets_topic;
  bool has_producer = false;
  bool wants_all = false;
  for (const Cluster::Member& member : cluster_.members()) {
    if (member.role.role == Role::producer) {
      const ProducerSpec& producer = scenario.producers[member.role.spec];
      if (producer.topic != name.topic) continue;
      has_producer = true;
      wants_all = wants_all || producer.config.acks == model::Acks::all;
      item.producers.push_back(member.machine->id());
    } else if (member.role.role == Role::consumer) {
      const std::vector<std::string>& topics = scenario.consumers[member.role.spec].topics;
      const bool reads = std::find(topics.begin(), topics.end(), name.topic) != topics.end();
      if (reads) item.consumers.push_back(member.machine->id());
      if (is_internal) item.producers.push_back(member.machine->id());  // who commits
    }
  }
  item.needs_all = !has_producer || wants_all;
  note_led(item);
}

void Availability::note_led(Item& item) {
  if (item.view != nullptr) return;
  const auto view = ledger_.partitions().find(item.name);
  if (view == ledger_.partitions().end() || !view->second.leader.valid()) return;
  item.view = &view->second;
  led_.push_back(&item);
}

// --- When to look ---

void Availability::look_when_due() {
  if (std::exchange(look_is_due_, true)) return;
  // Once everything that is due at this date has happened, also what that has put off until then:
  // a process ends after the event by which it does.
  world_.after(0ns, [this] { world_.after(0ns, [this] { look_at_due(); }); });
}

void Availability::look_at_due() {
  look_is_due_ = false;
  std::vector<Item*> due = std::exchange(due_, {});
  if (std::exchange(all_are_due_, false)) {
    for (Item* item : due) item->is_due = false;
    due = led_;
  }
  for (Item* item : due) {
    item->is_due = false;
    look(*item);
  }
}

void Availability::look_at_all_when_due() {
  all_are_due_ = true;
  look_when_due();
}

Availability::Item* Availability::item_of(sim::PartitionId partition) {
  const auto at = static_cast<std::size_t>(partition.value());
  for (std::size_t next = by_id_.size(); next <= at; ++next) {
    const TopicPartition& name =
        cluster_.context().partitions.name_of(sim::PartitionId(static_cast<std::int32_t>(next)));
    if (name.topic == model::offsets_topic && !items_.contains(name)) watch(name);
    const auto found = items_.find(name);
    by_id_.push_back(found == items_.end() ? nullptr : &found->second);
  }
  return by_id_[at];
}

void Availability::make_due(Item& item) {
  if (std::exchange(item.is_due, true)) return;
  due_.push_back(&item);
  look_when_due();
}

void Availability::on_replica_changed(BrokerId, sim::PartitionId partition) {
  if (Item* item = item_of(partition)) make_due(*item);
}

void Availability::on_follower_fetch(BrokerId leader, BrokerId, sim::PartitionId partition) {
  const auto at = static_cast<std::size_t>(partition.value());
  Item* item = at < by_id_.size() ? by_id_[at] : nullptr;
  if (item != nullptr && item->waits_for_fetch && item->leader == leader) make_due(*item);
}

// --- What there is to see ---

bool Availability::stands_still(BrokerId id) const {
  const Cluster::Member* member = cluster_.find(cluster_.machine_name(id));
  return member->process->paused_until() > world_.now();
}

bool Availability::reachable(sim::MachineId a, sim::MachineId b) const {
  return cluster_.network().reachable(a, b) && cluster_.network().reachable(b, a);
}

bool Availability::any_reaches(const std::vector<sim::MachineId>& clients,
                               sim::MachineId home) const {
  bool any_is_up = false;
  for (const sim::MachineId client : clients) {
    const auto member =
        std::find_if(cluster_.members().begin(), cluster_.members().end(),
                     [client](const Cluster::Member& one) { return one.machine->id() == client; });
    if (!member->machine->up()) continue;
    any_is_up = true;
    if (reachable(client, home)) return true;
  }
  return !any_is_up;
}

const model::Partition* Availability::leader_of(const Item& item, BrokerId& id) const {
  if (item.view == nullptr || !item.view->leader.valid()) return nullptr;
  id = item.view->leader;
  const model::Broker* broker = cluster_.broker(id);
  if (broker == nullptr || !broker->server().serving()) return nullptr;
  const model::Partition* replica = cluster_.replica(id, item.name);
  const bool leads = replica != nullptr && replica->is_leader() &&
                     replica->leader_epoch() >= item.view->elected_in;
  return leads ? replica : nullptr;
}

/// Can ask the leader for records, and is answered.
bool Availability::is_connected(const Item& item, const model::Partition& leader,
                                BrokerId id) const {
  const auto& machines = cluster_.context().broker_machines;
  if (!machines.contains(id) || !machines.contains(item.leader)) return false;
  const model::Partition* replica = cluster_.replica(id, item.name);
  return replica != nullptr && replica->role() == model::Partition::Role::follower &&
         replica->leader() == item.leader && replica->leader_epoch() == leader.leader_epoch() &&
         reachable(machines.at(id), machines.at(item.leader));
}

bool Availability::all_would_fetch(Item& item, const model::Partition& leader) {
  if (item.epoch != leader.leader_epoch()) {
    item.followers.clear();
    item.epoch = leader.leader_epoch();
  }
  for (const auto& [id, state] : leader.followers()) {
    const auto [entry, is_new] = item.followers.try_emplace(id);
    Follower& follower = entry->second;
    if (is_new) follower.before = state.times_caught_up;
    follower.connected = is_connected(item, leader, id);
    if (!follower.connected) {
      follower.caught_up = false;
      follower.before = state.times_caught_up;
    }
    follower.caught_up = follower.caught_up || state.times_caught_up > follower.before;
  }
  const sim::Machine& home = *cluster_.find(cluster_.machine_name(item.leader))->machine;
  bool all = true;
  for (const model::Partition::Awaited& awaited : leader.awaited(home.clock())) {
    const Follower& follower = item.followers[awaited.follower];
    if (follower.caught_up && !stands_still(awaited.follower)) continue;
    all = false;
    item.waits_for_fetch = item.waits_for_fetch || follower.connected;
    if (awaited.until == never) continue;
    // It is given up waiting for at a date that is no event.
    const Duration left = std::max(awaited.until - home.clock(), Duration{0}) + 1ns;
    world_.after(left, [this, &item] { make_due(item); });
  }
  return all;
}

void Availability::look(Item& item) {
  BrokerId id;
  const model::Partition* leader = leader_of(item, id);
  item.waits_for_fetch = false;
  if (item.view != nullptr && item.view->deleted) {
    // Nobody wants it to be available.
    item.leader = {};
    item.epoch = log::no_epoch;
    note(item.produce, true, false, false);
    note(item.fetch, true, false, false);
    return;
  }
  if (leader == nullptr) {
    item.leader = {};
    item.epoch = log::no_epoch;
    note(item.produce, false, true, true);
    note(item.fetch, false, true, true);
    return;
  }
  if (item.leader != id) item.epoch = log::no_epoch;
  item.leader = id;
  const sim::MachineId home = cluster_.context().broker_machines.at(id);
  const bool answers = !stands_still(id);
  bool appends = true;
  if (item.needs_all) appends = all_would_fetch(item, *leader) && !leader->under_min_isr();
  const bool writes = answers && appends;
  note(item.produce, writes && any_reaches(item.producers, home), !writes, false);
  note(item.fetch, answers && any_reaches(item.consumers, home), !answers, false);
}

void Availability::note(Track& track, bool available, bool of_brokers, bool leaderless) const {
  const bool open = !track.outages.empty() && track.outages.back().end == never;
  if (available) {
    track.was_available = true;
    if (open) track.outages.back().end = world_.now();
  } else if (track.was_available) {
    const bool goes_on =
        !open && !track.outages.empty() && track.outages.back().end == world_.now();
    if (goes_on) {
      track.outages.back().end = never;  // it was over for no time at all
    } else if (!open) {
      track.outages.push_back({world_.now(), never});
    }
    Outage& now = track.outages.back();
    now.leaderless = now.leaderless || leaderless;
    now.of_brokers = now.of_brokers || of_brokers;
  }
}

// --- The end ---

void Availability::finish(Time end) {
  end_ = end;
  for (auto& [name, item] : items_) {
    look(item);
    for (Track* track : {&item.produce, &item.fetch}) {
      if (!track->was_available) track->outages.push_back({Time{}, end, true, true});
      if (!track->outages.empty() && track->outages.back().end == never) {
        track->outages.back().end = end;
      }
      std::erase_if(track->outages, [](const Outage& one) { return one.begin == one.end; });
    }
  }
}

bool Availability::failed_since(const TopicPartition& name, Time since) const {
  const auto item = items_.find(name);
  if (item == items_.end() || item->second.produce.outages.empty()) return false;
  return item->second.produce.outages.back().end >= since;
}

const std::vector<Availability::Outage>& Availability::outages(const TopicPartition& name,
                                                               Side side) const {
  const Item& item = items_.at(name);
  return (side == Side::produce ? item.produce : item.fetch).outages;
}

Availability::Measure Availability::measure(const TopicPartition& name, Side side) const {
  return measure_of(outages(name, side), end_);
}

Availability::Measure Availability::measure(Side side) const {
  std::vector<Outage> all;
  Measure longest;
  for (const TopicPartition& name : partitions_) {
    const std::vector<Outage>& outages = this->outages(name, side);
    all.insert(all.end(), outages.begin(), outages.end());
    const Measure one = measure(name, side);
    if (one.longest > longest.longest) longest = one;
  }
  Measure measure = measure_of(united(std::move(all)), end_);
  measure.longest = longest.longest;
  measure.longest_from = longest.longest_from;
  return measure;
}

std::optional<Availability::Measure> Availability::coordinator(std::string_view group) const {
  int partitions = 0;
  for (const auto& [name, view] : ledger_.partitions())
    partitions += name.topic == model::offsets_topic;
  if (partitions == 0) return std::nullopt;
  const int number = model::java_positive(model::java_hash(group)) % partitions;
  const auto found = items_.find({std::string(model::offsets_topic), number});
  if (found == items_.end()) return std::nullopt;
  return measure_of(found->second.produce.outages, end_);
}

}  // namespace brokerlab::scenarios
