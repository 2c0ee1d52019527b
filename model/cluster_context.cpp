#include "model/cluster_context.h"

#include "sim/machine.h"

namespace brokerlab::model {

sim::PartitionId PartitionDirectory::id_of(const TopicPartition& partition) {
  const auto [entry, is_new] =
      ids_.try_emplace(partition, sim::PartitionId(static_cast<std::int32_t>(ids_.size())));
  if (is_new) {
    names_.push_back(partition);
    world_.trace().name_partition(entry->second, partition.name());
  }
  return entry->second;
}

log::Timestamp ClusterContext::wall_millis(const sim::Machine& machine) const {
  return epoch_millis + whole_millis(machine.clock());
}

log::Timestamp ClusterContext::stamp_millis(const sim::Machine& machine) const {
  return epoch_millis + whole_millis(machine.stamp());
}

std::string ClusterContext::broker_name(BrokerId broker) const {
  const auto found = broker_machines.find(broker);
  if (found == broker_machines.end()) return "none";
  return std::string(world.trace().machine_name(found->second));
}

std::string ClusterContext::broker_names(const std::vector<BrokerId>& brokers) const {
  return fmt::format("[{}]", to_text(brokers));
}

}  // namespace brokerlab::model
