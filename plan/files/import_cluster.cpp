// What server.properties, a topic listing, a reassignment and Cruise Control's capacities tell.
#include "base/integer_text.h"
#include "base/json_text.h"
#include "base/problem.h"
#include "base/translation.h"
#include "plan/files/draft.h"
#include "plan/files/properties.h"
#include "plan/files/topic_listing.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace brokerlab::plan {
namespace {

int commas_in(std::string_view list) {
  return static_cast<int>(std::count(list.begin(), list.end(), ','));
}

/// Where machines are found and how they trust each other: brokerlab has its own.
bool of_the_place(const std::string& key) {
  // What authorizers and key stores of Kafka's own read beside what brokers declare.
  static constexpr std::array<std::string_view, 3> others{"allow.everyone.if.no.acl.found",
                                                          "super.users", "sasl.jaas.config"};
  static constexpr std::array<std::string_view, 16> begins{"listener",      "advertised.",
                                                           "ssl.",          "sasl.",
                                                           "security.",     "authorizer.",
                                                           "super.users",   "inter.broker.listener",
                                                           "host.name",     "port",
                                                           "metric",        "kafka.metrics",
                                                           "zookeeper.ssl", "zookeeper.set.acl",
                                                           "delegation.",   "principal."};
  if (std::find(others.begin(), others.end(), key) != others.end()) return true;
  if (!std::any_of(begins.begin(), begins.end(),
                   [&](std::string_view begin) { return key.starts_with(begin); })) {
    return false;
  }
  // "advertised.isteners" is misspelt; "listener.name.x.ssl.y" and old names are of the place.
  const bool known = model::find_kafka_setting(model::Component::broker, key) != nullptr;
  return known || key.starts_with("listener.name.") ||
         nearest_name(key, model::kafka_setting_names(model::Component::broker)).empty();
}

/// Of plugins: tiered storage, the vendor's own.
bool of_a_plugin(const std::string& key) {
  static constexpr std::array<std::string_view, 5> begins{
      "remote.log.", "rsm.config.", "rlmm.config.", "confluent.", "cruise.control."};
  return std::any_of(begins.begin(), begins.end(),
                     [&](std::string_view begin) { return key.starts_with(begin); });
}

void add_property(Draft& draft, const NamedText& file, const Property& one, DraftBroker& broker) {
  const std::string text = told(one.key, one.value);
  if (one.key == "zookeeper.connect") {
    const int nodes = 1 + commas_in(one.value);
    if (nodes > 9 || one.value.find("${") != std::string::npos) {
      draft.remark(file, one.line, text, phrase("is no list of 1 to 9 ZooKeeper servers"));
    } else {
      draft.servers = nodes;
    }
  } else if (one.key == "log.dirs" || (one.key == "log.dir" && broker.log_dirs == 1)) {
    broker.log_dirs = std::min(24, commas_in(one.value) + 1);
  } else if (one.key == "process.roles" || one.key.starts_with("controller.") ||
             one.key == "node.id") {
    draft.remark(file, one.line, text,
                 phrase("is KRaft's; brokerlab runs brokers with ZooKeeper, so controllers behave "
                        "otherwise"));
  } else if (of_a_plugin(one.key)) {
    draft.remark(file, one.line, text,
                 phrase("is of tiered storage or of a plugin, which brokerlab does not have"));
  } else if (of_the_place(one.key)) {
    draft.remark(file, one.line, text,
                 phrase("tells of addresses, security or metrics, which a scenario does not have"));
  } else if (one.key != "broker.id") {
    draft.set(file, one.line, model::Component::broker, one.key, one.value, broker.config);
  }
}

std::string_view text_in(const Json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string()) return {};
  return at->get_ref<const std::string&>();
}

/// A number, or a text that is one.
std::optional<double> number_in(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const Json number = json_from(value.get_ref<const std::string&>());
  return number.is_number() ? std::optional(number.get<double>()) : std::nullopt;
}

/// Within what a scenario can say; nothing: no number above 0.
std::optional<std::int64_t> scaled(const Json& value, double unit, double least, double most) {
  const auto number = number_in(value);
  if (!number || !(*number > 0)) return std::nullopt;
  return static_cast<std::int64_t>(std::clamp(*number * unit, least, most));
}

Json disks_of(Draft& draft, const NamedText& file, const Json& told) {
  Json disks = Json::array();
  const auto add = [&](const Json& megabytes) {
    const auto size = scaled(megabytes, 1e6, 1'048'576, 1e15);
    if (!size) {
      draft.remark(file, 0, "DISK", phrase("is no number of MB"));
    } else if (disks.size() < 24) {
      disks.push_back(Json{{"kind", "hdd"}, {"size", fmt::format("{}B", *size)}});
    }
  };
  if (told.is_object()) {
    for (const auto& directory : told) add(directory);
  } else {
    add(told);
  }
  return disks;
}

Json machine_of(Draft& draft, const NamedText& file, const Json& capacity) {
  Json machine = Json::object();
  if (const auto at = capacity.find("DISK"); at != capacity.end()) {
    Json disks = disks_of(draft, file, *at);
    if (!disks.empty()) machine["disks"] = std::move(disks);
  }
  if (const auto at = capacity.find("CPU"); at != capacity.end()) {
    if (const auto cores = at->is_object() && at->contains("num.cores")
                               ? scaled((*at)["num.cores"], 1, 1, 256)
                               : std::nullopt) {
      machine["cpu"]["cores"] = *cores;
    } else {
      draft.remark(file, 0, "CPU", phrase("a share says nothing of cores: the default stands"));
    }
  }
  std::optional<std::int64_t> rate;
  for (const char* side : {"NW_IN", "NW_OUT"}) {
    const auto at = capacity.find(side);
    const auto one = at == capacity.end() ? std::nullopt : scaled(*at, 1e3, 125'000, 5e10);
    if (one) rate = std::min(rate.value_or(*one), *one);
  }
  if (rate) machine["nic"]["rate"] = fmt::format("{}B/s", *rate);
  return machine;
}

}  // namespace

void add_properties(Draft& draft, const NamedText& file) {
  const std::vector<Property> all = parse_properties(file.text);
  std::optional<int> id;
  for (const Property& one : all) {
    if (one.key != "broker.id" && one.key != "node.id") continue;
    id = parse_integer<int>(one.value);
    if (!id || *id < 0) {
      draft.remark(file, one.line, one.key + "=" + one.value,
                   phrase("is no id of a broker: it gets the next free one"));
      id.reset();
    }
  }
  int number = id.value_or(0);
  while (draft.brokers.contains(number)) {
    if (id) {
      draft.remark(file, 0, fmt::format("broker.id={}", number),
                   phrase("is the id of another file's broker: it gets the next free one"));
      id.reset();
    }
    ++number;
  }
  DraftBroker& broker = draft.brokers[number];
  for (const Property& one : all) add_property(draft, file, one, broker);
}

void add_topics(Draft& draft, const NamedText& file) {
  const TopicListing listing = parse_topic_listing(file.text);
  for (const auto& [line, text] : listing.strange) {
    draft.remark(file, line, text, phrase("is no line of a topic"));
  }
  for (const ListedTopic& one : listing.topics) {
    if (one.name.starts_with("__")) {
      draft.remark(file, one.line, one.name, phrase("is Kafka's own; brokerlab makes it itself"));
      continue;
    }
    DraftTopic& topic = draft.topic(one.name);
    topic.partitions = one.partitions;
    topic.replicas = one.replicas;
    for (const ListedPartition& partition : one.listed) {
      topic.partitions = std::max(topic.partitions, std::min(partition.number, 9999) + 1);
      topic.replicas = std::max(topic.replicas, static_cast<int>(partition.replicas.size()));
      for (const int broker : partition.replicas) {
        if (broker >= 0 && draft.brokers.size() < 1000) draft.brokers.try_emplace(broker);
      }
      if (!partition.has_leader || partition.in_sync.size() < partition.replicas.size()) {
        draft.remark(file, partition.line, fmt::format("{}-{}", one.name, partition.number),
                     partition.has_leader
                         ? phrase("has {} of {} replicas in sync; a run begins with all",
                                  partition.in_sync.size(), partition.replicas.size())
                         : phrase("has no leader; a run begins with one"));
      }
    }
    for (const auto& [key, value] : one.configs) {
      draft.set(file, one.line, model::Component::topic, key, value, topic.config);
    }
    draft.remark(file, one.line, one.name,
                 phrase("which broker has which replica is not kept: the controller of the run "
                        "places them"));
  }
}

void add_reassignment(Draft& draft, const NamedText& file) {
  const Json document = json_from(file.text);
  if (!document.is_object() || !document.contains("partitions") ||
      !document["partitions"].is_array()) {
    draft.remark(file, 0, "", phrase("has no list of partitions"));
    return;
  }
  std::set<std::string> told;
  std::set<std::string> kafkas_own;
  std::map<std::string, int> listed;
  bool directories = false;
  std::size_t index = 0;
  for (const Json& one : document["partitions"]) {
    const std::string place = fmt::format("/partitions/{}", index++);
    const std::string name(one.is_object() ? text_in(one, "topic") : std::string_view());
    const auto partition =
        one.is_object() && one.contains("partition") ? number_in(one["partition"]) : std::nullopt;
    if (name.empty() || !partition || !(*partition >= 0 && *partition < 10'000) ||
        !one.contains("replicas") || !one["replicas"].is_array()) {
      draft.remark(file, 0, place, phrase("needs a topic, a partition and its replicas"));
      continue;
    }
    if (name.starts_with("__")) {
      kafkas_own.insert(name);
      continue;
    }
    DraftTopic& topic = draft.topic(name);
    topic.partitions = std::max(topic.partitions, static_cast<int>(*partition) + 1);
    ++listed[name];
    const int replicas = static_cast<int>(std::min<std::size_t>(one["replicas"].size(), 1000));
    if (topic.replicas != 0 && topic.replicas != replicas) {
      draft.remark(file, 0, place,
                   phrase("{} has {} replicas here and {} elsewhere: a topic has one number", name,
                          replicas, topic.replicas));
    }
    topic.replicas = std::max(topic.replicas, replicas);
    for (const Json& broker : one["replicas"]) {
      const auto id = number_in(broker);
      if (id && *id >= 0 && *id < 1e9 && draft.brokers.size() < 1000) {
        draft.brokers.try_emplace(static_cast<int>(*id));
      }
    }
    directories = directories || one.contains("log_dirs");
    told.insert(name);
  }
  if (directories) {
    draft.remark(file, 0, "log_dirs", phrase("brokers choose directories themselves"));
  }
  for (const std::string& name : kafkas_own) {
    draft.remark(file, 0, name, phrase("is Kafka's own; brokerlab makes it itself"));
  }
  for (const auto& [name, partitions] : listed) {
    if (partitions >= draft.topic(name).partitions) continue;
    draft.remark(
        file, 0, name,
        phrase("{} of its partitions are told of, the highest is {}: it gets {}", partitions,
               draft.topic(name).partitions - 1, draft.topic(name).partitions));
  }
  for (const std::string& name : told) {
    draft.remark(file, 0, name,
                 phrase("which broker has which replica is not kept: the controller of the run "
                        "places them"));
  }
}

void add_capacity(Draft& draft, const NamedText& file) {
  const Json document = json_from(file.text);
  if (!document.is_object() || !document.contains("brokerCapacities") ||
      !document["brokerCapacities"].is_array()) {
    draft.remark(file, 0, "", phrase("has no list of capacities"));
    return;
  }
  std::size_t index = 0;
  for (const Json& one : document["brokerCapacities"]) {
    const std::string place = fmt::format("/brokerCapacities/{}", index++);
    const auto id =
        one.is_object() && one.contains("brokerId") ? number_in(one["brokerId"]) : std::nullopt;
    if (!id || !(*id >= -1 && *id < 1e9) || !one.contains("capacity") ||
        !one["capacity"].is_object()) {
      draft.remark(file, 0, place, phrase("needs a brokerId and a capacity"));
      continue;
    }
    std::string machine = json_text(machine_of(draft, file, one["capacity"]));
    if (*id < 0) {
      draft.any_machine = std::move(machine);
    } else if (draft.brokers.size() < 1000) {
      draft.brokers[static_cast<int>(*id)].machine = std::move(machine);
    }
  }
  draft.remark(file, 0, "DISK", phrase("says how large disks are, not how fast: they become hdd"));
}

}  // namespace brokerlab::plan
