// Broker: the Kafka process. Starts (session with the metadata store, log recovery, registration,
// controller election), serves requests, and registers anew when its session is lost.
//
// Lifetime: the Program of a process; what must outlive it (BrokerStorage) is handed in, and what
//           it keeps its metadata in (MetadataStore) is chosen by whoever makes it.
// Threads:  none. Source: kafka.server.KafkaServer, kafka.server.KafkaApis.
#pragma once

#include "model/broker/alter_partition_manager.h"
#include "model/broker/auto_topic_creation.h"
#include "model/broker/client_quotas.h"
#include "model/broker/dynamic_configs.h"
#include "model/broker/metadata_cache.h"
#include "model/broker/producer_id_manager.h"
#include "model/broker/replica_manager.h"
#include "model/broker/socket_server.h"
#include "model/broker/transaction_verifier.h"
#include "model/cluster_context.h"
#include "model/controller/controller.h"
#include "model/controller/metadata_store.h"
#include "model/group/group_coordinator.h"
#include "model/replica_watch.h"
#include "model/transaction/transaction_coordinator.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::model {

inline const std::set<std::string> no_topics;

struct BrokerSetup {
  BrokerId id;
  BrokerConfig config;
  ReplicaWatch* watch = &ReplicaWatch::nobody();
  bool truncates_to_high_watermark = false;  ///< As ReplicaContext has it.
  /// Topics that an operator is about to make: until then they are not there, whoever asks.
  const std::set<std::string>* not_yet = &no_topics;
  std::vector<ClientQuota> quotas = {};
  bool settings_change = false;  ///< While it runs; as the store was told.
};

class Broker final : public sim::Program {
 public:
  enum class State { starting, recovering, running, stopping };

  Broker(sim::Process& process, const BrokerSetup& setup, ClusterContext& cluster,
         BrokerStorage& storage, std::unique_ptr<MetadataStore> store);
  ~Broker() override;

  BrokerId id() const { return setup_.id; }
  State state() const { return state_; }
  const BrokerConfig& config() const { return setup_.config; }  ///< In force now.
  const ReplicaManager& replicas() const { return replicas_; }
  const Controller& controller() const { return controller_; }
  const SocketServer& server() const { return server_; }
  const MetadataCache& metadata() const { return metadata_; }
  /// SIGTERM: moves leaders away (controlled.shutdown.enable), stops cleanly, exits.
  void terminate(sim::Process& self) override;

 private:
  sim::Task<> run();
  void listen();
  sim::Task<> listen_later(Duration after);
  sim::Task<Status<MetadataStore::Refused>> register_broker();
  sim::Task<> give_up_start(MetadataStore::Refused refused);
  sim::Task<> watch_metadata();
  sim::Task<> shut_down();

  sim::Task<> handle(CallPtr call);
  sim::Task<> handle_controller_request(CallPtr call);
  sim::Task<> handle_admin_request(CallPtr call);
  sim::Task<> handle_group_request(CallPtr call);
  void use_config(const BrokerConfig& config);
  sim::Task<> find_coordinator(CallPtr call);
  sim::Task<> handle_transaction_request(CallPtr call);
  sim::Task<> add_partitions_to_txn(CallPtr call);
  using Refused = std::vector<OffsetCommitResponse::Partition>;
  Refused refuse_unknown(std::vector<OffsetCommitRequest::Partition>& offsets) const;
  sim::Task<> commit_offsets(CallPtr call);
  sim::Task<> commit_transactional_offsets(CallPtr call);
  sim::Task<std::unique_ptr<TxnOffsetCommitResponse>> commit_known(
      const TxnOffsetCommitRequest& request);
  MarkerTarget marker_target(const TopicPartition& name) const;
  void answer_metadata(const CallPtr& call);
  ErrorCode judge_controller(ControllerEpoch epoch, std::int64_t broker_epoch);
  Duration demand(Request& request) const;
  void apply_quotas(Call& call);
  void tell_throttled(const Request& request, const ClientQuotas::Verdict& verdict);

  sim::Process& process_;
  BrokerSetup setup_;  ///< Its config is changed in place: all parts look at that.
  State state_ = State::starting;
  std::int64_t broker_epoch_ = -1;  ///< Of the last registration; -1: never registered.
  ControllerEpoch controller_epoch_;
  MetadataCache metadata_;
  AutoTopicCreation topic_creation_;
  const std::unique_ptr<MetadataStore> store_;
  DynamicConfigs configs_;
  AlterPartitionManager alter_partitions_;
  ProducerIdManager producer_ids_;
  ReplicaManager replicas_;
  GroupCoordinator groups_;
  ClientQuotas quotas_;
  std::map<std::string, Time> throttled_;  ///< Clients: when it was told.
  TransactionCoordinator transactions_;
  TransactionVerifier verifier_;
  Controller controller_;
  SocketServer server_;
};

}  // namespace brokerlab::model
