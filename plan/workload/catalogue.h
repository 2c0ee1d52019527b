// Catalogue: machines that can be had, what disks they can have, and what all of it costs a month.
//
//   {"currency": "USD", "cross_zone_gb": 0.02,
//    "disks": [{"name": "gp3", "disk": {"kind": "volume", "write_rate": "125MiB/s"},
//               "sizes": {"least": "100GiB", "most": "16TiB", "step": "100GiB"},
//               "most": 4, "gib_month": 0.08}],
//    "machines": [{"name": "aws_m5_large", "machine": {"profile": "aws_m5_large"}, "hour": 0.096,
//                  "disks": ["gp3"], "most_partitions": 1000,
//                  "sources": {"/hour": {"title": "...", "url": "...", "quote": "..."}}}]}
//
// A machine is said as under "hardware" of a scenario. Without "disks" it has those of its own.
// Ours is plan/catalogue.json; a test asks for a source of each of its numbers.
//
// Lifetime: values. Threads: none. Errors: every mistake is a Problem with its place.
#pragma once

#include "base/problem.h"
#include "base/settings_fwd.h"
#include "scenarios/hardware_profiles.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::plan {

/// Sizes that one can be bought in.
struct DiskSizes {
  Bytes least = 100_GiB;
  Bytes most = 16'384_GiB;
  Bytes step = 100_GiB;
  static const Settings<DiskSizes>& settings();
};

struct DiskOffer {
  std::string name;
  sim::DiskConfig disk;
  std::optional<DiskSizes> sizes;   ///< Unset: it has the size of `disk`.
  int least = 1, most = 1;          ///< How many a machine can have.
  std::optional<double> gb_month;   ///< Price of 10^9 bytes a month,
  std::optional<double> gib_month;  ///< or of 2^30, what clouds mean by a GB of a volume;
  std::optional<double> month;      ///< and of each disk, beside; one of them at least is given.
  std::map<std::string, scenarios::ProfileSource> sources;
  static const Settings<DiskOffer>& settings();

  double price(Bytes size) const;  ///< Of one of that size, a month.
};

struct MachineOffer {
  std::string name;
  scenarios::LocalText title;
  sim::MachineConfig machine;
  std::optional<double> hour;   ///< Price of an hour,
  std::optional<double> month;  ///< or of a month; one of them is given.
  std::vector<std::string> disks;
  int most_partitions = 4000;  ///< Replicas on a broker.
  bool fitted = false;         ///< Its constants were fitted to measurements of such a machine.
  std::map<std::string, scenarios::ProfileSource> sources;
  static const Settings<MachineOffer>& settings();

  // Not part of the JSON.
  std::string as_json;  ///< `machine`, every setting in force.

  double price() const;  ///< A month.
};

inline constexpr double hours_a_month = 730;

struct Catalogue {
  std::optional<std::string> editor_schema;
  std::string currency = "USD";
  double cross_zone_gb = 0;  ///< Of 10^9 bytes that go from zone to zone, both ends together.
  std::vector<DiskOffer> disks;
  std::vector<MachineOffer> machines;
  std::map<std::string, scenarios::ProfileSource> sources;
  static const Settings<Catalogue>& settings();

  const MachineOffer* machine(std::string_view name) const;
  /// Of that name; of an empty one nothing: its own.
  const DiskOffer* disk(std::string_view name) const;
};

struct LoadedCatalogue {
  std::optional<Catalogue> catalogue;
  Problems errors;
};

/// plan/catalogue.json, where brokerlab is.
std::string our_catalogue();
LoadedCatalogue load_catalogue(const std::string& path);
LoadedCatalogue parse_catalogue_text(std::string_view text, const std::string& file,
                                     const std::string& directory);

/// Numbers without a source, and sources without a number: what a test asks of ours.
std::vector<std::string> without_source(std::string_view text);

/// JSON Schema of catalogues.
std::string catalogue_schema();

}  // namespace brokerlab::plan
