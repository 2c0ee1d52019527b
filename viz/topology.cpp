#include "viz/topology.h"

#include "base/json_text.h"

#include <nlohmann/json.hpp>

namespace brokerlab::viz {
namespace {

std::string text_of(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int number_of(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_number_integer() ? found->get<int>() : -1;
}

const Json& list_of(const Json& object, const char* key) {
  static const Json none = Json::array();
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_array() ? *found : none;
}

}  // namespace

const Area* Topology::rack(int machine) const {
  const auto found = rack_of.find(machine);
  return found == rack_of.end() ? nullptr : &areas[static_cast<std::size_t>(found->second)];
}

std::optional<int> Topology::find_area(std::string_view name) const {
  for (std::size_t i = 0; i < areas.size(); ++i) {
    if (areas[i].name == name) return static_cast<int>(i);
  }
  return {};
}

bool Topology::stands_in(int machine, int area) const {
  const auto found = rack_of.find(machine);
  int at = found == rack_of.end() ? -1 : found->second;
  // A parent stands before its children, so a walk up ends.
  while (at >= 0 && at != area) at = areas[static_cast<std::size_t>(at)].parent;
  return at == area;
}

Topology read_topology(const recording::Reader& reader) {
  Topology topology;
  const Json all = json_from(reader.meta("topology_json"));
  std::map<std::string, int> machines;
  for (const auto& machine : reader.machines()) machines.emplace(machine.name, machine.id);
  for (const Json& one : list_of(all, "areas")) {
    Area area{text_of(one, "name"), text_of(one, "kind"), number_of(one, "parent"), {}, {}};
    const int index = static_cast<int>(topology.areas.size());
    if (area.parent >= index) area.parent = -1;
    for (const Json& machine : list_of(one, "machines")) {
      const auto found =
          machine.is_string() ? machines.find(machine.get<std::string>()) : machines.end();
      if (found == machines.end()) continue;
      area.machines.push_back(found->second);
      topology.rack_of[found->second] = index;
    }
    for (const Json& name : list_of(one, "switches")) {
      if (!name.is_string()) continue;
      area.switches.push_back(static_cast<int>(topology.switches.size()));
      const std::string kind = area.kind == "rack" ? "tor" : area.kind == "zone" ? "spine" : "core";
      topology.switches.push_back({name.get<std::string>(), kind, index});
    }
    topology.areas.push_back(std::move(area));
  }
  const int count = static_cast<int>(topology.areas.size());
  for (const Json& line : list_of(all, "lines")) {
    const int a = number_of(line, "a");
    const int b = number_of(line, "b");
    if (a >= 0 && b >= 0 && a < count && b < count) topology.lines.emplace_back(a, b);
  }
  return topology;
}

}  // namespace brokerlab::viz
