// ZooKeeperMetadataStore: a cluster's metadata in ZooKeeper, as Kafka has it before KRaft.
//
// Registrations and the controllership are ephemeral nodes of one session. A state is written
// together with a check of the version of /controller_epoch: a controller that lost its node finds
// it changed. The partition epoch is the version of the state's node.
//
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
  /// `servers`: the client ports of the ensemble. Borrows the others, which outlive it.
  ZooKeeperMetadataStore(sim::Process& process, const ClusterContext& cluster,
                         const BrokerConfig& config, std::vector<Address> servers);

  sim::Task<Status<Refused>> connect() override;
  sim::Task<bool> connect_again() override;
  sim::Task<> prepare() override;
  sim::Task<Result<std::int64_t, Refused>> register_broker(BrokerEndpoint broker) override;
  sim::Task<TopicOverrides> topic_config(std::string topic) override;
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
  sim::Task<std::optional<int>> version_if_elected(BrokerId broker, ControllerEpoch next);
  sim::Task<> read_back(ControllerEpoch epoch, PartitionStates wanted, Written& outcome);
  log::Timestamp stamp_millis() const { return cluster_.stamp_millis(process_.machine()); }

  sim::Process& process_;
  const ClusterContext& cluster_;
  const BrokerConfig& config_;
  ZooKeeperClient zookeeper_;
  SessionId registered_session_;  ///< Of the last registration; none: never registered.
};

}  // namespace brokerlab::model
