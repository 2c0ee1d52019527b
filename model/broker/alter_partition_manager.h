// AlterPartitionManager: carries ISR changes to the controller, one request at a time, all that is
// waiting in one request (KIP-497).
//
// Lifetime: owned by the Broker. Threads: none. Source: kafka.server.AlterPartitionManager.
#pragma once

#include "model/broker/metadata_cache.h"
#include "model/broker/partition.h"
#include "model/wire/rpc.h"

#include <functional>
#include <map>
#include <set>

namespace brokerlab::model {

class AlterPartitionManager {
 public:
  using Answer = std::function<void(const AlterPartitionResponse::Partition&)>;

  AlterPartitionManager(sim::Process& process, BrokerId broker, const MetadataCache& metadata,
                        RpcSettings rpc);

  /// Queues the change. False: another one of the same partition is still unanswered
  /// (OPERATION_NOT_ATTEMPTED).
  bool submit(IsrChange change, Answer answer);
  /// The epoch of our registration (KIP-380); requests of an older life are refused.
  void set_broker_epoch(std::int64_t epoch) { broker_epoch_ = epoch; }
  void start();
  /// Called when the controller refuses everything this broker asks for; once a change.
  using Refused = std::function<void(const IsrChange&, ErrorCode)>;
  void on_refused(Refused callback) { refused_ = std::move(callback); }

 private:
  struct Item {
    IsrChange change;
    Answer answer;
    sim::EventId because;
    Time since;         ///< When it was submitted.
    bool told = false;  ///< That it was refused.
  };

  sim::Task<> run();
  sim::Task<bool> send(std::map<TopicPartition, Item>& items);

  sim::Process& process_;
  const BrokerId broker_;
  const MetadataCache& metadata_;
  const RpcSettings rpc_;
  std::int64_t broker_epoch_ = -1;
  std::map<TopicPartition, Item> waiting_;
  std::set<TopicPartition> under_way_;  ///< Sent, or to be sent again.
  sim::Signal submitted_;
  Refused refused_;
  std::unique_ptr<NodeConnection> connection_;
};

}  // namespace brokerlab::model
