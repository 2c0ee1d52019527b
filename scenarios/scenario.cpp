// Questions that the rest of the project asks a scenario.
#include "scenarios/description.h"

#include <algorithm>
#include <numeric>
#include <set>

namespace brokerlab::scenarios {
namespace {

/// The host that names it; nullptr: it has one to itself.
const HostSpec* host_of(const Scenario& scenario, std::string_view machine) {
  for (const HostSpec& host : scenario.hosts) {
    for (const std::string& pattern : host.processes) {
      if (fits_pattern(pattern, machine)) return &host;
    }
  }
  return nullptr;
}

}  // namespace

const TopicSpec* Scenario::topic(std::string_view name_of_topic) const {
  for (const TopicSpec& candidate : topics) {
    if (candidate.name == name_of_topic) return &candidate;
  }
  return nullptr;
}

const SourceSpec* Scenario::source(std::string_view name_of_source) const {
  for (const SourceSpec& candidate : sources) {
    if (candidate.name == name_of_source) return &candidate;
  }
  return nullptr;
}

sim::MachineConfig Scenario::machine(const std::string& kind) const {
  const auto found = hardware.find(kind);
  ENSURE(found != hardware.end() || kind.empty(), "no hardware named {}", kind);
  return found == hardware.end() ? sim::MachineConfig{} : found->second;
}

int Scenario::broker_count() const {
  return std::accumulate(brokers.begin(), brokers.end(), 0,
                         [](int sum, const BrokersSpec& group) { return sum + group.count; });
}

int Scenario::brokers_at_start() const {
  int later = 0;
  for (int i = 1; i <= broker_count(); ++i) later += is_added_later(fmt::format("broker-{}", i));
  return broker_count() - later;
}

bool Scenario::is_made_later(std::string_view topic) const {
  return std::any_of(operations.begin(), operations.end(),
                     [topic](const Operation& one) { return one.makes() == topic; });
}

bool Scenario::is_added_later(std::string_view broker) const {
  return std::any_of(operations.begin(), operations.end(),
                     [broker](const Operation& one) { return one.adds() == broker; });
}

std::size_t Scenario::group_of_broker(int broker) const {
  std::size_t group = 0;
  for (int before = 0; broker >= before + brokers[group].count; ++group) {
    before += brokers[group].count;
    ENSURE(group + 1 < brokers.size(), "there is no broker {}", broker + 1);
  }
  return group;
}

std::string Scenario::path_of_brokers(std::size_t group) const {
  return brokers_listed ? fmt::format("/brokers/{}", group) : "/brokers";
}

int Scenario::replication_factor(const TopicSpec& of) const {
  return of.replication_factor.value_or(brokers.front().config.default_replication_factor);
}

model::TopicConfig Scenario::topic_config(const TopicSpec& of, std::size_t group) const {
  return model::TopicConfig::in_force(brokers[group].config, of.config);
}

std::string Scenario::path_of(const std::string& file) const {
  const bool absolute = file.starts_with("/");
  return absolute || directory.empty() ? file : directory + "/" + file;
}

std::vector<MachineRole> machines_of(const Scenario& scenario) {
  std::vector<MachineRole> machines;
  machines.reserve(static_cast<std::size_t>(scenario.zookeeper.nodes) +
                   static_cast<std::size_t>(scenario.broker_count()));
  for (int i = 0; i < scenario.zookeeper.nodes; ++i) {
    machines.push_back({fmt::format("zookeeper-{}", i + 1),
                        Role::zookeeper,
                        i,
                        0,
                        scenario.zookeeper.machine,
                        {}});
  }
  for (int i = 0; i < scenario.broker_count(); ++i) {
    const std::size_t group = scenario.group_of_broker(i);
    machines.push_back({fmt::format("broker-{}", i + 1),
                        Role::broker,
                        i,
                        group,
                        scenario.brokers[group].machine,
                        {}});
  }
  for (std::size_t spec = 0; spec < scenario.producers.size(); ++spec) {
    const ProducerSpec& producer = scenario.producers[spec];
    machines.push_back(
        {producer.name, Role::producer, static_cast<int>(spec), spec, producer.machine, {}});
  }
  for (std::size_t spec = 0; spec < scenario.consumers.size(); ++spec) {
    const ConsumerSpec& group = scenario.consumers[spec];
    for (int i = 0; i < group.members; ++i) {
      machines.push_back(
          {fmt::format("{}-{}", group.group, i + 1), Role::consumer, i, spec, group.machine, {}});
    }
  }
  for (MachineRole& machine : machines) {
    machine.host = machine.name;
    const HostSpec* host = host_of(scenario, machine.name);
    if (host == nullptr) continue;
    machine.host = host->name;
    machine.kind = host->machine;
  }
  return machines;
}

bool fits_pattern(std::string_view pattern, std::string_view name) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  if (!name.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t at = star; at <= name.size(); ++at) {
    if (fits_pattern(rest, name.substr(at))) return true;
  }
  return false;
}

std::vector<HostRole> hosts_of(const Scenario& scenario, const std::vector<MachineRole>& machines) {
  std::vector<HostRole> hosts;
  std::set<std::string> seen;
  for (const MachineRole& machine : machines) {
    if (!seen.insert(machine.host).second) continue;
    hosts.push_back({machine.host, machine.kind, host_of(scenario, machine.name)});
  }
  return hosts;
}

}  // namespace brokerlab::scenarios
