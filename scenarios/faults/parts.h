// What several kinds of fault have in common: one machine, two sides, a disk, a place.
#pragma once

#include "base/settings.h"
#include "scenarios/fault.h"
#include "scenarios/fault_check.h"
#include "scenarios/fault_schedule.h"
#include "scenarios/validate.h"

#include <string>
#include <vector>

namespace brokerlab::scenarios {

/// Of a switch, rack, zone or data centre; of a machine, too.
SettingType<std::string> place_name();
/// Kafka's rule for a topic (Topic.validate).
SettingType<std::string> existing_topic_name();

/// A fault of one machine, so of its host, or of its process.
class OnMachine : public FaultAction {
 public:
  Target machine;
  const Target* target() const override { return &machine; }
};

/// As a member of the kind itself, for its declaration.
template <class Kind>
constexpr Target Kind::*machine_of() {
  return static_cast<Target Kind::*>(&Kind::machine);
}

/// A fault of the paths between two sides, until it is healed.
class OnPaths : public FaultAction {
 public:
  std::vector<Target> between;
  std::vector<Target> against;  ///< JSON: "and".
  bool one_way = false;         ///< Only from `between` to `and`.

 protected:
  void impair(FaultSchedule& schedule, const sim::Impairment& what, const std::string& as,
              FaultReport& report) const;
};
/// A fault of one disk, until it is healed.
class OnDisk : public OnMachine {
 public:
  int disk = 1;  ///< From 1.

 protected:
  int index() const { return disk - 1; }
};
template <class Kind>
Settings<Kind> on_disk(std::string_view name, std::string_view meaning) {
  Settings<Kind> settings(name, meaning);
  settings.field("machine", machine_of<Kind>(), setting::record<Target>(), "Whose disk.")
      .required()
      .field("disk", static_cast<int Kind::*>(&Kind::disk), 1, 24, "Which of its disks, from 1.");
  return settings;
}

template <class Kind>
Settings<Kind> on_paths(std::string_view name, std::string_view meaning) {
  using setting::list;
  using setting::record;
  Settings<Kind> settings(name, std::string(meaning) +
                                    " Sides may also name the sets brokers, zookeeper, clients and "
                                    "everyone_else, and racks, zones and data centres.");
  using OneSide = std::vector<Target> Kind::*;
  settings
      .field("between", static_cast<OneSide>(&Kind::between), list(record<Target>(), 1, 1000),
             "One side.")
      .required()
      .field("and", static_cast<OneSide>(&Kind::against), list(record<Target>(), 1, 1000),
             "The other side.")
      .required()
      .field("one_way", static_cast<bool Kind::*>(&Kind::one_way),
             "Only from the first side to the second.");
  return settings;
}

/// A fault of the topology that may cut these places off.
void cut_off_places(FaultSchedule& schedule, const std::vector<int>& places, FaultReport& report);

/// The setting of which the outages of several areas may want something.
std::string power_of(const std::string& host);

}  // namespace brokerlab::scenarios
