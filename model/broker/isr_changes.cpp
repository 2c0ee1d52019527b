#include "model/broker/isr_changes.h"

#include "model/broker/alter_partition_manager.h"
#include "model/events.h"
#include "model/explain.h"
#include "sim/network.h"

namespace brokerlab::model {

IsrChanges::IsrChanges(const ReplicaContext& context, HostedReplicas& replicas)
    : context_(context), replicas_(replicas) {
  context_.alter_partitions.on_refused(
      [this](const IsrChange& change, ErrorCode error) { tell_refused(change, error); });
}

void IsrChanges::submit(const std::optional<IsrChange>& change) {
  if (!change) return;
  const bool submitted = context_.alter_partitions.submit(
      *change, [this, change = *change](const AlterPartitionResponse::Partition& answer) {
        Partition* partition = replicas_.find(change.partition);
        if (partition == nullptr) return;
        if (answer.error != ErrorCode::none) tell_refused(change, answer.error);
        const Partition::IsrOutcome outcome =
            partition->finish_isr_change(change, answer, context_.clock());
        if (outcome.done) {
          BrokerCounters& counters = replicas_.counters();
          ++(change.to.size() < change.from.size() ? counters.isr_shrinks : counters.isr_expands);
        }
        context_.watch.on_replica_changed(context_.id, partition->id());
        replicas_.wake(*partition);
        submit(outcome.retry);
      });
  Partition* partition = replicas_.find(change->partition);
  if (partition == nullptr) return;
  if (!submitted) partition->drop_isr_change(*change);
  context_.watch.on_replica_changed(context_.id, partition->id());
}

/// Who asks for a larger ISR is the follower's fetch; behind it stands what let it fetch again.
void IsrChanges::submit_grown(const Partition& partition, const std::optional<IsrChange>& change) {
  if (!change) return;
  sim::World& world = context_.world();
  const sim::World::KeepCause keep(world);
  world.set_cause(why_again_with(world.trace(), partition.id(), world.cause()));
  submit(change);
}

sim::Task<> IsrChanges::watch() {
  while (true) {
    co_await context_.world().sleep(context_.config.replica_lag_time_max / 2);
    for (const auto& [name, partition] : replicas_.all()) {
      const std::optional<IsrChange> change = partition->maybe_shrink_isr(context_.clock());
      if (!change) continue;
      const sim::World::KeepCause keep(context_.world());
      context_.world().set_cause(why_lagging(*change));
      submit(change);
    }
  }
}

/// Why a follower that is to leave the ISR has not caught up: nobody tells, so the network is
/// asked.
sim::EventId IsrChanges::why_lagging(const IsrChange& change) const {
  const Time since = context_.world().now() - context_.config.replica_lag_time_max * 3 / 2;
  for (const BrokerId member : change.from) {
    if (contains(change.to, member)) continue;
    const auto machine = context_.cluster.broker_machines.find(member);
    if (machine == context_.cluster.broker_machines.end()) continue;
    const sim::EventId trouble =
        context_.process.network().trouble(context_.machine(), machine->second, since);
    if (trouble.valid()) return trouble;
  }
  return {};
}

void IsrChanges::tell_refused(const IsrChange& change, ErrorCode error) {
  const ClusterContext& cluster = context_.cluster;
  const sim::World::KeepCause keep(context_.world());
  context_.world().trace().record(
      events::isr_change_refused,
      {.machine = context_.machine(), .partition = cluster.partitions.id_of(change.partition)},
      {{"from", cluster.broker_names(change.from)},
       {"to", cluster.broker_names(change.to)},
       {"error", std::string(to_text(error))}});
}

}  // namespace brokerlab::model
