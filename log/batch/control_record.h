// Control records: what a transaction coordinator writes into a partition to end a transaction.
//
//   key   := version:i16(0)  type:i16 (0 abort, 1 commit)
//   value := version:i16(0)  coordinator_epoch:i32
//
// A control batch holds one and counts as one offset; consumers never see it. A cleaner may leave
// one of none: the transaction's records are gone, the header remembers the producer. Source:
// KIP-98; Kafka's ControlRecordType and EndTransactionMarker. Threads: values; none are shared.
#pragma once

#include "base/result.h"
#include "log/batch/record_batch.h"

#include <optional>

namespace brokerlab::log {

enum class TransactionResult { abort, commit };

struct EndTransactionMarker {
  TransactionResult result = TransactionResult::abort;
  std::int32_t coordinator_epoch = 0;
  bool operator==(const EndTransactionMarker&) const = default;
};

/// The batch of one marker, with base offset 0.
ByteVector build_marker(std::int64_t producer_id, std::int16_t producer_epoch, Timestamp timestamp,
                        const EndTransactionMarker& marker);

/// The marker of a control batch; nothing when a cleaner took it, and for a control record of a
/// type that we do not know: Kafka's readers step over both, too. Malformed ones are a Corruption.
Result<std::optional<EndTransactionMarker>, Corruption> read_marker(const BatchView& batch);

}  // namespace brokerlab::log
