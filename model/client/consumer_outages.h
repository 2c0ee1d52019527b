// ConsumerOutages: since when a consumer's partitions cannot be read, what for, and when they can
// be again: for the trace. What is kept of a partition is in its Position.
//
// Lifetime: part of a KafkaConsumer; borrows process, network, subscriptions and context.
// Threads:  none.
#pragma once

#include "model/client/subscription_state.h"

#include <map>
#include <vector>

namespace brokerlab::model {

class ConsumerOutages {
 public:
  ConsumerOutages(sim::Process& process, ClientNetwork& network, SubscriptionState& subscriptions,
                  ClusterContext& context)
      : process_(process),
        world_(process.world()),
        network_(network),
        subscriptions_(subscriptions),
        context_(context) {}

  /// First trouble with a broker after it worked: told once.
  void note_unreachable(Address address, RpcFailure::Kind error, sim::EventId cause);
  void note_reached(Address address) { unreachable_.erase(address); }

  void note_asked(const std::vector<AskedPosition>& asked);
  /// No answer came.
  void note_unanswered(ApiKey api, Address address, const RpcFailure& failure,
                       const std::vector<AskedPosition>& asked);
  /// `error` interrupts it, unless something has already.
  void note_failing(const TopicPartition& partition, Position& position, ErrorCode error);
  /// A good answer after an interruption is told.
  void note_answered(const AskedPosition& asked, const FetchResponse::Partition& answer,
                     Address from);
  /// The answer said nothing of it: what the broker told last still holds.
  void note_no_news(const AskedPosition& asked);

 private:
  sim::Process& process_;
  sim::World& world_;
  ClientNetwork& network_;
  SubscriptionState& subscriptions_;
  ClusterContext& context_;
  std::map<Address, sim::EventId> unreachable_;  ///< With the event that told.
};

}  // namespace brokerlab::model
