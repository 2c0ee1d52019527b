// Cross checks of the faults: what they hit exists, and what is put right went wrong before.
#include "base/settings.h"
#include "scenarios/topology_file.h"
#include "scenarios/validate.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace brokerlab::scenarios {

namespace {

std::string in_quotes(std::string_view text) { return fmt::format("\"{}\"", text); }

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

/// Walks the faults in the order of time and keeps what is known of each name.
class FaultValidator {
 public:
  FaultValidator(const Scenario& scenario, SettingsReport& report) : s_(scenario), report_(report) {
    for (const MachineRole& machine : machines_of(scenario)) machines_.insert(machine.name);
    for (const TopicSpec& topic : scenario.topics) topics_.push_back(topic.name);
    if (!scenario.topology || !report.ok()) return;
    topology_known_ = true;
    const sim::Topology topology = topology_of(scenario);
    for (const sim::Topology::Area& area : topology.areas()) areas_.push_back(area.name);
    for (const sim::Topology::Place& place : topology.places()) {
      if (place.kind != sim::Topology::PlaceKind::machine) switches_.push_back(place.name);
    }
  }

  void run() {
    std::vector<std::size_t> order(s_.faults.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
      return s_.faults[a].at < s_.faults[b].at;
    });
    for (const std::size_t i : order) {
      path_ = fmt::format("/faults/{}", i);
      if (report_.clean(path_)) check(s_.faults[i]);
      // A fault that could not be read may still have bound a name; do not complain of that too.
      if (!s_.faults[i].as.empty() && !report_.clean(path_)) unreadable_.insert(s_.faults[i].as);
    }
  }

 private:
  void check(const Fault& fault) {
    if (fault.at >= s_.duration && report_.clean("/duration")) {
      report_.error(path_ + "/at", in_quotes(to_text(fault.at)),
                    fmt::format("must be before the end of the run, {}", to_text(s_.duration)));
    }
    std::visit(Overloaded{
                   [&](const PowerOff& f) { stop("power_off", f.target, fault.as, off_); },
                   [&](const PowerOn& f) { start("power_on", f.target, off_, "powered off"); },
                   [&](const KillProcess& f) { stop("kill_process", f.target, fault.as, killed_); },
                   [&](const StopProcess& f) { stop("stop_process", f.target, fault.as, killed_); },
                   [&](const Clock& f) { check_target("clock/machine", f.machine, false); },
                   [&](const StartProcess& f) {
                     start("start_process", f.target, killed_, "killed or stopped");
                   },
                   [&](const Cut& f) { sides("cut", f); },
                   [&](const Loss& f) { sides("loss", f); },
                   [&](const Delay& f) { sides("delay", f); },
                   [&](const SlowNic& f) { check_target("slow_nic/machine", f.machine, false); },
                   [&](const SwitchOff& f) { check_place("switch_off", f.name, true); },
                   [&](const CutOff& f) { check_place("cut_off", f.area, false); },
                   [&](const RackOff& f) { rack_off(f); },
                   [&](const SlowDisk& f) { check_disk("slow_disk", f.machine, f.disk); },
                   [&](const FailDisk& f) { check_disk("fail_disk", f.machine, f.disk); },
                   [&](const FillDisk& f) { check_disk("fill_disk", f.machine, f.disk); },
                   [&](const LyingDisk& f) { check_disk("lying_disk", f.machine, f.disk); },
                   [&](const Corrupt& f) { check_target("corrupt/machine", f.machine, false); },
                   [&](const Heal& f) { heal(f); },
                   [&](const Pause& f) { check_target("pause/machine", f.machine, false); },
               },
               fault.action);
    bind(fault);
  }

  void bind(const Fault& fault) {
    if (fault.as.empty()) return;
    const bool ends_by_heal = !std::holds_alternative<PowerOff>(fault.action) &&
                              !std::holds_alternative<PowerOn>(fault.action) &&
                              !std::holds_alternative<KillProcess>(fault.action) &&
                              !std::holds_alternative<StopProcess>(fault.action) &&
                              !std::holds_alternative<StartProcess>(fault.action) &&
                              !std::holds_alternative<Pause>(fault.action) &&
                              !std::holds_alternative<Corrupt>(fault.action);
    if (ends_by_heal) healable_.insert(fault.as);
    const bool heal_it = std::holds_alternative<Heal>(fault.action);
    if (heal_it || machines_.contains(fault.as) || sets_.contains(fault.as) ||
        fault.as == "controller") {
      report_.error(path_ + "/as", in_quotes(fault.as),
                    heal_it ? "a heal hits nothing that could be named"
                            : "is the name of a machine or a set of machines");
    } else if (!bound_.insert(fault.as).second) {
      report_.error(path_ + "/as", in_quotes(fault.as), "is bound by an earlier fault");
    }
  }

  /// What identifies the machine as far as can be known before the run: a name, or "" (it depends).
  static std::string identity(const Target& target) {
    const Named* named = std::get_if<Named>(&target.who);
    return named == nullptr || named->name == "controller" ? "" : named->name;
  }

  void stop(const char* key, const Target& target, const std::string& as,
            std::set<std::string>& stopped) {
    check_target(key, target, false);
    stopped.insert(identity(target));
    if (!as.empty()) stopped.insert(as);
  }

  void start(const char* key, const Target& target, const std::set<std::string>& stopped,
             const char* what) {
    if (!check_target(key, target, false)) return;
    const std::string path = path_ + "/" + key;
    const std::string name = identity(target);
    if (unreadable_.contains(name)) return;
    if (name.empty()) {
      report_.error(path, {},
                    "must be a machine, or the name that the earlier fault bound with as");
    } else if (!stopped.contains(name) && stopped.contains("") && machines_.contains(name)) {
      report_.warning(path, in_quotes(name),
                      fmt::format("may not be the one that was {}; bind a name with as", what));
    } else if (!stopped.contains(name)) {
      report_.error(path, in_quotes(name), fmt::format("was never {} before this moment", what));
    }
  }

  void sides(const std::string& key, const Sides& f) {
    for (std::size_t i = 0; i < f.between.size(); ++i) {
      check_target(fmt::format("{}/between/{}", key, i), f.between[i], true);
    }
    for (std::size_t i = 0; i < f.against.size(); ++i) {
      check_target(fmt::format("{}/and/{}", key, i), f.against[i], true);
    }
  }

  void heal(const Heal& f) {
    if (healable_.contains(f.fault) || unreadable_.contains(f.fault)) return;
    report_.error(path_ + "/heal", in_quotes(f.fault),
                  "names no earlier fault that can be healed; give that one a name with as");
  }

  void check_place(const std::string& key, const std::string& name, bool is_switch) {
    const std::string path = path_ + "/" + key;
    if (!s_.topology) {
      if (report_.clean("/topology")) {
        report_.error(path, in_quotes(name), "needs a topology in the scenario");
      }
      return;
    }
    if (!topology_known_) return;
    const std::vector<std::string>& known = is_switch ? switches_ : areas_;
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    const std::string near = nearest_name(name, known);
    const std::string_view what = is_switch ? "switch" : "rack, zone or data centre";
    report_.error(path, in_quotes(name),
                  near.empty() ? fmt::format("names no {} of the topology", what)
                               : fmt::format("names no {} of the topology; did you mean \"{}\"?",
                                             what, near));
  }

  void rack_off(const RackOff& f) {
    check_place("rack_off", f.area, false);
    if (!topology_known_ || std::find(areas_.begin(), areas_.end(), f.area) == areas_.end()) return;
    const sim::Topology topology = topology_of(s_);
    for (const int place : topology.machines_of(f.area)) {
      off_.insert(topology.places()[static_cast<std::size_t>(place)].name);
    }
  }

  void check_disk(const std::string& key, const Target& target, int disk) {
    if (!check_target(key + "/machine", target, false)) return;
    const std::string name = identity(target);
    for (const MachineRole& machine : machines_of(s_)) {
      if (machine.name != name) continue;
      if (!machine.kind.empty() && !s_.hardware.contains(machine.kind)) return;  // told elsewhere
      const auto disks = static_cast<int>(s_.machine(machine.kind).disks.size());
      if (disk <= disks) return;
      report_.error(fmt::format("{}/{}/disk", path_, key), std::to_string(disk),
                    fmt::format("must be at most the number of its disks, {}", disks));
    }
  }

  bool check_target(const std::string& key, const Target& target, bool sets_too) {
    const std::string path = path_ + "/" + key;
    return std::visit(Overloaded{
                          [&](const Named& who) { return check_machine(path, who.name, sets_too); },
                          [&](const LeaderOfMost& who) {
                            return check_topic(path + "/leader_of_most", who.topic);
                          },
                          [&](const LeaderOf& who) {
                            return check_topic(path + "/leader_of/topic", who.topic) &&
                                   check_partition(path + "/leader_of/partition", who);
                          },
                      },
                      target.who);
  }

  bool check_machine(const std::string& path, const std::string& name, bool sets_too) {
    if (name == "controller" || machines_.contains(name) || bound_.contains(name)) return true;
    if (unreadable_.contains(name) || (sets_too && sets_.contains(name))) return true;
    if (sets_too && std::find(areas_.begin(), areas_.end(), name) != areas_.end()) return true;
    if (!report_.clean("/brokers/count") || !report_.clean("/zookeeper/nodes")) return true;
    std::vector<std::string> known(machines_.begin(), machines_.end());
    known.insert(known.end(), bound_.begin(), bound_.end());
    known.push_back("controller");
    const std::string near = nearest_name(name, known);
    report_.error(path, in_quotes(name),
                  near.empty() ? "is neither a machine nor a name bound by an earlier fault"
                               : fmt::format("is neither a machine nor a name bound by an earlier "
                                             "fault; did you mean \"{}\"?",
                                             near));
    return false;
  }

  bool check_topic(const std::string& path, const std::string& name) {
    if (s_.topic(name) != nullptr || !report_.clean("/topics")) return true;
    const std::string near = nearest_name(name, topics_);
    report_.error(path, in_quotes(name),
                  near.empty() ? "names no topic"
                               : fmt::format("names no topic; did you mean \"{}\"?", near));
    return false;
  }

  bool check_partition(const std::string& path, const LeaderOf& who) {
    const TopicSpec* topic = s_.topic(who.topic);
    if (topic == nullptr || who.partition < topic->partitions) return true;
    report_.error(path, std::to_string(who.partition),
                  fmt::format("must be from 0 to {}", topic->partitions - 1));
    return false;
  }

  const Scenario& s_;
  SettingsReport& report_;
  std::string path_;
  std::set<std::string> machines_;
  std::vector<std::string> topics_;
  const std::set<std::string> sets_{"brokers", "zookeeper", "clients", "everyone_else"};
  std::set<std::string> bound_;
  std::set<std::string> unreadable_;
  std::set<std::string> off_;  ///< Names of what was powered off; "" for one known at run time.
  std::set<std::string> killed_;
  std::set<std::string> healable_;  ///< Names of faults.
  bool topology_known_ = false;
  std::vector<std::string> switches_;
  std::vector<std::string> areas_;
};

}  // namespace

void validate_faults(const Scenario& scenario, SettingsReport& report) {
  FaultValidator(scenario, report).run();
}

}  // namespace brokerlab::scenarios
