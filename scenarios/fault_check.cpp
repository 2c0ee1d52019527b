#include "scenarios/fault_check.h"

#include "base/settings.h"
#include "base/translation.h"
#include "log/directory/partition_dir.h"
#include "model/ids.h"
#include "scenarios/topology_file.h"
#include "scenarios/validate.h"
#include "sim/topology.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace

FaultCheck::FaultCheck(const Scenario& scenario, SettingsReport& report)
    : s_(scenario), report_(report) {
  const std::vector<MachineRole> all = machines_of(scenario);
  for (const MachineRole& machine : all) {
    machines_.insert(machine.name);
    roles_.emplace(machine.name, machine);
  }
  for (const HostRole& host : hosts_of(scenario, all)) {
    if (host.spec != nullptr) hosts_.emplace(host.name, host);
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

void FaultCheck::run() {
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

void FaultCheck::check(const Fault& fault) {
  if (fault.at >= s_.duration && report_.clean("/duration")) {
    error("at", in_quotes(brokerlab::to_text(fault.at)),
          tr("must be before the end of the run, {}", brokerlab::to_text(s_.duration)));
  }
  as_ = fault.as;
  fault.action->check(*this);
  bind(fault);
}

void FaultCheck::bind(const Fault& fault) {
  const Target* target = fault.action->target();
  if (target != nullptr) hit_.insert(identity(*target));
  if (fault.as.empty()) return;
  if (target != nullptr) {
    const std::string whom = identity(*target);
    const auto other = alias_of_.find(whom);
    alias_of_[fault.as] = other == alias_of_.end() ? whom : other->second;
    hit_.insert(fault.as);
  }
  if (fault.action->ends_by_heal()) healable_.insert(fault.as);
  const bool heal_it = !fault.action->may_be_named();
  if (heal_it || machines_.contains(fault.as) || hosts_.contains(fault.as) ||
      sets_.contains(fault.as) || fault.as == "controller") {
    report_.error(path_ + "/as", in_quotes(fault.as),
                  heal_it ? tr("a heal hits nothing that could be named")
                          : tr("is the name of a machine or a set of machines"));
  } else if (!bound_.insert(fault.as).second) {
    report_.error(path_ + "/as", in_quotes(fault.as), tr("is bound by an earlier fault"));
  }
}

void FaultCheck::error(const std::string& key, std::string value, std::string message) {
  report_.error(path_ + "/" + key, std::move(value), std::move(message));
}

void FaultCheck::warning(const std::string& key, std::string value, std::string message) {
  report_.warning(path_ + "/" + key, std::move(value), std::move(message));
}

std::string FaultCheck::identity(const Target& target) {
  const Named* named = std::get_if<Named>(&target.who);
  return named == nullptr || named->name == "controller" ? "" : named->name;
}

bool FaultCheck::brokers_are_alike() const {
  return std::all_of(roles_.begin(), roles_.end(), [this](const auto& one) {
    return one.second.role != Role::broker || one.second.kind == roles_.at("broker-1").kind;
  });
}

std::string FaultCheck::name_of(const Target& target) const {
  const std::string name = identity(target);
  const auto alias = alias_of_.find(name);
  return alias == alias_of_.end() ? name : alias->second;
}

std::string FaultCheck::host_of(const std::string& name) const {
  const auto role = roles_.find(name);
  return role == roles_.end() ? name : role->second.host;
}

std::optional<MachineRole> FaultCheck::role_of(const Target& target) const {
  const std::string name = name_of(target);
  if (name.empty() && !brokers_are_alike()) return std::nullopt;
  const auto role = roles_.find(name.empty() ? "broker-1" : name);
  if (role == roles_.end()) return std::nullopt;
  const std::string& kind = role->second.kind;
  if (!kind.empty() && !s_.hardware.contains(kind)) return std::nullopt;
  return role->second;
}

std::optional<sim::MachineConfig> FaultCheck::hardware_of(const Target& target) const {
  const auto host = hosts_.find(name_of(target));
  if (host == hosts_.end()) {
    const auto role = role_of(target);
    return role ? std::optional(s_.machine(role->kind)) : std::nullopt;
  }
  const std::string& kind = host->second.kind;
  if (!kind.empty() && !s_.hardware.contains(kind)) return std::nullopt;
  return s_.machine(kind);
}

// --- Machines and processes ---

bool FaultCheck::process(const std::string& key, const Target& whom) {
  if (!target(key, whom)) return false;
  const std::string name = name_of(whom);
  if (!hosts_.contains(name)) return true;
  const auto on_it = std::find_if(roles_.begin(), roles_.end(),
                                  [&](const auto& one) { return one.second.host == name; });
  error(key, in_quotes(identity(whom)),
        tr("is a host; say which of its processes, such as \"{}\"", on_it->first));
  return false;
}

// What befalls a machine befalls its host.
void FaultCheck::goes_off(const char* key, const Target& whom) {
  (void)target(key, whom);  // What is wrong with it has been told.
  stop(host_of(identity(whom)), off_);
}
void FaultCheck::comes_on(const char* key, const Target& whom) {
  if (target(key, whom)) {
    start(path_ + "/" + key, host_of(identity(whom)), off_, tr("powered off"));
  }
}
void FaultCheck::ends(const char* key, const Target& whom) {
  (void)process(key, whom);
  stop(identity(whom), ended_);
}
void FaultCheck::starts(const char* key, const Target& whom) {
  if (process(key, whom)) {
    start(path_ + "/" + key, identity(whom), ended_, tr("killed or stopped"));
  }
}

void FaultCheck::stop(const std::string& name, std::set<std::string>& stopped) {
  stopped.insert(name);
  if (!as_.empty()) stopped.insert(as_);
}

void FaultCheck::start(const std::string& path, const std::string& name,
                       const std::set<std::string>& stopped, const std::string& what) {
  if (unreadable_.contains(name)) return;
  const bool is_known = machines_.contains(name) || hosts_.contains(name);
  if (name.empty()) {
    report_.error(path, {},
                  tr("must be a machine, or the name that the earlier fault bound with as"));
  } else if (!stopped.contains(name) && stopped.contains("") && is_known) {
    report_.warning(path, in_quotes(name),
                    tr("may not be the one that was {}; bind a name with as", what));
  } else if (!stopped.contains(name) && &stopped == &off_) {
    report_.error(path, in_quotes(name), tr("was never {} before this moment", what));
  } else if (!stopped.contains(name) && !hit_.contains(name) && !hit_.contains(host_of(name))) {
    // A process ends of other things, too (a full disk, no ZooKeeper): the run will tell.
    report_.warning(
        path, in_quotes(name),
        tr("may still be running: nothing in the plan happens to it before this moment"));
  }
}

// --- Disks, directories ---

bool FaultCheck::disk(const char* key, const Target& whom, int disk) {
  if (!target(fmt::format("{}/machine", key), whom)) return false;
  const auto hardware = hardware_of(whom);
  if (!hardware) return true;
  const auto disks = static_cast<int>(hardware->disks.size());
  if (disk <= disks) return true;
  report_.error(fmt::format("{}/{}/disk", path_, key), std::to_string(disk),
                tr("must be at most the number of its disks, {}", disks));
  return false;
}

void FaultCheck::partition_directory(const char* key, const std::string& directory) {
  if (!report_.clean("/topics")) return;
  const std::string path = path_ + "/" + key;
  const auto parsed = log::parse_partition_dir(directory);
  const int number = parsed ? parsed->partition.partition : -1;
  if (!parsed || parsed->kind != log::PartitionDirKind::current) {
    report_.error(path, in_quotes(directory),
                  tr("must be the directory of a partition, <topic>-<number>, such as \"{}-0\"",
                     topics_.empty() ? "orders" : topics_.front()));
    return;
  }
  const std::string& topic = parsed->partition.topic;
  if (topic == model::offsets_topic && s_.topic(topic) == nullptr) {
    check_number(path, directory, number, s_.brokers.front().config.offsets_topic_num_partitions);
  } else if (check_topic(path, topic) && s_.topic(topic) != nullptr) {
    check_number(path, directory, number, s_.topic(topic)->partitions);
  }
}

void FaultCheck::check_number(const std::string& path, const std::string& directory, int number,
                              int partitions) {
  if (number < partitions) return;
  report_.error(path, in_quotes(directory),
                tr("there is no such partition; the topic has 0 to {}", partitions - 1));
}

// --- Paths and places ---

std::optional<std::set<std::string>> FaultCheck::members_of(const std::vector<Target>& side) const {
  std::set<std::string> members;
  for (const Target& target : side) {
    const std::string name = identity(target);
    if (machines_.contains(name) || hosts_.contains(name)) {
      members.insert(host_of(name));
      continue;
    }
    if (!sets_.contains(name)) return std::nullopt;
    for (const auto& [machine, role] : roles_) {
      const bool is_client = role.role == Role::producer || role.role == Role::consumer;
      if ((name == "brokers" && role.role == Role::broker) ||
          (name == "zookeeper" && role.role == Role::zookeeper) ||
          (name == "clients" && is_client) || name == "everyone_else") {
        members.insert(role.host);
      }
    }
  }
  return members;
}

void FaultCheck::sides(const char* key, const std::vector<Target>& between,
                       const std::vector<Target>& against) {
  for (std::size_t i = 0; i < between.size(); ++i) {
    check_target(fmt::format("{}/between/{}", key, i), between[i], true);
  }
  for (std::size_t i = 0; i < against.size(); ++i) {
    check_target(fmt::format("{}/and/{}", key, i), against[i], true);
  }
  if (report_.clean(path_)) check_sides(key, between, against);
}

void FaultCheck::check_sides(const char* key, const std::vector<Target>& between,
                             const std::vector<Target>& against) {
  const auto one = members_of(between);
  if (one && one->empty()) {
    report_.error(fmt::format("{}/{}/between", path_, key), {}, tr("is nobody in this scenario"));
  }
  auto other = members_of(against);
  if (!one || !other) return;
  const bool nobody = other->empty();
  for (const std::string& name : *one) other->erase(name);
  if (!other->empty()) return;
  report_.error(fmt::format("{}/{}/and", path_, key), {},
                nobody           ? tr("is nobody in this scenario")
                : hosts_.empty() ? tr("has nobody who is not on the other side already")
                                 : tr("has nobody who is not on a host of the other side already"));
}

void FaultCheck::heals(const std::string& fault) {
  if (healable_.contains(fault) && !healed_.insert(fault).second) {
    report_.error(path_ + "/heal", in_quotes(fault), tr("is healed before this moment already"));
  }
  if (healable_.contains(fault) || unreadable_.contains(fault)) return;
  report_.error(path_ + "/heal", in_quotes(fault),
                tr("names no earlier fault that can be healed; give that one a name with as"));
}

bool FaultCheck::is_switch(const char* key, const std::string& name) {
  return check_place(key, name, true);
}
bool FaultCheck::is_area(const char* key, const std::string& name) {
  return check_place(key, name, false);
}

bool FaultCheck::check_place(const std::string& key, const std::string& name, bool is_switch) {
  const std::string path = path_ + "/" + key;
  if (!s_.topology) {
    if (report_.clean("/topology")) {
      report_.error(path, in_quotes(name), tr("needs a topology in the scenario"));
    }
    return false;
  }
  if (!topology_known_) return false;
  const std::vector<std::string>& known = is_switch ? switches_ : areas_;
  if (std::find(known.begin(), known.end(), name) != known.end()) return true;
  const std::string near = nearest_name(name, known);
  const std::string what = is_switch ? tr("switch") : tr("rack, zone or data centre");
  report_.error(path, in_quotes(name),
                near.empty() ? tr("names no {} of the topology", what)
                             : tr("names no {} of the topology; did you mean \"{}\"?", what, near));
  return false;
}

// --- Whom ---

bool FaultCheck::check_target(const std::string& key, const Target& target, bool sets_too) {
  const std::string path = path_ + "/" + key;
  return std::visit(
      Overloaded{
          [&](const Named& who) { return check_machine(path, who.name, sets_too); },
          [&](const LeaderOfMost& who) { return check_topic(path + "/leader_of_most", who.topic); },
          [&](const LeaderOf& who) {
            return check_topic(path + "/leader_of/topic", who.topic) &&
                   check_partition(path + "/leader_of/partition", who);
          },
      },
      target.who);
}

bool FaultCheck::check_machine(const std::string& path, const std::string& name, bool sets_too) {
  if (name == "controller" || machines_.contains(name) || hosts_.contains(name) ||
      alias_of_.contains(name)) {
    return true;
  }
  if (bound_.contains(name)) {
    report_.error(path, in_quotes(name), tr("names a fault that hits no single machine"));
    return false;
  }
  if (unreadable_.contains(name) || (sets_too && sets_.contains(name))) return true;
  if (sets_too && std::find(areas_.begin(), areas_.end(), name) != areas_.end()) return true;
  for (std::size_t group = 0; group < s_.brokers.size(); ++group) {
    if (!report_.clean(s_.path_of_brokers(group) + "/count")) return true;
  }
  if (!report_.clean("/zookeeper/nodes")) return true;
  std::vector<std::string> known(machines_.begin(), machines_.end());
  for (const auto& [host, ignored] : hosts_) known.push_back(host);
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

bool FaultCheck::check_topic(const std::string& path, const std::string& name) {
  if (s_.topic(name) != nullptr || !report_.clean("/topics")) return true;
  const std::string near = nearest_name(name, topics_);
  report_.error(
      path, in_quotes(name),
      near.empty() ? tr("names no topic") : tr("names no topic; did you mean \"{}\"?", near));
  return false;
}

bool FaultCheck::check_partition(const std::string& path, const LeaderOf& who) {
  const TopicSpec* topic = s_.topic(who.topic);
  if (topic == nullptr || who.partition < topic->partitions) return true;
  report_.error(path, std::to_string(who.partition),
                tr("must be from 0 to {}", topic->partitions - 1));
  return false;
}

void validate_faults(const Scenario& scenario, SettingsReport& report) {
  FaultCheck(scenario, report).run();
}

}  // namespace brokerlab::scenarios
