// FaultPlan: does to the cluster what the scenario says, and tells whether it bit.
//
// Targets like "the leader of most partitions" are resolved at the moment of the fault. A fault
// bites when it meets work: a produce, fetch or response on its way to or from the machine, an
// unacknowledged record of a partition it leads, or a follower behind one of its partitions. A
// fault that hits nothing proves nothing: the verdict is then "unknown".
//
// Lifetime: borrows the Cluster. Threads: none.
#pragma once

#include "scenarios/cluster.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

struct FaultReport {
  Duration at{0};
  std::string what;    ///< "power off broker-1"
  std::string target;  ///< A machine, or the alias of a cut.
  bool done = false;
  bool harmful = false;  ///< Takes something away (power_on and heal do not).
  bool bit = false;
  std::string note;  ///< Why it was not done, or how it bit.
};

class FaultPlan {
 public:
  FaultPlan(sim::World& world, Cluster& cluster, const Ledger& ledger);

  /// Puts every fault of the scenario on the World's agenda.
  void schedule();
  const std::vector<FaultReport>& reports() const { return reports_; }

 private:
  void apply(const Fault& fault, FaultReport& report);
  void act(const PowerOff& off, const std::string& as, FaultReport& report);
  void act(const PowerOn& on, const std::string& as, FaultReport& report);
  void act(const KillProcess& kill, const std::string& as, FaultReport& report);
  void act(const StartProcess& start, const std::string& as, FaultReport& report);
  void act(const Pause& pause, const std::string& as, FaultReport& report);
  void act(const Cut& cut, const std::string& as, FaultReport& report);
  void act(const Heal& heal, const std::string& as, FaultReport& report);
  std::optional<std::string> resolve(const Target& target) const;
  std::set<sim::MachineId> resolve_set(const std::vector<Target>& targets,
                                       const std::set<sim::MachineId>& others) const;
  std::optional<std::string> leader_of_most(const std::string& topic) const;
  void judge_bite(FaultReport& report, const sim::Machine& machine);
  Cluster::Member* member_of(const Target& target, const std::string& as, FaultReport& report);

  struct Hit {
    sim::MachineId machine;
    Time at;
    std::size_t report;
  };

  sim::World& world_;
  Cluster& cluster_;
  const Ledger& ledger_;
  std::map<std::string, std::string> aliases_;
  std::map<std::string, std::vector<std::pair<sim::MachineId, sim::MachineId>>> cuts_;
  std::vector<FaultReport> reports_;
  std::vector<Hit> hits_;
};

}  // namespace brokerlab::scenarios
