// The OpenMessaging Benchmark's workload and driver: who writes and who reads.
//
// Source: openmessaging/benchmark, io.openmessaging.benchmark.Workload and the Kafka driver's
// Config; rates are of all producers together.
#include "base/json_text.h"
#include "base/settings.h"
#include "base/translation.h"
#include "plan/files/draft.h"
#include "plan/files/properties.h"
#include "plan/files/yaml.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace brokerlab::plan {
namespace {

std::string text_of(const Json& object, const std::string& key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

/// What an int of Jackson's becomes: a fraction is cut off. `fallback` where nothing is said; what
/// is said and is no number, or out of the range, is an error.
double number_of(Draft& draft, const NamedText& file, const Json& object, const std::string& key,
                 double fallback, double least) {
  constexpr double most = std::numeric_limits<std::int32_t>::max();
  const auto at = object.find(key);
  if (at == object.end() || at->is_null()) return fallback;
  const auto number =
      at->is_string() ? number_of_yaml(at->get_ref<const std::string&>()) : std::nullopt;
  if (number && std::trunc(*number) >= least && *number <= most) return std::trunc(*number);
  draft.error(file, "/" + key, brief_text(*at),
              tr("must be a whole number from {:.0f} to {:.0f}", least, most));
  return fallback;
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
  const auto whole = [&](const char* key, double fallback, int least, int most) {
    const double asked = number_of(draft, of_load, workload, key, fallback, least);
    if (asked > most) {
      draft.remark(of_load, 0, fmt::format("{}: {:.0f}", key, asked),
                   phrase("is more than a scenario takes: {} stand here", most));
    }
    return static_cast<int>(std::min<double>(asked, most));
  };
  constexpr double any = std::numeric_limits<std::int32_t>::min();
  LoadShape shape{whole("topics", 1, 1, 1000),
                  whole("partitionsPerTopic", 1, 1, 10'000),
                  whole("producersPerTopic", 1, 1, 1000),
                  whole("subscriptionsPerTopic", 1, 0, 64),
                  whole("consumerPerSubscription", 1, 0, 1000),
                  number_of(draft, of_load, workload, "producerRate", 0, any),
                  whole("messageSize", 1024, 1, 1 << 30)};
  if (shape.members == 0) shape.groups = 0;
  // WorkloadGenerator: only a rate above 0 is one.
  if (shape.rate <= 0 && draft.errors.empty()) {
    draft.remark(of_load, 0, fmt::format("producerRate: {:.0f}", shape.rate),
                 phrase("0 or less asks for as much as goes; 1000 a second stand here"));
    shape.rate = 1000;
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
    draft.error(file, "", "", tr("is no YAML that can be read"));
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
    draft.error(file, "", "", tr("is no YAML that can be read"));
    return;
  }
  if (const std::string driver = text_of(*document, "driverClass");
      driver.find("KafkaBenchmarkDriver") == std::string::npos) {
    draft.remark(file, 0, driver, phrase("is the driver of something else than Kafka"));
  }
  draft.has_driver = true;
  draft.replication_factor = static_cast<int>(
      std::min(100.0, number_of(draft, file, *document, "replicationFactor", 0, 1)));
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
  const double minutes = number_of(draft, of_load, workload, "testDurationMinutes", 1, 0);
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

namespace {

std::int64_t of_brokers(const Draft& draft, const std::string& setting, std::int64_t otherwise) {
  const Config& config = draft.brokers.begin()->second.config;
  const auto at = config.find(setting);
  const Json value = at == config.end() ? Json(otherwise) : json_from(at->second);
  return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

/// Whether so many replicas find brokers: KafkaApis makes a topic of Kafka's own only then.
bool has_room(const Draft& draft, std::int64_t replicas) {
  return replicas <= static_cast<std::int64_t>(draft.brokers.size());
}

/// Whether acks=all can ever be had: else only acks=1 writes there.
bool takes_acks_all(Draft& draft, const std::string& name) {
  const DraftTopic& topic = draft.topic(name);
  const std::int64_t replicas =
      topic.replicas > 0 ? topic.replicas : of_brokers(draft, "default.replication.factor", 1);
  const auto own = topic.config.find("min.insync.replicas");
  const Json least = own == topic.config.end() ? Json(of_brokers(draft, "min.insync.replicas", 1))
                                               : json_from(own->second);
  return least.is_number_integer() && least <= replicas;
}

/// By its own cleanup.policy, or that of the brokers: then records need keys, and bytes.
bool is_compacted(Draft& draft, const std::string& name) {
  const Config& own = draft.topic(name).config;
  const Config& of_brokers = draft.brokers.begin()->second.config;
  auto at = own.find("cleanup.policy");
  if (at == own.end()) {
    at = of_brokers.find("log.cleanup.policy");
    if (at == of_brokers.end()) return false;
  }
  return at->second.find("compact") != std::string::npos;
}

}  // namespace

void put_example_load(Draft& draft, Json& scenario) {
  scenario["duration"] = "10min";
  constexpr std::size_t most = 10;
  Json topics = Json::array();
  std::set<std::string> kinds;
  for (const Json& topic : scenario["topics"]) {
    Json kind = topic;
    kind.erase("name");
    kind.erase("partitions");
    if (topics.size() < most && kinds.insert(json_text(kind)).second)
      topics.push_back(topic["name"]);
  }
  const auto write = [&](const std::string& who, const Json& topic, Json config) {
    Json source{{"name", who}, {"rate", "50/s"}, {"record_size", "200B"}};
    if (is_compacted(draft, topic.get<std::string>())) {
      source["payload"] = "real";
      source["keys"] = Json{{"uniform", {{"count", 1000}}}};
    } else {
      source["payload"] = "phantom";
    }
    scenario["sources"].push_back(std::move(source));
    scenario["producers"].push_back(Json{{"name", who},
                                         {"source", who},
                                         {"topic", topic},
                                         {"poll_interval", "10ms"},
                                         {"service_time", "0ns"},
                                         {"query_time", "0ns"},
                                         {"config", std::move(config)}});
  };
  std::string safe;
  for (const Json& topic : topics) {
    const bool all = takes_acks_all(draft, topic.get<std::string>());
    if (all && safe.empty()) safe = topic.get<std::string>();
    write(fmt::format("writer-{}", scenario["producers"].size() + 1), topic,
          all ? Json::object() : Json{{"acks", "1"}, {"enable.idempotence", false}});
  }
  const std::int64_t states = of_brokers(draft, "transaction.state.log.replication.factor", 3);
  if (!safe.empty() && has_room(draft, states) &&
      states >= of_brokers(draft, "transaction.state.log.min.isr", 2)) {
    write("transactions", safe, Json{{"transactional.id", "transactions"}});
  }
  if (has_room(draft, of_brokers(draft, "offsets.topic.replication.factor", 3))) {
    scenario["consumers"].push_back(Json{{"group", "readers"},
                                         {"topics", topics},
                                         {"config", Json{{"auto.offset.reset", "earliest"}}}});
  }
  scenario["expect"] = Json::array({Json{{"no_acknowledged_record_lost", true}}});
  draft.remark(
      {}, 0, "",
      phrase("no file tells of a load: writers of 50 records a second stand here ({} in all), "
             "and a group that reads, if there are brokers for its offsets",
             scenario["producers"].size()));
}

}  // namespace brokerlab::plan
