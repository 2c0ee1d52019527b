#include "sim/tcp.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace brokerlab::sim::tcp {

std::int64_t segments(Bytes message) {
  const std::int64_t size = segment_size.count();
  return std::max<std::int64_t>(1, (message.count() + size - 1) / size);
}

Bytes wire_size(Bytes message) { return message + segments(message) * segment_header; }

Duration retransmission_timeout(Duration round_trip) { return round_trip + shortest_timeout; }

BytesPerSecond stream_rate(Duration round_trip, double loss, Bytes window) {
  ENSURE(round_trip > 0ns && loss >= 0 && loss < 1, "a path of {} and loss {}",
         brokerlab::to_text(round_trip), loss);
  const double trip = to_seconds(round_trip);
  double rate = static_cast<double>(window.count()) / trip;
  if (loss > 0) {
    const double timeout = to_seconds(retransmission_timeout(round_trip));
    const double seconds = trip * std::sqrt(2 * loss / 3) +
                           timeout * 3 * std::sqrt(3 * loss / 8) * loss * (1 + 32 * loss * loss);
    rate = std::min(rate, static_cast<double>(segment_size.count()) / seconds);
  }
  constexpr double most = 1e15;
  return BytesPerSecond(std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(rate, most))));
}

namespace {

/// When it is sent again, once what was sent after `delay` is lost as well.
struct Retries {
  explicit Retries(const Losses& losses)
      : delay(losses.first),
        timeout(losses.timeout),
        // Who was told by later packets has not waited for the timer yet.
        doubles(losses.first == losses.timeout) {}

  void next() {
    if (std::exchange(doubles, true)) timeout = std::min(timeout * 2, longest_timeout);
    delay += timeout;
  }

  Duration delay;
  Duration timeout;
  bool doubles;
};

}  // namespace

Losses lose(RandomStream& chance, Bytes message, double loss, Duration round_trip) {
  const auto count = static_cast<double>(segments(message));
  if (chance.uniform() < std::pow(1 - loss, count)) return {};
  Losses losses;
  losses.timeout = retransmission_timeout(round_trip);
  constexpr double duplicates = 3;
  const bool fast = count > duplicates && chance.uniform() < (count - duplicates) / count;
  losses.first = fast ? round_trip : losses.timeout;
  return lose_from(Duration{0}, losses, chance, loss);
}

Losses lose_from(Duration elapsed, const Losses& before, RandomStream& chance, double loss) {
  Retries retries(before);
  while (retries.delay < elapsed) retries.next();
  while (loss > 0 && chance.uniform() < loss) retries.next();
  Losses losses = before;
  losses.delay = retries.delay;
  return losses;
}

}  // namespace brokerlab::sim::tcp
