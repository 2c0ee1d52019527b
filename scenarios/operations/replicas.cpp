// Where replicas are, and who leads: kafka-reassign-partitions.sh, kafka-leader-election.sh.
#include "base/translation.h"
#include "scenarios/description.h"
#include "scenarios/faults/parts.h"
#include "scenarios/operations/kinds.h"
#include "scenarios/operations/operator.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace brokerlab::scenarios {
namespace {

using setting::list;

Operator::Judge judge_reassignment() {
  return [](const model::Response& response) {
    const auto& answer = dynamic_cast<const model::AlterPartitionReassignmentsResponse&>(response);
    if (answer.error != model::ErrorCode::none) return errors_of({{{}, answer.error}});
    return errors_of(answer.results);
  };
}

class Reassign final : public OperationAction {
 public:
  std::string topic;
  std::vector<std::vector<int>> replicas;
  static const Settings<Reassign>& settings() {
    static const auto all =
        Settings<Reassign>("Reassign",
                           "Partitions of a topic get other replicas while they are in use: new "
                           "ones are added, and when they are in sync the old ones leave.")
            .field("topic", &Reassign::topic, existing_topic_name(), "Which topic.")
            .required()
            .field("replicas", &Reassign::replicas,
                   list(list(setting::integer(1, 100), 0, 100), 1, 10'000),
                   "For each partition, from 0, the numbers of its brokers, the preferred leader "
                   "first; an empty list leaves the partition as it is.")
            .required();
    return all;
  }
  Phrase what() const override { return phrase("reassigns the partitions of topic {}", topic); }
  void check(const Scenario& scenario, const std::string& path,
             SettingsReport& report) const override {
    const bool known = check_operated_topic(scenario, path + "/reassign/topic", topic, report);
    if (known) check_partitions(scenario, path, report);
    for (std::size_t i = 0; i < replicas.size(); ++i) {
      if (std::set<int>(replicas[i].begin(), replicas[i].end()).size() != replicas[i].size()) {
        report.error(fmt::format("{}/reassign/replicas/{}", path, i),
                     fmt::format("[{}]", fmt::join(replicas[i], ",")), tr("names a broker twice"));
      }
      for (std::size_t at = 0; at < replicas[i].size(); ++at) {
        if (replicas[i][at] <= scenario.broker_count()) continue;
        report.error(fmt::format("{}/reassign/replicas/{}/{}", path, i, at),
                     std::to_string(replicas[i][at]),
                     tr("is no broker: they have the numbers 1 to {}", scenario.broker_count()));
      }
    }
  }
  /// Those that the topic has, or is given by another operation.
  void check_partitions(const Scenario& scenario, const std::string& path,
                        SettingsReport& report) const {
    const TopicSpec* of = scenario.topic(topic);
    if (of == nullptr) return;
    int most = of->partitions;
    for (const Operation& one : scenario.operations)
      most = std::max(most, one.partitions_of(topic));
    if (static_cast<int>(replicas.size()) <= most) return;
    report.error(fmt::format("{}/reassign/replicas/{}", path, most),
                 fmt::format("[{}]", fmt::join(replicas[static_cast<std::size_t>(most)], ",")),
                 tr("is for partition {}, which topic {} does not have", most, topic));
  }
  sim::Task<Refusal> carry_out(Operator& by) const override {
    Operator::Make make = [this] {
      auto request = std::make_unique<model::AlterPartitionReassignmentsRequest>();
      for (std::size_t i = 0; i < replicas.size(); ++i) {
        if (replicas[i].empty()) continue;
        request->partitions.push_back(
            {{topic, static_cast<int>(i)},
             std::vector<model::BrokerId>(replicas[i].begin(), replicas[i].end())});
      }
      return request;
    };
    return by.ask(std::move(make), judge_reassignment());
  }
};

class CancelReassignment final : public OperationAction {
 public:
  std::string topic;
  Phrase what() const override { return phrase("cancels the reassignment of topic {}", topic); }
  void check(const Scenario& scenario, const std::string& path,
             SettingsReport& report) const override {
    (void)check_operated_topic(scenario, path + "/cancel_reassignment", topic, report);
  }
  sim::Task<Refusal> carry_out(Operator& by) const override {
    Operator::Make make = [this, &by] {
      auto request = std::make_unique<model::AlterPartitionReassignmentsRequest>();
      const int partitions = by.cluster().scenario().topic(topic)->partitions;
      for (int i = 0; i < partitions; ++i) request->partitions.push_back({{topic, i}, {}});
      return request;
    };
    // Those that are not under way any longer are none of it.
    Operator::Judge judge = [](const model::Response& response) {
      const auto& answer =
          dynamic_cast<const model::AlterPartitionReassignmentsResponse&>(response);
      if (answer.error != model::ErrorCode::none) return errors_of({{{}, answer.error}});
      std::vector<model::AdminResult> wrong;
      bool any = false;
      for (const model::AdminResult& one : answer.results) {
        any = any || one.error == model::ErrorCode::none;
        if (one.error != model::ErrorCode::no_reassignment_in_progress) wrong.push_back(one);
      }
      return errors_of(any ? wrong : answer.results);
    };
    return by.ask(std::move(make), std::move(judge));
  }
};

class ElectLeaders final : public OperationAction {
 public:
  std::string topic;
  model::ElectionType type = model::ElectionType::preferred;
  static const Settings<ElectLeaders>& settings() {
    static const auto all =
        Settings<ElectLeaders>("ElectLeaders", "Leaders of a topic's partitions are elected.")
            .field("topic", &ElectLeaders::topic, existing_topic_name(), "Which topic.")
            .required()
            .field(
                "type", &ElectLeaders::type,
                setting::names<model::ElectionType>({{"preferred", model::ElectionType::preferred},
                                                     {"unclean", model::ElectionType::unclean}}),
                "The preferred replicas, where others lead; or, of partitions without a leader, "
                "any replica that lives, in sync or not, which loses records.");
    return all;
  }
  Phrase what() const override {
    return type == model::ElectionType::preferred
               ? phrase("elects the preferred leaders of topic {}", topic)
               : phrase("elects unclean leaders of topic {}", topic);
  }
  void check(const Scenario& scenario, const std::string& path,
             SettingsReport& report) const override {
    (void)check_operated_topic(scenario, path + "/elect_leaders/topic", topic, report);
  }
  sim::Task<Refusal> carry_out(Operator& by) const override {
    Operator::Make make = [this, &by] {
      auto request = std::make_unique<model::ElectLeadersRequest>();
      request->type = type;
      const int partitions = by.cluster().scenario().topic(topic)->partitions;
      for (int i = 0; i < partitions; ++i) request->partitions.push_back({topic, i});
      return request;
    };
    // Those that need none are as they should be.
    Operator::Judge judge = [](const model::Response& response) {
      const auto& answer = dynamic_cast<const model::ElectLeadersResponse&>(response);
      if (answer.error != model::ErrorCode::none) return errors_of({{{}, answer.error}});
      std::vector<model::AdminResult> wrong;
      for (const model::AdminResult& one : answer.results) {
        if (one.error != model::ErrorCode::election_not_needed) wrong.push_back(one);
      }
      return errors_of(wrong);
    };
    return by.ask(std::move(make), std::move(judge));
  }
};

}  // namespace

void add_replica_operations(Settings<Operation>& kinds) {
  kinds.alternative<Reassign>("reassign", &Operation::action,
                              "Partitions of a topic get other replicas.");
  kinds.alternative("cancel_reassignment", &Operation::action, &CancelReassignment::topic,
                    existing_topic_name(),
                    "What is under way of a topic's reassignment is taken back.");
  kinds.alternative<ElectLeaders>("elect_leaders", &Operation::action,
                                  "Leaders of a topic's partitions are elected by hand.");
}

}  // namespace brokerlab::scenarios
