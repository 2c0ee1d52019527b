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
  std::optional<std::int64_t> throttle;
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
            .required()
            .field("throttle", &Reassign::throttle, setting::integer64(0),
                   "Bytes a second that each broker sends, and fetches, for it: it sets "
                   "leader.replication.throttled.replicas and its like, waits for the end and "
                   "takes them back. Unset: as fast as it goes.");
    return all;
  }
  Phrase what() const override { return phrase("reassigns the partitions of topic {}", topic); }
  bool changes_settings() const override { return throttle.has_value(); }
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
    return throttle ? carry_out_slowly(by) : start(by);
  }

 private:
  using Alter = model::IncrementalAlterConfigsRequest;

  sim::Task<Refusal> start(Operator& by) const {
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

  /// ReassignPartitionsCommand: throttles first, and taken back when --verify finds it done.
  sim::Task<Refusal> carry_out_slowly(Operator& by) const {
    std::string asked = topic;
    const std::unique_ptr<model::MetadataResponse> known = co_await by.metadata(std::move(asked));
    if (!known) co_return errors_of({{{topic, -1}, model::ErrorCode::request_timed_out}});
    Throttles throttles = throttles_for(*known);
    Refusal refusal = co_await set_throttles(by, throttles);
    if (refusal.english.empty()) refusal = co_await start(by);
    if (!refusal.english.empty()) co_return refusal;
    bool done = false;
    while (!done) {
      co_await by.world().sleep(1s);
      std::string again = topic;
      const std::unique_ptr<model::MetadataResponse> now = co_await by.metadata(std::move(again));
      done = now && is_done(*now);
    }
    for (auto* configs : {&throttles.of_topic, &throttles.of_broker}) {
      for (Alter::Config& one : *configs) one.value.reset();
    }
    refusal = co_await set_throttles(by, throttles);
    co_return refusal;
  }

  struct Throttles {
    std::vector<Alter::Config> of_topic;
    std::vector<Alter::Config> of_broker;
    std::set<model::BrokerId> brokers;
  };
  /// Who has a replica sends, who gets one fetches (calculateLeaderThrottles,
  /// calculateFollowerThrottles).
  Throttles throttles_for(const model::MetadataResponse& known) const {
    Throttles throttles;
    std::string leaders;
    std::string followers;
    const auto add = [&](std::string& list, int partition, model::BrokerId broker) {
      list += fmt::format("{}{}:{}", list.empty() ? "" : ",", partition, broker);
      throttles.brokers.insert(broker);
    };
    for_each_moved(known, [&](const model::PartitionMetadata& now,
                              const std::vector<model::BrokerId>& wanted) {
      for (const model::BrokerId broker : now.replicas) add(leaders, now.partition, broker);
      for (const model::BrokerId broker : wanted) {
        if (!model::contains(now.replicas, broker)) add(followers, now.partition, broker);
      }
    });
    throttles.of_topic = {{"leader.replication.throttled.replicas", leaders},
                          {"follower.replication.throttled.replicas", followers}};
    const std::string rate = std::to_string(*throttle);
    throttles.of_broker = {{"leader.replication.throttled.rate", rate},
                           {"follower.replication.throttled.rate", rate}};
    return throttles;
  }

  sim::Task<Refusal> set_throttles(Operator& by, const Throttles& throttles) const {
    Operator::Make of_topic =
        alteration_of({{model::ConfigResource::topic, topic}, throttles.of_topic});
    Operator::Judge judge = judge_alteration();
    Refusal refusal = co_await by.ask_any(std::move(of_topic), std::move(judge));
    for (const model::BrokerId broker : throttles.brokers) {
      if (!refusal.english.empty()) break;
      const Cluster::Member* member = by.cluster().find(by.cluster().machine_name(broker));
      const model::Address address{member->machine->id(), model::kafka_port};
      Operator::Make of_broker = alteration_of(
          {{model::ConfigResource::broker, fmt::format("{}", broker)}, throttles.of_broker});
      Operator::Judge judge_it = judge_alteration();
      refusal = co_await by.ask_at(address, std::move(of_broker), std::move(judge_it));
    }
    co_return refusal;
  }

  bool is_done(const model::MetadataResponse& known) const {
    bool done = !known.topics.empty();
    for_each_moved(known, [&](const model::PartitionMetadata& now,
                              const std::vector<model::BrokerId>& wanted) {
      // A move is over once its targets are in sync: until then the replicas may be the wanted
      // ones, where it only adds some (ReassignPartitionsCommand.findPartitionReassignmentStates).
      done = done && std::is_permutation(now.replicas.begin(), now.replicas.end(), wanted.begin(),
                                         wanted.end());
      for (const model::BrokerId one : wanted) done = done && contains(now.isr, one);
    });
    return done;
  }

  template <class Visit>
  void for_each_moved(const model::MetadataResponse& known, Visit visit) const {
    for (const model::TopicMetadata& one : known.topics) {
      for (const model::PartitionMetadata& now : one.partitions) {
        const auto place = static_cast<std::size_t>(now.partition);
        if (one.name != topic || place >= replicas.size() || replicas[place].empty()) continue;
        visit(now, std::vector<model::BrokerId>(replicas[place].begin(), replicas[place].end()));
      }
    }
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
