#include "scenarios/topology_file.h"

#include "base/settings.h"
#include "base/translation.h"
#include "scenarios/loader.h"
#include "scenarios/text_file.h"

#include <nlohmann/json.hpp>

namespace brokerlab::scenarios {
namespace {

LoadedTopology of_scenario(const std::string& path) {
  Loaded loaded = load_scenario(path);
  LoadedTopology result{std::nullopt, std::move(loaded.errors), std::move(loaded.warnings)};
  if (!loaded.scenario) return result;
  if (loaded.scenario->topology) {
    result.topology = topology_of(*loaded.scenario);
  } else {
    result.errors.push_back(
        {path,
         "/topology",
         {},
         tr("is not given: all machines stand at one switch that never blocks")});
  }
  return result;
}

/// The fastest port there is, for the cards of machines of which nothing else is known.
std::map<std::string, BytesPerSecond> cards_like_ports(const sim::TopologyConfig& config) {
  std::map<std::string, BytesPerSecond> nics;
  for (const sim::DataCenterConfig& center : config.with_all_levels()) {
    for (const sim::ZoneConfig& zone : center.zones) {
      for (const sim::RackConfig& rack : zone.racks) {
        if (!rack.port.rate) continue;
        for (const std::string& pattern : rack.machines) {
          const auto names = sim::expand_names(pattern);
          for (const std::string& name : *names) nics[name] = *rack.port.rate;
        }
      }
    }
  }
  return nics;
}

}  // namespace

sim::Topology topology_of(const Scenario& scenario) {
  ENSURE(scenario.topology.has_value(), "{} has no topology", scenario.name);
  std::map<std::string, BytesPerSecond> nics;
  for (const HostRole& host : hosts_of(scenario, machines_of(scenario))) {
    nics[host.name] = scenario.machine(host.kind).nic.rate;
  }
  return sim::Topology(*scenario.topology, nics);
}

LoadedTopology load_topology(const std::string& path_or_name) {
  const auto path = find_scenario(path_or_name);
  if (!path) return {std::nullopt, {path.error()}, {}};
  const auto text = read_text_file(*path);
  if (!text) return {std::nullopt, {{*path, {}, {}, text.error()}}, {}};
  SettingsReport report;
  report.file = *path;
  Json document;
  LoadedTopology result;
  if (parse_json(*text, document, report)) {
    const bool own =
        document.is_object() && !document.contains("brokers") && !document.contains("topology");
    if (!own) return of_scenario(*path);
    const auto config = sim::TopologyConfig::settings().read(document, report);
    sim::validate_topology(config, nullptr, "", report);
    if (report.ok()) result.topology.emplace(config, cards_like_ports(config));
  }
  result.errors = std::move(report.errors);
  result.warnings = std::move(report.warnings);
  return result;
}

}  // namespace brokerlab::scenarios
