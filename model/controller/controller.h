// Controller: the one broker that decides who leads each partition.
//
// Every broker runs a Controller; the one whose claim the metadata store accepts is active. It is
// told of broker registrations and topics, elects leaders when brokers come and go, takes ISR
// changes from leaders, and tells all brokers. Events are handled one at a time, in their order.
//
// Its parts: what it knows (context.h), what it decides (decisions.h, rules.h: pure), how decisions
// take force (term.h), whom it tells (publisher.h, channels.h), what it is asked (requests.h).
//
// Lifetime: owned by the Broker; dies with its process. Threads: none.
// Source:   kafka.controller.KafkaController.
#pragma once

#include "model/cluster_context.h"
#include "model/config.h"
#include "model/controller/decisions.h"
#include "model/controller/reassignments.h"
#include "model/controller/requests.h"
#include "model/controller/term.h"
#include "model/controller/topic_deletions.h"
#include "sim/channel.h"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace brokerlab::model {

class Controller {
 public:
  using Owner = ControllerTerm::Owner;
  explicit Controller(Owner owner);
  ~Controller();

  /// Starts the event loop; call once, when this broker is registered. Runs for election.
  void start();
  bool active() const { return term_.active(); }
  ControllerEpoch epoch() const { return term_.epoch(); }

  // Since the process started.
  std::int64_t broker_changes() const { return broker_changes_; }  ///< Worked off.
  std::int64_t unclean_elections() const { return publisher_.unclean_elections(); }
  std::size_t events_queued() const { return jobs_.size(); }

  /// All but session_lost.
  void on_metadata_event(MetadataEvent::Type event);
  /// Settings have changed: of a topic, or of this broker. Where an unclean election is allowed
  /// from now on, partitions without a leader get one. Source: KafkaController
  /// (processTopicUncleanLeaderElectionEnable, processUncleanLeaderElectionEnable).
  void use_topic_config(std::string topic, TopicOverrides overrides);
  void use_broker_config();
  /// The session is lost: what is queued is dropped, and its term is over when this ends. Only then
  /// a new session may be made, and run_for_election() called when the broker is registered.
  sim::Task<> expire();
  void run_for_election();

  // --- Requests; the caller's coroutine waits for its turn among the events ---

  sim::Task<std::unique_ptr<AlterPartitionResponse>> alter_partition(
      const AlterPartitionRequest& request);
  sim::Task<std::unique_ptr<ControlledShutdownResponse>> controlled_shutdown(
      const ControlledShutdownRequest& request);
  sim::Task<std::unique_ptr<AllocateProducerIdsResponse>> allocate_producer_ids(
      const AllocateProducerIdsRequest& request);
  sim::Task<std::unique_ptr<AlterPartitionReassignmentsResponse>> alter_reassignments(
      const AlterPartitionReassignmentsRequest& request);
  sim::Task<std::unique_ptr<ElectLeadersResponse>> elect_leaders(
      const ElectLeadersRequest& request);
  // Those wait for nobody's turn: they write to the store, where the controller finds it.
  sim::Task<std::unique_ptr<DeleteTopicsResponse>> delete_topics(
      const DeleteTopicsRequest& request) {
    return requests_.delete_topics(request);
  }
  sim::Task<std::unique_ptr<CreatePartitionsResponse>> create_partitions(
      const CreatePartitionsRequest& request);
  sim::Task<std::unique_ptr<CreateTopicsResponse>> create_topics(
      const CreateTopicsRequest& request) {
    return requests_.create_topics(request);
  }

 private:
  // The events. One that is a request borrows its caller's request and response until it is done.
  struct RunForElection {};
  struct Resign {};
  struct BrokersChanged {};
  struct TopicsChanged {};
  struct LogDirFailed {};
  struct LeadersDue {};  ///< The regular look at preferred leaders.
  struct ReplicasAnswered {
    BrokerId broker;
    std::vector<TopicPartition> gone;  ///< It cannot host them any longer,
    std::vector<TopicPartition> back;  ///< and these again.
  };
  struct AlterPartition {
    const AlterPartitionRequest& request;
    AlterPartitionResponse& response;
  };
  struct ShutDownBroker {
    const ControlledShutdownRequest& request;
    ControlledShutdownResponse& response;
  };
  struct AllocateProducerIds {
    const AllocateProducerIdsRequest& request;
    AllocateProducerIdsResponse& response;
  };
  /// Anything else; called when its turn has come.
  struct Work {
    std::function<sim::Task<>()> begin;
  };
  using What =
      std::variant<RunForElection, Resign, BrokersChanged, TopicsChanged, LogDirFailed, LeadersDue,
                   ReplicasAnswered, AlterPartition, ShutDownBroker, AllocateProducerIds, Work>;
  struct Job {
    What what;
    sim::EventId cause;
    std::shared_ptr<sim::OneShot<bool>> done = nullptr;  ///< Set when somebody waits for it.
  };

  sim::Task<> run();
  void enqueue(What what);
  sim::Task<> enqueue_and_wait(What what);

  sim::Task<> on(const RunForElection&);
  sim::Task<> on(const Resign&);
  sim::Task<> on(const BrokersChanged&);
  sim::Task<> on(const TopicsChanged&);
  sim::Task<> on(const LogDirFailed&);
  sim::Task<> on(const LeadersDue&);
  sim::Task<> on(const ReplicasAnswered& answered);
  sim::Task<> on(const AlterPartition& asked);
  sim::Task<> on(const ShutDownBroker& asked);
  sim::Task<> on(const AllocateProducerIds& asked);
  sim::Task<> on(const Work& work);

  sim::Task<> alter_and_complete(const AlterPartition& asked);
  sim::Task<> add_partitions(std::vector<std::string> topics);
  sim::Task<> take_over();
  sim::Task<> load_topics(std::vector<std::string> names, bool have_states);
  sim::Task<> brokers_failed(std::set<BrokerId> dead);
  sim::Task<> brokers_started(std::set<BrokerId> started);
  /// Of each of these brokers, those replicas that are gone leave their ISRs.
  sim::Task<> remove_from_isrs(std::set<BrokerId> brokers, IsGone is_gone);
  /// Elects leaders for all partitions that have none, and creates those that are new.
  sim::Task<> bring_online();
  sim::Task<> adopt_config(std::string topic, TopicOverrides overrides);
  sim::Task<> allow_unclean();
  sim::Task<> look_after_leaders(ControllerEpoch of);
  void note_answer(BrokerId broker, const LeaderAndIsrResponse& answer);
  sim::World& world() { return process_.world(); }

  sim::Process& process_;
  const BrokerId id_;
  const BrokerConfig& config_;
  MetadataStore& store_;
  sim::Channel<Job> jobs_;
  std::int64_t broker_changes_ = 0;
  ControllerTerm term_;
  ControllerContext& context_;      ///< The term's.
  ControllerPublisher& publisher_;  ///< The term's.
  ControllerRequests requests_;
  TopicDeletions deletions_{term_};
  Reassignments reassignments_{term_, deletions_};
};

}  // namespace brokerlab::model
