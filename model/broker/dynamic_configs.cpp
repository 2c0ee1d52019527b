#include "model/broker/dynamic_configs.h"

#include "base/json_text.h"
#include "base/settings.h"
#include "model/events.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

namespace brokerlab::model {
namespace {

/// ServerTopicConfigSynonyms (DynamicLogConfig), LogCleaner.ReconfigurableConfigs,
/// DynamicThreadPool, DynamicProducerStateManagerConfig, SocketServer.ReconfigurableConfigs;
/// DynamicConfig.Broker.
constexpr std::array dynamic_settings = {
    "min.insync.replicas",
    "message.max.bytes",
    "log.segment.bytes",
    "log.index.interval.bytes",
    "log.flush.interval.messages",
    "log.flush.interval.ms",
    "unclean.leader.election.enable",
    "compression.type",
    "log.message.timestamp.type",
    "log.message.timestamp.before.max.ms",
    "log.message.timestamp.after.max.ms",
    "log.cleanup.policy",
    "log.retention.ms",
    "log.retention.bytes",
    "log.segment.delete.delay.ms",
    "log.roll.ms",
    "log.roll.jitter.ms",
    "log.index.size.max.bytes",
    "log.cleaner.min.cleanable.ratio",
    "log.cleaner.delete.retention.ms",
    "log.cleaner.min.compaction.lag.ms",
    "log.cleaner.max.compaction.lag.ms",
    "log.cleaner.threads",
    "log.cleaner.dedupe.buffer.size",
    "log.cleaner.io.buffer.load.factor",
    "log.cleaner.io.buffer.size",
    "log.cleaner.io.max.bytes.per.second",
    "log.cleaner.backoff.ms",
    "leader.replication.throttled.rate",
    "follower.replication.throttled.rate",
    "num.io.threads",
    "num.replica.fetchers",
    "num.recovery.threads.per.data.dir",
    "producer.id.expiration.ms",
    "max.connections.per.ip",
};

/// What a request says of a value: a number or a truth, or else a text.
Json value_of(const std::string& text) {
  Json value = json_from(text);
  if (value.is_number() || value.is_boolean()) return value;
  return value.is_string() ? value : Json(text);
}

/// DynamicThreadPool.validateReconfiguration, LogCleaner.validateReconfiguration.
bool may_become(int now, int wanted) {
  return wanted == now || (wanted >= 1 && wanted >= now / 2 && wanted <= now * 2);
}

}  // namespace

bool is_dynamic(std::string_view broker_setting) {
  return std::find(dynamic_settings.begin(), dynamic_settings.end(), broker_setting) !=
         dynamic_settings.end();
}

DynamicConfigs::DynamicConfigs(sim::Process& process, BrokerId id, BrokerConfig fixed,
                               MetadataStore& store, const MetadataCache& metadata, Users users)
    : process_(process),
      id_(id),
      fixed_(std::move(fixed)),
      store_(store),
      metadata_(metadata),
      users_(std::move(users)),
      in_force_(fixed_),
      one_at_a_time_(process.world(), 1) {}

// --- What is in force ---

std::optional<BrokerConfig> DynamicConfigs::with(
    const MetadataStore::BrokerConfigs& configs) const {
  Json all;
  BrokerConfig::settings().to_json(fixed_, all);
  for (const std::string* text : {&configs.of_all, &configs.own}) {
    const Json given = json_from(*text);
    if (!given.is_object()) return std::nullopt;
    for (const auto& [name, value] : given.items()) {
      if (!is_dynamic(name)) return std::nullopt;
      all[name] = value;
    }
  }
  SettingsReport report;
  BrokerConfig config = BrokerConfig::settings().read(all, report);
  if (!report.ok()) return std::nullopt;
  return config;
}

void DynamicConfigs::begin_with(const MetadataStore::BrokerConfigs& configs) {
  configs_ = configs;
  if (configs_.of_all != "{}" || configs_.own != "{}") use_broker_configs();
  for (const std::string& quota : configs_.quotas) use_quota(quota);
}

void DynamicConfigs::use_broker_configs() {
  const std::optional<BrokerConfig> config = with(configs_);
  if (!config) return;  // whoever wrote it has checked it
  in_force_ = *config;
  users_.broker(in_force_);
}

sim::Task<> DynamicConfigs::take_changes() {
  const sim::EventId cause = process_.world().cause();
  co_await one_at_a_time_.acquire();
  const std::vector<ConfigEntity> changed = co_await store_.take_config_changes();
  for (const ConfigEntity& entity : changed) {
    process_.world().set_cause(cause);
    co_await take_change(entity);
  }
  one_at_a_time_.release();
}

sim::Task<> DynamicConfigs::take_change(ConfigEntity entity) {
  const sim::EventId cause = process_.world().cause();
  const bool of_topic = entity.type == ConfigResource::topic;
  const bool of_broker = entity.type == ConfigResource::broker;
  if (of_broker && !entity.name.empty() && entity.name != std::to_string(id_.value())) co_return;
  const std::optional<std::string> written = co_await store_.config(entity);
  if (!written) co_return;
  process_.world().set_cause(cause);
  if (of_topic) {
    SettingsReport report;
    const TopicOverrides overrides = TopicOverrides::settings().read(json_from(*written), report);
    tell({entity.name, entity.name}, *written);
    users_.topic(entity.name, overrides);
    co_return;
  }
  if (!of_broker) {
    tell({"the quotas", "할당량"}, *written);
    use_quota(*written);
    co_return;
  }
  (entity.name.empty() ? configs_.of_all : configs_.own) = *written;
  tell(entity.name.empty() ? Phrase{"all brokers", "모든 브로커"} : Phrase{"its own", "자기"},
       *written);
  use_broker_configs();
}

void DynamicConfigs::tell(const Phrase& what, const std::string& settings) const {
  process_.world().trace().record(events::config_changed, {.machine = process_.machine().id()},
                                  {sim::Detail::of("what", what), {"settings", settings}});
}

// --- Quotas ---

namespace {

/// Its limits by their keys: of which whole numbers are bytes.
struct QuotaKey {
  const char* name;
  std::optional<double> ClientQuota::*member;
  bool whole;
};
constexpr QuotaKey quota_keys[] = {
    {"producer_byte_rate", &ClientQuota::producer_byte_rate, true},
    {"consumer_byte_rate", &ClientQuota::consumer_byte_rate, true},
    {"request_percentage", &ClientQuota::request_percentage, false},
};

std::string to_json(const ClientQuota& quota) {
  Json json = Json::object();
  if (quota.user) json["user"] = *quota.user;
  if (quota.client_id) json["client.id"] = *quota.client_id;
  for (const QuotaKey& key : quota_keys) {
    if (const auto& value = quota.*key.member) json[key.name] = *value;
  }
  return json_text(json);
}

/// Nothing: it says nothing of anybody (the parent of a client's).
std::optional<ClientQuota> quota_from(const std::string& text) {
  const Json json = json_from(text);
  if (!json.is_object()) return std::nullopt;
  ClientQuota quota;
  if (json.contains("user")) quota.user = json["user"].get<std::string>();
  if (json.contains("client.id")) quota.client_id = json["client.id"].get<std::string>();
  for (const QuotaKey& key : quota_keys) {
    if (json.contains(key.name)) quota.*key.member = json[key.name].get<double>();
  }
  if (!quota.user && !quota.client_id) return std::nullopt;
  return quota;
}

}  // namespace

void DynamicConfigs::use_quota(const std::string& json) {
  if (const std::optional<ClientQuota> quota = quota_from(json)) users_.quota(*quota);
}

sim::Task<std::unique_ptr<AlterClientQuotasResponse>> DynamicConfigs::alter(
    const AlterClientQuotasRequest& request) {
  auto response = std::make_unique<AlterClientQuotasResponse>();
  for (const AlterClientQuotasRequest::Entry& entry : request.entries) {
    const ErrorCode error = co_await alter(entry);
    response->entries.push_back({error, entry.user, entry.client_id});
  }
  co_return std::move(response);
}

/// What was given to the broker at its start counts as what the store has.
sim::Task<ErrorCode> DynamicConfigs::alter(AlterClientQuotasRequest::Entry entry) {
  if (!entry.user && !entry.client_id) co_return ErrorCode::invalid_request;
  ConfigEntity entity{ConfigResource::quota, ""};
  if (entry.user) entity.name = "users/" + *entry.user;
  if (entry.client_id) {
    entity.name += (entity.name.empty() ? "clients/" : "/clients/") + *entry.client_id;
  }
  const std::optional<std::string> known = co_await store_.config(entity);
  if (!known) co_return ErrorCode::unknown_server_error;
  ClientQuota quota = quota_from(*known).value_or(users_.quota_of(entry));
  for (const AlterClientQuotasRequest::Op& op : entry.ops) {
    const auto key = std::find_if(std::begin(quota_keys), std::end(quota_keys),
                                  [&](const QuotaKey& one) { return op.key == one.name; });
    if (key == std::end(quota_keys)) co_return ErrorCode::invalid_request;
    if (key->whole && op.value && std::abs(std::round(*op.value) - *op.value) > 1e-6) {
      co_return ErrorCode::invalid_request;
    }
    quota.*key->member = op.value;
  }
  const bool written = co_await store_.write_config(entity, to_json(quota));
  co_return written ? ErrorCode::none : ErrorCode::unknown_server_error;
}

// --- What is asked ---

ErrorCode DynamicConfigs::judge(const ConfigEntity& entity, const std::string& json) const {
  if (entity.type == ConfigResource::topic) {
    SettingsReport report;
    (void)TopicOverrides::settings().read(json_from(json), report);
    return report.ok() ? ErrorCode::none : ErrorCode::invalid_config;
  }
  MetadataStore::BrokerConfigs wanted = configs_;
  (entity.name.empty() ? wanted.of_all : wanted.own) = json;
  const std::optional<BrokerConfig> config = with(wanted);
  const bool good = config && may_become(in_force_.num_io_threads, config->num_io_threads) &&
                    may_become(in_force_.num_replica_fetchers, config->num_replica_fetchers) &&
                    may_become(in_force_.num_recovery_threads_per_data_dir,
                               config->num_recovery_threads_per_data_dir) &&
                    may_become(in_force_.log_cleaner_threads, config->log_cleaner_threads);
  return good ? ErrorCode::none : ErrorCode::invalid_config;
}

sim::Task<std::unique_ptr<IncrementalAlterConfigsResponse>> DynamicConfigs::alter(
    const IncrementalAlterConfigsRequest& request) {
  auto response = std::make_unique<IncrementalAlterConfigsResponse>();
  for (const IncrementalAlterConfigsRequest::Resource& resource : request.resources) {
    const ErrorCode error = co_await alter(resource);
    response->results.push_back({resource.entity, error});
  }
  co_return std::move(response);
}

/// ZkAdminManager.incrementalAlterConfigs, alterTopicConfigs, alterBrokerConfigs.
sim::Task<ErrorCode> DynamicConfigs::alter(IncrementalAlterConfigsRequest::Resource resource) {
  const ConfigEntity& entity = resource.entity;
  if (entity.type == ConfigResource::topic) {
    // Default topic resources are not allowed.
    if (entity.name.empty()) co_return ErrorCode::invalid_request;
    if (!metadata_.has_topic(entity.name)) co_return ErrorCode::unknown_topic_or_partition;
  } else if (!entity.name.empty() && entity.name != std::to_string(id_.value())) {
    co_return ErrorCode::invalid_request;  // "Unexpected broker id"
  }
  if (entity.type == ConfigResource::quota) co_return ErrorCode::invalid_request;
  const std::optional<std::string> known = co_await store_.config(entity);
  if (!known) co_return ErrorCode::unknown_server_error;
  Json json = json_from(*known);
  if (!json.is_object()) json = Json::object();
  for (const IncrementalAlterConfigsRequest::Config& one : resource.configs) {
    if (one.value) {
      json[one.name] = value_of(*one.value);
    } else {
      json.erase(one.name);
    }
  }
  const std::string text = json_text(json);
  const ErrorCode error = judge(entity, text);
  if (error != ErrorCode::none) co_return error;
  const bool written = co_await store_.write_config(entity, text);
  co_return written ? ErrorCode::none : ErrorCode::unknown_server_error;
}

}  // namespace brokerlab::model
