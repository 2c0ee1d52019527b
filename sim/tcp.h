// What TCP makes of a path: sizes on the wire, the rate of a stream, the time lost with a packet.
// Pure functions; the constants are Linux's defaults.
//
// The rate of one stream is at most a window a round trip, and under loss what the TFRC equation
// says of a long transfer (X in bytes a second, s the segment, R the round trip, p the share of
// packets lost, b = 1, RTO as below):
//
//   X = s / (R sqrt(2bp/3) + RTO (3 sqrt(3bp/8)) p (1 + 32 p^2))
//
// A single message that loses a packet waits a round trip for it when three later packets of its
// own tell (fast retransmit), and for the retransmission timer when it was among the last three.
//
// Threads: none needed. Errors: none.
// Sources: RFC 5348, section 3.1 (after Padhye et al., "Modeling TCP Throughput", SIGCOMM 1998);
//          RFC 6298 (the timer) with Linux's TCP_RTO_MIN and TCP_RTO_MAX; RFC 5681, section 3.2
//          (three duplicate acknowledgements); Linux ip-sysctl (tcp_rmem, tcp_retries2,
//          tcp_syn_retries).
#pragma once

#include "base/random.h"
#include "base/units.h"

namespace brokerlab::sim::tcp {

inline constexpr Bytes segment_size = Bytes(1448);
inline constexpr Bytes segment_header = Bytes(66);  ///< TCP with time stamps, IP, Ethernet.

inline constexpr Duration shortest_timeout = 200ms;  ///< TCP_RTO_MIN
inline constexpr Duration longest_timeout = 120s;    ///< TCP_RTO_MAX
inline constexpr int most_retries = 15;              ///< net.ipv4.tcp_retries2
inline constexpr Duration first_syn_timeout = 1s;    ///< TCP_TIMEOUT_INIT
inline constexpr int syn_retries = 6;                ///< net.ipv4.tcp_syn_retries

/// At least one: an empty message is a segment too.
std::int64_t segments(Bytes message);
/// On the wire, headers included.
Bytes wire_size(Bytes message);

/// The timer that a lost packet waits for, the first time.
Duration retransmission_timeout(Duration round_trip);

/// The most that one stream carries. `round_trip` above 0; `loss` of single packets, below 1.
BytesPerSecond stream_rate(Duration round_trip, double loss, Bytes window);

/// By how much losses delay a message, and by what rule: `first` until it is sent again, and as
/// often as that is lost, too, a timeout twice as long as the one before.
struct Losses {
  Duration delay{0};
  Duration first{0};
  Duration timeout{0};
};
/// Each packet is lost with the probability `loss`, below 1.
Losses lose(RandomStream& chance, Bytes message, double loss, Duration round_trip);

/// The same message, of which all that was sent before `elapsed` is lost, when from then on the
/// probability is another one.
Losses lose_from(Duration elapsed, const Losses& before, RandomStream& chance, double loss);

}  // namespace brokerlab::sim::tcp
