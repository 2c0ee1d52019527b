// ControllerChannels: what the active controller tells the brokers, one request at a time to each,
// in order, until the broker has answered or is gone.
//
// Lifetime: owned by the Controller while it is active. Threads: none.
// Source: kafka.controller.ControllerChannelManager (RequestSendThread,
// ControllerBrokerRequestBatch).
#pragma once

#include "model/cluster_context.h"
#include "model/config.h"
#include "model/wire/protocol.h"
#include "sim/machine.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace brokerlab::model {

class ControllerChannels {
 public:
  ControllerChannels(sim::Process& process, BrokerId controller, const BrokerConfig& config);
  ~ControllerChannels();

  /// Called with each answer to a LeaderAndIsr request.
  using AnswerCallback = std::function<void(BrokerId, const LeaderAndIsrResponse&)>;
  void on_leader_and_isr_answer(AnswerCallback callback) { answered_ = std::move(callback); }

  /// Called with what a broker was told to delete and has answered: those that are gone, and those
  /// that it could not delete.
  using DeletedCallback = std::function<void(BrokerId, const std::vector<TopicPartition>& gone,
                                             const std::vector<TopicPartition>& failed)>;
  void on_deleted(DeletedCallback callback) { deleted_ = std::move(callback); }

  void add(const BrokerEndpoint& broker, std::int64_t broker_epoch);
  void remove(BrokerId broker);
  void clear();

  /// Everything collected since the last send() goes out together: one LeaderAndIsr, one
  /// UpdateMetadata and one StopReplica a broker, in this order. Of a partition that changed twice
  /// the last state counts.
  void collect_leader_and_isr(BrokerId to, LeaderAndIsrRequest::Partition partition);
  void collect_metadata(const std::vector<BrokerId>& to,
                        const std::vector<UpdateMetadataRequest::Partition>& partitions);
  void collect_stop_replica(BrokerId to, StopReplicaRequest::Partition partition);
  void send(ControllerEpoch epoch, const std::vector<BrokerEndpoint>& live_brokers);

 private:
  struct Channel;
  Channel* find(BrokerId broker);
  /// `fill` is called for each attempt: it completes a request that has its sender and epochs.
  template <class T, class Fill>
  void enqueue(Channel& channel, ControllerEpoch epoch, Fill fill,
               std::set<TopicPartition> deleting = {});
  sim::Task<> run(std::shared_ptr<Channel> channel);

  sim::Process& process_;
  const BrokerId controller_;
  const BrokerConfig& config_;
  void take_answer(const Channel& channel, const std::set<TopicPartition>& deleting,
                   const Response& answer);

  AnswerCallback answered_;
  DeletedCallback deleted_;
  std::map<BrokerId, std::shared_ptr<Channel>> channels_;
  std::map<BrokerId, std::map<TopicPartition, LeaderAndIsrRequest::Partition>> leader_and_isr_;
  std::map<BrokerId, std::map<TopicPartition, UpdateMetadataRequest::Partition>> metadata_;
  std::map<BrokerId, std::vector<StopReplicaRequest::Partition>> stop_replica_;
};

}  // namespace brokerlab::model
