// The round-robin assignor: all partitions of all topics in order, one after the other to the next
// member that subscribes to the topic.
//
// Source: org.apache.kafka.clients.consumer.RoundRobinAssignor.
#pragma once

#include "model/client/assignor.h"

namespace brokerlab::model {

class RoundRobinAssignor final : public Assignor {
 public:
  std::string_view name() const override { return "roundrobin"; }
  GroupAssignment assign(const GroupTopics& topics, const GroupMembersList& members) override;
};

}  // namespace brokerlab::model
