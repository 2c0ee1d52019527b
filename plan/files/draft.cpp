#include "plan/files/draft.h"

#include "base/json_text.h"
#include "base/problem.h"
#include "base/settings.h"
#include "base/translation.h"
#include "model/config.h"
#include "plan/files/config_value.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

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

/// A list where brokerlab has one: settings that are texts with commas stay that.
Json as_list(const std::string& text) {
  Json list = Json::array();
  std::size_t from = 0;
  for (std::size_t comma = text.find(','); comma != std::string::npos;
       comma = text.find(',', from)) {
    list.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  list.push_back(text.substr(from));
  return list;
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

bool is_secret(std::string_view key) {
  static constexpr std::array<std::string_view, 7> parts{
      "password", "secret", "jaas", "credential", "access.key", "token", "private"};
  return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) {
    return key.find(part) != std::string_view::npos;
  });
}

std::string told(const std::string& key, const std::string& value) {
  return key + "=" + (is_secret(key) && !value.empty() ? "***" : value);
}

void Draft::remark(const NamedText& file, int line, const std::string& text, Phrase reason) {
  if (remarks.size() >= 2000) return;
  std::size_t end = std::min<std::size_t>(text.size(), 80);
  // A letter is told whole.
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  std::string brief = text.substr(0, end);
  remarks.push_back({file.name, line, std::move(brief), std::move(reason)});
}

void Draft::error(const NamedText& file, const std::string& path, const std::string& value,
                  std::string message) {
  if (errors.size() >= 200) return;
  errors.push_back({file.name, path, value, std::move(message)});
}

void Draft::set(const NamedText& file, int line, model::Component component, const std::string& key,
                const std::string& value, Config& config) {
  const std::string text = told(key, value);
  if (value.find("${") != std::string::npos || value.find("{{") != std::string::npos ||
      value.find("$(") != std::string::npos) {
    remark(file, line, text, phrase("has a placeholder; fill it in first"));
    return;
  }
  const model::KafkaSetting* known = model::find_kafka_setting(component, key);
  if (known == nullptr) {
    const std::string near = nearest_name(key, model::kafka_setting_names(component));
    remark(file, line, text,
           near.empty()
               ? phrase("Kafka 3.9 has no such setting (an old one, a plugin's, or misspelt)")
               : phrase("Kafka 3.9 has no such setting; did you mean {}?", near));
    return;
  }
  // Java's Properties know comments of whole lines only: this is what Kafka refuses, too.
  if (const std::size_t hash = value.find(" #");
      hash != std::string::npos && known->type != "string") {
    remark(
        file, line, text,
        phrase("# begins a comment only at the beginning of a line: Kafka takes it for a part of "
               "the value and does not start"));
    return;
  }
  Json typed_value = config_value(key, value, known->type);
  std::string wrong = complaint_of(component, Json{{key, typed_value}});
  if (!wrong.empty() && known->type == "list") {
    Json list = as_list(typed_value.get<std::string>());
    if (complaint_of(component, Json{{key, list}}).empty()) {
      wrong.clear();
      typed_value = std::move(list);
    }
  }
  if (!wrong.empty()) {
    // Nothing is lost: that is how it behaves anyway.
    if (typed_value == config_value(key, known->default_value, known->type)) return;
    remark(file, line, text, {wrong, wrong});
    return;
  }
  if (config.contains(key)) {
    remark(file, line, text, phrase("stands here a second time: the last one counts"));
  }
  config[key] = json_text(typed_value);
}

}  // namespace brokerlab::plan
