// ProducerIdManager: gives away producer ids, each once in the cluster, out of blocks of 1000 that
// the controller hands to this broker.
//
// It asks for the first block when it needs it, and for the next when nine tenths are given away.
// Who asks meanwhile and finds none left is told to come again.
//
// Lifetime: owned by the Broker; dies with its process. Threads: none.
// Source:   kafka.coordinator.transaction.RPCProducerIdManager;
//           kafka.server.NodeToControllerChannelManager.
#pragma once

#include "base/result.h"
#include "model/broker/metadata_cache.h"
#include "model/wire/rpc.h"
#include "sim/machine.h"

#include <memory>
#include <optional>

namespace brokerlab::model {

class ProducerIdManager {
 public:
  /// `rpc`: of the connection to the controller.
  ProducerIdManager(sim::Process& process, BrokerId broker, const MetadataCache& metadata,
                    RpcSettings rpc);

  /// Of the broker's registration in force.
  void set_broker_epoch(std::int64_t epoch) { broker_epoch_ = epoch; }
  /// COORDINATOR_LOAD_IN_PROGRESS: a block is on its way.
  Result<std::int64_t, ErrorCode> next();

 private:
  void request_block();
  sim::Task<> fetch_block();
  sim::Task<std::optional<Result<ProducerIdBlock, ErrorCode>>> ask_controller();

  sim::Process& process_;
  const BrokerId broker_;
  const MetadataCache& metadata_;
  const RpcSettings rpc_;
  std::int64_t broker_epoch_ = -1;
  ProducerIdBlock block_;
  std::int64_t next_ = 0;  ///< Of the block.
  std::optional<ProducerIdBlock> next_block_;
  bool requested_ = false;
  Time not_before_{};  ///< After a failure.
  std::unique_ptr<NodeConnection> connection_;
};

}  // namespace brokerlab::model
