// A fault of a scenario: what goes wrong, with whom, and how it is put right again. Each kind is a
// FaultAction in a file of its own (scenarios/faults/), listed in scenarios/faults/kinds.cpp.
//
// Whom: a machine's name, "controller", a name that an earlier fault bound with "as", or the leader
// of something at that moment. Faults of paths take sets: "brokers", "zookeeper", "clients",
// "everyone_else", and racks, zones and data centres of the topology.
//
// Lifetime: values. Threads: none. Errors: checked in loading (fault_check.h).
#pragma once

#include "base/phrase.h"
#include "base/settings_fwd.h"
#include "base/units.h"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace brokerlab::scenarios {

class FaultCheck;
class FaultSchedule;
struct FaultReport;

/// A machine's name, "controller", or a name that an earlier fault bound with "as"; in a fault of
/// paths also a set.
struct Named {
  std::string name;
};
/// The broker that leads most partitions of a topic at that moment; the lowest id of several.
struct LeaderOfMost {
  std::string topic;
};
/// The leader of one partition at that moment.
struct LeaderOf {
  std::string topic;
  int partition = 0;
  static const Settings<LeaderOf>& settings();
};
struct Target {
  std::variant<Named, LeaderOfMost, LeaderOf> who;
  static const Settings<Target>& settings();
};

/// One kind of fault, with what the scenario says of it.
class FaultAction {
 public:
  virtual ~FaultAction() = default;

  virtual Phrase what() const = 0;  ///< "power off", as the report calls it.
  /// Before the run: whom it hits exists, and it could do something.
  virtual void check(FaultCheck& check) const = 0;
  /// Does it, and notes in the report what came of it at once. `as`: the fault's name, or "".
  virtual void act(FaultSchedule& schedule, const std::string& as, FaultReport& report) const = 0;

  /// Whom a fault of one machine hits; nullptr: it is no such fault.
  virtual const Target* target() const { return nullptr; }
  virtual bool ends_by_heal() const { return true; }
  virtual bool may_be_named() const { return true; }
  /// What was synced may be gone after it, or other than it was written.
  virtual bool undoes_syncs() const { return false; }
};

struct Fault {
  Duration at{0};
  std::shared_ptr<const FaultAction> action;
  std::string as;  ///< Names what was hit, and the fault itself for a heal; empty: no name.
  static const Settings<Fault>& settings();
};

}  // namespace brokerlab::scenarios
