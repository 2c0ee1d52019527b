#include "scenarios/sources/closed_users.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

/// The `i`-th of those, from 0.
Time moment_of(const ClosedUsers::Ready& ready, std::int64_t i) {
  if (ready.count < 2) return ready.first;
  const Duration span = ready.last - ready.first;
  const auto wide = static_cast<Int128>(span.count()) * i / (ready.count - 1);
  return ready.first + Duration(static_cast<std::int64_t>(wide));
}

/// How many of those are ready by now.
std::int64_t count_by(const ClosedUsers::Ready& ready, Time now) {
  if (now < ready.first) return 0;
  if (now >= ready.last) return ready.count;
  const Duration span = ready.last - ready.first;
  const auto wide = static_cast<Int128>((now - ready.first).count()) * (ready.count - 1);
  auto count = static_cast<std::int64_t>(wide / span.count()) + 1;
  while (count < ready.count && moment_of(ready, count) <= now) ++count;
  return count;
}

}  // namespace

ClosedUsers::ClosedUsers(const ClosedLoop& loop, Time end)
    : think_time_(loop.think_time), end_(end) {
  const Duration step = loop.think_time / loop.users;
  waiting_.push_back({loop.users, Time{}, Time(loop.think_time - step)});
  if (loop.users == 1) waiting_.back().last = Time{};
}

std::optional<Time> ClosedUsers::next() const {
  if (!waiting_.empty() && waiting_.front().first < end_) return waiting_.front().first;
  return under_way_ > 0 && waiting_.empty() ? std::optional(never) : std::nullopt;
}

ClosedUsers::Ready ClosedUsers::take(Time now, std::int64_t most) {
  Ready taken;
  const Time upto = std::min(now, end_ - Duration(1));
  while (!waiting_.empty() && taken.count < most) {
    Ready& group = waiting_.front();
    const std::int64_t count = std::min(count_by(group, upto), most - taken.count);
    if (count == 0) break;
    if (taken.count == 0) taken.first = group.first;
    taken.last = moment_of(group, count - 1);
    taken.count += count;
    if (count == group.count) {
      waiting_.pop_front();
    } else {
      group = {group.count - count, moment_of(group, count), group.last};
    }
  }
  under_way_ += taken.count;
  return taken;
}

void ClosedUsers::done(std::int64_t count, Time now) {
  ENSURE(count <= under_way_, "{} records done, {} under way", count, under_way_);
  if (count == 0) return;
  under_way_ -= count;
  // Behind all who wait: they were ready to think earlier, or have not begun within the first time.
  const Time ready = now + think_time_;
  waiting_.push_back({count, ready, ready});
}

}  // namespace brokerlab::scenarios
