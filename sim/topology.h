// The network as a graph: machines, switches and cables; and what one asks of it: routes, single
// points of failure, what an outage cuts off, how much can pass at most.
//
// A value without a clock: the state of a running network is sim/fabric.h. Places, cables and areas
// are numbered from 0 in the order of the description. No traffic passes through a machine.
//
// Lifetime: immutable once made; movable. Threads: reading from several is safe. Errors: the
//           description has passed validate_topology(); anything else is our bug.
// Cost:     a route: one shortest-path search over the graph, milliseconds for 1,000 machines.
// Sources:  shortest paths, biconnected components and maximum flow are Boost.Graph's.
#pragma once

#include "sim/topology_config.h"

#include <map>
#include <memory>
#include <set>

namespace brokerlab::sim {

class Topology {
 public:
  enum class PlaceKind { machine, tor, spine, core };
  enum class AreaKind { rack, zone, data_center };

  struct Place {
    PlaceKind kind;
    std::string name;      ///< A machine's own; "rack-1-tor-1", "zone-a-spine-2", "seoul-core-1".
    int area;              ///< The rack of a machine or its switch, the zone of a spine ...
    BytesPerSecond nic{};  ///< Of a machine.
  };
  /// Full duplex: `rate` in each direction at once.
  struct Cable {
    int a;
    int b;
    BytesPerSecond rate;
    Duration delay;
  };
  struct Area {
    AreaKind kind;
    std::string name;
    int parent = -1;  ///< Of a rack its zone, of a zone its data centre.
    std::vector<int> machines;
    std::vector<int> switches;  ///< Its own: of a rack the top-of-rack ones, of a zone the spines.
  };
  /// What is out of order.
  struct Outage {
    std::set<int> places;
    std::set<int> cables;
    bool empty() const { return places.empty() && cables.empty(); }
  };
  struct Route {
    std::vector<int> places;  ///< From end to end.
    std::vector<int> cables;
    Duration delay{0};
    BytesPerSecond rate{};  ///< Of its slowest part, cards included, with nobody else on it.
  };

  /// `nics`: the rate of each machine's card; `usual_nic` for those not in it.
  explicit Topology(const TopologyConfig& config,
                    const std::map<std::string, BytesPerSecond>& nics = {},
                    BytesPerSecond usual_nic = 1_Gbps);
  Topology(Topology&&) noexcept;
  Topology& operator=(Topology&&) noexcept;
  ~Topology();

  const std::vector<Place>& places() const;
  const std::vector<Cable>& cables() const;
  const std::vector<Area>& areas() const;
  const std::vector<int>& machines() const;  ///< Places that are machines.
  std::string cable_name(int cable) const;   ///< "rack-1-tor-1 - zone-a-spine-2"

  std::optional<int> find_place(std::string_view name) const;
  std::optional<int> find_area(std::string_view name) const;
  /// Machines of a place, an area, or "everything"; empty when the name is none of them.
  std::vector<int> machines_of(std::string_view name) const;
  bool stands_in(int machine, int area) const;
  std::vector<std::string> names() const;  ///< Of every place and area.

  /// The way with the least delay, of equals the one with fewest cables; none when there is none.
  std::optional<Route> route(int from, int to, const Outage& outage = {}) const;
  /// The same from one place to several, with a single search.
  std::vector<std::optional<Route>> routes(int from, const std::vector<int>& to,
                                           const Outage& outage = {}) const;
  /// Between two machines of a rack: the delay, and whether a switch of it still works.
  std::pair<Duration, bool> inside(int rack, const Outage& outage = {}) const;

  /// Cables between data centres, in the order of the description.
  const std::vector<int>& lines() const;
  int line_of(int cable) const;  ///< Its place in lines(); -1: it is none.
  /// The lines from one data centre to another, when nothing is out of order: 2 * its place in
  /// lines(), and 1 more when it is passed from b to a.
  std::vector<int> lines_between(int from_center, int to_center) const;

  /// Rates of all ports of a rack over those of its uplinks; 0 when nothing leads out of it.
  double oversubscription(int rack) const;
  /// What can leave an area at once, with that outage; unlimited areas (a data centre; an area with
  /// no uplink) have none.
  std::optional<BytesPerSecond> uplink(int area, const Outage& outage = {}) const;

  // --- Analysis (topology_analysis.cpp) ---

  /// Groups of machines that reach each other, largest first; a machine that is out is in none.
  std::vector<std::vector<int>> islands(const Outage& outage) const;
  /// Machines that an outage takes away from the largest island, those out themselves included.
  std::vector<int> cut_off(const Outage& outage) const;
  /// Everything inside an area, for an outage of it.
  Outage outage_of(int area) const;
  /// The cables that lead out of an area.
  Outage border_of(int area) const;

  /// Switches whose loss separates machines (articulation points), and cables whose loss does
  /// (bridges); ports of single machines are left out of the bridges.
  std::vector<int> single_switches() const;
  std::vector<int> single_cables() const;

  struct MaxFlow {
    BytesPerSecond rate;
    std::vector<int> cables;  ///< A narrowest cut: full when that much passes.
    std::vector<int> cards;   ///< Machines whose own cards are part of the cut.
  };
  /// The most that can pass from one set of machines to another, all of them together. The sets
  /// are disjoint and not empty.
  MaxFlow max_flow(const std::vector<int>& from, const std::vector<int>& to,
                   const Outage& outage = {}) const;

 private:
  struct Graph;

  int add_area(AreaKind kind, std::string name, int parent);
  int add_place(PlaceKind kind, std::string name, int area, BytesPerSecond nic = {});
  void add_cable(int a, int b, BytesPerSecond rate, Duration delay);
  Route trace_back(const std::vector<std::size_t>& previous, int from, int to,
                   const Outage& outage) const;
  void add_rack(const RackConfig& rack, int zone, bool leads_out,
                const std::map<std::string, BytesPerSecond>& nics, BytesPerSecond usual_nic);

  std::unique_ptr<Graph> graph_;
  std::map<std::string, int, std::less<>> place_names_;
  std::map<std::string, int, std::less<>> area_names_;
};

}  // namespace brokerlab::sim
