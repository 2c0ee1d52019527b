// TransactionVerifier: asks a transaction's coordinator whether partitions are in it, before the
// first record of it is written here (KIP-890, part 1).
//
// Lifetime: owned by the Broker; dies with its process. Threads: none.
// Source:   kafka.server.AddPartitionsToTxnManager. Kafka gathers what waits for one coordinator
//           into one request; here each transaction has its own.
#pragma once

#include "model/broker/metadata_cache.h"
#include "model/wire/rpc.h"
#include "model/wire/transactions.h"
#include "sim/machine.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace brokerlab::model {

class TransactionVerifier {
 public:
  using PartitionFor = std::function<int(const std::string& transactional_id)>;
  TransactionVerifier(sim::Process& process, const MetadataCache& metadata,
                      PartitionFor partition_for, RpcSettings rpc)
      : process_(process),
        metadata_(metadata),
        partition_for_(std::move(partition_for)),
        rpc_(std::move(rpc)) {}

  /// Those that are not in it, each with why; as a producer hears it.
  using Refused = std::map<TopicPartition, ErrorCode>;
  sim::Task<Refused> verify(std::string transactional_id, ProducerIdAndEpoch producer,
                            std::vector<TopicPartition> partitions);

 private:
  sim::Process& process_;
  const MetadataCache& metadata_;
  const PartitionFor partition_for_;
  const RpcSettings rpc_;
  std::map<Address, std::unique_ptr<NodeConnection>> connections_;
};

}  // namespace brokerlab::model
