// Cross checks of the faults: what they hit exists, what is put right went wrong before, and none
// is such that it could do nothing whatever happens in the run. What depends on the run is judged
// in the run, by what has happened (FaultReport::note).
#include "base/settings.h"
#include "base/translation.h"
#include "log/directory/partition_dir.h"
#include "scenarios/topology_file.h"
#include "scenarios/validate.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace brokerlab::scenarios {

namespace {

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
    for (const MachineRole& machine : machines_of(scenario)) {
      machines_.insert(machine.name);
      roles_.emplace(machine.name, machine);
    }
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
      report_.error(path_ + "/at", in_quotes(brokerlab::to_text(fault.at)),
                    tr("must be before the end of the run, {}", brokerlab::to_text(s_.duration)));
    }
    std::visit(Overloaded{
                   [&](const PowerOff& f) { stop("power_off", f.target, fault.as, off_); },
                   [&](const PowerOn& f) { start("power_on", f.target, off_, tr("powered off")); },
                   [&](const KillProcess& f) { stop("kill_process", f.target, fault.as, killed_); },
                   [&](const StopProcess& f) { stop("stop_process", f.target, fault.as, killed_); },
                   [&](const Clock& f) { clock(f); },
                   [&](const StartProcess& f) {
                     start("start_process", f.target, killed_, tr("killed or stopped"));
                   },
                   [&](const Cut& f) { sides("cut", f); },
                   [&](const Loss& f) { sides("loss", f); },
                   [&](const Delay& f) { sides("delay", f); },
                   [&](const SlowNic& f) { slow_nic(f); },
                   [&](const SwitchOff& f) { check_place("switch_off", f.name, true); },
                   [&](const CutOff& f) { check_place("cut_off", f.area, false); },
                   [&](const RackOff& f) { rack_off(f); },
                   [&](const SlowDisk& f) { check_disk("slow_disk", f.machine, f.disk); },
                   [&](const FailDisk& f) { check_disk("fail_disk", f.machine, f.disk); },
                   [&](const FillDisk& f) { fill_disk(f); },
                   [&](const LyingDisk& f) { check_disk("lying_disk", f.machine, f.disk); },
                   [&](const Corrupt& f) { corrupt(f); },
                   [&](const Heal& f) { heal(f); },
                   [&](const Pause& f) { check_target("pause/machine", f.machine, false); },
               },
               fault.action);
    bind(fault);
  }

  /// Whom a fault of one machine hits; nullptr: it is no such fault.
  static const Target* target_of(const Fault& fault) {
    return std::visit(
        [](const auto& f) -> const Target* {
          if constexpr (requires { f.target; }) {
            return &f.target;
          } else if constexpr (requires { f.machine; }) {
            return &f.machine;
          } else {
            return nullptr;
          }
        },
        fault.action);
  }

  void bind(const Fault& fault) {
    const Target* target = target_of(fault);
    if (target != nullptr) hit_.insert(identity(*target));
    if (fault.as.empty()) return;
    if (target != nullptr) {
      const std::string whom = identity(*target);
      const auto other = alias_of_.find(whom);
      alias_of_[fault.as] = other == alias_of_.end() ? whom : other->second;
      hit_.insert(fault.as);
    }
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
                    heal_it ? tr("a heal hits nothing that could be named")
                            : tr("is the name of a machine or a set of machines"));
    } else if (!bound_.insert(fault.as).second) {
      report_.error(path_ + "/as", in_quotes(fault.as), tr("is bound by an earlier fault"));
    }
  }

  /// What identifies the machine as far as can be known before the run: a name, or "" (it depends).
  static std::string identity(const Target& target) {
    const Named* named = std::get_if<Named>(&target.who);
    return named == nullptr || named->name == "controller" ? "" : named->name;
  }

  /// The kind of machine it is: known of a name, and of "whichever broker", for they are all alike.
  /// Nothing: an earlier fault's machine that is not known, or a mistake that is told elsewhere.
  std::optional<MachineRole> role_of(const Target& target) const {
    std::string name = identity(target);
    if (const auto alias = alias_of_.find(name); alias != alias_of_.end()) name = alias->second;
    const auto role = roles_.find(name.empty() ? "broker-1" : name);
    if (role == roles_.end()) return std::nullopt;
    const std::string& kind = role->second.kind;
    if (!kind.empty() && !s_.hardware.contains(kind)) return std::nullopt;
    return role->second;
  }

  void stop(const char* key, const Target& target, const std::string& as,
            std::set<std::string>& stopped) {
    check_target(key, target, false);
    stopped.insert(identity(target));
    if (!as.empty()) stopped.insert(as);
  }

  void start(const char* key, const Target& target, const std::set<std::string>& stopped,
             const std::string& what) {
    if (!check_target(key, target, false)) return;
    const std::string path = path_ + "/" + key;
    const std::string name = identity(target);
    if (unreadable_.contains(name)) return;
    if (name.empty()) {
      report_.error(path, {},
                    tr("must be a machine, or the name that the earlier fault bound with as"));
    } else if (!stopped.contains(name) && stopped.contains("") && machines_.contains(name)) {
      report_.warning(path, in_quotes(name),
                      tr("may not be the one that was {}; bind a name with as", what));
    } else if (!stopped.contains(name) && &stopped == &off_) {
      report_.error(path, in_quotes(name), tr("was never {} before this moment", what));
    } else if (!stopped.contains(name) && !hit_.contains(name)) {
      // A process ends of other things, too (a full disk, no ZooKeeper): the run will tell.
      report_.warning(
          path, in_quotes(name),
          tr("may still be running: nothing in the plan happens to it before this moment"));
    }
  }

  // --- What would do nothing, whatever happens in the run ---

  /// Kafka's clients take their timeouts from the time of day, ours from the time that passes.
  void clock(const Clock& f) {
    if (!check_target("clock/machine", f.machine, false)) return;
    const auto role = role_of(f.machine);
    if (!role || (role->role != Role::producer && role->role != Role::consumer)) return;
    report_.warning(path_ + "/clock/machine", in_quotes(role->name),
                    tr("only the time stamps of a client follow its clock; its timeouts and linger "
                       "do in Kafka, but are not modelled so"));
  }

  void slow_nic(const SlowNic& f) {
    if (!check_target("slow_nic/machine", f.machine, false)) return;
    const auto role = role_of(f.machine);
    if (!role) return;
    const BytesPerSecond top = s_.machine(role->kind).nic.top_rate();
    if (f.rate < top) return;
    report_.error(path_ + "/slow_nic/rate", in_quotes(to_text(f.rate)),
                  tr("must be below the rate of its card, {}", to_text(top)));
  }

  void fill_disk(const FillDisk& f) {
    if (!check_disk("fill_disk", f.machine, f.disk)) return;
    const auto role = role_of(f.machine);
    if (!role) return;
    const auto& disks = s_.machine(role->kind).disks;
    const Bytes size = disks[static_cast<std::size_t>(f.disk - 1)].size;
    if (f.left < size) return;
    report_.error(path_ + "/fill_disk/left", in_quotes(to_text(f.left)),
                  tr("must be less than the size of the disk, {}", to_text(size)));
  }

  void corrupt(const Corrupt& f) {
    if (!check_target("corrupt/machine", f.machine, false)) return;
    const auto role = role_of(f.machine);
    if (role && role->role != Role::broker) {
      report_.error(path_ + "/corrupt/machine", in_quotes(role->name),
                    tr("has no logs: it is no broker"));
    }
    if (f.directory.empty() || !report_.clean("/topics")) return;
    const std::string path = path_ + "/corrupt/directory";
    const auto parsed = log::parse_partition_dir(f.directory);
    const int number = parsed ? parsed->partition.partition : -1;
    if (!parsed || parsed->kind != log::PartitionDirKind::current) {
      report_.error(path, in_quotes(f.directory),
                    tr("must be the directory of a partition, <topic>-<number>, such as \"{}-0\"",
                       topics_.empty() ? "orders" : topics_.front()));
      return;
    }
    const std::string& topic = parsed->partition.topic;
    if (topic == model::offsets_topic && s_.topic(topic) == nullptr) {
      check_number(path, f.directory, number, s_.brokers.config.offsets_topic_num_partitions);
    } else if (check_topic(path, topic) && s_.topic(topic) != nullptr) {
      check_number(path, f.directory, number, s_.topic(topic)->partitions);
    }
  }

  void check_number(const std::string& path, const std::string& directory, int number,
                    int partitions) {
    if (number < partitions) return;
    report_.error(path, in_quotes(directory),
                  tr("there is no such partition; the topic has 0 to {}", partitions - 1));
  }

  /// The machines that a side of a cut certainly is; nothing: that depends on the run.
  std::optional<std::set<std::string>> members_of(const std::vector<Target>& side) const {
    std::set<std::string> members;
    for (const Target& target : side) {
      const std::string name = identity(target);
      if (machines_.contains(name)) {
        members.insert(name);
        continue;
      }
      if (!sets_.contains(name)) return std::nullopt;
      for (const auto& [machine, role] : roles_) {
        const bool is_client = role.role == Role::producer || role.role == Role::consumer;
        if ((name == "brokers" && role.role == Role::broker) ||
            (name == "zookeeper" && role.role == Role::zookeeper) ||
            (name == "clients" && is_client) || name == "everyone_else") {
          members.insert(machine);
        }
      }
    }
    return members;
  }

  void check_sides(const std::string& key, const Sides& f) {
    const auto one = members_of(f.between);
    if (one && one->empty()) {
      report_.error(fmt::format("{}/{}/between", path_, key), {}, tr("is nobody in this scenario"));
    }
    auto other = members_of(f.against);
    if (!one || !other) return;
    const bool nobody = other->empty();
    for (const std::string& name : *one) other->erase(name);
    if (!other->empty()) return;
    report_.error(fmt::format("{}/{}/and", path_, key), {},
                  nobody ? tr("is nobody in this scenario")
                         : tr("has nobody who is not on the other side already"));
  }

  void sides(const std::string& key, const Sides& f) {
    for (std::size_t i = 0; i < f.between.size(); ++i) {
      check_target(fmt::format("{}/between/{}", key, i), f.between[i], true);
    }
    for (std::size_t i = 0; i < f.against.size(); ++i) {
      check_target(fmt::format("{}/and/{}", key, i), f.against[i], true);
    }
    if (report_.clean(path_)) check_sides(key, f);
  }

  void heal(const Heal& f) {
    if (healable_.contains(f.fault) && !healed_.insert(f.fault).second) {
      report_.error(path_ + "/heal", in_quotes(f.fault),
                    tr("is healed before this moment already"));
    }
    if (healable_.contains(f.fault) || unreadable_.contains(f.fault)) return;
    report_.error(path_ + "/heal", in_quotes(f.fault),
                  tr("names no earlier fault that can be healed; give that one a name with as"));
  }

  void check_place(const std::string& key, const std::string& name, bool is_switch) {
    const std::string path = path_ + "/" + key;
    if (!s_.topology) {
      if (report_.clean("/topology")) {
        report_.error(path, in_quotes(name), tr("needs a topology in the scenario"));
      }
      return;
    }
    if (!topology_known_) return;
    const std::vector<std::string>& known = is_switch ? switches_ : areas_;
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    const std::string near = nearest_name(name, known);
    const std::string what = is_switch ? tr("switch") : tr("rack, zone or data centre");
    report_.error(path, in_quotes(name),
                  near.empty()
                      ? tr("names no {} of the topology", what)
                      : tr("names no {} of the topology; did you mean \"{}\"?", what, near));
  }

  void rack_off(const RackOff& f) {
    check_place("rack_off", f.area, false);
    if (!topology_known_ || std::find(areas_.begin(), areas_.end(), f.area) == areas_.end()) return;
    const sim::Topology topology = topology_of(s_);
    for (const int place : topology.machines_of(f.area)) {
      off_.insert(topology.places()[static_cast<std::size_t>(place)].name);
    }
  }

  bool check_disk(const std::string& key, const Target& target, int disk) {
    if (!check_target(key + "/machine", target, false)) return false;
    const auto role = role_of(target);
    if (!role) return true;
    const auto disks = static_cast<int>(s_.machine(role->kind).disks.size());
    if (disk <= disks) return true;
    report_.error(fmt::format("{}/{}/disk", path_, key), std::to_string(disk),
                  tr("must be at most the number of its disks, {}", disks));
    return false;
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
    if (name == "controller" || machines_.contains(name) || alias_of_.contains(name)) return true;
    if (bound_.contains(name)) {
      report_.error(path, in_quotes(name), tr("names a fault that hits no single machine"));
      return false;
    }
    if (unreadable_.contains(name) || (sets_too && sets_.contains(name))) return true;
    if (sets_too && std::find(areas_.begin(), areas_.end(), name) != areas_.end()) return true;
    if (!report_.clean("/brokers/count") || !report_.clean("/zookeeper/nodes")) return true;
    std::vector<std::string> known(machines_.begin(), machines_.end());
    for (const auto& [alias, ignored] : alias_of_) known.push_back(alias);
    known.push_back("controller");
    const std::string near = nearest_name(name, known);
    report_.error(path, in_quotes(name),
                  near.empty() ? tr("is neither a machine nor a name bound by an earlier fault")
                               : tr("is neither a machine nor a name bound by an earlier "
                                    "fault; did you mean \"{}\"?",
                                    near));
    return false;
  }

  bool check_topic(const std::string& path, const std::string& name) {
    if (s_.topic(name) != nullptr || !report_.clean("/topics")) return true;
    const std::string near = nearest_name(name, topics_);
    report_.error(
        path, in_quotes(name),
        near.empty() ? tr("names no topic") : tr("names no topic; did you mean \"{}\"?", near));
    return false;
  }

  bool check_partition(const std::string& path, const LeaderOf& who) {
    const TopicSpec* topic = s_.topic(who.topic);
    if (topic == nullptr || who.partition < topic->partitions) return true;
    report_.error(path, std::to_string(who.partition),
                  tr("must be from 0 to {}", topic->partitions - 1));
    return false;
  }

  const Scenario& s_;
  SettingsReport& report_;
  std::string path_;
  std::set<std::string> machines_;
  std::map<std::string, MachineRole> roles_;     ///< By machine.
  std::map<std::string, std::string> alias_of_;  ///< By "as"; "" for one known at run time.
  std::set<std::string> hit_;                    ///< Machines and names that something befell.
  std::vector<std::string> topics_;
  const std::set<std::string> sets_{"brokers", "zookeeper", "clients", "everyone_else"};
  std::set<std::string> bound_;
  std::set<std::string> unreadable_;
  std::set<std::string> off_;  ///< Names of what was powered off; "" for one known at run time.
  std::set<std::string> killed_;
  std::set<std::string> healable_;  ///< Names of faults.
  std::set<std::string> healed_;
  bool topology_known_ = false;
  std::vector<std::string> switches_;
  std::vector<std::string> areas_;
};

}  // namespace

void validate_faults(const Scenario& scenario, SettingsReport& report) {
  FaultValidator(scenario, report).run();
}

}  // namespace brokerlab::scenarios
