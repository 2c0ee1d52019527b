// TopicCreator: kafka-topics.sh at the start of a run. Waits until all brokers are there, asks the
// controller for the scenario's topics, and then does nothing more.
#pragma once

#include "model/cluster_context.h"
#include "model/wire/protocol.h"
#include "sim/machine.h"

#include <set>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

class TopicCreator final : public sim::Program {
 public:
  TopicCreator(sim::Process& process, std::vector<model::Address> bootstrap, int brokers,
               std::vector<model::CreateTopicsRequest::Topic> topics,
               std::set<std::string>& to_be_made);

 private:
  sim::Task<> run();

  sim::Process& process_;
  const std::vector<model::Address> bootstrap_;
  const int brokers_;
  std::vector<model::CreateTopicsRequest::Topic> topics_;
  std::set<std::string>& to_be_made_;  ///< Less those that are there.
};

}  // namespace brokerlab::scenarios
