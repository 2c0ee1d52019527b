#include "model/controller/term.h"

namespace brokerlab::model {

ControllerTerm::ControllerTerm(Owner owner)
    : store_(owner.store),
      context_(owner.config),
      publisher_(owner.process, owner.cluster, owner.id, context_) {}

void ControllerTerm::begin(ControllerClaim claim) {
  claim_ = claim;
  epoch_ = claim.epoch;
  publisher_.note_elected(epoch_);
}

void ControllerTerm::end() {
  if (!active()) return;
  claim_.reset();
  publisher_.channels().clear();
  context_.clear();
  publisher_.note_resigned();
}

sim::Task<PartitionStates> ControllerTerm::write(PartitionStates states) {
  ENSURE(active(), "only the controller writes states");
  MetadataStore::Written outcome = co_await store_.write_states(*claim_, std::move(states));
  if (outcome.fenced_off) end();
  context_.correct(outcome.others);
  co_return std::move(outcome.written);
}

/// Source: PartitionStateMachine.electLeaderForPartitions,
/// ReplicaStateMachine.removeReplicasFromIsr.
sim::Task<bool> ControllerTerm::carry_out(Decide decide, BrokerId but) {
  PartitionStates wanted = decide();
  while (active() && !wanted.empty()) {
    std::vector<TopicPartition> names;
    for (const auto& [name, state] : wanted) names.push_back(name);
    const PartitionStates now = co_await store_.states(names);
    context_.correct(now);
    wanted = decide();
    std::erase_if(wanted, [&](const auto& entry) { return !now.contains(entry.first); });
    if (wanted.empty()) break;
    MetadataStore::Written outcome = co_await store_.write_states(*claim_, std::move(wanted));
    if (outcome.fenced_off) {
      end();
      break;
    }
    context_.correct(outcome.others);
    adopt(outcome.written, but);
    wanted = std::move(outcome.others);
  }
  co_return active();
}

sim::Task<bool> ControllerTerm::create(PartitionStates states) {
  ENSURE(active(), "only the controller creates states");
  const bool created = co_await store_.create_states(*claim_, states);
  if (created) {
    adopt(states);
  } else {
    end();
  }
  co_return active();
}

sim::Task<bool> ControllerTerm::write_topic(std::string name, StoredTopic topic) {
  const bool done = co_await store_.write_topic(claim_, std::move(name), std::move(topic));
  if (!done) end();
  co_return done;
}

sim::Task<bool> ControllerTerm::delete_topic(std::string name, int partitions) {
  const bool done = co_await store_.delete_topic(*claim_, std::move(name), partitions);
  if (!done) end();
  co_return done;
}

sim::Task<bool> ControllerTerm::forget_deletions(std::vector<std::string> names) {
  const bool done = co_await store_.forget_deletions(*claim_, std::move(names));
  if (!done) end();
  co_return done;
}

void ControllerTerm::adopt(const PartitionStates& states, BrokerId but) {
  std::vector<ControllerPublisher::Change> changes;
  for (const auto& [name, state] : states) changes.push_back({name, context_.adopt(name, state)});
  publisher_.tell_changes(changes, but);
}

void ControllerTerm::send() {
  if (active()) publisher_.send(epoch_);
}

}  // namespace brokerlab::model
