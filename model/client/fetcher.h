// Fetcher: fetches ahead of a consumer, from its good positions into its FetchBuffer.
//
// A partition with something in the buffer is left out of the next fetch, so poll() collects first
// and fetches then, for all that has been drained; a broker has one fetch under way at a time.
//
// With each broker it keeps a fetch session (KIP-227), and takes leave of it when it closes.
//
// Lifetime: part of a KafkaConsumer; borrows the rest of it. Threads: none.
// Source:   org.apache.kafka.clients.consumer.internals.{Fetcher, AbstractFetch}.
#pragma once

#include "model/client/consumer_outages.h"
#include "model/client/fetch_buffer.h"
#include "model/client/subscription_state.h"
#include "model/wire/fetch_session_handler.h"

#include <algorithm>
#include <map>
#include <vector>

namespace brokerlab::model {

class Fetcher {
 public:
  Fetcher(sim::Process& process, const ConsumerConfig& config, ClientNetwork& network,
          SubscriptionState& subscriptions, ConsumerOutages& outages, FetchBuffer& buffer)
      : process_(process),
        config_(config),
        network_(network),
        subscriptions_(subscriptions),
        outages_(outages),
        buffer_(buffer) {}

  /// One request to each broker that has none under way, for what is not in the buffer.
  void send_fetches();
  /// Brokers that can be reached need not keep its sessions. Source:
  /// ClassicKafkaConsumer.close, AbstractFetch.prepareCloseFetchSessionRequests.
  sim::Task<> close_sessions(Time deadline);

 private:
  bool is_fetching(BrokerId node) const {
    return std::binary_search(fetching_.begin(), fetching_.end(), node);
  }
  BrokerId node_for(const TopicPartition& partition, BrokerId leader, Time now);
  sim::Task<> fetch(BrokerId node, NodeConnection& connection, std::vector<AskedPosition> asked);
  void take_answers(const std::vector<AskedPosition>& asked, FetchResponse& response, Address from);
  sim::Task<> close_session(NodeConnection& connection, std::int32_t session);

  sim::Process& process_;
  const ConsumerConfig& config_;
  ClientNetwork& network_;
  SubscriptionState& subscriptions_;
  ConsumerOutages& outages_;
  FetchBuffer& buffer_;
  std::vector<BrokerId> fetching_;  ///< Brokers with a fetch under way, in their order.
  std::map<BrokerId, FetchSessionHandler> sessions_;
  int closing_ = 0;  ///< Sessions that a broker is being asked to forget.
};

}  // namespace brokerlab::model
