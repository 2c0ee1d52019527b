// How a student's scenario is tried: pure functions from a scenario, and what a first run of it
// told, to the scenarios that are run, and from a report to the words for what went wrong.
//
// Lifetime: values. Threads: none. Errors: returned sentences.
#pragma once

#include "base/result.h"
#include "base/settings.h"
#include "labs/lab.h"
#include "scenarios/ledger/exposure.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace brokerlab::labs {

/// The scenario up to `end`, nothing going wrong: what the moments are chosen from.
scenarios::Scenario before_faults(scenarios::Scenario scenario, Duration end);

/// All faults moved by the same time, so that the first strikes at `first`. With `watch` the run
/// ends so long after it, its load a little earlier: what was sent can still arrive.
scenarios::Scenario moved(scenarios::Scenario scenario, Time first, std::optional<Duration> watch);

/// The brokers of a run: who leads most partitions (the lowest number of several), then the others
/// by number. Empty when nobody leads any.
std::vector<std::string> victim_and_others(const Json& report);

/// In each of `count` equal parts of [from, to] the moment after the acknowledgment that waits
/// longest for its record to be sent to a follower; where none waits, right after an
/// acknowledgment, or in the middle. Only acknowledgments by `victim` count.
std::vector<Time> choose_moments(const std::vector<scenarios::Exposed>& exposed,
                                 const std::string& victim, Time from, Time to, int count);

/// The patch applied to the scenario, {victim} and {other_N} replaced. The error is a sentence.
Result<std::string, std::string> patched(const Json& scenario, std::string patch,
                                         const std::vector<std::string>& brokers);

/// How the first lost record of a report was lost, if there is one: who acknowledged it, how much
/// later that machine died, and which acks the producer asked for.
LocalText how_lost(const Json& report, const Json& scenario);

}  // namespace brokerlab::labs
