#include "plan/files/draft.h"

#include "base/json_text.h"
#include "base/settings.h"
#include "base/translation.h"
#include "model/config.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace brokerlab::plan {
namespace {

/// What reading `config` with one setting complains of; empty: nothing.
template <class T>
std::string complaint(const Json& config) {
  SettingsReport report;
  T::settings().read(config, report);
  for (const Problem& one : report.errors) {
    // A single setting cannot keep the rules that hold between several.
    if (one.path.size() > 1) return one.message;
  }
  return {};
}

std::string complaint_of(model::Component component, const Json& config) {
  switch (component) {
    case model::Component::broker:
      return complaint<model::BrokerConfig>(config);
    case model::Component::topic:
      return complaint<model::TopicOverrides>(config);
    case model::Component::producer:
      return complaint<model::ProducerConfig>(config);
    case model::Component::consumer:
      return complaint<model::ConsumerConfig>(config);
    default:
      return {};
  }
}

/// The value with the type that Kafka declares.
Json typed(const std::string& value, std::string_view type) {
  if (type == "boolean" && (value == "true" || value == "false")) return value == "true";
  if (type != "int" && type != "long" && type != "short" && type != "double") return value;
  const Json number = json_from(value);
  return number.is_number() ? number : Json(value);
}

}  // namespace

Json json_of(const Config& config) {
  Json object = Json::object();
  for (const auto& [key, value] : config) object[key] = json_from(value);
  return object;
}

DraftTopic& Draft::topic(const std::string& name) {
  const auto at = std::find_if(topics.begin(), topics.end(),
                               [&](const DraftTopic& one) { return one.name == name; });
  if (at != topics.end()) return *at;
  topics.emplace_back();
  topics.back().name = name;
  return topics.back();
}

void Draft::remark(const NamedText& file, int line, const std::string& text, Phrase reason) {
  if (remarks.size() >= 2000) return;
  std::string brief = text.substr(0, 80);
  remarks.push_back({file.name, line, std::move(brief), std::move(reason)});
}

void Draft::set(const NamedText& file, int line, model::Component component, const std::string& key,
                const std::string& value, Config& config) {
  const std::string text = key + "=" + value;
  if (value.find("${") != std::string::npos || value.find("{{") != std::string::npos ||
      value.find("$(") != std::string::npos) {
    remark(file, line, text, phrase("has a placeholder; fill it in first"));
    return;
  }
  const model::KafkaSetting* known = model::find_kafka_setting(component, key);
  if (known == nullptr) {
    remark(file, line, text, phrase("Kafka 3.9 has no such setting (an old one, or misspelt)"));
    return;
  }
  const Json typed_value = typed(value, known->type);
  if (const std::string wrong = complaint_of(component, Json{{key, typed_value}}); !wrong.empty()) {
    if (value == known->default_value) return;  // Nothing is lost: that is how it behaves anyway.
    remark(file, line, text, {wrong, wrong});
    return;
  }
  if (config.contains(key)) {
    remark(file, line, text, phrase("stands here a second time: the last one counts"));
  }
  config[key] = json_text(typed_value);
}

}  // namespace brokerlab::plan
