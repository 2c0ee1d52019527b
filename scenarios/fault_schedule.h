// FaultSchedule: does to the cluster what the scenario says, and tells whether it bit.
//
// Targets like "the leader of most partitions" are resolved at the moment of the fault. Whether it
// bit, and how, is told by its effects until it was over (scenarios/effects.h). A fault that hits
// nothing proves nothing: the verdict is then "unknown".
//
// Faults may overlap. What a machine or a disk is set to is what the newest fault wants that is in
// force; who was switched on or off meanwhile stays so, whatever is healed.
//
// Lifetime: borrows the Cluster. Threads: none.
#pragma once

#include "scenarios/cluster.h"
#include "scenarios/effects.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

struct FaultReport {
  Duration at{0};
  Phrase what;                       ///< "power off"
  std::string target;                ///< A machine, or the alias of a cut.
  std::set<sim::MachineId> between;  ///< Of a fault of paths or places: one side,
  std::set<sim::MachineId> against;  ///< and the other; empty: everybody else.
  bool done = false;
  bool needless = false;  ///< Not done, for what it puts right was right already.
  bool harmful = false;   ///< Takes something away (power_on and heal do not).
  bool bit = false;
  bool absorbed = false;        ///< Something else took over what it took away.
  Phrase note;                  ///< Why it was not done, or how it bit.
  std::vector<Phrase> effects;  ///< How it bit: a few words each, the weightiest first.
};

class FaultSchedule {
 public:
  FaultSchedule(sim::World& world, Cluster& cluster, Ledger& ledger,
                const Availability& availability, const Quorum& quorum);

  /// Puts every fault of the scenario on the World's agenda.
  void schedule();
  /// What has come of each up to now.
  std::vector<FaultReport> reports() const;

  // --- For the kinds of fault (scenarios/faults/), while one is being done ---

  sim::World& world() { return world_; }
  Cluster& cluster() { return cluster_; }
  Effects& effects() { return effects_; }
  std::size_t index_of(const FaultReport& report) const {
    return static_cast<std::size_t>(&report - reports_.data());
  }

  /// Whom the target means now, bound to the name; nullptr, and why, when it is nobody.
  Cluster::Member* member_of(const Target& target, const std::string& as, FaultReport& report);
  /// nullptr, and why, when its process does not run.
  Cluster::Member* running_member(const Target& target, const std::string& as, FaultReport& report);
  /// The host that the target is or stands on; nullptr, and why, when it is nobody.
  sim::Host* host_of(const Target& target, const std::string& as, FaultReport& report);
  /// Of that host; any will do.
  sim::Machine* machine_with_disk(const Target& target, int disk, const std::string& as,
                                  FaultReport& report);
  /// Without those that stand on a host of `others`: what is said there goes over no network.
  std::set<sim::MachineId> resolve_set(const std::vector<Target>& targets,
                                       const std::set<sim::MachineId>& others) const;
  /// The host that stands at this place of the topology; nullptr: none of the cluster.
  sim::Host* host_at(int place) const;

  /// The fault takes something away, and silences that member until then.
  void silence(FaultReport& report, const Cluster::Member& member, Time until = never);
  /// The same of everyone on a host.
  void silence(FaultReport& report, const sim::Host& host);
  /// What this fault does about a machine puts an earlier one's harm right.
  void undo_harm(FaultReport& report, sim::MachineId machine);
  /// What heals the fault of that name.
  void undo(const std::string& as, std::function<void()> how) {
    undo_[as].push_back(std::move(how));
  }
  void heal(const std::string& fault, FaultReport& report);
  /// A disk's setting, of which one fault after the other may want something. `harm`: what tells
  /// that it bit.
  void set_disk(sim::Machine& machine, int disk, const std::string& as, FaultReport& report,
                Effect effect, std::int64_t sim::DiskHarm::*harm, std::function<void()> set,
                std::function<void()> end);
  /// Of several faults of one `setting` the newest counts; healed, the one before counts again.
  /// `set` is called at once, and again when it counts again; `covered` when another one comes over
  /// it or it is healed, `end` when the last one is.
  void lay_over(
      const std::string& setting, const std::string& as, std::function<void()> set,
      std::function<void()> end, std::function<void()> covered = [] {});
  /// The faults laid over that setting want nothing of it any more.
  void lift(const std::string& setting);
  bool is_laid_over(const std::string& setting) { return !layers_[setting].empty(); }

 private:
  void apply(const Fault& fault, FaultReport& report);
  std::optional<std::string> resolve(const Target& target) const;
  void take_all_on(const sim::Host& host, std::set<sim::MachineId>& machines) const;
  std::optional<std::string> leader_of_most(const std::string& topic) const;

  struct Layer {
    std::size_t fault;
    std::function<void()> set;
    std::function<void()> covered;
  };

  sim::World& world_;
  Cluster& cluster_;
  const Ledger& ledger_;
  std::map<std::string, std::string> aliases_;
  std::map<std::string, std::vector<std::function<void()>>> undo_;  ///< By the name of the fault.
  std::vector<FaultReport> reports_;
  std::map<sim::MachineId, std::size_t> ended_;  ///< The fault that ended what ran there last.
  std::map<std::string, std::size_t> named_;     ///< Faults, by "as".
  Effects effects_;
  std::size_t doing_ = 0;                             ///< The fault that is being done.
  std::map<std::string, std::vector<Layer>> layers_;  ///< By the setting; the newest last.
};

}  // namespace brokerlab::scenarios
