// ControllerRequests: what brokers and operators ask of the controller: ISR changes (KIP-497),
// leaving in good order, producer ids, new topics. A broker that is not the controller refuses
// them.
//
// Lifetime: owned by the Controller, which gives the first two their turn among its events.
// Threads:  none. Source: kafka.controller.KafkaController, kafka.server.ZkAdminManager.
#pragma once

#include "base/random.h"
#include "model/controller/term.h"
#include "model/wire/admin_protocol.h"

#include <memory>

namespace brokerlab::model {

class ControllerRequests {
 public:
  /// `random`: where the replicas of new topics go.
  ControllerRequests(sim::World& world, ControllerTerm& term, RandomStream random)
      : world_(world), term_(term), random_(random) {}

  // Caller keeps request and response until they return.
  sim::Task<> alter_partition(const AlterPartitionRequest& request,
                              AlterPartitionResponse& response);
  sim::Task<> controlled_shutdown(const ControlledShutdownRequest& request,
                                  ControlledShutdownResponse& response);
  sim::Task<> allocate_producer_ids(const AllocateProducerIdsRequest& request,
                                    AllocateProducerIdsResponse& response);

  /// Only makes the topics; the controller finds them in the store, as it finds all others.
  sim::Task<std::unique_ptr<CreateTopicsResponse>> create_topics(
      const CreateTopicsRequest& request);

  sim::Task<std::unique_ptr<DeleteTopicsResponse>> delete_topics(
      const DeleteTopicsRequest& request);
  /// The same of partitions: it has written them, the controller has still to be told.
  sim::Task<std::unique_ptr<CreatePartitionsResponse>> create_partitions(
      const CreatePartitionsRequest& request);
  sim::Task<> elect_leaders(const ElectLeadersRequest& request, ElectLeadersResponse& response);

 private:
  /// NONE when this broker is the controller, and the sender's registration the one in force.
  ErrorCode judge_sender(BrokerId broker, std::int64_t broker_epoch) const;
  /// It leads and follows nothing any longer, where others can go on. False: the term is over.
  sim::Task<bool> relieve(BrokerId leaving);
  sim::Task<ErrorCode> delete_topic(std::string name);
  sim::Task<ErrorCode> grow(CreatePartitionsRequest::Topic topic);
  ErrorCode judge_election(ElectionType type, const TopicPartition& name) const;
  sim::Task<ErrorCode> create_topic(CreateTopicsRequest::Topic topic);

  sim::World& world_;
  ControllerTerm& term_;
  RandomStream random_;
};

}  // namespace brokerlab::model
