// Where the machines of a run stand: racks, zones and data centres, their switches and cables, as
// the recording tells them (meta topology_json). A run without a topology has none of it.
//
// Lifetime: values. Threads: none. Errors: what a damaged file says wrongly is left out.
#pragma once

#include "recording/reader.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brokerlab::viz {

struct Switch {
  std::string name;
  std::string kind;  ///< tor | spine | core
  int area = 0;      ///< Index in Topology::areas.
};

struct Area {
  std::string name;
  std::string kind;           ///< rack | zone | data_center
  int parent = -1;            ///< Of a rack its zone, of a zone its data centre.
  std::vector<int> switches;  ///< Its own: indices in Topology::switches.
  std::vector<int> machines;  ///< Of a rack: machine ids.
};

struct Topology {
  std::vector<Area> areas;
  std::vector<Switch> switches;
  std::vector<std::pair<int, int>> lines;  ///< Between data centres: indices of areas.
  std::map<int, int> rack_of;              ///< By machine id, the index of its rack.

  bool empty() const { return areas.empty(); }
  /// The rack of a machine, or nullptr.
  const Area* rack(int machine) const;
  std::optional<int> find_area(std::string_view name) const;
  /// Whether a machine stands in the area, however deep.
  bool stands_in(int machine, int area) const;
};

Topology read_topology(const recording::Reader& reader);

}  // namespace brokerlab::viz
