// What a topology is made of, as a user writes it: data centres of zones of racks of machines.
// Plain values; sim/topology.h makes the graph of them.
//
//   machine -- port -- top-of-rack switch -- uplink -- spine -- zone uplink -- core -- link -- core
//
// Every switch of a rack has a port to every machine of it and an uplink to every spine of its
// zone; every spine has an uplink to every core of its data centre; links join cores of different
// data centres. Rates count in each direction (full duplex). Small topologies leave levels out:
// `zones` without `data_centers`, or `racks` alone.
//
// Lifetime: values. Threads: none. Errors: validate_topology() lists what is wrong; the functions
//           of topology.h rely on a topology that has passed.
#pragma once

#include "base/result.h"
#include "base/settings_fwd.h"
#include "base/units.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab {
struct SettingsReport;
}

namespace brokerlab::sim {

/// Between a machine and each switch of its rack.
struct PortConfig {
  std::optional<BytesPerSecond> rate;  ///< Unset: as fast as the machine's network card.
  Duration delay = 25us;               ///< One way: the machine's network stack, card and cable.
  static const Settings<PortConfig>& settings();
};

/// Each cable from a switch of a rack to a spine. With neither rate nor oversubscription: just
/// wide enough for all ports at once (non-blocking).
struct RackUplinkConfig {
  std::optional<BytesPerSecond> rate;
  /// Rates of all ports over those of all uplinks; 3 means that a third may leave the rack at once.
  std::optional<double> oversubscription;
  Duration delay = 5us;
  static const Settings<RackUplinkConfig>& settings();
};

struct RackConfig {
  std::string name;
  std::vector<std::string> machines;  ///< Names; "broker-[1-20]" stands for twenty of them.
  int switches = 1;                   ///< Two: every machine has a port to each.
  PortConfig port;
  RackUplinkConfig uplink;
  static const Settings<RackConfig>& settings();
};

/// Each cable from a spine of a zone to a core of the data centre.
struct ZoneUplinkConfig {
  BytesPerSecond rate = 100_Gbps;
  Duration delay = 250us;  ///< Zones are buildings some kilometres apart.
  static const Settings<ZoneUplinkConfig>& settings();
};

struct ZoneConfig {
  std::string name;
  int spines = 2;
  std::vector<RackConfig> racks;
  ZoneUplinkConfig uplink;
  static const Settings<ZoneConfig>& settings();
};

struct DataCenterConfig {
  std::string name;
  int cores = 2;
  std::vector<ZoneConfig> zones;
  static const Settings<DataCenterConfig>& settings();
};

/// A line between two data centres. The first line of a data centre ends at its first core, the
/// second at its second, and round again.
struct LineConfig {
  std::vector<std::string> between;  ///< Two data centres.
  BytesPerSecond rate = 10_Gbps;
  Duration delay = 5ms;
  static const Settings<LineConfig>& settings();
};

struct TopologyConfig {
  std::vector<DataCenterConfig> data_centers;  ///< Or zones, or racks: one of the three.
  std::vector<ZoneConfig> zones;
  std::vector<RackConfig> racks;
  std::vector<LineConfig> links;

  bool empty() const { return data_centers.empty() && zones.empty() && racks.empty(); }
  /// The same with every level: zones get the data centre "dc", racks the zone "zone" in it.
  std::vector<DataCenterConfig> with_all_levels() const;
  static const Settings<TopologyConfig>& settings();
};

/// "broker-[1-3]" to broker-1, broker-2, broker-3; "n[08-10]" keeps the width; a name without
/// brackets to itself. The error is a sentence that fits after "path: value: ".
Result<std::vector<std::string>, std::string> expand_names(std::string_view pattern);

/// Every mistake that only shows between values: names used twice, lines to nowhere, data centres
/// that no line reaches, machines that stand nowhere or twice. `path`: of the topology in its
/// document. `machines`: every machine that must have a place; nullptr: those named are all.
void validate_topology(const TopologyConfig& config, const std::vector<std::string>* machines,
                       const std::string& path, SettingsReport& report);

}  // namespace brokerlab::sim
