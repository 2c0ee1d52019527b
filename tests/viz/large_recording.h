// Recordings of clusters of any size, with faults of every kind, as a run would write them: what
// the viewer must draw without a word over another.
#pragma once

#include <string>

namespace brokerlab::viz {

struct LargeCluster {
  int brokers = 9;
  int zookeepers = 3;
  int producers = 15;
  int consumers = 15;
  int groups = 3;
  int partitions = 24;
  int zones = 0;  ///< 0: no topology.
  int racks_a_zone = 2;
  bool faults = true;  ///< Of every kind, from 10 s on, each on a machine of its own.
};

void write_large_recording(const std::string& path, const LargeCluster& cluster);

}  // namespace brokerlab::viz
