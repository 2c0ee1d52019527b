// What every process of a cluster shares: who watches, how partitions are numbered, what time it is
// outside the simulation.
//
// Lifetime: outlives every process. Threads: none.
#pragma once

#include "model/ids.h"
#include "model/observer.h"
#include "sim/trace.h"
#include "sim/world.h"

#include <map>
#include <string>

namespace brokerlab::sim {
class Machine;
}

namespace brokerlab::model {

/// Small numbers for partitions, in the order of their first mention.
class PartitionDirectory {
 public:
  explicit PartitionDirectory(sim::World& world) : world_(world) {}
  sim::PartitionId id_of(const TopicPartition& partition);
  const std::map<TopicPartition, sim::PartitionId>& all() const { return ids_; }
  /// Ids are counted from 0 on.
  std::size_t size() const { return names_.size(); }
  const TopicPartition& name_of(sim::PartitionId id) const {
    return names_.at(static_cast<std::size_t>(id.value()));
  }

 private:
  sim::World& world_;
  std::map<TopicPartition, sim::PartitionId> ids_;
  std::vector<TopicPartition> names_;  ///< By id.
};

struct ClusterContext {
  sim::World& world;
  Observer& observer;
  PartitionDirectory& partitions;
  /// Milliseconds since 1970 at the start of the run: what clocks on the machines show.
  log::Timestamp epoch_millis = 0;
  std::map<BrokerId, sim::MachineId> broker_machines = {};
  std::map<BrokerId, sim::MachineId> broker_hosts = {};  ///< Whose power they need.
  std::uint64_t producer_lives = 0;                      ///< How many producers were begun so far.

  /// Milliseconds since 1970 by that machine's clock.
  log::Timestamp wall_millis(const sim::Machine& machine) const;
  /// The same for something that is kept: a clock that is wrong has then done harm.
  log::Timestamp stamp_millis(const sim::Machine& machine) const;
  /// "broker-1"; "none" for no broker.
  std::string broker_name(BrokerId broker) const;
  std::string broker_names(const std::vector<BrokerId>& brokers) const;  ///< "[1,2,3]"
};

}  // namespace brokerlab::model
