// OffsetFetcher: finds the positions to begin at, and checks positions under new leaders.
//
// A position that auto.offset.reset decides is asked for with ListOffsets; one under another leader
// is checked with OffsetForLeaderEpoch: where does the epoch of our last record end in its log
// (KIP-320)? What fails is tried again after retry.backoff.ms.
//
// Lifetime: part of a KafkaConsumer; borrows the rest of it. Threads: none.
// Source:   org.apache.kafka.clients.consumer.internals.{OffsetFetcher, OffsetFetcherUtils}.
#pragma once

#include "model/client/consumer.h"
#include "model/client/consumer_outages.h"
#include "model/client/subscription_state.h"

#include <vector>

namespace brokerlab::model {

class OffsetFetcher {
 public:
  OffsetFetcher(sim::Process& process, const ConsumerSetup& setup, ClientNetwork& network,
                SubscriptionState& subscriptions, ConsumerOutages& outages, Observer& observer)
      : process_(process),
        world_(process.world()),
        setup_(setup),
        config_(setup.config),
        network_(network),
        subscriptions_(subscriptions),
        outages_(outages),
        observer_(observer) {}

  /// Asks for offsets to begin at and checks positions under new leaders, where that is wanted.
  void update_positions();

 private:
  sim::Task<> list_offsets(NodeConnection& connection, std::vector<AskedPosition> asked);
  sim::Task<> ask_epochs(NodeConnection& connection, std::vector<AskedPosition> asked);
  void take_offset(const ListOffsetsResponse::Partition& answer);
  void take_end_of_epoch(const AskedPosition& asked,
                         const OffsetForLeaderEpochResponse::Partition& answer);
  void retry_later(const TopicPartition& partition, ApiKey api, ErrorCode error);
  void retry_all_later(ApiKey api, const NodeConnection& connection, const RpcFailure& failure,
                       const std::vector<AskedPosition>& asked);

  sim::Process& process_;
  sim::World& world_;
  const ConsumerSetup& setup_;
  const ConsumerConfig& config_;
  ClientNetwork& network_;
  SubscriptionState& subscriptions_;
  ConsumerOutages& outages_;
  Observer& observer_;
};

}  // namespace brokerlab::model
