// What an outage does, and what the narrowest place lets through.
#include "sim/topology.h"
#include "sim/topology_graph.h"

#include <boost/graph/biconnected_components.hpp>
#include <boost/graph/boykov_kolmogorov_max_flow.hpp>
#include <boost/graph/connected_components.hpp>

#include <algorithm>

namespace brokerlab::sim {

std::vector<std::vector<int>> Topology::islands(const Outage& outage) const {
  // Through a machine nothing passes, but its switches are joined elsewhere or not at all: every
  // machine of a rack has a port to each of them.
  const auto works = [&](int cable) { return graph_->works(cable, outage); };
  std::vector<int> component(places().size());
  const auto seen = only_cables(graph_->graph, works);
  boost::connected_components(
      seen, boost::make_iterator_property_map(component.begin(),
                                              boost::get(boost::vertex_index, graph_->graph)));
  std::map<int, std::vector<int>> groups;
  for (const int machine : machines()) {
    if (!outage.places.contains(machine)) {
      groups[component[static_cast<std::size_t>(machine)]].push_back(machine);
    }
  }
  std::vector<std::vector<int>> islands;
  for (auto& [number, group] : groups) islands.push_back(std::move(group));
  std::stable_sort(islands.begin(), islands.end(), [](const auto& a, const auto& b) {
    return std::pair(b.size(), a.front()) < std::pair(a.size(), b.front());
  });
  return islands;
}

std::vector<int> Topology::cut_off(const Outage& outage) const {
  const std::vector<std::vector<int>> all = islands(outage);
  std::vector<int> lost;
  for (const int machine : machines()) {
    if (all.empty() || !std::binary_search(all.front().begin(), all.front().end(), machine)) {
      lost.push_back(machine);
    }
  }
  return lost;
}

Topology::Outage Topology::outage_of(int area) const {
  Outage outage;
  for (std::size_t place = 0; place < places().size(); ++place) {
    if (stands_in(static_cast<int>(place), area)) outage.places.insert(static_cast<int>(place));
  }
  return outage;
}

std::vector<int> Topology::single_switches() const {
  std::vector<std::size_t> found;
  boost::articulation_points(graph_->graph, std::back_inserter(found));
  std::vector<int> switches;
  for (const std::size_t place : found) {
    // What it separates may be switches without machines.
    const auto number = static_cast<int>(place);
    if (!graph_->is_machine(number) && !cut_off({{number}, {}}).empty()) {
      switches.push_back(number);
    }
  }
  std::sort(switches.begin(), switches.end());
  return switches;
}

std::vector<int> Topology::single_cables() const {
  // A bridge is a biconnected component of one edge.
  std::vector<std::size_t> component(cables().size());
  const auto index = boost::get(boost::edge_index, graph_->graph);
  boost::biconnected_components(graph_->graph,
                                boost::make_iterator_property_map(component.begin(), index));
  std::map<std::size_t, int> size;
  for (const std::size_t it : component) ++size[it];
  std::vector<int> bridges;
  for (std::size_t i = 0; i < cables().size(); ++i) {
    const auto number = static_cast<int>(i);
    const bool port = graph_->is_machine(cables()[i].a);
    if (!port && size[component[i]] == 1 && !cut_off({{}, {number}}).empty()) {
      bridges.push_back(number);
    }
  }
  return bridges;
}

namespace {

using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
using FlowGraph = boost::adjacency_list<
    boost::vecS, boost::vecS, boost::directedS,
    boost::property<boost::vertex_index_t, std::size_t,
                    boost::property<boost::vertex_color_t, boost::default_color_type,
                                    boost::property<boost::vertex_distance_t, long,
                                                    boost::property<boost::vertex_predecessor_t,
                                                                    Traits::edge_descriptor>>>>,
    boost::property<
        boost::edge_capacity_t, std::int64_t,
        boost::property<boost::edge_residual_capacity_t, std::int64_t,
                        boost::property<boost::edge_reverse_t, Traits::edge_descriptor>>>>;

/// Full duplex is an edge each way, each the other's reverse.
void join(FlowGraph& graph, std::size_t a, std::size_t b, std::int64_t there, std::int64_t back) {
  const auto forth = boost::add_edge(a, b, graph).first;
  const auto reverse = boost::add_edge(b, a, graph).first;
  boost::put(boost::edge_capacity, graph, forth, there);
  boost::put(boost::edge_capacity, graph, reverse, back);
  boost::put(boost::edge_reverse, graph, forth, reverse);
  boost::put(boost::edge_reverse, graph, reverse, forth);
}

}  // namespace

Topology::MaxFlow Topology::max_flow(const std::vector<int>& from, const std::vector<int>& to,
                                     const Outage& outage) const {
  ENSURE(!from.empty() && !to.empty(), "a flow from nobody or to nobody");
  const std::set<int> ends = [&] {
    std::set<int> all(from.begin(), from.end());
    all.insert(to.begin(), to.end());
    return all;
  }();
  ENSURE(ends.size() == from.size() + to.size(), "a flow from a machine to itself");
  const std::size_t source = places().size();
  const std::size_t sink = source + 1;
  FlowGraph graph(places().size() + 2);
  for (std::size_t i = 0; i < cables().size(); ++i) {
    const Cable& cable = cables()[i];
    const auto may = [&](int place) { return !graph_->is_machine(place) || ends.contains(place); };
    if (!graph_->works(static_cast<int>(i), outage) || !may(cable.a) || !may(cable.b)) continue;
    join(graph, static_cast<std::size_t>(cable.a), static_cast<std::size_t>(cable.b),
         cable.rate.count(), cable.rate.count());
  }
  for (const int machine : from) {
    const auto place = static_cast<std::size_t>(machine);
    join(graph, source, place, graph_->place(machine).nic.count(), 0);
  }
  for (const int machine : to) {
    const auto place = static_cast<std::size_t>(machine);
    join(graph, place, sink, graph_->place(machine).nic.count(), 0);
  }
  MaxFlow result;
  result.rate = BytesPerSecond(boost::boykov_kolmogorov_max_flow(graph, source, sink));
  // On the source's side of the cut is what the residual graph still reaches from it.
  const auto near = [&](std::size_t place) {
    return boost::get(boost::vertex_color, graph, place) ==
           boost::color_traits<boost::default_color_type>::black();
  };
  for (std::size_t i = 0; i < cables().size(); ++i) {
    const Cable& cable = cables()[i];
    const bool a = near(static_cast<std::size_t>(cable.a));
    const bool b = near(static_cast<std::size_t>(cable.b));
    const bool used = graph_->works(static_cast<int>(i), outage) &&
                      (!graph_->is_machine(cable.a) || ends.contains(cable.a));
    if (used && a != b) result.cables.push_back(static_cast<int>(i));
  }
  for (const int machine : from) {
    if (!near(static_cast<std::size_t>(machine))) result.cards.push_back(machine);
  }
  for (const int machine : to) {
    if (near(static_cast<std::size_t>(machine))) result.cards.push_back(machine);
  }
  return result;
}

}  // namespace brokerlab::sim
