// Candidate: one cluster that could be bought for a workload: what it consists of, what it costs a
// month, and what closed forms say against it.
//
// Closed forms are what must hold whatever else happens, taken as if the load lay evenly: a
// cluster that breaks one cannot hold; one that breaks none may. They also decide what a short run
// cannot see: disks that fill over days, and disks that a page cache spares for a minute.
//
//   replicas      brokers >= replication factor
//   partitions    replicas on a broker <= what its machine should have
//   disk space    load x retention x replicas / (brokers x log directories), an unfinished segment
//                 of each partition, with head-room; after a broker's loss, moved to the others,
//                 just so. A replica lies in one log directory (LogManager.nextLogDirs), whole: of
//                 the fullest, with the largest partition that keys make
//   network       of a broker that is left: in, load x replicas / brokers; out, load x (live
//                 replicas - 1 + groups) / brokers left; with a group that catches up
//   disks         load x replicas / brokers; with a group that reads what is cold
//   processor     bytes and records, without requests
//   waiting       records that linger.ms and batch.size keep longer than a p99 may be <= 1 %
//
// Lifetime: values. Threads: none. Pure.
#pragma once

#include "base/phrase.h"
#include "plan/workload/catalogue.h"
#include "plan/workload/workload.h"

#include <string>
#include <vector>

namespace brokerlab::plan {

/// A machine with its disks and settings of clients; how many brokers is open.
struct Build {
  std::size_t machine = 0;  ///< Of the catalogue.
  std::string disk;         ///< Of the catalogue; empty: the machine's own.
  int disks = 1;
  std::size_t clients = 0;  ///< Of the workload.
  bool operator==(const Build&) const = default;
};

struct Candidate {
  Build build;
  int brokers = 1;
};

struct Cost {
  double instances = 0, disks = 0, cross_zone = 0;  ///< A month.
  double ensemble = 0;                              ///< Of ZooKeeper, where its machine is said.
  double total() const { return instances + disks + cross_zone + ensemble; }
};

/// A candidate worked out.
struct ClusterPlan {
  Candidate candidate;
  sim::MachineConfig machine;   ///< With its disks.
  std::vector<int> partitions;  ///< Of each topic.
  Bytes kept_a_broker{0};       ///< What a broker retains, of replicas, at most,
  Bytes kept_a_disk{0};         ///< and what one of its log directories does.
  Bytes kept_in_all{0};         ///< By all brokers, of all replicas.
  Bytes disk_size{0};           ///< Of each of its disks.
  Cost cost;
};

/// What closed forms ask of a resource.
struct Need {
  std::string name;   ///< "disk space"; for programs.
  Phrase words;       ///< "disk space of a broker: 1.2 TB needed, 0.8 TB there"
  double needed = 0;  ///< Of the same unit.
  double there = 0;   ///< With head-room taken off.
  bool fits() const { return needed <= there; }
  double share() const { return there > 0 ? needed / there : needed > 0 ? 1e9 : 0; }
};

/// The workload with its catalogue.
struct Planning {
  Workload workload;
  std::vector<TopicDemand> demands;
  Catalogue catalogue;
};

struct LoadedPlanning {
  std::optional<Planning> planning;
  Problems errors;
  Problems warnings;
};
/// A workload's file, with the catalogue that it names.
LoadedPlanning load_planning(const std::string& workload_path);
/// The same, of texts; an empty catalogue: ours.
LoadedPlanning parse_planning(std::string_view workload, std::string_view catalogue = {});

/// Everything that may be chosen, of the machines that may: cheapest machine first, fewer disks
/// first, clients in the workload's order.
std::vector<Build> builds_of(const Planning& planning);

/// Sizes of clusters: multiples of it only.
int broker_step(const Workload& workload);
/// Brokers that the loss takes.
int brokers_lost(const Workload& workload, int brokers);

/// Servers of ZooKeeper.
int servers_of(const Workload& workload, int brokers);
/// What one of them stands on, where the workload says so: of a machine's volumes the first, as
/// small as can be had.
struct ServerOffer {
  sim::MachineConfig machine;
  double month = 0;  ///< Its price.
};
ServerOffer zookeeper_server(const Planning& planning);

ClusterPlan worked_out(const Planning& planning, const Candidate& candidate);
std::vector<Need> needs_of(const Planning& planning, const ClusterPlan& cluster);
/// The one that is furthest from fitting; nothing: all fit.
const Need* broken(const std::vector<Need>& needs);

/// "6 x aws_m5_2xlarge, each 1 x gp3 of 500GiB"; also with clients' settings if several are tried.
std::string words_of(const Planning& planning, const ClusterPlan& cluster);

/// Bytes a second into the cluster, at the peak, as batches: compressed.
double peak_bytes(const Planning& planning, std::size_t clients);

}  // namespace brokerlab::plan
