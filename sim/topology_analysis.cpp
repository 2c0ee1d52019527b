// Everything that Boost.Graph is asked: ways, what an outage does, what the narrowest place lets
// through.
#include "sim/topology.h"
#include "sim/topology_graph.h"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/biconnected_components.hpp>
#include <boost/graph/boykov_kolmogorov_max_flow.hpp>
#include <boost/graph/connected_components.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <boost/property_map/function_property_map.hpp>

#include <algorithm>

namespace brokerlab::sim {

/// Vertices are places, the edge index is the cable.
struct CableGraph
    : boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, boost::no_property,
                            boost::property<boost::edge_index_t, int>> {};

Topology::Graph::Graph() = default;
Topology::Graph::~Graph() = default;

void Topology::Graph::join() {
  joined = std::make_unique<CableGraph>();
  for (std::size_t i = 0; i < places.size(); ++i) boost::add_vertex(*joined);
  for (std::size_t i = 0; i < cables.size(); ++i) {
    boost::add_edge(static_cast<std::size_t>(cables[i].a), static_cast<std::size_t>(cables[i].b),
                    static_cast<int>(i), *joined);
  }
}

namespace {

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

}  // namespace

// --- Routes ---

namespace {

/// Delays first, then the number of cables.
constexpr std::int64_t delay_weight = 4096;

struct Search {
  std::vector<std::int64_t> distance;
  std::vector<std::size_t> previous;
};

/// Shortest paths over the cables that `rule` lets pass.
template <class Rule>
Search search(const CableGraph& graph, const std::vector<Topology::Cable>& cables, int from,
              const Rule& rule) {
  const auto seen = only_cables(graph, rule);
  Search found;
  found.distance.resize(boost::num_vertices(graph));
  found.previous.resize(boost::num_vertices(graph));
  const auto weight = boost::make_function_property_map<CableGraph::edge_descriptor>(
      [&](const CableGraph::edge_descriptor& edge) {
        const auto cable = static_cast<std::size_t>(boost::get(boost::edge_index, graph, edge));
        return cables[cable].delay.count() * delay_weight + 1;
      });
  boost::dijkstra_shortest_paths(seen, static_cast<std::size_t>(from),
                                 boost::distance_map(found.distance.data())
                                     .predecessor_map(found.previous.data())
                                     .weight_map(weight)
                                     .distance_inf(std::numeric_limits<std::int64_t>::max()));
  return found;
}

constexpr std::int64_t unreached = std::numeric_limits<std::int64_t>::max();

}  // namespace

std::vector<std::optional<Topology::Route>> Topology::routes(int from, const std::vector<int>& to,
                                                             const Outage& outage) const {
  std::vector<std::optional<Route>> all(to.size());
  if (outage.places.contains(from)) return all;
  const auto between_switches = [&](int cable) {
    const Cable& it = graph_->cable(cable);
    const auto may = [&](int place) { return !graph_->is_machine(place) || place == from; };
    return graph_->works(cable, outage) && may(it.a) && may(it.b);
  };
  Search found = search(*graph_->joined, cables(), from, between_switches);
  for (std::size_t i = 0; i < to.size(); ++i) {
    const auto place = static_cast<std::size_t>(to[i]);
    if (outage.places.contains(to[i])) continue;
    if (to[i] == from) {
      all[i] = Route{{from}, {}, Duration{0}, graph_->place(from).nic};
      continue;
    }
    if (graph_->is_machine(to[i])) {  // the best of its ports ends the way
      std::int64_t best = unreached;
      for (const auto& edge :
           boost::make_iterator_range(boost::out_edges(place, *graph_->joined))) {
        const int cable = boost::get(boost::edge_index, *graph_->joined, edge);
        const std::size_t tor = boost::target(edge, *graph_->joined);
        if (!graph_->works(cable, outage) || found.distance[tor] == unreached) continue;
        const std::int64_t length =
            found.distance[tor] + graph_->cable(cable).delay.count() * delay_weight + 1;
        if (length >= best) continue;
        best = length;
        found.previous[place] = tor;
      }
      found.distance[place] = best;
    }
    if (found.distance[place] != unreached) {
      all[i] = trace_back(found.previous, from, to[i], outage);
    }
  }
  return all;
}

Topology::Route Topology::trace_back(const std::vector<std::size_t>& previous, int from, int to,
                                     const Outage& outage) const {
  Route route;
  for (int at = to; at != from; at = static_cast<int>(previous[static_cast<std::size_t>(at)])) {
    route.places.push_back(at);
  }
  route.places.push_back(from);
  std::reverse(route.places.begin(), route.places.end());
  std::int64_t rate = unreached;
  for (const int end : {from, to}) {
    if (graph_->is_machine(end)) rate = std::min(rate, graph_->place(end).nic.count());
  }
  for (std::size_t i = 1; i < route.places.size(); ++i) {
    // Of parallel cables the one with the least delay, the first of equals.
    int taken = -1;
    const auto here = static_cast<std::size_t>(route.places[i - 1]);
    for (const auto& edge : boost::make_iterator_range(boost::out_edges(here, *graph_->joined))) {
      const int cable = boost::get(boost::edge_index, *graph_->joined, edge);
      const bool leads_there =
          static_cast<int>(boost::target(edge, *graph_->joined)) == route.places[i];
      if (!leads_there || !graph_->works(cable, outage)) continue;
      if (taken < 0 || graph_->cable(cable).delay < graph_->cable(taken).delay) taken = cable;
    }
    route.cables.push_back(taken);
    route.delay += graph_->cable(taken).delay;
    rate = std::min(rate, graph_->cable(taken).rate.count());
  }
  route.rate = BytesPerSecond(rate);
  return route;
}

std::optional<Topology::Route> Topology::route(int from, int to, const Outage& outage) const {
  return routes(from, {to}, outage).front();
}

// --- Outages ---

std::vector<std::vector<int>> Topology::islands(const Outage& outage) const {
  // Through a machine nothing passes, but its switches are joined elsewhere or not at all: every
  // machine of a rack has a port to each of them.
  const auto works = [&](int cable) { return graph_->works(cable, outage); };
  std::vector<int> component(places().size());
  const auto seen = only_cables(*graph_->joined, works);
  boost::connected_components(
      seen, boost::make_iterator_property_map(component.begin(),
                                              boost::get(boost::vertex_index, *graph_->joined)));
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

Topology::Outage Topology::border_of(int area) const {
  Outage outage;
  for (std::size_t i = 0; i < cables().size(); ++i) {
    if (stands_in(cables()[i].a, area) != stands_in(cables()[i].b, area)) {
      outage.cables.insert(static_cast<int>(i));
    }
  }
  return outage;
}

std::vector<int> Topology::single_switches() const {
  std::vector<std::size_t> found;
  boost::articulation_points(*graph_->joined, std::back_inserter(found));
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
  const auto index = boost::get(boost::edge_index, *graph_->joined);
  boost::biconnected_components(*graph_->joined,
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
