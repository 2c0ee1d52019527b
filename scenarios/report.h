// RunReport: what a run came to, as plain values, as a page for an operator, and as JSON.
//
// Lifetime: a value. Threads: none.
#pragma once

#include "base/phrase.h"
#include "base/units.h"

#include <cstdint>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

enum class Verdict { pass, fail, unknown };
std::string_view to_text(Verdict verdict);

struct Percentiles {
  std::int64_t count = 0;
  Duration mean{}, p50{}, p95{}, p99{}, p999{}, max{};
};

struct RunReport {
  std::string name;
  std::string title;
  std::int64_t seed = 0;
  std::string version;
  Duration starts_at{};  ///< Time of day at t=0.
  Duration simulated{};
  double wall_seconds = 0;  ///< Not part of the JSON's comparable part, nor of the fingerprint.
  std::uint64_t steps = 0;
  std::string fingerprint;

  Verdict verdict = Verdict::unknown;
  std::vector<std::string> reasons;  ///< Why it is not "pass".

  // Records.
  std::int64_t sent = 0, acknowledged = 0, failed = 0, pending = 0;
  Duration oldest_pending{};  ///< How long the longest waiting one has waited at the end.
  std::int64_t sent_blindly = 0, blindly_lost = 0;  ///< acks=0; in no log at the end.
  std::int64_t not_verifiable = 0;  ///< Acknowledged, and no live leader to look into.
  std::int64_t consumed = 0, redelivered = 0, duplicates = 0;
  Percentiles acknowledged_after;  ///< Intended send time to acknowledgment.
  Percentiles send_call;           ///< send() to acknowledgment.
  Percentiles end_to_end;          ///< Intended send time to processed.

  struct Lost {
    std::string record;
    std::string partition;
    std::int64_t offset = 0;
    Time acknowledged;
    std::string why;
  };
  std::vector<Lost> lost;

  struct Group {
    std::string name;
    std::string state;
    int generation = 0;
    std::int64_t lag = 0, most_lag = 0;
    Time most_lag_at;
    std::int64_t rebalances = 0;
  };
  std::vector<Group> groups;

  struct Partition {
    std::string name;
    std::string leader;
    int epoch = 0;
    std::string isr;
    Duration unavailable{};  ///< Longest outage.
    bool leaderless = false;
    Duration longest_wait{};  ///< For an acknowledgment.
    int elections = 0, isr_changes = 0;
    std::int64_t high_watermark = 0;
  };
  std::vector<Partition> partitions;  ///< Of the scenario's topics.
  Duration unavailable{};
  int controller_elections = 0;

  struct Machine {
    std::string name;
    std::int64_t nic_sent = 0, nic_received = 0;
    double nic_utilisation = 0;  ///< Of the busier direction, over the run.
    std::int64_t disk_read = 0, disk_written = 0, disk_syncs = 0;
    double disk_utilisation = 0;
    double cpu_utilisation = 0;
  };
  std::vector<Machine> machines;

  struct Fault {
    Duration at{};
    std::string what, target, note;
    bool done = false, harmful = false, bit = false;
    std::vector<Phrase> effects;  ///< How it bit; the weightiest first.
  };
  std::vector<Fault> faults;

  struct Invariant {
    std::string name;
    bool held = true;
    std::int64_t checked = 0;
    std::string detail;
  };
  std::vector<Invariant> invariants;

  struct Expectation {
    std::string what;
    bool met = false;
    std::string found;
  };
  std::vector<Expectation> expectations;

  struct Moment {
    Time time;
    std::string text;
  };
  std::vector<Moment> time_line;  ///< From the first fault (or load change) on.

  /// The page.
  std::string text() const;
  /// One JSON object; everything but wall_seconds is equal in equal runs.
  std::string json() const;
  /// "t=330.000s broker-1 lost power": one line a moment.
  std::string time_line_text() const;
};

}  // namespace brokerlab::scenarios
