// Incoming: batches on their way into a log. They are walked once, here, and checked; what the
// parts of the log need of each goes on with the bytes: offsets and epochs, what their producers
// should be asked, what the indexes note.
//
// The checks that need the log's state (producers, the size of a segment) are the log's: log.h.
// Source of the rules: Kafka's LogValidator, UnifiedLog.analyzeAndValidateRecords.
//
// Lifetime: borrows the bytes, or the phantom batches, until the next take. Threads: values.
// Errors: a LogError, and nothing of use was taken.
#pragma once

#include "log/batch/phantom.h"
#include "log/batch/record_batch.h"
#include "log/log_config.h"
#include "log/partition/log_error.h"
#include "log/partition/producer_state.h"

#include <vector>

namespace brokerlab::log {

/// What an append did; before it is done, what it will.
struct AppendInfo {
  Offset first_offset = no_offset;
  Offset last_offset = no_offset;
  Timestamp max_timestamp = no_timestamp;
  /// Last offset of the first batch that has max_timestamp.
  Offset offset_of_max_timestamp = no_offset;
  Timestamp log_append_time = no_timestamp;  ///< Only with LogAppendTime.
  LeaderEpoch last_leader_epoch = no_epoch;
  std::int32_t batches = 0;
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  FileId file;                ///< The segment written to,
  std::int64_t position = 0;  ///< and where in it.
  /// A new segment was begun: Kafka now syncs the old ones in the background: flush_to(base of
  /// the new segment).
  bool rolled = false;
  bool flushed = false;  ///< flush.messages was reached, the log is synced.
  /// An idempotent producer's retry of what is in the log already: nothing was appended; the
  /// offsets and timestamps are those of then.
  bool duplicate = false;
};

/// What a leader's append goes by.
struct LeaderAppend {
  const LogConfig& config;
  Offset next_offset = 0;
  LeaderEpoch epoch = no_epoch;
  Timestamp now = 0;
  AppendOrigin origin = AppendOrigin::client;

  bool stamps() const { return config.message_timestamp_type == TimestampType::log_append_time; }
};

class Incoming {
 public:
  /// A batch with a producer id.
  struct OfProducer {
    ProducerBatch batch;
    ByteView control;  ///< The bytes of a control batch: the marker in it is yet to be read.

    static OfProducer of(const BatchView& batch);
  };

  // Each take drops what was there, but not its memory.

  /// All of `bytes`, which must be whole good batches. Once all are known to be good, and not
  /// before, offsets, epoch and, with LogAppendTime, time are written into them.
  Status<LogError> take_as_leader(MutableByteView bytes, const LeaderAppend& append);
  /// The same of one phantom batch.
  Status<LogError> take_as_leader(PhantomBatch& batch, const LeaderAppend& append);

  /// The batches of a fetch as they are, but for a last one that was cut off. None may begin before
  /// `next_offset` or the end of the one before; gaps are allowed (compaction).
  Status<LogError> take_as_follower(ByteView bytes, Offset next_offset);
  Status<LogError> take_as_follower(std::span<const PhantomBatch> batches, Offset next_offset);

  ByteView bytes() const { return bytes_; }  ///< The batches, end to end,
  /// or what stands for them.
  std::span<const PhantomBatch> phantoms() const { return phantoms_; }
  std::span<const BatchSummary> batches() const { return batches_; }
  std::span<const OfProducer> of_producers() const { return of_producers_; }
  const AppendInfo& info() const { return info_; }

 private:
  void clear();
  void add(const BatchSummary& batch, std::int64_t records);
  void add_assigned(const BatchView& batch, Offset offset, const LeaderAppend& append);
  void add_phantom(const PhantomBatch& batch);

  ByteView bytes_;
  std::span<const PhantomBatch> phantoms_;
  std::vector<BatchSummary> batches_;
  std::vector<OfProducer> of_producers_;  ///< In order.
  AppendInfo info_;
};

}  // namespace brokerlab::log
