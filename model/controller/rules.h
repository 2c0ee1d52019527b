// The controller's decisions, as pure functions: who leads, who stays in the ISR, where replicas
// go.
//
// Source: kafka.controller.Election, PartitionLeaderElectionAlgorithms, kafka.admin.AdminUtils.
#pragma once

#include "base/random.h"
#include "model/wire/protocol.h"

#include <optional>
#include <set>
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

/// Replicas for the partitions of a new topic: round robin over the brokers from a random start,
/// followers shifted so that the load of a dead broker spreads. Needs factor <= brokers.
std::vector<std::vector<BrokerId>> assign_replicas(const std::vector<BrokerId>& brokers,
                                                   int partitions, int replication_factor,
                                                   RandomStream& random);

}  // namespace brokerlab::model
