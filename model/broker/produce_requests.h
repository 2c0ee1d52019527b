// ProduceRequests: appends to the partitions that this broker leads; answers at once, or with
// acks=all when the ISR has it all.
//
// Lifetime: owned by the ReplicaManager. Threads: none.
// Source:   kafka.server.ReplicaManager (appendRecords), DelayedProduce.
#pragma once

#include "model/broker/call.h"
#include "model/broker/hosted_replicas.h"

namespace brokerlab::model {

class LogManager;

class ProduceRequests {
 public:
  ProduceRequests(const ReplicaContext& context, HostedReplicas& replicas, LogManager& logs)
      : context_(context), replicas_(replicas), logs_(logs) {}

  sim::Task<> produce(CallPtr call);
  /// As a producer of this broker's own, with acks=all: what the produce response would say.
  sim::Task<ErrorCode> append(TopicPartition name, log::ByteVector batch, Duration timeout);

 private:
  class DelayedProduce;
  /// One partition's part of a request: its answer, and what it waits for.
  struct Part {
    ProduceResponse::Partition answer;
    Offset required = log::no_offset;  ///< Of the high watermark; no_offset: it waits for nothing.
  };
  Part append(const ProduceRequest::Partition& produced, Acks acks);
  Result<log::AppendInfo, ErrorCode> append_to(Partition& partition, const log::Records& records,
                                               Acks acks);

  const ReplicaContext& context_;
  HostedReplicas& replicas_;
  LogManager& logs_;
};

}  // namespace brokerlab::model
