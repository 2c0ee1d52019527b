#include "scenarios/operations/kinds.h"

#include "base/translation.h"
#include "scenarios/description.h"
#include "scenarios/names.h"
#include "scenarios/validate.h"

#include <set>

namespace brokerlab::scenarios {

const Settings<Operation>& Operation::settings() {
  static const auto all = [] {
    Settings<Operation> kinds("Operation", "What an operator does to the running cluster.");
    kinds.field("at", &Operation::at, Duration{0}, longest_run, "Since the start of the run.")
        .required()
        .choice(sentence("an operation"));
    add_topic_operations(kinds);
    add_replica_operations(kinds);
    add_broker_operations(kinds);
    add_record_operations(kinds);
    add_config_operations(kinds);
    return kinds;
  }();
  return all;
}

bool check_operated_topic(const Scenario& scenario, const std::string& path,
                          const std::string& name, SettingsReport& report) {
  if (scenario.topic(name) != nullptr || !report.clean("/topics")) return true;
  std::vector<std::string> known;
  for (const TopicSpec& topic : scenario.topics) known.push_back(topic.name);
  const std::string near = nearest_name(name, known);
  report.error(
      path, in_quotes(name),
      near.empty() ? tr("names no topic") : tr("names no topic; did you mean \"{}\"?", near));
  return false;
}

void validate_operations(const Scenario& scenario, SettingsReport& report) {
  std::set<std::string> made;
  for (std::size_t i = 0; i < scenario.operations.size(); ++i) {
    const Operation& operation = scenario.operations[i];
    const std::string path = fmt::format("/operations/{}", i);
    if (!report.clean(path)) continue;
    if (operation.at >= scenario.duration && report.clean("/duration")) {
      report.error(path + "/at", in_quotes(to_text(operation.at)),
                   tr("must be before the end of the run, {}", to_text(scenario.duration)));
    }
    operation.action->check(scenario, path, report);
    if (!operation.makes().empty()) made.insert(operation.makes());
  }
  const int at_start = scenario.brokers_at_start();
  for (std::size_t i = 0; i < scenario.topics.size(); ++i) {
    const TopicSpec& topic = scenario.topics[i];
    const int factor = scenario.replication_factor(topic);
    if (made.contains(topic.name) || topic.auto_created || factor <= at_start) continue;
    if (factor > scenario.broker_count() || !topic.replicas.empty()) continue;
    report.error(fmt::format("/topics/{}/replication.factor", i), std::to_string(factor),
                 tr("must not exceed the number of brokers at the start, {}", at_start));
  }
}

}  // namespace brokerlab::scenarios
