// Broker: the Kafka process. Starts (ZooKeeper session, log recovery, registration, controller
// election), serves requests, and begins anew when its session expires.
//
// Lifetime: the Program of a process; what must outlive it (BrokerStorage) is handed in.
// Threads:  none. Source: kafka.server.KafkaServer, kafka.server.KafkaApis.
#pragma once

#include "model/broker/alter_partition_manager.h"
#include "model/broker/metadata_cache.h"
#include "model/broker/replica_manager.h"
#include "model/broker/socket_server.h"
#include "model/cluster_context.h"
#include "model/controller/controller.h"
#include "model/group/group_coordinator.h"
#include "model/replica_watch.h"
#include "model/zookeeper/client.h"

#include <memory>
#include <vector>

namespace brokerlab::model {

struct BrokerSetup {
  BrokerId id;
  BrokerConfig config;
  std::vector<Address> zookeeper;
  ReplicaWatch* watch = &ReplicaWatch::nobody();
  /// False: an operator makes __consumer_offsets; until then groups have no coordinator.
  bool creates_offsets_topic = true;
};

class Broker final : public sim::Program {
 public:
  enum class State { starting, recovering, running, stopping };

  Broker(sim::Process& process, const BrokerSetup& setup, ClusterContext& cluster,
         BrokerStorage& storage);
  ~Broker() override;

  BrokerId id() const { return setup_.id; }
  State state() const { return state_; }
  const ReplicaManager& replicas() const { return replicas_; }
  const Controller& controller() const { return controller_; }
  const SocketServer& server() const { return server_; }
  const MetadataCache& metadata() const { return metadata_; }
  /// SIGTERM: moves leaders away (controlled.shutdown.enable), stops cleanly, exits.
  void terminate(sim::Process& self) override;

 private:
  sim::Task<> run();
  enum class Registration { done, node_exists, session_expired };
  sim::Task<Registration> register_broker();
  sim::Task<> give_up_start(Phrase why, Phrase exit_text);
  sim::Task<> watch_zookeeper();
  sim::Task<> shut_down();
  sim::Task<> tell_of_log_dir_failure();
  sim::Task<TopicOverrides> read_topic_config(std::string topic);

  sim::Task<> handle(CallPtr call);
  sim::Task<> handle_controller_request(CallPtr call);
  sim::Task<> handle_group_request(CallPtr call);
  sim::Task<> find_coordinator(CallPtr call);
  sim::Task<> create_offsets_topic();
  bool from_past(ControllerEpoch epoch, std::int64_t broker_epoch);
  Duration demand(Request& request) const;

  sim::Process& process_;
  const BrokerSetup setup_;
  ClusterContext& cluster_;
  BrokerStorage& storage_;
  State state_ = State::starting;
  SessionId registered_session_;  ///< Of the last registration; none: never registered.
  std::int64_t broker_epoch_ = -1;
  ControllerEpoch controller_epoch_;
  bool creating_offsets_topic_ = false;
  MetadataCache metadata_;
  ZooKeeperClient zookeeper_;
  AlterPartitionManager isr_changes_;
  ReplicaManager replicas_;
  GroupCoordinator groups_;
  Controller controller_;
  SocketServer server_;
};

}  // namespace brokerlab::model
