// AutoTopicCreation: makes topics that somebody asked a broker for and that are not there: by
// asking the controller, once at a time for each topic.
//
// Lifetime: owned by the Broker. Threads: none. Errors: none; who asks again has it tried again.
// Source:   kafka.server.DefaultAutoTopicCreationManager.
#pragma once

#include "model/broker/metadata_cache.h"
#include "model/config.h"
#include "model/wire/rpc.h"
#include "sim/machine.h"

#include <memory>
#include <set>
#include <string>

namespace brokerlab::model {

/// As a broker asks for it: internal topics with what coordinators need, all else by num.partitions
/// and default.replication.factor. Source: creatableTopic, GroupCoordinator.offsetsTopicConfigs,
/// TransactionStateManager.transactionTopicConfigs.
CreateTopicsRequest::Topic automatic_topic(const std::string& name, const BrokerConfig& config);

class AutoTopicCreation {
 public:
  /// `not_yet`: topics that somebody else is about to make; it and the others outlive this.
  AutoTopicCreation(sim::Process& process, const MetadataCache& metadata, RpcSettings rpc,
                    const std::set<std::string>& not_yet)
      : process_(process), metadata_(metadata), rpc_(std::move(rpc)), not_yet_(not_yet) {}

  void create(CreateTopicsRequest::Topic topic);

 private:
  sim::Task<> ask(CreateTopicsRequest::Topic topic);

  sim::Process& process_;
  const MetadataCache& metadata_;
  const RpcSettings rpc_;
  const std::set<std::string>& not_yet_;
  std::set<std::string> in_flight_;
};

}  // namespace brokerlab::model
