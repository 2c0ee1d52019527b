#include "model/kafka_settings.h"

#include "base/check.h"
#include "base/translation.h"

#include <algorithm>
#include <initializer_list>

namespace brokerlab::model {
namespace {

/// "a broker's setting".
std::string possessor(Component component) {
  switch (component) {
    case Component::broker:
      return tr("a broker's");
    case Component::topic:
      return tr("a topic's");
    case Component::producer:
      return tr("a producer's");
    case Component::consumer:
      return tr("a consumer's");
    case Component::admin:
      return tr("an admin client's");
    case Component::streams:
      return tr("a Streams application's");
    case Component::zookeeper:
      return tr("ZooKeeper's");
  }
  UNREACHABLE();
}

/// The name of the same thing among the settings of the other component; empty: none.
std::string_view other_name(Component component, const KafkaSetting& given) {
  if (component == Component::broker && given.component == Component::topic) return given.broker;
  if (component != Component::topic || given.component != Component::broker) return {};
  for (const KafkaSetting& setting : kafka_settings()) {
    const bool same = setting.component == Component::topic && setting.broker == given.name;
    if (same && setting.name != given.name) return setting.name;
  }
  return {};
}

bool begins_with_one_of(std::string_view key, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view one) { return key.starts_with(one); });
}

/// Where else a scenario says it, or what as a whole is not simulated; empty: nothing of both.
std::string elsewhere(Component component, std::string_view key) {
  if (begins_with_one_of(
          key, {"ssl.", "sasl.", "security.", "zookeeper.ssl.", "zookeeper.clientCnxnSocket",
                "authorizer.", "delegation.token.", "principal.builder.", "connections.max.reauth.",
                "password.encoder.", "super.users"})) {
    return tr("belongs to TLS, SASL and access control, which brokerlab does not simulate");
  }
  if (begins_with_one_of(key, {"remote.log.", "remote.storage.", "local.retention."}) ||
      key == "log.local.retention.ms" || key == "log.local.retention.bytes") {
    return tr("belongs to tiered storage, which brokerlab does not simulate");
  }
  if (begins_with_one_of(key, {"share.", "group.share."})) {
    return tr("belongs to share groups, which brokerlab does not simulate");
  }
  if (component == Component::broker) {
    if (begins_with_one_of(
            key, {"controller.quorum.", "controller.listener.", "node.id", "process.roles",
                  "metadata.log.", "metadata.max.", "initial.broker.registration."})) {
      return tr("belongs to KRaft, which brokerlab does not simulate: metadata are in ZooKeeper");
    }
    if (key.starts_with("broker.id")) {
      return tr("is given by brokerlab: brokers are 1, 2, 3 and so on, group after group");
    }
    if (key == "log.dir" || key == "log.dirs") {
      return tr("is the machine's: each of its \"disks\" is a log directory");
    }
    if (key == "zookeeper.connect")
      return tr("is given by brokerlab: all servers of \"zookeeper\"");
    if (begins_with_one_of(key, {"listener", "advertised.listeners", "inter.broker.listener."})) {
      return tr("is given by brokerlab: each broker has one listener, port 9092 of its machine");
    }
    return {};
  }
  if (component == Component::producer || component == Component::consumer) {
    if (key == "bootstrap.servers") return tr("is given by brokerlab: all brokers");
    if (key == "client.id") return tr("is given by brokerlab: the client's name");
    if (key == "group.id") return tr("is the group's name: \"group\"");
  }
  return {};
}

}  // namespace

std::span<const KafkaSetting> kafka_settings() {
  static constexpr KafkaSetting all[]{
#include "model/kafka_settings.inc"
  };
  return all;
}

const KafkaSetting* find_kafka_setting(Component component, std::string_view name) {
  for (const KafkaSetting& setting : kafka_settings()) {
    if (setting.component == component && setting.name == name) return &setting;
  }
  return nullptr;
}

std::string about_kafka_setting(Component component, std::string_view key) {
  const bool zookeeper = component == Component::zookeeper;
  if (find_kafka_setting(component, key) != nullptr) {
    std::string place = zookeeper ? std::string() : elsewhere(component, key);
    if (!place.empty()) return place;
    return zookeeper ? tr("is ZooKeeper's, but brokerlab does not model it yet")
                     : tr("is Kafka's, but brokerlab does not model it yet");
  }
  constexpr std::string_view property = "zookeeper.";  // a system property; zoo.cfg leaves it out
  if (zookeeper && key.starts_with(property) &&
      find_kafka_setting(component, key.substr(property.size())) != nullptr) {
    return tr("is written without \"{}\" in zoo.cfg: \"{}\"", property,
              key.substr(property.size()));
  }
  // The servers themselves, and groups of them: server.1, group.2, weight.3.
  for (const std::string_view many : {"server.", "group.", "weight."}) {
    if (zookeeper && key.starts_with(many)) {
      return tr("is written by brokerlab itself: the servers are those of \"nodes\"");
    }
  }
  std::vector<std::string> owners;
  std::string_view here;
  for (const KafkaSetting& setting : kafka_settings()) {
    if (setting.name != key) continue;
    owners.push_back(possessor(setting.component));
    if (here.empty()) here = other_name(component, setting);
  }
  if (owners.empty()) return {};
  std::string list;
  for (std::size_t i = 0; i < owners.size(); ++i) {
    list += i == 0 ? std::string() : i + 1 == owners.size() ? tr(" and ") : ", ";
    list += owners[i];
  }
  if (here.empty()) return tr("is {} setting, not {}", list, possessor(component));
  return tr("is {} setting; {} is \"{}\"", list, possessor(component), here);
}

std::vector<std::string> kafka_setting_names(Component component) {
  std::vector<std::string> names;
  for (const KafkaSetting& setting : kafka_settings()) {
    if (setting.component == component) names.emplace_back(setting.name);
  }
  return names;
}

}  // namespace brokerlab::model
