// ProducerBatch: a producer's batch on its way from the first record to its fate, and what is known
// of how well such batches compress.
//
// Lifetime: shared by buffer, requests and who waits for it. Threads: none.
// Source:   org.apache.kafka.clients.producer.internals.ProducerBatch,
//           org.apache.kafka.common.record.CompressionRatioEstimator.
#pragma once

#include "log/batch/records.h"
#include "log/partition/producer_state.h"
#include "model/client/producer_waits.h"
#include "model/ids.h"
#include "model/producer_id.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::model {

struct ProducerBatch {
  ProducerBatch(TopicPartition to, log::BatchBuilder::Options options, std::size_t limit,
                double ratio, Time now)
      : partition(to),
        builder(options),
        write_limit(limit),
        compression_ratio(ratio),
        created(now),
        last_attempt(now) {}

  bool full() const;
  std::size_t estimated_size() const;
  void add(const RecordRun& run) {
    add_run(runs, run);
    record_count += run.count;
  }

  /// Compressed over uncompressed bytes of the records, once closed.
  double actual_ratio() const;

  const TopicPartition partition;
  log::BatchBuilder builder;  ///< Of records with bytes of their own,
  struct Phantom {
    log::PhantomPayload payload;
    log::Timestamp first = log::no_timestamp;
    log::Timestamp last = log::no_timestamp;
  };
  std::optional<Phantom> phantom;  ///< or of those without.
  std::vector<RecordRun> runs;     ///< In the order of their offsets.
  std::int64_t record_count = 0;
  const std::size_t write_limit;
  const double compression_ratio;  ///< The estimate it was begun with.
  const Time created;
  Time last_attempt;
  int attempts = 0;
  bool in_retry() const { return attempts > 0; }
  bool closed_for_appends = false;
  log::Records records;  ///< Once closed.
  std::size_t uncompressed = 0;
  Bytes memory;       ///< Of the buffer, given back when it is done.
  Address sent_to{};  ///< By the last attempt.
  LeaderEpoch leader_epoch = log::no_epoch;
  int attempts_at_epoch = 0;  ///< Attempts made when that epoch was first seen.
  Duration backoff{};         ///< Before the next attempt.
  BatchTimes times;           ///< For the trace, as the next one.
  sim::EventId because;       ///< What the last attempt failed for.
  bool done = false;

  // --- Of an idempotent producer ---

  ProducerIdAndEpoch producer = {};
  std::int32_t base_sequence = log::no_sequence;
  bool transactional = false;
  bool reopened = false;  ///< It has another sequence than its bytes, until it is drained again.

  bool has_sequence() const { return base_sequence != log::no_sequence; }
  /// Kafka's, which does not wrap.
  std::int32_t last_sequence() const {
    return base_sequence + static_cast<std::int32_t>(record_count) - 1;
  }
  void set_producer(ProducerIdAndEpoch who, std::int32_t sequence, bool in_transaction);
  /// resetProducerState.
  void reset_producer(ProducerIdAndEpoch who, std::int32_t sequence);
  /// Writes them into the batch, which is closed.
  void write_producer();
};
using BatchPtr = std::shared_ptr<ProducerBatch>;

/// What the producer has learnt about its compression, by topic.
class CompressionRatio {
 public:
  double estimate(const std::string& topic) const;
  void observe(const std::string& topic, double ratio);
  /// A batch was refused as too large: the estimate was too good.
  void raise(const std::string& topic, double ratio);

 private:
  std::map<std::string, double> ratios_;
};

}  // namespace brokerlab::model
