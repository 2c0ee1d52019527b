#include "model/client/record_feed.h"

#include <algorithm>

namespace brokerlab::model {

void RunFeed::poll(Time now, int partitions) {
  std::vector<FeedRun> due;
  take(now, partitions, due);
  waiting_.insert(waiting_.end(), due.begin(), due.end());
}

std::optional<FeedRun> RunFeed::hand_out(std::int64_t most) {
  if (waiting_.empty()) return std::nullopt;
  FeedRun& rest = waiting_.front();
  FeedRun piece = rest;
  if (rest.count <= most) {
    waiting_.pop_front();
    return piece;
  }
  const Duration step = (rest.last_due - rest.first_due) / (rest.count - 1);
  piece.count = most;
  piece.last_due = rest.first_due + step * (most - 1);
  piece.bytes = Bytes(rest.bytes.count() * most / rest.count);
  rest.first += most;
  rest.count -= most;
  rest.first_due += step * most;
  rest.bytes -= piece.bytes;
  return piece;
}

}  // namespace brokerlab::model
