// ControllerPublisher: tells what the controller has decided: the brokers, by LeaderAndIsr and
// UpdateMetadata requests; whoever reads the run, by trace events and the Observer.
//
// What is told to brokers is collected until send(), which makes one request of each kind a broker
// of it.
//
// Lifetime: owned by the ControllerTerm. Threads: none.
// Source:   kafka.controller.AbstractControllerBrokerRequestBatch.
#pragma once

#include "model/cluster_context.h"
#include "model/controller/channels.h"
#include "model/controller/context.h"

namespace brokerlab::model {

class ControllerPublisher {
 public:
  ControllerPublisher(sim::Process& process, ClusterContext& cluster, BrokerId id,
                      const ControllerContext& context);

  ControllerChannels& channels() { return channels_; }
  /// Leaders from outside the ISR that were told of since the process started.
  std::int64_t unclean_elections() const { return unclean_elections_; }
  void send(ControllerEpoch epoch) { channels_.send(epoch, context_.live_endpoints()); }

  // --- Brokers ---

  void broker_joined(const RegisteredBroker& broker, sim::EventId cause);
  void broker_failed(BrokerId broker, sim::EventId cause);
  /// All partitions and brokers, to brokers that have just registered or have a new controller.
  void tell_all_metadata(const std::vector<BrokerId>& brokers);
  /// All states of all replicas there, but those that are known to be gone.
  void tell_replicas_of(const std::set<BrokerId>& brokers);
  /// Who is alive.
  void tell_brokers(const std::vector<BrokerId>& to) { channels_.collect_metadata(to, {}); }

  // --- Partitions that have changed; the context has their new states ---

  struct Change {
    TopicPartition partition;
    ControllerContext::Partition before;
  };
  /// Leaders or ISRs that the controller has decided on: to their replicas, less those of `but`,
  /// and to everybody.
  void tell_changes(const std::vector<Change>& changes, BrokerId but = {});
  /// StopReplica: its broker does not follow it any longer. Before its state changes.
  template <class Partitions>
  void tell_to_stop(BrokerId broker, const Partitions& partitions) {
    for (const TopicPartition& name : partitions) {
      channels_.collect_stop_replica(broker, {name, stop_epoch(name)});
    }
  }
  /// The same, and that it deletes what it has.
  void tell_to_delete(BrokerId broker, const std::vector<TopicPartition>& partitions);
  /// How they are, to everybody.
  void tell_metadata_of(const std::vector<TopicPartition>& partitions);
  /// Nobody shall know of the topic any longer.
  void tell_deleted(const std::string& topic);

  /// An ISR that its leader asked for; it knows from our answer, and followers need not.
  struct IsrChanged {
    TopicPartition partition;
    LeaderAndIsr before;
    BrokerId asked_by;
    Duration pending{};         ///< Since the leader wanted it.
    sim::EventId because = {};  ///< It wanted it for this; none: not known.
  };
  void tell_isr_changes(const std::vector<IsrChanged>& changes);

  // --- The trace alone ---

  void note_elected(ControllerEpoch epoch);
  void note_resigned();
  void note_lost_replicas(BrokerId broker, std::size_t replicas);
  void note_offline(const std::vector<TopicPartition>& hopeless);
  void note_imbalance(BrokerId broker, double percentage);
  /// `asked`: for these replicas; false: what was under way is taken back.
  void note_reassignment(const TopicPartition& partition, const ReplicaAssignment& wanted,
                         bool asked);
  void note_reassigned(const TopicPartition& partition, const std::vector<BrokerId>& replicas);
  void note_deletion_started(const std::string& topic);
  void note_deletion_held(const std::string& topic);
  void note_deleted(const std::string& topic);

 private:
  using Partition = ControllerContext::Partition;
  bool is_told(const TopicPartition& partition, BrokerId replica) const;
  LeaderEpoch stop_epoch(const TopicPartition& partition) const;
  void note_change(const TopicPartition& name, const Partition& now, const LeaderAndIsr& before,
                   BrokerId asked_by = {}, Duration pending = {});
  void note_min_isr(const TopicPartition& name, const Partition& now,
                    const std::vector<BrokerId>& isr_before);
  void tell_observer(const TopicPartition& name, const Partition& now);
  sim::World& world() { return process_.world(); }

  sim::Process& process_;
  ClusterContext& cluster_;
  const BrokerId id_;
  const ControllerContext& context_;
  ControllerChannels channels_;
  std::int64_t unclean_elections_ = 0;
};

}  // namespace brokerlab::model
