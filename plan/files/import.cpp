#include "plan/files/import.h"

#include "base/json_text.h"
#include "base/translation.h"
#include "plan/files/draft.h"
#include "plan/files/properties.h"
#include "plan/files/topic_listing.h"
#include "plan/files/yaml.h"
#include "scenarios/loader.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace brokerlab::plan {
namespace {

constexpr std::size_t most_brokers = 100;

/// From the first brace to the one that closes it, of what kafka-reassign-partitions prints around
/// its plans: the proposed one, if there is one. Empty: there is no such thing.
std::string_view plan_inside(std::string_view text) {
  if (text.find("artition re") == std::string_view::npos) return {};
  const std::size_t proposed = text.find("Proposed partition reassignment");
  if (proposed != std::string_view::npos) text.remove_prefix(proposed);
  const std::size_t begin = text.find('{');
  if (begin == std::string_view::npos) return {};
  int depth = 0;
  for (std::size_t at = begin; at < text.size(); ++at) {
    if (text[at] == '{') ++depth;
    if (text[at] == '}' && --depth == 0) return text.substr(begin, at + 1 - begin);
  }
  return {};
}

/// Which of the benchmark's files a text is: by its keys, or, where it is no YAML, by what looks
/// like them, so that it can be told what is wrong.
FileKind benchmark_in(std::string_view text) {
  const auto has = [&](std::string_view word) { return text.find(word) != std::string_view::npos; };
  if (!has("driverClass") && !has("partitionsPerTopic") && !has("producerRate")) {
    return FileKind::unknown;
  }
  if (const auto document = json_of_yaml(std::string(text)); document && document->is_object()) {
    if (document->contains("driverClass")) return FileKind::driver;
    const bool workload =
        document->contains("partitionsPerTopic") || document->contains("producerRate");
    return workload ? FileKind::workload : FileKind::unknown;
  }
  if (has("driverClass:")) return FileKind::driver;
  return has("partitionsPerTopic:") || has("producerRate:") ? FileKind::workload
                                                            : FileKind::unknown;
}

/// One of several that stand side by side under "brokers".
Json group_of(const DraftBroker& broker, const Draft& draft, Json& hardware,
              std::map<std::string, std::string>& kinds) {
  Json machine = json_from(broker.machine ? *broker.machine : draft.any_machine.value_or("{}"));
  if (broker.log_dirs > 1 && !machine.contains("disks")) {
    machine["disks"] = Json::array();
    for (int i = 0; i < broker.log_dirs; ++i) machine["disks"].push_back(Json{{"kind", "hdd"}});
  }
  Json group{{"count", 1}};
  if (!machine.empty()) {
    const auto [at, fresh] =
        kinds.try_emplace(json_text(machine), fmt::format("machine-{}", kinds.size() + 1));
    if (fresh) hardware[at->second] = machine;
    group["machine"] = at->second;
  }
  group["config"] = json_of(broker.config);
  return group;
}

void put_brokers(const Draft& draft, Json& scenario) {
  std::map<std::string, std::string> kinds;
  Json hardware = Json::object();
  Json groups = Json::array();
  std::size_t taken = 0;
  for (const auto& [id, broker] : draft.brokers) {
    if (++taken > most_brokers) break;
    Json group = group_of(broker, draft, hardware, kinds);
    if (!groups.empty()) {
      Json like_last = groups.back();
      like_last["count"] = 1;
      if (like_last == group) {
        groups.back()["count"] = groups.back()["count"].get<int>() + 1;
        continue;
      }
    }
    groups.push_back(std::move(group));
  }
  if (!hardware.empty()) scenario["hardware"] = std::move(hardware);
  if (draft.servers) scenario["zookeeper"] = Json{{"nodes", *draft.servers}};
  scenario["brokers"] = groups.size() == 1 ? groups.front() : std::move(groups);
}

/// How many brokers the replicas need that files ask for, and who asks.
std::pair<int, std::string> asked_by_replicas(const Draft& draft) {
  std::pair<int, std::string> most{0, {}};
  const auto ask = [&](int replicas, const std::string& who) {
    if (replicas > most.first) most = {std::min(replicas, 30), who};
  };
  for (const auto& [id, broker] : draft.brokers) {
    const auto at = broker.config.find("default.replication.factor");
    if (at == broker.config.end()) continue;
    const Json number = json_from(at->second);
    if (number.is_number_integer()) ask(number.get<int>(), "default.replication.factor");
  }
  for (const DraftTopic& topic : draft.topics) ask(topic.replicas, topic.name);
  ask(draft.replication_factor, "replicationFactor");
  return most;
}

/// Brokers that only others tell of are set up as the last of those that have files.
void fill_in(Draft& draft) {
  if (!draft.last_file) return;
  const DraftBroker& like = draft.brokers[*draft.last_file];
  std::string ids;
  for (auto& [id, broker] : draft.brokers) {
    if (broker.has_file) continue;
    broker.config = like.config;
    broker.log_dirs = like.log_dirs;
    ids += (ids.empty() ? "" : ", ") + std::to_string(id);
  }
  if (ids.empty()) return;
  draft.remark({}, 0, "broker.id=" + ids,
               phrase("has no file of its own: what {} says stands here", draft.last_file_name));
}

/// One server.properties stands for a cluster of such brokers, if it asks for more replicas.
void add_like_brokers(Draft& draft) {
  const auto [needed, who] = asked_by_replicas(draft);
  const int there = static_cast<int>(draft.brokers.size());
  if (draft.brokers.empty() || there >= needed) return;
  const DraftBroker like = draft.brokers.rbegin()->second;
  int id = draft.brokers.rbegin()->first;
  for (int i = there; i < needed; ++i) draft.brokers[++id] = like;
  draft.remark(
      {}, 0, fmt::format("{}={}", who, needed),
      phrase("needs {} brokers, files tell of {}: others like the last stand here", needed, there));
}

void put_topics(Draft& draft, Json& scenario) {
  scenario["topics"] = Json::array();
  for (const DraftTopic& topic : draft.topics) {
    Json one{{"name", topic.name}, {"partitions", std::clamp(topic.partitions, 1, 10'000)}};
    if (topic.replicas > 0) one["replication.factor"] = topic.replicas;
    if (!topic.config.empty()) one["config"] = json_of(topic.config);
    scenario["topics"].push_back(std::move(one));
  }
}

/// What brokers tell of themselves: which number they have now.
void tell_numbers(Draft& draft) {
  std::string text;
  int number = 0;
  bool other = false;
  for (const auto& [id, broker] : draft.brokers) {
    ++number;
    other = other || id != number;
    if (number <= 20) text += fmt::format("{}{} = broker-{}", number == 1 ? "" : ", ", id, number);
  }
  if (other) draft.remark({}, 0, text, phrase("brokers are numbered from 1 here"));
  if (draft.brokers.size() > most_brokers) {
    draft.remark({}, 0, std::to_string(draft.brokers.size()), phrase("at most 100 brokers"));
  }
}

void add(Draft& draft, const NamedText& file) {
  switch (kind_of(file.text)) {
    case FileKind::properties:
      return add_properties(draft, file);
    case FileKind::topics:
      return add_topics(draft, file);
    case FileKind::reassignment:
      return add_reassignment(draft, file);
    case FileKind::capacity:
      return add_capacity(draft, file);
    case FileKind::workload:
      return add_workload(draft, file);
    case FileKind::driver:
      return add_driver(draft, file);
    case FileKind::unknown:
      draft.remark(file, 0, "",
                   phrase("is none of: server.properties, kafka-topics --describe, reassignment or "
                          "capacity JSON, benchmark YAML"));
      return;
  }
}

}  // namespace

FileKind kind_of(std::string_view text) {
  if (text.size() > (8U << 20)) return FileKind::unknown;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return FileKind::unknown;
  if (text[first] == '{') {
    const Json document = json_from(text);
    if (document.is_object() && document.contains("brokerCapacities")) return FileKind::capacity;
    if (document.is_object() && document.contains("partitions")) return FileKind::reassignment;
    return benchmark_in(text);
  }
  if (const std::string_view plan = plan_inside(text); !plan.empty()) return kind_of(plan);
  if (is_topic_listing(text)) return FileKind::topics;
  if (const FileKind kind = benchmark_in(text); kind != FileKind::unknown) return kind;
  const std::vector<Property> properties = parse_properties(text);
  const auto known = std::count_if(properties.begin(), properties.end(), [](const Property& one) {
    return model::find_kafka_setting(model::Component::broker, one.key) != nullptr;
  });
  return known > 0 ? FileKind::properties : FileKind::unknown;
}

Imported import_files(const std::vector<NamedText>& files, const std::string& name) {
  Draft draft;
  for (NamedText file : files) {
    if (file.text.starts_with("\xEF\xBB\xBF")) file.text.erase(0, 3);
    if (const std::string plan(plan_inside(file.text));
        !plan.empty() && kind_of(file.text) == FileKind::reassignment) {
      file.text = plan;
    }
    add(draft, file);
  }
  const bool something = !draft.brokers.empty() || !draft.topics.empty() || draft.workload;
  Imported imported;
  if (!something && draft.has_driver) {
    draft.remark({}, 0, "", phrase("a driver says how; how much is said by a workload: give both"));
  }
  if (something) {
    if (draft.brokers.empty()) {
      const int brokers = std::max(3, draft.replication_factor);
      for (int id = 1; id <= brokers; ++id) draft.brokers[id];
      draft.remark({}, 0, "", phrase("no file tells of brokers: {} stand here", brokers));
    }
    fill_in(draft);
    add_like_brokers(draft);
    tell_numbers(draft);
    Json scenario{{"name", name}, {"title", name}, {"duration", "1min"}};
    put_brokers(draft, scenario);
    if (draft.topics.empty() && !draft.workload) {
      draft.topic("example").partitions = 1;
      draft.remark({}, 0, "", phrase("no file tells of topics: \"example\" stands here"));
    }
    put_topics(draft, scenario);
    if (draft.workload) {
      put_load(draft, scenario);
    } else {
      put_example_load(draft, scenario);
      imported.origin = Origin::files_without_load;
    }
    imported.scenario = json_text(scenario, 2) + "\n";
    for (const Problem& one : scenarios::parse_scenario(imported.scenario, "", ".").errors) {
      draft.remark({}, 0, one.path, phrase("has to be mended before it runs: {}", one.message));
    }
  }
  if (!draft.errors.empty()) imported.scenario.clear();
  imported.errors = std::move(draft.errors);
  imported.remarks = std::move(draft.remarks);
  return imported;
}

std::string to_text(const Remark& remark) {
  std::string text = remark.file;
  if (remark.line > 0) text += fmt::format("{}{}", text.empty() ? "" : ":", remark.line);
  if (!remark.text.empty()) text += (text.empty() ? "" : ": ") + remark.text;
  return text + (text.empty() ? "" : ": ") + say(remark.reason);
}

}  // namespace brokerlab::plan
