// What holds only between hosts and the rest of a scenario: names, and who stands where.
#include "base/settings.h"
#include "base/translation.h"
#include "scenarios/hardware_profiles.h"
#include "scenarios/validate.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::scenarios {
namespace {

class HostCheck {
 public:
  HostCheck(const Scenario& scenario, SettingsReport& report) : s_(scenario), report_(report) {
    for (const MachineRole& machine : machines_of(scenario)) machines_.push_back(machine.name);
    taken_ = {"controller", "brokers", "zookeeper", "clients", "everyone_else"};
    taken_.insert(machines_.begin(), machines_.end());
  }

  void run() {
    for (std::size_t i = 0; i < s_.hosts.size() && !report_.full(); ++i) {
      path_ = fmt::format("/hosts/{}", i);
      if (!report_.clean(path_)) continue;
      const HostSpec& host = s_.hosts[i];
      take_name(path_ + "/name", host.name);
      check_processes(host);
      for (std::size_t p = 0; p < host.background.size(); ++p) check_program(host, p);
    }
  }

 private:
  /// Of a host or a program: nothing else has it, or a fault could not tell whom it hits.
  void take_name(const std::string& path, const std::string& name) {
    if (taken_.insert(name).second) return;
    report_.error(path, in_quotes(name), tr("is already the name of something else"));
  }

  void check_processes(const HostSpec& host) {
    for (std::size_t p = 0; p < host.processes.size(); ++p) {
      const std::string& pattern = host.processes[p];
      const std::string path = fmt::format("{}/processes/{}", path_, p);
      bool fits = false;
      for (const std::string& machine : machines_) {
        if (!fits_pattern(pattern, machine)) continue;
        fits = true;
        const auto [at, is_new] = stands_on_.emplace(machine, path);
        if (is_new || at->second == path) continue;
        report_.error(path, in_quotes(pattern),
                      tr("{} is named at {} already; a process has one host", machine, at->second));
        break;
      }
      if (fits) continue;
      const std::string near = nearest_name(pattern, machines_);
      report_.error(path, in_quotes(pattern),
                    near.empty()
                        ? tr("names no process of the scenario")
                        : tr("names no process of the scenario; did you mean \"{}\"?", near));
    }
  }

  void check_program(const HostSpec& host, std::size_t place) {
    const BackgroundSpec& program = host.background[place];
    const std::string path = fmt::format("{}/background/{}", path_, place);
    take_name(path + "/name", program.name);
    if (!report_.clean("/hardware") ||
        (!host.machine.empty() && !s_.hardware.contains(host.machine))) {
      return;
    }
    const auto disks = static_cast<int>(s_.machine(host.machine).disks.size());
    if (program.disk <= disks) return;
    report_.error(path + "/disk", std::to_string(program.disk),
                  tr("must be at most the number of its disks, {}", disks));
  }

  const Scenario& s_;
  SettingsReport& report_;
  std::vector<std::string> machines_;
  std::set<std::string> taken_;
  std::map<std::string, std::string> stands_on_;  ///< By machine: what put it there.
  std::string path_;
};

}  // namespace

void validate_hosts(const Scenario& scenario, SettingsReport& report) {
  HostCheck(scenario, report).run();
}

}  // namespace brokerlab::scenarios
