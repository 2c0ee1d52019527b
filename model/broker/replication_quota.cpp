#include "model/broker/replication_quota.h"

#include "base/integer_text.h"
#include "model/events.h"

namespace brokerlab::model {

bool lists_replica(std::string_view list, int partition, BrokerId broker) {
  if (list == "*") return true;
  while (!list.empty()) {
    const std::string_view pair = list.substr(0, list.find(','));
    list.remove_prefix(std::min(pair.size() + 1, list.size()));
    const std::size_t colon = pair.find(':');
    if (colon == std::string_view::npos) continue;
    if (parse_integer<int>(pair.substr(0, colon)) == partition &&
        parse_integer<int>(pair.substr(colon + 1)) == broker.value()) {
      return true;
    }
  }
  return false;
}

ReplicationQuota::ReplicationQuota(const ReplicaContext& context, Side side)
    : context_(context),
      side_(side),
      rate_({context.config.replication_quota_window_num,
             whole_millis(context.config.replication_quota_window_size), true}) {}

std::int64_t ReplicationQuota::bound() const {
  return side_ == Side::leader ? context_.config.leader_replication_throttled_rate
                               : context_.config.follower_replication_throttled_rate;
}

std::int64_t ReplicationQuota::now() const {
  return whole_millis(context_.clock().time_since_epoch());
}

bool ReplicationQuota::is_throttled(const Partition& partition) const {
  const TopicConfig& config = partition.config();
  const std::string& list = side_ == Side::leader ? config.leader_replication_throttled_replicas
                                                  : config.follower_replication_throttled_replicas;
  return !list.empty() && lists_replica(list, partition.name().partition, context_.id);
}

void ReplicationQuota::record(Bytes bytes) {
  rate_.record(static_cast<double>(bytes.count()), now());
}

bool ReplicationQuota::holds_back(const Partition& partition, bool in_sync) {
  if (in_sync || !is_throttled(partition)) return false;
  const double rate = rate_.per_second(now());
  if (rate <= static_cast<double>(bound())) return false;
  tell(partition, rate);
  return true;
}

/// At most every 10 s.
void ReplicationQuota::tell(const Partition& partition, double rate) {
  constexpr Duration apart = 10s;
  sim::World& world = context_.world();
  if (told_ && world.now() - *told_ < apart) return;
  told_ = world.now();
  const sim::World::KeepCause keep(world);
  const char* setting = side_ == Side::leader ? "leader.replication.throttled.rate"
                                              : "follower.replication.throttled.rate";
  world.trace().record(events::replication_throttled,
                       {.machine = context_.machine(), .partition = partition.id()},
                       {{"rate", fmt::format("{:.0f}", rate)},
                        {"setting", setting},
                        {"bound", std::to_string(bound())}});
}

}  // namespace brokerlab::model
