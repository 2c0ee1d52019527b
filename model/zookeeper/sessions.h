// The leader's list of sessions by the date at which they expire. Pure data.
//
// Dates are rounded up to the next multiple of tickTime, so a session expires between its timeout
// and its timeout plus one tick after it was touched last. The clock is the server's uptime clock;
// brokerlab lets it start with the run, so expiries fall on multiples of tickTime.
//
// Lifetime: a value. Threads: none.
// Source:   org.apache.zookeeper.server.ExpiryQueue.roundToNextInterval, SessionTrackerImpl.
#pragma once

#include "base/units.h"
#include "model/ids.h"

#include <map>
#include <set>
#include <vector>

namespace brokerlab::model {

class ZkSessionTracker {
 public:
  explicit ZkSessionTracker(Duration tick) : tick_(tick) {}

  void add(SessionId session, Duration timeout, Time now);
  /// The client was heard of. False when there is no such session (any more).
  bool touch(SessionId session, Time now);
  void remove(SessionId session);
  bool contains(SessionId session) const { return sessions_.contains(session); }
  Duration timeout(SessionId session) const { return sessions_.at(session).timeout; }

  struct Expired {
    SessionId session;
    Duration timeout;
  };
  /// Removes and returns the sessions whose date has come.
  std::vector<Expired> expire(Time now);
  /// The next date at which one may expire; `never` without sessions.
  Time next() const { return buckets_.empty() ? never : buckets_.begin()->first; }

 private:
  struct Session {
    Duration timeout;
    Time expires;
  };
  Time round_up(Time date) const;
  void leave_bucket(SessionId session, Time expires);

  const Duration tick_;
  std::map<SessionId, Session> sessions_;
  std::map<Time, std::set<SessionId>> buckets_;
};

}  // namespace brokerlab::model
