// The range assignor: each topic's partitions in order, cut into one run for each subscriber.
//
// Subscribers stand in the order of their member ids; with n partitions and m of them, the first
// n mod m get one partition more. Source: org.apache.kafka.clients.consumer.RangeAssignor (without
// racks).
#pragma once

#include "model/wire/protocol.h"

#include <map>
#include <string>
#include <vector>

namespace brokerlab::model {

/// `partitions`: how many each topic has; a topic that is missing is assigned to nobody. Every
/// member appears in the result, in the order given.
std::vector<SyncGroupRequest::Assignment> assign_range(
    const std::vector<JoinGroupResponse::Member>& members,
    const std::map<std::string, int>& partitions);

}  // namespace brokerlab::model
