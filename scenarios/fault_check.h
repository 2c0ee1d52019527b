// FaultCheck: looks at a scenario's faults before it runs. What they hit exists, what is put right
// went wrong before, and none is such that it could do nothing whatever happens. What depends on
// the run is judged in the run, by what has happened (FaultReport::note).
//
// It walks the faults in the order of time and keeps what is known of each name; each kind's
// check() asks it the questions below, which note what is wrong under the fault's own path.
//
// Lifetime: borrows both. Threads: none. Errors: problems in the report.
#pragma once

#include "scenarios/description.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace brokerlab {
struct SettingsReport;
}

namespace brokerlab::scenarios {

class FaultCheck {
 public:
  FaultCheck(const Scenario& scenario, SettingsReport& report);
  void run();

  // --- What a kind may ask; `key` is below the fault: "slow_nic/machine" ---

  const Scenario& scenario() const { return s_; }
  void error(const std::string& key, std::string value, std::string message);
  void warning(const std::string& key, std::string value, std::string message);

  /// Whether it can be one machine, or a host; what is wrong has been told.
  bool target(const std::string& key, const Target& whom) { return check_target(key, whom, false); }
  /// The same of what befalls a process: a host that several share is none.
  bool process(const std::string& key, const Target& whom);
  /// What it is: known of a name, and of "whichever broker" where all stand on the like. Nothing: a
  /// host, an earlier fault's machine that is not known, or a mistake that is told elsewhere.
  std::optional<MachineRole> role_of(const Target& target) const;
  /// Its hardware, of a host too.
  std::optional<sim::MachineConfig> hardware_of(const Target& target) const;

  // A machine loses power, or gets it back; a process ends, or starts again.
  void goes_off(const char* key, const Target& whom);
  void comes_on(const char* key, const Target& whom);
  void ends(const char* key, const Target& whom);
  void starts(const char* key, const Target& whom);
  /// One of several that lose power together.
  void has_gone_off(const std::string& host) { off_.insert(host); }

  /// The machine, "<key>/machine", has so many disks.
  bool disk(const char* key, const Target& whom, int disk);
  /// "orders-3" is the directory of a partition that will be there.
  void partition_directory(const char* key, const std::string& directory);
  /// "<key>/between" and "<key>/and" are two sides with somebody on each.
  void sides(const char* key, const std::vector<Target>& between,
             const std::vector<Target>& against);
  bool is_switch(const char* key, const std::string& name);
  bool is_area(const char* key, const std::string& name);
  /// An earlier fault has this name, and can be healed.
  void heals(const std::string& fault);

 private:
  bool brokers_are_alike() const;  ///< Their machines.
  void check(const Fault& fault);
  void bind(const Fault& fault);
  /// What identifies the machine as far as can be known before the run: a name, or "" (it depends).
  static std::string identity(const Target& target);
  std::string name_of(const Target& target) const;  ///< The same, of an alias what it stands for.
  /// Of a machine: the host it stands on. Other names stay.
  std::string host_of(const std::string& name) const;
  void stop(const std::string& name, std::set<std::string>& stopped);
  void start(const std::string& path, const std::string& name, const std::set<std::string>& stopped,
             const std::string& what);
  void check_number(const std::string& path, const std::string& directory, int number,
                    int partitions);
  /// The hosts that a side of a cut certainly is; nothing: that depends on the run.
  std::optional<std::set<std::string>> members_of(const std::vector<Target>& side) const;
  void check_sides(const char* key, const std::vector<Target>& between,
                   const std::vector<Target>& against);
  bool check_place(const std::string& key, const std::string& name, bool is_switch);
  bool check_target(const std::string& key, const Target& target, bool sets_too);
  bool check_machine(const std::string& path, const std::string& name, bool sets_too);
  bool check_topic(const std::string& path, const std::string& name);
  bool check_partition(const std::string& path, const LeaderOf& who);

  const Scenario& s_;
  SettingsReport& report_;
  std::string path_;  ///< Of the fault that is looked at.
  std::string as_;    ///< Its name.
  std::set<std::string> machines_;
  std::map<std::string, MachineRole> roles_;     ///< By machine.
  std::map<std::string, HostRole> hosts_;        ///< Those that several may share.
  std::map<std::string, std::string> alias_of_;  ///< By "as"; "" for one known at run time.
  std::set<std::string> hit_;                    ///< Machines and names that something befell.
  std::vector<std::string> topics_;
  const std::set<std::string> sets_{"brokers", "zookeeper", "clients", "everyone_else"};
  std::set<std::string> bound_;
  std::set<std::string> unreadable_;
  std::set<std::string> off_;    ///< Names of what was powered off; "" for one known at run time.
  std::set<std::string> ended_;  ///< The same of processes.
  std::set<std::string> healable_;  ///< Names of faults.
  std::set<std::string> healed_;
  bool topology_known_ = false;
  std::vector<std::string> switches_;
  std::vector<std::string> areas_;
};

}  // namespace brokerlab::scenarios
