// What server.properties, a topic listing and a reassignment tell.
#include "base/json_text.h"
#include "base/problem.h"
#include "base/settings.h"
#include "base/translation.h"
#include "plan/files/config_value.h"
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

/// CoreUtils.parseCsvList(): what stands between commas and is more than blanks.
int listed_in(std::string_view list) {
  int count = 0;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (!java_trimmed(list.substr(0, comma)).empty()) ++count;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return count;
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
    const int nodes = listed_in(one.value);
    if (nodes < 1 || nodes > 9 || one.value.find("${") != std::string::npos) {
      draft.remark(file, one.line, text, phrase("is no list of 1 to 9 ZooKeeper servers"));
    } else {
      draft.servers = nodes;
    }
  } else if (one.key == "log.dirs" || (one.key == "log.dir" && broker.log_dirs == 1)) {
    broker.log_dirs = std::clamp(listed_in(one.value), 1, 24);
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

std::string listed(const std::vector<int>& numbers) {
  std::string text;
  for (const int one : numbers) text += (text.empty() ? "" : ",") + std::to_string(one);
  return text;
}

std::string_view text_in(const Json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string()) return {};
  return at->get_ref<const std::string&>();
}

/// As ReassignPartitionsCommand.parseExecuteAssignmentArgs() looks at them.
bool replicas_are_sound(Draft& draft, const NamedText& file, const std::string& path,
                        const Json& replicas) {
  if (replicas.empty()) {
    draft.error(file, path, "[]",
                tr("must name a broker; Kafka says: {}", "Partition replica list cannot be empty"));
    return false;
  }
  std::set<std::int64_t> seen;
  for (const Json& one : replicas) {
    if (!one.is_number_integer() || one < 0 || one > setting::int_max) {
      draft.error(file, path, brief_text(one), tr("must be a broker's id"));
      return false;
    }
    if (!seen.insert(one.get<std::int64_t>()).second) {
      draft.error(file, path, brief_text(replicas),
                  tr("names broker {} twice; Kafka says: {}", one.get<std::int64_t>(),
                     "Partition replica lists may not contain duplicate entries"));
      return false;
    }
  }
  return true;
}

}  // namespace

void add_properties(Draft& draft, const NamedText& file) {
  const std::vector<Property> all = parse_properties(file.text);
  std::optional<int> id;
  for (const Property& one : all) {
    if (one.key != "broker.id" && one.key != "node.id") continue;
    const Json told = config_value(one.key, one.value, "int");
    id.reset();
    if (told.is_number_integer() && told >= 0 && told <= setting::int_max) id = told.get<int>();
    if (!id) {
      draft.remark(file, one.line, one.key + "=" + one.value,
                   phrase("is no id of a broker: it gets the next free one"));
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
  broker.has_file = true;
  draft.last_file = number;
  draft.last_file_name = file.name;
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
      const int moving_in = static_cast<int>(partition.adding.size());
      topic.replicas =
          std::max(topic.replicas, static_cast<int>(partition.replicas.size()) - moving_in);
      if (!partition.adding.empty() || !partition.removing.empty()) {
        draft.remark(file, partition.line, fmt::format("{}-{}", one.name, partition.number),
                     phrase("is being reassigned (adding {}, removing {}): a run begins with no "
                            "replica under way, and replication.factor as before",
                            partition.adding.empty() ? "-" : listed(partition.adding),
                            partition.removing.empty() ? "-" : listed(partition.removing)));
      }
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
  std::set<std::pair<std::string, int>> moved;
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
      draft.error(file, place, brief_text(one), tr("needs a topic, a partition and its replicas"));
      continue;
    }
    if (!replicas_are_sound(draft, file, place + "/replicas", one["replicas"])) continue;
    if (!moved.insert({name, static_cast<int>(*partition)}).second) {
      draft.error(file, place, fmt::format("{}-{}", name, *partition),
                  tr("is told of twice; kafka-reassign-partitions refuses that"));
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

}  // namespace brokerlab::plan
