// Closed forms: what a cluster carries, without a simulation, and where that says nothing.
//
//   network   NIC of a broker >= load x leaders x (groups + r - 1), and >= load x replicas (in)
//   disk      disks of a broker, or their common link, >= load x replicas
//   cold      the same, read and written, when `cold` groups read what is no longer cached
//   processor cores of a broker x bytes a second of a core >= load x leaders
//
// `leaders` and `replicas` are the shares of the broker that has most: with as many partitions as
// brokers, or a multiple, 1 / B and r / B. Then they are AWS's: min{disk x B / r; link x B / r;
// NIC x B / (groups + r - 1)} (AWS Big Data Blog, "Best practices for right-sizing your Apache
// Kafka clusters", 2022).
//
// Lifetime: values. Threads: none. Pure.
#pragma once

#include "base/phrase.h"
#include "plan/key_figures.h"
#include "scenarios/description.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::plan {

/// One topic's load, as its brokers see it.
struct TopicLoad {
  double records_per_s = 0;
  double bytes_per_s = 0;  ///< Of batches, on the wire and on the disk.
  int partitions = 1;
  int replicas = 1;
  int groups = 0;       ///< That read it.
  int cold_groups = 0;  ///< Of these: that read from the disk.
};

struct Cluster {
  int brokers = 1;
  sim::MachineConfig machine;
};

struct Bound {
  std::string name;  ///< "network", "disk", "disk with cold reads", "processor"
  Resource resource = Resource::network;
  double factor = 0;       ///< The highest multiple of the load.
  double bytes_per_s = 0;  ///< Into the cluster, then.
  bool valid = true;
  Phrase why_not;  ///< What it leaves out here.
};

/// The lowest factor first. `lasting`: how long the load is to be carried.
std::vector<Bound> closed_forms(const std::vector<TopicLoad>& load, const Cluster& cluster,
                                Duration lasting);

/// What a broker's disks write a second, and its disks or their link.
double disk_rate(const sim::MachineConfig& machine);

/// How far behind the end of the log a group comes to read, by its own actions: for as long as it
/// paused, or as far as it seeks back.
Duration falls_behind(const scenarios::ConsumerSpec& group, Duration duration);

/// Of a scenario: its sources' highest rates, over the topics that they end in: an idle time before
/// or after does not make a load smaller. A group is cold where
/// more is written to a broker than its page cache holds while the group falls behind.
std::vector<TopicLoad> load_of(const scenarios::Scenario& scenario);

}  // namespace brokerlab::plan
