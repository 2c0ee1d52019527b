#include "model/zookeeper/sessions.h"

namespace brokerlab::model {

Time ZkSessionTracker::round_up(Time date) const {
  return Time((date.time_since_epoch() / tick_ + 1) * tick_);
}

void ZkSessionTracker::leave_bucket(SessionId session, Time expires) {
  const auto bucket = buckets_.find(expires);
  bucket->second.erase(session);
  if (bucket->second.empty()) buckets_.erase(bucket);
}

void ZkSessionTracker::add(SessionId session, Duration timeout, Time now) {
  remove(session);
  const Time expires = round_up(now + timeout);
  sessions_[session] = {timeout, expires};
  buckets_[expires].insert(session);
}

bool ZkSessionTracker::touch(SessionId session, Time now) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return false;
  const Time expires = round_up(now + found->second.timeout);
  if (expires > found->second.expires) {
    leave_bucket(session, found->second.expires);
    found->second.expires = expires;
    buckets_[expires].insert(session);
  }
  return true;
}

void ZkSessionTracker::remove(SessionId session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  leave_bucket(session, found->second.expires);
  sessions_.erase(found);
}

std::vector<ZkSessionTracker::Expired> ZkSessionTracker::expire(Time now) {
  std::vector<Expired> expired;
  while (!buckets_.empty() && buckets_.begin()->first <= now) {
    for (const SessionId session : buckets_.begin()->second) {
      const auto found = sessions_.find(session);
      expired.push_back({session, found->second.timeout});
      sessions_.erase(found);
    }
    buckets_.erase(buckets_.begin());
  }
  return expired;
}

}  // namespace brokerlab::model
