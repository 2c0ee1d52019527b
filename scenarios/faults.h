// FaultPlan: does to the cluster what the scenario says, and tells whether it bit.
//
// Targets like "the leader of most partitions" are resolved at the moment of the fault. A fault
// bites when it meets work: a follower is behind in a partition that the machine leads; the broker
// has a produce request in hand; a fetch or its response is on its way to or from it at that
// moment; or, while the fault lasts, a produce request or response is. A disk's bites by the
// operations that it harms while it is in force. A ZooKeeper server works when it leads the
// ensemble or any message is on its way. A fault that hits nothing proves nothing: the verdict is
// then "unknown".
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
  /// What has come of each up to now.
  std::vector<FaultReport> reports() const;

 private:
  void apply(const Fault& fault, FaultReport& report);
  void act(const PowerOff& off, const std::string& as, FaultReport& report);
  void act(const PowerOn& on, const std::string& as, FaultReport& report);
  void act(const KillProcess& kill, const std::string& as, FaultReport& report);
  void act(const StartProcess& start, const std::string& as, FaultReport& report);
  void act(const StopProcess& stop, const std::string& as, FaultReport& report);
  void act(const Clock& clock, const std::string& as, FaultReport& report);
  void act(const Pause& pause, const std::string& as, FaultReport& report);
  void act(const Cut& cut, const std::string& as, FaultReport& report);
  void act(const Loss& loss, const std::string& as, FaultReport& report);
  void act(const Delay& delay, const std::string& as, FaultReport& report);
  void act(const SlowNic& slow, const std::string& as, FaultReport& report);
  void act(const SwitchOff& off, const std::string& as, FaultReport& report);
  void act(const CutOff& cut, const std::string& as, FaultReport& report);
  void act(const RackOff& off, const std::string& as, FaultReport& report);
  void act(const SlowDisk& slow, const std::string& as, FaultReport& report);
  void act(const FailDisk& failing, const std::string& as, FaultReport& report);
  void act(const FillDisk& full, const std::string& as, FaultReport& report);
  void act(const LyingDisk& liar, const std::string& as, FaultReport& report);
  void act(const Corrupt& corrupt, const std::string& as, FaultReport& report);
  void act(const Heal& heal, const std::string& as, FaultReport& report);
  std::optional<std::string> resolve(const Target& target) const;
  std::set<sim::MachineId> resolve_set(const std::vector<Target>& targets,
                                       const std::set<sim::MachineId>& others) const;
  /// The machine that stands at this place of the topology.
  void insert_machine(int place, std::set<sim::MachineId>& machines) const;
  std::optional<std::string> leader_of_most(const std::string& topic) const;
  /// Whether it was on its way when something hit an end of it.
  void judge_transfer(const sim::Transfer& transfer, std::vector<FaultReport>& reports) const;
  /// `until`: when the fault ends by itself.
  void judge_bite(FaultReport& report, const sim::Machine& machine, Time until = never);
  /// The same for several, until the fault of that name is healed.
  void judge_bites(const std::set<sim::MachineId>& machines, const std::string& as,
                   FaultReport& report);
  void impair(const Sides& sides, const sim::Impairment& what, const std::string& as,
              FaultReport& report);
  /// A fault of the topology that may cut these off.
  void lose(const std::vector<int>& places, const std::string& as, FaultReport& report);
  sim::Machine* machine_with_disk(const Target& target, int disk, const std::string& as,
                                  FaultReport& report);
  /// A disk's setting, of which one fault after the other may want something. `harm`: what tells
  /// that it bit.
  void set_disk(sim::Machine& machine, int disk, const std::string& as, FaultReport& report,
                std::int64_t sim::DiskHarm::*harm, std::function<bool()> set,
                std::function<void()> end);
  /// Of several faults of one `setting` the newest counts; healed, the one before counts again.
  /// `set` is called now and then, `covered` when another one comes over it or it is healed, `end`
  /// when the last one is.
  void lay_over(
      const std::string& setting, const std::string& as, std::function<void()> set,
      std::function<void()> end, std::function<void()> covered = [] {});
  std::size_t index_of(const FaultReport& report) const {
    return static_cast<std::size_t>(&report - reports_.data());
  }
  /// What was wrong with the machine is over.
  void end_hits(sim::MachineId machine);
  /// nullptr, and why, when its process does not run.
  Cluster::Member* running_member(const Target& target, const std::string& as, FaultReport& report);
  Cluster::Member* member_of(const Target& target, const std::string& as, FaultReport& report);

  struct Hit {
    sim::MachineId machine;
    Time at;
    Time until = never;
    std::size_t report = 0;
    bool zookeeper = false;
  };

  /// What a faulty disk does to others shows only later.
  struct DiskWatch {
    std::size_t report;
    const sim::Disk* disk;
    std::int64_t sim::DiskHarm::*harm;
    std::int64_t counted = 0;            ///< While it was in force, up to the last time.
    std::optional<std::int64_t> before;  ///< In force, since the disk's count was this.

    std::int64_t now() const { return counted + (before ? disk->harm().*harm - *before : 0); }
  };
  struct Layer {
    std::string as;
    std::function<void()> set;
    std::function<void()> covered;
  };

  sim::World& world_;
  Cluster& cluster_;
  const Ledger& ledger_;
  std::map<std::string, std::string> aliases_;
  std::map<std::string, std::vector<std::function<void()>>> undo_;  ///< By the name of the fault.
  std::vector<FaultReport> reports_;
  std::vector<Hit> hits_;
  std::map<std::string, std::vector<std::size_t>> hits_of_;  ///< By the name of the fault.
  std::vector<DiskWatch> disks_;
  std::map<std::string, std::vector<Layer>> layers_;  ///< By the setting; the newest last.
};

}  // namespace brokerlab::scenarios
