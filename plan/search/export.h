// Export: a planned cluster as the files that people who run Kafka have.
//
//   broker-N.properties   of each broker: its settings, those of the run
//   topics.sh             kafka-topics --create, one line a topic
//   topics.txt            what kafka-topics --describe will print then
//   reassignment.json     of kafka-reassign-partitions: leaders and replicas spread evenly, over
//                         zones first
//   capacity.json         of Cruise Control
//   producer.properties   the clients' settings
//   degraded.json, rehearsal.json   the scenarios that decided: brokerlab run
//
// `brokerlab import` of the first four kinds and the capacities gives the cluster back.
//
// Lifetime: values. Threads: none. Errors: of writing, one sentence that names the place. Nothing
// that is there is touched: the folder must be new or empty.
#pragma once

#include "base/result.h"
#include "plan/search/peak_scenario.h"

#include <string>
#include <utility>
#include <vector>

namespace brokerlab::plan {

/// Replicas of each partition of a topic: brokers from 1. Leaders go round; the next replicas stand
/// in other zones, and shift with each round.
std::vector<std::vector<int>> placed(int partitions, int factor, int brokers, int zones);

/// Names and texts.
std::vector<std::pair<std::string, std::string>> exported(const Planning& planning,
                                                          const ClusterPlan& cluster);
Status<std::string> write_export(const Planning& planning, const ClusterPlan& cluster,
                                 const std::string& folder);

}  // namespace brokerlab::plan
