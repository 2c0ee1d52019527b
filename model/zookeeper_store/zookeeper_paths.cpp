#include "model/zookeeper_store/zookeeper_paths.h"

#include "base/json_text.h"
#include "base/settings.h"

#include <nlohmann/json.hpp>

#include <cstring>

namespace brokerlab::model::zk {
namespace {

std::vector<int> numbers(const std::vector<BrokerId>& brokers) {
  std::vector<int> values;
  for (const BrokerId broker : brokers) values.push_back(broker.value());
  return values;
}

std::vector<BrokerId> brokers(const Json& values) {
  std::vector<BrokerId> ids;
  for (const Json& value : values) ids.push_back(BrokerId(value.get<int>()));
  return ids;
}

}  // namespace

const std::vector<std::string>& persistent_paths() {
  static const std::vector<std::string> paths{"/brokers",    broker_ids,    topics,
                                              "/config",     topic_configs, "/admin",
                                              delete_topics, log_dir_events};
  return paths;
}

const std::vector<std::string>& config_paths() {
  static const std::vector<std::string> paths{broker_configs, config_changes, client_quotas,
                                              user_quotas};
  return paths;
}

std::string broker_path(BrokerId broker) { return fmt::format("{}/{}", broker_ids, broker); }
std::string topic_path(const std::string& topic) { return fmt::format("{}/{}", topics, topic); }
std::string topic_partitions_path(const std::string& topic) {
  return topic_path(topic) + "/partitions";
}
std::string partition_path(const TopicPartition& partition) {
  return fmt::format("{}/{}", topic_partitions_path(partition.topic), partition.partition);
}
std::string state_path(const TopicPartition& partition) {
  return partition_path(partition) + "/state";
}
std::string topic_config_path(const std::string& topic) {
  return fmt::format("{}/{}", topic_configs, topic);
}

std::string config_path(const ConfigEntity& entity) {
  if (entity.type == ConfigResource::topic) return topic_config_path(entity.name);
  if (entity.type == ConfigResource::quota) return "/config/" + entity.name;
  return fmt::format("{}/{}", broker_configs, entity.name.empty() ? "<default>" : entity.name);
}

std::string delete_topic_path(const std::string& topic) {
  return fmt::format("{}/{}", delete_topics, topic);
}

std::string encode_controller(BrokerId broker, log::Timestamp now) {
  return json_text(
      Json{{"version", 2}, {"brokerid", broker.value()}, {"timestamp", std::to_string(now)}});
}

std::optional<BrokerId> decode_controller(const std::string& text) {
  const Json json = json_from(text);
  if (!json.is_object() || !json.contains("brokerid")) return std::nullopt;
  return BrokerId(json["brokerid"].get<int>());
}

std::string encode_broker(const BrokerEndpoint& broker, log::Timestamp now) {
  // The host is the number of a machine, as the simulated network addresses it.
  Json json{{"version", 5},
            {"host", broker.address.machine.value()},
            {"port", broker.address.port},
            {"timestamp", std::to_string(now)}};
  if (!broker.rack.empty()) json["rack"] = broker.rack;
  return json_text(json);
}

std::optional<BrokerEndpoint> decode_broker(BrokerId id, const std::string& text) {
  const Json json = json_from(text);
  if (!json.is_object() || !json.contains("host")) return std::nullopt;
  const Address address{sim::MachineId(json["host"].get<int>()), json["port"].get<int>()};
  return BrokerEndpoint{id, address, json.value("rack", std::string())};
}

std::string encode_log_dir_event(BrokerId broker) {
  return json_text(Json{{"version", 1}, {"broker", broker.value()}, {"event", 1}});
}

std::optional<BrokerId> decode_log_dir_event(const std::string& text) {
  const Json json = json_from(text);
  if (!json.is_object() || !json.contains("broker")) return std::nullopt;
  return BrokerId(json["broker"].get<int>());
}

std::string encode_assignment(const StoredTopic& topic) {
  Json partitions = Json::object();
  Json adding = Json::object();
  Json removing = Json::object();
  for (std::size_t i = 0; i < topic.assignment.size(); ++i) {
    partitions[std::to_string(i)] = numbers(topic.assignment[i]);
  }
  for (const auto& [number, moving] : topic.moving) {
    adding[std::to_string(number)] = numbers(moving.adding);
    removing[std::to_string(number)] = numbers(moving.removing);
  }
  Json json{{"version", 3}, {"partitions", partitions}};
  if (!topic.moving.empty()) {
    json["adding_replicas"] = adding;
    json["removing_replicas"] = removing;
  }
  return json_text(json);
}

std::optional<StoredTopic> decode_assignment(const std::string& text) {
  const Json json = json_from(text);
  if (!json.is_object() || !json.contains("partitions")) return std::nullopt;
  StoredTopic topic;
  topic.assignment.resize(json["partitions"].size());
  for (std::size_t i = 0; i < topic.assignment.size(); ++i) {
    const std::string number = std::to_string(i);
    topic.assignment[i] = brokers(json["partitions"][number]);
    const Moving moving{
        json.contains("adding_replicas") && json["adding_replicas"].contains(number)
            ? brokers(json["adding_replicas"][number])
            : std::vector<BrokerId>(),
        json.contains("removing_replicas") && json["removing_replicas"].contains(number)
            ? brokers(json["removing_replicas"][number])
            : std::vector<BrokerId>()};
    if (moving.any()) topic.moving[static_cast<int>(i)] = moving;
  }
  return topic;
}

std::string encode_state(const LeaderAndIsr& state, ControllerEpoch epoch) {
  return json_text(Json{{"controller_epoch", epoch.value()},
                        {"leader", state.leader.value()},
                        {"version", 1},
                        {"leader_epoch", state.leader_epoch},
                        {"isr", numbers(state.isr)}});
}

std::optional<PartitionState> decode_state(const std::string& text, int version) {
  const Json json = json_from(text);
  if (!json.is_object() || !json.contains("isr")) return std::nullopt;
  PartitionState state;
  state.state.leader = BrokerId(json["leader"].get<int>());
  state.state.leader_epoch = json["leader_epoch"].get<int>();
  state.state.isr = brokers(json["isr"]);
  state.state.partition_epoch = version;
  state.controller_epoch = ControllerEpoch(json["controller_epoch"].get<int>());
  return state;
}

std::string encode_producer_ids(BrokerId broker, const ProducerIdBlock& block) {
  return json_text(Json{{"version", 1},
                        {"broker", broker.value()},
                        {"block_start", std::to_string(block.first)},
                        {"block_end", std::to_string(block.first + block.count - 1)}});
}

std::optional<ProducerIdBlock> decode_producer_ids(const std::string& text) {
  const Json json = json_from(text);
  if (!json.is_object() || !json.contains("block_start") || !json.contains("block_end")) {
    return std::nullopt;
  }
  const std::int64_t first = std::stoll(json["block_start"].get<std::string>());
  const std::int64_t last = std::stoll(json["block_end"].get<std::string>());
  return ProducerIdBlock{first, static_cast<std::int32_t>(last - first + 1)};
}

std::string encode_config_change(const ConfigEntity& entity) {
  return json_text(
      Json{{"version", 2}, {"entity_path", config_path(entity).substr(std::strlen("/config/"))}});
}

std::optional<ConfigEntity> decode_config_change(const std::string& text) {
  const Json json = json_from(text);
  if (!json.is_object() || !json.contains("entity_path")) return std::nullopt;
  const std::string path = json["entity_path"].get<std::string>();
  const std::size_t slash = path.find('/');
  if (slash == std::string::npos) return std::nullopt;
  std::string name = path.substr(slash + 1);
  if (path.starts_with("topics/")) return ConfigEntity{ConfigResource::topic, std::move(name)};
  if (!path.starts_with("brokers/")) return ConfigEntity{ConfigResource::quota, path};
  if (name == "<default>") name.clear();
  return ConfigEntity{ConfigResource::broker, std::move(name)};
}

std::string encode_topic_config(const TopicOverrides& config) {
  Json json;
  TopicOverrides::settings().to_json(config, json);
  return json_text(json);
}

TopicOverrides decode_topic_config(const std::string& text) {
  const Json json = json_from(text);
  SettingsReport report;
  return json.is_object() ? TopicOverrides::settings().read(json, report) : TopicOverrides{};
}

}  // namespace brokerlab::model::zk
