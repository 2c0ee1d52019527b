// FetchBuffer: the answers to a consumer's fetches, in the order they came, until the
// FetchCollector takes them: only then their errors are looked at and their records decoded.
//
// Lifetime: part of a KafkaConsumer. Threads: none.
// Source:   org.apache.kafka.clients.consumer.internals.{FetchBuffer, CompletedFetch}.
#pragma once

#include "base/fifo.h"
#include "log/batch/records.h"
#include "log/segment/transaction_index.h"
#include "model/client/consumer.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace brokerlab::model {

/// What one answer says of one partition.
struct CompletedFetch {
  TopicPartition partition;
  Address from;
  Offset next_offset = log::no_offset;  ///< First the one asked for, then behind what was taken.
  ErrorCode error = ErrorCode::none;
  Offset high_watermark = log::no_offset;
  Offset last_stable_offset = log::no_offset;
  BrokerId read_replica;  ///< Who is to be asked from now on; none: nothing changes.
  log::Records data;
  std::vector<log::AbortedTransaction> aborted = {};  ///< For read_committed.
  // Once initialized:
  Fifo<ConsumedRecord> records;
  std::int64_t count = 0;         ///< Of records.
  Offset after = log::no_offset;  ///< Of the last whole batch; no_offset: there was none.
  bool damaged = false;
  Duration demand{0};  ///< For the records that are left.
};

struct FetchBuffer {
  Fifo<CompletedFetch> completed;  ///< First come, first taken.
  std::optional<CompletedFetch> next_in_line;

  bool empty() const { return !next_in_line && completed.empty(); }
  /// Whether something of it is in the buffer.
  bool contains(const TopicPartition& partition) const {
    return (next_in_line && next_in_line->partition == partition) ||
           std::any_of(completed.begin(), completed.end(),
                       [&](const CompletedFetch& fetch) { return fetch.partition == partition; });
  }
};

}  // namespace brokerlab::model
