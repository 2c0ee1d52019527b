// The controller's decisions, as pure functions: who leads, who stays in the ISR, where replicas
// go.
//
// Source: kafka.controller.Election, PartitionLeaderElectionAlgorithms, kafka.admin.AdminUtils.
#pragma once

#include "base/random.h"
#include "model/wire/protocol.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::model {

struct Elected {
  BrokerId leader;
  std::vector<BrokerId> isr;
  bool unclean = false;  ///< The leader was not in the ISR: records may be lost.
};

/// The leader of a new or offline partition: the first live replica, in the order of the
/// assignment, that is in the ISR; with `unclean_allowed`, failing that, the first live one. The
/// ISR keeps its live members (an unclean leader is alone in it). Nothing when nobody can lead.
std::optional<Elected> elect_offline(const std::vector<BrokerId>& assignment,
                                     const std::vector<BrokerId>& isr,
                                     const std::set<BrokerId>& live, bool unclean_allowed);

/// The first replica of the assignment, when it is alive and in the ISR.
std::optional<Elected> elect_preferred(const std::vector<BrokerId>& assignment,
                                       const std::vector<BrokerId>& isr,
                                       const std::set<BrokerId>& live);

/// Another leader than the brokers that shut down, which leave the ISR.
std::optional<Elected> elect_for_shutdown(const std::vector<BrokerId>& assignment,
                                          const std::vector<BrokerId>& isr,
                                          const std::set<BrokerId>& live,
                                          const std::set<BrokerId>& shutting_down);

/// A broker that replicas may go to. Rack: its broker.rack; empty: none.
struct RackedBroker {
  BrokerId id;
  std::string rack;
};
struct Placement {
  int partitions = 1;
  int replication_factor = 1;
  int first_partition = 0;   ///< The number of the first: of a topic that grows.
  std::optional<int> start;  ///< Of both indexes; unset: drawn, as for a new topic.
};
/// Replicas for the partitions of a topic: round robin over the brokers from a random start,
/// followers shifted so that the load of a dead broker spreads; where brokers have racks, over
/// racks in turn, and no rack twice while another has none. Needs 1 <= factor <= brokers, sorted.
/// Nothing: some brokers have a rack and others none. Source: AdminUtils.assignReplicasToBrokers.
std::optional<std::vector<std::vector<BrokerId>>> assign_replicas(
    const std::vector<RackedBroker>& brokers, const Placement& wanted, RandomStream& random);

}  // namespace brokerlab::model
