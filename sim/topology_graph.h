// Inside the topology: its Boost.Graph. Included by topology*.cpp only.
#pragma once

#include "sim/topology.h"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/filtered_graph.hpp>

namespace brokerlab::sim {

/// Vertices are places, the edge index is the cable.
using CableGraph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, boost::no_property,
                          boost::property<boost::edge_index_t, int>>;

struct Topology::Graph {
  std::vector<Place> places;
  std::vector<Cable> cables;
  std::vector<Area> areas;
  std::vector<int> machines;
  CableGraph graph;

  const Place& place(int i) const { return places[static_cast<std::size_t>(i)]; }
  const Cable& cable(int i) const { return cables[static_cast<std::size_t>(i)]; }
  bool is_machine(int i) const { return place(i).kind == PlaceKind::machine; }

  /// Both ends and the cable itself work.
  bool works(int i, const Outage& outage) const {
    return !outage.cables.contains(i) && !outage.places.contains(cable(i).a) &&
           !outage.places.contains(cable(i).b);
  }
};

/// Which cables a search may use; boost::filtered_graph copies and default-constructs it.
template <class Rule>
struct CableFilter {
  const CableGraph* graph = nullptr;
  const Rule* rule = nullptr;

  bool operator()(const CableGraph::edge_descriptor& edge) const {
    return (*rule)(boost::get(boost::edge_index, *graph, edge));
  }
};

/// The graph seen through `rule(cable)`. Borrows both.
template <class Rule>
auto only_cables(const CableGraph& graph, const Rule& rule) {
  return boost::filtered_graph<CableGraph, CableFilter<Rule>>(graph,
                                                              CableFilter<Rule>{&graph, &rule});
}

}  // namespace brokerlab::sim
