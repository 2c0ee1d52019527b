#include "model/controller/publisher.h"

#include "base/korean.h"
#include "model/events.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

/// No controller could be reached, or the controller could not reach ZooKeeper.
Phrase pending_text(Duration pending) {
  constexpr Duration usual = 1s;
  if (pending < usual) return {};
  const std::string length = to_rounded_text(pending);
  return {fmt::format("then {} for a controller that could write it to ZooKeeper", length),
          fmt::format("그 뒤 {} 동안 주키퍼에 쓸 수 있는 컨트롤러", with_korean_unit(length))};
}

}  // namespace

ControllerPublisher::ControllerPublisher(sim::Process& process, ClusterContext& cluster,
                                         BrokerId id, const ControllerContext& context)
    : process_(process),
      cluster_(cluster),
      id_(id),
      context_(context),
      channels_(process, id, context.config()) {}

// --- Brokers ---

void ControllerPublisher::broker_joined(const RegisteredBroker& broker, sim::EventId cause) {
  channels_.add(broker.endpoint, broker.epoch);
  world().trace().record(events::controller_broker_joined,
                         {.machine = process_.machine().id(), .cause = cause},
                         {{"broker", cluster_.broker_name(broker.endpoint.id)}});
}

void ControllerPublisher::broker_failed(BrokerId broker, sim::EventId cause) {
  channels_.remove(broker);
  world().trace().record(events::controller_broker_failed,
                         {.machine = process_.machine().id(), .cause = cause},
                         {{"broker", cluster_.broker_name(broker)}});
}

void ControllerPublisher::tell_all_metadata(const std::vector<BrokerId>& brokers) {
  channels_.collect_metadata(brokers, context_.all_metadata());
}

void ControllerPublisher::tell_replicas_of(const std::set<BrokerId>& brokers) {
  for (const auto& [name, partition] : context_.partitions()) {
    if (partition.is_new || context_.is_being_deleted(name.topic)) continue;
    for (const BrokerId replica : partition.assignment) {
      if (!brokers.contains(replica) || !is_told(name, replica)) continue;
      channels_.collect_leader_and_isr(
          replica, {name, partition.state, partition.assignment, false, partition.moving});
    }
  }
}

bool ControllerPublisher::is_told(const TopicPartition& partition, BrokerId replica) const {
  return context_.is_online(partition, replica, ControllerContext::ShuttingDown::counted);
}

// --- Partitions ---

void ControllerPublisher::tell_changes(const std::vector<Change>& changes, BrokerId but) {
  std::vector<UpdateMetadataRequest::Partition> metadata;
  for (const auto& [name, before] : changes) {
    if (context_.is_being_deleted(name.topic)) continue;
    const sim::World::KeepCause keep(world());
    const Partition& now = *context_.find(name);
    if (before.is_new) {
      world().trace().record(events::partition_created,
                             {.partition = cluster_.partitions.id_of(name)},
                             {{"leader", cluster_.broker_name(now.state.leader)}});
      note_min_isr(name, now, now.assignment);
    } else {
      note_change(name, now, before.state);
    }
    tell_observer(name, now);
    for (const BrokerId replica : now.assignment) {
      if (replica == but || !is_told(name, replica)) continue;
      const bool is_new = before.is_new || contains(now.moving.adding, replica);
      channels_.collect_leader_and_isr(replica,
                                       {name, now.state, now.assignment, is_new, now.moving});
    }
    metadata.push_back({name, now.state, now.assignment});
  }
  if (!metadata.empty()) channels_.collect_metadata(context_.live_ids(), metadata);
}

void ControllerPublisher::tell_isr_changes(const std::vector<IsrChanged>& changes) {
  std::vector<UpdateMetadataRequest::Partition> metadata;
  for (const IsrChanged& change : changes) {
    const sim::World::KeepCause keep(world());
    if (change.because) world().set_cause(change.because);
    const Partition& now = *context_.find(change.partition);
    note_change(change.partition, now, change.before, change.asked_by, change.pending);
    tell_observer(change.partition, now);
    metadata.push_back({change.partition, now.state, now.assignment});
  }
  if (!metadata.empty()) channels_.collect_metadata(context_.live_ids(), metadata);
}

void ControllerPublisher::tell_observer(const TopicPartition& name, const Partition& now) {
  cluster_.observer.on_partition_state(name, now.state.leader, now.state.leader_epoch,
                                       now.state.isr, now.assignment);
}

void ControllerPublisher::note_change(const TopicPartition& name, const Partition& now,
                                      const LeaderAndIsr& before, BrokerId asked_by,
                                      Duration pending) {
  const sim::PartitionId id = cluster_.partitions.id_of(name);
  if (now.state.leader != before.leader && now.state.leader.valid()) {
    // Of a new partition nobody was in sync before.
    if (!before.isr.empty() && !contains(before.isr, now.state.leader)) ++unclean_elections_;
    world().trace().record(events::partition_leader_elected, {.partition = id},
                           {{"leader", cluster_.broker_name(now.state.leader)},
                            {"epoch", std::to_string(now.state.leader_epoch)},
                            {"isr", cluster_.broker_names(now.state.isr)}});
  } else if (now.state.isr != before.isr) {
    const bool shrunk = now.state.isr.size() < before.isr.size();
    std::vector<sim::Detail> details{{"from", cluster_.broker_names(before.isr)},
                                     {"to", cluster_.broker_names(now.state.isr)}};
    if (shrunk && asked_by.valid()) {
      details = events::with_wait(
          std::move(details), {"replica.lag.time.max.ms", context_.config().replica_lag_time_max,
                               cluster_.broker_name(asked_by), pending_text(pending)});
    }
    world().trace().record(shrunk ? events::partition_isr_shrunk : events::partition_isr_expanded,
                           {.partition = id}, std::move(details));
  }
  note_min_isr(name, now, before.isr);
}

void ControllerPublisher::note_min_isr(const TopicPartition& name, const Partition& now,
                                       const std::vector<BrokerId>& isr_before) {
  const int wanted = context_.topic_config(name.topic).min_insync_replicas;
  const int min = std::min(wanted, static_cast<int>(now.assignment.size()));
  const bool was = static_cast<int>(isr_before.size()) >= min;
  const bool is = static_cast<int>(now.state.isr.size()) >= min;
  if (was == is) return;
  world().trace().record(
      is ? events::partition_min_isr_back : events::partition_under_min_isr,
      {.partition = cluster_.partitions.id_of(name)},
      {{"min", std::to_string(min)}, {"isr", cluster_.broker_names(now.state.isr)}});
}

LeaderEpoch ControllerPublisher::stop_epoch(const TopicPartition& name) const {
  return context_.is_being_deleted(name.topic) ? StopReplicaRequest::epoch_during_delete
                                               : context_.find(name)->state.leader_epoch;
}

void ControllerPublisher::tell_to_delete(BrokerId broker,
                                         const std::vector<TopicPartition>& partitions) {
  for (const TopicPartition& name : partitions) {
    channels_.collect_stop_replica(broker, {name, stop_epoch(name), true});
  }
}

void ControllerPublisher::tell_metadata_of(const std::vector<TopicPartition>& partitions) {
  std::vector<UpdateMetadataRequest::Partition> metadata;
  for (const TopicPartition& name : partitions) {
    const Partition& now = *context_.find(name);
    metadata.push_back({name, now.state, now.assignment});
    tell_observer(name, now);
  }
  channels_.collect_metadata(context_.live_ids(), metadata);
}

void ControllerPublisher::tell_deleted(const std::string& topic) {
  std::vector<UpdateMetadataRequest::Partition> metadata;
  for (const auto& [name, partition] : context_.partitions()) {
    if (name.topic != topic) continue;
    metadata.push_back({name, partition.state, partition.assignment, true});
  }
  channels_.collect_metadata(context_.live_ids(), metadata);
}

// --- The trace alone ---

void ControllerPublisher::note_elected(ControllerEpoch epoch) {
  world().trace().record(events::controller_elected, {.machine = process_.machine().id()},
                         {{"epoch", fmt::format("{}", epoch)}});
  cluster_.observer.on_controller(id_, epoch);
}

void ControllerPublisher::note_resigned() {
  world().trace().record(events::controller_resigned, {.machine = process_.machine().id()});
}

void ControllerPublisher::note_lost_replicas(BrokerId broker, std::size_t replicas) {
  world().trace().record(
      events::log_directories_noticed, {.machine = process_.machine().id()},
      {{"broker", cluster_.broker_name(broker)}, {"replicas", std::to_string(replicas)}});
}

void ControllerPublisher::note_offline(const std::vector<TopicPartition>& hopeless) {
  for (const TopicPartition& name : hopeless) {
    const sim::World::KeepCause keep(world());
    world().trace().record(events::partition_offline,
                           {.partition = cluster_.partitions.id_of(name)},
                           {{"isr", cluster_.broker_names(context_.find(name)->state.isr)}});
  }
}

void ControllerPublisher::note_imbalance(BrokerId broker, double percentage) {
  const sim::World::KeepCause keep(world());
  world().trace().record(events::preferred_leader_election, {.machine = process_.machine().id()},
                         events::with_wait({{"imbalance", fmt::format("{:.0f}", percentage)},
                                            {"broker", cluster_.broker_name(broker)}},
                                           {"leader.imbalance.check.interval.seconds",
                                            context_.config().leader_imbalance_check_interval,
                                            cluster_.broker_name(id_)}));
}

void ControllerPublisher::note_reassignment(const TopicPartition& name,
                                            const ReplicaAssignment& wanted, bool asked) {
  const sim::World::KeepCause keep(world());
  const Partition& now = *context_.find(name);
  world().trace().record(
      asked ? events::reassignment_started : events::reassignment_cancelled,
      {.machine = process_.machine().id(), .partition = cluster_.partitions.id_of(name)},
      {{"from", cluster_.broker_names(now.assignment)},
       {"to", cluster_.broker_names(wanted.target())}});
}

void ControllerPublisher::note_reassigned(const TopicPartition& name,
                                          const std::vector<BrokerId>& replicas) {
  const sim::World::KeepCause keep(world());
  world().trace().record(
      events::reassignment_done,
      {.machine = process_.machine().id(), .partition = cluster_.partitions.id_of(name)},
      {{"replicas", cluster_.broker_names(replicas)}});
}

void ControllerPublisher::note_deletion_started(const std::string& topic) {
  const sim::World::KeepCause keep(world());
  world().trace().record(events::topic_deletion_started, {.machine = process_.machine().id()},
                         {{"topic", topic}});
  cluster_.observer.on_topic_deleted(topic);
}

void ControllerPublisher::note_deletion_held(const std::string& topic) {
  const sim::World::KeepCause keep(world());
  world().trace().record(events::topic_deletion_held, {.machine = process_.machine().id()},
                         {{"topic", topic}});
}

void ControllerPublisher::note_deleted(const std::string& topic) {
  const sim::World::KeepCause keep(world());
  world().trace().record(events::topic_deleted, {.machine = process_.machine().id()},
                         {{"topic", topic}});
}

}  // namespace brokerlab::model
