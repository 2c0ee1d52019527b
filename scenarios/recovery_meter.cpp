#include "scenarios/recovery_meter.h"

#include <algorithm>

namespace brokerlab::scenarios {

void RecoveryMeter::look(Time now) {
  std::int64_t under = 0;
  for (const Cluster::Member& member : cluster_.members()) {
    if (member.role.role != Role::broker) continue;
    const model::Broker* broker = cluster_.broker(cluster_.broker_id(member));
    if (broker != nullptr) under += broker->replicas().under_replicated();
  }
  const auto& partitions = ledger_.partitions();
  const bool all_are_led = std::all_of(partitions.begin(), partitions.end(),
                                       [](const auto& one) { return one.second.leader.valid(); });
  if (under == 0 && !partitions.empty() && all_are_led) was_whole_ = true;
  if (was_whole_) {
    now_ = under;
    most_ = std::max(most_, under);
    if (under > 0) {
      under_replicated_ += now - last_;
      until_ = now;
    }
  }
  last_ = now;
  for (const auto& [name, group] : ledger_.groups()) {
    Drain& drain = drains_[name];
    if (drain.most_at != group.most_lag_at) drain = {group.most_lag_at, std::nullopt};
    if (!drain.after && group.lag * 10 <= group.most_lag) drain.after = now - group.most_lag_at;
  }
}

std::optional<Duration> RecoveryMeter::drained_after(const std::string& group) const {
  const auto drain = drains_.find(group);
  return drain == drains_.end() ? std::nullopt : drain->second.after;
}

}  // namespace brokerlab::scenarios
