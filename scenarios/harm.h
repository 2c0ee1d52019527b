// What a run did to records and to those who wanted to send and read them, whatever the scenario
// expected: it stands beside the verdict, so that no "pass" hides it. The worst first.
//
// Threads: none.
#pragma once

#include "scenarios/report.h"

#include <vector>

namespace brokerlab::scenarios {

/// An outage that is shorter is no harm by itself (the report has it): a client that is refused
/// asks again after retry.backoff.ms, 100 ms by default, and notices no more than that.
inline constexpr Duration harmful_outage = 100ms;
/// Without a controller for so much longer than its session's timeout is no usual failover.
inline constexpr Duration slow_failover = 5s;
/// A send that has waited for less when the run ends is on its way.
inline constexpr Duration harmful_wait = 1s;
/// A group that has read everything which was acknowledged longer ago than this is at work: a poll
/// may bring 500 records (max.poll.records), a rebalance among living members takes seconds.
inline constexpr Duration harmful_lateness = 10s;

/// Of a report that is filled but for its harm and its verdict.
std::vector<Harm> harm_of(const RunReport& report);

}  // namespace brokerlab::scenarios
