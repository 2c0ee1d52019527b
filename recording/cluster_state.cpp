// From facts to the cluster at one instant.
#include "base/integer_text.h"
#include "recording/reader.h"

namespace brokerlab::recording {
namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return parts;
}

std::vector<int> split_integers(std::string_view text) {
  std::vector<int> numbers;
  for (const auto& part : split(text)) {
    if (const auto number = parse_integer<int>(part)) numbers.push_back(*number);
  }
  return numbers;
}

void take_partition_fact(ClusterState::Partition& partition, const std::string& attribute,
                         const std::string& value) {
  if (attribute == "leader") {
    partition.leader = parse_integer<int>(value).value_or(-1);
  } else if (attribute == "epoch") {
    partition.epoch = parse_integer<int>(value).value_or(-1);
  } else if (attribute == "isr") {
    partition.isr = split_integers(value);
  } else if (attribute == "replicas") {
    partition.replicas = split_integers(value);
  } else if (attribute == "hw") {
    partition.high_watermark = parse_integer<std::int64_t>(value);
  }
}

void take_group_fact(ClusterState::Group& group, const std::string& attribute,
                     const std::string& value) {
  if (attribute == "state") {
    group.state = value;
  } else if (attribute == "generation") {
    group.generation = parse_integer<int>(value).value_or(-1);
  } else if (attribute == "members") {
    group.members = split(value);
  } else if (attribute == "lag") {
    group.lag = parse_integer<std::int64_t>(value);
  }
}

ClusterState::Reach reach_from(const std::string& value) {
  return value == "none"   ? ClusterState::Reach::none
         : value == "some" ? ClusterState::Reach::some
                           : ClusterState::Reach::all;
}

void take_machine_fact(ClusterState& state, int id, const std::string& attribute,
                       const std::string& value) {
  if (attribute == "power") {
    state.machine_on[id] = value == "on";
  } else if (attribute == "peers") {
    state.paths[id].peers = reach_from(value);
  } else if (attribute == "clients") {
    state.paths[id].clients = reach_from(value);
  } else if (attribute == "lossy") {
    state.paths[id].lossy = value == "true";
  } else if (attribute == "late") {
    state.paths[id].late = value == "true";
  }
}

void take_numbered_fact(ClusterState& state, std::string_view family, int id,
                        const std::string& attribute, const std::string& value) {
  if (family == "machine") {
    take_machine_fact(state, id, attribute, value);
  } else if (family == "process" && attribute == "state") {
    state.process_running[id] = value == "running";
  } else if (family == "broker" && attribute == "controller") {
    state.brokers[id].controller = value == "true";
  } else if (family == "broker" && attribute == "registered") {
    state.brokers[id].registered = value == "true";
  } else if (family == "zookeeper" && attribute == "role") {
    state.zookeeper_role[id] = value;
  } else if (family == "partition") {
    take_partition_fact(state.partitions[id], attribute, value);
  }
}

void take_fact(ClusterState& state, std::string_view subject, const std::string& attribute,
               const std::string& value) {
  const auto slash = subject.find('/');
  if (slash == std::string_view::npos) return;
  const auto family = subject.substr(0, slash);
  const auto rest = subject.substr(slash + 1);
  if (family == "group") return take_group_fact(state.groups[std::string(rest)], attribute, value);
  if (family == "assignment") {
    state.assignment[std::string(rest)] = split_integers(value);
    return;
  }
  if (family == "replica") {
    const auto second = rest.find('/');
    if (second == std::string_view::npos) return;
    const auto partition = parse_integer<int>(rest.substr(0, second));
    const auto broker = parse_integer<int>(rest.substr(second + 1));
    const auto offset = parse_integer<std::int64_t>(value);
    if (partition && broker && offset && attribute == "leo") {
      state.log_end_offset[{*partition, *broker}] = *offset;
    }
    return;
  }
  if (const auto id = parse_integer<int>(rest)) {
    take_numbered_fact(state, family, *id, attribute, value);
  }
}

}  // namespace

ClusterState to_cluster_state(const Facts& facts) {
  ClusterState state;
  for (const auto& [subject, attributes] : facts) {
    for (const auto& [attribute, value] : attributes) take_fact(state, subject, attribute, value);
  }
  return state;
}

}  // namespace brokerlab::recording
