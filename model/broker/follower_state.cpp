#include "model/broker/follower_state.h"

#include <algorithm>

namespace brokerlab::model {

void FollowerState::note_fetch(Offset offset, Offset leader_end, Time now) {
  if (offset >= leader_end) {
    last_caught_up = std::max(last_caught_up, now);
    ++times_caught_up;
  } else if (offset >= leader_end_at_last_fetch) {
    last_caught_up = std::max(last_caught_up, last_fetch);
    ++times_caught_up;
  }
  log_end_offset = offset;
  leader_end_at_last_fetch = std::max(leader_end, leader_end_at_last_fetch);
  last_fetch = now;
}

}  // namespace brokerlab::model
