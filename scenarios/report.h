// RunReport: what a run came to, as plain values, as a page for an operator, and as JSON.
//
// Lifetime: a value. Threads: none.
#pragma once

#include "base/phrase.h"
#include "base/units.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace brokerlab::scenarios {

enum class Verdict { pass, fail, unknown };
std::string_view to_text(Verdict verdict);

/// "12,345".
std::string with_commas(std::int64_t n);
/// "REQUEST_TIMED_OUT 12, NETWORK_EXCEPTION 3".
std::string error_list(const std::vector<std::pair<std::string, std::int64_t>>& errors);

struct Percentiles {
  std::int64_t count = 0;
  Duration mean{}, p50{}, p95{}, p99{}, p999{}, max{};
};

/// What a run did beside what was asked of it (scenarios/harm.h).
struct Harm {
  std::string kind;  ///< "records_lost"; the words for programs.
  std::int64_t count = 1;
  Phrase words;  ///< "3 acknowledged records lost"
};

struct RunReport {
  std::string name;
  Phrase title;
  std::int64_t seed = 0;
  std::string version;
  Duration starts_at{};  ///< Time of day at t=0.
  Duration simulated{};
  // Of the machine that ran it: in the text only, and not in the fingerprint.
  double wall_seconds = 0;
  Bytes memory{0};          ///< The most that the process had, recording and earlier runs included.
  std::uint64_t steps = 0;  ///< Those of observers, too: not the same with every recording.
  std::string fingerprint;

  Verdict verdict = Verdict::unknown;
  std::vector<Phrase> reasons;  ///< Why it is not "pass".
  std::vector<Harm> harm;       ///< Whatever the verdict is; the worst first.

  // Records.
  std::vector<std::string> phantom_sources;  ///< Whose records had a size and no bytes.
  std::int64_t sent = 0, acknowledged = 0, failed = 0, pending = 0;
  std::int64_t failed_in_log = 0;  ///< Given up by their producers, and stored all the same.
  std::vector<std::pair<std::string, std::int64_t>> failed_by;  ///< By Kafka's name of the error.
  Duration oldest_pending{};  ///< How long the longest waiting one has waited at the end.
  /// With acks=0, handed to a connection and acknowledged by nobody; in no log at the end.
  std::int64_t sent_blindly = 0, blindly_lost = 0;
  std::int64_t not_verifiable = 0;  ///< Acknowledged, and no live leader to look into.
  std::int64_t consumed = 0;        ///< Different records that some group has processed.
  std::int64_t redelivered = 0;     ///< How often a group got one again.
  std::int64_t duplicates = 0;      ///< Copies in the logs beyond the first.
  std::int64_t reordered = 0;       ///< In the logs behind one that its producer sent later.
  std::int64_t unreadable = 0;      ///< Acknowledged, above the high watermark at the end.
  std::int64_t rows_unsent = 0;     ///< Marked in their table, and never sent: their program died.
  Duration longest_unreadable{0};   ///< The longest that one lay there.

  // Over the time that work went on (scenarios/work_meter.h).
  Time work_begin{}, work_end{};
  struct Load {
    double mean = 0, peak = 0;
  };
  Load acknowledged_rate;  ///< Records a second, acknowledged or handed over with acks=0.
  Load consumed_rate;      ///< Deliveries a second: to every group, again ones, too.

  /// When such requests would not have succeeded (scenarios/availability.h).
  struct Outages {
    Duration longest{};
    Time longest_from{};
    Duration total{};
    int times = 0;
    bool at_the_end = false;
  };
  Percentiles acknowledged_after;  ///< Intended send time to acknowledgment.
  Percentiles send_call;           ///< send() to acknowledgment.
  Percentiles end_to_end;          ///< Intended send time to processed.

  struct Lost {
    std::string record;
    std::string partition;
    std::int64_t offset = 0;
    Time acknowledged;
    Phrase why;
    std::int64_t count = 1;  ///< The record, and those behind it, of a phantom batch.
  };
  std::vector<Lost> lost;
  std::int64_t lost_records() const;

  /// What clients met: an error that a broker answered, or what became of an answer that did not
  /// come.
  struct ClientError {
    std::string api;   ///< "Produce"
    std::string name;  ///< Kafka's.
    std::string how;   ///< answered | disconnected | timed_out | not_connected | client
    std::int64_t count = 0;
    std::int64_t final = 0;  ///< That reached the application.
    Time first, last;
  };
  std::vector<ClientError> client_errors;

  struct Group {
    std::string name;
    std::string state;
    int generation = 0;
    std::int64_t lag = 0;  ///< Records below the high watermarks that it has not processed.
    std::int64_t most_lag = 0;
    Time most_lag_at{};
    std::optional<Duration> drained_after;  ///< From then on (scenarios/recovery_meter.h).
    std::int64_t unreadable = 0;  ///< Acknowledged records of its topics above them, at the end.
    std::int64_t unread = 0;      ///< Acknowledged records that it has not processed, not lost.
    std::int64_t waiting = 0;     ///< Of these: that it could read.
    Duration longest_waiting{};   ///< Since the first of them was acknowledged.
    std::int64_t consumed = 0;    ///< Different records.
    std::int64_t redelivered = 0, skipped = 0;
    std::int64_t deleted = 0;  ///< Acknowledged records that were deleted before it read them.
    std::int64_t rebalances = 0;
    /// Of a stream processor: records that are in its results again, and in none of them.
    std::int64_t counted_twice = 0, counted_never = 0;
    std::optional<Outages> coordinator;  ///< When no commit would have been accepted.
    /// The longest that a member had lost its coordinator and not found one; by member.
    std::vector<std::pair<std::string, Duration>> without_coordinator;
  };
  std::vector<Group> groups;

  struct Partition {
    std::string name;
    std::string leader;
    int epoch = 0;
    std::string isr;
    Outages produce, fetch;
    bool leaderless = false;
    Duration longest_unreadable{};  ///< Of an acknowledged record.
    std::int64_t unreadable = 0, duplicates = 0, reordered = 0;
    Duration longest_wait{};  ///< For an acknowledgment, or until the producer gave up.
    int elections = 0, isr_changes = 0;
    std::int64_t high_watermark = 0;
  };
  std::vector<Partition> partitions;  ///< Of the scenario's topics.
  Outages produce, fetch;  ///< Longest of any one; the others of all together, overlaps once.
  /// Some leader's ISR was not whole (scenarios/recovery_meter.h).
  struct UnderReplicated {
    Duration total{};
    std::int64_t most = 0;  ///< Partitions at once.
    Time until{};           ///< The last second of it.
    bool at_the_end = false;
  } under_replicated;
  int controller_elections = 0;
  /// The longest of each (scenarios/quorum.h), and whether it lasted when the run ended.
  Duration without_quorum{}, without_controller{};
  bool no_quorum_at_the_end = false, no_controller_at_the_end = false;
  /// How long the brokers are without a controller when one dies: its session has to end.
  Duration usual_failover{};

  struct Machine {
    std::string name;
    std::vector<std::string> processes;  ///< Who runs on it: itself, unless several share it.
    std::int64_t nic_sent = 0, nic_received = 0;
    Load nic;  ///< Shares of what is sustained, over the time that work went on.
    std::int64_t disk_read = 0, disk_written = 0, disk_syncs = 0;
    Load disk, cpu;
  };
  std::vector<Machine> machines;

  struct Fault {
    Duration at{};
    Phrase what, note;
    std::string target;
    bool done = false, needless = false, harmful = false, bit = false;
    bool absorbed = false;        ///< Something else took over what it took away.
    std::vector<Phrase> effects;  ///< How it bit; the weightiest first.
  };
  std::vector<Fault> faults;

  struct Invariant {
    std::string name;
    bool held = true;
    std::int64_t checked = 0;
    Phrase detail;                   ///< What broke it.
    std::vector<Phrase> exemptions;  ///< "250 records lost by ...": it is kept but for those.
  };
  std::vector<Invariant> invariants;

  struct Expectation {
    Phrase what;
    bool met = false;
    Phrase found;
  };
  std::vector<Expectation> expectations;

  struct Moment {
    Time time;
    Phrase text;
  };
  std::vector<Moment> time_line;  ///< From the first fault (or load change) on.

  // In the language that is spoken (base/translation.h):

  /// "pass (what was asked) · 1 acknowledged record lost".
  std::string verdict_line() const;
  /// The page.
  std::string text() const;
  /// "t=330.000s broker-1 lost power": one line a moment.
  std::string time_line_text() const;

  /// One JSON object, in English whoever asks; equal in equal runs.
  std::string json() const;
};

}  // namespace brokerlab::scenarios
