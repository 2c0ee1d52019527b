// LogProducers: what a log knows of its producers and their transactions (producer_state.h), kept
// in step with the batches in it: on the way in, after a truncation, at the start, with the
// snapshots that spare the next start a reading of everything.
//
// An append asks first, analyze(), and tells afterwards, take(), so that nothing changes before the
// bytes are in the log.
//
// Lifetime: borrows the Env. Threads: none. Errors: those of the storage, and of analyze() the
// producer's. Source of the order of things: UnifiedLog.analyzeAndValidateProducerState,
// UnifiedLog.rebuildProducerState.
#pragma once

#include "log/env/env.h"
#include "log/partition/incoming.h"
#include "log/partition/local_log.h"
#include "log/partition/log_error.h"
#include "log/partition/producer_snapshot.h"
#include "log/partition/producer_state.h"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace brokerlab::log {

class LogProducers {
 public:
  explicit LogProducers(Env& env) : env_(&env) {}

  ProducerStates& states() { return states_; }
  const ProducerStates& states() const { return states_; }

  /// What an append means for producers.
  struct Changes {
    std::map<std::int64_t, ProducerAppend> appends;
    std::vector<CompletedTransaction> completed;
    std::optional<AppendedBatch> duplicate;  ///< Nothing is to be appended: it is there already.
  };
  Result<Changes, LogError> analyze(std::span<const Incoming::OfProducer> batches,
                                    AppendOrigin origin) const;
  /// They are written, the log ends at `end`.
  Status<IoError> take(const Changes& changes, LogSegment& segment, Offset end);

  /// Tells of the next batch that recovery found in `segment`.
  Status<IoError> replay(const BatchView& batch, LogSegment& segment);
  /// What is known as of `offset`: from what is known now, or from a snapshot, on, reading what is
  /// in between. Transaction indexes on the way are left as they are.
  Status<IoError> bring_to(Offset offset, const LocalLog& log, Offset log_start, Timestamp now);
  /// After the log's end or start has changed otherwise than by an append.
  Status<IoError> reload(const LocalLog& log, Offset log_start, Timestamp now);
  /// When a log was opened. After a clean stop without any snapshot nobody here ever knew of
  /// producers, and nothing is read.
  Status<IoError> load(const LocalLog& log, Offset log_start, Timestamp now, bool clean);
  /// The log is empty and ends at `offset`. Snapshots go with what they told of.
  Status<IoError> start_empty_at(Offset offset);

  Status<IoError> load_snapshots(const std::string& dir);
  Status<IoError> take_snapshot(Offset offset) { return snapshots_.take(*env_, states_, offset); }
  Status<IoError> remove_snapshot(Offset offset) { return snapshots_.remove_at(*env_, offset); }
  Status<IoError> remove_stray_snapshots(const LocalLog& log);
  Status<IoError> sync() { return snapshots_.sync(*env_); }
  const std::vector<Offset>& snapshot_offsets() const { return snapshots_.offsets(); }

 private:
  Result<Changes, LogError> analyze_again(const BatchView& batch) const;
  Status<IoError> start_from_snapshot(Offset start, Offset offset, std::int64_t expiration,
                                      Timestamp now);
  Status<IoError> read_on(LogSegment& segment, Offset offset);

  Env* env_;
  ProducerStates states_;
  Offset end_ = 0;  ///< Up to where they tell; no_offset: of nothing.
  ProducerSnapshots snapshots_;
};

}  // namespace brokerlab::log
