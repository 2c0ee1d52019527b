// Topics that are made, grow and go: kafka-topics.sh.
#include "base/translation.h"
#include "scenarios/description.h"
#include "scenarios/faults/parts.h"
#include "scenarios/operations/kinds.h"
#include "scenarios/operations/operator.h"

namespace brokerlab::scenarios {
namespace {

class CreateTopic final : public OperationAction {
 public:
  std::string topic;
  Phrase what() const override { return phrase("creates topic {}", topic); }
  std::string makes() const override { return topic; }
  void check(const Scenario& scenario, const std::string& path,
             SettingsReport& report) const override {
    if (!check_operated_topic(scenario, path + "/create_topic", topic, report)) return;
    const TopicSpec* declared = scenario.topic(topic);
    if (declared != nullptr && declared->auto_created) {
      report.error(path + "/create_topic", in_quotes(topic),
                   tr("is made by brokers when a client asks for it: it has auto_created"));
    }
  }
  sim::Task<Refusal> carry_out(Operator& by) const override {
    Operator::Make make = [this, &by] {
      auto request = std::make_unique<model::CreateTopicsRequest>();
      const Scenario& scenario = by.cluster().scenario();
      request->topics.push_back(creation_of(scenario, *scenario.topic(topic)));
      return request;
    };
    Operator::Judge judge = [this, &by](const model::Response& response) {
      std::vector<model::AdminResult> results;
      for (const auto& one : dynamic_cast<const model::CreateTopicsResponse&>(response).topics) {
        results.push_back({{one.name, -1}, one.error});
      }
      const Phrase wrong = errors_of(results);
      if (wrong.english.empty()) by.has_made(topic);
      return wrong;
    };
    return by.ask(std::move(make), std::move(judge));
  }
};

class DeleteTopic final : public OperationAction {
 public:
  std::string topic;
  Phrase what() const override { return phrase("deletes topic {}", topic); }
  void check(const Scenario& scenario, const std::string& path,
             SettingsReport& report) const override {
    (void)check_operated_topic(scenario, path + "/delete_topic", topic, report);
    if (topic == model::offsets_topic) {
      report.error(path + "/delete_topic", in_quotes(topic),
                   tr("is Kafka's own: it holds groups' offsets"));
    }
  }
  sim::Task<Refusal> carry_out(Operator& by) const override {
    Operator::Make make = [this] {
      auto request = std::make_unique<model::DeleteTopicsRequest>();
      request->topics.push_back(topic);
      return request;
    };
    Operator::Judge judge = [](const model::Response& response) {
      return errors_of(dynamic_cast<const model::DeleteTopicsResponse&>(response).results);
    };
    return by.ask(std::move(make), std::move(judge));
  }
};

class AddPartitions final : public OperationAction {
 public:
  std::string topic;
  int partitions = 1;
  static const Settings<AddPartitions>& settings() {
    static const auto all =
        Settings<AddPartitions>("AddPartitions", "A topic gets more partitions.")
            .field("topic", &AddPartitions::topic, existing_topic_name(), "Which topic.")
            .required()
            .field("partitions", &AddPartitions::partitions, 1, 10'000, "How many it has then.")
            .required();
    return all;
  }
  Phrase what() const override {
    return phrase("gives topic {} {} partitions", topic, std::to_string(partitions));
  }
  int partitions_of(const std::string& name) const override {
    return name == topic ? partitions : 0;
  }
  void check(const Scenario& scenario, const std::string& path,
             SettingsReport& report) const override {
    (void)check_operated_topic(scenario, path + "/add_partitions/topic", topic, report);
  }
  sim::Task<Refusal> carry_out(Operator& by) const override {
    Operator::Make make = [this] {
      auto request = std::make_unique<model::CreatePartitionsRequest>();
      request->topics.push_back({topic, partitions});
      return request;
    };
    Operator::Judge judge = [](const model::Response& response) {
      return errors_of(dynamic_cast<const model::CreatePartitionsResponse&>(response).results);
    };
    return by.ask(std::move(make), std::move(judge));
  }
};

}  // namespace

void add_topic_operations(Settings<Operation>& kinds) {
  kinds.alternative("create_topic", &Operation::action, &CreateTopic::topic, existing_topic_name(),
                    "A topic of /topics is made now, and not before the run.");
  kinds.alternative("delete_topic", &Operation::action, &DeleteTopic::topic, existing_topic_name(),
                    "A topic is deleted, with all its records.");
  kinds.alternative<AddPartitions>("add_partitions", &Operation::action,
                                   "A topic gets more partitions.");
}

}  // namespace brokerlab::scenarios
