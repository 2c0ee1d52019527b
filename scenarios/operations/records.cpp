// Records that are deleted, and groups: kafka-delete-records.sh, kafka-consumer-groups.sh --delete.
#include "base/translation.h"
#include "scenarios/description.h"
#include "scenarios/faults/parts.h"
#include "scenarios/operations/kinds.h"
#include "scenarios/operations/operator.h"
#include "scenarios/validate.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

class DeleteRecords final : public OperationAction {
 public:
  std::string topic;
  std::vector<std::int64_t> offsets;
  static const Settings<DeleteRecords>& settings() {
    static const auto all =
        Settings<DeleteRecords>("DeleteRecords",
                                "The first records of a topic's partitions are deleted, in every "
                                "replica.")
            .field("topic", &DeleteRecords::topic, existing_topic_name(), "Which topic.")
            .required()
            .field("offsets", &DeleteRecords::offsets,
                   setting::list(setting::integer64(-1), 0, 10'000),
                   "For each partition, from 0, the first record that stays; -1: none that is "
                   "below the high watermark. Partitions beyond the list are left as they are; "
                   "without a list all that is below the high watermarks goes.");
    return all;
  }
  Phrase what() const override { return phrase("deletes records of topic {}", topic); }
  void check(const Scenario& scenario, const std::string& path,
             SettingsReport& report) const override {
    const std::string here = path + "/delete_records";
    if (!check_operated_topic(scenario, here + "/topic", topic, report)) return;
    const TopicSpec* of = scenario.topic(topic);
    if (of == nullptr) return;
    int most = of->partitions;
    for (const Operation& one : scenario.operations) {
      most = std::max(most, one.partitions_of(topic));
    }
    if (std::ssize(offsets) <= most) return;
    report.error(fmt::format("{}/offsets/{}", here, most),
                 std::to_string(offsets[static_cast<std::size_t>(most)]),
                 tr("is for partition {}, which topic {} does not have", most, topic));
  }
  sim::Task<Refusal> carry_out(Operator& by) const override {
    std::vector<model::TopicPartition> partitions;
    const int count = offsets.empty() ? by.cluster().scenario().topic(topic)->partitions
                                      : static_cast<int>(offsets.size());
    for (int i = 0; i < count; ++i) partitions.push_back({topic, i});
    Operator::MakeFor make = [this](const std::vector<model::TopicPartition>& led) {
      auto request = std::make_unique<model::DeleteRecordsRequest>();
      for (const model::TopicPartition& name : led) {
        const auto place = static_cast<std::size_t>(name.partition);
        request->partitions.push_back(
            {name, offsets.empty() ? model::up_to_high_watermark : offsets[place]});
      }
      return request;
    };
    Operator::Results results = [](const model::Response& response) {
      std::vector<model::AdminResult> told;
      for (const auto& one :
           dynamic_cast<const model::DeleteRecordsResponse&>(response).partitions) {
        told.push_back({one.partition, one.error});
      }
      return told;
    };
    return by.ask_leaders(std::move(partitions), std::move(make), std::move(results));
  }
};

class DeleteGroup final : public OperationAction {
 public:
  std::string group;
  Phrase what() const override { return phrase("deletes group {}", group); }
  void check(const Scenario& scenario, const std::string& path,
             SettingsReport& report) const override {
    if (!report.clean("/consumers")) return;
    std::vector<std::string> known;
    for (const ConsumerSpec& one : scenario.consumers) known.push_back(one.group);
    if (std::find(known.begin(), known.end(), group) != known.end()) return;
    const std::string near = nearest_name(group, known);
    report.error(path + "/delete_group", in_quotes(group),
                 near.empty() ? tr("names no group of a consumer")
                              : tr("names no group of a consumer; did you mean \"{}\"?", near));
  }
  sim::Task<Refusal> carry_out(Operator& by) const override {
    Operator::Make make = [this] {
      auto request = std::make_unique<model::DeleteGroupsRequest>();
      request->groups.push_back(group);
      return request;
    };
    Operator::Judge judge = [](const model::Response& response) {
      std::vector<model::AdminResult> results;
      for (const auto& one : dynamic_cast<const model::DeleteGroupsResponse&>(response).results) {
        results.push_back({{one.group, -1}, one.error});
      }
      return errors_of(results);
    };
    return by.ask_coordinator(group, std::move(make), std::move(judge));
  }
};

}  // namespace

void add_record_operations(Settings<Operation>& kinds) {
  kinds.alternative<DeleteRecords>("delete_records", &Operation::action,
                                   "The first records of a topic are deleted.");
  kinds.alternative("delete_group", &Operation::action, &DeleteGroup::group, setting::text(249),
                    "A consumer group without members is deleted, with all it has committed.");
}

}  // namespace brokerlab::scenarios
