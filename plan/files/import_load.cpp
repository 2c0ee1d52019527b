// The OpenMessaging Benchmark's workload and driver: who writes and who reads.
//
// Source: openmessaging/benchmark, io.openmessaging.benchmark.Workload and the Kafka driver's
// Config; rates are of all producers together.
#include "base/json_text.h"
#include "base/translation.h"
#include "plan/files/draft.h"
#include "plan/files/properties.h"
#include "plan/files/yaml.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace brokerlab::plan {
namespace {

std::string text_of(const Json& object, const std::string& key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

double number_of(const Json& object, const std::string& key, double fallback, double most) {
  const Json number = json_from(text_of(object, key));
  return number.is_number() ? std::clamp(number.get<double>(), 0.0, most) : fallback;
}

/// "a=b" lines, or a map.
std::vector<Property> properties_of(const Json& value) {
  if (value.is_string()) return parse_properties(value.get_ref<const std::string&>());
  std::vector<Property> properties;
  if (!value.is_object()) return properties;
  for (const auto& [key, one] : value.items()) {
    if (one.is_string()) properties.push_back({key, one.get<std::string>(), 0});
  }
  return properties;
}

struct LoadShape {
  int topics, partitions, producers, groups, members;
  double rate;
  std::int64_t size;
};

LoadShape shape_of(Draft& draft, const Json& workload) {
  const NamedText of_load{text_of(workload, "\nfile"), ""};
  const auto whole = [&](const char* key, double fallback, int most) {
    const double asked = number_of(workload, key, fallback, 1e9);
    if (asked > most) {
      draft.remark(of_load, 0, fmt::format("{}: {:.0f}", key, asked),
                   phrase("is more than a scenario takes: {} stand here", most));
    }
    return std::max(1, static_cast<int>(std::min<double>(asked, most)));
  };
  LoadShape shape{whole("topics", 1, 1000),
                  whole("partitionsPerTopic", 1, 10'000),
                  whole("producersPerTopic", 1, 1000),
                  whole("subscriptionsPerTopic", 1, 64),
                  whole("consumerPerSubscription", 1, 1000),
                  number_of(workload, "producerRate", 0, 1e8),
                  whole("messageSize", 1024, 1 << 30)};
  if (shape.rate <= 0) {
    shape.rate = 1000;
    draft.remark(of_load, 0, "producerRate",
                 phrase("0 asks for as much as goes; 1000 a second stand here"));
  }
  if (shape.topics * shape.producers > 100) {
    draft.remark(of_load, 0, "producersPerTopic",
                 phrase("{} producers are too many machines: one a topic sends what they sent",
                        shape.topics * shape.producers));
    shape.producers = 1;
  }
  if (shape.topics * shape.producers > 200) {
    draft.remark(of_load, 0, "topics",
                 phrase("only {} of {} topics are taken, with all of the load", 200, shape.topics));
    shape.topics = 200;
  }
  return shape;
}

}  // namespace

void add_workload(Draft& draft, const NamedText& file) {
  auto document = json_of_yaml(file.text);
  if (!document || !document->is_object()) {
    draft.remark(file, 0, "", phrase("is no YAML that can be read"));
    return;
  }
  if (draft.workload) {
    draft.remark(file, 0, "", phrase("is a second workload: the first counts"));
    return;
  }
  static const std::set<std::string> taken{"name",
                                           "topics",
                                           "partitionsPerTopic",
                                           "messageSize",
                                           "producerRate",
                                           "producersPerTopic",
                                           "subscriptionsPerTopic",
                                           "consumerPerSubscription",
                                           "testDurationMinutes",
                                           "keyDistributor"};
  for (const auto& [key, value] : document->items()) {
    if (taken.contains(key)) continue;
    const std::string text = value.is_string() ? key + ": " + value.get<std::string>() : key;
    if (text.ends_with(": 0") || text.ends_with(": false")) continue;
    draft.remark(file, 0, text, phrase("has no counterpart in a scenario"));
  }
  (*document)["\nfile"] = file.name;
  draft.workload = json_text(*document);
}

void add_driver(Draft& draft, const NamedText& file) {
  const auto document = json_of_yaml(file.text);
  if (!document || !document->is_object()) {
    draft.remark(file, 0, "", phrase("is no YAML that can be read"));
    return;
  }
  if (const std::string driver = text_of(*document, "driverClass");
      driver.find("KafkaBenchmarkDriver") == std::string::npos) {
    draft.remark(file, 0, driver, phrase("is the driver of something else than Kafka"));
  }
  draft.has_driver = true;
  draft.replication_factor = static_cast<int>(number_of(*document, "replicationFactor", 0, 100));
  const auto each = [&](const char* key, model::Component component, Config& config) {
    const auto at = document->find(key);
    if (at == document->end()) return;
    for (const Property& one : properties_of(*at)) {
      if (one.key == "bootstrap.servers" || one.key.ends_with("serializer")) continue;
      draft.set(file, 0, component, one.key, one.value, config);
    }
  };
  each("topicConfig", model::Component::topic, draft.topic_config);
  // Of producers, consumers and the admin client: a setting is told of when none of them has it.
  if (const auto at = document->find("commonConfig"); at != document->end()) {
    for (const Property& one : properties_of(*at)) {
      if (one.key == "bootstrap.servers" || one.key.ends_with("serializer")) continue;
      const auto has = [&](model::Component component) {
        return model::find_kafka_setting(component, one.key) != nullptr;
      };
      const bool consumers = has(model::Component::consumer);
      if (has(model::Component::producer) || (!consumers && !has(model::Component::admin))) {
        draft.set(file, 0, model::Component::producer, one.key, one.value, draft.producer_config);
      }
      if (consumers) {
        draft.set(file, 0, model::Component::consumer, one.key, one.value, draft.consumer_config);
      }
    }
  }
  each("producerConfig", model::Component::producer, draft.producer_config);
  each("consumerConfig", model::Component::consumer, draft.consumer_config);
}

void put_load(Draft& draft, Json& scenario) {
  const Json workload = json_from(*draft.workload);
  const NamedText of_load{text_of(workload, "\nfile"), ""};
  const LoadShape shape = shape_of(draft, workload);
  const double minutes = number_of(workload, "testDurationMinutes", 1, 1e4);
  if (minutes > 2) {
    draft.remark(of_load, 0, "testDurationMinutes",
                 phrase("two minutes are run; brokerlab run --set duration=... for more"));
  }
  scenario["duration"] = minutes >= 2 ? "2min" : "1min";
  const double each = shape.rate / (shape.topics * shape.producers);
  const std::string keys = text_of(workload, "keyDistributor");
  const bool keyed = !keys.empty() && keys != "NO_KEY";
  if (keyed) {
    draft.remark(of_load, 0, "keyDistributor: " + keys,
                 phrase("keys are drawn from 10000, each as likely as any other"));
  }
  for (int topic = 1; topic <= shape.topics; ++topic) {
    const std::string name = fmt::format("test-topic-{}", topic);
    Json described{{"name", name}, {"partitions", shape.partitions}};
    if (draft.replication_factor > 0) described["replication.factor"] = draft.replication_factor;
    if (!draft.topic_config.empty()) described["config"] = json_of(draft.topic_config);
    scenario["topics"].push_back(std::move(described));
    for (int producer = 1; producer <= shape.producers; ++producer) {
      const std::string who = fmt::format("producer-{}-{}", topic, producer);
      Json source{{"name", who},
                  {"payload", "phantom"},
                  {"rate", fmt::format("{:.6f}/s", each)},
                  {"record_size", fmt::format("{}B", shape.size)}};
      if (keyed) source["keys"] = Json{{"uniform", {{"count", 10'000}}}};
      scenario["sources"].push_back(std::move(source));
      scenario["producers"].push_back(Json{{"name", who},
                                           {"source", who},
                                           {"topic", name},
                                           {"poll_interval", "10ms"},
                                           {"service_time", "0ns"},
                                           {"query_time", "0ns"},
                                           {"config", json_of(draft.producer_config)}});
    }
  }
  // A group of its own for each topic, or else groups that read as many as one can.
  constexpr int most_topics = 100;
  const int together = shape.topics * shape.groups <= 64 ? 1 : std::min(shape.topics, most_topics);
  if (together > 1) {
    draft.remark(of_load, 0, "subscriptionsPerTopic",
                 phrase("a group reads {} topics, since {} groups are too many", together,
                        shape.topics * shape.groups));
  }
  for (int first = 1; first <= shape.topics; first += together) {
    const int last = std::min(shape.topics, first + together - 1);
    for (int group = 1; group <= shape.groups; ++group) {
      Json topics = Json::array();
      for (int one = first; one <= last; ++one) topics.push_back(fmt::format("test-topic-{}", one));
      const int members = std::min(1000, shape.members * (last - first + 1));
      scenario["consumers"].push_back(Json{{"group", fmt::format("sub-{}-{}", first, group)},
                                           {"members", members},
                                           {"topics", std::move(topics)},
                                           {"service_time", "0ns"},
                                           {"config", json_of(draft.consumer_config)}});
    }
  }
}

}  // namespace brokerlab::plan
