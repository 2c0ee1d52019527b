// What a leader knows of one follower: how far it has fetched, and when it was last caught up.
//
// Lifetime: a value. Threads: none. Source: kafka.cluster.Replica (updateFetchStateOrThrow,
// isCaughtUp).
#pragma once

#include "base/units.h"
#include "model/ids.h"

#include <cstdint>

namespace brokerlab::model {

/// Kafka's time 0 for a follower that was never caught up.
inline constexpr Time long_ago{Duration::min() / 4};

/// What a leader knows of one follower.
struct FollowerState {
  Offset log_end_offset = log::no_offset;
  Offset log_start_offset = log::no_offset;
  Time last_fetch = long_ago;
  Offset leader_end_at_last_fetch = log::no_offset;
  Time last_caught_up = long_ago;
  std::int64_t times_caught_up = 0;  ///< Counts on when the clock goes back.

  /// A follower's fetch from `offset`, while the leader's log ends at `leader_end`: it is caught up
  /// as of this fetch, or of the one before, when it has reached the end seen then.
  void note_fetch(Offset offset, Offset leader_end, Time now);
  bool is_caught_up(Offset leader_end, Time now, Duration max_lag) const {
    return log_end_offset == leader_end || now - last_caught_up <= max_lag;
  }
};

}  // namespace brokerlab::model
