// ZooKeeperMetadataStore: a cluster's metadata in ZooKeeper, as Kafka has it before KRaft.
//
// Registrations and the controllership are ephemeral nodes of one session. A state is written
// together with a check of the version of /controller_epoch: a controller that lost its node finds
// it changed. The partition epoch is the version of the state's node.
//
// One class over 400 lines: each call is a few operations on ZooKeeper's tree.
// Lifetime: owned by the Broker; dies with its process. Threads: none.
// Source:   kafka.zk.KafkaZkClient; kafka.controller.KafkaController (elect).
#pragma once

#include "model/cluster_context.h"
#include "model/controller/metadata_store.h"
#include "model/zookeeper/client.h"
#include "sim/machine.h"

namespace brokerlab::model {

class ZooKeeperMetadataStore final : public MetadataStore {
 public:
  /// `servers`: the client ports of the ensemble. `settings_change`: somebody will change settings;
  /// without it what can only be as it was is neither read nor watched. Borrows the others, which
  /// outlive it.
  ZooKeeperMetadataStore(sim::Process& process, const ClusterContext& cluster,
                         const BrokerConfig& config, std::vector<Address> servers,
                         bool settings_change = false);

  sim::Task<Status<Refused>> connect() override;
  sim::Task<bool> connect_again() override;
  sim::Task<BrokerConfigs> prepare(BrokerId broker) override;
  sim::Task<Result<std::int64_t, Refused>> register_broker(BrokerEndpoint broker) override;
  sim::Task<TopicOverrides> topic_config(std::string topic) override;
  sim::Task<std::optional<std::string>> config(ConfigEntity entity) override;
  sim::Task<bool> write_config(ConfigEntity entity, std::string json) override;
  sim::Task<std::vector<ConfigEntity>> take_config_changes() override;
  sim::Task<> tell_log_dir_failed(BrokerId broker) override;
  sim::Task<std::optional<MetadataEvent>> next_event() override;
  sim::Task<> close() override;

  sim::Task<std::optional<ControllerClaim>> claim_controllership(BrokerId broker) override;
  sim::Task<std::optional<std::map<BrokerId, RegisteredBroker>>> brokers() override;
  sim::Task<std::optional<std::vector<std::string>>> topics() override;
  sim::Task<StoredTopics> read_topics(std::vector<std::string> names) override;
  sim::Task<PartitionStates> states(std::vector<TopicPartition> partitions) override;
  sim::Task<Written> write_states(ControllerClaim claim, PartitionStates states) override;
  sim::Task<bool> create_states(ControllerClaim claim, PartitionStates states) override;
  sim::Task<TopicCreation> create_topic(std::string name, StoredTopic topic) override;
  sim::Task<std::optional<ProducerIdBlock>> take_producer_ids(BrokerId broker) override;
  sim::Task<bool> write_topic(std::optional<ControllerClaim> claim, std::string name,
                              StoredTopic topic) override;
  sim::Task<DeletionRequest> request_deletion(std::string name) override;
  sim::Task<std::optional<std::vector<std::string>>> deletions() override;
  sim::Task<bool> forget_deletions(ControllerClaim claim, std::vector<std::string> names) override;
  sim::Task<bool> delete_topic(ControllerClaim claim, std::string name, int partitions) override;
  sim::Task<std::set<BrokerId>> take_log_dir_failures() override;
  sim::Task<> forget_log_dir_failures() override;

 private:
  sim::Task<bool> remove_all(ControllerClaim claim, std::vector<std::string> paths);
  sim::Task<std::vector<std::string>> quotas(std::vector<std::string> clients,
                                             std::vector<std::string> users);
  std::vector<std::string> note_changes(std::vector<std::string> children);
  sim::Task<std::optional<int>> version_if_elected(BrokerId broker, ControllerEpoch next);
  sim::Task<> read_back(ControllerEpoch epoch, PartitionStates wanted, Written& outcome);
  log::Timestamp stamp_millis() const { return cluster_.stamp_millis(process_.machine()); }

  sim::Process& process_;
  const ClusterContext& cluster_;
  const BrokerConfig& config_;
  const bool settings_change_;
  ZooKeeperClient zookeeper_;
  std::string last_change_;  ///< Of the children of /config/changes the last that was looked at.
  SessionId registered_session_;  ///< Of the last registration; none: never registered.
};

}  // namespace brokerlab::model
