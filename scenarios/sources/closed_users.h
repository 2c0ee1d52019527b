// ClosedUsers: the users of a closed loop: who is ready to send, and from when on.
//
// Cost: grows with the calls, not with the users. Lifetime: a value. Threads: none. Errors: being
// told of more records than are under way is our bug.
#pragma once

#include "base/units.h"
#include "scenarios/sources/source_spec.h"

#include <cstdint>
#include <deque>
#include <optional>

namespace brokerlab::scenarios {

class ClosedUsers {
 public:
  /// Nobody sends at `end` or later. The first records are spread over one think time.
  ClosedUsers(const ClosedLoop& loop, Time end);

  /// When the next user is ready: `never` while all have a record under way, nothing when none will
  /// be ready before the end.
  std::optional<Time> next() const;

  /// Users who were ready one after the other, evenly.
  struct Ready {
    std::int64_t count = 0;
    Time first;
    Time last;
  };
  /// At most `most` of those who are ready by now, the earliest; from now on they have a record
  /// under way.
  Ready take(Time now, std::int64_t most);
  /// So many records have met their fate.
  void done(std::int64_t count, Time now);
  /// All that are under way have met theirs.
  void all_done(Time now) { done(under_way_, now); }

 private:
  const Duration think_time_;
  const Time end_;
  std::deque<Ready> waiting_;  ///< In the order of time.
  std::int64_t under_way_ = 0;
};

}  // namespace brokerlab::scenarios
