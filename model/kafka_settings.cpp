#include "model/kafka_settings.h"

#include "base/check.h"
#include "base/translation.h"

#include <algorithm>

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
