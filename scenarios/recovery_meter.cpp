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
  look_at_groups(now);
}

void RecoveryMeter::look_at_groups(Time now) {
  for (const auto& [name, group] : ledger_.groups()) {
    Drain& drain = drains_[name];
    const bool is_new = drain.most_at != group.most_lag_at;
    if (is_new) drain = {group.most_lag_at, std::nullopt};
    if (drain.after) continue;
    // What was there before the greatest lag says nothing of it.
    const bool has_caught_up = group.lag == 0 || (!is_new && has_read_what_was_there(group, name));
    if (has_caught_up) drain.after = now - group.most_lag_at;
  }
  for (const auto& [name, view] : ledger_.partitions()) {
    readable_before_[name] = view.high_watermark;
  }
}

bool RecoveryMeter::has_read_what_was_there(const Ledger::GroupView& group,
                                            const std::string& name) const {
  const auto& partitions = ledger_.partitions();
  for (const auto& [partition, lag] :
       ledger_.lags(name, {group.topics.begin(), group.topics.end()})) {
    const auto before = readable_before_.find(partition);
    if (before == readable_before_.end()) continue;
    if (lag > std::max<std::int64_t>(0, partitions.at(partition).high_watermark - before->second)) {
      return false;
    }
  }
  return true;
}

std::optional<Duration> RecoveryMeter::drained_after(const std::string& group) const {
  const auto drain = drains_.find(group);
  return drain == drains_.end() ? std::nullopt : drain->second.after;
}

}  // namespace brokerlab::scenarios
