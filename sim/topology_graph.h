// Inside the topology: what it is made of. Included by topology*.cpp only.
#pragma once

#include "sim/topology.h"

namespace brokerlab::sim {

struct CableGraph;  ///< Boost.Graph's, in topology_analysis.cpp.

struct Topology::Graph {
  Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph();

  std::vector<Place> places;
  std::vector<Cable> cables;
  std::vector<Area> areas;
  std::vector<int> machines;
  std::vector<int> lines;  ///< Cables.
  std::unique_ptr<CableGraph> joined;

  const Place& place(int i) const { return places[static_cast<std::size_t>(i)]; }
  const Cable& cable(int i) const { return cables[static_cast<std::size_t>(i)]; }
  bool is_machine(int i) const { return place(i).kind == PlaceKind::machine; }

  /// Both ends and the cable itself work.
  bool works(int i, const Outage& outage) const {
    return !outage.cables.contains(i) && !outage.places.contains(cable(i).a) &&
           !outage.places.contains(cable(i).b);
  }
  /// Once all places and cables are there.
  void join();
};

}  // namespace brokerlab::sim
