// Controller: the one broker that decides who leads each partition, elected through ZooKeeper.
//
// Every broker runs a Controller; the one that creates the ephemeral node /controller is active. It
// watches broker registrations and topics, elects leaders when brokers come and go, takes ISR
// changes from leaders, and tells all brokers. Its decisions are written to ZooKeeper under its
// controller epoch before anybody hears of them; a controller that lost its node finds the epoch
// changed and resigns. Events are handled one at a time.
//
// Lifetime: owned by the Broker; dies with its process. Threads: none.
// Source:   kafka.controller.{KafkaController, PartitionStateMachine, ReplicaStateMachine}.
#pragma once

#include "model/cluster_context.h"
#include "model/config.h"
#include "model/controller/channels.h"
#include "model/controller/rules.h"
#include "model/zookeeper/client.h"

#include <map>
#include <memory>
#include <set>

namespace brokerlab::model {

class Controller {
 public:
  struct Owner {
    sim::Process& process;
    ClusterContext& cluster;
    BrokerId id;
    const BrokerConfig& config;
    ZooKeeperClient& zookeeper;
  };
  explicit Controller(Owner owner);
  ~Controller();

  /// Starts the event loop; call once, when this broker is registered. Runs for election.
  void start();
  bool active() const { return active_; }
  ControllerEpoch epoch() const { return epoch_; }

  /// Watches that fired, and session expiry (resigns; run_for_election() when there is a new one).
  void on_zookeeper_event(const ZkEvent& event);
  void run_for_election();

  // --- Requests; the caller's coroutine waits for its turn in the event queue ---

  sim::Task<std::unique_ptr<AlterPartitionResponse>> alter_partition(
      AlterPartitionRequest& request);
  sim::Task<std::unique_ptr<CreateTopicsResponse>> create_topics(CreateTopicsRequest& request);
  sim::Task<std::unique_ptr<ControlledShutdownResponse>> controlled_shutdown(
      ControlledShutdownRequest& request);

 private:
  struct LiveBroker {
    BrokerEndpoint endpoint;
    std::int64_t epoch = -1;
  };
  struct PartitionInfo {
    std::vector<BrokerId> assignment;
    LeaderAndIsr state;
    bool online = false;  ///< Has a leader that is alive.
    bool is_new = true;   ///< Nothing is written yet.
  };
  struct Job {
    enum class Type {
      election,
      resign,
      brokers_changed,
      topics_changed,
      alter_partition,
      controlled_shutdown,
      preferred_election,
      log_dirs_changed,
      replicas_answered
    };
    Type type;
    AlterPartitionRequest* alter = nullptr;
    AlterPartitionResponse* alter_answer = nullptr;
    ControlledShutdownRequest* shutdown = nullptr;
    ControlledShutdownResponse* shutdown_answer = nullptr;
    BrokerId broker = {};  ///< replicas_answered: whose, and which it cannot or can host again.
    std::vector<TopicPartition> gone = {};
    std::vector<TopicPartition> back = {};
    std::shared_ptr<sim::OneShot<bool>> done = nullptr;
    sim::EventId cause = {};
  };
  using States = std::map<TopicPartition, LeaderAndIsr>;

  sim::Task<> run();
  sim::Task<> handle(Job& job);
  void enqueue(Job job);
  sim::Task<bool> enqueue_and_wait(Job job);

  sim::Task<> elect();
  sim::Task<std::optional<int>> version_if_elected(ControllerEpoch next);
  sim::Task<> take_over();
  void resign();
  sim::Task<bool> read_brokers(std::map<BrokerId, LiveBroker>& found);
  sim::Task<> brokers_changed();
  sim::Task<> brokers_failed(const std::set<BrokerId>& dead);
  sim::Task<> brokers_started(const std::set<BrokerId>& started);
  /// Replicas that are gone leave the ISR of the partitions that others lead.
  using IsGone = std::function<bool(const TopicPartition&, BrokerId)>;
  sim::Task<> shrink_isrs(IsGone is_gone);

  // Log directories (controller_log_dirs.cpp).
  sim::Task<> forget_log_dir_events();
  sim::Task<> log_dirs_changed();
  void note_answer(BrokerId broker, const LeaderAndIsrResponse& answer);
  sim::Task<> replicas_answered(const Job& job);

  sim::Task<> topics_changed();
  sim::Task<> load_topic(const std::string& topic, bool read_states);
  sim::Task<> bring_online();
  ErrorCode judge_isr_change(const AlterPartitionRequest::Partition& change,
                             const LeaderAndIsr& state) const;
  sim::Task<> do_alter_partition(Job& job);
  sim::Task<> do_controlled_shutdown(Job& job);
  sim::Task<> elect_preferred_leaders();
  sim::Task<> rebalance_leaders_regularly(ControllerEpoch of);

  /// Writes the states under our epoch; those that were written come back with their new version.
  sim::Task<States> write_states(const States& states);
  /// Takes over what ZooKeeper has of these; those that are what we `wanted` under our epoch.
  sim::Task<States> read_back(const States& wanted);
  sim::Task<bool> create_states(const States& states);
  void publish(const States& states, bool is_new);
  void announce(const TopicPartition& name, const PartitionInfo& info, const LeaderAndIsr& before,
                BrokerId asked_by = {}, Duration pending = {});
  void announce_min_isr(const TopicPartition& name, const PartitionInfo& info,
                        const LeaderAndIsr& before);
  void send_leader_and_isr(const TopicPartition& name, const PartitionInfo& info, BrokerId to,
                           bool is_new);
  void flush();
  std::vector<BrokerId> live_ids() const;
  /// Whether the broker is alive, with the directory of that replica.
  bool is_online(const TopicPartition& partition, BrokerId replica) const;
  /// Live brokers less those that have lost their replica of the partition.
  std::set<BrokerId> live_for(const TopicPartition& partition) const;
  std::vector<BrokerEndpoint> live_endpoints() const;
  std::vector<UpdateMetadataRequest::Partition> all_metadata() const;
  bool unclean_allowed(const std::string& topic) const;
  sim::World& world() { return process_.world(); }

  sim::Process& process_;
  ClusterContext& cluster_;
  const BrokerId id_;
  const BrokerConfig& config_;
  ZooKeeperClient& zookeeper_;
  RandomStream random_;
  sim::Channel<std::shared_ptr<Job>> jobs_;
  ControllerChannels channels_;
  bool active_ = false;
  ControllerEpoch epoch_;
  int epoch_version_ = -1;  ///< Of the node /controller_epoch.
  std::map<BrokerId, LiveBroker> live_;
  std::set<BrokerId> shutting_down_;
  /// On log directories that have failed, of live brokers.
  std::map<BrokerId, std::set<TopicPartition>> offline_replicas_;
  std::map<std::string, TopicOverrides> topics_;
  std::map<TopicPartition, PartitionInfo> partitions_;
};

}  // namespace brokerlab::model
