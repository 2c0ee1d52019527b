// The rate that a source describes, as a curve over the run.
//
// A daily curve is low + (peak - low) * ((1 + cos a) / 2)^p, with a = 2 pi (time of day - peak_at)
// / 24 h and p the sharpness. The mean of the power over a day is m = G(p + 1/2) / (sqrt(pi) G(p +
// 1)), half for p = 1; so low = (mean - m * peak) / (1 - m), and no peak above mean / m is
// possible.
//
// Lifetime: values. Threads: none. Errors: what is wrong with the rate, by the path below "rate"
// and with the value as it was written.
#pragma once

#include "base/result.h"
#include "scenarios/description.h"
#include "scenarios/sources/rate_curve.h"

#include <string>
#include <utility>
#include <vector>

namespace brokerlab::scenarios {

/// Something that a source says and cannot have: `path` below the source ("/rate/daily/peak").
struct SourceProblem {
  std::string path;
  std::string value;
  std::string message;
};

/// Of an open source, until its end or the run's. Reads its file, if it has one.
Result<RateCurve, SourceProblem> rate_curve(const Scenario& scenario, const SourceSpec& source);

/// Up to where the rate says something of its own: its last step begins then, its last burst is
/// over, its file ends. 0: it is the same, or comes again, for ever. Reads its file, if it has one.
Duration spoken_until(const Scenario& scenario, const RateSpec& rate);

/// How many records users in a closed loop send, about: an answer takes some milliseconds.
double expected_of(const Scenario& scenario, const SourceSpec& source, const ClosedLoop& loop);

/// What a time line tells of the load: the moments at which it changes, and to what. Every step and
/// burst; of a curve what has changed by a tenth of its highest rate, at most a thousand times.
std::vector<std::pair<Time, PerSecond>> load_changes(const SourceSpec& source,
                                                     const RateCurve& curve);

}  // namespace brokerlab::scenarios
