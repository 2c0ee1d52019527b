#include "sim/topology.h"

#include "sim/topology_graph.h"

#include <algorithm>

namespace brokerlab::sim {

// --- Making the graph ---

Topology::Topology(const TopologyConfig& config, const std::map<std::string, BytesPerSecond>& nics,
                   BytesPerSecond usual_nic)
    : graph_(std::make_unique<Graph>()) {
  const std::vector<DataCenterConfig> centers = config.with_all_levels();
  for (const DataCenterConfig& center : centers) {
    const int dc = add_area(AreaKind::data_center, center.name, -1);
    const bool zones_lead_out = center.zones.size() > 1 || centers.size() > 1;
    std::vector<int> cores;
    for (int i = 1; zones_lead_out && i <= center.cores; ++i) {
      cores.push_back(add_place(PlaceKind::core, fmt::format("{}-core-{}", center.name, i), dc));
    }
    for (const ZoneConfig& zone : center.zones) {
      const int area = add_area(AreaKind::zone, zone.name, dc);
      const bool racks_lead_out = zone.racks.size() > 1 || zones_lead_out;
      for (int i = 1; racks_lead_out && i <= zone.spines; ++i) {
        const int spine =
            add_place(PlaceKind::spine, fmt::format("{}-spine-{}", zone.name, i), area);
        for (const int core : cores) add_cable(spine, core, zone.uplink.rate, zone.uplink.delay);
      }
      for (const RackConfig& rack : zone.racks) {
        add_rack(rack, area, racks_lead_out, nics, usual_nic);
      }
    }
  }
  std::map<int, std::size_t> lines_at;  // by data centre
  for (const LineConfig& line : config.links) {
    std::vector<int> ends;
    for (const std::string& name : line.between) {
      const int dc = find_area(name).value();
      const std::vector<int>& cores = graph_->areas[static_cast<std::size_t>(dc)].switches;
      ends.push_back(cores[lines_at[dc]++ % cores.size()]);
    }
    graph_->lines.push_back(static_cast<int>(graph_->cables.size()));
    add_cable(ends[0], ends[1], line.rate, line.delay);
  }
  graph_->join();
}

Topology::Topology(Topology&&) noexcept = default;
Topology& Topology::operator=(Topology&&) noexcept = default;
Topology::~Topology() = default;

int Topology::add_area(AreaKind kind, std::string name, int parent) {
  const int number = static_cast<int>(graph_->areas.size());
  const bool fresh = area_names_.emplace(name, number).second;
  ENSURE(fresh, "two areas named {}", name);
  graph_->areas.push_back({kind, std::move(name), parent, {}, {}});
  return number;
}

int Topology::add_place(PlaceKind kind, std::string name, int area, BytesPerSecond nic) {
  const int number = static_cast<int>(graph_->places.size());
  const bool fresh = place_names_.emplace(name, number).second;
  ENSURE(fresh, "two places named {}", name);
  graph_->places.push_back({kind, std::move(name), area, nic});
  if (kind != PlaceKind::machine) {
    graph_->areas[static_cast<std::size_t>(area)].switches.push_back(number);
    return number;
  }
  graph_->machines.push_back(number);
  for (int at = area; at >= 0; at = graph_->areas[static_cast<std::size_t>(at)].parent) {
    graph_->areas[static_cast<std::size_t>(at)].machines.push_back(number);
  }
  return number;
}

void Topology::add_cable(int a, int b, BytesPerSecond rate, Duration delay) {
  graph_->cables.push_back({a, b, rate, delay});
}

void Topology::add_rack(const RackConfig& rack, int zone, bool leads_out,
                        const std::map<std::string, BytesPerSecond>& nics,
                        BytesPerSecond usual_nic) {
  const int area = add_area(AreaKind::rack, rack.name, zone);
  std::vector<int> tors;
  for (int i = 1; i <= rack.switches; ++i) {
    tors.push_back(add_place(PlaceKind::tor, fmt::format("{}-tor-{}", rack.name, i), area));
  }
  std::int64_t ports = 0;
  for (const std::string& pattern : rack.machines) {
    const auto names = expand_names(pattern);
    ENSURE(names.ok(), "{} was not validated", pattern);
    for (const std::string& name : *names) {
      const auto known = nics.find(name);
      const BytesPerSecond nic = known == nics.end() ? usual_nic : known->second;
      const BytesPerSecond port = rack.port.rate.value_or(nic);
      const int machine = add_place(PlaceKind::machine, name, area, nic);
      for (const int tor : tors) add_cable(machine, tor, port, rack.port.delay);
      ports += std::min(nic.count(), port.count() * rack.switches);
    }
  }
  if (!leads_out) return;
  const std::vector<int>& spines = graph_->areas[static_cast<std::size_t>(zone)].switches;
  const double cables = static_cast<double>(tors.size() * spines.size());
  const double wide =
      static_cast<double>(ports) / rack.uplink.oversubscription.value_or(1.0) / cables;
  const BytesPerSecond rate = rack.uplink.rate.value_or(
      std::max(BytesPerSecond(static_cast<std::int64_t>(wide)), 1_Mbps));  // an empty rack
  for (const int tor : tors) {
    for (const int spine : spines) add_cable(tor, spine, rate, rack.uplink.delay);
  }
}

// --- Looking ---

const std::vector<Topology::Place>& Topology::places() const { return graph_->places; }
const std::vector<Topology::Cable>& Topology::cables() const { return graph_->cables; }
const std::vector<Topology::Area>& Topology::areas() const { return graph_->areas; }
const std::vector<int>& Topology::machines() const { return graph_->machines; }

const std::vector<int>& Topology::lines() const { return graph_->lines; }

int Topology::line_of(int cable) const {
  const auto found = std::find(lines().begin(), lines().end(), cable);
  return found == lines().end() ? -1 : static_cast<int>(found - lines().begin());
}

std::string Topology::cable_name(int cable) const {
  const Cable& it = graph_->cable(cable);
  return fmt::format("{} - {}", graph_->place(it.a).name, graph_->place(it.b).name);
}

std::optional<int> Topology::find_place(std::string_view name) const {
  const auto found = place_names_.find(name);
  return found == place_names_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<int> Topology::find_area(std::string_view name) const {
  const auto found = area_names_.find(name);
  return found == area_names_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<int> Topology::machines_of(std::string_view name) const {
  if (name == "everything") return graph_->machines;
  if (const auto area = find_area(name)) return areas()[static_cast<std::size_t>(*area)].machines;
  const auto place = find_place(name);
  if (place && graph_->is_machine(*place)) return {*place};
  return {};
}

bool Topology::stands_in(int machine, int area) const {
  for (int at = graph_->place(machine).area; at >= 0;
       at = areas()[static_cast<std::size_t>(at)].parent) {
    if (at == area) return true;
  }
  return false;
}

std::vector<std::string> Topology::names() const {
  std::vector<std::string> all;
  for (const Area& area : areas()) all.push_back(area.name);
  for (const Place& place : places()) all.push_back(place.name);
  return all;
}

std::optional<BytesPerSecond> Topology::uplink(int area, const Outage& outage) const {
  const Area& it = areas()[static_cast<std::size_t>(area)];
  if (it.kind == AreaKind::data_center) return std::nullopt;
  std::optional<std::int64_t> total;
  for (std::size_t i = 0; i < cables().size(); ++i) {
    const Cable& cable = cables()[i];
    const Place& a = graph_->place(cable.a);
    const Place& b = graph_->place(cable.b);
    // Out of this area: one end is its switch, the other a switch of its parent.
    const bool up =
        (a.kind != PlaceKind::machine && b.kind != PlaceKind::machine) &&
        ((a.area == area && b.area == it.parent) || (b.area == area && a.area == it.parent));
    if (!up) continue;
    total =
        total.value_or(0) + (graph_->works(static_cast<int>(i), outage) ? cable.rate.count() : 0);
  }
  return total ? std::optional(BytesPerSecond(*total)) : std::nullopt;
}

double Topology::oversubscription(int rack) const {
  const std::optional<BytesPerSecond> up = uplink(rack);
  if (!up || up->count() == 0) return 0;
  std::map<int, std::int64_t> ports;  // by machine
  for (const Cable& cable : cables()) {
    if (graph_->is_machine(cable.a) && graph_->place(cable.a).area == rack) {
      ports[cable.a] += cable.rate.count();
    }
  }
  std::int64_t total = 0;
  for (const auto& [machine, rate] : ports) {
    total += std::min(rate, graph_->place(machine).nic.count());
  }
  return static_cast<double>(total) / static_cast<double>(up->count());
}

std::pair<Duration, bool> Topology::inside(int rack, const Outage& outage) const {
  const Area& area = areas()[static_cast<std::size_t>(rack)];
  const bool works = std::any_of(area.switches.begin(), area.switches.end(),
                                 [&](int tor) { return !outage.places.contains(tor); });
  if (area.machines.empty()) return {Duration{0}, works};
  const auto port = std::find_if(cables().begin(), cables().end(), [&](const Cable& cable) {
    return cable.a == area.machines.front();
  });
  return {2 * port->delay, works};
}

std::vector<int> Topology::lines_between(int from_center, int to_center) const {
  const auto& from = areas()[static_cast<std::size_t>(from_center)];
  const auto& to = areas()[static_cast<std::size_t>(to_center)];
  if (from.machines.empty() || to.machines.empty()) return {};
  const auto way = route(from.machines.front(), to.machines.front());
  ENSURE(way.has_value(), "nothing joins {} and {}", from.name, to.name);
  std::vector<int> passed;
  for (std::size_t i = 0; i < way->cables.size(); ++i) {
    const int line = line_of(way->cables[i]);
    if (line < 0) continue;
    passed.push_back(2 * line + (graph_->cable(way->cables[i]).a == way->places[i] ? 0 : 1));
  }
  return passed;
}

}  // namespace brokerlab::sim
