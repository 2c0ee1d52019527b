// ProduceRequests: appends to the partitions that this broker leads; answers at once, or with
// acks=all when the ISR has it all.
//
// Lifetime: owned by the ReplicaManager. Threads: none.
// Source:   kafka.server.ReplicaManager (appendRecords), DelayedProduce; KafkaApis
//           (handleWriteTxnMarkersRequest).
#pragma once

#include "model/broker/call.h"
#include "model/broker/hosted_replicas.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace brokerlab::model {

class LogManager;

class ProduceRequests {
 public:
  ProduceRequests(const ReplicaContext& context, HostedReplicas& replicas, LogManager& logs)
      : context_(context), replicas_(replicas), logs_(logs) {}

  sim::Task<> produce(CallPtr call);
  /// As a coordinator of this broker's own, with acks=all: what the produce response would say.
  sim::Task<ErrorCode> append(TopicPartition name, log::ByteVector batch, Duration timeout);
  /// The same with acks=0.
  sim::Task<> append_unasked(TopicPartition name, log::ByteVector batch);
  /// Asks a transaction's coordinator whether partitions are in it: those that are not, and why.
  using Refused = std::map<TopicPartition, ErrorCode>;
  using Verify = std::function<sim::Task<Refused>(std::string transactional_id, ProducerIdAndEpoch,
                                                  std::vector<TopicPartition>)>;
  void set_verifier(Verify verify) { verify_ = std::move(verify); }
  /// For offsets that are about to be written as part of a transaction.
  sim::Task<ErrorCode> verify_offsets(std::string transactional_id, ProducerIdAndEpoch producer,
                                      TopicPartition offsets);
  /// The end of transactions; of those in __consumer_offsets `offsets_ended` hears, too.
  using OffsetsEnded = std::function<void(int partition, std::int64_t producer_id, bool committed)>;
  sim::Task<> write_markers(CallPtr call, OffsetsEnded offsets_ended);

 private:
  class DelayedProduce;
  /// One partition's part of a request: its answer, and what it waits for.
  struct Part {
    ProduceResponse::Partition answer;
    Offset required = log::no_offset;  ///< Of the high watermark; no_offset: it waits for nothing.
  };
  using Guards = std::map<TopicPartition, Partition::Guard>;
  sim::Task<Refused> begin_transaction(const ProduceRequest& request, Guards& guards);
  Part append(const ProduceRequest::Partition& produced, Acks acks, Partition::Guard guard);
  Result<log::AppendInfo, ErrorCode> append_to(Partition& partition, const log::Records& records,
                                               Acks acks, log::AppendOrigin origin,
                                               Partition::Guard guard);

  const ReplicaContext& context_;
  HostedReplicas& replicas_;
  LogManager& logs_;
  Verify verify_;  ///< Unset: nothing is verified.
  /// Of offsets, by partition and producer, until they are written.
  std::map<std::pair<TopicPartition, std::int64_t>, Partition::Guard> offset_guards_;
};

}  // namespace brokerlab::model
