// Settings that are changed while the cluster runs: kafka-configs.sh --alter.
#include "base/json_text.h"
#include "base/settings_given.h"
#include "base/translation.h"
#include "model/broker/dynamic_configs.h"
#include "scenarios/description.h"
#include "scenarios/faults/parts.h"
#include "scenarios/operations/kinds.h"
#include "scenarios/operations/operator.h"
#include "scenarios/validate.h"

#include <nlohmann/json.hpp>

#include <map>
#include <set>

namespace brokerlab::scenarios {
namespace {

using Alter = model::IncrementalAlterConfigsRequest;

/// The settings that are given, and the names of those that are taken back.
struct ConfigChanges {
  std::map<std::string, std::string> set;  ///< By name, as JSON text.
  std::vector<std::string> taken_back;

  /// As kafka-configs.sh sends it: a text of JSON stands there without its quotes.
  Alter::Resource about(model::ConfigEntity entity) const {
    Alter::Resource resource{std::move(entity), {}};
    for (const auto& [name, text] : set) {
      const Json value = json_from(text);
      resource.configs.push_back({name, value.is_string() ? value.get<std::string>() : text});
    }
    for (const std::string& name : taken_back) resource.configs.push_back({name, std::nullopt});
    return resource;
  }

  /// `known`: the names that there are.
  void check(const std::set<std::string>& known, const std::string& path,
             SettingsReport& report) const {
    if (set.empty() && taken_back.empty()) {
      report.error(path, "{}", tr("changes nothing: it needs set or delete"));
    }
    for (std::size_t i = 0; i < taken_back.size(); ++i) {
      const std::string here = fmt::format("{}/delete/{}", path, i);
      const std::string& name = taken_back[i];
      if (set.contains(name)) {
        report.error(here, in_quotes(name), tr("is set, too"));
      } else if (!known.contains(name)) {
        const std::string near = nearest_name(name, {known.begin(), known.end()});
        report.error(
            here, in_quotes(name),
            near.empty() ? tr("is no setting") : tr("is no setting; did you mean \"{}\"?", near));
      }
    }
  }
};

template <class T>
std::set<std::string> names_of_settings() {
  Json definitions = Json::object();
  const detail::TypeRef type = T::settings().type().erased;
  (void)type->schema(definitions);
  std::set<std::string> names;
  for (const auto& [name, schema] : definitions[type->record_name()]["properties"].items()) {
    names.insert(name);
  }
  return names;
}

class AlterTopicConfig final : public OperationAction {
 public:
  std::string topic;
  ConfigChanges changes;
  static const Settings<AlterTopicConfig>& settings() {
    using A = AlterTopicConfig;
    static const auto all =
        Settings<A>("AlterTopicConfig", "Settings of a topic are changed while it is in use.")
            .field("topic", &A::topic, existing_topic_name(), "Which topic.")
            .required()
            .field("set", &A::changes, &ConfigChanges::set, setting::given<model::TopicOverrides>(),
                   "What the topic sets for itself from now on, beside what it has set before.")
            .field("delete", &A::changes, &ConfigChanges::taken_back,
                   setting::list(setting::text(200), 0, 1000),
                   "Names of settings that the topic takes from the brokers again.");
    return all;
  }
  bool changes_settings() const override { return true; }
  Phrase what() const override { return phrase("changes settings of topic {}", topic); }
  void check(const Scenario& scenario, const std::string& path,
             SettingsReport& report) const override {
    const std::string here = path + "/alter_topic_config";
    (void)check_operated_topic(scenario, here + "/topic", topic, report);
    static const std::set<std::string> known = names_of_settings<model::TopicOverrides>();
    changes.check(known, here, report);
  }
  sim::Task<Refusal> carry_out(Operator& by) const override {
    return by.ask_any(alteration_of(changes.about({model::ConfigResource::topic, topic})),
                      judge_alteration());
  }
};

class AlterBrokerConfig final : public OperationAction {
 public:
  std::string broker;  ///< Empty: all.
  ConfigChanges changes;
  static const Settings<AlterBrokerConfig>& settings() {
    using A = AlterBrokerConfig;
    static const auto all =
        Settings<A>("AlterBrokerConfig",
                    "Settings of a broker, or of all, are changed while they run; those that "
                    "Kafka lets change.")
            .field("broker", &A::broker, setting::text(63),
                   "Which broker, such as broker-1; unset: all, those that are added later, too.")
            .field("set", &A::changes, &ConfigChanges::set, setting::given<model::BrokerConfig>(),
                   "What holds from now on, before what they were started with. What is set for "
                   "one broker stands before what is set for all.")
            .field("delete", &A::changes, &ConfigChanges::taken_back,
                   setting::list(setting::text(200), 0, 1000),
                   "Names of settings that were changed so, and are no longer.");
    return all;
  }
  bool changes_settings() const override { return true; }
  Phrase what() const override {
    return broker.empty() ? phrase("changes settings of all brokers")
                          : phrase("changes settings of {}", broker);
  }
  void check(const Scenario& scenario, const std::string& path,
             SettingsReport& report) const override {
    const std::string here = path + "/alter_broker_config";
    if (!broker.empty()) check_broker_name(scenario, here + "/broker", broker, report);
    static const std::set<std::string> known = names_of_settings<model::BrokerConfig>();
    changes.check(known, here, report);
    const std::string refused = tr("cannot be changed while brokers run");
    for (const auto& [name, text] : changes.set) {
      if (model::is_dynamic(name)) continue;
      report.error(json_pointer(here + "/set", name), text, refused);
    }
    for (std::size_t i = 0; i < changes.taken_back.size(); ++i) {
      const std::string& name = changes.taken_back[i];
      if (model::is_dynamic(name) || !known.contains(name)) continue;
      report.error(fmt::format("{}/delete/{}", here, i), in_quotes(name), refused);
    }
  }
  /// Of one broker itself, as the admin client does; of all whoever answers.
  sim::Task<Refusal> carry_out(Operator& by) const override {
    if (broker.empty()) {
      return by.ask_any(alteration_of(changes.about({model::ConfigResource::broker, ""})),
                        judge_alteration());
    }
    const Cluster::Member* member = by.cluster().find(broker);
    const std::string number = fmt::format("{}", by.cluster().broker_id(*member));
    return by.ask_at({member->machine->id(), model::kafka_port},
                     alteration_of(changes.about({model::ConfigResource::broker, number})),
                     judge_alteration());
  }
};

using AlterQuotas = model::AlterClientQuotasRequest;

sim::Task<Refusal> ask_for_quota(Operator& by, AlterQuotas::Entry entry) {
  Operator::Make make = [entry = std::move(entry)] {
    auto request = std::make_unique<AlterQuotas>();
    request->entries.push_back(entry);
    return request;
  };
  Operator::Judge judge = [](const model::Response& response) {
    std::vector<model::AdminResult> results;
    for (const auto& one :
         dynamic_cast<const model::AlterClientQuotasResponse&>(response).entries) {
      results.push_back({{"", -1}, one.error});
    }
    return errors_of(results);
  };
  return by.ask_any(std::move(make), std::move(judge));
}

/// "app", "ANONYMOUS", "ANONYMOUS/app".
std::string owner_of(const std::optional<std::string>& user,
                     const std::optional<std::string>& client_id) {
  if (!user) return client_id.value_or("");
  return client_id ? *user + "/" + *client_id : *user;
}

class AlterQuota final : public OperationAction {
 public:
  model::ClientQuota quota;
  bool changes_settings() const override { return true; }
  Phrase what() const override {
    return phrase("changes the quota of {}", owner_of(quota.user, quota.client_id));
  }
  void check(const Scenario&, const std::string&, SettingsReport&) const override {}
  sim::Task<Refusal> carry_out(Operator& by) const override {
    AlterQuotas::Entry entry{quota.user, quota.client_id, {}};
    const auto add = [&](const char* key, const std::optional<double>& value) {
      if (value) entry.ops.push_back({key, *value});
    };
    add("producer_byte_rate", quota.producer_byte_rate);
    add("consumer_byte_rate", quota.consumer_byte_rate);
    add("request_percentage", quota.request_percentage);
    return ask_for_quota(by, std::move(entry));
  }
};

class DeleteQuota final : public OperationAction {
 public:
  std::optional<std::string> user;
  std::optional<std::string> client_id;
  static const Settings<DeleteQuota>& settings() {
    using D = DeleteQuota;
    static const auto all =
        Settings<D>("DeleteQuota", "A user, a client id, or both together, has no quota any more.")
            .field("user", &D::user, setting::text(249), "As quotas has it.")
            .field("client.id", &D::client_id, setting::text(249), "As quotas has it.")
            .check([](const D& one, FieldReport& report) {
              if (one.user || one.client_id) return;
              report.error("client.id", tr("needs a user or a client.id: whose quota it is"));
            });
    return all;
  }
  bool changes_settings() const override { return true; }
  Phrase what() const override {
    return phrase("deletes the quota of {}", owner_of(user, client_id));
  }
  void check(const Scenario&, const std::string&, SettingsReport&) const override {}
  sim::Task<Refusal> carry_out(Operator& by) const override {
    AlterQuotas::Entry entry{user, client_id, {}};
    for (const char* key : {"producer_byte_rate", "consumer_byte_rate", "request_percentage"}) {
      entry.ops.push_back({key, std::nullopt});
    }
    return ask_for_quota(by, std::move(entry));
  }
};

}  // namespace

void add_config_operations(Settings<Operation>& kinds) {
  kinds.alternative<AlterTopicConfig>("alter_topic_config", &Operation::action,
                                      "Settings of a topic are changed.");
  kinds.alternative<AlterBrokerConfig>("alter_broker_config", &Operation::action,
                                       "Settings of brokers are changed.");
  kinds.alternative("alter_quota", &Operation::action, &AlterQuota::quota,
                    setting::record<model::ClientQuota>(),
                    "Limits of clients are set, beside those that they have.");
  kinds.alternative<DeleteQuota>("delete_quota", &Operation::action,
                                 "The limits of clients are taken away.");
}

}  // namespace brokerlab::scenarios
