// FetchCollector: hands what has arrived to the application, and moves its positions.
//
// Lifetime: part of a KafkaConsumer; borrows the rest of it. Threads: none.
// Source:   org.apache.kafka.clients.consumer.internals.{FetchCollector, CompletedFetch}.
#pragma once

#include "model/client/consumer_outages.h"
#include "model/client/fetch_buffer.h"
#include "model/client/subscription_state.h"

#include <vector>

namespace brokerlab::model {

class FetchCollector {
 public:
  struct Parts {
    ClientNetwork& network;
    SubscriptionState& subscriptions;
    ConsumerOutages& outages;
    FetchBuffer& buffer;
  };
  FetchCollector(sim::Process& process, const ConsumerConfig& config, const Parts& parts,
                 ClusterContext& context);

  struct Collected {
    std::vector<ConsumedRecord> records;
    std::int64_t count = 0;  ///< Of records.
    bool advanced = false;   ///< A position moved, be it over nothing that the application sees.
    Duration demand{0};      ///< Time of the caller's CPU for it.
    bool empty() const { return records.empty() && !advanced; }
  };
  /// At most max.poll.records records, in the order their fetches came back.
  Collected collect();
  /// collect() would find something.
  bool has_available() const;

 private:
  bool initialize(CompletedFetch& fetch);
  bool is_paused(const TopicPartition& partition) const;
  void read_from(Position& position, const CompletedFetch& fetch);
  void handle_error(Position& position, const CompletedFetch& fetch);
  void decode(CompletedFetch& fetch) const;
  class AbortedBatches;
  void decode_bytes(CompletedFetch& fetch, log::ByteView bytes, AbortedBatches& aborted) const;
  void decode_phantoms(CompletedFetch& fetch, std::span<const log::PhantomBatch> batches,
                       AbortedBatches& aborted) const;
  void take_records(CompletedFetch& fetch, std::int64_t most, Collected& into);
  void tell_damage(Position& position, const CompletedFetch& fetch);

  sim::Process& process_;
  sim::World& world_;
  const ConsumerConfig& config_;
  ClientNetwork& network_;
  SubscriptionState& subscriptions_;
  ConsumerOutages& outages_;
  FetchBuffer& buffer_;
  ClusterContext& context_;
};

}  // namespace brokerlab::model
