// What a cleaner leaves of a batch. Source: MemoryRecords.filterTo; KIP-534. Threads: none.
#pragma once

#include "log/batch/record_batch.h"

#include <span>

namespace brokerlab::log {

/// The batch with only the records in `kept`: same first and last offset, producer, codec, kind of
/// timestamps. `kept` may be empty: a header alone, to remember the producer by, and when it was
/// heard of last; no codec then. Else the codec must be supported, as it is when `kept` was read
/// from the batch. `delete_horizon`: to be set, or kept. A batch of format 0 or 1 keeps its format;
/// its last offset becomes that of its last record, and it cannot be without any.
ByteVector filter_batch(const BatchView& original, std::span<const Record> kept,
                        std::optional<Timestamp> delete_horizon);

}  // namespace brokerlab::log
