// The range assignor: each topic's partitions in order, cut into one run for each subscriber.
//
// With n partitions and m subscribers the first n mod m get one partition more. Where racks matter
// (KIP-881), members first get, within their share, partitions that have a replica on their rack;
// topics with as many partitions and the same subscribers stay divided alike, which goes before
// racks.
//
// Source: org.apache.kafka.clients.consumer.RangeAssignor.
#pragma once

#include "model/client/assignor.h"

namespace brokerlab::model {

class RangeAssignor final : public Assignor {
 public:
  std::string_view name() const override { return "range"; }
  GroupAssignment assign(const GroupTopics& topics, const GroupMembersList& members) override;
};

}  // namespace brokerlab::model
