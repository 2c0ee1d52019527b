// DynamicConfigs: settings of topics, brokers and quotas of clients that are changed while brokers
// run. Whoever is asked checks them and writes them to the store, which tells all brokers; each
// reads what was written and goes by it.
//
// A topic's own settings stand before the broker's. Of a broker's, its own in the store stand
// before those of all brokers, and those before the ones it was started with. A broker that starts
// finds them there again.
//
// Lifetime: owned by the Broker; borrows the rest. Threads: none.
// Errors:   as Kafka's: UNKNOWN_TOPIC_OR_PARTITION, INVALID_CONFIG (a value out of its range, a
//           setting that cannot be changed, threads that would be less than half or more than twice
//           as many), UNKNOWN_SERVER_ERROR when the store does not take it.
// Source:   kafka.server.{ZkAdminManager (incrementalAlterConfigs), DynamicBrokerConfig,
//           ZkConfigManager, TopicConfigHandler, BrokerConfigHandler}.
#pragma once

#include "model/broker/metadata_cache.h"
#include "model/client_quota.h"
#include "model/config.h"
#include "model/controller/metadata_store.h"
#include "model/wire/admin_protocol.h"
#include "sim/machine.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace brokerlab::model {

/// Whether a broker that runs takes another value of this setting of its own; those of
/// DynamicBrokerConfig.AllDynamicConfigs that the model has.
bool is_dynamic(std::string_view broker_setting);

class DynamicConfigs {
 public:
  /// Who goes by them.
  struct Users {
    std::function<void(const BrokerConfig&)> broker;
    std::function<void(const std::string& topic, const TopicOverrides&)> topic;
    std::function<void(const ClientQuota&)> quota;
    /// That a user and a client id have now.
    std::function<ClientQuota(const AlterClientQuotasRequest::Entry&)> quota_of;
  };
  /// `fixed`: what the broker was started with.
  DynamicConfigs(sim::Process& process, BrokerId id, BrokerConfig fixed, MetadataStore& store,
                 const MetadataCache& metadata, Users users);

  /// What the store had when the broker started.
  void begin_with(const MetadataStore::BrokerConfigs& configs);
  /// The store has told of changes.
  sim::Task<> take_changes();
  sim::Task<std::unique_ptr<IncrementalAlterConfigsResponse>> alter(
      const IncrementalAlterConfigsRequest& request);
  /// Source: ZkAdminManager.alterClientQuotas, ClientIdConfigHandler, UserConfigHandler.
  sim::Task<std::unique_ptr<AlterClientQuotasResponse>> alter(
      const AlterClientQuotasRequest& request);

 private:
  sim::Task<ErrorCode> alter(IncrementalAlterConfigsRequest::Resource resource);
  sim::Task<ErrorCode> alter(AlterClientQuotasRequest::Entry entry);
  void use_quota(const std::string& json);
  sim::Task<> take_change(ConfigEntity entity);
  ErrorCode judge(const ConfigEntity& entity, const std::string& json) const;
  /// Nothing: these would not do.
  std::optional<BrokerConfig> with(const MetadataStore::BrokerConfigs& configs) const;
  void use_broker_configs();
  void tell(const Phrase& what, const std::string& settings) const;

  sim::Process& process_;
  const BrokerId id_;
  const BrokerConfig fixed_;
  MetadataStore& store_;
  const MetadataCache& metadata_;
  const Users users_;
  MetadataStore::BrokerConfigs configs_;
  BrokerConfig in_force_;
  sim::Semaphore one_at_a_time_;  ///< Of those who take changes.
};

}  // namespace brokerlab::model
