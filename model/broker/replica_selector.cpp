#include "model/broker/replica_selector.h"

#include <tuple>

namespace brokerlab::model {

BrokerId nearest_replica(const std::string& rack, const ReplicaView& leader,
                         const std::vector<ReplicaView>& followers) {
  if (rack.empty() || leader.rack == rack) return {};
  const auto rank = [](const ReplicaView& view) {
    return std::tuple(view.log_end_offset, -view.since_caught_up, view.broker);
  };
  const ReplicaView* best = nullptr;
  for (const ReplicaView& view : followers) {
    if (view.rack == rack && (best == nullptr || rank(view) > rank(*best))) best = &view;
  }
  return best == nullptr ? BrokerId() : best->broker;
}

}  // namespace brokerlab::model
